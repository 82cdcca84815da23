import type { LedgerJson } from "../../client/client.ts";
import { type LendingGrade, lenderCard } from "../lender-card.ts";

const YUAN_THOUSAND = 100_000n;
/**
 * The bank's own grades: a line of five to twelve months of what a firm's debtors paid lately, capped at what a small firm owes at most. Points
 * are the alliance's. D begins lower than there, since the debts are confirmed and the debtors rated: a firm that was paid on time for some
 * months is lent to without a person's look.
 */
const GRADES: readonly LendingGrade[] = [
  { grade: "A", from: 700, advanceCutBp: 0, capMinorUnits: 8_000n * YUAN_THOUSAND, multiplePercent: 1_200 },
  { grade: "B", from: 660, advanceCutBp: 300, capMinorUnits: 6_000n * YUAN_THOUSAND, multiplePercent: 1_000 },
  { grade: "C", from: 620, advanceCutBp: 500, capMinorUnits: 4_000n * YUAN_THOUSAND, multiplePercent: 800 },
  { grade: "D", from: 560, advanceCutBp: 1_000, capMinorUnits: 2_000n * YUAN_THOUSAND, multiplePercent: 500 },
  { grade: "E", from: 0, advanceCutBp: 9_000, capMinorUnits: 0n, multiplePercent: 0 },
];

/** Small firms deliver in lumps: ten times a year, on average. */
const VELOCITY_PERCENT_MAX = 600;

/** The card that the bank puts in force at the opening, made of the alliance's. */
export function bankCard(policies: readonly LedgerJson[]): ReturnType<typeof lenderCard> {
  return lenderCard(policies, GRADES, VELOCITY_PERCENT_MAX);
}
