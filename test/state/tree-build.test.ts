import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { compareBytes } from "../../src/lib/bytes.ts";
import type { Leaf } from "../../src/state/node-hash.ts";
import { rootOf, subtreeOf } from "../../src/state/subtree.ts";
import { pageWrites, StateTree } from "../../src/state/tree.ts";
import { TreeBuild } from "../../src/state/tree-build.ts";
import type { Hash } from "../../src/types/scalars.ts";

interface Tree {
  readonly root: Hash | null;
  readonly pages: ReadonlyMap<string, string>;
}

function built(leaves: readonly Leaf[]): Tree & { readonly parts: number } {
  const build = new TreeBuild(nativeHasher);
  for (const leaf of leaves) build.set(leaf);
  const pages = new Map<string, string>();
  let root: Hash | null = null;
  let parts = 0;
  for (const part of build.parts()) {
    for (const [path, page] of part.pages) pages.set(path, Buffer.from(page.encode()).toString("hex"));
    root = rootOf(part);
    parts += 1;
  }
  return { root, pages, parts };
}

/** By an update of the empty tree. */
function updated(leaves: readonly Leaf[]): Tree {
  const update = new StateTree({ page: () => undefined }, nativeHasher).update(leaves);
  const pages = new Map<string, string>();
  for (const { path, bytes } of pageWrites(update)) if (bytes !== null) pages.set(path, Buffer.from(bytes).toString("hex"));
  return { root: update.root, pages };
}

function leafOf(key: number, value = 0): Leaf {
  const hashed = (text: string) => nativeHasher.sha256(new TextEncoder().encode(text));
  return { keyHash: hashed(`key ${key}`), valueHash: hashed(`value ${value}`) };
}

function leavesOf(count: number): readonly Leaf[] {
  return Array.from({ length: count }, (_, key) => leafOf(key));
}

function inOrder(leaves: readonly Leaf[]): readonly Leaf[] {
  return [...leaves].sort((left, right) => compareBytes(left.keyHash, right.keyHash));
}

describe("a tree that is built at once", () => {
  it.each([
    [0, 1],
    [1, 1],
    [2, 1],
    [17, 1],
    [4_096, 17],
    [65_536, 257],
  ])("has the pages that an update with its %i leaves has, in %i parts", (count, parts) => {
    const leaves = leavesOf(count);
    const made = built(leaves);
    const { root, pages } = updated(leaves);
    expect(made.root).toBe(root);
    expect(made.parts).toBe(parts);
    expect(new Map([...made.pages].sort())).toEqual(new Map([...pages].sort()));
  });

  it("does not depend on the order of its leaves, and of a key that is set again the last value counts", () => {
    const sets = fc.array(fc.record({ key: fc.nat(40), value: fc.nat(3) }), { maxLength: 60 });
    fc.assert(
      fc.property(sets, (given) => {
        const last = new Map(given.map(({ key, value }) => [key, leafOf(key, value)]));
        const { root, pages } = built(given.map(({ key, value }) => leafOf(key, value)));
        expect({ root, pages: new Map([...pages].sort()) }).toEqual({
          root: updated([...last.values()]).root,
          pages: new Map([...updated([...last.values()]).pages].sort()),
        });
      }),
    );
  });
});

describe("a part of a tree", () => {
  const [first, second, third] = inOrder(leavesOf(3)) as [Leaf, Leaf, Leaf];

  it("has its leaves under its prefix, and two of them", () => {
    const prefix = Buffer.from(first.keyHash).toString("hex").slice(0, 1);
    expect(subtreeOf(prefix, [first, third], nativeHasher)).toBeUndefined();
    expect(subtreeOf(prefix, [first], nativeHasher)).toBeUndefined();
    expect(subtreeOf("", [first], nativeHasher)?.top?.leaf).toEqual(first);
  });

  it("takes its leaves in the order of the tree alone, none twice", () => {
    for (const wrong of [
      [second, first],
      [first, first],
    ])
      expect(subtreeOf("", wrong, nativeHasher)).toBeUndefined();
  });
});
