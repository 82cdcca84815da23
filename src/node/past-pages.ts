import { concatBytes } from "../lib/bytes.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store } from "../ports/store.ts";
import { Page } from "../state/page.ts";
import { PageBefore } from "../state/page-undo.ts";
import { nibbleAt, type PageReader } from "../state/tree.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";
import { pageUndoKey } from "./chain-keys.ts";
import type { ChainStore } from "./chain-store.ts";

/** The state tree as it was after any block whose state is kept. */
export class PastPages {
  readonly #store: Pick<Store, "range">;
  readonly #chain: ChainStore;
  readonly #hasher: Hasher;

  constructor(modules: { readonly store: Pick<Store, "range">; readonly chain: ChainStore; readonly hasher: Hasher }) {
    this.#store = modules.store;
    this.#chain = modules.chain;
    this.#hasher = modules.hasher;
  }

  /**
   * The pages on the ways to these keys after a block; undefined where they are not kept. What becomes durable meanwhile may be seen of the newest
   * state, so whoever reads compares the root with the block's.
   */
  async at(height: Height, keyHashes: readonly Uint8Array[]): Promise<PageReader | undefined> {
    if (height === this.#chain.head.height) return this.#chain.pages;
    const pages = new Map<string, Page | undefined>();
    for (const keyHash of keyHashes) await this.#descend(keyHash, height, pages);
    // What was let go of meanwhile may have been missed.
    if (height < this.#chain.base) return undefined;
    return { page: (path) => pages.get(path)?.encode() };
  }

  /** A page as it was after a block, undefined if there was none. Throws StateCorruptError. */
  async page(path: string, height: Height): Promise<Page | undefined> {
    // Read before the undos: of a block in between there is then an undo too many, which does no harm, and never one too few.
    const newest = this.#chain.pages.page(path);
    const before = new PageBefore();
    const to = pageUndoKey(path, Number.MAX_SAFE_INTEGER);
    for (let from = pageUndoKey(path, height + 1); !before.isWhole; ) {
      const undos = await this.#store.range({ from, to, limit: LIMITS.pageUndosPerRead });
      for (const { value } of undos) before.add(value, this.#hasher);
      const last = undos.at(-1);
      if (last === undefined || undos.length < LIMITS.pageUndosPerRead) break;
      from = concatBytes(last.key, Uint8Array.of(0));
    }
    return before.over(newest === undefined ? undefined : Page.decode(newest, this.#hasher), this.#hasher);
  }

  async #descend(keyHash: Uint8Array, height: Height, pages: Map<string, Page | undefined>): Promise<void> {
    for (let path = ""; ; ) {
      if (!pages.has(path)) pages.set(path, await this.page(path, height));
      const nibble = nibbleAt(keyHash, path.length);
      const child = pages.get(path)?.child(nibble);
      if (child === undefined || child === null || child.leaf !== null) return;
      path += nibble.toString(16);
    }
  }
}
