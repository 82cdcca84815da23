import { describe, expect, it } from "vitest";
import { StoreCorruptError } from "../../src/node/stored-record.ts";
import { bodyOf, heightOf, readStoredTransaction, storedTransaction } from "../../src/node/stored-transaction.ts";

const STORED = {
  height: 2 ** 40,
  index: 9_999,
  receipt: { code: 0, events: [{ kind: "happened", data: Uint8Array.of(1, 2) }] },
  body: Uint8Array.from({ length: 300 }, (_, index) => index),
};

describe("the row of a transaction", () => {
  it("gives back what was stored, and its height and its body alone", () => {
    const row = storedTransaction(STORED);
    expect(readStoredTransaction(row)).toEqual(STORED);
    expect(heightOf(row)).toBe(STORED.height);
    expect(bodyOf(row)).toEqual(STORED.body);
  });

  it("is refused when any of its end is missing", () => {
    const row = storedTransaction(STORED);
    for (let length = 0; length < row.length; length++)
      expect(() => readStoredTransaction(row.subarray(0, length))).toThrow(StoreCorruptError);
  });
});
