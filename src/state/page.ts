import { type Leaf, leafHash, type TreeHasher, type TreeNode } from "./node-hash.ts";
import {
  ALL_CHILDREN,
  CHILDREN,
  childrenBelow,
  highestOf,
  innerOf,
  LEVELS,
  nodesAbove,
  ones,
  storedWords,
} from "./page-shape.ts";
import { bytesAt, copyHash, copyWords, equalHashes, HASH_WORDS, newWords, Slabs, WORD_BYTES, type Words } from "./words.ts";

const HASH_BYTES = HASH_WORDS * WORD_BYTES;
const MASKS_BYTES = 4;
/** A processor fetches so much of its memory at once. */
const LINE_WORDS = 16;

/** So many pages are worked on together: a call's cost is shared by enough of them, and all of them fit the processor's nearer memory. */
export const PAGES_AT_ONCE = 96;

/** What is to become of a page's children, by mask: those that change, and which of them will be leaves and branches. */
export interface PageChange {
  readonly changed: number;
  readonly leaves: number;
  readonly branches: number;
}

/**
 * The unit of storage: the nodes of four binary levels at one place of the tree. All of a page is one piece of memory: the stored form,
 * then the hashes of the children that are leaves, then those of the branches above them, each in order. Immutable once it is hashed.
 */
export class Page {
  readonly memory: Words;
  /** The first word of this page. */
  readonly at: number;
  /** By which the cache of pages knows one that still stands where it found it; null for those of other memory. */
  readonly era: object | null;
  readonly leaves: number;
  readonly branches: number;
  readonly #inner: number;
  readonly #leafHashesAt: number;
  readonly #innerAt: number;

  private constructor(memory: Words, at: number, leaves: number, branches: number, inner: number, era: object | null = null) {
    this.memory = memory;
    this.at = at;
    this.era = era;
    this.leaves = leaves;
    this.branches = branches;
    this.#inner = inner;
    this.#leafHashesAt = at + storedWords(leaves, branches);
    this.#innerAt = this.#leafHashesAt + HASH_WORDS * ones(leaves);
  }

  static #make(leaves: number, branches: number, slabs: Slabs, inner = innerOf(leaves, branches)): Page {
    const memory = slabs.take(pageWords(leaves, branches, inner));
    const page = new Page(memory, slabs.at, leaves, branches, inner);
    const { bytes } = memory;
    const at = slabs.at * WORD_BYTES;
    bytes[at] = leaves >> 8;
    bytes[at + 1] = leaves & 255;
    bytes[at + 2] = branches >> 8;
    bytes[at + 3] = branches & 255;
    return page;
  }

  static readonly empty = Page.#make(0, 0, new Slabs(0));

  /** The page of these masks that stands in this memory. */
  static at(memory: Words, at: number, masks: number, era: object): Page {
    const [leaves, branches] = [masks >>> 16, masks & 0xffff];
    return new Page(memory, at, leaves, branches, innerOf(leaves, branches), era);
  }

  /** Leaves and branches in one number. */
  get masks(): number {
    return (this.leaves << 16) | this.branches;
  }

  // — reading —

  /** The node that stands for all of the page; a page of fewer than two leaves has no branch on top. */
  get top(): TreeNode | null {
    return this.node(1);
  }

  child(nibble: number): TreeNode | null {
    return this.node(CHILDREN + nibble);
  }

  /** Any node of the heap. */
  node(index: number): TreeNode | null {
    const at = this.#hashAt(index);
    if (at < 0) return null;
    const leaves = this.leaves & childrenBelow(index);
    const isBranch = index < CHILDREN ? ((this.#inner >> index) & 1) === 1 : leaves === 0;
    return { hash: this.#bytes(at, HASH_WORDS), leaf: isBranch ? null : this.#leafAt(highestOf(leaves)) };
  }

  /** Two masks (leaves, branches; bit i is child i), then each child's hashes in order: 64 bytes for a leaf, 32 for a branch. */
  encode(): Uint8Array {
    return this.#bytes(this.at, this.#leafHashesAt - this.at);
  }

  /** Copies the stored form of a child and answers where it ends. */
  copyStored(nibble: number, to: Int32Array, toAt: number): number {
    const at = this.#storedAt(nibble);
    copyHash(this.memory.words, at, to, toAt);
    if (((this.leaves >> nibble) & 1) === 0) return toAt + HASH_WORDS;
    copyHash(this.memory.words, at + HASH_WORDS, to, toAt + HASH_WORDS);
    return toAt + 2 * HASH_WORDS;
  }

  /** Words of memory. */
  get size(): number {
    return this.#innerAt + HASH_WORDS * ones(this.#inner) - this.at;
  }

  copyTo(to: Int32Array, toAt: number): void {
    copyWords(this.memory.words, this.at, to, toAt, this.size);
  }

  /** Copies to a page of the same children what stands at those that changed and above them. */
  copyChangesTo(page: Page, changed: number): void {
    const { words } = page.memory;
    const shift = page.at - this.at;
    for (let left = changed & (this.leaves | this.branches); left !== 0; ) {
      const nibble = highestOf(left);
      left ^= 1 << nibble;
      const at = this.#storedAt(nibble);
      copyHash(this.memory.words, at, words, at + shift);
      if (((this.leaves >> nibble) & 1) === 0) continue;
      copyHash(this.memory.words, at + HASH_WORDS, words, at + HASH_WORDS + shift);
      const hashAt = this.#hashAt(CHILDREN + nibble);
      copyHash(this.memory.words, hashAt, words, hashAt + shift);
    }
    for (let left = this.#inner & nodesAbove(changed); left !== 0; ) {
      const index = highestOf(left);
      left ^= 1 << index;
      const at = this.#innerAt + HASH_WORDS * ones(this.#inner & ((1 << index) - 1));
      copyHash(this.memory.words, at, words, at + shift);
    }
  }

  /** The same in other memory. */
  copy(): Page {
    const memory = newWords(this.size);
    this.copyTo(memory.words, 0);
    return new Page(memory, 0, this.leaves, this.branches, this.#inner);
  }

  /** Looks at all of its memory and answers what is of no meaning: done for many pages at a time, the processor waits once for all. */
  touch(): number {
    const { words } = this.memory;
    const end = this.#innerAt + HASH_WORDS * ones(this.#inner);
    let sum = 0;
    for (let at = this.at; at < end; at += LINE_WORDS) sum += words[at] as number;
    return sum;
  }

  /** The same at one child. */
  touchChild(nibble: number): number {
    return this.memory.words[this.#storedAt(nibble)] as number;
  }

  /** Whether it is what a page above says of it. */
  isBelow(parent: Page, nibble: number): boolean {
    const [own, named] = [this.#hashAt(1), parent.#hashAt(CHILDREN + nibble)];
    return own >= 0 && named >= 0 && equalHashes(this.memory.words, own, parent.memory.words, named);
  }

  /** Whether the child is the leaf of this key hash. */
  hasKey(nibble: number, words: Int32Array, at: number): boolean {
    if (((this.leaves >> nibble) & 1) === 0) return false;
    return equalHashes(this.memory.words, this.#storedAt(nibble), words, at);
  }

  /** Copies a leaf among the children: key hash, value hash and the hash of both. */
  copyLeaf(nibble: number, to: Int32Array, toAt: number): void {
    const { words } = this.memory;
    const at = this.#storedAt(nibble);
    copyHash(words, at, to, toAt);
    copyHash(words, at + HASH_WORDS, to, toAt + HASH_WORDS);
    copyHash(words, this.#hashAt(CHILDREN + nibble), to, toAt + 2 * HASH_WORDS);
  }

  // — making —

  /** The next version, with what stays of this one in place. Leaves and branches that change are put to it, then it is hashed. */
  next({ changed, leaves, branches }: PageChange, slabs: Slabs): Page {
    const [nextLeaves, nextBranches] = [(this.leaves & ~changed) | leaves, (this.branches & ~changed) | branches];
    if (nextLeaves === this.leaves && nextBranches === this.branches) {
      const { size } = this;
      const memory = slabs.take(size);
      copyWords(this.memory.words, this.at, memory.words, slabs.at, size);
      return new Page(memory, slabs.at, nextLeaves, nextBranches, this.#inner);
    }
    const next = Page.#make(nextLeaves, nextBranches, slabs);
    const [from, to] = [this.memory.words, next.memory.words];
    for (let left = (this.leaves | this.branches) & ~changed; left !== 0; ) {
      const nibble = highestOf(left);
      left ^= 1 << nibble;
      const [at, nextAt] = [this.#storedAt(nibble), next.#storedAt(nibble)];
      copyHash(from, at, to, nextAt);
      if (((this.leaves >> nibble) & 1) === 0) continue;
      copyHash(from, at + HASH_WORDS, to, nextAt + HASH_WORDS);
      copyHash(from, this.#hashAt(CHILDREN + nibble), to, next.#hashAt(CHILDREN + nibble));
    }
    for (let left = this.#inner & next.#inner & ~nodesAbove(changed); left !== 0; ) {
      const index = highestOf(left);
      left ^= 1 << index;
      copyHash(from, this.#hashAt(index), to, next.#hashAt(index));
    }
    return next;
  }

  /** Key hash, value hash and the hash of both, as `copyLeaf` gives them. */
  putLeaf(nibble: number, from: Int32Array, fromAt: number): void {
    const { words } = this.memory;
    const at = this.#storedAt(nibble);
    copyHash(from, fromAt, words, at);
    copyHash(from, fromAt + HASH_WORDS, words, at + HASH_WORDS);
    copyHash(from, fromAt + 2 * HASH_WORDS, words, this.#hashAt(CHILDREN + nibble));
  }

  /** The top of a page below, once that is hashed. */
  putBranch(nibble: number, below: Page): void {
    copyHash(below.memory.words, below.#hashAt(1), this.memory.words, this.#storedAt(nibble));
  }

  /** Hashes what stands above the children that changed, each level of many pages in one call. */
  static hash(pages: readonly Page[], changed: readonly number[], hasher: Pick<TreeHasher, "sha256Pairs">): void {
    const dirty = pages.map((page, index) => nodesAbove(changed[index] as number) & page.#inner);
    for (let from = 0; from < pages.length; from += PAGES_AT_ONCE) {
      const to = Math.min(pages.length, from + PAGES_AT_ONCE);
      for (const level of LEVELS) Page.#hashLevel(pages, dirty, level, from, to, hasher);
    }
  }

  static #hashLevel(
    pages: readonly Page[],
    dirty: readonly number[],
    level: number,
    from: number,
    to: number,
    hasher: Pick<TreeHasher, "sha256Pairs">,
  ): void {
    const words = (to - from) * (CHILDREN / 2) * 2 * HASH_WORDS;
    if (pairs.words.length < words) {
      pairs = newWords(words);
      digests = newWords(words / 2);
    }
    let used = 0;
    for (let at = from; at < to; at++) used = (pages[at] as Page).#preimages((dirty[at] as number) & level, used);
    if (used === 0) return;
    const bytes = used * WORD_BYTES;
    hasher.sha256Pairs(pairs.bytes.subarray(0, bytes), digests.bytes.subarray(0, bytes / 2));
    let taken = 0;
    for (let at = from; at < to; at++) taken = (pages[at] as Page).#takeHashes((dirty[at] as number) & level, taken);
  }

  /** Puts what these branches are the hashes of to `pairs`. */
  #preimages(nodes: number, from: number): number {
    let used = from;
    for (let left = nodes; left !== 0; ) {
      const index = highestOf(left);
      left ^= 1 << index;
      this.#copyHash(2 * index, used);
      this.#copyHash(2 * index + 1, used + HASH_WORDS);
      used += 2 * HASH_WORDS;
    }
    return used;
  }

  #copyHash(index: number, to: number): void {
    const at = this.#hashAt(index);
    if (at < 0) pairs.words.fill(0, to, to + HASH_WORDS);
    else copyHash(this.memory.words, at, pairs.words, to);
  }

  #takeHashes(nodes: number, from: number): number {
    let taken = from;
    for (let left = nodes; left !== 0; ) {
      const index = highestOf(left);
      left ^= 1 << index;
      copyHash(digests.words, taken, this.memory.words, this.#hashAt(index));
      taken += HASH_WORDS;
    }
    return taken;
  }

  /** Throws StateCorruptError if the bytes have not the form `encode` gives them. */
  static decode(bytes: Uint8Array, hasher: TreeHasher): Page {
    return Page.decodeAll([bytes], hasher)[0] as Page;
  }

  /** Throws StateCorruptError. */
  static decodeAll(stored: readonly Uint8Array[], hasher: TreeHasher): readonly Page[] {
    const slabs = slabsFor(stored.length);
    const pages = stored.map((bytes) => {
      const { leaves, branches } = pageOutline(bytes);
      const page = Page.#make(leaves, branches, slabs);
      page.memory.bytes.set(bytes, page.at * WORD_BYTES);
      page.#hashLeaves(hasher);
      return page;
    });
    Page.hash(pages, new Array<number>(pages.length).fill(ALL_CHILDREN), hasher);
    return pages;
  }

  /** A page with these children, by nibble; undefined is as good as null. */
  static of(children: readonly (TreeNode | null | undefined)[], hasher: Pick<TreeHasher, "sha256Pairs">): Page {
    return Page.allOf([children], hasher)[0] as Page;
  }

  static allOf(
    lists: readonly (readonly (TreeNode | null | undefined)[])[],
    hasher: Pick<TreeHasher, "sha256Pairs">,
  ): readonly Page[] {
    const slabs = slabsFor(lists.length);
    const pages = lists.map((children) => {
      let [leaves, branches] = [0, 0];
      for (const [nibble, child] of children.entries()) {
        if (child === null || child === undefined) continue;
        if (child.leaf !== null) leaves |= 1 << nibble;
        else branches |= 1 << nibble;
      }
      const page = Page.#make(leaves, branches, slabs);
      for (const [nibble, child] of children.entries()) if (child !== null && child !== undefined) page.#putNode(nibble, child);
      return page;
    });
    Page.hash(pages, new Array<number>(pages.length).fill(ALL_CHILDREN), hasher);
    return pages;
  }

  #putNode(nibble: number, { hash, leaf }: TreeNode): void {
    const { bytes } = this.memory;
    bytes.set(hash, this.#hashAt(CHILDREN + nibble) * WORD_BYTES);
    if (leaf === null) return;
    const at = this.#storedAt(nibble) * WORD_BYTES;
    bytes.set(leaf.keyHash, at);
    bytes.set(leaf.valueHash, at + HASH_BYTES);
  }

  #hashLeaves(hasher: TreeHasher): void {
    for (let left = this.leaves; left !== 0; ) {
      const nibble = highestOf(left);
      left ^= 1 << nibble;
      leafHash(this.memory, this.#storedAt(nibble), hasher, this.#hashAt(CHILDREN + nibble));
    }
  }

  // — places —

  /** The first word of the hash of a node of the heap; below zero for an empty subtree. */
  #hashAt(index: number): number {
    if (index >= CHILDREN) {
      const nibble = index - CHILDREN;
      if ((this.leaves >> nibble) & 1) return this.#leafHashesAt + HASH_WORDS * ones(this.leaves & ((1 << nibble) - 1));
      return (this.branches >> nibble) & 1 ? this.#storedAt(nibble) : -1;
    }
    if ((this.#inner >> index) & 1) return this.#innerAt + HASH_WORDS * ones(this.#inner & ((1 << index) - 1));
    // A leaf alone in its subtree stands for all of it.
    const leaves = this.leaves & childrenBelow(index);
    return leaves === 0 ? -1 : this.#hashAt(CHILDREN + highestOf(leaves));
  }

  /** Where the stored form has this child. */
  #storedAt(nibble: number): number {
    const before = (1 << nibble) - 1;
    return this.at + storedWords(this.leaves & before, this.branches & before);
  }

  #leafAt(nibble: number): Leaf {
    const at = this.#storedAt(nibble);
    return { keyHash: this.#bytes(at, HASH_WORDS), valueHash: this.#bytes(at + HASH_WORDS, HASH_WORDS) };
  }

  #bytes(at: number, words: number): Uint8Array {
    return bytesAt(this.memory, at, words);
  }
}

/** Which children a stored page has, by mask, without a look at their hashes. Throws StateCorruptError. */
export function pageOutline(bytes: Uint8Array): { readonly leaves: number; readonly branches: number } {
  const leaves = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const branches = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (bytes.length < MASKS_BYTES || (leaves & branches) !== 0 || bytes.length !== WORD_BYTES * storedWords(leaves, branches)) {
    throw new StateCorruptError("a page of the state tree is malformed");
  }
  return { leaves, branches };
}

/** Words of all of a page: with the hashes of its leaves and of the nodes above. */
function pageWords(leaves: number, branches: number, inner: number): number {
  return storedWords(leaves, branches) + HASH_WORDS * (ones(leaves) + ones(inner));
}

/** One page has memory of its own, and no more than it takes. */
function slabsFor(pages: number): Slabs {
  return pages === 1 ? new Slabs(0) : new Slabs();
}

/** Pairs of one level of several pages, hashed together, and their digests: used again and again, as nothing else is done meanwhile. */
let pairs = newWords(CHILDREN * HASH_WORDS);
let digests = newWords((CHILDREN * HASH_WORDS) / 2);

/** What was stored of the tree is not what was written: a fault of the disk. */
export class StateCorruptError extends Error {
  override readonly name = "StateCorruptError";
  readonly code = "STATE_CORRUPT";
}
