import { Level } from "level";
import { readUint32, shortLived, writeUint32 } from "../lib/bytes.ts";
import { CodedError } from "../lib/coded-error.ts";
import type { Store, StoreEntry, StoreRange, StoreSnapshot, StoreWrite } from "../ports/store.ts";
import { crc32 } from "./crc32.ts";
import type { StoreStep } from "./failpoints.ts";
import { filesDamage } from "./level-files.ts";

type AbstractSnapshot = ReturnType<Level["snapshot"]>;

/** Of the binding for Node, which the package's types for every environment do not tell. */
interface Compacting {
  compactRange(from: Uint8Array, to: Uint8Array, options: { readonly keyEncoding: "view" }): Promise<void>;
}

/** What LevelDB sorts in memory before it writes a file: half as much would have it merge files twice as often. */
const WRITE_BUFFER_BYTES = 128 * 1024 * 1024;
const CACHE_BYTES = 64 * 1024 * 1024;
/** Behind every value stands the CRC-32 of key and value: this binding of LevelDB does not check its own checksums when it reads. */
const CHECK_BYTES = 4;

/** A fault of the data folder at opening, with a stable code. */
export class StoreOpenError extends CodedError<"FOLDER_LOCKED" | "STORE_CORRUPT" | "STORE_UNUSABLE"> {
  override readonly name = "StoreOpenError";
}

/** A record that was read is not what was written. */
export class StoreDamageError extends CodedError<"STORE_CORRUPT"> {
  override readonly name = "StoreDamageError";
}

export interface LevelStoreOptions {
  /** Called once before a read throws for a damaged record: nothing of this store is to be served any more. */
  readonly onDamage?: (error: StoreDamageError) => void;
  /** Where drills may stop the process. */
  readonly reach?: (step: StoreStep) => void;
}

/** The Store port over LevelDB. One batch is one synced write; keys and values are bytes. */
export class LevelStore implements Store {
  readonly #db: Level<Uint8Array, Uint8Array>;
  readonly #folder: string;
  readonly #onDamage: (error: StoreDamageError) => void;
  readonly #reach: (step: StoreStep) => void;

  private constructor(db: Level<Uint8Array, Uint8Array>, folder: string, options: LevelStoreOptions) {
    this.#db = db;
    this.#folder = folder;
    this.#onDamage = options.onDamage ?? (() => undefined);
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
    const stored = this.#db.getSync(key);
    return stored === undefined ? undefined : this.#checked(key, stored);
  }

  range(range: StoreRange): Promise<readonly StoreEntry[]> {
    return this.#range(range, {});
  }

  snapshot(): StoreSnapshot {
    const snapshot = this.#db.snapshot();
    return {
      get: (key) => {
        const stored = this.#db.getSync(key, { snapshot });
        return stored === undefined ? undefined : this.#checked(key, stored);
      },
      range: (range) => this.#range(range, { snapshot, fillCache: false }),
      close: () => snapshot.close(),
    };
  }

  async #range(
    { from, to, limit, reverse }: StoreRange,
    options: { readonly snapshot?: AbstractSnapshot; readonly fillCache?: boolean },
  ): Promise<readonly StoreEntry[]> {
    const entries = await this.#db.iterator({ gte: from, lt: to, limit, reverse: reverse === true, ...options }).all();
    return entries.map(([key, stored]) => ({ key, value: this.#checked(key, stored) }));
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

  /** The keys of all records that are not what was written. Reads everything. */
  async damagedKeys(): Promise<readonly Uint8Array[]> {
    const damaged: Uint8Array[] = [];
    for await (const [key, stored] of this.#db.iterator({ fillCache: false })) if (!isSound(key, stored)) damaged.push(key);
    return damaged;
  }

  async compact({ from, to }: Pick<StoreRange, "from" | "to">): Promise<void> {
    await (this.#db as unknown as Compacting).compactRange(from, to, { keyEncoding: "view" });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  #checked(key: Uint8Array, stored: Uint8Array): Uint8Array {
    if (isSound(key, stored)) return stored.subarray(0, stored.length - CHECK_BYTES);
    const error = new StoreDamageError("STORE_CORRUPT", `a record of the data folder ${this.#folder} is not what was written`);
    this.#onDamage(error);
    throw error;
  }
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
