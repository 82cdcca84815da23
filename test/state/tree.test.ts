import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { equalBytes, toHex } from "../../src/lib/bytes.ts";
import {
  EMPTY_HASH,
  hashPair,
  keyHashesOf,
  keyHashOf,
  leafNode,
  type TreeHasher,
  type TreeNode,
  valueHashOf,
} from "../../src/state/node-hash.ts";
import { StateCorruptError } from "../../src/state/page.ts";
import { prove, verifyProof } from "../../src/state/proof.ts";
import { pageWrites, StateTree, type TreeChange } from "../../src/state/tree.ts";
import { stateKey } from "../../src/state/view.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash } from "../../src/types/scalars.ts";

/** Counts every compression of a leaf or a pair, however many pairs come in one call. */
function countingHasher() {
  const counting = {
    hashes: 0,
    sha256: (bytes: Uint8Array) => {
      counting.hashes += 1;
      return nativeHasher.sha256(bytes);
    },
    sha256Pairs: (pairs: Uint8Array, digests: Uint8Array) => {
      counting.hashes += pairs.length / 64;
      nativeHasher.sha256Pairs(pairs, digests);
    },
  };
  return counting;
}

const hasher: TreeHasher = countingHasher();
const text = new TextEncoder();

function pagesInMemory() {
  const stored = new Map<string, Uint8Array>();
  return { stored, page: (path: string) => stored.get(path) };
}

/** A tree with its pages, and how one block's changes become both. */
function memoryTree(counting = hasher, cacheBytesMax: number = LIMITS.stateCacheBytes) {
  const pages = pagesInMemory();
  let tree = new StateTree(pages, counting, cacheBytesMax);
  return {
    stored: pages.stored,
    get tree() {
      return tree;
    },
    apply(changes: readonly TreeChange[]): Hash {
      const update = tree.update(changes);
      for (const { path, bytes } of pageWrites(update)) {
        if (bytes === null) pages.stored.delete(path);
        else pages.stored.set(path, bytes);
      }
      tree.adopt(update);
      return update.root;
    },
    reopen() {
      tree = new StateTree(pages, counting, cacheBytesMax);
    },
  };
}

function change(key: string, value: string | null): TreeChange {
  return {
    keyHash: keyHashOf(text.encode(key), hasher),
    valueHash: value === null ? null : valueHashOf(text.encode(value), hasher),
  };
}

/** The root by its definition, over all leaves. */
function naiveRoot(entries: ReadonlyMap<string, string>): string {
  const leaves = [...entries].map(([key, value]) =>
    leafNode({ keyHash: keyHashOf(text.encode(key), hasher), valueHash: valueHashOf(text.encode(value), hasher) }, hasher),
  );
  const bit = (bytes: Uint8Array, depth: number) => ((bytes[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
  const build = (nodes: readonly TreeNode[], depth: number): TreeNode | null => {
    if (nodes.length === 0) return null;
    if (nodes.length === 1) return nodes[0] as TreeNode;
    const side = (wanted: number) =>
      nodes.filter((node) => bit((node.leaf as { keyHash: Uint8Array }).keyHash, depth) === wanted);
    const [left, right] = [build(side(0), depth + 1), build(side(1), depth + 1)];
    return { hash: hashPair(left?.hash ?? EMPTY_HASH, right?.hash ?? EMPTY_HASH, hasher), leaf: null };
  };
  const top = build(leaves, 0);
  return toHex(top?.hash ?? new Uint8Array(32));
}

const keys = fc.integer({ min: 0, max: 40 }).map((number) => `key-${number}`);
const batches = fc.array(
  fc.uniqueArray(fc.tuple(keys, fc.option(fc.string({ maxLength: 3 }))), { selector: ([key]) => key, maxLength: 12 }),
  { maxLength: 8 },
);

describe("hashes of keys", () => {
  it("made together are those made one by one", () => {
    const keys = ["party", "fingerprintEpochs"].map((kind) => stateKey(kind, "ab".repeat(32) as Hash));
    expect(keyHashesOf(keys, hasher)).toEqual(keys.map((key) => keyHashOf(key, hasher)));
    expect(keyHashesOf([], hasher)).toEqual([]);
  });
});

describe("the state tree", () => {
  it("has the root of its definition after any batches of changes, also when read back from its pages", () => {
    fc.assert(
      fc.property(batches, (runs) => {
        const memory = memoryTree();
        const model = new Map<string, string>();
        for (const run of runs) {
          for (const [key, value] of run) value === null ? model.delete(key) : model.set(key, value);
          expect(memory.apply(run.map(([key, value]) => change(key, value)))).toBe(naiveRoot(model));
          memory.reopen();
          expect(memory.tree.root()).toBe(naiveRoot(model));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("comes to the same root whether its pages fit the memory given for them, or hardly any does", () => {
    const size = 6_000;
    const [roomy, narrow] = [memoryTree(), memoryTree(hasher, 1)];
    const first = Array.from({ length: size }, (_, index) => change(`key-${index}`, "first"));
    expect(narrow.apply(first)).toBe(roomy.apply(first));
    for (let block = 1; block <= 8; block++) {
      const changes = Array.from({ length: 500 }, (_, index) => {
        const key = `key-${(index * 7_919 + block * 104_729) % (size + 1_000)}`;
        return change(key, index % 3 === 0 ? null : `block ${block}`);
      });
      const root = roomy.apply(changes);
      expect(narrow.apply(changes)).toBe(root);
      expect([...narrow.stored].every(([path, bytes]) => equalBytes(bytes, roomy.stored.get(path) as Uint8Array))).toBe(true);
      expect(narrow.stored.size).toBe(roomy.stored.size);
    }
    const root = narrow.tree.root();
    narrow.reopen();
    expect(narrow.tree.root()).toBe(root);
  });

  it("proves presence and absence, and no altered proof holds", () => {
    const memory = memoryTree();
    const root = memory.apply(Array.from({ length: 300 }, (_, index) => change(`key-${index}`, `value-${index}`)));
    for (let index = 0; index < 320; index++) {
      const key = text.encode(`key-${index}`);
      const value = index < 300 ? text.encode(`value-${index}`) : null;
      const proof = prove(memory.tree, key, hasher);
      expect(verifyProof(root, key, value, proof, hasher)).toBe(true);
      expect(verifyProof(root, key, value === null ? text.encode("x") : null, proof, hasher)).toBe(false);
      expect(verifyProof(root, key, text.encode("another"), proof, hasher)).toBe(false);
      const siblings = proof.siblings.map((sibling, at) =>
        at === index % proof.siblings.length ? sibling.map((byte, place) => (place === 5 ? byte ^ 1 : byte)) : sibling,
      );
      expect(verifyProof(root, key, value, { ...proof, siblings }, hasher)).toBe(false);
    }
  });

  it("does not prove a present key absent with another key's leaf", () => {
    const memory = memoryTree();
    const root = memory.apply(Array.from({ length: 64 }, (_, index) => change(`key-${index}`, "v")));
    const proofOfAnother = prove(memory.tree, text.encode("key-1"), hasher);
    expect(verifyProof(root, text.encode("key-2"), null, proofOfAnother, hasher)).toBe(false);
  });

  it("adopts one of several candidates, and none that was computed from a state before", () => {
    const { tree, apply } = memoryTree();
    apply([change("first", "1"), change("second", "2")]);
    const [left, right] = [tree.update([change("left", "3")]), tree.update([change("right", "4")])];
    tree.adopt(right);
    expect(() => tree.adopt(left)).toThrow(/the state that stands/);
    expect(tree.root()).toBe(right.root);
  });

  it("refuses a malformed page as a fault of the disk", () => {
    const pages = pagesInMemory();
    pages.stored.set("", Uint8Array.of(1, 2, 3));
    expect(() => new StateTree(pages, hasher).root()).toThrowError(expect.objectContaining({ code: "STATE_CORRUPT" }));
  });

  it("refuses a page of another time, as a lost write leaves it, and a missing one", () => {
    const memory = memoryTree();
    const keys = Array.from({ length: 400 }, (_, index) => `key-${index}`);
    memory.apply(keys.map((key) => change(key, "before")));
    const before = new Map(memory.stored);
    memory.apply(keys.map((key) => change(key, "after")));
    for (const stale of [before.get("7"), undefined]) {
      if (stale === undefined) memory.stored.delete("7");
      else memory.stored.set("7", stale);
      memory.reopen();
      // The root page is sound: only what lies below is not what it names.
      expect(() => memory.tree.root()).not.toThrow();
      expect(() => memory.tree.update(keys.map((key) => change(key, "next")))).toThrow(StateCorruptError);
    }
  });

  it("hashes in proportion to the changed keys and the depth, not to the size of the state", () => {
    const perKey = [1_000, 100_000].map((size) => {
      const counting = countingHasher();
      const memory = memoryTree(counting);
      memory.apply(Array.from({ length: size }, (_, index) => change(`key-${index}`, "first")));
      const changes = Array.from({ length: 100 }, (_, index) => change(`key-${index * (size / 100)}`, "second"));
      counting.hashes = 0;
      memory.apply(changes);
      return counting.hashes / changes.length;
    });
    const [small, large] = perKey as [number, number];
    expect(small).toBeGreaterThan(1);
    expect(small).toBeLessThan(2 * Math.log2(1_000));
    expect(large).toBeLessThan(2 * Math.log2(100_000));
    expect(large / small).toBeLessThan(3);
  });
});
