import { compareText } from "../../lib/bytes.ts";
import type { Amount, Hash, Height, TimeMs } from "../../types/scalars.ts";
import { shareOut } from "../money.ts";

/** Civil Code art. 768 with 担保解释 art. 66; UNIDROIT Model Law on Factoring (2023). */
export type RuleSet = "CN768" | "MLF2023";

/** What a claim on a receivable shows for itself, whether of the alliance or from outside. */
export interface Claim {
  readonly id: Hash;
  /** What was financed on it: equals share by this. */
  readonly amount: Amount;
  /** The filing in the public registry, by the registry's time and number. */
  readonly filing: { readonly timeMs: TimeMs; readonly number: Hash } | null;
  /** When the debtor's notice arrived: the block, and the place of the transaction in it. */
  readonly notice: { readonly height: Height; readonly index: number } | null;
}

/**
 * Which of two claims comes first: below 0 the left, above 0 the right, 0 for neither. A strict weak order, so that ranks are classes of
 * equals; it looks at nothing but the two, so a third claim never changes how they stand. Registered before unregistered, by the time
 * of registration; else, in China, the first notice to arrive. The model law gives notice no rank: without registration all are equal.
 */
export function comparePriority(rules: RuleSet, left: Claim, right: Claim): number {
  if (left.filing !== null && right.filing !== null) {
    return left.filing.timeMs - right.filing.timeMs || compareText(left.filing.number, right.filing.number);
  }
  if (left.filing !== null || right.filing !== null) return left.filing !== null ? -1 : 1;
  if (rules === "MLF2023") return 0;
  if (left.notice !== null && right.notice !== null) {
    return left.notice.height - right.notice.height || left.notice.index - right.notice.index;
  }
  if (left.notice === null && right.notice === null) return 0;
  return left.notice !== null ? -1 : 1;
}

/** The claims by rank, from 1 on; equals share a rank and stand in the order of their ids. */
export function rank(rules: RuleSet, claims: readonly Claim[]): readonly { readonly claim: Claim; readonly rank: number }[] {
  const sorted = [...claims].sort((one, other) => comparePriority(rules, one, other) || compareText(one.id, other.id));
  let last = 0;
  return sorted.map((claim, index) => {
    const before = sorted[index - 1];
    if (before === undefined || comparePriority(rules, before, claim) !== 0) last += 1;
    return { claim, rank: last };
  });
}

/** What each claim gets of `total`, by rank; equals in proportion to what they financed. In the order of `rank`. */
export function distribute(
  rules: RuleSet,
  total: Amount,
  claims: readonly Claim[],
): readonly { readonly id: Hash; readonly amount: Amount }[] {
  const ranked = rank(rules, claims);
  let left = total;
  const shares: { readonly id: Hash; readonly amount: Amount }[] = [];
  for (let at = 1; at <= (ranked.at(-1)?.rank ?? 0); at++) {
    const equals = ranked.filter((each) => each.rank === at).map(({ claim }) => claim);
    const asked = equals.reduce((sum, { amount }) => sum + amount, 0n);
    const paid = asked < left ? asked : left;
    left -= paid;
    const weights = equals.map(({ id, amount }) => ({ key: id, weight: amount }));
    const parts = paid === 0n ? equals.map(() => 0n) : shareOut(paid, weights);
    shares.push(...equals.map(({ id }, index) => ({ id, amount: parts[index] ?? 0n })));
  }
  return shares;
}
