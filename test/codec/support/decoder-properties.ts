import fc from "fast-check";
import { expect } from "vitest";
import { decode } from "../../../src/codec/cbor.ts";
import { encode } from "../../../src/codec/schema.ts";
import { checkStructure } from "../../../src/codec/structure.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { AMOUNT_MAX } from "../../../src/types/scalars.ts";
import { type AnyValue, anyValue } from "./any-value.ts";

const BYTES_MAX = 1 << 20;

const integer = fc.oneof(
  fc.bigInt({ min: -AMOUNT_MAX - 1n, max: AMOUNT_MAX }),
  fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
  // Around every power of two, where heads grow and where numbers become bigints.
  fc
    .record({ power: fc.integer({ min: 0, max: 62 }), off: fc.integer({ min: -2, max: 2 }), negative: fc.boolean() })
    .map(({ power, off, negative }) => (negative ? -1n : 1n) * (2n ** BigInt(power) + BigInt(off))),
);
/** Short and long, of one to four bytes a character; lengths around those at which the decoder changes its way of reading. */
const text = fc
  .tuple(
    fc.constantFrom("a", "é", "汉", "\u{1f600}", "\u{10ffff}", "\0", "\uffff"),
    fc.integer({ min: 0, max: 300 }),
    fc.string({ unit: "binary" }),
  )
  .map(([unit, count, tail]) => unit.repeat(count) + tail)
  .filter((value) => !value.startsWith("\uFEFF"));
const key = fc.string({ unit: "binary", maxLength: 40 }).filter((name) => name !== "__proto__" && !name.startsWith("\uFEFF"));
const { value } = fc.letrec<{ value: AnyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: "small" },
    integer,
    text,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 30 }),
    fc.dictionary(key, tie("value"), { maxKeys: 30 }),
  ),
}));

/** Every value comes back from its encoding as it went in. */
export function everyValueRoundTrips(): void {
  fc.assert(
    fc.property(value, (whole) => {
      const encoded = encode(anyValue, whole);
      expect(checkStructure(encoded)).toBeNull();
      const decoded = decode(anyValue, encoded, BYTES_MAX);
      expect(decoded.ok && toHex(encode(anyValue, decoded.value))).toBe(toHex(encoded));
    }),
    { numRuns: 400 },
  );
}

/** Whatever bytes are accepted are the encoding of what they are decoded to. */
export function whatIsAcceptedIsIdentical(): void {
  const head = fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7), fc.integer({ min: 0, max: 31 }))
    .map(([major, info]) => (major << 5) | info);
  const bytes = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), head, fc.constantFrom(0x60, 0x61, 0x80, 0x81, 0xa0, 0xa1)), {
    maxLength: 24,
  });
  let accepted = 0;
  fc.assert(
    fc.property(bytes, (items) => {
      const encoded = Uint8Array.from(items);
      const decoded = decode(anyValue, encoded, BYTES_MAX);
      if (!decoded.ok) return;
      accepted += 1;
      expect(toHex(encode(anyValue, decoded.value))).toBe(toHex(encoded));
    }),
    { numRuns: 20_000 },
  );
  expect(accepted).toBeGreaterThan(100);
}
