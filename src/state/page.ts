import { copyBytes } from "../lib/bytes.ts";
import { type Leaf, leafNode, type TreeHasher, type TreeNode } from "./node-hash.ts";

/** Four binary levels: 16 children, and the 15 nodes above them. */
export const CHILDREN = 16;
const HASH_BYTES = 32;
const MASKS_BYTES = 4;

/** A page and what becomes of its children, by nibble; undefined is what stays. */
export interface PageChange {
  readonly page: Page;
  readonly children: readonly (TreeNode | null | undefined)[];
}

/**
 * The unit of storage: the nodes of four binary levels at one place of the tree, in heap order (1 is the top, 16…31 the children).
 * Immutable. All of a page is one piece of memory, and no more of it than there are nodes, since a node keeps hundreds of thousands of pages.
 */
export class Page {
  /** The stored form, then the hashes of the children that are leaves, then those of the branches above them, each in order. */
  readonly #memory: Uint8Array;
  /** Bit i: child i is a leaf. */
  readonly #leaves: number;
  /** Bit i: child i is a branch. */
  readonly #branches: number;
  /** Bit i: node i, above the children, is a branch. One leaf alone rises: what stands above it is no node of its own. */
  readonly #inner: number;
  readonly #leafHashesAt: number;
  readonly #innerAt: number;

  private constructor(leaves: number, branches: number) {
    this.#leaves = leaves;
    this.#branches = branches;
    this.#inner = innerOf(leaves, branches);
    this.#leafHashesAt = storedBytes(leaves, branches);
    this.#innerAt = this.#leafHashesAt + HASH_BYTES * ones(leaves);
    this.#memory = new Uint8Array(this.#innerAt + HASH_BYTES * ones(this.#inner));
    this.#memory[0] = leaves >> 8;
    this.#memory[1] = leaves & 255;
    this.#memory[2] = branches >> 8;
    this.#memory[3] = branches & 255;
  }

  static readonly empty = new Page(0, 0);

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
    const leaves = this.#leaves & childrenBelow(index);
    const isBranch = index < CHILDREN ? ((this.#inner >> index) & 1) === 1 : leaves === 0;
    return { hash: this.#bytes(at), leaf: isBranch ? null : this.#leafAt(31 - Math.clz32(leaves)) };
  }

  /** Two masks (leaves, branches; bit i is child i), then each child's hashes in order: 64 bytes for a leaf, 32 for a branch. */
  encode(): Uint8Array {
    return this.#memory.subarray(0, this.#leafHashesAt);
  }

  /** What these children were, by mask: it, then the stored form of a page that has no others. See `page-undo.ts`. */
  undo(mask: number): Uint8Array {
    const [leaves, branches] = [this.#leaves & mask, this.#branches & mask];
    const undo = new Uint8Array(2 + storedBytes(leaves, branches));
    undo.set([mask >> 8, mask & 255, leaves >> 8, leaves & 255, branches >> 8, branches & 255]);
    let from = MASKS_BYTES;
    let to = 2 + MASKS_BYTES;
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      const bytes = this.#childBytes(nibble);
      if ((mask >> nibble) & 1) {
        copyBytes(this.#memory, from, undo, to, bytes);
        to += bytes;
      }
      from += bytes;
    }
    return undo;
  }

  /** Throws StateCorruptError if the bytes have not the form `encode` gives them. */
  static decode(bytes: Uint8Array, hasher: TreeHasher): Page {
    const { leaves, branches } = pageOutline(bytes);
    const stored = new Page(leaves, branches);
    stored.#memory.set(bytes);
    const children = Array.from({ length: CHILDREN }, (_, nibble): TreeNode | undefined => {
      if ((leaves >> nibble) & 1) return leafNode(stored.#leafAt(nibble), hasher);
      return (branches >> nibble) & 1 ? { hash: stored.#bytes(stored.#storedAt(nibble)), leaf: null } : undefined;
    });
    return Page.join([{ page: Page.empty, children }], hasher)[0] as Page;
  }

  /** The pages after their changes, in the same order. Hashes only above what changed, each level of all pages in one call. */
  static join(changes: readonly PageChange[], hasher: Pick<TreeHasher, "sha256Pairs">): readonly Page[] {
    const pages = changes.map(({ page, children }) => page.#with(children));
    /** Bit i: node i of the level is to be made anew. */
    let dirty = changes.map(({ children }) => changedMask(children));
    for (let first = CHILDREN / 2; first >= 1; first /= 2) {
      dirty = dirty.map((below) => halved(below, first));
      Page.#joinLevel(pages, dirty, first, hasher);
    }
    return pages;
  }

  static #joinLevel(
    pages: readonly Page[],
    dirty: readonly number[],
    first: number,
    hasher: Pick<TreeHasher, "sha256Pairs">,
  ): void {
    if (pairs.length < pages.length * first * 2 * HASH_BYTES) pairs = new Uint8Array(pages.length * first * 2 * HASH_BYTES);
    let used = 0;
    for (let at = 0; at < pages.length; at++) used = (pages[at] as Page).#preimages(first, dirty[at] as number, used);
    if (used === 0) return;
    const hashes = hasher.sha256Pairs(pairs.subarray(0, used));
    let taken = 0;
    for (let at = 0; at < pages.length; at++) taken = (pages[at] as Page).#takeHashes(first, dirty[at] as number, hashes, taken);
  }

  /** Puts what the branches of a level are the hashes of to `pairs`. */
  #preimages(first: number, dirty: number, used: number): number {
    for (let index = first; index < 2 * first; index++) {
      if (((dirty >> (index - first)) & (this.#inner >> index) & 1) === 0) continue;
      this.#copyHash(2 * index, used);
      this.#copyHash(2 * index + 1, used + HASH_BYTES);
      used += 2 * HASH_BYTES;
    }
    return used;
  }

  #copyHash(index: number, to: number): void {
    const at = this.#hashAt(index);
    if (at < 0) pairs.fill(0, to, to + HASH_BYTES);
    else copyBytes(this.#memory, at, pairs, to, HASH_BYTES);
  }

  #takeHashes(first: number, dirty: number, hashes: Uint8Array, taken: number): number {
    for (let index = first; index < 2 * first; index++) {
      if (((dirty >> (index - first)) & (this.#inner >> index) & 1) === 0) continue;
      copyBytes(hashes, taken, this.#memory, this.#hashAt(index), HASH_BYTES);
      taken += HASH_BYTES;
    }
    return taken;
  }

  /** The next version with its children in place and the old hashes above them. */
  #with(children: PageChange["children"]): Page {
    let [leaves, branches] = [this.#leaves, this.#branches];
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      const child = children[nibble];
      if (child === undefined) continue;
      const bit = 1 << nibble;
      leaves = child !== null && child.leaf !== null ? leaves | bit : leaves & ~bit;
      branches = child !== null && child.leaf === null ? branches | bit : branches & ~bit;
    }
    const next = new Page(leaves, branches);
    if (leaves === this.#leaves && branches === this.#branches) next.#memory.set(this.#memory);
    else next.#takeFrom(this, children);
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      const child = children[nibble];
      if (child !== undefined && child !== null) next.#put(nibble, child);
    }
    return next;
  }

  /** What of another page's nodes stays. */
  #takeFrom(other: Page, children: PageChange["children"]): void {
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      const bytes = other.#childBytes(nibble);
      if (children[nibble] !== undefined || bytes === 0) continue;
      copyBytes(other.#memory, other.#storedAt(nibble), this.#memory, this.#storedAt(nibble), bytes);
      const index = CHILDREN + nibble;
      copyBytes(other.#memory, other.#hashAt(index), this.#memory, this.#hashAt(index), HASH_BYTES);
    }
    const inner = this.#inner & other.#inner;
    for (let index = 1; index < CHILDREN; index++) {
      if (((inner >> index) & 1) === 0) continue;
      copyBytes(other.#memory, other.#hashAt(index), this.#memory, this.#hashAt(index), HASH_BYTES);
    }
  }

  #put(nibble: number, { hash, leaf }: TreeNode): void {
    copyBytes(hash, 0, this.#memory, this.#hashAt(CHILDREN + nibble), HASH_BYTES);
    if (leaf === null) return;
    const at = this.#storedAt(nibble);
    copyBytes(leaf.keyHash, 0, this.#memory, at, HASH_BYTES);
    copyBytes(leaf.valueHash, 0, this.#memory, at + HASH_BYTES, HASH_BYTES);
  }

  /** Where the hash of a node of the heap stands; below zero for an empty subtree. */
  #hashAt(index: number): number {
    if (index < CHILDREN) {
      if ((this.#inner >> index) & 1) return this.#innerAt + HASH_BYTES * ones(this.#inner & ((1 << index) - 1));
      // A leaf alone in its subtree stands for all of it.
      const leaves = this.#leaves & childrenBelow(index);
      return leaves === 0 ? -1 : this.#hashAt(CHILDREN + 31 - Math.clz32(leaves));
    }
    const nibble = index - CHILDREN;
    if ((this.#leaves >> nibble) & 1) return this.#leafHashesAt + HASH_BYTES * ones(this.#leaves & ((1 << nibble) - 1));
    return (this.#branches >> nibble) & 1 ? this.#storedAt(nibble) : -1;
  }

  /** How long the stored form of a child is. */
  #childBytes(nibble: number): number {
    return 2 * HASH_BYTES * ((this.#leaves >> nibble) & 1) + HASH_BYTES * ((this.#branches >> nibble) & 1);
  }

  #leafAt(nibble: number): Leaf {
    const at = this.#storedAt(nibble);
    return { keyHash: this.#bytes(at), valueHash: this.#bytes(at + HASH_BYTES) };
  }

  /** Where the stored form has this child. */
  #storedAt(nibble: number): number {
    const before = (1 << nibble) - 1;
    return storedBytes(this.#leaves & before, this.#branches & before);
  }

  #bytes(at: number): Uint8Array {
    return this.#memory.subarray(at, at + HASH_BYTES);
  }
}

/** Which children a stored page has, by mask, without a look at their hashes. Throws StateCorruptError. */
export function pageOutline(bytes: Uint8Array): { readonly leaves: number; readonly branches: number } {
  const leaves = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const branches = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (bytes.length < MASKS_BYTES || (leaves & branches) !== 0 || bytes.length !== storedBytes(leaves, branches)) {
    throw new StateCorruptError("a page of the state tree is malformed");
  }
  return { leaves, branches };
}

/** Pairs of one level of all pages that change, hashed together. Every digest is finished when it returns, so one buffer serves all. */
let pairs = new Uint8Array((CHILDREN / 2) * 2 * HASH_BYTES);

/** What was stored of the tree is not what was written: a fault of the disk. */
export class StateCorruptError extends Error {
  override readonly name = "StateCorruptError";
  readonly code = "STATE_CORRUPT";
}

function storedBytes(leaves: number, branches: number): number {
  return MASKS_BYTES + 2 * HASH_BYTES * ones(leaves) + HASH_BYTES * ones(branches);
}

/** The nodes above the children that have two leaves or a branch below them, by mask. */
function innerOf(leaves: number, branches: number): number {
  let inner = 0;
  for (let index = 1; index < CHILDREN; index++) {
    const below = childrenBelow(index);
    const single = leaves & below;
    if ((branches & below) !== 0 || (single & (single - 1)) !== 0) inner |= 1 << index;
  }
  return inner;
}

/** The children below a node of the heap, as a mask. */
function childrenBelow(index: number): number {
  const first = 1 << (31 - Math.clz32(index));
  const width = CHILDREN / first;
  return ((1 << width) - 1) << ((index - first) * width);
}

/** The children that change, as a mask. */
export function changedMask(children: PageChange["children"]): number {
  let mask = 0;
  for (let nibble = 0; nibble < CHILDREN; nibble++) if (children[nibble] !== undefined) mask |= 1 << nibble;
  return mask;
}

/** Nodes of a level of `count` that have one of the marked nodes below them. */
function halved(below: number, count: number): number {
  let mask = 0;
  for (let at = 0; at < count; at++) if ((below >> (2 * at)) & 3) mask |= 1 << at;
  return mask;
}

function ones(mask: number): number {
  const twos = mask - ((mask >> 1) & 0x5555);
  const nibbles = (twos & 0x3333) + ((twos >> 2) & 0x3333);
  const bytes = (nibbles + (nibbles >> 4)) & 0x0f0f;
  return (bytes + (bytes >> 8)) & 0x1f;
}
