import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockSchema, commitSchema, evidenceSchema, headerSchema } from "../../src/codec/block.ts";
import { decode } from "../../src/codec/cbor.ts";
import { genesisSchema } from "../../src/codec/genesis.ts";
import { encode, type Schema } from "../../src/codec/schema.ts";
import {
  decodeTransaction,
  encodeTransaction,
  receiptSchema,
  transactionSchema,
  unsignedTransactionSchema,
} from "../../src/codec/transaction.ts";
import { proposalSchema, voteSchema } from "../../src/codec/vote.ts";
import { TRANSITIONS } from "../../src/ledger/transitions.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { LIMITS } from "../../src/types/limits.ts";
import { GENESIS, RECEIPTS } from "./support/sample.ts";
import { BLOCK, COMMIT, EVIDENCE, HEADER, PROPOSALS, TRANSACTIONS, VOTES } from "./support/sample-block.ts";

interface Sample {
  readonly name: string;
  readonly schema: Schema<unknown>;
  readonly encoded: Uint8Array;
}

function sample<T>(name: string, schema: Schema<T>, value: T): Sample {
  return { name, schema: schema as Schema<unknown>, encoded: encode(schema, value) };
}

const SAMPLES: readonly Sample[] = [
  ...TRANSACTIONS.map((tx, index) => sample(`transaction ${index}`, transactionSchema, tx)),
  sample("receipt", receiptSchema, RECEIPTS[0] ?? { code: 0, events: [] }),
  sample("header", headerSchema, HEADER),
  sample("commit", commitSchema, COMMIT),
  sample("block", blockSchema, BLOCK),
  ...EVIDENCE.map((entry, index) => sample(`evidence ${index}`, evidenceSchema, entry)),
  ...VOTES.map((vote, index) => sample(`vote ${index}`, voteSchema, vote)),
  ...PROPOSALS.map((proposal, index) => sample(`proposal ${index}`, proposalSchema, proposal)),
  sample("genesis", genesisSchema, GENESIS),
];

/** What may happen to bytes on their way, and what somebody may do to them. */
type Change = (bytes: number[]) => number[];
const change: fc.Arbitrary<Change> = fc
  .record({
    how: fc.constantFrom("bit", "byte", "small step", "cut", "insert", "drop", "copy", "swap"),
    at: fc.nat(),
    to: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ how, at, to, byte }) => (bytes) => {
    if (bytes.length === 0) return [byte];
    const place = at % bytes.length;
    const other = to % bytes.length;
    const value = bytes[place] ?? 0;
    switch (how) {
      case "bit":
        return bytes.with(place, value ^ (1 << (byte % 8)));
      case "byte":
        return bytes.with(place, byte);
      case "small step":
        return bytes.with(place, (value + (byte % 2 === 0 ? 1 : 255)) % 256);
      case "cut":
        return bytes.slice(0, place);
      case "insert":
        return bytes.toSpliced(place, 0, byte);
      case "drop":
        return bytes.toSpliced(place, 1 + (byte % 4));
      case "copy":
        return bytes.toSpliced(place, 0, ...bytes.slice(other, other + 40));
      case "swap":
        return bytes.with(place, bytes[other] ?? 0).with(other, value);
    }
  });

describe("each structure", () => {
  it.each(SAMPLES)("is decoded from its own encoding: $name", ({ schema, encoded }) => {
    const decoded = decode(schema, encoded, LIMITS.blockBytesMax);
    expect(decoded.ok && toHex(encode(schema, decoded.value))).toBe(toHex(encoded));
    if (decoded.ok)
      expect(toHex(encode(schema, schema.fromJson(JSON.parse(JSON.stringify(schema.toJson(decoded.value))), "")))).toBe(
        toHex(encoded),
      );
  });

  it("has one encoding: changed bytes are refused or are another value", () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...SAMPLES),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        ({ schema, encoded }, changes) => {
          const changed = Uint8Array.from(changes.reduce((bytes, each) => each(bytes), [...encoded]));
          const decoded = decode(schema, changed, LIMITS.blockBytesMax);
          if (!decoded.ok) return;
          accepted += 1;
          expect(toHex(encode(schema, decoded.value))).toBe(toHex(changed));
        },
      ),
      { numRuns: 20_000 },
    );
    // Hashes, keys and signatures make up most of the bytes, and any bytes will do for them: the property is not empty.
    expect(accepted).toBeGreaterThan(1_000);
  });

  it("is never read out of random bytes that it does not encode to", () => {
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES), fc.uint8Array({ maxLength: 200 }), ({ schema }, bytes) => {
        const decoded = decode(schema, bytes, LIMITS.blockBytesMax);
        if (decoded.ok) expect(toHex(encode(schema, decoded.value))).toBe(toHex(bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  it("tells transactions apart by id and signatures whenever their bytes differ", () => {
    const [, tx] = TRANSACTIONS;
    if (tx === undefined) throw new Error("no sample");
    const encoded = encodeTransaction(tx);
    const honest = decodeTransaction(encoded);
    fc.assert(
      fc.property(change, (each) => {
        const changed = Uint8Array.from(each([...encoded]));
        const decoded = decodeTransaction(changed);
        if (!decoded.ok || !honest.ok || toHex(changed) === toHex(encoded)) return;
        expect(decoded.value.pair).not.toEqual(honest.value.pair);
      }),
      { numRuns: 5_000 },
    );
  });

  it("of the ledger's operations refuses what is not a map of its own fields", () => {
    for (const [kind, { body }] of TRANSITIONS) {
      for (const foreign of [
        Uint8Array.of(0xf6),
        Uint8Array.of(0x80),
        Uint8Array.of(0x00),
        Uint8Array.of(0xa1, 0x61, 0x7e, 0x00),
      ])
        expect(decode(body as Schema<unknown>, foreign, 100).ok, kind).toBe(false);
    }
  });

  it("without signatures is not one with them", () => {
    for (const { encoded } of SAMPLES.slice(0, 2))
      expect(decode(unsignedTransactionSchema, encoded, LIMITS.txBytesMax).ok).toBe(false);
  });
});
