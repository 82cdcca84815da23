import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Claim, comparePriority, distribute, type RuleSet, rank } from "../../src/ledger/finance/priority.ts";
import { commitment } from "./support/alliance.ts";

const RULES: readonly RuleSet[] = ["CN768", "MLF2023"];

/** Few times, numbers and places, so that equals and near equals are common. */
const claim = (id: number): fc.Arbitrary<Claim> =>
  fc.record({
    id: fc.constant(commitment(`claim ${id}`)),
    amount: fc.bigInt({ min: 1n, max: 1_000n }),
    filing: fc.option(
      fc.record({ timeMs: fc.integer({ min: 1, max: 3 }), number: fc.constantFrom(commitment("1"), commitment("2")) }),
    ),
    notice: fc.option(fc.record({ height: fc.integer({ min: 1, max: 3 }), index: fc.integer({ min: 0, max: 2 }) })),
  });
const claims = (count: number): fc.Arbitrary<readonly Claim[]> =>
  fc.tuple(...Array.from({ length: count }, (_, index) => claim(index)));

const plain = (name: string, change: Partial<Claim>): Claim => ({
  id: commitment(name),
  amount: 100n,
  filing: null,
  notice: null,
  ...change,
});
const number = commitment("number");

describe("priority among several creditors (art. 768)", () => {
  it("is a strict weak order under either set of rules", () => {
    fc.assert(
      fc.property(fc.constantFrom(...RULES), claims(3), (rules, three) => {
        const [a, b, c] = three as [Claim, Claim, Claim];
        const precedes = (left: Claim, right: Claim) => comparePriority(rules, left, right) < 0;
        const equal = (left: Claim, right: Claim) => !precedes(left, right) && !precedes(right, left);
        expect(precedes(a, a)).toBe(false);
        expect(precedes(a, b) && precedes(b, a)).toBe(false);
        if (precedes(a, b) && precedes(b, c)) expect(precedes(a, c)).toBe(true);
        if (equal(a, b) && equal(b, c)) expect(equal(a, c)).toBe(true);
        expect(Math.sign(comparePriority(rules, a, b)) + Math.sign(comparePriority(rules, b, a))).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("a claim that comes later never changes how the earlier ones stand to each other", () => {
    fc.assert(
      fc.property(fc.constantFrom(...RULES), claims(6), (rules, six) => {
        const earlier = rank(rules, six.slice(0, 5)).map((each) => each.claim.id);
        const all = rank(rules, six).map((each) => each.claim.id);
        expect(all.filter((id) => id !== six[5]?.id)).toEqual(earlier);
      }),
    );
  });

  it("does not depend on the order in which the claims are named", () => {
    fc.assert(
      fc.property(
        claims(5).chain((five) => fc.tuple(fc.constant(five), fc.shuffledSubarray([...five], { minLength: 5 }))),
        ([five, shuffled]) => {
          expect(rank("CN768", shuffled)).toEqual(rank("CN768", five));
        },
      ),
    );
  });

  it("registered comes before noticed, by the time of registration and not of notice; then the first notice; then all alike", () => {
    const late = plain("late filing", { filing: { timeMs: 20, number }, notice: { height: 1, index: 0 } });
    const early = plain("early filing", { filing: { timeMs: 10, number } });
    const noticed = plain("noticed", { notice: { height: 5, index: 2 } });
    const sameBlock = plain("noticed later in the same block", { notice: { height: 5, index: 3 } });
    const silent = [plain("silent", {}), plain("silent too", {})];
    const ranked = rank("CN768", [...silent, sameBlock, noticed, late, early]);
    expect(ranked.map((each) => each.rank)).toEqual([1, 2, 3, 4, 5, 5]);
    expect(ranked.slice(0, 4).map((each) => each.claim)).toEqual([early, late, noticed, sameBlock]);
  });

  it("the model law gives notice no rank", () => {
    const noticed = plain("noticed", { notice: { height: 5, index: 2 } });
    expect(comparePriority("MLF2023", noticed, plain("silent", {}))).toBe(0);
    expect(comparePriority("CN768", noticed, plain("silent", {}))).toBeLessThan(0);
  });

  it("money goes by rank, and among equals in proportion to what each financed, to the last fen", () => {
    const first = plain("first", { filing: { timeMs: 1, number }, amount: 60n });
    const equals = [10n, 10n, 10n].map((amount, index) => plain(`equal ${index}`, { amount }));
    const shares = distribute("CN768", 80n, [...equals, first]);
    expect(shares[0]).toEqual({ id: first.id, amount: 60n });
    expect(shares.slice(1).map(({ amount }) => amount)).toEqual([7n, 7n, 6n]);
    fc.assert(
      fc.property(fc.constantFrom(...RULES), claims(5), fc.bigInt({ min: 0n, max: 6_000n }), (rules, five, total) => {
        const asked = five.reduce((sum, { amount }) => sum + amount, 0n);
        const given = distribute(rules, total, five);
        expect(given.reduce((sum, { amount }) => sum + amount, 0n)).toBe(asked < total ? asked : total);
        for (const { id, amount } of given) expect(amount <= (five.find((each) => each.id === id)?.amount ?? 0n)).toBe(true);
      }),
    );
  });
});
