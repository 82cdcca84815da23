import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { basisPoints, interest, shareOut } from "../../src/ledger/money.ts";

const amount = fc.bigInt({ min: 0n, max: 2n ** 55n });
const weights = fc.uniqueArray(
  fc.record({ key: fc.stringMatching(/^[0-9a-f]{4,8}$/), weight: fc.bigInt({ min: 1n, max: 2n ** 40n }) }),
  {
    minLength: 1,
    maxLength: 40,
    selector: ({ key }) => key,
  },
);

describe("largest remainder", () => {
  it("shares 100 among three equals as 34, 33, 33, the first by key getting the unit over", () => {
    const equal = ["c", "a", "b"].map((key) => ({ key, weight: 1n }));
    expect(shareOut(100n, equal)).toEqual([33n, 34n, 33n]);
  });

  it("adds up exactly, each share within one unit of its ideal", () => {
    fc.assert(
      fc.property(amount, weights, (total, parts) => {
        const shares = shareOut(total, parts);
        const sum = parts.reduce((all, { weight }) => all + weight, 0n);
        expect(shares.reduce((all, share) => all + share, 0n)).toBe(total);
        for (const [index, { weight }] of parts.entries()) {
          const share = shares[index] as bigint;
          expect(share * sum > total * weight - sum && share * sum < total * weight + sum).toBe(true);
        }
      }),
    );
  });

  it("does not depend on the order of the parts", () => {
    fc.assert(
      fc.property(amount, weights, (total, parts) => {
        const shares = new Map(parts.map(({ key }, index) => [key, shareOut(total, parts)[index]]));
        const reversed = [...parts].reverse();
        expect(new Map(reversed.map(({ key }, index) => [key, shareOut(total, reversed)[index]]))).toEqual(shares);
      }),
      { numRuns: 50 },
    );
  });

  it("gives no part more than its own when no more than everything is shared", () => {
    fc.assert(
      fc.property(weights, fc.bigInt({ min: 0n, max: 10_000n }), (parts, permyriad) => {
        const sum = parts.reduce((all, { weight }) => all + weight, 0n);
        const shares = shareOut((sum * permyriad) / 10_000n, parts);
        expect(parts.every(({ weight }, index) => (shares[index] as bigint) <= weight)).toBe(true);
      }),
    );
  });
});

describe("interest", () => {
  it("of 100,000.00 at 4.35 % over 90 days ACT/360 is 1,087.50", () => {
    expect(interest(10_000_000n, 43_500, 90)).toBe(108_750n);
  });

  it("rounds half a unit up", () => {
    expect(interest(1n, 1_000_000, 180)).toBe(1n);
    expect(interest(1n, 1_000_000, 179)).toBe(0n);
  });

  it("is never negative, grows with each of its factors and loses at most a unit by being split in time", () => {
    const rate = fc.integer({ min: 0, max: 1_000_000 });
    const days = fc.integer({ min: 0, max: 3_660 });
    fc.assert(
      fc.property(amount, rate, days, days, (principal, ppm, first, second) => {
        const whole = interest(principal, ppm, first + second);
        const parts = interest(principal, ppm, first) + interest(principal, ppm, second);
        expect(whole - parts <= 1n && parts - whole <= 1n).toBe(true);
        expect(interest(principal, ppm, first) <= whole).toBe(true);
        expect(interest(principal, ppm, first) <= interest(principal + 1n, ppm, first)).toBe(true);
        expect(interest(principal, ppm, first) >= 0n).toBe(true);
      }),
    );
  });
});

describe("basis points", () => {
  it("round down", () => {
    expect(basisPoints(9_999n, 9_000)).toBe(8_999n);
    expect(basisPoints(2n ** 55n, 10_000)).toBe(2n ** 55n);
  });
});
