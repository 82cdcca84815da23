import { assert } from "../lib/assert.ts";
import type { Height, MemberId, PublicKey, Round } from "./scalars.ts";

export interface Validator {
  readonly member: MemberId;
  readonly key: PublicKey;
}

/** The authorities of one height in member order, one vote each. */
export type ValidatorSet = readonly Validator[];

/** ⌊2n/3⌋+1: any two quorums share a correct authority. Not "2f+1", which forks at n = 2, 3, 5, 6. */
export function quorum(n: number): number {
  assert(Number.isSafeInteger(n) && n > 0, "a validator set is not empty");
  return Math.floor((2 * n) / 3) + 1;
}

/** ⌊(n−1)/3⌋: how many authorities may be faulty. */
export function faultsTolerated(n: number): number {
  assert(Number.isSafeInteger(n) && n > 0, "a validator set is not empty");
  return Math.floor((n - 1) / 3);
}

/**
 * Whose turn (height, round) is, as a position in the set of `n` authorities (protocol.md §4).
 * `active` are the positions of those that do not rest, ascending; if none is active all are.
 */
export function proposerIndex(height: Height, round: Round, n: number, active: readonly number[]): number {
  const turns = active.length > 0 ? active.length : n;
  if (round < turns) {
    const slot = (height + round) % turns;
    return active.length > 0 ? (active[slot] as number) : slot;
  }
  return (height + round) % n;
}
