import type { MonotonicClock, WallClock } from "../ports/clock.ts";
import type { Metrics } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import { LIMITS } from "../types/limits.ts";
import type { PublicKey, TimeMs } from "../types/scalars.ts";
import type { EventLoop } from "./event-loop.ts";
import { encodeMessage } from "./messages.ts";
import { PeerClocks } from "./peer-clocks.ts";

interface ExchangeModules {
  readonly loop: EventLoop;
  readonly wall: WallClock;
  readonly clock: MonotonicClock;
  readonly transport: Transport;
  readonly metrics: Metrics;
  /** Whether all nodes share one driven clock, so that none can be wrong. */
  readonly isShared: boolean;
}

/** Nodes tell each other the time, so that each sees whether its own clock is right. Nothing of it reaches a block or a vote. */
export class ClockExchange {
  readonly #m: ExchangeModules;
  readonly #peers = new PeerClocks();

  constructor(modules: ExchangeModules) {
    this.#m = modules;
  }

  /** By how many milliseconds this node's clock is ahead of its peers' median. */
  get aheadMs(): number {
    return this.#m.isShared ? 0 : this.#peers.aheadMs();
  }

  /** Tells every peer now and then; `also` is called as often. */
  everyInterval(also: () => void): void {
    this.#m.clock.after(
      LIMITS.timeIntervalMs,
      this.#m.loop.callback(() => {
        for (const { nodeKey } of this.#m.transport.peers()) this.tell(nodeKey);
        also();
        this.everyInterval(also);
      }),
    );
  }

  tell(peer: PublicKey): void {
    this.#m.transport.sendConsensus(peer, encodeMessage("time", { wallMs: this.#m.wall.nowMs() }));
  }

  onTime(peer: PublicKey, saidMs: TimeMs): void {
    this.#peers.onTime(peer, saidMs, this.#m.wall.nowMs());
    this.#m.metrics.set("zhonglian_clock_ahead_seconds", this.aheadMs / 1000);
  }

  onGone(peer: PublicKey): void {
    this.#peers.onGone(peer);
  }
}
