import type { TreeHasher, TreeNode } from "./node-hash.ts";
import { CHILDREN, Page, StateCorruptError } from "./page.ts";
import type { PageUpdate } from "./tree.ts";

const ALL = 0xffff;
/** One undo in so many has all of its page, whatever changed: looking back ends there. */
const WHOLE_EVERY = 32;

/**
 * How a page was before a block changed it: the children that are others now, and no more than those, since a page is several times as
 * large as what changes of it. Now and then all children, so that nobody who looks back has to read every change since.
 */
export function pageUndo({ before, changed }: PageUpdate, height: number): Uint8Array {
  if (before === null) return Page.empty.undo(ALL);
  return before.undo(isWhole(height) ? ALL : changed);
}

/** By the height alone, spread so that no page's changes miss such heights for long. */
function isWhole(height: number): boolean {
  return Math.imul(height, 0x9e3779b1) >>> 0 < 2 ** 32 / WHOLE_EVERY;
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
    return this.#known === ALL;
  }

  /** Throws StateCorruptError. */
  add(undo: Uint8Array, hasher: TreeHasher): void {
    const mask = ((undo[0] ?? 0) << 8) | (undo[1] ?? 0);
    this.#take(Page.decode(undo.subarray(2), hasher), mask);
  }

  /** Answers undefined if there was no such page. */
  over(newest: Page | undefined, hasher: TreeHasher): Page | undefined {
    this.#take(newest ?? Page.empty, ALL);
    const [page] = Page.join([{ page: Page.empty, children: this.#children }], hasher);
    if (page === undefined) throw new StateCorruptError("a page is made of its children");
    return page.top === null ? undefined : page;
  }

  #take(page: Page, mask: number): void {
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      if (((mask & ~this.#known) >> nibble) & 1) this.#children[nibble] = page.child(nibble);
    }
    this.#known |= mask;
  }
}
