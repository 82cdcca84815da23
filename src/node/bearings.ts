import { LIMITS } from "../types/limits.ts";
import type { Height, MemberId, TimeMs } from "../types/scalars.ts";
import { quorum, type ValidatorSet } from "../types/validator-set.ts";

/**
 * Where the others stood when this node started (protocol.md §4 "A node without its memory"): the height T that a quorum of authorities,
 * itself included if it is one, had decided when it was heard.
 *
 * Whatever the key of this node signed before it started lies at T + 2 or below. To sign at s it had decided s − 1, so a quorum had
 * precommitted s − 1 and had s − 2 on their disks before. Two quorums share a correct authority beside this one, and it was heard: T ≥ s − 2.
 * So "two further blocks" are those above T, and not any two that this node sees being decided: beside a peer that lags they may be old.
 *
 * Nothing in a folder tells that it was restored, and one that was would sign again at heights decided long ago: so no node signs before
 * it has its bearings. This costs no liveness, since without a quorum nothing is decided. Where members are not all connected a node may
 * hear fewer though their votes reach it through others: then it waits for a while after the first and goes by those it hears, and takes
 * every block that is older than its start for one that was decided before.
 */
export class Bearings {
  /** Up to which height each has decided at least. */
  readonly #decided = new Map<MemberId, Height>();
  /** Who has said where it stands. */
  readonly #standing = new Set<MemberId>();
  #height: Height | null = null;
  #isSure = false;

  get isTaken(): boolean {
    return this.#height !== null;
  }

  /** T; null as long as it is not known. */
  get height(): Height | null {
    return this.#height;
  }

  /** Whether this node's key may have signed at this height before the node started. */
  reach(height: Height): boolean {
    return this.#height === null || height <= this.#height + LIMITS.memorylessBlocks;
  }

  /**
   * A member says that it has decided up to this height, or, by a commit, that it has decided this height at least: commits of old heights
   * are shown, too, and what else was shown with them may be lost. Answers whether this is the first to be heard.
   */
  hears(member: MemberId, decided: Height, what: "standing" | "commit"): boolean {
    const isFirst = this.#decided.size === 0;
    this.#decided.set(member, Math.max(decided, this.#decided.get(member) ?? 0));
    if (what === "standing") this.#standing.add(member);
    return isFirst;
  }

  /** The wait is over: whoever is heard, and is level, has to do. */
  goBy(tip: Height): void {
    if ([...this.#standing].some((member) => this.#isLevel(member, tip))) this.#height ??= tip;
  }

  /** At start, when somebody was heard, and when a block was applied. Answers whether they are new. */
  take(tip: Height, authorities: ValidatorSet, self: MemberId): boolean {
    if (this.#height !== null) return false;
    const others = authorities.filter(({ member }) => member !== self);
    const level = others.filter(({ member }) => this.#isLevel(member, tip)).length;
    const own = authorities.length - others.length;
    if (level + own < quorum(authorities.length)) return false;
    this.#height = tip;
    this.#isSure = true;
    return true;
  }

  #isLevel(member: MemberId, tip: Height): boolean {
    return this.#standing.has(member) && (this.#decided.get(member) ?? 0) <= tip;
  }

  /** A block is durable. `startedMs`: when this node started, by the clock that block times are judged by. */
  passes(height: Height, timeMs: TimeMs, startedMs: TimeMs): void {
    if (this.#height !== null && !this.#isSure && timeMs <= startedMs) this.#height = Math.max(this.#height, height);
  }
}
