import type { Logger } from "../ports/observe.ts";
import type { Height, PublicKey } from "../types/scalars.ts";
import type { Bearings } from "./bearings.ts";
import type { DoubleSignGuard } from "./double-sign-guard.ts";
import type { EventLoop } from "./event-loop.ts";
import type { ValidatorHistory } from "./validator-history.ts";

interface MemoryModules {
  readonly guard: Pick<DoubleSignGuard, "hasMemory" | "lastHeight" | "isConfirmed" | "begin" | "confirm">;
  readonly key: PublicKey;
  readonly validators: Pick<ValidatorHistory, "at" | "firstHeightOf">;
  readonly bearings: Pick<Bearings, "height" | "reach">;
  readonly loop: EventLoop;
  readonly logger: Logger;
  /** The operator's word that no other machine has this key and nothing signed is forgotten. */
  readonly isOrdered: boolean;
  /** The memory is whole from now on. */
  readonly resume: () => void;
  readonly fatal: (error: Error) => void;
}

/**
 * Whether a node knows what its key has signed (protocol.md §4 "A node without its memory"). If not, it follows until the heights are
 * behind it that the key may have signed before the node started (`bearings.ts`): two further blocks than the network had decided then.
 *
 * An empty guard is the whole memory of a key that nothing was asked of. It is believed for every height that was undecided when the
 * node started, so that a member that has just become an authority signs at once. It is not believed where the chain shows that the key
 * was an authority's before: then the folder may be of the time before its first signature. What was believed once is written down, and
 * holds when the node falls behind or starts again before its first signature: a slow newcomer and one that is down must not halt four.
 */
export class SigningMemory {
  readonly #m: MemoryModules;
  #isForgetful = false;
  /** A guard in place of a lost one is on its way to the disk. */
  #isBeginning = false;

  constructor(modules: MemoryModules) {
    this.#m = modules;
  }

  get isMuted(): boolean {
    return this.#isForgetful;
  }

  /** Why the node does not sign; null if it may. */
  get reason(): string | null {
    if (!this.#isForgetful) return null;
    const { height } = this.#m.bearings;
    const first =
      height === null ? "where the others stand comes first, and two more blocks" : `two blocks behind ${height} first`;
    return `no memory of what was signed: ${first}`;
  }

  /** At start: `head` is the last decided height, `isLogSound` whether the log of the undecided one is whole. */
  recall(head: Height, isLogSound: boolean, isAlone: boolean): void {
    const { guard, key, validators, logger, isOrdered } = this.#m;
    // A height begins only on top of a durable one: a guard that is farther says that store or log are of an earlier time, and locks lost.
    const isLost = !guard.hasMemory || !isLogSound || guard.lastHeight > head + 1;
    const first = validators.firstHeightOf(key);
    const isEmptyOfOld = this.#isBlank && first !== undefined && first <= head;
    if (!isLost && !isEmptyOfOld) return;
    if (isOrdered) {
      logger.warn("signing without memory, as the operator ordered");
      this.#begin();
      return;
    }
    this.#isForgetful = true;
    if (first !== undefined)
      logger.warn("no memory of what was signed: following until further blocks are decided", { alone: isAlone });
  }

  /** A block is durable. */
  settled(height: Height): void {
    const { bearings, isOrdered, logger } = this.#m;
    if (this.#isForgetful) {
      if (bearings.reach(height + 1) || this.#isBeginning) return;
      logger.info("followed long enough: signing from the next height on", { height: height + 1 });
      this.#begin();
      return;
    }
    if (this.#isBlank && this.#isOwn(height) && !isOrdered && (bearings.height ?? height) >= height) this.#isForgetful = true;
    this.believe(height);
  }

  /** Once the bearings are taken, an empty guard that nothing speaks against is believed for good: also of a key that is nobody's yet. */
  believe(head: Height): void {
    const { guard, bearings } = this.#m;
    if (this.#isForgetful || !this.#isBlank || !guard.hasMemory || bearings.height === null) return;
    guard.confirm(
      head + 1,
      this.#unlessFault(() => undefined),
    );
  }

  /** Something was signed that this node does not know, or does not know all that it rested on. Answers whether that is news. */
  forgets(): boolean {
    if (this.#isForgetful || this.#m.isOrdered) return false;
    this.#isForgetful = true;
    return true;
  }

  /** Nothing is signed before a lost guard is there again. */
  #begin(): void {
    const { guard, resume } = this.#m;
    this.#isForgetful = !guard.hasMemory;
    if (guard.hasMemory) return;
    this.#isBeginning = true;
    guard.begin(
      this.#unlessFault(() => {
        this.#isBeginning = false;
        this.#isForgetful = false;
        resume();
      }),
    );
  }

  /** Whether the guard is empty and nothing says that it may be. */
  get #isBlank(): boolean {
    return this.#m.guard.lastHeight === 0 && !this.#m.guard.isConfirmed;
  }

  #isOwn(height: Height): boolean {
    return this.#m.validators.at(height)?.some(({ key }) => key === this.#m.key) === true;
  }

  #unlessFault(done: () => void): (fault: Error | null) => void {
    return this.#m.loop.callback((fault: Error | null) => {
      if (fault !== null) this.#m.fatal(fault);
      else done();
    });
  }
}
