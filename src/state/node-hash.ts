import { taggedHashBytes, taggedPreimage } from "../crypto/hash.ts";
import { copyBytes } from "../lib/bytes.ts";

/** What hashing a tree needs; the Hasher port has it, and so has the portable code. */
export interface TreeHasher {
  sha256(bytes: Uint8Array): Uint8Array;
  sha256Pairs(pairs: Uint8Array, digests: Uint8Array): void;
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

const leafPreimage = taggedPreimage("leaf", 64);

/** The same of key hash and value hash that stand one behind the other in `memory`, put to `to`. */
export function leafHash(memory: Uint8Array, at: number, hasher: Pick<TreeHasher, "sha256">, to: number): void {
  copyBytes(memory, at, leafPreimage, leafPreimage.length - 64, 64);
  copyBytes(hasher.sha256(leafPreimage), 0, memory, to, 32);
}

export function hashPair(left: Uint8Array, right: Uint8Array, hasher: Pick<TreeHasher, "sha256Pairs">): Uint8Array {
  const pair = new Uint8Array(64);
  pair.set(left);
  pair.set(right, 32);
  const digest = new Uint8Array(32);
  hasher.sha256Pairs(pair, digest);
  return digest;
}

/** Which way a key goes at this depth: 0 left, 1 right. */
export function bitAt(keyHash: Uint8Array, depth: number): number {
  return ((keyHash[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}
