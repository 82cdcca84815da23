import { LevelStore } from "../../adapters/level-store.ts";
import type { Store, StoreEntry, StoreRange, StoreSnapshot, StoreWrite } from "../../ports/store.ts";

/** A node's store that counts what execution asks it for: what none of the caches in front of it holds. */
export class CountedStore implements Store {
  readonly #store: LevelStore;
  #reads = 0;

  private constructor(store: LevelStore) {
    this.#store = store;
  }

  static async open(folder: string): Promise<CountedStore> {
    return new CountedStore(await LevelStore.open(folder));
  }

  get reads(): number {
    return this.#reads;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#reads += 1;
    return this.#store.get(key);
  }

  range(range: StoreRange): Promise<readonly StoreEntry[]> {
    return this.#store.range(range);
  }

  snapshot(): StoreSnapshot {
    return this.#store.snapshot();
  }

  write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    this.#store.write(batch, done);
  }

  compact(range: Pick<StoreRange, "from" | "to">): Promise<void> {
    return this.#store.compact(range);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
