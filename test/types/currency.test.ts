import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMinorUnits, minorUnitsOf, parseDecimal } from "../../src/types/currency.ts";

describe("currencies (ISO 4217)", () => {
  it("know how many decimals their minor unit has", () => {
    expect(["CNY", "EUR", "DKK", "JPY", "BHD", "CLF"].map(minorUnitsOf)).toEqual([2, 2, 2, 0, 3, 4]);
    expect(minorUnitsOf("RMB")).toBeUndefined();
    expect(minorUnitsOf("constructor")).toBeUndefined();
  });

  it("read decimals into minor units, beyond 2^53 as well", () => {
    expect(parseDecimal("1234.5", "CNY")).toBe(123_450n);
    expect(parseDecimal("-0.01", "EUR")).toBe(-1n);
    expect(parseDecimal("90071992547409931.07", "CNY")).toBe(9_007_199_254_740_993_107n);
    expect(parseDecimal("100", "JPY")).toBe(100n);
    expect(parseDecimal("1.500", "CNY")).toBe(150n);
  });

  it("refuse a fraction of a minor unit and what is no decimal", () => {
    for (const wrong of ["1.234", "", ".", "1.", "1e3", "1,000", "0x10", "١", "--1"])
      expect(parseDecimal(wrong, "CNY"), wrong).toBeUndefined();
    expect(parseDecimal("1.5", "JPY")).toBeUndefined();
    expect(parseDecimal("1", "ABC")).toBeUndefined();
  });

  it("write what they read", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
        fc.constantFrom("CNY", "JPY", "BHD", "CLF"),
        (amount, currency) => {
          expect(parseDecimal(formatMinorUnits(amount, currency), currency)).toBe(amount);
        },
      ),
    );
  });
});
