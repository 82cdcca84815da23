import { taggedHashBytes, taggedPreimage } from "../crypto/hash.ts";
import { assert } from "../lib/assert.ts";
import { copyHash, HASH_WORDS, newWords, WORD_BYTES, type Words } from "./words.ts";

const HASH_BYTES = HASH_WORDS * WORD_BYTES;

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

/** Keys of this length make preimages of 64 bytes, as long as a pair: native code hashes many at once, in a tenth of the time. */
export const KEY_BYTES = 60;

/** The same of many keys of {@link KEY_BYTES}. */
export function keyHashesOf(keys: readonly Uint8Array[], hasher: Pick<TreeHasher, "sha256Pairs">): readonly Uint8Array[] {
  const preimage = taggedPreimage("key", KEY_BYTES);
  const preimages = new Uint8Array(preimage.length * keys.length);
  for (const [index, key] of keys.entries()) {
    assert(key.length === KEY_BYTES, "keys of the state are of one length");
    preimages.set(preimage, index * preimage.length);
    preimages.set(key, (index + 1) * preimage.length - KEY_BYTES);
  }
  const digests = new Uint8Array(HASH_BYTES * keys.length);
  hasher.sha256Pairs(preimages, digests);
  return keys.map((_, index) => digests.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES));
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

/** The tag's five bytes end where a word ends, so that what follows them is copied by words. */
const leafMemory = newWords(2 + 2 * HASH_WORDS);
const leafPreimage = leafMemory.bytes.subarray(3);
leafPreimage.set(taggedPreimage("leaf", 2 * HASH_BYTES));

/** The same of key hash and value hash that stand one behind the other in `memory`, put to `to`; places are words. */
export function leafHash({ words, bytes }: Words, at: number, hasher: Pick<TreeHasher, "sha256">, to: number): void {
  copyHash(words, at, leafMemory.words, 2);
  copyHash(words, at + HASH_WORDS, leafMemory.words, 2 + HASH_WORDS);
  bytes.set(hasher.sha256(leafPreimage), to * WORD_BYTES);
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
