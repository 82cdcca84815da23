import { compareBytes, toHex } from "../lib/bytes.ts";
import type { Hash } from "../types/scalars.ts";
import { EMPTY_HASH, hashPair, type Leaf, type TreeHasher, type TreeNode } from "./node-hash.ts";
import { CHILDREN, Page } from "./page.ts";
import { StateTree } from "./tree.ts";

/** What of the tree lies under one prefix of nibbles: its top node and its pages. */
export interface Subtree {
  readonly top: TreeNode | null;
  readonly pages: ReadonlyMap<string, Page>;
}

/**
 * The pages that these leaves make: all that the tree holds under `prefix`, in any order. Under a prefix other than the empty one there
 * must be two leaves or more: one alone would stand farther up, and where is not to be seen from here.
 */
export function subtreeOf(prefix: string, leaves: readonly Leaf[], hasher: TreeHasher): Subtree | undefined {
  if (prefix !== "" && leaves.length < 2) return undefined;
  if (leaves.some(({ keyHash }) => !toHex(keyHash).startsWith(prefix))) return undefined;
  const tree = new StateTree({ page: () => undefined }, hasher);
  const pages = new Map<string, Page>();
  for (const [path, { after }] of tree.update(leaves).pages) {
    if (after !== null && path.length >= prefix.length) pages.set(path, after);
  }
  return { top: pages.get(prefix)?.top ?? null, pages };
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
      own.set(Number.parseInt(path.slice(-1), 16), node);
      children.set(parent, own);
    }
    level = new Map();
    for (const [path, nodes] of children) {
      const children = Array.from({ length: CHILDREN }, (_, nibble) => nodes.get(nibble));
      const [page] = Page.join([{ page: Page.empty, children }], hasher) as [Page];
      pages.set(path, page);
      level.set(path, page.top as TreeNode);
    }
  }
  return { top: level.get("") ?? null, pages };
}

/** Whether leaves are in the order of the tree, none twice. */
export function isOrdered(leaves: readonly Leaf[]): boolean {
  return leaves.every(({ keyHash }, index) => index === 0 || compareBytes((leaves[index - 1] as Leaf).keyHash, keyHash) < 0);
}
