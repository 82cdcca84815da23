import { shortLived } from "../lib/bytes.ts";
import { EMPTY_HASH, leafNode, loneNode, type TreeHasher, type TreeNode } from "./node-hash.ts";

/** Four binary levels: 16 children, and the 15 nodes above them. */
const CHILDREN = 16;

/**
 * The unit of storage: the nodes of four binary levels at one place of the tree, in heap order (1 is the top, 16…31 the children).
 * Immutable; `with` shares nothing mutable and hashes only above what changed.
 */
export class Page {
  readonly #nodes: readonly (TreeNode | null)[];

  private constructor(nodes: readonly (TreeNode | null)[]) {
    this.#nodes = nodes;
  }

  static readonly empty = new Page(new Array<TreeNode | null>(2 * CHILDREN).fill(null));

  /** The node that stands for all of the page; a page of fewer than two leaves has no branch on top. */
  get top(): TreeNode | null {
    return this.#nodes[1] ?? null;
  }

  child(nibble: number): TreeNode | null {
    return this.#nodes[CHILDREN + nibble] ?? null;
  }

  /** Any node of the heap. */
  node(index: number): TreeNode | null {
    return this.#nodes[index] ?? null;
  }

  with(children: ReadonlyMap<number, TreeNode | null>, hasher: TreeHasher): Page {
    const nodes = this.#nodes.slice();
    /** Bit i: node i of the level is to be made anew. */
    let dirty = 0;
    for (const [nibble, child] of children) {
      nodes[CHILDREN + nibble] = child;
      dirty |= 1 << (nibble >> 1);
    }
    for (let first = CHILDREN / 2; first >= 1; first /= 2) {
      let above = 0;
      for (let offset = 0; offset < first; offset++) if ((dirty >> offset) & 1) above |= 1 << (offset >> 1);
      joinLevel(nodes, first, dirty, hasher);
      dirty = above;
    }
    return new Page(nodes);
  }

  /** Two masks (leaves, branches; bit i is child i), then each child's hashes in order: 64 bytes for a leaf, 32 for a branch. */
  encode(): Uint8Array {
    let leaves = 0;
    let branches = 0;
    let length = 4;
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      const child = this.child(nibble);
      if (child === null) continue;
      if (child.leaf === null) branches |= 1 << nibble;
      else leaves |= 1 << nibble;
      length += child.leaf === null ? 32 : 64;
    }
    const bytes = shortLived(length);
    bytes.set([leaves >> 8, leaves & 255, branches >> 8, branches & 255]);
    let at = 4;
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      const child = this.child(nibble);
      if (child === null) continue;
      if (child.leaf === null) {
        bytes.set(child.hash, at);
        at += 32;
      } else {
        bytes.set(child.leaf.keyHash, at);
        bytes.set(child.leaf.valueHash, at + 32);
        at += 64;
      }
    }
    return bytes;
  }

  /** Throws StateCorruptError if the bytes have not the form `encode` gives them. */
  static decode(bytes: Uint8Array, hasher: TreeHasher): Page {
    const leaves = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    const branches = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    if (bytes.length < 4 || (leaves & branches) !== 0 || bytes.length !== 4 + 64 * ones(leaves) + 32 * ones(branches)) {
      throw new StateCorruptError("a page of the state tree is malformed");
    }
    const children = new Map<number, TreeNode | null>();
    let at = 4;
    for (let nibble = 0; nibble < CHILDREN; nibble++) {
      if ((leaves >> nibble) & 1) {
        children.set(nibble, leafNode({ keyHash: bytes.slice(at, at + 32), valueHash: bytes.slice(at + 32, at + 64) }, hasher));
        at += 64;
      } else if ((branches >> nibble) & 1) {
        children.set(nibble, { hash: bytes.slice(at, at + 32), leaf: null });
        at += 32;
      }
    }
    return Page.empty.with(children, hasher);
  }
}

/** Pairs of one level, hashed together: a native hasher takes several in little more time than one. */
const pairs = new Uint8Array((CHILDREN / 2) * 64);

function joinLevel(nodes: (TreeNode | null)[], first: number, dirty: number, hasher: Pick<TreeHasher, "sha256Pairs">): void {
  const branches: number[] = [];
  for (let offset = 0; offset < first; offset++) {
    if (((dirty >> offset) & 1) === 0) continue;
    const index = first + offset;
    const [left, right] = [nodes[2 * index] ?? null, nodes[2 * index + 1] ?? null];
    const lone = loneNode(left, right);
    if (lone !== undefined) {
      nodes[index] = lone;
      continue;
    }
    pairs.set(left?.hash ?? EMPTY_HASH, 64 * branches.length);
    pairs.set(right?.hash ?? EMPTY_HASH, 64 * branches.length + 32);
    branches.push(index);
  }
  if (branches.length === 0) return;
  const hashes = hasher.sha256Pairs(pairs.subarray(0, 64 * branches.length));
  for (const [at, index] of branches.entries()) nodes[index] = { hash: hashes.subarray(32 * at, 32 * at + 32), leaf: null };
}

/** What was stored of the tree is not what was written: a fault of the disk. */
export class StateCorruptError extends Error {
  override readonly name = "StateCorruptError";
  readonly code = "STATE_CORRUPT";
}

function ones(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
