import type { Height } from "../types/scalars.ts";
import { LeafRecords } from "./leaf-records.ts";
import type { TreeHasher } from "./node-hash.ts";
import { Page, StateCorruptError } from "./page.ts";
import { ALL_CHILDREN, CHILDREN, highestOf, ones } from "./page-shape.ts";
import { pageUndo } from "./page-undo.ts";
import type { TreeChange } from "./tree.ts";
import { Slabs } from "./words.ts";

/** What becomes of a page: null is one that is not stored. */
export interface PageUpdate {
  readonly path: string;
  /** How it was, if that was asked for. */
  readonly undo: Uint8Array | null;
  readonly after: Page | null;
}

/** The pages at these paths, undefined for those that are not there. */
export type ReadPages = (paths: readonly string[]) => readonly (Page | undefined)[];

/** A page under change. */
interface Draft {
  readonly path: string;
  readonly parent: Draft | null;
  /** Which child of the parent it is. */
  readonly nibble: number;
  before: Page;
  /** The changes below it, by record: from, and up to before. */
  readonly from: number;
  readonly to: number;
  /** The stored pages right below it that change, in order. */
  readonly below: Draft[];
  after: Page | null;
  changed: number;
  /** What its parent has in its place: {@link BRANCH} or, if it is no more, the record of the leaf that is left, or {@link NOTHING}. */
  child: number;
}

const NOTHING = -1;
const BRANCH = -2;

const DIGITS = [..."0123456789abcdef"];

/** The root page last. With the height of the block its undos are made. Throws StateCorruptError. */
export function updatePages(
  changes: readonly TreeChange[],
  undoAt: Height | null,
  hasher: TreeHasher,
  read: ReadPages,
): readonly PageUpdate[] {
  return new Updating(changes, undoAt, hasher, read).pages();
}

/**
 * One pass over the pages that change: down to find them, each level read at once; up to give them their children, for which no hash is
 * needed; and up again to hash them, each level of all pages in one call.
 */
class Updating {
  readonly #records: LeafRecords;
  readonly #undoAt: Height | null;
  readonly #hasher: TreeHasher;
  readonly #read: ReadPages;
  readonly #slabs = new Slabs();
  /** By the length of their paths. */
  readonly #levels: Draft[][] = [];
  /** By nibble: records of the leaves of the page that is being shaped. */
  readonly #leaves = new Int32Array(CHILDREN);

  constructor(changes: readonly TreeChange[], undoAt: Height | null, hasher: TreeHasher, read: ReadPages) {
    this.#records = new LeafRecords(changes, hasher);
    this.#undoAt = undoAt;
    this.#hasher = hasher;
    this.#read = read;
  }

  pages(): readonly PageUpdate[] {
    this.#levels.push([newDraft("", null, 0, 0, this.#records.changes)]);
    for (let depth = 0; depth < this.#levels.length; depth++) this.#load(this.#levels[depth] as Draft[], depth);
    for (const drafts of this.#levels.toReversed()) for (const draft of drafts) this.#shape(draft);
    const pages: PageUpdate[] = [];
    for (const drafts of this.#levels.toReversed()) this.#finish(drafts, pages);
    return pages;
  }

  // — down —

  #load(drafts: readonly Draft[], depth: number): void {
    const paths = drafts.map(({ path }) => path);
    const pages = this.#read(paths);
    const next: Draft[] = [];
    for (const [index, draft] of drafts.entries()) {
      draft.before = stored(draft, pages[index]);
      for (let { from } = draft; from < draft.to; ) {
        const nibble = this.#records.nibbleAt(from, depth);
        const to = this.#endOf(nibble, from, draft.to, depth);
        if ((draft.before.branches >> nibble) & 1) {
          const below = newDraft(draft.path + DIGITS[nibble], draft, nibble, from, to);
          draft.below.push(below);
          next.push(below);
        }
        from = to;
      }
    }
    if (next.length > 0) this.#levels.push(next);
  }

  /** Where the changes below a child end. */
  #endOf(nibble: number, from: number, to: number, depth: number): number {
    let end = from + 1;
    while (end < to && this.#records.nibbleAt(end, depth) === nibble) end++;
    return end;
  }

  // — up —

  /** Gives a page its children; the pages below have theirs. */
  #shape(draft: Draft): void {
    const { before, path } = draft;
    let [changed, leaves, branches, at] = [0, 0, 0, 0];
    for (let { from } = draft; from < draft.to; ) {
      const nibble = this.#records.nibbleAt(from, path.length);
      const to = this.#endOf(nibble, from, draft.to, path.length);
      const bit = 1 << nibble;
      const child = before.branches & bit ? (draft.below[at++] as Draft).child : this.#childAt(draft, nibble, from, to);
      changed |= bit;
      if (child === BRANCH) branches |= bit;
      if (child >= 0) {
        leaves |= bit;
        this.#leaves[nibble] = child;
      }
      from = to;
    }
    draft.changed = changed;
    const left = (before.leaves & ~changed) | leaves;
    // A page that holds fewer than two leaves is not stored: its leaf stands in the parent.
    if (draft.parent !== null && ((before.branches & ~changed) | branches) === 0 && ones(left) < 2) {
      // With the page all goes that was in it, what moves up included.
      draft.changed = ALL_CHILDREN;
      if (leaves !== 0) draft.child = this.#leaves[highestOf(leaves)] as number;
      else draft.child = left === 0 ? NOTHING : this.#records.addFrom(before, highestOf(left));
      return;
    }
    draft.after = before.next({ changed, leaves, branches }, this.#slabs);
    for (let rest = leaves; rest !== 0; rest ^= 1 << highestOf(rest)) {
      const nibble = highestOf(rest);
      this.#records.putTo(draft.after, nibble, this.#leaves[nibble] as number);
    }
  }

  /** What changes make of a child that is no branch. */
  #childAt(draft: Draft, nibble: number, from: number, to: number): number {
    const records: number[] = [];
    let isKept = ((draft.before.leaves >> nibble) & 1) === 1;
    for (let record = from; record < to; record++) {
      if (isKept && this.#records.isOf(record, draft.before, nibble)) isKept = false;
      if (!this.#records.isRemoval(record)) records.push(record);
    }
    if (isKept) {
      const kept = this.#records.addFrom(draft.before, nibble);
      const place = records.findIndex((record) => this.#records.compareKeys(kept, record) < 0);
      records.splice(place < 0 ? records.length : place, 0, kept);
    }
    if (records.length < 2) return records[0] ?? NOTHING;
    this.#make(draft, nibble, records);
    return BRANCH;
  }

  /** A new page of two leaves or more, and those below it. */
  #make(parent: Draft, nibble: number, records: readonly number[]): void {
    const draft = newDraft(parent.path + DIGITS[nibble], parent, nibble, 0, 0);
    const depth = draft.path.length;
    const groups = new Map<number, number[]>();
    let [leaves, branches] = [0, 0];
    for (const record of records) {
      const own = this.#records.nibbleAt(record, depth);
      const group = groups.get(own);
      if (group === undefined) groups.set(own, [record]);
      else group.push(record);
      if (group === undefined) leaves |= 1 << own;
      else branches |= 1 << own;
    }
    leaves &= ~branches;
    draft.changed = leaves | branches;
    draft.after = Page.empty.next({ changed: draft.changed, leaves, branches }, this.#slabs);
    const level = this.#levels[depth] ?? [];
    this.#levels[depth] = level;
    level.push(draft);
    for (const [own, group] of groups) {
      if ((branches >> own) & 1) this.#make(draft, own, group);
      else this.#records.putTo(draft.after, own, group[0] as number);
    }
  }

  // — hashes —

  #finish(drafts: readonly Draft[], pages: PageUpdate[]): void {
    const next: Page[] = [];
    const masks: number[] = [];
    for (const { after, changed } of drafts) {
      if (after === null) continue;
      next.push(after);
      masks.push(changed);
    }
    Page.hash(next, masks, this.#hasher);
    for (const { path, parent, nibble, before, after, changed } of drafts) {
      if (after !== null) parent?.after?.putBranch(nibble, after);
      const undo = this.#undoAt === null ? null : pageUndo(before === Page.empty ? null : before, changed, this.#undoAt);
      pages.push({ path, undo, after });
    }
  }
}

function newDraft(path: string, parent: Draft | null, nibble: number, from: number, to: number): Draft {
  return { path, parent, nibble, before: Page.empty, from, to, below: [], after: null, changed: 0, child: BRANCH };
}

/** What is stored of a page that is to be there. Throws StateCorruptError. */
function stored({ path, parent, nibble }: Draft, page: Page | undefined): Page {
  if (parent === null) return page ?? Page.empty;
  if (page === undefined) throw new StateCorruptError(`the state tree lacks its page ${path}`);
  // Whole, but of another time: a write was lost.
  if (!page.isBelow(parent.before, nibble))
    throw new StateCorruptError(`the page ${path} of the state tree is not the one that its parent names`);
  return page;
}
