import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { REFERENCE_MARKER, reference } from "../../src/ledger/reference.ts";
import { TRANSITIONS } from "../../src/ledger/transitions.ts";

const README = new URL("../../src/ledger/README.md", import.meta.url);

describe("the reference", () => {
  it("below the marker in README.md is what the declarations say", async () => {
    const [byHand, ...rest] = readFileSync(README, "utf8").split(REFERENCE_MARKER);
    expect(rest).toHaveLength(1);
    await expect(byHand + reference()).toMatchFileSnapshot("../../src/ledger/README.md");
  });

  it("names a ground and signers for every operation", () => {
    expect(TRANSITIONS.size).toBeGreaterThan(30);
    for (const { kind, ground, signedBy } of TRANSITIONS.values()) {
      expect(ground.length, kind).toBeGreaterThan(8);
      expect(signedBy.length, kind).toBeGreaterThan(4);
    }
  });
});
