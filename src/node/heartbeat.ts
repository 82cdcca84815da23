import type { MonotonicClock, WallClock } from "../ports/clock.ts";
import type { ChainStore } from "./chain-store.ts";
import type { EventLoop } from "./event-loop.ts";

/** Looked at so often at least, since the wall clock may jump. */
const LOOK_MS = 60_000;

/** An idle chain makes an empty block now and then, so that what falls due is worked off and proofs stay young. */
export class Heartbeat {
  readonly #m: {
    readonly store: ChainStore;
    readonly wall: WallClock;
    readonly clock: MonotonicClock;
    readonly loop: EventLoop;
    readonly intervalMs: () => number;
  };

  constructor(modules: {
    readonly store: ChainStore;
    readonly wall: WallClock;
    readonly clock: MonotonicClock;
    readonly loop: EventLoop;
    readonly intervalMs: () => number;
  }) {
    this.#m = modules;
  }

  /** The first block is never made for its own sake. */
  get isDue(): boolean {
    return this.#leftMs() <= 0;
  }

  /** Calls `beat` once it is due, if the chain has not moved on. */
  schedule(isWanted: () => boolean, beat: () => void): void {
    const leftMs = this.#leftMs();
    if (leftMs === Number.POSITIVE_INFINITY) return;
    this.#m.clock.after(
      Math.min(Math.max(0, leftMs), LOOK_MS),
      this.#m.loop.callback(() => {
        if (!isWanted()) return;
        if (this.isDue) beat();
        else this.schedule(isWanted, beat);
      }),
    );
  }

  #leftMs(): number {
    const { head } = this.#m.store;
    return head.height === 0 ? Number.POSITIVE_INFINITY : head.timeMs + this.#m.intervalMs() - this.#m.wall.nowMs();
  }
}
