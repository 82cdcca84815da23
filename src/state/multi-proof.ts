import { assert } from "../lib/assert.ts";
import { compareBytes, equalBytes, toHex } from "../lib/bytes.ts";
import type { Hash } from "../types/scalars.ts";
import { bitAt, EMPTY_HASH, hashPair, keyHashOf, leafNode, type TreeHasher, valueHashOf } from "./node-hash.ts";
import type { Page } from "./page.ts";
import type { StateTree } from "./tree.ts";

/**
 * Proof that a tree holds several keys at once. What their paths share is said once: from the root down, left before right, the
 * hash beside each branch below which only one side holds any of the keys.
 */
export interface MultiProof {
  /** Where each key's leaf stands, in the order in which the keys are given. */
  readonly depths: readonly number[];
  readonly siblings: readonly Uint8Array[];
}

interface Target {
  readonly keyHash: Uint8Array;
  /** Place of the key among those given. */
  readonly index: number;
}

/** undefined if the tree does not hold one of the keys. Keys are distinct. */
export function proveAll(tree: StateTree, keys: readonly Uint8Array[], hasher: TreeHasher): MultiProof | undefined {
  const depths = new Array<number>(keys.length).fill(0);
  const siblings: Uint8Array[] = [];
  const walk = (targets: readonly Target[], path: string, page: Page, index: number): boolean => {
    const depth = 4 * path.length + Math.floor(Math.log2(index));
    const node = page.node(index);
    if (node === null) return false;
    if (node.leaf !== null) {
      const [target, another] = targets;
      if (target === undefined || another !== undefined || !equalBytes(target.keyHash, node.leaf.keyHash)) return false;
      depths[target.index] = depth;
      return true;
    }
    if (index >= 16) {
      const below = path + (index - 16).toString(16);
      const next = tree.page(below);
      return next !== undefined && walk(targets, below, next, 1);
    }
    const [left, right] = divide(targets, depth);
    if (left.length === 0) siblings.push(page.node(2 * index)?.hash ?? EMPTY_HASH);
    if (right.length === 0) siblings.push(page.node(2 * index + 1)?.hash ?? EMPTY_HASH);
    return (
      (left.length === 0 || walk(left, path, page, 2 * index)) && (right.length === 0 || walk(right, path, page, 2 * index + 1))
    );
  };
  const root = tree.page("");
  if (root === undefined || !walk(targetsOf(keys, hasher), "", root, 1)) return undefined;
  return { depths, siblings };
}

/** Whether under this root each of these keys has its value. Pure; runs in a browser. */
export function verifyAll(
  root: Hash,
  entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
  proof: MultiProof,
  hasher: TreeHasher,
): boolean {
  if (entries.length === 0 || entries.length !== proof.depths.length) return false;
  const targets = targetsOf(
    entries.map(({ key }) => key),
    hasher,
  );
  let used = 0;
  /** undefined: the proof has not the form of a proof of these keys. */
  const hashOf = (group: readonly Target[], depth: number): Uint8Array | undefined => {
    const [target, another] = group;
    assert(target !== undefined, "a group holds a key");
    if (proof.depths[target.index] === depth) {
      if (another !== undefined) return undefined;
      const { value } = entries[target.index] as { readonly value: Uint8Array };
      return leafNode({ keyHash: target.keyHash, valueHash: valueHashOf(value, hasher) }, hasher).hash;
    }
    if (depth === 8 * target.keyHash.length) return undefined;
    const [left, right] = divide(group, depth);
    const sibling = left.length === 0 || right.length === 0 ? proof.siblings[used++] : EMPTY_HASH;
    if (sibling === undefined) return undefined;
    const first = left.length === 0 ? sibling : hashOf(left, depth + 1);
    const second = right.length === 0 ? sibling : hashOf(right, depth + 1);
    return first === undefined || second === undefined ? undefined : hashPair(first, second, hasher);
  };
  const hash = hashOf(targets, 0);
  return hash !== undefined && used === proof.siblings.length && toHex(hash) === root;
}

function targetsOf(keys: readonly Uint8Array[], hasher: Pick<TreeHasher, "sha256">): readonly Target[] {
  return keys
    .map((key, index) => ({ keyHash: keyHashOf(key, hasher), index }))
    .sort((left, right) => compareBytes(left.keyHash, right.keyHash));
}

function divide(targets: readonly Target[], depth: number): readonly [readonly Target[], readonly Target[]] {
  const at = targets.findIndex(({ keyHash }) => bitAt(keyHash, depth) === 1);
  return at < 0 ? [targets, []] : [targets.slice(0, at), targets.slice(at)];
}
