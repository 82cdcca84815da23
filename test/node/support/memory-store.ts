import { compareBytes, toHex } from "../../../src/lib/bytes.ts";
import type { Store, StoreEntry, StoreRange, StoreSnapshot, StoreWrite } from "../../../src/ports/store.ts";

/** A store in memory that counts what is read of it. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, StoreEntry>();
  #sorted: readonly StoreEntry[] | null = null;
  reads = 0;

  get(key: Uint8Array): Uint8Array | undefined {
    this.reads += 1;
    return this.#values.get(toHex(key))?.value;
  }

  range({ from, to, limit, reverse }: StoreRange): Promise<readonly StoreEntry[]> {
    const all = this.#all();
    const first = placeOf(all, from);
    const found: StoreEntry[] = [];
    for (let at = first; at < all.length; at++) {
      const entry = all[at] as StoreEntry;
      if (compareBytes(entry.key, to) >= 0) break;
      found.push(entry);
      if (reverse !== true && found.length === limit) break;
    }
    if (reverse === true) found.reverse();
    const page = found.slice(0, limit);
    this.reads += page.length;
    return Promise.resolve(page);
  }

  snapshot(): StoreSnapshot {
    const still = new MemoryStore();
    still.put(this.#all().map(({ key, value }) => ({ key, value })));
    return {
      get: (key) => still.get(key),
      range: (range) => still.range(range),
      close: () => Promise.resolve(),
    };
  }

  write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    this.put(batch);
    queueMicrotask(() => done(null));
  }

  compact(): Promise<void> {
    return Promise.resolve();
  }

  put(batch: readonly StoreWrite[]): void {
    this.#sorted = null;
    for (const { key, value } of batch) {
      if (value === null) this.#values.delete(toHex(key));
      else this.#values.set(toHex(key), { key: key.slice(), value: value.slice() });
    }
  }

  #all(): readonly StoreEntry[] {
    this.#sorted ??= [...this.#values.values()].sort((left, right) => compareBytes(left.key, right.key));
    return this.#sorted;
  }
}

/** How many entries have a lower key. */
function placeOf(sorted: readonly StoreEntry[], key: Uint8Array): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes((sorted[middle] as StoreEntry).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
