import { describe, expect, it } from "vitest";
import { decode } from "../../src/codec/cbor.ts";
import { amount, bytes, encode, int, type Schema, struct, text } from "../../src/codec/schema.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { everyValueRoundTrips, whatIsAcceptedIsIdentical } from "./support/decoder-properties.ts";
import { bytesOf } from "./support/sample.ts";

function roundTrip<T>(schema: Schema<T>, value: T): unknown {
  const decoded = decode(schema, encode(schema, value), 1_000_000);
  return decoded.ok ? decoded.value : decoded.error;
}

const anyBytes = bytes({ max: 100 });

describe("decoding", () => {
  it("gives every value back", everyValueRoundTrips);

  it("accepts only what encoding gives", whatIsAcceptedIsIdentical);

  const POWERS = Array.from({ length: 64 }, (_, power) => 2n ** BigInt(power));

  it("gives back numbers around every power of two up to 2^53, also those that the decoder hands over as bigints", () => {
    const signed = int({ min: Number.MIN_SAFE_INTEGER });
    for (const power of POWERS) {
      for (const near of [power - 1n, power, power + 1n, -power, -power - 1n, -power + 1n]) {
        if (near > BigInt(Number.MAX_SAFE_INTEGER) || near < BigInt(Number.MIN_SAFE_INTEGER)) continue;
        expect(roundTrip(signed, Number(near)), String(near)).toBe(Number(near));
        expect(roundTrip(struct({ at: signed }), { at: Number(near) }), String(near)).toEqual({ at: Number(near) });
      }
    }
  });

  it("gives back amounts around every power of two up to 2^63", () => {
    const signed = amount({ min: -(2n ** 63n) });
    for (const power of POWERS) {
      for (const near of [power - 1n, power, power + 1n, -power, -power - 1n, -power + 1n]) {
        if (near >= 2n ** 63n || near < -(2n ** 63n)) continue;
        expect(roundTrip(signed, near), String(near)).toBe(near);
      }
    }
  });

  it("refuses a number beyond 2^53 - 1 where a safe integer is wanted", () => {
    for (const hex of ["1b0020000000000000", "1b7fffffffffffffff", "3b001fffffffffffff", "3b7fffffffffffffff"]) {
      const decoded = decode(int({ min: Number.MIN_SAFE_INTEGER }), bytesOf(hex), 9);
      expect(decoded.ok ? decoded.value : decoded.error.code, hex).toBe("WRONG_TYPE");
    }
  });

  it("writes one encoding whether a value is a number or a bigint", () => {
    for (const power of POWERS.slice(0, 53)) expect(toHex(encode(int(), Number(power)))).toBe(toHex(encode(amount(), power)));
  });

  it("gives byte strings that do not change with the input", () => {
    const wire = encode(struct({ data: anyBytes }), { data: Uint8Array.of(1, 2, 3) });
    const decoded = decode(struct({ data: anyBytes }), wire, 100);
    wire.fill(0);
    expect(decoded).toEqual({ ok: true, value: { data: Uint8Array.of(1, 2, 3) } });
  });

  it("reads a part of a larger buffer", () => {
    const wire = encode(text({ max: 100 }), "汉".repeat(30));
    const buffer = new Uint8Array(wire.length + 20).fill(0xff);
    buffer.set(wire, 7);
    expect(decode(text({ max: 100 }), buffer.subarray(7, 7 + wire.length), 1_000)).toEqual({ ok: true, value: "汉".repeat(30) });
  });
});
