import { op } from "../../client/transaction-builder.ts";
import type { MemberActor } from "../cast.ts";
import { type LendingGrade, lenderCard } from "../lender-card.ts";
import type { Stage, Trade } from "./stage.ts";

const YUAN_MILLION = 100_000_000n;
/** From the scores of the alliance's card, but for D: on confirmed debt the bank looks at firms that are new to the trade. */
const GRADES: readonly LendingGrade[] = [
  { grade: "A", from: 700, advanceCutBp: 0, capMinorUnits: 50n * YUAN_MILLION, multiplePercent: 400 },
  { grade: "B", from: 660, advanceCutBp: 300, capMinorUnits: 30n * YUAN_MILLION, multiplePercent: 300 },
  { grade: "C", from: 620, advanceCutBp: 800, capMinorUnits: 10n * YUAN_MILLION, multiplePercent: 200 },
  { grade: "D", from: 500, advanceCutBp: 1_500, capMinorUnits: 3n * YUAN_MILLION, multiplePercent: 100 },
  { grade: "E", from: 0, advanceCutBp: 9_000, capMinorUnits: 0n, multiplePercent: 0 },
];
/** From 1 (best) to 6: large and well known. */
const DEBTOR_GRADE = 2;

/** What the bank's risk agent will decide by: a scorecard of the bank's own, seen by a validator, and what it thinks of the debtors. */
export async function openCredit(stage: Stage, validator: MemberActor, trades: readonly Trade[]): Promise<void> {
  const { modules, bank } = stage;
  const { client, steps } = modules;
  const card = lenderCard(await client.ledgerAll("riskPolicy"), GRADES);
  const policy = op("risk.policy", { lender: bank.party, validator: validator.party, card: card as never });
  const graded = [...new Set(trades.map(({ buyer }) => buyer.party))].map((debtor) =>
    steps.take(
      `risk/debtor/${debtor}`,
      [bank.engine],
      op("risk.gradeDebtor", { lender: bank.party, debtor, grade: DEBTOR_GRADE }),
    ),
  );
  await Promise.all([steps.take("risk/policy", [bank.maker, bank.checker, validator.maker], policy), ...graded]);
  stage.say(`the bank's own scorecard is in force, validated by ${validator.member}; ${graded.length} debtors are graded`);
}
