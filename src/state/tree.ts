import { assert } from "../lib/assert.ts";
import { toHex } from "../lib/bytes.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height } from "../types/scalars.ts";
import { EMPTY_HASH, type TreeHasher } from "./node-hash.ts";
import { Page } from "./page.ts";
import { PageCache } from "./page-cache.ts";
import { type PageRead, type PageUpdate, updatePages } from "./tree-update.ts";

/** Where pages are kept; paths are hex nibbles from the root, the root page's is "". */
export interface PageReader {
  page(path: string): Uint8Array | undefined;
}

/** `valueHash` null removes the key. */
export interface TreeChange {
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array | null;
}

export interface PageWrite {
  readonly path: string;
  /** null: the page is no more. */
  readonly bytes: Uint8Array | null;
}

/** A computed next state, not yet adopted: several candidates may stand side by side. */
export interface TreeUpdate {
  readonly root: Hash;
  /** The root of the state that it changes. */
  readonly parent: Hash;
  readonly pages: readonly PageUpdate[];
}

/**
 * Authenticated binary tree over key hashes (protocol.md §1, §7), stored in pages of four levels. `update` computes the next root
 * from the changed keys alone; `adopt` makes it the current state once its pages are durable.
 */
export class StateTree {
  readonly #reader: PageReader;
  readonly #hasher: TreeHasher;
  readonly #cache: PageCache;
  /** Of the state that was adopted last. */
  #root: Hash | null = null;

  constructor(reader: PageReader, hasher: TreeHasher, cacheBytesMax: number = LIMITS.stateCacheBytes) {
    this.#reader = reader;
    this.#hasher = hasher;
    this.#cache = new PageCache(cacheBytesMax);
  }

  root(): Hash {
    return rootOf(this.page(""));
  }

  /** The page at a path, undefined if there is none. Throws StateCorruptError. */
  page(path: string): Page | undefined {
    const cached = this.#cache.get(path);
    // What lies in the cache's memory is another page's soon.
    if (cached !== undefined) return cached.copy();
    const bytes = this.#reader.page(path);
    if (bytes === undefined) return undefined;
    const page = Page.decode(bytes, this.#hasher);
    this.#cache.set(path, page);
    return page;
  }

  /** With the height of the block that makes these changes also how the pages were. Throws StateCorruptError. */
  update(changes: readonly TreeChange[], undoAt: Height | null = null): TreeUpdate {
    // Kept only when all is done: what the cache answers is good until it is given something.
    const read = new Map<string, Page>();
    const pages = updatePages(changes, undoAt, this.#hasher, (reads) => this.#pages(reads, read));
    const top = pages.at(-1);
    // Before the cache is given anything: the pages before lie in it.
    const parent = rootOf(top?.before);
    for (const [path, page] of read) this.#cache.set(path, page);
    return { root: rootOf(top?.after ?? undefined), parent, pages };
  }

  /** The update of the state that stands: its pages go over those that it was computed from. */
  adopt(update: TreeUpdate): void {
    assert(this.#root === null || this.#root === update.parent, "what is adopted changes the state that stands");
    this.#root = update.root;
    this.#cache.adopt(update.pages);
  }

  /** Those that are not in the cache are hashed together, and added to `read`. */
  #pages(reads: readonly PageRead[], read: Map<string, Page>): readonly (Page | undefined)[] {
    const missing: string[] = [];
    const stored: Uint8Array[] = [];
    const pages = this.#cache.all(reads);
    for (let index = 0; index < pages.length; index++) {
      if (pages[index] !== undefined) continue;
      const { path } = reads[index] as PageRead;
      const bytes = this.#reader.page(path);
      if (bytes === undefined) continue;
      missing.push(path);
      stored.push(bytes);
    }
    if (stored.length === 0) return pages;
    for (const [index, page] of Page.decodeAll(stored, this.#hasher).entries()) read.set(missing[index] as string, page);
    return reads.map(({ path }, index) => pages[index] ?? read.get(path));
  }
}

export function pageWrites(update: TreeUpdate): readonly PageWrite[] {
  return update.pages.map(({ path, after }) => ({ path, bytes: after === null ? null : after.encode() }));
}

function rootOf(page: Page | undefined): Hash {
  return toHex(page?.top?.hash ?? EMPTY_HASH) as Hash;
}

/** Which child of the page at this depth a key is below. */
export function nibbleAt(keyHash: Uint8Array, depth: number): number {
  const byte = keyHash[depth >> 1] as number;
  return depth % 2 === 0 ? byte >> 4 : byte & 15;
}
