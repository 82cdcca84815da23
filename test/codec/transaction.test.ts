import { describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { encode, type Infer, struct } from "../../src/codec/schema.ts";
import {
  decodeTransaction,
  encodeTransaction,
  receiptSchema,
  sigsHash,
  transactionId,
  transactionSchema,
  unsignedBytes,
} from "../../src/codec/transaction.ts";
import { taggedHash } from "../../src/crypto/hash.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash } from "../../src/types/scalars.ts";
import type { Transaction } from "../../src/types/transaction.ts";
import { bytesOf, hashOf, seedOf, signed } from "./support/sample.ts";
import { CHAIN } from "./support/sample-block.ts";

const TX = signed(CHAIN, { signers: ["maker", "checker"], expect: [{ id: hashOf("x"), version: 3 }] });
const [op] = TX.ops;
const [signer] = TX.signers;
const [sig] = TX.sigs;
if (op === undefined || signer === undefined || sig === undefined) throw new Error("the sample is not empty");

function codeOf(tx: unknown): string {
  const decoded = decodeTransaction(encode(transactionSchema, tx as Infer<typeof transactionSchema>));
  return decoded.ok ? "accepted" : decoded.error.code;
}

function many<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** `count` different signers in their order. */
function signers(count: number): Transaction["signers"] {
  return many(count, (index) => ({ ...signer, party: index.toString(16).padStart(64, "0") as Hash })) as Transaction["signers"];
}

function expectations(count: number, version = 1) {
  return many(count, (index) => ({ id: index.toString(16).padStart(64, "0") as Hash, version }));
}

describe("a transaction", () => {
  it("is decoded to itself, with its id, its signatures' hash and its exact bytes", () => {
    const wire = encodeTransaction(TX);
    expect(decodeTransaction(wire)).toEqual({
      ok: true,
      value: { pair: { id: transactionId(TX), sigs: sigsHash(TX.sigs) }, tx: TX, bytes: wire },
    });
  });

  it("has an id that signatures do not enter and everything else does", () => {
    const id = transactionId(TX);
    expect(id).toBe(taggedHash("tx", unsignedBytes(TX)));
    expect(transactionId({ ...TX, sigs: [] } as Transaction)).toBe(id);
    const others: readonly Transaction[] = [
      { ...TX, chain: hashOf("another chain") },
      { ...TX, ops: [...TX.ops].reverse() },
      { ...TX, ops: [op] },
      { ...TX, expect: [{ id: hashOf("x"), version: 4 }] },
      { ...TX, notAfter: TX.notAfter + 1 },
      { ...TX, salt: new Uint8Array(16) },
      { ...TX, signers: [signer] },
    ];
    expect(new Set([id, ...others.map((tx) => transactionId(tx))]).size).toBe(others.length + 1);
  });

  it("has another pair, but the same id, under other signatures", () => {
    const resigned = { ...TX, sigs: [...TX.sigs].reverse() };
    expect(transactionId(resigned)).toBe(transactionId(TX));
    expect(sigsHash(resigned.sigs)).not.toBe(sigsHash(TX.sigs));
  });

  it("has the same hashes by the native hasher", () => {
    expect(transactionId(TX, nativeHasher.sha256)).toBe(transactionId(TX));
    expect(sigsHash(TX.sigs, nativeHasher.sha256)).toBe(sigsHash(TX.sigs));
  });

  it("may come as a part of a larger message", () => {
    const wire = encodeTransaction(TX);
    const message = new Uint8Array(wire.length + 9);
    message.set(wire, 4);
    const decoded = decodeTransaction(message.subarray(4, 4 + wire.length));
    expect(decoded.ok && decoded.value.tx).toEqual(TX);
  });

  const BOUNDS: readonly (readonly [string, object, string])[] = [
    ["of another version", { v: 2 }, "OUT_OF_RANGE"],
    ["without operations", { ops: [] }, "WRONG_LENGTH"],
    ["with 17 operations", { ops: many(LIMITS.opsMax + 1, () => op) }, "WRONG_LENGTH"],
    ["with an operation without a body", { ops: [{ ...op, body: new Uint8Array(0) }] }, "WRONG_LENGTH"],
    ["with a kind of one word", { ops: [{ ...op, kind: "note" }] }, "OUT_OF_RANGE"],
    ["with a kind in capitals", { ops: [{ ...op, kind: "Note.transfer" }] }, "OUT_OF_RANGE"],
    ["with a kind that ends in a line break", { ops: [{ ...op, kind: "note.transfer\n" }] }, "OUT_OF_RANGE"],
    ["with a kind of 49 characters", { ops: [{ ...op, kind: `a.${"b".repeat(47)}` }] }, "WRONG_LENGTH"],
    ["with an empty list of expectations", { expect: [] }, "WRONG_LENGTH"],
    ["with 65 expectations", { expect: expectations(65) }, "WRONG_LENGTH"],
    ["with an expectation of version 0", { expect: expectations(1, 0) }, "OUT_OF_RANGE"],
    ["with expectations out of order", { expect: [...expectations(2)].reverse() }, "WRONG_ORDER"],
    ["with two expectations of one object", { expect: [...expectations(1), ...expectations(1, 2)] }, "WRONG_ORDER"],
    ["with a negative notAfter", { notAfter: -1 }, "OUT_OF_RANGE"],
    ["with a salt of 15 bytes", { salt: new Uint8Array(15) }, "WRONG_LENGTH"],
    ["with a salt of 17 bytes", { salt: new Uint8Array(17) }, "WRONG_LENGTH"],
    ["without signers", { signers: [], sigs: [] }, "WRONG_LENGTH"],
    ["with 9 signers", { signers: signers(9), sigs: many(9, () => sig) }, "WRONG_LENGTH"],
    ["with signers out of order", { signers: [...TX.signers].reverse() }, "WRONG_ORDER"],
    ["with one signer twice", { signers: [signer, signer] }, "WRONG_ORDER"],
    ["with fewer signatures than signers", { sigs: [sig] }, "SIGNATURE_COUNT"],
    ["with more signatures than signers", { sigs: [sig, sig, sig] }, "SIGNATURE_COUNT"],
    ["with a signature of 63 bytes", { sigs: [sig, sig.slice(1)] }, "WRONG_LENGTH"],
    ["with a chain of 31 bytes", { chain: CHAIN.slice(2) }, "WRONG_LENGTH"],
  ];
  it.each(BOUNDS)("is refused %s", (_, change, code) => {
    expect(codeOf(TX)).toBe("accepted");
    expect(codeOf({ ...TX, ...change })).toBe(code);
  });

  it("is accepted at its bounds: 16 operations, 8 signers, 64 expectations", () => {
    expect(
      codeOf({ ...TX, ops: many(16, () => op), signers: signers(8), sigs: many(8, () => sig), expect: expectations(64) }),
    ).toBe("accepted");
    expect(codeOf({ ...TX, notAfter: Number.MAX_SAFE_INTEGER })).toBe("accepted");
  });

  it("is accepted with 64 KiB and refused with one byte more", () => {
    const sized = (bodyBytes: number) => ({ ...TX, ops: [{ ...op, body: new Uint8Array(bodyBytes) }] });
    const overhead = encodeTransaction(sized(60_000)).length - 60_000;
    expect(encodeTransaction(sized(LIMITS.txBytesMax - overhead))).toHaveLength(LIMITS.txBytesMax);
    expect(codeOf(sized(LIMITS.txBytesMax - overhead))).toBe("accepted");
    expect(codeOf(sized(LIMITS.txBytesMax - overhead + 1))).toBe("TOO_LARGE");
  });

  it("is refused with a field too many or one missing", () => {
    const { salt: _, ...fields } = transactionSchema.fields;
    expect(decodeTransaction(encode(struct(fields), TX))).toMatchObject({ ok: false, error: { code: "MISSING_FIELD" } });
    const wider = struct({ ...transactionSchema.fields, fee: transactionSchema.fields.notAfter });
    expect(decodeTransaction(encode(wider, { ...TX, fee: 1 }))).toMatchObject({ ok: false, error: { code: "UNKNOWN_FIELD" } });
  });

  it("never gives away a seed of its signers", () => {
    expect(toHex(encodeTransaction(TX))).not.toContain(toHex(seedOf("maker")));
  });
});

describe("a receipt", () => {
  it("holds a code of two bytes and events, and no text", () => {
    expect(Object.keys(receiptSchema.fields)).toEqual(["code", "events"]);
    expect(toHex(encode(receiptSchema, { code: 7, events: [] }))).toBe("a264636f6465076665" + "76656e747380");
    expect(() => receiptSchema.read({ code: 65_536, events: [] })).toThrow("code");
    expect(() => receiptSchema.read({ code: -1, events: [] })).toThrow("code");
    expect(receiptSchema.read({ code: 0, events: [{ data: bytesOf("00"), kind: "k" }] }).events).toHaveLength(1);
  });
});
