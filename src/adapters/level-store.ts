import { Level } from "level";
import { CodedError } from "../lib/coded-error.ts";
import type { Store, StoreEntry, StoreRange, StoreWrite } from "../ports/store.ts";

const WRITE_BUFFER_BYTES = 64 * 1024 * 1024;
const CACHE_BYTES = 64 * 1024 * 1024;

/** A fault of the data folder at opening, with a stable code. */
export class StoreOpenError extends CodedError<"FOLDER_LOCKED" | "STORE_CORRUPT" | "STORE_UNUSABLE"> {
  override readonly name = "StoreOpenError";
}

/** The Store port over LevelDB. One batch is one synced write; keys and values are bytes. */
export class LevelStore implements Store {
  readonly #db: Level<Uint8Array, Uint8Array>;

  private constructor(db: Level<Uint8Array, Uint8Array>) {
    this.#db = db;
  }

  /** Throws StoreOpenError. */
  static async open(folder: string): Promise<LevelStore> {
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
    return new LevelStore(db);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#db.getSync(key);
  }

  async range({ from, to, limit, reverse }: StoreRange): Promise<readonly StoreEntry[]> {
    const entries = await this.#db.iterator({ gte: from, lt: to, limit, reverse: reverse === true }).all();
    return entries.map(([key, value]) => ({ key, value }));
  }

  write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    const chained = this.#db.batch();
    for (const { key, value } of batch) {
      if (value === null) chained.del(key);
      else chained.put(key, value);
    }
    chained.write({ sync: true }).then(
      () => done(null),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
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
