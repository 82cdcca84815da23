import type { Amount, Day, Hash } from "../../types/scalars.ts";
import type { ObjectOf } from "../objects.ts";
import { carve } from "../receivables/carve.ts";
import { retire } from "../receivables/ending.ts";
import { lateEnds } from "../receivables/late.ts";
import type { Call } from "../transition.ts";
import { endWaiting } from "./waiting.ts";
import { type LoanPaid, payLoan } from "./waterfall.ts";

type Redeemed = ObjectOf<"payment">["redeemed"][number];

export interface Line {
  readonly note: Hash;
  readonly amount: Amount;
  /** What is paid with it for being late. */
  readonly late?: Amount;
}

/** What became of a payment: see the object's fields of these names. */
export interface Redemption {
  readonly redeemed: readonly Redeemed[];
  readonly loans: readonly LoanPaid[];
  readonly rests: readonly Hash[];
}

/**
 * Redeems notes in whole or in part. All lines are booked before any loan is paid: the loan that one line pays off would free, and by
 * that replace, the note of the next. Money for a frozen note goes into deposit, whatever the note secures.
 */
export function redeem(call: Call<unknown>, lines: readonly Line[], valueDay: Day, payment: Hash): Redemption {
  const { book } = call;
  const redeemed: Redeemed[] = [];
  const rests: Hash[] = [];
  const roots = new Map<Hash, { paid: Amount; ended: number }>();
  const loans = new Map<Hash, Amount>();
  for (const line of lines) {
    const note = endWaiting(call, book.get("note", line.note));
    const loan = note.position === "PLEDGED" || note.position === "ASSIGNED" ? note.ref : null;
    // The order first: it follows the rest of the note, which carving makes.
    const { late = 0n } = line;
    if (note.hold !== null) deposit(call, note.hold, note, line.amount + late, loan);
    // Of a note that is paid as a whole the order stays at hand as long as it keeps the money.
    const hold = line.amount === note.amount ? note.hold : null;
    const { part, rest } = carve(call, note, line.amount, { position: "REDEEMED", ref: null, hold });
    redeemed.push({ note: part, loan, freeze: note.hold, late });
    lateEnds(call, part, loan, valueDay, late);
    if (rest !== null) rests.push(rest);
    const root = roots.get(note.receivable) ?? { paid: 0n, ended: 0 };
    roots.set(note.receivable, { paid: root.paid + line.amount, ended: root.ended + (rest === null ? 1 : 0) });
    if (note.hold !== null) continue;
    if (loan !== null) loans.set(loan, (loans.get(loan) ?? 0n) + line.amount + late);
    else call.emit("allocation", { object: note.id, interest: late, principal: 0n, rest: line.amount, to: note.holder });
  }
  for (const [id, { paid, ended }] of roots) retire(call, id, "redeemed", paid, ended);
  const paid = [...loans].map(([id, amount]) => payLoan(call, book.get("loan", id), amount, valueDay, payment));
  return { redeemed, loans: paid, rests };
}

function deposit(call: Call<unknown>, order: Hash, note: ObjectOf<"note">, amount: Amount, loan: Hash | null): void {
  const freeze = call.book.get("freeze", order);
  call.book.update("freeze", freeze, { deposited: freeze.deposited + amount, owner: note.holder, loan });
  call.emit("allocation", { object: note.id, interest: 0n, principal: 0n, rest: amount, to: freeze.id });
}
