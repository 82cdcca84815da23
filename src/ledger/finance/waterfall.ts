import type { Amount, Day, Hash } from "../../types/scalars.ts";
import { interest } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { newNote } from "../receivables/notes.ts";
import type { Call } from "../transition.ts";

type Loan = ObjectOf<"loan">;

/** Principal outstanding and interest up to a day, in minor units. */
export function owed(loan: Loan, day: Day): Amount {
  return loan.outstanding + loan.interestDue + interest(loan.outstanding, loan.ratePpm, Math.max(0, day - loan.accruedDay));
}

/**
 * Pays a loan by the order of art. 561: interest, then principal; costs are not lent here. What is over goes to whom the note belongs
 * in the end: the borrower, or the lender who bought without recourse (art. 766, 767). With nothing owing the loan is repaid, its
 * notes are free and its filing ends, all in the paying transaction.
 */
export function payLoan(call: Call<unknown>, loan: Loan, paid: Amount, valueDay: Day): readonly Hash[] {
  const { book } = call;
  const total = owed(loan, valueDay);
  const interestDue = total - loan.outstanding;
  const taken = paid < total ? paid : total;
  const toInterest = taken < interestDue ? taken : interestDue;
  const principal = taken - toInterest;
  const to = loan.security === "ASSIGNMENT" && !loan.recourse ? loan.lender : loan.borrower;
  call.emit("allocation", { object: loan.id, interest: toInterest, principal, rest: paid - taken, to });
  const change = {
    outstanding: loan.outstanding - principal,
    interestDue: interestDue - toInterest,
    interestPaid: loan.interestPaid + toInterest,
    accruedDay: Math.max(loan.accruedDay, valueDay),
  };
  if (taken < total) return [book.update("loan", loan, change).id];
  const freed = loan.notes.map((id) => releaseNote(call, loan, id));
  const filing = loan.filing === null ? undefined : book.find("filing", loan.filing);
  if (filing?.status === "ACTIVE") book.update("filing", filing, { status: "CANCELLED" });
  return [book.update("loan", loan, { ...change, notes: [], status: "REPAID" }).id, ...freed];
}

/** A pledge ends with the debt (art. 393). An assigned note goes back to the borrower with recourse; without, it stays the lender's own. */
export function releaseNote(call: Call<unknown>, loan: Loan, id: Hash): Hash {
  const { book } = call;
  const note = book.get("note", id);
  if (note.position === "ASSIGNED" && loan.recourse) {
    book.update("note", note, { position: "CONSUMED", ref: null });
    return newNote(call, note, { holder: loan.borrower }, "fresh");
  }
  book.update("note", note, { position: "OPEN", ref: null });
  return id;
}
