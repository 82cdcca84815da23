import type { Amount, Day, Hash } from "../../types/scalars.ts";
import { freeGoods } from "../goods/security.ts";
import { interest } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { newNote } from "../receivables/notes.ts";
import type { Call } from "../transition.ts";
import { lineMoves } from "./limits.ts";

type Loan = ObjectOf<"loan">;
export type LoanPaid = ObjectOf<"payment">["loans"][number];

/** Principal outstanding and interest up to a day, in minor units; from the end of the tenor on with the penalty. */
export function owed(loan: Loan, day: Day): Amount {
  const days = Math.max(0, day - loan.accruedDay);
  const late = Math.max(0, day - Math.max(loan.accruedDay, loan.startDay + loan.tenorDays));
  // One rounding for both: rate and penalty are of the same principal.
  const ratePpmDays = loan.ratePpm * days + loan.penaltyPpm * late;
  return loan.outstanding + loan.interestDue + interest(loan.outstanding, ratePpmDays, 1);
}

/**
 * Pays a loan by the order of art. 561: interest, then principal; costs are not lent here. What is over goes to whom the note belongs
 * in the end: the borrower, or the lender who bought without recourse (art. 766, 767). With nothing owing the loan is repaid, its
 * notes are free and its filing ends, all in the paying transaction. `by`: the payment.
 */
export function payLoan(call: Call<unknown>, loan: Loan, paid: Amount, valueDay: Day, by: Hash): LoanPaid {
  const { book } = call;
  const total = owed(loan, valueDay);
  const interestDue = total - loan.outstanding;
  const taken = paid < total ? paid : total;
  const toInterest = taken < interestDue ? taken : interestDue;
  const principal = taken - toInterest;
  call.emit("allocation", { object: loan.id, interest: toInterest, principal, rest: paid - taken, to: surplusTo(loan) });
  lineMoves(book, loan, -principal);
  const change = {
    outstanding: loan.outstanding - principal,
    interestDue: interestDue - toInterest,
    interestPaid: loan.interestPaid + toInterest,
    accruedDay: Math.max(loan.accruedDay, valueDay),
    paidBy: by,
  };
  const isRepaid = taken === total;
  const freed = isRepaid ? loan.notes.map((id) => releaseNote(call, loan, id)) : [];
  const receipts = isRepaid ? freeGoods(call, loan, "CLOSED") : [];
  if (isRepaid) {
    const filing = loan.filing === null ? undefined : book.find("filing", loan.filing);
    if (filing?.status === "ACTIVE") book.update("filing", filing, { status: "CANCELLED" });
  }
  book.update("loan", loan, isRepaid ? { ...change, notes: [], receipts: [], status: "REPAID" } : change);
  const { interestDue: interestBefore, accruedDay: accruedBefore, paidBy: paidByBefore } = loan;
  return { loan: loan.id, interest: toInterest, principal, interestBefore, accruedBefore, paidByBefore, freed, receipts };
}

/** Whose is what a loan does not take: the lender's who bought without recourse, else the borrower's. */
export function surplusTo({ security, recourse, lender, borrower }: Loan): Hash {
  return security === "ASSIGNMENT" && !recourse ? lender : borrower;
}

/** A pledge ends with the debt (art. 393). An assigned note goes back to the borrower with recourse; without, it stays the lender's own. */
export function releaseNote(call: Call<unknown>, loan: Loan, id: Hash): Hash {
  const { book } = call;
  const note = book.get("note", id);
  if (note.position === "ASSIGNED" && loan.recourse) {
    const back = newNote(call, note, { holder: loan.borrower }, "fresh");
    book.update("note", note, { position: "CONSUMED", ref: null, hold: null, dispute: null });
    return back;
  }
  book.update("note", note, { position: "OPEN", ref: null });
  return id;
}
