import type { Kind } from "../ledger/kinds.ts";
import { concatBytes, toHex } from "../lib/bytes.ts";
import type { Store, StoreEntry, StoreWrite } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash } from "../types/scalars.ts";
import { REBUILDING_KEY } from "./chain-keys.ts";
import { addTotal, encodeTotal, indexEntries, type TotalSums, totalsOfObject } from "./ledger-index.ts";
import { readStoredObject } from "./object-store.ts";
import { allDerived, allObjectsOfAllKinds, splitKey } from "./store-keys.ts";

/**
 * Makes indices and totals anew from the objects of a store to which nobody else writes: of a node that joined by a snapshot, before it
 * takes part. Until it is done the store says so; begun again after a crash, it comes to the same.
 */
export class IndexRebuild {
  readonly #store: Store;
  readonly #pause: () => Promise<void>;

  constructor(modules: { readonly store: Store; readonly pause: () => Promise<void> }) {
    this.#store = modules.store;
    this.#pause = modules.pause;
  }

  /** Answers how many objects there are. */
  async run(): Promise<number> {
    await this.#write([{ key: REBUILDING_KEY, value: new Uint8Array(0) }]);
    for (const what of ["index", "total"] as const) {
      await this.#each(allDerived(what), (entries) => entries.map(({ key }) => ({ key, value: null })));
    }
    const totals: TotalSums = new Map();
    let objects = 0;
    await this.#each(allObjectsOfAllKinds(), (entries) => {
      objects += entries.length;
      const writes: StoreWrite[] = [];
      for (const entry of entries) addObject(entry, writes, totals);
      return writes;
    });
    const sums = [...totals.values()].map(({ key, count, sum }) => ({ key, value: encodeTotal({ count, sum }) }));
    await this.#write([...sums, { key: REBUILDING_KEY, value: null }]);
    return objects;
  }

  /** In slices, so that the node answers readers in between; the next is read while what comes of one is being written. */
  async #each(
    { from, to }: { readonly from: Uint8Array; readonly to: Uint8Array },
    writesOf: (entries: readonly StoreEntry[]) => readonly StoreWrite[],
  ): Promise<void> {
    const slice = (start: Uint8Array) => this.#store.range({ from: start, to, limit: LIMITS.rebuildSliceEntries });
    let entries = await slice(from);
    for (let last = entries.at(-1); last !== undefined; last = entries.at(-1)) {
      const writes = writesOf(entries);
      [entries] = await Promise.all([slice(concatBytes(last.key, Uint8Array.of(0))), this.#write(writes)]);
      await this.#pause();
    }
  }

  #write(batch: readonly StoreWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (batch.length === 0) resolve();
      else this.#store.write(batch, (fault) => (fault === null ? resolve() : reject(fault)));
    });
  }
}

function addObject({ key, value }: StoreEntry, writes: StoreWrite[], totals: TotalSums): void {
  const { texts, rest } = splitKey(key, 1);
  const kind = texts[0] as Kind;
  const { object } = readStoredObject(kind, value);
  indexEntries({ kind, id: toHex(rest) as Hash, before: undefined, after: object }, writes);
  for (const total of totalsOfObject(kind, object)) addTotal(totals, kind, total, 1);
}
