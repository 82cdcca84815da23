import { taggedHashBytes } from "../crypto/hash.ts";

/** What hashing a tree needs; the Hasher port has it, and so has the portable code. */
export interface TreeHasher {
  sha256(bytes: Uint8Array): Uint8Array;
  sha256Pairs(pairs: Uint8Array): Uint8Array;
}

export interface Leaf {
  /** `H("key", key)`. */
  readonly keyHash: Uint8Array;
  /** `H("val", value)`. */
  readonly valueHash: Uint8Array;
}

/** A node of the tree: a subtree that holds one leaf is that leaf; null is the empty subtree. */
export interface TreeNode {
  readonly hash: Uint8Array;
  readonly leaf: Leaf | null;
}

export const EMPTY_HASH = new Uint8Array(32);

export function keyHashOf(key: Uint8Array, hasher: Pick<TreeHasher, "sha256">): Uint8Array {
  return taggedHashBytes("key", key, hasher.sha256);
}

export function valueHashOf(value: Uint8Array, hasher: Pick<TreeHasher, "sha256">): Uint8Array {
  return taggedHashBytes("val", value, hasher.sha256);
}

/** SHA-256("leaf" ‖ 0x00 ‖ keyHash ‖ valueHash): 69 bytes, so it can never be the 64 bytes of an inner node. */
export function leafNode(leaf: Leaf, hasher: Pick<TreeHasher, "sha256">): TreeNode {
  const preimage = new Uint8Array(64);
  preimage.set(leaf.keyHash);
  preimage.set(leaf.valueHash, 32);
  return { hash: taggedHashBytes("leaf", preimage, hasher.sha256), leaf };
}

/**
 * What stands above two subtrees of which at most one leaf is not empty: that leaf itself rises, so that the root depends on the set
 * alone. undefined: a branch stands there, whose hash is SHA-256(left ‖ right).
 */
export function loneNode(left: TreeNode | null, right: TreeNode | null): TreeNode | null | undefined {
  if (left === null && right === null) return null;
  if (left === null && right?.leaf != null) return right;
  if (right === null && left?.leaf != null) return left;
  return undefined;
}

export function hashPair(left: Uint8Array, right: Uint8Array, hasher: Pick<TreeHasher, "sha256Pairs">): Uint8Array {
  const pair = new Uint8Array(64);
  pair.set(left);
  pair.set(right, 32);
  return hasher.sha256Pairs(pair);
}

/** Which way a key goes at this depth: 0 left, 1 right. */
export function bitAt(keyHash: Uint8Array, depth: number): number {
  return ((keyHash[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}
