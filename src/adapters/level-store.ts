import { Level } from "level";
import { readUint32, shortLived, writeUint32 } from "../lib/bytes.ts";
import { CodedError } from "../lib/coded-error.ts";
import type { Store, StoreEntry, StoreRange, StoreSnapshot, StoreWrite } from "../ports/store.ts";
import { crc32 } from "./crc32.ts";
import type { StoreStep } from "./failpoints.ts";
import { filesDamage } from "./level-files.ts";

type AbstractSnapshot = ReturnType<Level["snapshot"]>;
/** Key, and value as it is stored. */
type Stored = readonly [key: Uint8Array, stored: Uint8Array];

interface Reading {
  readonly snapshot?: AbstractSnapshot;
  readonly fillCache?: boolean;
}

/** Of the binding for Node, which the package's types for every environment do not tell. */
interface Compacting {
  compactRange(from: Uint8Array, to: Uint8Array, options: { readonly keyEncoding: "view" }): Promise<void>;
}

/** What LevelDB sorts in memory before it writes a file: half as much would have it merge files twice as often. */
const WRITE_BUFFER_BYTES = 128 * 1024 * 1024;
const CACHE_BYTES = 64 * 1024 * 1024;
/** Behind every value stands the CRC-32 of key and value: this binding of LevelDB does not check its own checksums when it reads. */
const CHECK_BYTES = 4;
/** Of what is left of a damaged store so many records are read at a time. */
const SALVAGED_AT_ONCE = 1_024;

/** A fault of the data folder at opening, with a stable code. */
export class StoreOpenError extends CodedError<"FOLDER_LOCKED" | "STORE_CORRUPT" | "STORE_UNUSABLE"> {
  override readonly name = "StoreOpenError";
}

/** A record that was read is not what was written, or LevelDB cannot read a block of its files. */
export class StoreDamageError extends CodedError<"STORE_CORRUPT"> {
  override readonly name = "StoreDamageError";
}

export interface LevelStoreOptions {
  /** Called once before a read throws for a damaged record: nothing of this store is to be served any more. */
  readonly onDamage?: (error: StoreDamageError) => void;
  /** What is damaged counts as absent: for a look at all that is left. */
  readonly skipsDamage?: boolean;
  /** Where drills may stop the process. */
  readonly reach?: (step: StoreStep) => void;
}

/** The Store port over LevelDB. One batch is one synced write; keys and values are bytes. */
export class LevelStore implements Store {
  readonly #db: Level<Uint8Array, Uint8Array>;
  readonly #folder: string;
  readonly #onDamage: (error: StoreDamageError) => void;
  readonly #skipsDamage: boolean;
  readonly #reach: (step: StoreStep) => void;

  private constructor(db: Level<Uint8Array, Uint8Array>, folder: string, options: LevelStoreOptions) {
    this.#db = db;
    this.#folder = folder;
    this.#onDamage = options.onDamage ?? (() => undefined);
    this.#skipsDamage = options.skipsDamage === true;
    this.#reach = options.reach ?? (() => undefined);
  }

  /** Throws StoreOpenError. */
  static async open(folder: string, options: LevelStoreOptions = {}): Promise<LevelStore> {
    const damage = filesDamage(folder);
    if (damage !== null) throw new StoreOpenError("STORE_CORRUPT", `the data folder ${folder} is damaged: ${damage}`);
    const db = new Level<Uint8Array, Uint8Array>(folder, {
      keyEncoding: "view",
      valueEncoding: "view",
      writeBufferSize: WRITE_BUFFER_BYTES,
      cacheSize: CACHE_BYTES,
    });
    try {
      await db.open();
    } catch (error) {
      throw openError(error, folder);
    }
    return new LevelStore(db, folder, options);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#get(key, {});
  }

  range(range: StoreRange): Promise<readonly StoreEntry[]> {
    return this.#range(range, {});
  }

  snapshot(): StoreSnapshot {
    const snapshot = this.#db.snapshot();
    return {
      get: (key) => this.#get(key, { snapshot }),
      range: (range) => this.#range(range, { snapshot, fillCache: false }),
      close: () => snapshot.close(),
    };
  }

  #get(key: Uint8Array, reading: Reading): Uint8Array | undefined {
    let stored: Uint8Array | undefined;
    try {
      stored = this.#db.getSync(key, reading);
    } catch (error) {
      if (!isCorruption(error)) throw error;
      if (this.#skipsDamage) return undefined;
      this.#fail(error);
    }
    if (stored === undefined || (this.#skipsDamage && !isSound(key, stored))) return undefined;
    return this.#checked(key, stored);
  }

  async #range(range: StoreRange, reading: Reading): Promise<readonly StoreEntry[]> {
    if (this.#skipsDamage) return this.#left(range, reading);
    const { from, to, limit, reverse } = range;
    let entries: readonly Stored[];
    try {
      entries = await this.#db.iterator({ gte: from, lt: to, limit, reverse: reverse === true, ...reading }).all();
    } catch (error) {
      if (!isCorruption(error)) throw error;
      this.#fail(error);
    }
    return entries.map(([key, stored]) => ({ key, value: this.#checked(key, stored) }));
  }

  async #left(range: StoreRange, reading: Reading): Promise<readonly StoreEntry[]> {
    const left: StoreEntry[] = [];
    for await (const { entries } of this.#salvage(range, reading)) {
      for (const [key, stored] of entries)
        if (isSound(key, stored)) left.push({ key, value: stored.subarray(0, stored.length - CHECK_BYTES) });
      if (left.length >= range.limit) break;
    }
    return left.slice(0, range.limit);
  }

  /**
   * Records as they are stored, and last whether LevelDB could not read some. It passes over a block of its files that it cannot read, and fails
   * once there is nothing behind, with all that it was asked for at once: so less is asked for, until nothing is left.
   */
  async *#salvage(
    { from, to, limit, reverse }: StoreRange,
    reading: Reading,
  ): AsyncGenerator<{ readonly entries: readonly Stored[]; readonly isUnreadable: boolean }> {
    let size = Math.min(limit, SALVAGED_AT_ONCE);
    let isUnreadable = false;
    let bounds: { gte?: Uint8Array; gt?: Uint8Array; lt: Uint8Array } = { gte: from, lt: to };
    while (size > 0) {
      const iterator = this.#db.iterator({ ...bounds, reverse: reverse === true, ...reading });
      try {
        for (;;) {
          const entries = await iterator.nextv(size);
          const last = entries.at(-1)?.[0];
          if (last === undefined) {
            yield { entries, isUnreadable };
            return;
          }
          bounds = reverse === true ? { gte: from, lt: last } : { gt: last, lt: to };
          yield { entries, isUnreadable };
        }
      } catch (error) {
        if (!isCorruption(error)) throw error;
        isUnreadable = true;
        size = Math.floor(size / 2);
      } finally {
        await iterator.close();
      }
    }
    yield { entries: [], isUnreadable };
  }

  write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    const chained = this.#db.batch();
    for (const { key, value } of batch) {
      if (value === null) chained.del(key);
      else chained.put(key, withCheck(key, value));
    }
    this.#reach("begin");
    chained.write({ sync: true }).then(
      () => {
        this.#reach("written");
        done(null);
        this.#reach("told");
      },
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** All records that are not what was written. Reads everything. */
  async damage(): Promise<StoreDamage> {
    const keys: Uint8Array[] = [];
    let hasUnreadable = false;
    const everything = { from: new Uint8Array(0), to: Uint8Array.of(0xff), limit: Number.POSITIVE_INFINITY };
    for await (const { entries, isUnreadable } of this.#salvage(everything, { fillCache: false })) {
      for (const [key, stored] of entries) if (!isSound(key, stored)) keys.push(key);
      hasUnreadable = isUnreadable;
    }
    return { keys, hasUnreadable };
  }

  async compact({ from, to }: Pick<StoreRange, "from" | "to">): Promise<void> {
    await (this.#db as unknown as Compacting).compactRange(from, to, { keyEncoding: "view" });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  #checked(key: Uint8Array, stored: Uint8Array): Uint8Array {
    if (isSound(key, stored)) return stored.subarray(0, stored.length - CHECK_BYTES);
    return this.#fail();
  }

  #fail(cause?: unknown): never {
    const what = cause === undefined ? "is not what was written" : "cannot be read";
    const error = new StoreDamageError("STORE_CORRUPT", `a record of the data folder ${this.#folder} ${what}`, cause);
    this.#onDamage(error);
    throw error;
  }
}

export interface StoreDamage {
  /** Of records whose checksum is wrong. */
  readonly keys: readonly Uint8Array[];
  /** Whether LevelDB could not read some of its own blocks: what lies in them it cannot tell. */
  readonly hasUnreadable: boolean;
}

function isCorruption(error: unknown): boolean {
  return (error as { readonly code?: string }).code === "LEVEL_CORRUPTION";
}

function isSound(key: Uint8Array, stored: Uint8Array): boolean {
  const end = stored.length - CHECK_BYTES;
  if (end < 0) return false;
  return readUint32(stored, end) === crc32(stored.subarray(0, end), crc32(key));
}

/** The value as it is stored. */
export function withCheck(key: Uint8Array, value: Uint8Array): Uint8Array {
  const stored = shortLived(value.length + CHECK_BYTES);
  stored.set(value);
  writeUint32(stored, value.length, crc32(value, crc32(key)));
  return stored;
}

function openError(error: unknown, folder: string): StoreOpenError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  if (cause?.code === "LEVEL_LOCKED") {
    return new StoreOpenError("FOLDER_LOCKED", `the data folder ${folder} is in use by another node process`, error);
  }
  if (cause?.code === "LEVEL_CORRUPTION" || /corrupt/i.test(String(cause?.message))) {
    return new StoreOpenError("STORE_CORRUPT", `the data folder ${folder} is damaged: ${cause?.message}`, error);
  }
  return new StoreOpenError("STORE_UNUSABLE", `cannot open the data folder ${folder}: ${cause?.message ?? String(error)}`, error);
}
