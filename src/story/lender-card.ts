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
 * bound of its own, if it has one, to what a firm invoices in a month against what is usual for it.
 */
export function lenderCard(
  policies: readonly LedgerJson[],
  grades: readonly LendingGrade[],
  velocityPercentMax?: number,
): Readonly<Record<string, unknown>> {
  const alliance = policies.find(({ lender }) => lender === null);
  if (alliance === undefined) throw new Error("the ledger has no scorecard of the alliance's");
  const card = alliance.card as AllianceCard;
  const { newPairCapMinorUnits, ...gates } = card.gates;
  const velocity = velocityPercentMax === undefined ? {} : { velocityPercentMax };
  return { ...card, grades, gates: { ...gates, ...velocity, newPairCapMinorUnits: BigInt(newPairCapMinorUnits) } };
}
