import { RpcFailure } from "../../src/client/client.ts";
import { dayOf } from "../../src/ledger/calendar.ts";
import { paidLately } from "../../src/ledger/credit/attested.ts";
import { ALLIANCE_POLICY_ID, policyIdOf } from "../../src/ledger/credit/cards.ts";
import { factsId } from "../../src/ledger/credit/facts.ts";
import { debtorGradeId, featuresOf } from "../../src/ledger/credit/features.ts";
import { closedGates } from "../../src/ledger/credit/gates.ts";
import { advanceBpOf, lineOf, scoreOf } from "../../src/ledger/credit/scorecard.ts";
import type { Hash } from "../../src/types/scalars.ts";
import type { TestChain } from "../ledger/support/chain.ts";

export interface ScoreParams {
  readonly party: Hash;
  readonly currency: string;
  readonly lender: Hash;
  readonly application?: Hash;
}

/** What a node's `credit_score` answers, on nothing but a ledger. */
export function creditScoreOf(chain: TestChain, { party, currency, lender, application }: ScoreParams) {
  const find = chain.find.bind(chain);
  const facts = find("creditFacts", factsId(party, currency));
  if (facts === undefined) throw new RpcFailure(-32001, "there are no facts", { code: "NOT_FOUND", retriable: false });
  const policy = find("riskPolicy", policyIdOf(lender)) ?? chain.read("riskPolicy", ALLIANCE_POLICY_ID);
  const { card } = policy;
  const day = dayOf(chain.timeMs);
  const features = featuresOf(facts, day, (debtor) => find("debtorGrade", debtorGradeId(debtor))?.grade ?? 0);
  const { score, grade, points, reasons } = scoreOf(card, features);
  const asked = application === undefined ? undefined : chain.read("application", application);
  const gates = asked === undefined ? [] : closedGates({ find, day, timeMs: chain.timeMs }, card, asked);
  const paid = paidLately(facts, day);
  return {
    policy: policy.id,
    facts: facts.version,
    day,
    score,
    grade,
    points,
    reasons: [...gates, ...reasons],
    gates,
    terms: {
      tenorFreeDays: card.tenorFreeDays,
      tenorCutBpPerDay: card.tenorCutBpPerDay,
      borrowed: facts.borrowed.toString(),
      grades: card.grades.map((each) => ({
        grade: each.grade,
        advanceBp: advanceBpOf(card, each.grade, features, 0),
        line: lineOf(card, each.grade, paid).toString(),
      })),
    },
  };
}
