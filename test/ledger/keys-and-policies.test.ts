import { describe, expect, it } from "vitest";
import { alliance, receivable, registerFirm } from "./support/alliance.ts";
import { by, op } from "./support/chain.ts";
import { firm, testKey, testUscc } from "./support/firm.ts";

describe("keys and policies", () => {
  it("a stranger cannot put a key on somebody's party, whatever that key signs", () => {
    const { chain, seller } = alliance();
    const stranger = testKey("stranger");
    const body = { party: seller.id, key: stranger.key, purpose: "MAKER" } as const;
    const envelope = chain.sign(op("key.add", body), [by(seller, stranger)]);
    expect(chain.judge(envelope)?.code).toBe("KEY_UNKNOWN");
  });

  it("a key that a transaction adds does not count towards the policy of that transaction", () => {
    const world = alliance();
    const { chain } = world;
    const careful = firm("careful", testUscc(40));
    registerFirm(world, careful, ["SELLER"], { policy: [{ action: "*", amountMin: 0n, makers: 1, checkers: 1 }] });
    const added = testKey("added checker", "CHECKER");
    const body = { party: careful.id, key: added.key, purpose: "CHECKER" } as const;
    expect(chain.refusal(op("key.add", body), careful, by(careful, added))).toBe("POLICY_NOT_MET");
  });

  it("a new policy does not decide about itself", () => {
    const world = alliance();
    const { chain } = world;
    const careful = firm("careful", testUscc(40));
    registerFirm(world, careful, ["SELLER"], { policy: [{ action: "*", amountMin: 0n, makers: 1, checkers: 1 }] });
    expect(chain.refusal(op("party.policy", { party: careful.id, policy: [] }), careful)).toBe("POLICY_NOT_MET");
  });

  it("x", () => {
    const world = alliance();
    receivable(world, 1_000_000n);
  });
});
