import { describe, expect, it } from "vitest";
import {
  blockId,
  blockSchema,
  commitHash,
  commitSchema,
  evidenceRoot,
  evidenceSchema,
  headerSchema,
  pairSchema,
  receiptRoot,
  txRoot,
  validatorsHash,
} from "../../src/codec/block.ts";
import { decode } from "../../src/codec/cbor.ts";
import { genesisFromJson, genesisSchema, genesisToJson, paramsHash } from "../../src/codec/genesis.ts";
import { encode, type Schema } from "../../src/codec/schema.ts";
import {
  decodeTransaction,
  encodeTransaction,
  receiptSchema,
  sigsHash,
  transactionId,
  transactionSchema,
  unsignedBytes,
} from "../../src/codec/transaction.ts";
import { proposalSchema, proposalSignBytes, voteSchema, voteSignBytes } from "../../src/codec/vote.ts";
import { publicKeyOf, verify } from "../../src/crypto/ed25519.ts";
import { TAGS, type Tag, taggedHash } from "../../src/crypto/hash.ts";
import { merkleRoot } from "../../src/crypto/merkle.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Evidence } from "../../src/types/block.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash } from "../../src/types/scalars.ts";
import type { Transaction } from "../../src/types/transaction.ts";
import type { ValidatorSet } from "../../src/types/validator-set.ts";
import wire from "../vectors/wire.json" with { type: "json" };
import { bytesOf } from "./support/sample.ts";
import { BLOCK, SET } from "./support/sample-block.ts";

const chain = wire.genesis.chain as Hash;

/** JSON → value → frozen bytes → value → the same JSON. Answers the value. */
function holds<T>(schema: Schema<T>, json: unknown, hex: string): T {
  const value = schema.fromJson(json, "");
  expect(toHex(encode(schema, value))).toBe(hex);
  const decoded = decode(schema, bytesOf(hex), LIMITS.blockBytesMax);
  expect(decoded).toEqual({ ok: true, value });
  if (decoded.ok) expect(schema.toJson(decoded.value)).toEqual(json);
  return value;
}

function keyAt(index: number) {
  return SET[index]?.key ?? expect.fail(`no authority ${index}`);
}

describe("the frozen wire format", () => {
  it("has a frozen hash for every tag there is", () => {
    for (const { tag, bytes, hash } of wire.taggedHashes) expect(taggedHash(tag as Tag, bytesOf(bytes))).toBe(hash);
    expect(wire.taggedHashes.map(({ tag }) => tag)).toEqual([...TAGS]);
    expect(new Set(wire.taggedHashes.map(({ hash }) => hash)).size).toBe(TAGS.length);
  });

  it("makes the same keys of the same seeds", () => {
    for (const { seed, publicKey } of wire.keys) expect(publicKeyOf(bytesOf(seed))).toBe(publicKey);
  });

  it("makes the same chain of the same genesis", () => {
    const genesis = holds(genesisSchema, wire.genesis.json, wire.genesis.bytes);
    const accepted = genesisFromJson(wire.genesis.json);
    expect(accepted).toEqual({ ok: true, value: { chain, genesis } });
    expect(genesisToJson(genesis)).toEqual(wire.genesis.json);
    expect(paramsHash(genesis.params)).toBe(wire.genesis.params);
  });

  it("makes the same ids of the same transactions, signed by their signers", () => {
    for (const frozen of wire.transactions) {
      const tx = holds(transactionSchema, frozen.json, frozen.bytes) as Transaction;
      expect(toHex(unsignedBytes(tx))).toBe(frozen.unsigned);
      expect(transactionId(tx)).toBe(frozen.id);
      expect(sigsHash(tx.sigs)).toBe(frozen.sigs);
      expect(toHex(encodeTransaction(tx))).toBe(frozen.bytes);
      const decoded = decodeTransaction(bytesOf(frozen.bytes));
      expect(decoded.ok && decoded.value.pair).toEqual({ id: frozen.id, sigs: frozen.sigs });
      for (const [index, { key }] of tx.signers.entries())
        expect(verify(key, bytesOf(frozen.id), tx.sigs[index] ?? new Uint8Array(0))).toBe(true);
    }
  });

  it("makes the same root of the same receipts", () => {
    const receipts = wire.receipts.json.map((json, index) => holds(receiptSchema, json, wire.receipts.bytes[index] ?? ""));
    expect(receiptRoot(receipts)).toBe(wire.receipts.root);
  });

  it("makes the same root of the same pairs, each leaf the 64 bytes of its two hashes", () => {
    expect(txRoot(wire.pairs.json.map((json) => pairSchema.fromJson(json, "")))).toBe(wire.pairs.root);
    const leaves = wire.pairs.json.map(({ id, sigs }) => bytesOf(id + sigs));
    expect(toHex(merkleRoot(leaves))).toBe(wire.pairs.root);
  });

  it("makes the same hash of the same authorities", () => {
    expect(validatorsHash(wire.validators.json as unknown as ValidatorSet)).toBe(wire.validators.hash);
    expect(wire.validators.json).toEqual(SET);
  });

  it("makes the same signed bytes of the same votes and proposals", () => {
    for (const frozen of wire.votes) {
      const vote = holds(voteSchema, frozen.json, frozen.bytes);
      expect(toHex(voteSignBytes(chain, vote))).toBe(frozen.signed);
      expect(verify(keyAt(vote.index), bytesOf(frozen.signed), vote.sig)).toBe(true);
    }
    for (const frozen of wire.proposals) {
      const proposal = holds(proposalSchema, frozen.json, frozen.bytes);
      expect(toHex(proposalSignBytes(chain, proposal))).toBe(frozen.signed);
      expect(verify(keyAt(proposal.index), bytesOf(frozen.signed), proposal.sig)).toBe(true);
    }
  });

  it("makes the same root of the same evidence", () => {
    const evidence = wire.evidence.json.map((json, index) => holds(evidenceSchema, json, wire.evidence.bytes[index] ?? ""));
    expect(evidenceRoot(evidence as readonly Evidence[])).toBe(wire.evidence.root);
  });

  it("makes the same ids and hashes of the same header and commits", () => {
    expect(blockId(holds(headerSchema, wire.header.json, wire.header.bytes))).toBe(wire.header.id);
    expect(commitHash(holds(commitSchema, wire.commit.json, wire.commit.bytes))).toBe(wire.commit.hash);
    const last = holds(commitSchema, wire.lastCommit.json, wire.lastCommit.bytes);
    expect(commitHash(last)).toBe(wire.lastCommit.hash);
    expect(wire.header.json.lastCommit).toBe(wire.lastCommit.hash);
    expect(wire.commit.json.block).toBe(wire.header.id);
  });

  it("holds header, pairs, parent commit and evidence in a block", () => {
    expect(toHex(encode(blockSchema, BLOCK))).toBe(wire.block.bytes);
    expect(decode(blockSchema, bytesOf(wire.block.bytes), LIMITS.blockBytesMax)).toEqual({ ok: true, value: BLOCK });
  });
});
