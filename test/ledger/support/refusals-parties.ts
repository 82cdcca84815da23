import { LIMITS } from "../../../src/types/limits.ts";
import type { MemberId } from "../../../src/types/scalars.ts";
import { commitment, receivable, registration } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { firm, testKey, testUscc } from "./firm.ts";
import type { Refused } from "./refused.ts";

const _nobody = commitment("nobody");

export const PARTIES_REFUSALS: readonly Refused[] = [
  [
    "a maker alone does not do what the policy gives to a maker and a checker",
    "POLICY_NOT_MET",
    (world) => {
      const { seller, chain } = world;
      const { note } = receivable(world, 5_000n);
      const policy = [{ action: "note.*", amountMin: 1_000n, makers: 1, checkers: 1 }];
      chain.act(op("party.policy", { party: seller.id, policy }), seller);
      return chain.refusal(op("note.split", { note, parts: [2_000n, 3_000n] }), seller);
    },
  ],
  [
    "roles of the alliance do not come by registration",
    "ROLE_MISSING",
    ({ chain, platform }) => {
      const bank = firm("self-made bank", testUscc(71));
      return chain.refusal(op("party.register", registration(bank, ["BANK"])), platform, bank, by(bank, bank.checker));
    },
  ],
  [
    "a USCC with a wrong check character is not registered",
    "LEGAL_ID_INVALID",
    ({ chain, platform }) => {
      const { value } = testUscc(72);
      const wrong = firm("wrong", { scheme: "USCC", value: value.slice(0, 17) + (value.endsWith("A") ? "B" : "A") });
      return chain.refusal(op("party.register", registration(wrong, ["SELLER"])), platform, wrong, by(wrong, wrong.checker));
    },
  ],
  [
    "a firm is registered once",
    "LEGAL_ID_TAKEN",
    ({ chain, platform, seller }) => {
      const again = { ...firm("again", seller.legalId), id: seller.id };
      return chain.refusal(op("party.register", registration(again, ["SELLER"])), platform, again, by(again, again.checker));
    },
  ],
  [
    "a key belongs to one party",
    "KEY_TAKEN",
    ({ chain, platform, seller }) => {
      const thief = firm("thief", testUscc(73));
      const keys = [seller.maker, thief.maker].map(({ key, purpose }) => ({ key, purpose }));
      return chain.refusal(op("party.register", registration(thief, ["SELLER"], { keys })), platform, thief);
    },
  ],
  [
    "the key of a node or an authority is nobody's key as a party",
    "KEY_TAKEN",
    ({ chain, seller }) => {
      const added = testKey("zbank authority");
      return chain.refusal(op("key.add", { party: seller.id, key: added.key, purpose: "MAKER" }), seller, by(seller, added));
    },
  ],
  [
    "nobody revokes the key of another party",
    "KEY_NOT_OWN",
    ({ chain, seller, debtor }) => chain.refusal(op("key.revoke", { party: seller.id, key: debtor.checker.key }), seller),
  ],
  [
    "a key is revoked once",
    "KEY_REVOKED",
    ({ chain, seller }) => {
      const revoke = op("key.revoke", { party: seller.id, key: seller.checker.key });
      chain.act(revoke, seller);
      return chain.refusal(revoke, seller);
    },
  ],
  [
    "a party keeps a maker",
    "KEY_LAST",
    ({ chain, seller }) => chain.refusal(op("key.revoke", { party: seller.id, key: seller.maker.key }), seller),
  ],
  [
    "no policy asks for keys that are not there",
    "POLICY_UNSATISFIABLE",
    ({ chain, seller }) => {
      const policy = [{ action: "*", amountMin: 0n, makers: 2, checkers: 0 }];
      return chain.refusal(op("party.policy", { party: seller.id, policy }), seller);
    },
  ],
  [
    "only a member sponsors",
    "SPONSOR_NOT_MEMBER",
    ({ chain, seller }) => {
      const party = firm("unsponsored", testUscc(74));
      const body = registration(party, ["SELLER"], { sponsor: "seller" as MemberId });
      return chain.refusal(op("party.register", body), seller, party, by(party, party.checker));
    },
  ],
  [
    "a key is not added that has run out",
    "DEADLINE_PASSED",
    ({ chain, seller }) => {
      const added = testKey("late key");
      const body = { party: seller.id, key: added.key, purpose: "MAKER", untilMs: chain.timeMs } as const;
      return chain.refusal(op("key.add", body), seller, by(seller, added));
    },
  ],
  [
    "a party has only so many keys",
    "KEYS_EXCEEDED",
    ({ chain, seller }) => {
      for (let count = 2; ; count++) {
        const added = testKey(`key ${count}`);
        const add = op("key.add", { party: seller.id, key: added.key, purpose: "MAKER" });
        if (count === LIMITS.keysPerPartyMax) return chain.refusal(add, seller, by(seller, added));
        chain.act(add, seller, by(seller, added));
      }
    },
  ],
];
