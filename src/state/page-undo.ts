import type { TreeHasher, TreeNode } from "./node-hash.ts";
import { Page } from "./page.ts";
import { ALL_CHILDREN, CHILDREN, lowestOf, storedWords } from "./page-shape.ts";
import { Slabs, WORD_BYTES } from "./words.ts";

const MASK_BYTES = 2;
/** Beside its children an undo has three masks: it begins two bytes into a word, so that they are copied by words. */
const HEAD_WORDS = 2;
const HEAD_BYTES = 3 * MASK_BYTES;
/** One undo in so many has all of its page, whatever changed: looking back ends there. */
const WHOLE_EVERY = 32;

/**
 * How a page was before a block changed it: the children that are others now, and no more than those, since a page is several times as
 * large as what changes of it. Now and then all children, so that nobody who looks back has to read every change since.
 */
export function pageUndo(before: Page | null, changed: number, height: number, slabs: Slabs = new Slabs(0)): Uint8Array {
  if (before === null) return undoOf(Page.empty, ALL_CHILDREN, slabs);
  return undoOf(before, isWhole(height) ? ALL_CHILDREN : changed, slabs);
}

/** By the height alone, spread so that no page's changes miss such heights for long. */
function isWhole(height: number): boolean {
  return Math.imul(height, 0x9e3779b1) >>> 0 < 2 ** 32 / WHOLE_EVERY;
}

/** What these children were, by mask: it, then the stored form of a page that has no others. */
function undoOf(page: Page, mask: number, slabs: Slabs): Uint8Array {
  const [leaves, branches] = [page.leaves & mask, page.branches & mask];
  const { words, bytes } = slabs.take(HEAD_WORDS + storedWords(leaves, branches) - 1);
  const from = (slabs.at + HEAD_WORDS) * WORD_BYTES - HEAD_BYTES;
  bytes[from] = mask >> 8;
  bytes[from + 1] = mask & 255;
  bytes[from + 2] = leaves >> 8;
  bytes[from + 3] = leaves & 255;
  bytes[from + 4] = branches >> 8;
  bytes[from + 5] = branches & 255;
  let at = slabs.at + HEAD_WORDS;
  for (let rest = leaves | branches; rest !== 0; rest &= rest - 1) at = page.copyStored(lowestOf(rest), words, at);
  return new Uint8Array(bytes.buffer, from, at * WORD_BYTES - from);
}

/**
 * A page as it was, from the undos of the blocks that came later, the oldest first, and the page as it is now. The oldest that tells of a
 * child is right, so undos of blocks that the newest page does not have yet do no harm.
 */
export class PageBefore {
  readonly #children = new Array<TreeNode | null | undefined>(CHILDREN).fill(undefined);
  #known = 0;

  /** Whether nothing later is needed. */
  get isWhole(): boolean {
    return this.#known === ALL_CHILDREN;
  }

  /** Throws StateCorruptError. */
  add(undo: Uint8Array, hasher: TreeHasher): void {
    const mask = ((undo[0] ?? 0) << 8) | (undo[1] ?? 0);
    this.#take(Page.decode(undo.subarray(MASK_BYTES), hasher), mask);
  }

  /** Answers undefined if there was no such page. */
  over(newest: Page | undefined, hasher: TreeHasher): Page | undefined {
    this.#take(newest ?? Page.empty, ALL_CHILDREN);
    const page = Page.of(this.#children, hasher);
    return page.top === null ? undefined : page;
  }

  #take(page: Page, mask: number): void {
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      if (((mask & ~this.#known) >> nibble) & 1) this.#children[nibble] = page.child(nibble);
    }
    this.#known |= mask;
  }
}
