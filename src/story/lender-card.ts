import type { LedgerJson } from "../client/client.ts";

/** What a lender lends at a grade. */
export interface LendingGrade {
  readonly grade: "A" | "B" | "C" | "D" | "E";
  /** The least score. */
  readonly from: number;
  readonly advanceCutBp: number;
  readonly capMinorUnits: bigint;
  /** Of a month's payments by its debtors, on average of three. */
  readonly multiplePercent: number;
}

interface AllianceCard {
  readonly gates: { readonly newPairCapMinorUnits: string };
  readonly [part: string]: unknown;
}

/**
 * A lender's own scorecard: the points of the alliance's, which is among the ledger's policies, with grades of the lender's making, and with a
 * limit of its own to what two firms may owe each other before the first payment between them.
 */
export function lenderCard(
  policies: readonly LedgerJson[],
  grades: readonly LendingGrade[],
  newPairCapMinorUnits?: bigint,
): Readonly<Record<string, unknown>> {
  const alliance = policies.find(({ lender }) => lender === null);
  if (alliance === undefined) throw new Error("the ledger has no scorecard of the alliance's");
  const card = alliance.card as AllianceCard;
  const cap = newPairCapMinorUnits ?? BigInt(card.gates.newPairCapMinorUnits);
  return { ...card, grades, gates: { ...card.gates, newPairCapMinorUnits: cap } };
}
