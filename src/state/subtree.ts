import { compareBytes, toHex } from "../lib/bytes.ts";
import type { Hash } from "../types/scalars.ts";
import { EMPTY_HASH, hashPair, type Leaf, leafNode, type TreeHasher, type TreeNode } from "./node-hash.ts";
import { Page } from "./page.ts";
import { CHILDREN } from "./page-shape.ts";
import { nibbleAt, type StateTree } from "./tree.ts";

/** What of the tree lies under one prefix of nibbles: its top node and its pages. */
export interface Subtree {
  readonly top: TreeNode | null;
  readonly pages: ReadonlyMap<string, Page>;
}

export function rootOf({ top }: Pick<Subtree, "top">): Hash {
  return toHex(top?.hash ?? EMPTY_HASH) as Hash;
}

/** A page to be made, and where its top goes. */
interface Plan {
  readonly path: string;
  readonly children: (TreeNode | null | undefined)[];
  readonly parent: Plan | null;
}

/**
 * The pages that these leaves make: all that the tree holds under `prefix`, in its order and none twice, or undefined. Under a prefix other
 * than the empty one there must be two leaves or more: one alone would stand farther up, and where is not to be seen from here. Each page
 * is made once, those of one depth together, from the bottom up.
 */
export function subtreeOf(prefix: string, leaves: readonly Leaf[], hasher: TreeHasher): Subtree | undefined {
  if (!isOrdered(leaves) || (prefix !== "" && leaves.length < 2)) return undefined;
  // What stands between two leaves with this prefix has it, too.
  for (const end of [leaves[0], leaves.at(-1)]) if (end !== undefined && !isBelow(prefix, end.keyHash)) return undefined;
  const pages = new Map<string, Page>();
  let top: TreeNode | null = null;
  for (const plans of plansOf(prefix, leaves, hasher).reverse()) {
    const made = Page.allOf(
      plans.map(({ children }) => children),
      hasher,
    );
    for (const [index, { path, parent }] of plans.entries()) {
      const page = made[index] as Page;
      pages.set(path, page);
      if (parent === null) top = page.top;
      else parent.children[nibbleOf(path)] = page.top;
    }
  }
  return { top, pages };
}

/** The pages to be made by depth, the one at the prefix first, with those of their children in place that are leaves. */
function plansOf(prefix: string, leaves: readonly Leaf[], hasher: TreeHasher): Plan[][] {
  const levels: Plan[][] = [];
  const plan = (path: string, from: number, to: number, parent: Plan | null): void => {
    const children = new Array<TreeNode | undefined>(CHILDREN).fill(undefined);
    const own: Plan = { path, children, parent };
    const level = levels[path.length - prefix.length];
    if (level === undefined) levels.push([own]);
    else level.push(own);
    for (let at = from; at < to; ) {
      const { keyHash } = leaves[at] as Leaf;
      const nibble = nibbleAt(keyHash, path.length);
      let next = at + 1;
      while (next < to && nibbleAt((leaves[next] as Leaf).keyHash, path.length) === nibble) next++;
      if (next === at + 1) children[nibble] = leafNode(leaves[at] as Leaf, hasher);
      else plan(path + nibble.toString(16), at, next, own);
      at = next;
    }
  };
  plan(prefix, 0, leaves.length, null);
  return levels;
}

function isBelow(prefix: string, keyHash: Uint8Array): boolean {
  return toHex(keyHash).startsWith(prefix);
}

function nibbleOf(path: string): number {
  return Number.parseInt(path.slice(-1), 16);
}

/** The hashes beside the way from the root down to a prefix; undefined if no branch stands there. */
export function siblingsOf(tree: StateTree, prefix: string): readonly Uint8Array[] | undefined {
  const siblings: Uint8Array[] = [];
  for (let at = 0; at < prefix.length; at++) {
    const page = tree.page(prefix.slice(0, at));
    const nibble = Number.parseInt(prefix[at] as string, 16);
    for (let level = 3, index = 1; level >= 0; level--) {
      index = 2 * index + ((nibble >> level) & 1);
      siblings.push(page?.node(index ^ 1)?.hash ?? EMPTY_HASH);
    }
    const child = page?.child(nibble) ?? null;
    if (child === null || child.leaf !== null) return undefined;
  }
  return siblings;
}

/** Whether a branch with this hash at the end of `prefix`, and these hashes beside the way to it, make the tree with this root. */
export function leadsToRoot(
  root: Hash,
  prefix: string,
  top: TreeNode,
  siblings: readonly Uint8Array[],
  hasher: TreeHasher,
): boolean {
  if (siblings.length !== 4 * prefix.length) return false;
  let { hash } = top;
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] as Uint8Array;
    const nibble = Number.parseInt(prefix[depth >> 2] as string, 16);
    const isRight = ((nibble >> (3 - (depth & 3))) & 1) === 1;
    hash = isRight ? hashPair(sibling, hash, hasher) : hashPair(hash, sibling, hasher);
  }
  return toHex(hash) === root;
}

/** The pages above the tops of all prefixes of one length, and the node that stands for everything. */
export function pagesAbove(tops: ReadonlyMap<string, TreeNode>, hasher: TreeHasher): Subtree {
  const pages = new Map<string, Page>();
  let level = new Map(tops);
  while (!level.has("")) {
    const children = new Map<string, Map<number, TreeNode>>();
    for (const [path, node] of level) {
      const parent = path.slice(0, -1);
      const own = children.get(parent) ?? new Map<number, TreeNode>();
      own.set(nibbleOf(path), node);
      children.set(parent, own);
    }
    level = new Map();
    for (const [path, nodes] of children) {
      const children = Array.from({ length: CHILDREN }, (_, nibble) => nodes.get(nibble));
      const page = Page.of(children, hasher);
      pages.set(path, page);
      level.set(path, page.top as TreeNode);
    }
  }
  return { top: level.get("") ?? null, pages };
}

/** Whether leaves are in the order of the tree, none twice. */
function isOrdered(leaves: readonly Leaf[]): boolean {
  return leaves.every(({ keyHash }, index) => index === 0 || compareBytes((leaves[index - 1] as Leaf).keyHash, keyHash) < 0);
}
