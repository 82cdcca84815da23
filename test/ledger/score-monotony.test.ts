import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Facts, monthOf } from "../../src/ledger/credit/facts.ts";
import { featuresOf } from "../../src/ledger/credit/features.ts";
import { FIRST_CARD, scoreOf } from "../../src/ledger/credit/scorecard.ts";
import type { Hash } from "../../src/types/scalars.ts";

const DAY = 20_600;
const MONTH = monthOf(DAY);

function score(facts: Facts): number {
  return scoreOf(
    FIRST_CARD,
    featuresOf(facts, DAY, () => 3),
  ).score;
}

/** Often nothing, often little beside the rest: there the edges are. */
const amount = fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 1_000n }), fc.bigInt({ min: 1n, max: 10n ** 12n }));
const share = fc.integer({ min: 0, max: 100 });

/** A month in which no more was paid than was due, and no more of it on time than was paid. */
const anyMonth = fc
  .record({
    orders: fc.nat({ max: 200 }),
    invoiced: amount,
    due: amount,
    paid: share,
    onTime: share,
    lateDays: fc.nat({ max: 120 }),
  })
  .map(({ orders, invoiced, due, paid: paidShare, onTime, lateDays }) => {
    const paid = (due * BigInt(paidShare)) / 100n;
    const paidOnTime = (paid * BigInt(onTime)) / 100n;
    const late = paid - paidOnTime;
    return { orders, invoiced, due, paid, paidOnTime, delay: late * BigInt(lateDays), maxDpd: late > 0n ? lateDays : 0 };
  });

/** A history that the fold could have made; nothing at all among them. */
const anyFacts: fc.Arbitrary<Facts> = fc
  .record({
    months: fc.array(anyMonth, { maxLength: 4 }),
    tenure: fc.nat({ max: 900 }),
    live: amount,
    borrowed: amount,
    disputed: amount,
    overdueDays: fc.option(fc.integer({ min: 1, max: 100 })),
  })
  .map(({ months, tenure, live, borrowed, disputed, overdueDays }) => ({
    id: "00".repeat(32) as Hash,
    version: 1,
    party: "11".repeat(32) as Hash,
    currency: "CNY",
    firstDay: DAY - tenure,
    // What is overdue was counted as due.
    months: [...months, ...(overdueDays === null ? [] : [overdueMonth])].map((month, at) => ({
      ...month,
      month: MONTH - at,
      confirmed: month.invoiced,
      evidenced: month.invoiced,
      diluted: 0n,
    })),
    debtors: live === 0n ? [] : [{ debtor: "22".repeat(32) as Hash, live }],
    others: 0n,
    disputed,
    overdue: overdueDays === null ? 0 : 1,
    overdueSince: overdueDays === null ? null : DAY - overdueDays,
    borrowed,
  }));

const overdueMonth = { orders: 0, invoiced: 0n, due: 1_000n, paid: 0n, paidOnTime: 0n, delay: 0n, maxDpd: 1 };

function add(facts: Facts, what: Partial<Facts["months"][number]>): Facts {
  const [first = { ...overdueMonth, month: MONTH, confirmed: 0n, evidenced: 0n, diluted: 0n, due: 0n, maxDpd: 0 }, ...others] =
    facts.months;
  return {
    ...facts,
    months: [
      {
        ...first,
        due: first.due + (what.due ?? 0n),
        paid: first.paid + (what.paid ?? 0n),
        paidOnTime: first.paidOnTime + (what.paidOnTime ?? 0n),
        delay: first.delay + (what.delay ?? 0n),
        maxDpd: Math.max(first.maxDpd, what.maxDpd ?? 0),
      },
      ...others,
    ],
  };
}

const some = fc.oneof(fc.bigInt({ min: 1n, max: 1_000n }), fc.bigInt({ min: 1n, max: 10n ** 12n }));
const late = fc.integer({ min: 1, max: 400 });

describe("the score, all else alike", () => {
  it("is never lowered by a payment on time", () => {
    fc.assert(
      fc.property(anyFacts, some, (facts, paid) => {
        expect(score(add(facts, { due: paid, paid, paidOnTime: paid }))).toBeGreaterThanOrEqual(score(facts));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is never raised by something that falls overdue", () => {
    fc.assert(
      fc.property(anyFacts, some, late, (facts, due, days) => {
        const since = DAY - days;
        const after = {
          ...add(facts, { due, maxDpd: 1 }),
          overdue: facts.overdue + 1,
          overdueSince: Math.min(facts.overdueSince ?? since, since),
        };
        expect(score(after)).toBeLessThanOrEqual(score(facts));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is never raised by a first payment that comes late", () => {
    fc.assert(
      fc.property(anyFacts, some, late, (facts, paid, days) => {
        fc.pre(facts.months.every(({ due }) => due === 0n));
        const after = add(facts, { due: paid, paid, delay: paid * BigInt(days), maxDpd: days });
        expect(score(after)).toBeLessThanOrEqual(score(facts));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is never raised by a dispute, a dilution or a loan", () => {
    fc.assert(
      fc.property(anyFacts, some, (facts, more) => {
        expect(score({ ...facts, disputed: facts.disputed + more })).toBeLessThanOrEqual(score(facts));
        expect(score({ ...facts, borrowed: facts.borrowed + more })).toBeLessThanOrEqual(score(facts));
        const [first, ...others] = facts.months;
        if (first === undefined) return;
        expect(score({ ...facts, months: [{ ...first, diluted: first.diluted + more }, ...others] })).toBeLessThanOrEqual(
          score(facts),
        );
      }),
    );
  });
});
