import { amount, hash, list, struct } from "../../codec/schema.ts";
import type { Amount, Day, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { roleOf } from "../conditions.ts";
import { paymentId } from "../ids.ts";
import { shareOut } from "../money.ts";
import { currencySchema, daySchema, type ObjectOf } from "../objects.ts";
import { type Call, transition } from "../transition.ts";
import { referenceId } from "./loan.ts";
import { type Line, redeem } from "./redemption.ts";
import { owed, payLoan } from "./waterfall.ts";

/** What a bank says about any money that moved. */
const ATTESTATION = {
  bank: hash,
  reference: hash,
  amount: amount({ min: 1n }),
  valueDay: daySchema,
  evidence: hash,
} as const;

interface Attested {
  readonly bank: Hash;
  readonly reference: Hash;
  readonly amount: Amount;
  readonly valueDay: Day;
  readonly evidence: Hash;
}

interface Payment extends Attested {
  readonly payer: Hash;
  readonly currency: string;
}

/** Days back that a bank may date its attestation. */
const VALUE_DAYS_MAX = 30;

/**
 * The settlement bank attests the debtor's payment on notes that it names: each line redeems one in whole or in part; what falls on a
 * pledged or assigned note goes to its loan first. Settlement of the root and release of the security happen here, in the paying
 * transaction.
 */
export const attestPayment = transition({
  kind: "payment.attest",
  ground: "Civil Code art. 557, 561; 银发〔2025〕77号 art. 14",
  signedBy: "a settlement bank",
  body: {
    ...ATTESTATION,
    payer: hash,
    currency: currencySchema,
    lines: list(struct({ note: hash, amount: amount({ min: 1n }) }), { min: 1, max: 64, sortedBy: ({ note }) => note }),
  },
  signers: ({ bank }) => [bank],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    attested,
    ({ body }) => require(body.lines.reduce((sum, line) => sum + line.amount, 0n) === body.amount, "LINES_DO_NOT_ADD_UP"),
    (call) => {
      for (const line of call.body.lines) {
        const note = call.book.get("note", line.note);
        payable(call, call.book.get("receivable", note.receivable));
        redeemable(note);
        require(line.amount <= note.amount, "AMOUNT_EXCEEDED");
      }
    },
  ],
  effect: (call) => book(call, call.body.lines),
});

/**
 * A payment on a receivable as a whole is shared among its live notes in proportion, by largest remainder. The state keeps no list of
 * a root's leaves, so the bank names them: as many as the root counts, each live and of this root, can only be all of them.
 */
export const attestProRata = transition({
  kind: "payment.attestProRata",
  ground: "Civil Code art. 560: debts of equal rank are paid in proportion",
  signedBy: "a settlement bank",
  body: {
    ...ATTESTATION,
    payer: hash,
    currency: currencySchema,
    receivable: hash,
    notes: list(hash, { min: 1, max: 128, sortedBy: (note) => note }),
  },
  signers: ({ bank }) => [bank],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    attested,
    (call) => {
      const { body } = call;
      const receivable = call.book.get("receivable", body.receivable);
      payable(call, receivable);
      for (const id of body.notes) {
        const note = call.book.get("note", id);
        require(note.receivable === receivable.id, "LEAVES_INCOMPLETE");
        redeemable(note);
      }
      require(body.notes.length === receivable.leaves, "LEAVES_INCOMPLETE");
      require(body.amount <= receivable.live, "AMOUNT_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { notes, amount: paid } = call.body;
    const shares = shareOut(
      paid,
      notes.map((id) => ({ key: id, weight: call.book.get("note", id).amount })),
    );
    const lines = notes.map((note, index): Line => ({ note, amount: shares[index] as Amount }));
    return book(
      call,
      lines.filter((line) => line.amount > 0n),
    );
  },
});

/** The borrower repays out of its own money; when nothing is left owing the notes are free in the same transaction. */
export const repayLoan = transition({
  kind: "loan.repay",
  ground: "Civil Code art. 393, 561, 677",
  signedBy: "a settlement bank; borrower",
  body: { ...ATTESTATION, loan: hash },
  signers: ({ loan, bank }, situation) => [bank, situation.book.get("loan", loan).borrower],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    attested,
    (call) => require(call.book.get("loan", call.body.loan).status === "ACTIVE", "WRONG_STATUS"),
    (call) => require(call.body.amount <= owed(call.book.get("loan", call.body.loan), call.body.valueDay), "AMOUNT_EXCEEDED"),
  ],
  effect: (call) => {
    const loan = call.book.get("loan", call.body.loan);
    call.book.create("bankReference", { id: referenceId(call.body), object: loan.id });
    return payLoan(call, loan, call.body.amount, call.body.valueDay);
  },
});

function attested(call: Call<Attested>): void {
  const { body, day } = call;
  roleOf(call, body.bank, "BANK");
  require(call.book.find("bankReference", referenceId(body)) === undefined, "PAYMENT_DUPLICATE");
  require(body.valueDay <= day && body.valueDay >= day - VALUE_DAYS_MAX, "DAY_OUT_OF_RANGE");
}

/** The receivable is due, in this currency, by this payer. */
function payable({ body }: Call<Payment>, receivable: ObjectOf<"receivable">): void {
  require(receivable.currency === body.currency, "CURRENCY_MISMATCH");
  require(receivable.debtor === body.payer, "PAYER_WRONG");
  require(receivable.status === "MATURED" || receivable.status === "OVERDUE", "NOT_MATURED");
}

/** Live, and not committed to a loan that may be paid out at this moment. */
function redeemable(note: ObjectOf<"note">): void {
  require(["OPEN", "OFFERED", "RESERVED", "PLEDGED", "ASSIGNED"].includes(note.position), "NOTE_NOT_OPEN");
}

function book(call: Call<Payment>, lines: readonly Line[]): readonly Hash[] {
  const { bank, reference, payer, currency, amount: paid, valueDay, evidence } = call.body;
  const id = paymentId(bank, reference);
  call.book.create("bankReference", { id: referenceId(call.body), object: id });
  call.book.create("payment", { id, bank, reference, payer, currency, amount: paid, valueDay, lines, evidence });
  return [id, ...redeem(call, lines, valueDay)];
}
