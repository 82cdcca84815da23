import type { MonotonicClock } from "../ports/clock.ts";
import type { Logger, Metrics } from "../ports/observe.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Keep } from "../types/retention.ts";
import type { Height, TimeMs, TxId } from "../types/scalars.ts";
import { type ChainStore, rowsOfHeight, usedIdWrite } from "./chain-store.ts";
import { Compaction } from "./compaction.ts";
import type { EventLoop } from "./event-loop.ts";
import { type LeftIds, lowestLeftIds } from "./left-ids.ts";

interface PrunerModules {
  readonly keep: Keep;
  readonly chain: ChainStore;
  readonly store: Pick<Store, "write" | "range" | "compact">;
  /** Since when blocks may have taken a transaction that one after this time could hold once more. */
  readonly usedIdsSinceMs: (nowMs: TimeMs) => TimeMs;
  /** Null: this node gives no snapshots, so nobody goes on from one with its blocks. */
  readonly snapshots: Pick<SnapshotFiles, "heights"> | null;
  readonly clock: MonotonicClock;
  readonly loop: EventLoop;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Ends the process: a write failed or is doubtful. */
  readonly fatal: (error: Error) => void;
}

/**
 * Lets go of the past beyond what `keep` says, a little at a time. First the base rises: from then on readers and peers are told that
 * nothing below is kept. Then the rows below it are deleted in small batches, and only then does the base rise further. A crash in
 * between leaves rows that nobody reads, and the next start deletes them.
 */
export class Pruner {
  readonly #m: PrunerModules;
  readonly #rowsPerSlice: number;
  readonly #compaction: Compaction;
  #working = false;
  #saidWaits = false;
  /** Rows of the height under way that are still there, last things last. */
  #left: StoreWrite[] = [];
  /** Ids, and last the row that tells of them. */
  #forgetting: StoreWrite[] = [];
  /** When the next ids of blocks that are not here may be forgotten; until it is looked for, any time. */
  #idsDueMs: TimeMs = 0;

  constructor(modules: PrunerModules, rowsPerSlice: number = LIMITS.pruneRowsPerSlice) {
    this.#m = modules;
    this.#rowsPerSlice = rowsPerSlice;
    this.#compaction = new Compaction(modules);
  }

  /** After a start, and after each durable block. */
  onBlock(): void {
    if (this.#working) return;
    this.#working = true;
    this.#soon();
  }

  #soon(): void {
    this.#m.clock.after(
      LIMITS.pruneTickMs,
      this.#m.loop.callback(() => this.#tick()),
    );
  }

  #tick(): void {
    const { chain, store } = this.#m;
    if (chain.swept < chain.base) {
      this.#sweep();
      return;
    }
    if (this.#forgetting.length > 0) {
      this.#delete(this.#forgetting.splice(0, this.#rowsPerSlice));
      return;
    }
    if (chain.base === 0 || this.#idsDueMs >= chain.head.timeMs) {
      this.#proceed();
      return;
    }
    lowestLeftIds(store).then(
      this.#m.loop.callback((ids: LeftIds | undefined) => this.#forget(ids)),
      (error: unknown) => this.#m.fatal(new Error("the ids of blocks that are not kept cannot be read", { cause: error })),
    );
  }

  /** Ids that no block can hold any more need not be known: without this they would stay for ever. */
  #forget(left: LeftIds | undefined): void {
    this.#idsDueMs = left?.untilMs ?? Number.POSITIVE_INFINITY;
    if (left === undefined || left.untilMs >= this.#m.chain.head.timeMs) {
      this.#proceed();
      return;
    }
    this.#forgetting = [...left.ids.map(forgottenIdWrite), { key: left.key, value: null }];
    this.#tick();
  }

  #proceed(): void {
    const { chain, snapshots } = this.#m;
    if (this.#m.keep.kind === "all" || !this.#isPast(chain.base)) {
      this.#rest();
      return;
    }
    if (snapshots === null) {
      this.#raise(Number.POSITIVE_INFINITY);
      return;
    }
    // Who joins by a snapshot given here goes on with the blocks after it; as long as there is none, with the first.
    snapshots.heights().then(
      this.#m.loop.callback((heights: readonly Height[]) => {
        if (heights.length === 0 && !this.#saidWaits) this.#m.logger.info("nothing is let go of before there is a snapshot");
        this.#saidWaits = heights.length === 0;
        this.#raise(heights[0] ?? 0);
      }),
      (error: unknown) => this.#m.fatal(new Error("the snapshots cannot be listed", { cause: error })),
    );
  }

  /** Nothing is to be done until the next block. */
  #rest(): void {
    this.#working = false;
  }

  #raise(limit: Height): void {
    const { chain } = this.#m;
    let to = chain.base;
    while (to < limit && to - chain.base < LIMITS.pruneBlocksAtOnce && this.#isPast(to)) to += 1;
    if (to === chain.base) {
      this.#rest();
      return;
    }
    this.#write(chain.baseWrites(to));
  }

  /** Whether the block at this height, and the state after it, may go as far as time and number tell. */
  #isPast(height: Height): boolean {
    const { chain, keep, usedIdsSinceMs } = this.#m;
    const { head } = chain;
    if (keep.kind === "all" || height >= head.height) return false;
    if (keep.kind === "blocks" && height > head.height - keep.count) return false;
    const followingMs = chain.block(height + 1)?.header.timeMs ?? head.timeMs;
    // The window's blocks go with a snapshot, whatever is kept: a joiner must know their transactions.
    const usedMs = usedIdsSinceMs(head.timeMs);
    return followingMs < (keep.kind === "days" ? Math.min(usedMs, head.timeMs - keep.days * LIMITS.dayMs) : usedMs);
  }

  #sweep(): void {
    const { chain } = this.#m;
    let { swept } = chain;
    const batch: StoreWrite[] = [];
    const marks: StoreWrite[] = [];
    while (batch.length < this.#rowsPerSlice && swept < chain.base) {
      if (this.#left.length === 0) this.#left = this.#rowsOf(swept);
      batch.push(...this.#left.splice(0, this.#rowsPerSlice - batch.length));
      if (this.#left.length > 0) break;
      swept += 1;
      marks[0] = chain.sweptWrite(swept);
    }
    this.#delete(batch, marks);
  }

  #delete(batch: readonly StoreWrite[], marks: readonly StoreWrite[] = []): void {
    this.#m.metrics.add("zhonglian_pruned_rows_total", batch.length);
    this.#write([...batch, ...marks], () => this.#compaction.onDeleted(batch.length));
  }

  /** What goes with a height; the block itself comes last, since it tells what else goes. */
  #rowsOf(height: Height): StoreWrite[] {
    const { chain } = this.#m;
    const { transactions, others } = rowsOfHeight(chain, height);
    return [...transactions.map(forgottenIdWrite), ...others.map((key) => ({ key, value: null }))];
  }

  #write(batch: readonly StoreWrite[], written: () => void = () => undefined): void {
    this.#m.store.write(
      batch,
      this.#m.loop.callback((fault: Error | null) => {
        if (fault !== null) {
          this.#m.fatal(new Error("what is no longer kept could not be deleted", { cause: fault }));
          return;
        }
        written();
        this.#soon();
      }),
    );
  }
}

function forgottenIdWrite(id: TxId): StoreWrite {
  return { ...usedIdWrite(id), value: null };
}
