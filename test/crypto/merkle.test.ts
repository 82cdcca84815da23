import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { inclusionProof, merkleRoot, verifyInclusion } from "../../src/crypto/merkle.ts";
import { concatBytes, toHex } from "../../src/lib/bytes.ts";
import { bytesOf } from "../codec/support/sample.ts";
import vectors from "../vectors/merkle.json" with { type: "json" };

const leaves = fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 40 });
const leafOfTree = leaves.chain((all) => fc.tuple(fc.constant(all), fc.nat(all.length - 1)));

/** RFC 9162 §2.1.1 word for word, as a second opinion. */
function rootByDefinition(data: readonly Uint8Array[]): Uint8Array {
  if (data.length === 0) return sha256(new Uint8Array(0));
  if (data.length === 1) return sha256(concatBytes(Uint8Array.of(0), data[0] ?? new Uint8Array(0)));
  let k = 1;
  while (k * 2 < data.length) k *= 2;
  return sha256(concatBytes(Uint8Array.of(1), rootByDefinition(data.slice(0, k)), rootByDefinition(data.slice(k))));
}

function claimOf(all: readonly Uint8Array[], index: number) {
  return { root: merkleRoot(all), size: all.length, index, leaf: all[index] ?? new Uint8Array(0) };
}

describe("the Merkle tree of RFC 9162", () => {
  const frozen = vectors.leaves.map(bytesOf);

  it("has the published roots", () => {
    for (const [size, root] of vectors.roots.entries()) expect(toHex(merkleRoot(frozen.slice(0, size)))).toBe(root);
  });

  it("has the frozen inclusion paths, which verify", () => {
    for (const { size, index, path } of vectors.paths) {
      const tree = frozen.slice(0, size);
      expect(inclusionProof(tree, index).map(toHex)).toEqual(path);
      expect(verifyInclusion({ ...claimOf(tree, index), root: bytesOf(vectors.roots[size] ?? "") }, path.map(bytesOf))).toBe(
        true,
      );
    }
  });

  it("has the root that the RFC's recursion defines, whatever the size and the hasher", () => {
    fc.assert(
      fc.property(leaves, (all) => {
        expect(toHex(merkleRoot(all))).toBe(toHex(rootByDefinition(all)));
        expect(toHex(merkleRoot(all, nativeHasher.sha256))).toBe(toHex(merkleRoot(all)));
      }),
    );
  });

  it("proves every leaf of every tree of up to 33 leaves", () => {
    for (let size = 1; size <= 33; size++) {
      const all = Array.from({ length: size }, (_, index) => Uint8Array.of(index));
      for (let index = 0; index < size; index++)
        expect(verifyInclusion(claimOf(all, index), inclusionProof(all, index)), `${index} of ${size}`).toBe(true);
    }
  });

  it("refuses the proof of one leaf for another leaf, place or root", () => {
    fc.assert(
      fc.property(leafOfTree, fc.nat(), fc.nat({ max: 31 }), ([all, index], elsewhere, byte) => {
        const claim = claimOf(all, index);
        const path = inclusionProof(all, index);
        expect(verifyInclusion({ ...claim, leaf: concatBytes(claim.leaf, Uint8Array.of(7)) }, path)).toBe(false);
        const otherIndex = elsewhere % all.length;
        if (toHex(all[otherIndex] ?? claim.leaf) !== toHex(claim.leaf))
          expect(verifyInclusion({ ...claim, index: otherIndex }, path)).toBe(false);
        expect(verifyInclusion({ ...claim, root: flip(claim.root, byte) }, path)).toBe(false);
      }),
    );
  });

  it("refuses a path that is shorter, longer, or changed in one bit", () => {
    fc.assert(
      fc.property(leafOfTree, fc.nat(), fc.nat({ max: 31 }), ([all, index], at, byte) => {
        const claim = claimOf(all, index);
        const path = inclusionProof(all, index);
        expect(verifyInclusion(claim, [...path, new Uint8Array(32)])).toBe(false);
        if (path.length === 0) return;
        expect(verifyInclusion(claim, path.slice(0, -1))).toBe(false);
        expect(verifyInclusion(claim, path.slice(1))).toBe(false);
        const changed = path.map((hash, place) => (place === at % path.length ? flip(hash, byte) : hash));
        expect(verifyInclusion(claim, changed)).toBe(false);
        const cut = path.map((hash, place) => (place === at % path.length ? hash.slice(0, 31) : hash));
        expect(verifyInclusion(claim, cut)).toBe(false);
        const stretched = path.map((hash, place) => (place === at % path.length ? concatBytes(hash, Uint8Array.of(byte)) : hash));
        expect(verifyInclusion(claim, stretched)).toBe(false);
      }),
    );
  });

  it("refuses places and sizes that are none", () => {
    const claim = claimOf(frozen, 3);
    const path = inclusionProof(frozen, 3);
    expect(verifyInclusion(claim, path)).toBe(true);
    for (const index of [-1, 0.5, 8, Number.NaN, 2 ** 53]) expect(verifyInclusion({ ...claim, index }, path)).toBe(false);
    for (const size of [0, 3, Number.NaN, Number.POSITIVE_INFINITY])
      expect(verifyInclusion({ ...claim, size }, path)).toBe(false);
  });

  it("does not take an inner node for a leaf", () => {
    const [left, right] = [Uint8Array.of(1), Uint8Array.of(2)];
    const inner = concatBytes(sha256(concatBytes(Uint8Array.of(0), left)), sha256(concatBytes(Uint8Array.of(0), right)));
    expect(toHex(merkleRoot([inner]))).not.toBe(toHex(merkleRoot([left, right])));
  });
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}
