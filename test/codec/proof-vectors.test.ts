import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { verifyProof } from "../../src/client/verify-proof.ts";
import { genesisFromJson } from "../../src/codec/genesis.ts";
import { trustGenesis } from "../../src/light/trust.ts";
import vectors from "../vectors/proof.json" with { type: "json" };
import { sampleProofs } from "./support/sample-proofs.ts";

const FILE = new URL("../vectors/proof.json", import.meta.url);

describe("the frozen proofs", () => {
  const identity = genesisFromJson(vectors.genesis);
  if (!identity.ok) throw new Error(identity.error.detail);
  const trusted = trustGenesis(identity.value);

  it.each(vectors.proofs.map((proof) => [proof.kind, proof] as const))("of a %s hold", (_, proof) => {
    expect(verifyProof(JSON.stringify(proof), trusted)).toMatchObject({
      ok: true,
      value: { kind: proof.kind, id: proof.id, height: proof.header.height, changes: proof.changes.length, digest: proof.digest },
    });
  });

  it("show what they were made to show", () => {
    const facts = vectors.proofs.map((proof) => {
      const result = verifyProof(JSON.stringify(proof), trusted);
      return result.ok ? result.value.fact : result.error;
    });
    expect(facts).toMatchObject([
      { kind: "object", title: [{ position: "CONSUMED" }, { position: "CONSUMED" }], isWhole: true },
      { kind: "object", object: { purpose: "MAKER" }, title: [] },
      { kind: "absence" },
      { kind: "transaction", index: 0, tx: { ops: [{ kind: "note.transfer" }] } },
      { kind: "receipt", code: 0 },
      { kind: "event", event: { kind: "happened" } },
    ]);
  });

  // Frozen means that this is never needed once a network runs; until then a kind of object may still gain fields.
  if (process.env.ZHONGLIAN_MAKE_PROOF_VECTORS !== undefined) {
    it("are made anew", async () => {
      writeFileSync(FILE, `${JSON.stringify(await sampleProofs(), null, 2)}\n`);
    });
  }
});
