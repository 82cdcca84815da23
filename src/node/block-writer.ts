import { assert } from "../lib/assert.ts";
import type { MonotonicClock } from "../ports/clock.ts";
import type { Metrics } from "../ports/observe.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";
import type { BlockExecutor } from "./block-executor.ts";
import type { ChainStore, FinalisedBlock } from "./chain-store.ts";
import type { Decided } from "./decided.ts";
import type { EventLoop } from "./event-loop.ts";

interface WriterModules {
  readonly loop: EventLoop;
  readonly store: ChainStore;
  readonly executor: BlockExecutor;
  readonly clock: MonotonicClock;
  readonly metrics: Metrics;
  /** The tip's state is this block's. */
  readonly onAdopted: (decided: Decided) => void;
  /** These blocks are durable. */
  readonly onDurable: (group: readonly Decided[], how: "consensus" | "sync") => void;
  readonly fatal: (error: Error) => void;
}

/** The one way of a block into the store: each that is decided here by a batch of its own, those that others decided in groups. */
export class BlockWriter {
  readonly #m: WriterModules;
  #finalising: Height = 0;
  /** Executed blocks that wait for their write. */
  #staged: Decided[] = [];
  #isFlushing = false;
  /** Whether what is staged has waited for its neighbours long enough. */
  #isDue = false;
  #isTimed = false;

  constructor(modules: WriterModules) {
    this.#m = modules;
  }

  /** Whether a block of this height that was decided here is being written. */
  isDeciding(height: Height): boolean {
    return this.#finalising >= height && this.#m.store.tip.height < height;
  }

  /** Whether a block of this height may come next. */
  isNext(height: Height): boolean {
    return height === this.#m.store.tip.height + 1 && this.#finalising < height;
  }

  /** A block that consensus decided here: one synced batch, and only then the next height. */
  finalise(decided: Decided): void {
    const { height } = decided.block.header;
    assert(this.isNext(height), "blocks are decided in order");
    this.#finalising = height;
    const bytes = this.#m.store.write(
      this.#finalisedBlock(decided),
      this.#whenWritten(() => {
        this.#adopt(decided);
        this.#m.onDurable([decided], "consensus");
      }),
    );
    this.#measureBytes(decided, bytes);
  }

  /**
   * A block that others decided: the next one may execute on it at once, while it waits for the disk with its neighbours. Answers
   * whether there is room for more.
   */
  stage(decided: Decided): boolean {
    assert(this.isNext(decided.block.header.height), "blocks are staged in order");
    this.#measureBytes(decided, this.#m.store.stage(this.#finalisedBlock(decided)));
    this.#adopt(decided);
    this.#staged.push(decided);
    this.#flushIfDue();
    this.#waitForNeighbours();
    return this.#staged.length < LIMITS.syncGroupBlocksMax && this.#m.store.stagedBytes < LIMITS.syncGroupBytesMax;
  }

  /** No neighbours will come soon: what is staged goes to the disk as soon as no other write is under way. */
  flush(): void {
    this.#isDue = this.#staged.length > 0;
    this.#flushIfDue();
  }

  #waitForNeighbours(): void {
    if (this.#isTimed || this.#staged.length === 0) return;
    this.#isTimed = true;
    this.#m.clock.after(
      LIMITS.syncGroupDelayMs,
      this.#m.loop.callback(() => {
        this.#isTimed = false;
        this.flush();
      }),
    );
  }

  #flushIfDue(): void {
    const isEnough = this.#staged.length >= LIMITS.syncGroupBlocksMin || this.#m.store.stagedBytes >= LIMITS.syncGroupBytesMin;
    if (this.#isFlushing || this.#staged.length === 0 || !(this.#isDue || isEnough)) return;
    this.#isFlushing = true;
    this.#isDue = false;
    const group = this.#staged;
    this.#staged = [];
    this.#m.store.flush(
      this.#whenWritten(() => {
        this.#isFlushing = false;
        this.#m.onDurable(group, "sync");
        this.#flushIfDue();
      }),
    );
  }

  #adopt(decided: Decided): void {
    this.#m.executor.adopt(decided.execution);
    this.#m.onAdopted(decided);
  }

  #finalisedBlock({ block, id, commit, envelopes, execution }: Decided): FinalisedBlock {
    const derived = this.#m.executor.writes(block.header.height, execution);
    const { receipts, nextSet } = execution;
    return { block, id, commit, envelopes, receipts, nextSet, derived };
  }

  #whenWritten(proceed: () => void): (fault: Error | null) => void {
    const { loop, metrics, clock, fatal } = this.#m;
    const startedMs = clock.nowMs();
    return loop.callback((fault: Error | null) => {
      if (fault !== null) {
        fatal(new Error("a finalised block could not be written", { cause: fault }));
        return;
      }
      metrics.observe("zhonglian_commit_seconds", (clock.nowMs() - startedMs) / 1000);
      proceed();
    });
  }

  #measureBytes({ block }: Decided, bytes: number): void {
    const kind = block.header.count === 0 ? "empty" : "full";
    this.#m.metrics.add("zhonglian_history_bytes_total", bytes, { block: kind });
  }
}
