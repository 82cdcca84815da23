import type { Firm } from "../support/firm.ts";
import type { Loan, Model, Root } from "./model.ts";

/** Limits, consents, filings that are prolonged, and who may act, as plainly as the rest of the model. */

export interface Consent {
  id: string;
  from: Firm;
  revoked: boolean;
}

/** A firm that came later and takes no part in the business. */
export interface Newcomer {
  firm: Firm;
  suspendedBy: Firm | null;
}

export class Standing {
  readonly lines = new Map<string, bigint>();
  readonly programmes = new Map<Firm, bigint | null>();
  readonly consents: Consent[] = [];
  readonly newcomers: Newcomer[] = [];
  readonly acknowledged = new Set<string>();
}

const lineName = (lender: Firm, borrower: Firm): string => `${lender.id} ${borrower.id}`;

function lentBy(loan: Loan): bigint {
  if (loan.status === "COMMITTED" || loan.status === "ORDERED") return loan.decision.amount;
  return loan.status === "ACTIVE" ? loan.outstanding : 0n;
}

export function lineUsed({ loans }: Model, lender: Firm, borrower: Firm): bigint {
  return loans
    .filter((loan) => loan.lender === lender && loan.borrower === borrower)
    .reduce((sum, loan) => sum + lentBy(loan), 0n);
}

export function lineCovers(model: Model, lender: Firm, borrower: Firm, more: bigint): boolean {
  const limit = model.standing.lines.get(lineName(lender, borrower));
  return limit === undefined || lineUsed(model, lender, borrower) + more <= limit;
}

export function setLine({ standing }: Model, lender: Firm, borrower: Firm, limit: bigint | null, isLender: boolean): boolean {
  if (!isLender) return false;
  if (limit === null) standing.lines.delete(lineName(lender, borrower));
  else standing.lines.set(lineName(lender, borrower), limit);
  return true;
}

function promised({ status, face, notes }: Root): bigint {
  return status === "PROPOSED" ? face : notes.reduce((sum, { amount }) => sum + amount, 0n);
}

export function programmeUsed({ roots }: Model, debtor: Firm): bigint {
  return roots
    .filter(({ origin, contract }) => origin === "DEBTOR" && contract.buyer === debtor)
    .reduce((sum, root) => sum + promised(root), 0n);
}

export function programmeCovers(model: Model, debtor: Firm, more: bigint): boolean {
  const limit = model.standing.programmes.get(debtor) ?? null;
  return limit === null || programmeUsed(model, debtor) + more <= limit;
}

export function setProgramme({ standing }: Model, debtor: Firm, limit: bigint | null, mayOwe: boolean): boolean {
  if (!mayOwe) return false;
  standing.programmes.set(debtor, limit);
  return true;
}

export function grantConsent(model: Model, from: Firm, to: Firm, untilMs: number): boolean {
  if (from === to || untilMs <= model.now) return false;
  model.standing.consents.push({ id: "", from, revoked: false });
  return true;
}

export function revokeConsent(consent: Consent): boolean {
  if (consent.revoked) return false;
  consent.revoked = true;
  return true;
}

export function acknowledge({ standing }: Model, notice: string): boolean {
  if (standing.acknowledged.has(notice)) return false;
  standing.acknowledged.add(notice);
  return true;
}

export function isFiled({ status, filing }: Loan): boolean {
  return filing !== null && (status === "COMMITTED" || status === "ORDERED" || status === "ACTIVE");
}

export function renewFiling(model: Model, loan: Loan, untilDay: number): boolean {
  const { filing } = loan;
  if (filing === null || !isFiled(loan) || model.today > filing.untilDay || untilDay <= filing.untilDay) return false;
  filing.untilDay = untilDay;
  return true;
}

export function suspend(newcomer: Newcomer, by: Firm, mayJudge: boolean): boolean {
  if (!mayJudge || newcomer.suspendedBy !== null) return false;
  newcomer.suspendedBy = by;
  return true;
}

export function resume(newcomer: Newcomer, by: Firm): boolean {
  if (newcomer.suspendedBy !== by) return false;
  newcomer.suspendedBy = null;
  return true;
}
