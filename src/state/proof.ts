import { bytes, type Infer, list, nullable, struct } from "../codec/schema.ts";
import { equalBytes, toHex } from "../lib/bytes.ts";
import type { Hash } from "../types/scalars.ts";
import { bitAt, EMPTY_HASH, hashPair, keyHashOf, leafNode, type TreeHasher, valueHashOf } from "./node-hash.ts";
import type { StateTree } from "./tree.ts";

const digest = bytes({ min: 32, max: 32 });

/** `siblings` from the root down; `leaf` is what the key's path ends in: the key's own leaf, another's, or nothing. */
export const stateProofSchema = struct({
  siblings: list(digest, { max: 256 }),
  leaf: nullable(struct({ keyHash: digest, valueHash: digest })),
});
export type StateProof = Infer<typeof stateProofSchema>;

/** Proof of what the tree holds under `key`, or that it holds nothing. */
export function prove(tree: StateTree, key: Uint8Array, hasher: TreeHasher): StateProof {
  const keyHash = keyHashOf(key, hasher);
  const siblings: Uint8Array[] = [];
  for (let path = ""; ; ) {
    const page = tree.page(path);
    if (page === undefined) return { siblings, leaf: null };
    let index = 1;
    for (let level = 0; level < 4; level++) {
      const node = page.node(index);
      if (node === null || node.leaf !== null) return { siblings, leaf: node?.leaf ?? null };
      index = 2 * index + bitAt(keyHash, path.length * 4 + level);
      siblings.push(page.node(index ^ 1)?.hash ?? EMPTY_HASH);
    }
    const child = page.node(index);
    if (child === null || child.leaf !== null) return { siblings, leaf: child?.leaf ?? null };
    path += (index - 16).toString(16);
  }
}

/** Whether under this root `key` has `value`, or, with null, nothing. Pure; runs in a browser. */
export function verifyProof(
  root: Hash,
  key: Uint8Array,
  value: Uint8Array | null,
  proof: StateProof,
  hasher: TreeHasher,
): boolean {
  const keyHash = keyHashOf(key, hasher);
  const { leaf, siblings } = proof;
  const present = leaf !== null && equalBytes(leaf.keyHash, keyHash);
  if (value === null ? present : !present || !equalBytes(leaf.valueHash, valueHashOf(value, hasher))) return false;
  // Another key's leaf proves absence only where this key's path leads to it.
  if (leaf !== null && !present && !sharesPath(leaf.keyHash, keyHash, siblings.length)) return false;
  let hash = leaf === null ? EMPTY_HASH : leafNode(leaf, hasher).hash;
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] as Uint8Array;
    hash = bitAt(keyHash, depth) === 0 ? hashPair(hash, sibling, hasher) : hashPair(sibling, hash, hasher);
  }
  return toHex(hash) === root;
}

function sharesPath(left: Uint8Array, right: Uint8Array, bits: number): boolean {
  for (let depth = 0; depth < bits; depth++) if (bitAt(left, depth) !== bitAt(right, depth)) return false;
  return true;
}
