import { describe, expect, it } from "vitest";
import { decode } from "../../src/codec/cbor.ts";
import {
  amount,
  bool,
  bytes,
  choice,
  encode,
  hash,
  int,
  list,
  memberId,
  nullable,
  optional,
  type Schema,
  SchemaError,
  struct,
  text,
  union,
} from "../../src/codec/schema.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { AMOUNT_MAX } from "../../src/types/scalars.ts";
import { bytesOf } from "./support/sample.ts";

type FromJson = Pick<Schema<unknown>, "fromJson">;
type Read = Pick<Schema<unknown>, "read">;

function jsonFault(schema: FromJson, json: unknown): string {
  try {
    schema.fromJson(json, "at");
    return "accepted";
  } catch (error) {
    return error instanceof SchemaError ? error.code : String(error);
  }
}

function wireFault(schema: Read, hex: string): string {
  const decoded = decode(schema as Schema<unknown>, bytesOf(hex), 1_000);
  return decoded.ok ? "accepted" : decoded.error.code;
}

describe("JSON presentation", () => {
  const CASES: readonly (readonly [string, FromJson, unknown, string])[] = [
    ["a number as text", int(), "1", "WRONG_TYPE"],
    ["a fraction", int(), 1.5, "WRONG_TYPE"],
    ["a number beyond 2^53 - 1", int(), 2 ** 53, "WRONG_TYPE"],
    ["not a number", int(), Number.NaN, "WRONG_TYPE"],
    ["a number below its bound", int({ min: 2 }), 1, "OUT_OF_RANGE"],
    ["an amount as a number", amount(), 5, "WRONG_TYPE"],
    ["an amount with a leading zero", amount(), "05", "WRONG_TYPE"],
    ["an amount with a sign it does not need", amount(), "+5", "WRONG_TYPE"],
    ["minus nothing", amount({ min: -1n }), "-0", "WRONG_TYPE"],
    ["an amount with a fraction", amount(), "5.0", "WRONG_TYPE"],
    ["an amount in hex", amount(), "0x5", "WRONG_TYPE"],
    ["an amount with a blank", amount(), " 5", "WRONG_TYPE"],
    ["an amount with a line break", amount(), "5\n", "WRONG_TYPE"],
    ["an amount of 2^63", amount(), (AMOUNT_MAX + 1n).toString(), "OUT_OF_RANGE"],
    ["a negative amount", amount(), "-5", "OUT_OF_RANGE"],
    ["hex in capitals", bytes({ max: 4 }), "AB", "WRONG_TYPE"],
    ["half a byte", bytes({ max: 4 }), "abc", "WRONG_TYPE"],
    ["hex with a prefix", bytes({ max: 4 }), "0xab", "WRONG_TYPE"],
    ["too many bytes", bytes({ max: 1 }), "abab", "WRONG_LENGTH"],
    ["too few bytes", bytes({ min: 2, max: 4 }), "ab", "WRONG_LENGTH"],
    ["full-width digits as hex", bytes({ max: 4 }), "\uff11\uff12", "WRONG_TYPE"],
    ["a hash of 63 digits", hash, "a".repeat(63), "WRONG_TYPE"],
    ["a hash in capitals", hash, "A".repeat(64), "WRONG_TYPE"],
    ["a hash with a line break", hash, `${"a".repeat(64)}\n`, "WRONG_TYPE"],
    ["half a surrogate pair", text({ max: 9 }), "\ud800", "WRONG_TYPE"],
    ["a text with a byte order mark in front", text({ max: 9 }), "\ufeffa", "WRONG_TYPE"],
    ["a text that is too long", text({ max: 2 }), "abc", "WRONG_LENGTH"],
    ["a text of another pattern", memberId, "Bank", "OUT_OF_RANGE"],
    ["another word than those of the list", choice("a", "b"), "c", "OUT_OF_RANGE"],
    ["a number for a word", choice("a", "b"), 1, "WRONG_TYPE"],
    ["0 for false", bool, 0, "WRONG_TYPE"],
    ["null where a value is due", int(), null, "WRONG_TYPE"],
    ["an object for a list", list(int(), { max: 3 }), { 0: 1 }, "WRONG_TYPE"],
    ["a list for a map", struct({ a: int() }), [1], "WRONG_TYPE"],
    ["null for an optional field", struct({ a: optional(int()) }), { a: null }, "WRONG_TYPE"],
    ["a field too many", struct({ a: int() }), { a: 1, b: 2 }, "UNKNOWN_FIELD"],
    ["a field missing", struct({ a: int() }), {}, "MISSING_FIELD"],
    ["no kind for a union", union({ a: { x: int() } }), { x: 1 }, "MISSING_FIELD"],
    ["a foreign kind", union({ a: { x: int() } }), { kind: "b", x: 1 }, "OUT_OF_RANGE"],
    ["a kind with another kind's fields", union({ a: { x: int() }, b: { y: int() } }), { kind: "b", x: 1 }, "UNKNOWN_FIELD"],
    ["one thing twice in a sorted list", list(text({ max: 3 }), { max: 3, sortedBy: (item) => item }), ["a", "a"], "WRONG_ORDER"],
  ];
  it.each(CASES)("refuses %s", (_, schema, json, code) => {
    expect(jsonFault(schema, json)).toBe(code);
  });

  it("says where the fault is", () => {
    const schema = struct({ items: list(struct({ price: int() }), { max: 3 }) });
    expect(() => schema.fromJson({ items: [{ price: 1 }, { price: "2" }] }, "order")).toThrow("order.items[1].price");
  });

  it("does not repeat a long foreign name in the message", () => {
    const name = "x".repeat(10_000);
    expect(() => struct({ a: int() }).fromJson({ [name]: 1 }, "")).toThrow(/^.{1,200}$/);
  });

  it("gives amounts as decimal text and bytes as hex", () => {
    const schema = struct({ price: amount({ min: -AMOUNT_MAX - 1n }), data: bytes({ max: 4 }), none: nullable(int()) });
    const value = { price: -AMOUNT_MAX - 1n, data: Uint8Array.of(0, 255), none: null };
    const json = schema.toJson(value);
    expect(json).toEqual({ price: "-9223372036854775808", data: "00ff", none: null });
    expect(schema.fromJson(json, "")).toEqual(value);
  });
});

describe("a struct", () => {
  it("is written with its fields in the order of their encodings, however they are declared", () => {
    const fields = { bb: int(), a: int(), aaa: int(), b: int() };
    const value = { aaa: 4, b: 2, a: 1, bb: 3 };
    expect(toHex(encode(struct(fields), value))).toBe("a4616101616202626262036361616104");
  });

  it("leaves out an optional field that is undefined, and takes none that is null", () => {
    const schema = struct({ a: optional(int()) });
    expect(toHex(encode(schema, {}))).toBe("a0");
    expect(wireFault(schema, "a0")).toBe("accepted");
    expect(wireFault(schema, "a16161f6")).toBe("WRONG_TYPE");
  });

  it("takes no byte string for a text and no text for a byte string", () => {
    expect(wireFault(text({ max: 9 }), "4161")).toBe("WRONG_TYPE");
    expect(wireFault(bytes({ max: 9 }), "6161")).toBe("WRONG_TYPE");
    expect(wireFault(hash, `5840${"00".repeat(64)}`)).toBe("WRONG_LENGTH");
  });
});

describe("a union", () => {
  const schema = union({ named: { name: text({ max: 9 }) }, numbered: { number: int(), note: optional(text({ max: 9 })) } });

  it("is a map whose field kind says which others there are", () => {
    expect(toHex(encode(schema, { kind: "numbered", number: 7 }))).toBe("a2646b696e64686e756d6265726564666e756d62657207");
    for (const value of [
      { kind: "named", name: "x" },
      { kind: "numbered", number: 7, note: "y" },
    ] as const) {
      const decoded = decode(schema, encode(schema, value), 1_000);
      expect(decoded.ok && decoded.value).toEqual(value);
      expect(schema.fromJson(schema.toJson(value), "")).toEqual(value);
    }
  });

  it("takes no kind that is not its own, nor one that JavaScript lends to every object", () => {
    expect(wireFault(schema, "a1646b696e646178")).toBe("OUT_OF_RANGE");
    expect(jsonFault(schema, Object.create({ kind: "named", name: "x" }))).toBe("MISSING_FIELD");
    expect(jsonFault(schema, { kind: "toString" })).toBe("OUT_OF_RANGE");
  });
});
