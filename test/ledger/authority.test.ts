import { describe, expect, it } from "vitest";
import { decode } from "../../src/codec/cbor.ts";
import { encodeReceipt, receiptSchema } from "../../src/codec/transaction.ts";
import { type OperationKind, TRANSITIONS } from "../../src/ledger/transitions.ts";
import { LIMITS } from "../../src/types/limits.ts";
import { alliance } from "./support/alliance.ts";
import { CATALOG } from "./support/catalog.ts";
import { by, type Signing } from "./support/chain.ts";
import { testKey } from "./support/firm.ts";
import { encodes, holds } from "./support/invariants.ts";

const KINDS = [...TRANSITIONS.keys()] as OperationKind[];

describe("authority (invariant 6)", () => {
  for (const kind of KINDS) {
    it(`${kind} takes effect with the signatures it needs, and conserves what is to be conserved`, () => {
      const world = alliance({}, "none");
      const { operation, signings } = CATALOG[kind](world);
      const { receipt } = world.chain.act(operation, ...signings);
      expect(decode(receiptSchema, encodeReceipt(receipt), LIMITS.blockBytesMax)).toMatchObject({ ok: true, value: { code: 0 } });
      holds(world.chain);
      encodes(world.chain);
    });

    it(`${kind} fails without any one of them, and with another party's in its place`, () => {
      const world = alliance();
      const { chain } = world;
      const { operation, signings } = CATALOG[kind](world);
      const outsiders: readonly Signing[] = [world.platform, world.lender, by(world.lender, world.lender.engine)];
      for (const left of signings) {
        const others = signings.filter((signing) => signing !== left);
        const attempts = outsiders
          .filter((outsider) => !others.includes(outsider) && idOf(outsider) !== idOf(left))
          .map((outsider) => [...others, outsider]);
        if (others.length > 0) attempts.push(others);
        for (const attempt of attempts) {
          const envelope = chain.sign(operation, attempt);
          if (chain.judge(envelope) !== null) continue;
          const code = chain.refusal(operation, ...attempt);
          expect(["SIGNER_MISSING", "POLICY_NOT_MET"]).toContain(code);
        }
      }
    });
  }

  it("a key of the right party but the wrong purpose does not stand for a maker", () => {
    const world = alliance();
    for (const kind of KINDS) {
      if (kind.startsWith("party.register") || kind === "key.add") continue;
      const fresh = alliance();
      const { operation, signings } = CATALOG[kind](fresh);
      const replaced = signings.map((signing) => ("legalId" in signing ? by(signing, signing.checker) : signing));
      if (replaced.every((signing, index) => signing === signings[index])) continue;
      expect(fresh.chain.refusal(operation, ...replaced), kind).toBe("POLICY_NOT_MET");
    }
    expect(
      world.chain.judge(world.chain.sign(CATALOG["party.policy"](world).operation, [by(world.seller, testKey("nobody"))]))?.code,
    ).toBe("KEY_UNKNOWN");
  });
});

function idOf(signing: Signing) {
  return "legalId" in signing ? signing.id : signing.party;
}
