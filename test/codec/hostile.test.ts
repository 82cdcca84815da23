import { describe, expect, it } from "vitest";
import { blockSchema } from "../../src/codec/block.ts";
import { decode } from "../../src/codec/cbor.ts";
import { encode, int, list, SchemaError, struct, text } from "../../src/codec/schema.ts";
import { checkStructure } from "../../src/codec/structure.ts";
import { decodeTransaction, encodeTransaction, transactionSchema } from "../../src/codec/transaction.ts";
import { concatBytes, toHex } from "../../src/lib/bytes.ts";
import { LIMITS } from "../../src/types/limits.ts";
import vectors from "../vectors/cbor.json" with { type: "json" };
import { anyValue } from "./support/any-value.ts";
import { bytesOf } from "./support/sample.ts";
import { TRANSACTIONS } from "./support/sample-block.ts";

function repeated(hex: string, count: number): Uint8Array {
  const unit = bytesOf(hex);
  const whole = new Uint8Array(unit.length * count);
  for (let index = 0; index < count; index++) whole.set(unit, index * unit.length);
  return whole;
}

function codeOf(result: { readonly ok: boolean; readonly error?: { readonly code: string } }): string | undefined {
  return result.ok ? "accepted" : result.error?.code;
}

describe("bytes that are not the one encoding of anything", () => {
  it.each(vectors.invalid)("are refused: $name ($bytes), $fault", ({ bytes, fault }) => {
    expect(checkStructure(bytesOf(bytes))).toBe(fault);
    expect(codeOf(decode(anyValue, bytesOf(bytes), 1_000))).toBe(fault);
    expect(codeOf(decodeTransaction(bytesOf(bytes)))).toBe(fault);
  });

  it.each(vectors.valid)("are told from bytes that are: $name ($bytes)", ({ bytes }) => {
    expect(checkStructure(bytesOf(bytes))).toBeNull();
    const decoded = decode(anyValue, bytesOf(bytes), 1_000);
    expect(decoded.ok && toHex(encode(anyValue, decoded.value))).toBe(bytes);
  });

  // Each of these hangs, overflows or swells a general decoder; here the first bytes decide. A hang shows as this file's time-out.
  it.each([
    { name: "a bignum of 200 kB", bytes: concatBytes(bytesOf("c25a00030d40"), repeated("ff", 200_000)), code: "TAG" },
    { name: "100,000 nested arrays", bytes: repeated("81", 100_000), code: "NESTING" },
    { name: "100,000 nested maps", bytes: repeated("a16161", 100_000), code: "NESTING" },
    { name: "100,000 nested tags", bytes: repeated("c6", 100_000), code: "TAG" },
    { name: "an array said to hold 2^53 items", bytes: bytesOf("9b001fffffffffffff00"), code: "TRUNCATED" },
    {
      name: "a map said to hold 2^32 entries",
      bytes: concatBytes(bytesOf("bb0000000100000000"), repeated("6161", 100)),
      code: "TRUNCATED",
    },
    { name: "many arrays said to be as long as all", bytes: repeated("990100", 300), code: "NESTING" },
  ])("are refused at once: $name", ({ bytes, code }) => {
    expect(codeOf(decode(anyValue, bytes, LIMITS.blockBytesMax))).toBe(code);
    expect(codeOf(decode(blockSchema, bytes, LIMITS.blockBytesMax))).toBe(code);
  });

  it("are not even looked at beyond the limit of their kind", () => {
    const zeros = concatBytes(bytesOf("9a00989680"), new Uint8Array(10_000_000));
    expect(checkStructure(zeros)).toBeNull();
    expect(codeOf(decode(blockSchema, zeros, LIMITS.blockBytesMax))).toBe("TOO_LARGE");
    expect(codeOf(decodeTransaction(zeros))).toBe("TOO_LARGE");
    expect(codeOf(decodeTransaction(new Uint8Array(LIMITS.txBytesMax + 1)))).toBe("TOO_LARGE");
    expect(codeOf(decodeTransaction(new Uint8Array(LIMITS.txBytesMax)))).toBe("TRAILING_BYTES");
  });

  it("are refused by shape when they are well formed but of another kind", () => {
    for (const { bytes } of vectors.valid)
      expect(["WRONG_TYPE", "MISSING_FIELD", "UNKNOWN_FIELD"]).toContain(codeOf(decodeTransaction(bytesOf(bytes))));
  });

  it("do not change how the next bytes are read", () => {
    const [tx] = TRANSACTIONS;
    if (tx === undefined) throw new Error("no sample");
    const wire = encodeTransaction(tx);
    const before = decode(transactionSchema, wire, LIMITS.txBytesMax);
    for (const { bytes } of vectors.invalid) decode(anyValue, bytesOf(bytes), 1_000);
    for (let cut = 0; cut < wire.length; cut++)
      expect(decode(transactionSchema, wire.subarray(0, cut), LIMITS.txBytesMax).ok).toBe(false);
    expect(decode(transactionSchema, wire, LIMITS.txBytesMax)).toEqual(before);
    expect(before).toEqual({ ok: true, value: tx });
  });
});

describe("names that mean something to JavaScript", () => {
  const schema = struct({ a: int() });
  const NAMES = ["__proto__", "__proto_", "constructor", "toString", "hasOwnProperty", "prototype", "0"];

  it.each(NAMES)("are no way in as a field of a struct: %s", (name) => {
    const sorted = [name, "a"].sort((left, right) => left.length - right.length || (left < right ? -1 : 1));
    const wire = concatBytes(
      Uint8Array.of(0xa2),
      ...sorted.flatMap((field) => [encode(text({ max: 20 }), field), field === "a" ? Uint8Array.of(1) : bytesOf("a1616107")]),
    );
    expect(checkStructure(wire)).toBeNull();
    expect(codeOf(decode(schema, wire, 100))).toBe("UNKNOWN_FIELD");
    const alone = concatBytes(Uint8Array.of(0xa1), encode(text({ max: 20 }), name), bytesOf("a1616107"));
    expect(codeOf(decode(schema, alone, 100))).toBe("UNKNOWN_FIELD");
    expect(Object.hasOwn(Object.prototype, "a")).toBe(false);
  });

  it.each(NAMES)("are no way in as a field in JSON: %s", (name) => {
    const json: unknown = JSON.parse(`{"a": 1, ${JSON.stringify(name)}: {"a": 7}}`);
    expect(() => schema.fromJson(json, "")).toThrow(SchemaError);
    const alone: unknown = JSON.parse(`{${JSON.stringify(name)}: {"a": 7}}`);
    expect(() => schema.fromJson(alone, "")).toThrow(SchemaError);
  });

  it("are no values that a struct inherits", () => {
    expect(codeOf(decode(struct({ toString: int() }), bytesOf("a0"), 10))).toBe("MISSING_FIELD");
    expect(codeOf(decode(list(schema, { max: 9 }), bytesOf("81a0"), 10))).toBe("MISSING_FIELD");
  });
});
