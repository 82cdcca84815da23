import { amount, hash, list, optional } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { currencySchema } from "../fields.ts";
import { settleMargin } from "../goods/margin.ts";
import { shareOut } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, transition } from "../transition.ts";
import { ATTESTATION, type Attested, attested, keepPayment, NOTES_PAID, paymentOf, touched } from "./attestation.ts";
import { lateHolds, withLate } from "./late-payment.ts";
import { type Line, redeem } from "./redemption.ts";
import { owed, payLoan } from "./waterfall.ts";

interface Payment extends Attested {
  readonly payer: Hash;
  readonly currency: string;
  readonly late?: Amount;
}

/**
 * The settlement bank attests the debtor's payment on notes that it names: each line redeems one in whole or in part; what falls on a
 * pledged or assigned note goes to its loan first. Settlement of the root and release of the security happen here, in the paying
 * transaction. `late`: what of the amount is interest for being late, beside the lines and shared among them.
 */
export const attestPayment = transition({
  kind: "payment.attest",
  label: { zh: "付款证明", en: "attest a payment" },
  ground: "Civil Code art. 557, 561; 银发〔2025〕77号 art. 14",
  signedBy: "a settlement bank",
  body: {
    ...NOTES_PAID,
    late: optional(amount({ min: 1n })),
  },
  signers: ({ bank }) => [bank],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    attested,
    ({ body }) => {
      const { lines, late = 0n } = body;
      require(lines.reduce((sum, line) => sum + line.amount, late) === body.amount, "LINES_DO_NOT_ADD_UP");
    },
    (call) => {
      for (const line of call.body.lines) {
        const note = call.book.get("note", line.note);
        payable(call, call.book.get("receivable", note.receivable));
        redeemable(note);
        require(note.dispute === null, "NOTE_DISPUTED");
        require(line.amount <= note.amount, "AMOUNT_EXCEEDED");
      }
    },
    (call) => lateHolds(call, call.body.lines),
  ],
  effect: (call) => take(call, call.body.lines),
});

/**
 * A payment on a receivable as a whole is shared among its live notes in proportion, by largest remainder; what is in dispute takes no
 * part. The state keeps no list of a root's leaves, so the bank names them: as many as the root counts, each live and of this root,
 * can only be all of them.
 */
export const attestProRata = transition({
  kind: "payment.attestProRata",
  label: { zh: "按比例付款证明", en: "attest a payment to all holders" },
  ground: "Civil Code art. 560: debts of equal rank are paid in proportion",
  signedBy: "a settlement bank",
  body: {
    ...ATTESTATION,
    payer: hash,
    currency: currencySchema,
    receivable: hash,
    notes: list(hash, { min: 1, max: 128, sortedBy: (note) => note }),
    late: optional(amount({ min: 1n })),
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
      const principal = principalIn(body);
      require(principal > 0n, "AMOUNT_ZERO");
      require(principal <= undisputed(call).reduce((sum, { weight }) => sum + weight, 0n), "AMOUNT_EXCEEDED");
    },
    (call) => lateHolds(call, shared(call)),
  ],
  effect: (call) => take(call, shared(call)),
});

/** The borrower repays out of its own money; when nothing is left owing the notes are free in the same transaction. */
export const repayLoan = transition({
  kind: "loan.repay",
  label: { zh: "还款", en: "repay a loan" },
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
    const { body } = call;
    const loan = call.book.get("loan", body.loan);
    const paid = payLoan(call, loan, body.amount, body.valueDay, paymentOf(body));
    settleMargin(call, call.book.get("loan", loan.id));
    const { borrower: payer, currency } = loan;
    return [loan.id, keepPayment(call, { payer, currency, kind: "LOAN" }, { redeemed: [], loans: [paid] }), ...paid.freed];
  },
});

/** The receivable is due, in this currency, by this payer. */
function payable({ body }: Call<Payment>, receivable: ObjectOf<"receivable">): void {
  require(receivable.currency === body.currency, "CURRENCY_MISMATCH");
  require(receivable.debtor === body.payer, "PAYER_WRONG");
  require(["MATURED", "OVERDUE", "DEFAULTED"].includes(receivable.status), "NOT_MATURED");
}

/** Live, and not committed to a loan that may be paid out at this moment. */
export function redeemable(note: ObjectOf<"note">): void {
  require(["OPEN", "OFFERED", "RESERVED", "PLEDGED", "ASSIGNED"].includes(note.position), "NOTE_NOT_OPEN");
}

function undisputed({ body, book }: Call<{ readonly notes: readonly Hash[] }>) {
  return body.notes
    .map((id) => book.get("note", id))
    .filter(({ dispute }) => dispute === null)
    .map(({ id, amount: weight }) => ({ key: id, weight }));
}

/** The principal that is paid, shared among the notes that take part. */
function shared(call: Call<Payment & { readonly notes: readonly Hash[] }>): readonly Line[] {
  const weights = undisputed(call);
  const shares = shareOut(principalIn(call.body), weights);
  return weights
    .map(({ key }, index): Line => ({ note: key, amount: shares[index] as Amount }))
    .filter((line) => line.amount > 0n);
}

function principalIn({ amount: paid, late = 0n }: Payment): Amount {
  return paid - late;
}

function take(call: Call<Payment>, lines: readonly Line[]): readonly Hash[] {
  const { payer, currency, valueDay, late = 0n } = call.body;
  const redemption = redeem(call, withLate(call, lines), valueDay, paymentOf(call.body));
  return touched(keepPayment(call, { payer, currency, kind: "DEBT", lines, late }, redemption), redemption);
}
