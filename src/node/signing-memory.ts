import type { Logger } from "../ports/observe.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height, PublicKey } from "../types/scalars.ts";
import type { DoubleSignGuard } from "./double-sign-guard.ts";
import type { EventLoop } from "./event-loop.ts";
import type { ValidatorHistory } from "./validator-history.ts";

interface MemoryModules {
  readonly guard: DoubleSignGuard;
  readonly key: PublicKey;
  readonly validators: ValidatorHistory;
  readonly loop: EventLoop;
  readonly logger: Logger;
  /** The operator's word that no other machine has this key and nothing signed is forgotten. */
  readonly isOrdered: boolean;
  readonly fatal: (error: Error) => void;
}

/**
 * Whether a node knows what its key has signed (protocol.md §4 "A node without its memory"). Memory is of a key at the heights at which it
 * was an authority's: a key that no decided height had has signed nothing, so the empty guard that it was born with is the whole of its
 * memory. So a member that has just become an authority signs at once.
 */
export class SigningMemory {
  readonly #m: MemoryModules;
  /** Blocks still to be decided before this node signs: without memory it follows first. */
  #mutedBlocks = 0;
  /** Guard or log is lost, of a key that the chain as known here never had. */
  #isDoubtful = false;

  constructor(modules: MemoryModules) {
    this.#m = modules;
  }

  get isMuted(): boolean {
    return this.#mutedBlocks > 0;
  }

  /** Why the node does not sign; null if it may. */
  get reason(): string | null {
    return this.isMuted ? `no memory of what was signed: ${this.#mutedBlocks} more blocks to follow first` : null;
  }

  /** At start: `head` is the last decided height, `isLogSound` whether the log of the undecided one is whole. */
  recall(head: Height, isLogSound: boolean, isAlone: boolean): void {
    const { guard, key, validators, logger, isOrdered } = this.#m;
    const isLost = !guard.hasMemory || !isLogSound;
    const first = validators.firstHeightOf(key);
    if (first === undefined) {
      // Nothing to forget, as far as is known here: this node may be behind.
      this.#isDoubtful = isLost && !isOrdered;
      return;
    }
    if (!isLost && (guard.lastHeight > 0 || first > head)) return;
    if (isOrdered) {
      logger.warn("signing without memory, as the operator ordered");
      this.#begin();
      return;
    }
    this.#follow();
    logger.warn("no memory of what was signed: following until further blocks are decided", {
      blocks: LIMITS.memorylessBlocks,
      alone: isAlone,
    });
  }

  /** A block is durable. A key whose memory begins behind heights that were its own may have signed there: it follows first. */
  settled(height: Height, how: "consensus" | "sync"): void {
    const { guard, key, validators, isOrdered, logger } = this.#m;
    if (this.#mutedBlocks > 0 && how === "consensus") {
      this.#mutedBlocks -= 1;
      if (this.#mutedBlocks === 0) {
        logger.info("followed long enough: signing from the next height on", { height: height + 1 });
        this.#begin();
      }
    }
    const isOwn = (of: Height): boolean => validators.at(of)?.some((authority) => authority.key === key) === true;
    if (how === "sync" && isOwn(height) && guard.lastHeight === 0 && !isOrdered) this.#follow();
    if (this.#isDoubtful && isOwn(height + 1)) this.#follow();
  }

  /** Others hold a signature of this key that the guard does not know. Answers whether that is news. */
  forgets(): boolean {
    if (this.isMuted || this.#m.isOrdered) return false;
    this.#follow();
    return true;
  }

  #follow(): void {
    this.#isDoubtful = false;
    this.#mutedBlocks = LIMITS.memorylessBlocks;
  }

  #begin(): void {
    const { guard, loop, fatal } = this.#m;
    if (guard.hasMemory) return;
    guard.begin(
      loop.callback((fault: Error | null) => {
        if (fault !== null) fatal(fault);
      }),
    );
  }
}
