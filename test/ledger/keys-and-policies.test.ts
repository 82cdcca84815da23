import { describe, expect, it } from "vitest";
import { isSatisfiable, ruleFor } from "../../src/ledger/parties/policy.ts";
import { alliance, contractBody, receivable, registerFirm, registration } from "./support/alliance.ts";
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

  it("nor towards the policy of a later operation of that transaction", () => {
    const world = alliance();
    const { chain, seller } = world;
    const { note } = receivable(world, 5_000n);
    const policy = [{ action: "note.*", amountMin: 0n, makers: 1, checkers: 1 }];
    chain.act(op("party.policy", { party: seller.id, policy }), seller);
    const added = testKey("added checker", "CHECKER");
    const add = op("key.add", { party: seller.id, key: added.key, purpose: "CHECKER" });
    const split = op("note.split", { note, parts: [2_000n, 3_000n] });
    expect(chain.refusal([add, split], seller, by(seller, added))).toBe("POLICY_NOT_MET");
    chain.act(add, seller, by(seller, added));
    chain.act(split, seller, by(seller, added));
  });

  it("a new policy does not decide about itself", () => {
    const world = alliance();
    const { chain } = world;
    const careful = firm("careful", testUscc(40));
    registerFirm(world, careful, ["SELLER"], { policy: [{ action: "*", amountMin: 0n, makers: 1, checkers: 1 }] });
    expect(chain.refusal(op("party.policy", { party: careful.id, policy: [] }), careful)).toBe("POLICY_NOT_MET");
  });

  it("a policy added by a transaction, properly signed, holds from its next operation on", () => {
    const world = alliance();
    const { chain, seller } = world;
    const { note } = receivable(world, 5_000n);
    const policy = [{ action: "*", amountMin: 0n, makers: 1, checkers: 1 }];
    const operations = [op("party.policy", { party: seller.id, policy }), op("note.split", { note, parts: [2_000n, 3_000n] })];
    expect(chain.refusal(operations, seller)).toBe("POLICY_NOT_MET");
    chain.act(operations, seller, by(seller, seller.checker));
  });

  it("a firm is registered and acts in one transaction, by the keys that it brings", () => {
    const { chain, platform, debtor } = alliance();
    const newcomer = firm("newcomer", testUscc(41));
    const operations = [
      op("party.register", registration(newcomer, ["SELLER"])),
      op("contract.register", contractBody(alliance(), { seller: newcomer.id })),
    ];
    chain.act(operations, platform, newcomer, by(newcomer, newcomer.checker), debtor);
    expect(chain.all("contract")).toHaveLength(1);
  });

  it("a revoked key signs nothing from the next block on, and its place is free", () => {
    const { chain, seller } = alliance();
    const keys = chain.read("party", seller.id).keys.length;
    chain.act(op("key.revoke", { party: seller.id, key: seller.checker.key }), seller);
    expect(chain.read("party", seller.id).keys).toHaveLength(keys - 1);
    const envelope = chain.sign(op("party.policy", { party: seller.id, policy: [] }), [by(seller, seller.checker)]);
    expect(chain.judge(envelope)?.code).toBe("KEY_INVALID");
  });

  it("a key that has run out signs nothing, and is not counted on by a policy", () => {
    const { chain, seller } = alliance();
    const added = testKey("short-lived");
    const untilMs = chain.timeMs + 5_000;
    chain.act(op("key.add", { party: seller.id, key: added.key, purpose: "MAKER", untilMs }), seller, by(seller, added));
    const act = op("party.policy", { party: seller.id, policy: [{ action: "*", amountMin: 0n, makers: 2, checkers: 0 }] });
    expect(chain.judge(chain.sign(act, [by(seller, added)]))).toBeNull();
    chain.passTo(untilMs + 1);
    expect(chain.judge(chain.sign(act, [by(seller, added)]))?.code).toBe("KEY_INVALID");
    expect(chain.refusal(act, seller)).toBe("POLICY_UNSATISFIABLE");
  });

  it("the most specific rule decides, and of those the highest threshold reached", () => {
    const policy = [
      { action: "*", amountMin: 0n, makers: 1, checkers: 1 },
      { action: "note.*", amountMin: 0n, makers: 1, checkers: 0 },
      { action: "note.*", amountMin: 100n, makers: 2, checkers: 0 },
      { action: "note.split", amountMin: 1_000n, makers: 1, checkers: 2 },
    ];
    expect(ruleFor(policy, "receivable.confirm", 5n)).toMatchObject({ makers: 1, checkers: 1 });
    expect(ruleFor(policy, "note.split", 99n)).toMatchObject({ makers: 1, checkers: 0 });
    expect(ruleFor(policy, "note.split", 100n)).toMatchObject({ makers: 2, checkers: 0 });
    expect(ruleFor(policy, "note.split", 1_000n)).toMatchObject({ makers: 1, checkers: 2 });
    expect(ruleFor([], "note.split", 1n)).toEqual({ makers: 1, checkers: 0 });
  });

  it("a policy asks for no more signatures than a transaction can have", () => {
    const maker = { purpose: "MAKER" } as const;
    const checker = { purpose: "CHECKER" } as const;
    const keys = [...Array(8).fill(maker), ...Array(8).fill(checker)] as (typeof maker | typeof checker)[];
    expect(isSatisfiable([{ action: "*", amountMin: 0n, makers: 4, checkers: 4 }], keys)).toBe(true);
    expect(isSatisfiable([{ action: "*", amountMin: 0n, makers: 5, checkers: 4 }], keys)).toBe(false);
    expect(isSatisfiable([], [checker])).toBe(false);
  });
});
