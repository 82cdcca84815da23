import { toLatin1 } from "../lib/bytes.ts";
import type { Store, StoreWrite } from "../ports/store.ts";

/** Last write of each key, since a batch may hold many blocks. */
type Writes = Map<string, StoreWrite>;

/**
 * What is written and not durable yet, in front of the store. Reads here see it at once; the disk gets all of it in one synced batch, so
 * that after a crash either all of it is there or nothing. One batch is under way at a time: batches must not overtake each other.
 */
export class StagedStore {
  readonly #store: Store;
  #staged: Writes = new Map();
  #flushing: Writes | null = null;
  #stagedBytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Bytes that wait for the next flush. */
  get stagedBytes(): number {
    return this.#stagedBytes;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (this.#staged.size > 0 || this.#flushing !== null) {
      const name = toLatin1(key);
      const write = this.#staged.get(name) ?? this.#flushing?.get(name);
      if (write !== undefined) return write.value ?? undefined;
    }
    return this.#store.get(key);
  }

  stage(batch: readonly StoreWrite[]): void {
    for (const write of batch) {
      this.#staged.set(toLatin1(write.key), write);
      this.#stagedBytes += write.key.length + (write.value?.length ?? 0);
    }
  }

  /** Writes what is staged now. After a fault the node must end. */
  flush(done: (fault: Error | null) => void): void {
    const flushing = this.#staged;
    this.#flushing = flushing;
    this.#staged = new Map();
    this.#stagedBytes = 0;
    this.#store.write([...flushing.values()], (fault) => {
      // After a doubtful write nothing is forgotten: what was executed stays readable until the process ends.
      if (fault === null) this.#flushing = null;
      done(fault);
    });
  }
}
