import type { Amount, Day, Hash } from "../../types/scalars.ts";
import { interest } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import type { Call } from "../transition.ts";

type Note = ObjectOf<"note">;
type Receivable = ObjectOf<"receivable">;

/** Which of a receivable's terms late interest follows from: all of its birth. */
export type LateTerms = Pick<Receivable, "maturityDay" | "graceDays" | "latePpm">;

/**
 * Late interest (逾期利息) on part of a receivable up to a day, at the rate of its birth: none in the days of grace, after them from the
 * maturity on. A function of amount and days alone, so nothing has to be accrued: what is paid in parts earns the same within a unit a part.
 */
export function lateInterest({ maturityDay, graceDays, latePpm }: LateTerms, amount: Amount, day: Day): Amount {
  return day > maturityDay + graceDays ? interest(amount, latePpm, day - maturityDay) : 0n;
}

/**
 * What a live note has earned up to a day. While the debtor contests it, nothing: if the dispute fails it is owed from the maturity on, as if
 * there had been none; what is upheld never was owed.
 */
export function lateOn(terms: LateTerms, { amount, dispute }: Pick<Note, "amount" | "dispute">, day: Day): Amount {
  return dispute === null ? lateInterest(terms, amount, day) : 0n;
}

/** A note ends as of a day, with `paid` of its late interest: what is left stays due, and goes the way of the note's own money. */
export function lateEnds(call: Call<unknown>, id: Hash, loan: Hash | null, day: Day, paid: Amount): void {
  const { book } = call;
  const note = book.get("note", id);
  const root = book.get("receivable", note.receivable);
  const due = lateInterest(root, note.amount, day) - paid;
  if (due > 0n) book.update("note", note, { late: { due, loan } });
  lateMoves(call, root.id, due, paid);
}

/** The note lives again, its interest runs on: nothing of it was paid and nothing is fixed. */
export function lateResumes(call: Call<unknown>, id: Hash, paid: Amount): void {
  const note = call.book.get("note", id);
  const due = note.late?.due ?? 0n;
  if (note.late !== undefined) call.book.update("note", note, { late: { ...note.late, due: 0n } });
  lateMoves(call, note.receivable, -due, -paid);
}

/** The receivable's sums, beside the postings of the principal. */
export function lateMoves({ book }: Call<unknown>, id: Hash, due: Amount, paid: Amount): void {
  if (due === 0n && paid === 0n) return;
  const root = book.get("receivable", id);
  book.update("receivable", root, { lateDue: root.lateDue + due, latePaid: root.latePaid + paid });
}
