import { toLatin1 } from "../lib/bytes.ts";
import type { Store, StoreWrite } from "../ports/store.ts";

/**
 * What is written and not durable yet, in front of the store. Reads here see it at once; the disk gets all of it in one synced batch, so
 * that after a crash either all of it is there or nothing. One batch is under way at a time: batches must not overtake each other.
 */
export class StagedStore {
  readonly #store: Store;
  readonly #rewritten: ReadonlySet<number | undefined>;
  #staged: Rows;
  #flushing: Rows | null = null;

  /** `rewritten`: first bytes of keys that one block after another writes; of such a row only the last version goes to the disk. */
  constructor(store: Store, rewritten: ReadonlySet<number | undefined>) {
    this.#store = store;
    this.#rewritten = rewritten;
    this.#staged = new Rows(rewritten);
  }

  /** Bytes that wait for the next flush. */
  get stagedBytes(): number {
    return this.#staged.bytes;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const write = this.#staged.get(key) ?? this.#flushing?.get(key);
    return write === undefined ? this.#store.get(key) : (write.value ?? undefined);
  }

  stage(batch: readonly StoreWrite[]): void {
    for (const write of batch) this.#staged.add(write);
  }

  /** Writes what is staged now. After a fault the node must end. */
  flush(done: (fault: Error | null) => void): void {
    const flushing = this.#staged;
    this.#flushing = flushing;
    this.#staged = new Rows(this.#rewritten);
    this.#store.write(flushing.writes(), (fault) => {
      // After a doubtful write nothing is forgotten: what was executed stays readable until the process ends.
      if (fault === null) this.#flushing = null;
      done(fault);
    });
  }
}

/** The rows of one kind: in the order of their writing, until one of them is asked for. */
interface Kind {
  writes: StoreWrite[];
  /** Last write of each key. */
  byKey: Map<string, StoreWrite> | null;
}

/**
 * Writes of many blocks, by the first byte of their keys. Most rows are entries of indices and of the past, which nobody reads before they
 * are on the disk: naming each of them, only to find it again, would cost as much as storing it.
 */
class Rows {
  readonly #rewritten: ReadonlySet<number | undefined>;
  readonly #kinds = new Map<number | undefined, Kind>();
  bytes = 0;

  constructor(rewritten: ReadonlySet<number | undefined>) {
    this.#rewritten = rewritten;
  }

  add(write: StoreWrite): void {
    const { key, value } = write;
    let kind = this.#kinds.get(key[0]);
    if (kind === undefined) {
      kind = { writes: [], byKey: this.#rewritten.has(key[0]) ? new Map() : null };
      this.#kinds.set(key[0], kind);
    }
    if (kind.byKey === null) kind.writes.push(write);
    else kind.byKey.set(toLatin1(key), write);
    this.bytes += key.length + (value?.length ?? 0);
  }

  get(key: Uint8Array): StoreWrite | undefined {
    const kind = this.#kinds.get(key[0]);
    if (kind === undefined) return undefined;
    kind.byKey ??= new Map(kind.writes.map((write) => [toLatin1(write.key), write]));
    return kind.byKey.get(toLatin1(key));
  }

  /** A key may be written more than once: the last is what counts. */
  writes(): readonly StoreWrite[] {
    const all: StoreWrite[] = [];
    for (const { writes, byKey } of this.#kinds.values()) for (const write of byKey?.values() ?? writes) all.push(write);
    return all;
  }
}
