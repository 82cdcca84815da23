import type { Amount, Day, Hash } from "../../types/scalars.ts";
import type { Feature } from "../../types/score-features.ts";
import type { Book } from "../book.ts";
import { namedId } from "../ids.ts";
import { type Facts, MONTHS_KEPT, monthOf } from "./facts.ts";

export type Features = Readonly<Record<Feature, number | null>>;

const FULL_BP = 10_000n;
/** Smoothing of the share paid on time (Laplace): as if one median ticket had been due, of which 95 % came on time. */
const PRIOR_BP = 9_500n;
const GRADE_UNRATED = 0;
const DAYS_MAX = 3_660n;

/** The grade of a debtor from 1 (best) to 6, as a lender attested it; 0 where none did. */
export type GradeOf = (debtor: Hash) => number;

export function debtorGradeId(debtor: Hash): Hash {
  return namedId("debtorGrade", debtor);
}

export function gradesIn(book: Pick<Book, "find">): GradeOf {
  return (debtor) => book.find("debtorGrade", debtorGradeId(debtor))?.grade ?? GRADE_UNRATED;
}

/** What the facts say on a day. `disputed` is the seller's live amount in dispute. */
export function featuresOf(facts: Facts, day: Day, gradeOf: GradeOf): Features {
  const month = monthOf(day);
  const months = facts.months.filter((each) => each.month > month - MONTHS_KEPT);
  const sum = (pick: (each: Facts["months"][number]) => Amount): Amount => months.reduce((so, each) => so + pick(each), 0n);
  const orders = months.reduce((so, each) => so + each.orders, 0);
  const [due, paid, paidOnTime] = [sum((each) => each.due), sum((each) => each.paid), sum((each) => each.paidOnTime)];
  const [invoiced, diluted] = [sum((each) => each.invoiced), sum((each) => each.diluted)];
  const [confirmed, evidenced] = [sum((each) => each.confirmed), sum((each) => each.evidenced)];
  const live = facts.debtors.reduce((so, each) => so + each.live, facts.others);
  const largest = facts.debtors.reduce((most, each) => (each.live > most ? each.live : most), 0n);
  const worst = Math.max(0, ...months.map((each) => each.maxDpd), facts.overdueSince === null ? 0 : day - facts.overdueSince);
  return {
    tenureDays: Math.max(0, day - facts.firstDay),
    orders12m: orders,
    onTimeBp: due === 0n ? null : onTime(due, paidOnTime, orders === 0 ? 0n : invoiced / BigInt(orders)),
    maxDpd12m: due === 0n ? null : worst,
    dilutionBp: share(diluted, invoiced),
    top1Bp: live === 0n ? 0 : share(largest, live),
    dbtDays: paid === 0n ? null : daysLate(sum((each) => each.delay) / paid),
    debtorGradeX100: gradeX100(facts, gradeOf),
    evidenceBp: share(evidenced, confirmed),
    utilBp: facts.borrowed === 0n ? 0 : share(facts.borrowed, facts.borrowed > live ? facts.borrowed : live),
    openDisputeBp: share(facts.disputed, live),
  };
}

/**
 * Smoothed only once something was paid on time: else a first small delay would make a firm better than one of which nothing is known
 * (domain: invariant 26).
 */
function onTime(due: Amount, paidOnTime: Amount, ticket: Amount): number {
  if (paidOnTime <= 0n) return 0;
  const bp = (FULL_BP * paidOnTime + ticket * PRIOR_BP) / (due + ticket);
  return Number(bp > FULL_BP ? FULL_BP : bp);
}

/** Beyond ten years it is all the same. */
function daysLate(days: bigint): number {
  return Number(days > DAYS_MAX ? DAYS_MAX : days < -DAYS_MAX ? -DAYS_MAX : days);
}

/** Of the whole, in basis points and at most all of it; none of nothing. */
function share(part: Amount, whole: Amount): number {
  if (whole === 0n) return part === 0n ? 0 : Number(FULL_BP);
  const bp = (FULL_BP * part) / whole;
  return Number(bp > FULL_BP ? FULL_BP : bp);
}

/** Weighted by exposure; null if a rated debtor is not among them. */
function gradeX100(facts: Facts, gradeOf: GradeOf): number | null {
  let [weight, sum] = [0n, 0n];
  for (const { debtor, live } of facts.debtors) {
    const grade = gradeOf(debtor);
    if (grade === GRADE_UNRATED) continue;
    weight += live;
    sum += live * BigInt(grade) * 100n;
  }
  return weight === 0n ? null : Number(sum / weight);
}
