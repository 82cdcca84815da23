import type { Height } from "../types/scalars.ts";
import { LeafRecords } from "./leaf-records.ts";
import type { TreeHasher } from "./node-hash.ts";
import { PAGES_AT_ONCE, Page, StateCorruptError } from "./page.ts";
import { type Place, placeBelow, TOP_PLACE } from "./page-place.ts";
import { ALL_CHILDREN, CHILDREN, highestOf, ones } from "./page-shape.ts";
import { pageUndo } from "./page-undo.ts";
import type { TreeChange } from "./tree.ts";
import { Slabs } from "./words.ts";

/** What becomes of a page: null is one that is not stored. */
export interface PageUpdate {
  readonly path: string;
  /** How it was, if that was asked for. */
  readonly undo: Uint8Array | null;
  readonly before: Page;
  readonly after: Page | null;
  /** Its children that are others now, by mask. */
  readonly changed: number;
}

/** A page that is to be read. */
export interface PageRead extends Place {
  readonly path: string;
}

/** undefined for those that are not there. */
export type ReadPages = (reads: readonly PageRead[]) => readonly (Page | undefined)[];

/** A page under change. */
interface Draft extends PageRead {
  readonly parent: Draft | null;
  /** Which child of the parent it is. */
  readonly nibble: number;
  before: Page;
  /** The changes below it, by record: from, and up to before. */
  readonly from: number;
  readonly to: number;
  /** Which of the next level is the first of the stored pages right below it that change; they follow each other. */
  below: number;
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
 * One pass over the pages that change: down to find them, each level read at once; and up again, from the deepest level, to give them their
 * children and hash them, as many together as the processor keeps near.
 */
class Updating {
  readonly #records: LeafRecords;
  readonly #undoAt: Height | null;
  readonly #hasher: TreeHasher;
  readonly #read: ReadPages;
  readonly #slabs = new Slabs();
  readonly #undoSlabs = new Slabs();
  /** The stored pages that change, by the length of their paths, each level in order. */
  readonly #levels: Draft[][] = [];
  /** Pages that the ones in work make, by the length of their paths. */
  readonly #made: Draft[][] = [];
  /** By nibble: records of the leaves of the page that is being shaped. */
  readonly #leaves = new Int32Array(CHILDREN);
  readonly #pages: PageUpdate[] = [];
  /** Of no meaning: see {@link Page.touch}. */
  #touched = 0;

  constructor(changes: readonly TreeChange[], undoAt: Height | null, hasher: TreeHasher, read: ReadPages) {
    this.#records = new LeafRecords(changes, hasher);
    this.#undoAt = undoAt;
    this.#hasher = hasher;
    this.#read = read;
  }

  pages(): readonly PageUpdate[] {
    this.#levels.push([newDraft("", TOP_PLACE, null, 0, 0, this.#records.changes)]);
    for (let depth = 0; depth < this.#levels.length; depth++) this.#load(this.#levels[depth] as Draft[], depth);
    for (const drafts of this.#levels.toReversed()) {
      for (let from = 0; from < drafts.length; from += PAGES_AT_ONCE) this.#work(drafts.slice(from, from + PAGES_AT_ONCE));
    }
    return this.#pages;
  }

  // — down —

  #load(drafts: readonly Draft[], depth: number): void {
    const pages = this.#read(drafts);
    const next: Draft[] = [];
    for (let index = 0; index < drafts.length; index++) {
      const draft = drafts[index] as Draft;
      const page = pages[index];
      if (page !== undefined) draft.before = page;
      else if (depth > 0) throw new StateCorruptError(`the state tree lacks its page ${draft.path}`);
      draft.below = next.length;
      this.#descend(draft, next);
    }
    if (next.length > 0) this.#levels.push(next);
  }

  /** Adds the stored pages right below that change. */
  #descend(draft: Draft, next: Draft[]): void {
    const { before, path } = draft;
    for (let { from } = draft; from < draft.to; ) {
      const nibble = this.#records.nibbleAt(from, path.length);
      const to = this.#endOf(nibble, from, draft.to, path.length);
      if ((before.branches >> nibble) & 1) next.push(draftBelow(draft, nibble, from, to));
      from = to;
    }
  }

  /** Where the changes below a child end. */
  #endOf(nibble: number, from: number, to: number, depth: number): number {
    let end = from + 1;
    while (end < to && this.#records.nibbleAt(end, depth) === nibble) end++;
    return end;
  }

  // — up —

  /** Makes the next versions of pages of one level; those below have theirs. */
  #work(drafts: readonly Draft[]): void {
    for (const { before, parent, nibble } of drafts) {
      this.#touched = (this.#touched + before.touch() + (parent?.before.touchChild(nibble) ?? 0)) | 0;
    }
    for (const draft of drafts) {
      checkStored(draft);
      this.#shape(draft);
    }
    for (let made = this.#made.pop(); made !== undefined; made = this.#made.pop()) this.#finish(made);
    this.#finish(drafts);
  }

  /** Gives a page its children; the pages below have theirs. */
  #shape(draft: Draft): void {
    const { before, path } = draft;
    const levelBelow = this.#levels[path.length + 1] ?? [];
    let { below } = draft;
    let [changed, leaves, branches] = [0, 0, 0];
    for (let { from } = draft; from < draft.to; ) {
      const nibble = this.#records.nibbleAt(from, path.length);
      const to = this.#endOf(nibble, from, draft.to, path.length);
      const bit = 1 << nibble;
      const child = before.branches & bit ? (levelBelow[below++] as Draft).child : this.#childAt(draft, nibble, from, to);
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
    for (let at = draft.below; at < below; at++) {
      const { nibble, after } = levelBelow[at] as Draft;
      if (after !== null) draft.after.putBranch(nibble, after);
    }
    for (let rest = leaves; rest !== 0; rest ^= 1 << highestOf(rest)) {
      const nibble = highestOf(rest);
      this.#records.putTo(draft.after, nibble, this.#leaves[nibble] as number);
    }
  }

  /** What changes make of a child that is no branch. */
  #childAt(draft: Draft, nibble: number, from: number, to: number): number {
    let isKept = ((draft.before.leaves >> nibble) & 1) === 1;
    const isAlone = to === from + 1 && (!isKept || this.#records.isOf(from, draft.before, nibble));
    if (isAlone) return this.#records.isRemoval(from) ? NOTHING : from;
    const records: number[] = [];
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
    const draft = draftBelow(parent, nibble, 0, 0);
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
    for (let length = this.#made.length; length <= depth; length++) this.#made.push([]);
    (this.#made[depth] as Draft[]).push(draft);
    for (const [own, group] of groups) {
      if ((branches >> own) & 1) this.#make(draft, own, group);
      else this.#records.putTo(draft.after, own, group[0] as number);
    }
  }

  // — hashes —

  #finish(drafts: readonly Draft[]): void {
    const next: Page[] = [];
    const masks: number[] = [];
    for (const { after, changed } of drafts) {
      if (after === null) continue;
      next.push(after);
      masks.push(changed);
    }
    Page.hash(next, masks, this.#hasher);
    for (const draft of drafts) this.#pages.push(this.#updateOf(draft));
  }

  #updateOf({ path, parent, nibble, before, after, changed }: Draft): PageUpdate {
    if (after !== null) parent?.after?.putBranch(nibble, after);
    const known = before === Page.empty ? null : before;
    const undo = this.#undoAt === null ? null : pageUndo(known, changed, this.#undoAt, this.#undoSlabs);
    return { path, undo, before, after, changed };
  }
}

function draftBelow(parent: Draft, nibble: number, from: number, to: number): Draft {
  return newDraft(parent.path + DIGITS[nibble], placeBelow(parent, nibble), parent, nibble, from, to);
}

function newDraft(path: string, { high, low }: Place, parent: Draft | null, nibble: number, from: number, to: number): Draft {
  return { path, high, low, parent, nibble, before: Page.empty, from, to, below: 0, after: null, changed: 0, child: BRANCH };
}

/** A page that is there may be whole and yet of another time: a write was lost. Throws StateCorruptError. */
function checkStored({ path, parent, nibble, before }: Draft): void {
  if (parent !== null && !before.isBelow(parent.before, nibble))
    throw new StateCorruptError(`the page ${path} of the state tree is not the one that its parent names`);
}
