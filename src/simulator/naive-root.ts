import { compareBytes } from "../lib/bytes.ts";
import { EMPTY_HASH, hashPair, type Leaf, leafNode } from "../state/node-hash.ts";
import { simulatedHasher } from "./virtual-crypto.ts";

/** The root of the state tree by its definition alone: a subtree of one leaf is that leaf, an empty one is zero. */
export function naiveRoot(leaves: readonly Leaf[]): Uint8Array {
  const sorted = [...leaves].sort((left, right) => compareBytes(left.keyHash, right.keyHash));
  return rootOf(sorted, 0);
}

function rootOf(leaves: readonly Leaf[], depth: number): Uint8Array {
  const [first, second] = leaves;
  if (first === undefined) return EMPTY_HASH;
  if (second === undefined) return leafNode(first, simulatedHasher).hash;
  const split = leaves.findIndex(({ keyHash }) => bitAt(keyHash, depth) === 1);
  const at = split < 0 ? leaves.length : split;
  return hashPair(rootOf(leaves.slice(0, at), depth + 1), rootOf(leaves.slice(at), depth + 1), simulatedHasher);
}

function bitAt(keyHash: Uint8Array, depth: number): number {
  return ((keyHash[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}
