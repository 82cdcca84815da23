import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { proveAll, verifyAll } from "../../src/state/multi-proof.ts";
import { keyHashOf, valueHashOf } from "../../src/state/node-hash.ts";
import { prove } from "../../src/state/proof.ts";
import { pageWrites, StateTree } from "../../src/state/tree.ts";
import type { Hash } from "../../src/types/scalars.ts";

const hasher = nativeHasher;
const TEXT = new TextEncoder();
const key = (name: number): Uint8Array => TEXT.encode(`object ${name}`);
const value = (name: number): Uint8Array => TEXT.encode(`value ${name}`);
const OTHER = new Uint8Array(32).fill(1);
const entry = (name: number) => ({ key: key(name), value: value(name) });

/** A tree of so many objects, stored in pages and read back from them. */
function treeOf(count: number): { readonly tree: StateTree; readonly root: Hash } {
  const pages = new Map<string, Uint8Array>();
  const tree = new StateTree({ page: (path) => pages.get(path) }, hasher);
  const update = tree.update(
    Array.from({ length: count }, (_, name) => ({
      keyHash: keyHashOf(key(name), hasher),
      valueHash: valueHashOf(value(name), hasher),
    })),
  );
  for (const { path, bytes } of pageWrites(update)) if (bytes !== null) pages.set(path, bytes);
  return { tree: new StateTree({ page: (path) => pages.get(path) }, hasher), root: update.root };
}

const big = treeOf(20_000);

describe("a proof of several keys", () => {
  it("holds for any of a tree's keys in any order, and for no other value, key or root", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }).chain((count) =>
          fc.record({
            count: fc.constant(count),
            names: fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: 12 }),
          }),
        ),
        ({ count, names }) => {
          const { tree, root } = treeOf(count);
          const proof = proveAll(tree, names.map(key), hasher);
          if (proof === undefined) throw new Error("the tree holds all of them");
          const entries = names.map(entry);
          expect(verifyAll(root, entries, proof, hasher)).toBe(true);
          const wrong = entries.with(0, { key: key(names[0] as number), value: value(-1) });
          expect(verifyAll(root, wrong, proof, hasher)).toBe(false);
          expect(verifyAll(root, entries.with(0, entry(count)), proof, hasher)).toBe(false);
          expect(verifyAll("11".repeat(32) as Hash, entries, proof, hasher)).toBe(false);
          expect(proveAll(tree, [...names.map(key), key(count)], hasher)).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("of one key is the path that a proof of that key shows", () => {
    const proof = proveAll(big.tree, [key(7)], hasher);
    const { siblings } = prove(big.tree, key(7), hasher);
    expect(proof).toEqual({ depths: [siblings.length], siblings });
  });

  it("says what paths share once, and costs less than a path each", () => {
    const names = Array.from({ length: 11 }, (_, index) => index * 1_800);
    const together = proveAll(big.tree, names.map(key), hasher)?.siblings.length ?? Number.NaN;
    const alone = names.reduce((sum, name) => sum + prove(big.tree, key(name), hasher).siblings.length, 0);
    expect(together).toBeLessThan(0.85 * alone);
  });

  it("is refused with a hash left out, put in, moved or changed, and with other depths", () => {
    const names = [3, 5, 11_000];
    const { root, tree } = big;
    const entries = names.map(entry);
    const proof = proveAll(tree, names.map(key), hasher);
    if (proof === undefined) throw new Error("the tree holds all of them");
    const { depths, siblings } = proof;
    const holds = (change: Partial<typeof proof>): boolean => verifyAll(root, entries, { ...proof, ...change }, hasher);
    expect(holds({})).toBe(true);
    for (const at of siblings.keys()) {
      expect(holds({ siblings: siblings.filter((_, index) => index !== at) })).toBe(false);
      expect(holds({ siblings: siblings.with(at, OTHER) })).toBe(false);
      expect(holds({ siblings: [...siblings.slice(0, at), OTHER, ...siblings.slice(at)] })).toBe(false);
    }
    for (const at of depths.keys())
      for (const depth of [0, (depths[at] as number) - 1, (depths[at] as number) + 1, 256, 257])
        expect(holds({ depths: depths.with(at, depth) })).toBe(false);
    expect(holds({ depths: depths.slice(1) })).toBe(false);
    expect(verifyAll(root, [], { depths: [], siblings: [] }, hasher)).toBe(false);
    expect(verifyAll(root, [entry(3), entry(3)], { depths: [5, 5], siblings }, hasher)).toBe(false);
  });
});
