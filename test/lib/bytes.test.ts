import { describe, expect, test } from "vitest";
import { readUint32, readUint64, shortLived, writeUint32, writeUint64 } from "../../src/lib/bytes.ts";

describe("integers in bytes", () => {
  test("are big endian, as a DataView has them", () => {
    for (const value of [0, 1, 0xff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      const bytes = new Uint8Array(6);
      writeUint32(bytes, 1, value);
      expect(new DataView(bytes.buffer).getUint32(1)).toBe(value);
      expect(readUint32(bytes, 1)).toBe(value);
    }
    for (const value of [0, 0xffff_ffff, 2 ** 32, 2 ** 40 + 17, Number.MAX_SAFE_INTEGER]) {
      const bytes = new Uint8Array(9);
      writeUint64(bytes, 1, value);
      expect(new DataView(bytes.buffer).getBigUint64(1)).toBe(BigInt(value));
      expect(readUint64(bytes, 1)).toBe(value);
    }
  });
});

describe("short-lived bytes", () => {
  test("are zeroed and overlap no others", () => {
    const pieces = Array.from({ length: 2_000 }, (_, index) => shortLived(index % 70));
    for (const [index, piece] of pieces.entries()) {
      expect(piece.every((byte) => byte === 0)).toBe(true);
      piece.fill(1 + (index % 255));
    }
    for (const [index, piece] of pieces.entries()) expect(piece.every((byte) => byte === 1 + (index % 255))).toBe(true);
  });
});
