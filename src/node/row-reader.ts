import { concatBytes } from "../lib/bytes.ts";
import type { Store } from "../ports/store.ts";
import type { Height } from "../types/scalars.ts";
import { isSharedKey } from "./chain-keys.ts";
import { placeOf } from "./object-store.ts";
import { historyUpTo, isHistoryKey, isObjectKey } from "./store-keys.ts";

/** Height and sequence: what ends the key of a history entry, and begins a stored object. */
const PLACE_BYTES = 12;

/**
 * Single rows of a store, for another one that lost them. Only such as are the same on every node; an object as it was when the chain had
 * the other's height. Whoever asks checks them against its own roots.
 */
export class RowReader {
  readonly #store: Pick<Store, "get" | "range">;

  constructor(store: Pick<Store, "get" | "range">) {
    this.#store = store;
  }

  async row(height: Height, key: Uint8Array): Promise<Uint8Array | undefined> {
    if (isObjectKey(key)) return this.#object(height, key);
    const row = isSharedKey(key) || isHistoryKey(key) ? this.#store.get(key) : undefined;
    // Of a transaction below the base the id alone may be left.
    return row?.length === 0 ? undefined : row;
  }

  async #object(height: Height, key: Uint8Array): Promise<Uint8Array | undefined> {
    const newest = this.#store.get(key);
    if (newest !== undefined && placeOf(newest).height <= height) return newest;
    const [entry] = await this.#store.range({ ...historyUpTo(key, height), limit: 1, reverse: true });
    return entry === undefined ? undefined : concatBytes(entry.key.slice(-PLACE_BYTES), entry.value);
  }
}
