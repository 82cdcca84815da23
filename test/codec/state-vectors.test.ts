import { describe, expect, it } from "vitest";
import { sha256, sha256Pairs } from "../../src/crypto/hash.ts";
import { objectId, partyId } from "../../src/ledger/ids.ts";
import { keyHashOf, valueHashOf } from "../../src/state/node-hash.ts";
import { prove, stateProofSchema, verifyProof } from "../../src/state/proof.ts";
import { StateTree } from "../../src/state/tree.ts";
import { stateKey } from "../../src/state/view.ts";
import type { Hash } from "../../src/types/scalars.ts";
import vectors from "../vectors/state.json" with { type: "json" };
import { bytesOf } from "./support/sample.ts";

const hasher = { sha256, sha256Pairs };

describe("the frozen ids and proofs of objects", () => {
  it("have the same ids", () => {
    for (const { tx, op, child, id } of vectors.objectIds) expect(objectId(tx as Hash, op, child)).toBe(id);
    for (const { scheme, value, id } of vectors.partyIds) expect(partyId({ scheme, value })).toBe(id);
  });

  it.each(vectors.trees)("have the same root and proofs: $root", ({ objects, root, proofs }) => {
    const tree = new StateTree({ page: () => undefined }, hasher);
    const update = tree.update(
      objects.map(({ kind, id, value }) => ({
        keyHash: keyHashOf(stateKey(kind, id as Hash), hasher),
        valueHash: valueHashOf(bytesOf(value), hasher),
      })),
    );
    tree.adopt(update);
    expect(update.root).toBe(root);
    for (const { kind, id, value, proof } of proofs) {
      const key = stateKey(kind, id as Hash);
      expect(stateProofSchema.toJson(prove(tree, key, hasher))).toEqual(proof);
      const claimed = value === null ? null : bytesOf(value);
      const read = stateProofSchema.fromJson(proof, "");
      expect(verifyProof(root as Hash, key, claimed, read, hasher)).toBe(true);
      expect(verifyProof(root as Hash, key, value === null ? bytesOf("a0") : null, read, hasher)).toBe(false);
    }
  });
});
