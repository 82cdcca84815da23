import type { Height, MemberId } from "../types/scalars.ts";
import { quorum, type ValidatorSet } from "../types/validator-set.ts";

/**
 * Where the others stand, before the first signature after a start. Nothing in a folder tells that it was restored, and one that was
 * would sign again at heights that were decided long ago. So a node signs once it has heard from as many authorities as make a quorum
 * with it, and stands where they do. This costs no liveness: without them nothing is decided.
 */
export class Bearings {
  /** Up to which height each has decided, as it says. */
  readonly #decided = new Map<MemberId, Height>();
  #isTaken = false;

  get isTaken(): boolean {
    return this.#isTaken;
  }

  hears(member: MemberId, decided: Height): void {
    if (!this.#isTaken) this.#decided.set(member, decided);
  }

  /** At start, when somebody was heard, and when a block was applied. Answers whether the node knows from now on. */
  take(tip: Height, authorities: ValidatorSet): boolean {
    if (this.#isTaken) return false;
    const level = authorities.filter(({ member }) => (this.#decided.get(member) ?? Number.POSITIVE_INFINITY) <= tip).length;
    this.#isTaken = level + 1 >= quorum(authorities.length);
    return this.#isTaken;
  }
}
