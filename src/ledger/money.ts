import { assert } from "../lib/assert.ts";
import { compareText } from "../lib/bytes.ts";
import type { Amount } from "../types/scalars.ts";

/**
 * The largest contract, application and loan: 3.6·10^16 minor units. What the ledger adds up from such amounts (tolerances, several
 * invoices of a contract, interest over centuries) stays within the 2^63−1 that an object can hold, so no sum needs a check of its own.
 */
export const MONEY_MAX: Amount = 2n ** 55n;

/** ACT/360: interest = ⌊(P·ratePpm·days + D/2) / D⌋, D = 10^6·360 (domain: loans). Integers only. */
export function interest(principal: Amount, ratePpm: number, days: number): Amount {
  assert(days >= 0 && ratePpm >= 0, "interest runs forward");
  const divisor = 360_000_000n;
  return (principal * BigInt(ratePpm) * BigInt(days) + divisor / 2n) / divisor;
}

/** A basis point a day as a yearly rate in parts per million, of the 360 days by which interest counts. */
export const PPM_PER_DAILY_BP = 36_000;

/** ⌊amount · bp / 10^4⌋. */
export function basisPoints(amount: Amount, bp: number): Amount {
  return (amount * BigInt(bp)) / 10_000n;
}

/**
 * `total` shared in proportion to the weights by the largest remainder: exact sum, each share within one unit of the ideal; what is left
 * over goes by remainder, then by key. Order of the shares is that of the input.
 */
export function shareOut(
  total: Amount,
  weights: readonly { readonly key: string; readonly weight: Amount }[],
): readonly Amount[] {
  const sum = weights.reduce((all, { weight }) => all + weight, 0n);
  assert(sum > 0n, "there is something to share by");
  const shares = weights.map(({ weight }) => (total * weight) / sum);
  let left = total - shares.reduce((all, share) => all + share, 0n);
  const order = weights
    .map(({ key, weight }, index) => ({ key, index, remainder: (total * weight) % sum }))
    .sort((one, other) =>
      one.remainder === other.remainder ? compareText(one.key, other.key) : one.remainder > other.remainder ? -1 : 1,
    );
  for (const { index } of order) {
    if (left === 0n) break;
    shares[index] = (shares[index] as Amount) + 1n;
    left -= 1n;
  }
  return shares;
}
