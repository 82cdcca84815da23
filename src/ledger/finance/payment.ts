import { amount, hash, list, struct } from "../../codec/schema.ts";
import type { Amount, Day, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { roleOf } from "../conditions.ts";
import { paymentId } from "../ids.ts";
import { currencySchema, daySchema, type ObjectOf } from "../kinds.ts";
import { interest } from "../money.ts";
import { newNote } from "../receivables/notes.ts";
import { post } from "../receivables/postings.ts";
import { type Call, transition } from "../transition.ts";
import { applicationDue } from "./application.ts";
import { referenceId } from "./loan.ts";

type Loan = ObjectOf<"loan">;
type Note = ObjectOf<"note">;

/**
 * The settlement bank attests the debtor's payment: each line redeems a note in whole or in part; what falls on a pledged or assigned
 * note goes to its loan first. Settlement of the root and release of the security happen here, in the paying transaction.
 */
export const attestPayment = transition({
  kind: "payment.attest",
  ground: "Civil Code art. 557, 561; 银发〔2025〕77号 art. 14",
  body: {
    bank: hash,
    reference: hash,
    payer: hash,
    currency: currencySchema,
    amount: amount({ min: 1n }),
    valueDay: daySchema,
    lines: list(struct({ note: hash, amount: amount({ min: 1n }) }), { min: 1, max: 64, sortedBy: ({ note }) => note }),
    evidence: hash,
  },
  signers: ({ bank }) => [bank],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    (call) => roleOf(call, call.body.bank, "BANK"),
    ({ body, book }) => require(book.find("bankReference", referenceId(body)) === undefined, "PAYMENT_DUPLICATE"),
    ({ body }) => require(body.lines.reduce((sum, line) => sum + line.amount, 0n) === body.amount, "LINES_DO_NOT_ADD_UP"),
    ({ body, day }) => require(body.valueDay <= day && body.valueDay >= day - 30, "DAY_OUT_OF_RANGE"),
    ({ body, book }) => {
      for (const line of body.lines) {
        const note = book.get("note", line.note);
        const receivable = book.get("receivable", note.receivable);
        require(receivable.currency === body.currency, "CURRENCY_MISMATCH");
        require(receivable.debtor === body.payer, "PAYER_WRONG");
        require(receivable.status === "MATURED" || receivable.status === "OVERDUE", "NOT_MATURED");
        require(["OPEN", "OFFERED", "RESERVED", "PLEDGED", "ASSIGNED"].includes(note.position), "NOTE_NOT_OPEN");
        require(line.amount <= note.amount, "AMOUNT_EXCEEDED");
      }
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const id = paymentId(body.bank, body.reference);
    book.create("bankReference", { id: referenceId(body), object: id });
    book.create("payment", { id, ...body });
    const touched: Hash[] = [id];
    for (const line of body.lines) touched.push(...redeem(call, line, body.valueDay));
    return touched;
  },
});

/** The borrower repays out of its own money; when nothing is left owing the notes are free in the same transaction. */
export const repayLoan = transition({
  kind: "loan.repay",
  ground: "Civil Code art. 393, 561, 677",
  body: { loan: hash, bank: hash, reference: hash, amount: amount({ min: 1n }), valueDay: daySchema, evidence: hash },
  signers: ({ loan, bank }, { book }) => [bank, book.get("loan", loan).borrower],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    (call) => roleOf(call, call.body.bank, "BANK"),
    ({ body, book }) => require(book.get("loan", body.loan).status === "ACTIVE", "WRONG_STATUS"),
    ({ body, book }) => require(book.find("bankReference", referenceId(body)) === undefined, "PAYMENT_DUPLICATE"),
    ({ body, day }) => require(body.valueDay <= day && body.valueDay >= day - 30, "DAY_OUT_OF_RANGE"),
    ({ body, book }) => {
      const loan = book.get("loan", body.loan);
      require(body.amount <= owed(loan, body.valueDay), "AMOUNT_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const loan = book.get("loan", body.loan);
    book.create("bankReference", { id: referenceId(body), object: loan.id });
    return payLoan(call, loan, body.amount, body.valueDay);
  },
});

/** Principal outstanding and interest up to a day, in minor units. */
export function owed(loan: Loan, day: Day): Amount {
  return loan.outstanding + loan.interestDue + interest(loan.outstanding, loan.ratePpm, Math.max(0, day - loan.accruedDay));
}

/** One line of a payment: the note ends or shrinks by being replaced, its root's balances move, its loan is paid. */
function redeem(call: Call<unknown>, line: { readonly note: Hash; readonly amount: Amount }, valueDay: Day): readonly Hash[] {
  const { book } = call;
  freeFromWaiting(call, book.get("note", line.note));
  const note = book.get("note", line.note);
  const touched: Hash[] = [note.id];
  const rest = note.amount - line.amount;
  if (rest === 0n) {
    book.update("note", note, { position: "REDEEMED", ref: null });
  } else {
    touched.push(newNote(call, note, { amount: line.amount, position: "REDEEMED" }, "fresh"));
    touched.push(newNote(call, note, { amount: rest, position: note.position, ref: note.ref }, "fresh"));
    book.update("note", note, { position: "CONSUMED", ref: null });
  }
  settle(call, note, line.amount, rest);
  if (note.position === "PLEDGED" || note.position === "ASSIGNED") {
    const loan = book.get("loan", note.ref as Hash);
    const notes = loan.notes.filter((id) => id !== note.id).concat(rest === 0n ? [] : [touched[2] as Hash]);
    const kept = book.update("loan", loan, { notes });
    const due = owed(kept, valueDay);
    touched.push(...payLoan(call, kept, line.amount < due ? line.amount : due, valueDay));
  }
  return touched;
}

function settle(call: Call<unknown>, note: Note, paid: Amount, rest: Amount): void {
  const { book } = call;
  const receivable = book.get("receivable", note.receivable);
  const leaves = receivable.leaves - (rest === 0n ? 1 : 0);
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

/** The waterfall of art. 561: interest, then principal. With nothing owing the loan is repaid and its notes are free. */
function payLoan(call: Call<unknown>, loan: Loan, paid: Amount, valueDay: Day): readonly Hash[] {
  const { book } = call;
  const interestDue = owed(loan, valueDay) - loan.outstanding;
  const toInterest = paid < interestDue ? paid : interestDue;
  const outstanding = loan.outstanding - (paid - toInterest);
  const change = {
    outstanding,
    interestDue: interestDue - toInterest,
    interestPaid: loan.interestPaid + toInterest,
    accruedDay: Math.max(loan.accruedDay, valueDay),
  };
  if (outstanding + change.interestDue > 0n) return [book.update("loan", loan, change).id];
  for (const id of loan.notes) release(call, loan, book.get("note", id));
  const filing = loan.filing === null ? undefined : book.find("filing", loan.filing);
  if (filing?.status === "ACTIVE") book.update("filing", filing, { status: "CANCELLED" });
  return [book.update("loan", loan, { ...change, notes: [], status: "REPAID" }).id, ...loan.notes];
}

/** A pledge ends with the debt (art. 393). An assigned note goes back to the seller with recourse; without, it stays the lender's own. */
function release(call: Call<unknown>, loan: Loan, note: Note): void {
  const { book } = call;
  const back = note.position === "ASSIGNED" && loan.recourse;
  if (!back) {
    book.update("note", note, { position: "OPEN", ref: null });
    return;
  }
  newNote(call, note, { holder: loan.borrower }, "fresh");
  book.update("note", note, { position: "CONSUMED", ref: null });
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
