import { describe, expect, it } from "vitest";
import { reference } from "../../src/ledger/reference.ts";
import { TRANSITIONS } from "../../src/ledger/transitions.ts";

describe("the reference", () => {
  it("in REFERENCE.md is what the declarations say", async () => {
    await expect(reference()).toMatchFileSnapshot("../../src/ledger/REFERENCE.md");
  });

  it("names a ground and signers for every operation", () => {
    expect(TRANSITIONS.size).toBeGreaterThan(30);
    for (const { kind, ground, signedBy } of TRANSITIONS.values()) {
      expect(ground.length, kind).toBeGreaterThan(8);
      expect(signedBy.length, kind).toBeGreaterThan(4);
    }
  });
});
