import { assert } from "../../lib/assert.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { startOfDay } from "../calendar.ts";
import { isLive } from "../conditions.ts";
import { schedule } from "../due.ts";
import type { ObjectOf } from "../objects.ts";
import { securedLoan } from "../receivables/carve.ts";
import { before } from "../receivables/correction.ts";
import { remember } from "../receivables/ending.ts";
import { lateResumes } from "../receivables/late.ts";
import { newNote } from "../receivables/notes.ts";
import { giveNotice } from "../receivables/notice.ts";
import { post } from "../receivables/postings.ts";
import type { Call } from "../transition.ts";
import { programmeMoves } from "./limits.ts";

type Loan = ObjectOf<"loan">;
type Note = ObjectOf<"note">;
type Payment = ObjectOf<"payment">;
type Receivable = ObjectOf<"receivable">;

/**
 * What a payment redeemed is live again. Money that lay in deposit lies there no more: if the order holds what was left of the note, both
 * are one note again under it; else it holds the new one.
 */
export function reopenNote(call: Call<unknown>, { note: id, loan, freeze, late }: Payment["redeemed"][number]): Hash {
  const { book } = call;
  const note = book.get("note", id);
  assert(note.position === "REDEEMED", "what a payment redeemed stays redeemed until it is reversed");
  const held = freeze === null ? null : withdraw(call, freeze, note.amount + late);
  const isRest = held !== null && isLive(held);
  const leaf = isRest ? reunite(call, note, held) : follow(call, note, note.holder, loan, freeze);
  if (held !== null && !isRest && held.id !== note.id) book.update("note", held, { hold: null });
  lateResumes(call, id, late);
  reopenRoot(call, book.get("receivable", note.receivable), note.amount, isRest ? 0 : 1);
  return leaf;
}

/** The guarantor's note goes back to the creditor whom it did not pay, and the guarantee covers as much again. */
export function endSubrogation(call: Call<unknown>, payment: Payment, guaranteeId: Hash): readonly Hash[] {
  const { book } = call;
  const note = book.get("note", payment.lines[0]?.note as Hash);
  const creditor = before(call, note).holder;
  const leaf = follow(call, note, creditor, payment.loans[0]?.loan ?? null, null);
  const guarantee = book.get("guarantee", guaranteeId);
  book.update("guarantee", guarantee, { used: guarantee.used - payment.amount });
  return [guarantee.id, leaf, ...giveNotice(call, leaf, payment.payer, "TRANSFER", "fresh")];
}

/** The order's deposit without this money; answers the note that the order is about. */
function withdraw({ book }: Call<unknown>, id: Hash, amount: Amount): Note {
  const freeze = book.get("freeze", id);
  const deposited = freeze.deposited - amount;
  assert(deposited >= 0n, "what was paid on a frozen note lies in deposit while the order stands");
  book.update("freeze", freeze, { deposited, loan: deposited === 0n ? null : freeze.loan });
  return book.get("note", freeze.note);
}

/** A live note takes the place of this one, and secures again what it secured. */
function follow(call: Call<unknown>, note: Note, holder: Hash, secured: Hash | null, hold: Hash | null): Hash {
  const { book } = call;
  const loan = secured === null ? null : book.get("loan", secured);
  const place = placeOf(loan, holder);
  const leaf = newNote(call, note, { ...place, hold }, "fresh");
  book.update("note", note, { position: "CONSUMED", ref: null, hold: null });
  if (loan !== null && place.ref !== null) book.update("loan", loan, { notes: [...loan.notes, leaf] });
  return leaf;
}

/** Where a note belongs that secured the loan: as all of its notes do by now. */
function placeOf(loan: Loan | null, holder: Hash): Pick<Note, "holder" | "position" | "ref"> {
  if (loan === null) return { holder, position: "OPEN", ref: null };
  const isAssigned = loan.security === "ASSIGNMENT";
  // Paid off out of other money since: it would have been freed with the others.
  if (loan.status !== "ACTIVE")
    return { holder: isAssigned && loan.recourse ? loan.borrower : holder, position: "OPEN", ref: null };
  return isAssigned ? { holder: loan.lender, position: "ASSIGNED", ref: loan.id } : { holder, position: "PLEDGED", ref: loan.id };
}

/** The paid part and what was left of the note are one again, in the place of the latter. */
function reunite(call: Call<unknown>, part: Note, rest: Note): Hash {
  const { book } = call;
  const { position, ref } = rest;
  const merged = newNote(call, rest, { amount: rest.amount + part.amount, position, ref }, "fresh");
  const loan = securedLoan(book, rest);
  if (loan !== null) book.update("loan", loan, { notes: loan.notes.map((id) => (id === rest.id ? merged : id)) });
  for (const note of [part, rest]) book.update("note", note, { position: "MERGED", ref: merged, hold: null, dispute: null });
  return merged;
}

/** A settled root is open again, as late as it is by now. */
function reopenRoot(call: Call<unknown>, receivable: Receivable, amount: Amount, more: number): void {
  const entries = [
    ["redeemed", -amount],
    ["live", amount],
  ] as const;
  programmeMoves(call, receivable, amount);
  const leaves = receivable.leaves + more;
  if (receivable.status !== "SETTLED") {
    post(call, receivable, entries, { leaves });
    return;
  }
  const status = statusOn(call, receivable);
  const reopened = post(call, receivable, entries, { leaves, status });
  remember(call, reopened);
  const defaultMs = startOfDay(receivable.maturityDay + receivable.defaultDays + 1);
  if (status === "OVERDUE") schedule(call, defaultMs, "receivable", receivable.id);
}

function statusOn({ day }: Call<unknown>, { maturityDay, graceDays, defaultDays }: Receivable): Receivable["status"] {
  if (day < maturityDay) return "EFFECTIVE";
  if (day <= maturityDay + graceDays) return "MATURED";
  return day <= maturityDay + defaultDays ? "OVERDUE" : "DEFAULTED";
}
