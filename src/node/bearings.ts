import type { Height, MemberId } from "../types/scalars.ts";
import { quorum, type ValidatorSet } from "../types/validator-set.ts";

/**
 * Where the others stand, before the first signature after a start. Nothing in a folder tells that it was restored, and one that was
 * would sign again at heights that were decided long ago. So a node signs once it has heard from as many authorities as make a quorum
 * with it, and stands where they do. This costs no liveness: without them nothing is decided. Where members are not all connected it may
 * hear fewer though their votes reach it through others: then it waits for a while after the first and goes by those it hears.
 */
export class Bearings {
  /** Up to which height each has decided, as it says. */
  readonly #decided = new Map<MemberId, Height>();
  #isTaken = false;

  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Answers whether this is the first to be heard. */
  hears(member: MemberId, decided: Height): boolean {
    const isFirst = this.#decided.size === 0;
    this.#decided.set(member, decided);
    return isFirst;
  }

  /** The wait is over: whoever is heard, and is level, has to do. */
  goBy(tip: Height): void {
    this.#isTaken ||= [...this.#decided.values()].some((decided) => decided <= tip);
  }

  /** At start, when somebody was heard, and when a block was applied. Answers whether the node knows from now on. */
  take(tip: Height, authorities: ValidatorSet): boolean {
    if (this.#isTaken) return false;
    const level = authorities.filter(({ member }) => (this.#decided.get(member) ?? Number.POSITIVE_INFINITY) <= tip).length;
    this.#isTaken = level + 1 >= quorum(authorities.length);
    return this.#isTaken;
  }
}
