import type { Amount, Day, Hash } from "../../types/scalars.ts";
import type { ObjectOf } from "../objects.ts";
import { newNote } from "../receivables/notes.ts";
import { post } from "../receivables/postings.ts";
import type { Call } from "../transition.ts";
import { applicationDue } from "./application.ts";
import { payLoan } from "./waterfall.ts";

type Note = ObjectOf<"note">;

export interface Line {
  readonly note: Hash;
  readonly amount: Amount;
}

/**
 * Redeems notes in whole or in part. All lines are booked before any loan is paid: the loan that one line pays off would free, and by
 * that replace, the note of the next. Answers the objects touched.
 */
export function redeem(call: Call<unknown>, lines: readonly Line[], valueDay: Day): readonly Hash[] {
  const { book } = call;
  const touched: Hash[] = [];
  const roots = new Map<Hash, { paid: Amount; ended: number }>();
  const loans = new Map<Hash, Amount>();
  for (const line of lines) {
    freeFromWaiting(call, book.get("note", line.note));
    const note = book.get("note", line.note);
    const rest = redeemNote(call, note, line.amount, touched);
    const root = roots.get(note.receivable) ?? { paid: 0n, ended: 0 };
    roots.set(note.receivable, { paid: root.paid + line.amount, ended: root.ended + (rest === null ? 1 : 0) });
    if (note.position === "PLEDGED" || note.position === "ASSIGNED") {
      const loan = book.get("loan", note.ref as Hash);
      const notes = loan.notes.filter((id) => id !== note.id).concat(rest === null ? [] : [rest]);
      book.update("loan", loan, { notes });
      loans.set(loan.id, (loans.get(loan.id) ?? 0n) + line.amount);
    } else {
      call.emit("allocation", { object: note.id, interest: 0n, principal: 0n, rest: line.amount, to: note.holder });
    }
  }
  for (const [id, { paid, ended }] of roots) settle(call, id, paid, ended);
  for (const [id, paid] of loans) touched.push(...payLoan(call, book.get("loan", id), paid, valueDay));
  return touched;
}

/** The part paid becomes a redeemed note, the rest a new leaf in the same hand and position; null if there is no rest. */
function redeemNote(call: Call<unknown>, note: Note, paid: Amount, touched: Hash[]): Hash | null {
  const { book } = call;
  const rest = note.amount - paid;
  touched.push(note.id);
  if (rest === 0n) {
    book.update("note", note, { position: "REDEEMED", ref: null });
    return null;
  }
  const redeemed = newNote(call, note, { amount: paid, position: "REDEEMED" }, "fresh");
  const left = newNote(call, note, { amount: rest, position: note.position, ref: note.ref }, "fresh");
  book.update("note", note, { position: "CONSUMED", ref: null });
  touched.push(redeemed, left);
  return left;
}

function settle(call: Call<unknown>, root: Hash, paid: Amount, ended: number): void {
  const { book } = call;
  const receivable = book.get("receivable", root);
  const leaves = receivable.leaves - ended;
  const settled = leaves === 0;
  post(
    call,
    receivable,
    [
      ["live", -paid],
      ["redeemed", paid],
    ],
    settled ? { leaves, status: "SETTLED" } : { leaves },
  );
  if (settled && receivable.status === "OVERDUE") {
    const debtor = book.get("party", receivable.debtor);
    book.update("party", debtor, { overdue: debtor.overdue - 1 });
  }
}

/** At maturity an offer or application on the note has no future: it ends so that the payment can be booked. */
function freeFromWaiting(call: Call<unknown>, note: Note): void {
  const { book } = call;
  if (note.position === "OFFERED") {
    book.update("offer", book.get("offer", note.ref as Hash), { status: "EXPIRED" });
    book.update("note", note, { position: "OPEN", ref: null });
  } else if (note.position === "RESERVED") {
    const application = book.get("application", note.ref as Hash);
    applicationDue({ ...call, timeMs: application.expiresMs }, application);
  }
}
