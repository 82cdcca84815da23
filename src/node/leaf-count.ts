import { concatBytes } from "../lib/bytes.ts";
import type { StoreSnapshot } from "../ports/store.ts";
import { pageOutline } from "../state/page.ts";
import { CHILDREN } from "../state/page-shape.ts";
import { LIMITS } from "../types/limits.ts";
import { pageKey } from "./chain-keys.ts";
import { allObjectsOfAllKinds } from "./store-keys.ts";

/**
 * Counts the leaves of the state tree and the objects of the same moment: a leaf does not tell whose it is, so an object that is gone is found by
 * its number alone. In steps, since the store's snapshot must not be held for long, nor the node kept from its work.
 */
export class LeafCount {
  readonly #state: StoreSnapshot;
  readonly #paths = [""];
  #from = allObjectsOfAllKinds().from;
  leaves = 0;
  objects = 0;

  constructor(state: StoreSnapshot) {
    this.#state = state;
  }

  /** Answers whether all is counted. Throws StateCorruptError. */
  async step(): Promise<boolean> {
    if (this.#paths.length > 0) {
      for (let count = 0; count < LIMITS.auditCountedPages; count++) this.#page();
      return false;
    }
    const limit = LIMITS.auditCountedObjects;
    const entries = await this.#state.range({ from: this.#from, to: allObjectsOfAllKinds().to, limit });
    this.objects += entries.length;
    const last = entries.at(-1);
    if (last !== undefined) this.#from = concatBytes(last.key, Uint8Array.of(0));
    return entries.length < limit;
  }

  close(): Promise<void> {
    return this.#state.close();
  }

  #page(): void {
    const path = this.#paths.pop();
    const bytes = path === undefined ? undefined : this.#state.get(pageKey(path));
    if (path === undefined || bytes === undefined) return;
    const { leaves, branches } = pageOutline(bytes);
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      if ((leaves >> nibble) & 1) this.leaves += 1;
      if ((branches >> nibble) & 1) this.#paths.push(path + nibble.toString(16));
    }
  }
}
