import { hash, optional } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { currencySchema } from "../fields.ts";
import { transition } from "../transition.ts";
import { policyInForce } from "./attested.ts";
import { ALLIANCE_POLICY_ID } from "./cards.ts";
import { factsId } from "./facts.ts";
import { featuresOf, gradesIn } from "./features.ts";
import { scoreOf } from "./scorecard.ts";

/**
 * Keeps a party's score of this moment as an object, which can be proved to others without a node and without the facts it was made of. The
 * party asks for itself, or a lender for its files; what it says is what every node computes.
 */
export const snapshotScore = transition({
  kind: "risk.snapshot",
  label: { zh: "固定信用评分", en: "keep a score" },
  ground: "商业银行互联网贷款管理暂行办法 art. 42: the grounds of a decision are kept",
  signedBy: "the party itself, or a lender",
  body: { by: hash, party: hash, currency: currencySchema, lender: optional(hash) },
  signers: ({ by }) => [by],
  makers: ["ENGINE"],
  requires: [
    (call) => {
      const { by, party } = call.body;
      activeParty(call, by, by === party ? undefined : "LENDER");
    },
    ({ body, book }) => require(book.find("creditFacts", factsId(body.party, body.currency)) !== undefined, "NOT_FOUND"),
  ],
  effect: (call) => {
    const { book, body, newId, day, height } = call;
    const facts = book.get("creditFacts", factsId(body.party, body.currency));
    // By the card of the lender that is named; by the alliance's own, else.
    const policy = body.lender === undefined ? ALLIANCE_POLICY_ID : policyInForce(call, body.lender);
    const { card } = book.get("riskPolicy", policy);
    const { score, grade, pdBp, reasons } = scoreOf(card, featuresOf(facts, day, gradesIn(book)));
    const { party, currency } = body;
    const made = { party, currency, policy, facts: facts.version, day, height, score, grade, pdBp, reasons };
    return [book.add("scoreSnapshot", { id: newId(), ...made }).id];
  },
});
