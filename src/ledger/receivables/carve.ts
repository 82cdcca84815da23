import { LIMITS } from "../../types/limits.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { isLive } from "../conditions.ts";
import type { ObjectOf } from "../objects.ts";
import type { Call, Situation } from "../transition.ts";
import { newNote } from "./notes.ts";

type Note = ObjectOf<"note">;
type Change = Partial<Pick<Note, "position" | "ref" | "hold" | "dispute" | "holder">>;

/** `amount` can be carved out of the note and both parts live on: no dust, no more leaves than a root may have. */
export function carvable({ book, params }: Situation, note: Note, amount: Amount): void {
  require(amount <= note.amount, "AMOUNT_EXCEEDED");
  if (amount === note.amount) return;
  const least = BigInt(params.noteMinorUnitsMin);
  require(amount >= least && note.amount - amount >= least, "PART_TOO_SMALL");
  require(book.get("receivable", note.receivable).leaves < params.notesPerRootMax, "NOTES_EXCEEDED");
  const loan = securedLoan(book, note);
  require(loan === null || loan.notes.length < LIMITS.notesPerLoanMax, "NOTES_EXCEEDED");
}

/**
 * Part of a note gets a fate of its own; the rest stays in the same hand and position. All of it in the same hand: the note itself is
 * changed. Otherwise it is consumed by children, and a loan that it secures is secured by those that live on. Depth counts splits by
 * holders only. Answers the part and the rest, null if there is none.
 */
export function carve(
  call: Call<unknown>,
  note: Note,
  amount: Amount,
  change: Change,
  restChange: Change = {},
): { readonly part: Hash; readonly rest: Hash | null } {
  const { book } = call;
  const loan = securedLoan(book, note);
  const isWhole = amount === note.amount;
  if (isWhole && change.holder === undefined) {
    const updated = book.update("note", note, change);
    if (loan !== null && updated.ref !== loan.id) book.update("loan", loan, { notes: loan.notes.filter((id) => id !== note.id) });
    return { part: note.id, rest: null };
  }
  const { position, ref, holder } = note;
  const part = newNote(call, note, { amount, position, ref, holder, ...change }, "fresh");
  const rest = isWhole
    ? null
    : newNote(call, note, { amount: note.amount - amount, position, ref, holder, ...restChange }, "fresh");
  const parts = rest === null ? 1 : 2;
  book.update("note", note, { position: "CONSUMED", ref: null, hold: null, dispute: null, parts });
  if (loan !== null) {
    const own = [part, rest].filter((id) => id !== null).filter((id) => book.get("note", id).ref === loan.id);
    book.update("loan", loan, { notes: [...loan.notes.filter((id) => id !== note.id), ...own] });
  }
  if (rest !== null && isLive(book.get("note", part))) {
    const receivable = book.get("receivable", note.receivable);
    book.update("receivable", receivable, { leaves: receivable.leaves + 1, moved: true });
  }
  return { part, rest };
}

/** The loan that the note is committed to or secures. */
export function securedLoan(book: Situation["book"], { position, ref }: Note): ObjectOf<"loan"> | null {
  const isBound = position === "COMMITTED" || position === "PLEDGED" || position === "ASSIGNED";
  return isBound && ref !== null ? book.get("loan", ref) : null;
}
