import { assert } from "../lib/assert.ts";
import { compareBytes, equalBytes, toHex } from "../lib/bytes.ts";
import { RecentMap } from "../lib/recent-map.ts";
import type { Hash } from "../types/scalars.ts";
import { EMPTY_HASH, type Leaf, leafNode, type TreeHasher, type TreeNode } from "./node-hash.ts";
import { CHILDREN, changedMask, Page, type PageChange, StateCorruptError } from "./page.ts";

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

/** What becomes of a page: null is one that is not stored. */
export interface PageUpdate {
  readonly before: Page | null;
  readonly after: Page | null;
  /** Bit i: child i is another. */
  readonly changed: number;
}

/** A computed next state, not yet adopted: several candidates may stand side by side. */
export interface TreeUpdate {
  readonly root: Hash;
  readonly pages: ReadonlyMap<string, PageUpdate>;
}

/** A page under change: `settle` brings the node that stands for it to the page above. */
interface Draft extends PageChange {
  readonly path: string;
  readonly children: (TreeNode | null | undefined)[];
  readonly settle: (top: TreeNode | null) => void;
}

/** Most pages hold two or three leaves and take a few hundred bytes. */
const PAGES_CACHED_MAX = 262_144;

/**
 * Authenticated binary tree over key hashes (protocol.md §1, §7), stored in pages of four levels. `update` computes the next root
 * from the changed keys alone; `adopt` makes it the current state once its pages are durable.
 */
export class StateTree {
  readonly #reader: PageReader;
  readonly #hasher: TreeHasher;
  /** Decoded pages. */
  readonly #cache = new RecentMap<string, Page>(PAGES_CACHED_MAX);

  constructor(reader: PageReader, hasher: TreeHasher) {
    this.#reader = reader;
    this.#hasher = hasher;
  }

  root(): Hash {
    return rootOf(this.page(""));
  }

  /** The page at a path, undefined if there is none. Throws StateCorruptError. */
  page(path: string): Page | undefined {
    const cached = this.#cache.get(path);
    if (cached !== undefined) return cached;
    const bytes = this.#reader.page(path);
    if (bytes === undefined) return undefined;
    const page = Page.decode(bytes, this.#hasher);
    this.#cache.set(path, page);
    return page;
  }

  update(changes: readonly TreeChange[]): TreeUpdate {
    const sorted = inOrder(changes);
    for (let index = 1; index < sorted.length; index++) {
      assert(
        !equalBytes((sorted[index - 1] as TreeChange).keyHash, (sorted[index] as TreeChange).keyHash),
        "a key changes once per update",
      );
    }
    /** Pages to be made anew by the length of their paths: a page can be joined once those below it are. */
    const levels: Draft[][] = [];
    const root = this.#draft("", this.page("") ?? Page.empty, sorted, levels);
    const pages = new Map<string, PageUpdate>();
    for (const drafts of levels.reverse()) {
      const joined = Page.join(drafts, this.#hasher);
      for (const [index, draft] of drafts.entries()) {
        const page = joined[index] as Page;
        const { top } = page;
        // A page that holds fewer than two leaves is not stored: its leaf stands in the parent.
        const after = draft !== root && (top === null || top.leaf !== null) ? null : page;
        const before = draft.page === Page.empty ? null : draft.page;
        pages.set(draft.path, { before, after, changed: changedMask(draft.children) });
        draft.settle(top);
      }
    }
    return { root: rootOf(pages.get("")?.after ?? undefined), pages };
  }

  adopt(update: TreeUpdate): void {
    for (const [path, { after }] of update.pages) {
      if (after === null) this.#cache.delete(path);
      else this.#cache.set(path, after);
    }
  }

  /** Notes what becomes of a page and, by its place in `levels`, of those below it; hashes nothing but leaves. */
  #draft(
    path: string,
    page: Page,
    changes: readonly TreeChange[],
    levels: Draft[][],
    settle: Draft["settle"] = () => undefined,
  ): Draft {
    const children = new Array<TreeNode | null | undefined>(CHILDREN).fill(undefined);
    const draft = { path, page, children, settle };
    let level = levels[path.length];
    if (level === undefined) {
      level = [];
      levels[path.length] = level;
    }
    level.push(draft);
    for (let from = 0; from < changes.length; ) {
      const nibble = nibbleAt((changes[from] as TreeChange).keyHash, path.length);
      let to = from + 1;
      while (to < changes.length && nibbleAt((changes[to] as TreeChange).keyHash, path.length) === nibble) to++;
      this.#draftChild(draft, nibble, changes.slice(from, to), levels);
      from = to;
    }
    return draft;
  }

  #draftChild({ path, page, children }: Draft, nibble: number, changes: readonly TreeChange[], levels: Draft[][]): void {
    const child = page.child(nibble);
    const below = path + nibble.toString(16);
    const settle = (top: TreeNode | null): void => {
      children[nibble] = top;
    };
    if (child !== null && child.leaf === null) {
      const stored = this.page(below);
      if (stored === undefined) throw new StateCorruptError(`the state tree lacks its page ${below}`);
      // Whole, but of another time: a write was lost.
      if (!equalBytes(stored.top?.hash ?? EMPTY_HASH, child.hash))
        throw new StateCorruptError(`the page ${below} of the state tree is not the one that its parent names`);
      this.#draft(below, stored, changes, levels, settle);
      return;
    }
    const kept = child?.leaf ?? null;
    const sets: Leaf[] = [];
    for (const { keyHash, valueHash } of changes) if (valueHash !== null) sets.push({ keyHash, valueHash });
    if (kept !== null && !changes.some(({ keyHash }) => equalBytes(keyHash, kept.keyHash))) sets.push(kept);
    if (sets.length < 2) {
      settle(sets.length === 0 ? null : leafNode(sets[0] as Leaf, this.#hasher));
      return;
    }
    sets.sort((left, right) => compareBytes(left.keyHash, right.keyHash));
    this.#draft(below, Page.empty, sets, levels, settle);
  }
}

/** By place in the tree. Numbers of the first bytes tell nearly all of them apart, and compare ten times as fast. */
function inOrder(changes: readonly TreeChange[]): readonly TreeChange[] {
  return changes
    .map((change) => ({ change, first: firstBytes(change.keyHash) }))
    .sort((left, right) => left.first - right.first || compareBytes(left.change.keyHash, right.change.keyHash))
    .map(({ change }) => change);
}

function firstBytes(keyHash: Uint8Array): number {
  let first = 0;
  for (let index = 0; index < 6; index++) first = first * 256 + (keyHash[index] as number);
  return first;
}

export function pageWrites(update: TreeUpdate): readonly PageWrite[] {
  return [...update.pages].map(([path, { after }]) => ({ path, bytes: after === null ? null : after.encode() }));
}

function rootOf(page: Page | undefined): Hash {
  return toHex(page?.top?.hash ?? EMPTY_HASH) as Hash;
}

/** Which child of the page at this depth a key is below. */
export function nibbleAt(keyHash: Uint8Array, depth: number): number {
  const byte = keyHash[depth >> 1] as number;
  return depth % 2 === 0 ? byte >> 4 : byte & 15;
}
