import { hash, int, optional } from "../codec/schema.ts";
import { dayOf } from "../ledger/calendar.ts";
import { paidLately } from "../ledger/credit/attested.ts";
import { ALLIANCE_POLICY_ID, policyIdOf } from "../ledger/credit/cards.ts";
import { type Facts, factsId } from "../ledger/credit/facts.ts";
import { debtorGradeId, featuresOf } from "../ledger/credit/features.ts";
import { closedGates, closedToTrade } from "../ledger/credit/gates.ts";
import { advanceBpOf, type Grade, lineOf, scoreOf } from "../ledger/credit/scorecard.ts";
import { currencySchema } from "../ledger/fields.ts";
import type { Kind, ObjectOf } from "../ledger/objects.ts";
import type { Hash, Height } from "../types/scalars.ts";
import { findAll } from "./find-all.ts";
import type { LocalNode } from "./local-node.ts";
import { type Method, method } from "./method.ts";
import { RpcError } from "./rpc-error.ts";

/** A party trades in few currencies. */
const CURRENCIES_MAX = 16;

/** Trade credit (交易信用), computed here as every node computes it: from the facts, the card and the debtors' grades of one height. */
export function creditMethods(node: LocalNode): readonly Method[] {
  const at = async <K extends Kind>(kind: K, id: Hash, height: Height): Promise<ObjectOf<K> | undefined> => {
    const stored = await node.ledger.getAt(kind, id, height);
    // Only now: what was let go of while it was read may have been missed.
    node.requireKept(height);
    return stored?.object as ObjectOf<K> | undefined;
  };

  /** The currency in which the party trades most, unless one is asked for. */
  const factsAt = async (party: Hash, currency: string | undefined, height: Height): Promise<Facts | undefined> => {
    if (currency !== undefined) return at("creditFacts", factsId(party, currency), height);
    const listed = await node.ledger.list({ kind: "creditFacts", where: { party }, limit: CURRENCIES_MAX });
    const known = listed.ok ? listed.value.items : [];
    const then = await Promise.all(known.map(({ object }) => at("creditFacts", object.id as Hash, height)));
    const orders = ({ months }: Facts): number => months.reduce((sum, month) => sum + month.orders, 0);
    return then
      .filter((facts) => facts !== undefined)
      .sort((left, right) => orders(right) - orders(left) || (left.currency < right.currency ? -1 : 1))[0];
  };

  return [
    method({
      name: "credit_score",
      summary:
        "A party's trade credit, now or at a height: score, grade, points of each feature, reasons; by a lender's own card and for an application, if named",
      params: {
        party: hash,
        height: optional(int()),
        currency: optional(currencySchema),
        lender: optional(hash),
        application: optional(hash),
      },
      handle: async ({ party, height: asked, currency, lender, application }) => {
        const now = node.at();
        const height = asked ?? now.height;
        if (height > now.height) throw new RpcError("notFound", "BLOCK_NOT_FOUND", "this height is not decided");
        const facts = await factsAt(party, currency, height);
        if (facts === undefined) throw new RpcError("notFound", "NOT_FOUND", "there are no facts about this party's trade");
        const own = lender === undefined ? undefined : await at("riskPolicy", policyIdOf(lender), height);
        const policy = own ?? (await at("riskPolicy", ALLIANCE_POLICY_ID, height));
        if (policy === undefined) throw new RpcError("notFound", "NOT_FOUND", "there was no scorecard at this height");
        const grades = new Map<Hash, number>();
        for (const { debtor } of facts.debtors)
          grades.set(debtor, (await at("debtorGrade", debtorGradeId(debtor), height))?.grade ?? 0);
        const timeMs = height === now.height ? now.blockTimeMs : (node.block(height)?.block.header.timeMs ?? now.blockTimeMs);
        const day = dayOf(timeMs);
        const { card } = policy;
        const features = featuresOf(facts, day, (debtor) => grades.get(debtor) ?? 0);
        const { score, grade, pdBp, points, reasons } = scoreOf(card, features);
        const applied = application === undefined ? undefined : await at("application", application, height);
        if (application !== undefined && applied === undefined)
          throw new RpcError("notFound", "NOT_FOUND", "there is no such application");
        const gates = await findAll(
          (kind, id) => at(kind, id, height),
          (find) =>
            applied === undefined
              ? closedToTrade({ find, day, timeMs }, card, facts)
              : closedGates({ find, day, timeMs }, card, applied),
        );
        const paid = paidLately(facts, day);
        const atGrade = (each: Grade) => ({
          grade: each,
          advanceBp: advanceBpOf(card, each, features, 0),
          line: lineOf(card, each, paid).toString(),
        });
        return {
          party,
          currency: facts.currency,
          policy: policy.id,
          facts: facts.version,
          day,
          height,
          score,
          grade,
          pdBp,
          points,
          // What closes the way whatever the score comes first.
          reasons: [...gates, ...reasons],
          gates,
          terms: {
            tenorFreeDays: card.tenorFreeDays,
            tenorCutBpPerDay: card.tenorCutBpPerDay,
            borrowed: facts.borrowed.toString(),
            /** Best first: a model may speak for a worse grade than the score does. */
            grades: card.grades.map((each) => atGrade(each.grade)),
          },
          at: now,
        };
      },
    }),
  ];
}
