import { hash } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { isLive } from "../conditions.ts";
import { secureGoodsAgain } from "../goods/security.ts";
import type { ObjectOf } from "../objects.ts";
import { lateInterest } from "../receivables/late.ts";
import { newNote } from "../receivables/notes.ts";
import { type Call, transition } from "../transition.ts";
import { reverseLate } from "./late-payment.ts";
import { lineMoves } from "./limits.ts";
import { endSubrogation, reopenNote } from "./reopening.ts";
import { surplusTo } from "./waterfall.ts";

type Payment = ObjectOf<"payment">;
const DAY_MS = 86_400_000;
const FINAL: ReadonlySet<Payment["kind"]> = new Set(["LIQUIDATION", "REFUND", "DEPOSIT"]);

/**
 * A payment that the bank attested turns out not to have been one. Compensating entries, nothing is undone in place: each redeemed note
 * is followed by a leaf of the same amount in the same hand, and each loan owes again exactly what it owed. Security that the payment
 * set free comes back where it is still in the borrower's free hand; what moved on since stays with whom it moved to. What lay in deposit
 * lies there no more, and a guarantor that did not pay is no creditor.
 */
export const reversePayment = transition({
  kind: "payment.reverse",
  label: { zh: "冲正付款", en: "reverse a payment" },
  ground: "Civil Code art. 985: money without legal ground; ISO 20022 pacs.004",
  signedBy: "the bank that attested it",
  body: { payment: hash, evidence: hash },
  signers: ({ payment }, { book }) => [book.get("payment", payment).bank],
  stake: ({ payment }, { book }) => book.get("payment", payment).amount,
  makers: ["ATTEST"],
  requires: [
    ({ body, book }) => {
      const { status, kind, guarantee } = book.get("payment", body.payment);
      // A buyer of pledged goods has them, a refund ended an order: that is between them. A deposit was let go, not attested.
      require(status === "ATTESTED" && !FINAL.has(kind), "WRONG_STATUS");
      require(kind !== "GUARANTEE" || guarantee !== undefined, "WRONG_STATUS");
    },
    ({ body, book, timeMs, business }) =>
      require(timeMs <= book.get("payment", body.payment).recordedMs + business.reversalWindowDays * DAY_MS, "DEADLINE_PASSED"),
    ({ body, book }) => {
      // Money in deposit can be missed there as long as the authority has not handed it on.
      for (const { freeze } of book.get("payment", body.payment).redeemed)
        require(freeze === null || book.get("freeze", freeze).status === "ACTIVE", "PAYMENT_BUILT_UPON");
    },
    ({ body, book }) => {
      // Interest on what it redeemed was paid since: that payment is reversed first. One for interest finds the notes that it is for.
      const { redeemed, valueDay, kind, lines } = book.get("payment", body.payment);
      for (const { note: id, late } of redeemed) {
        const note = book.get("note", id);
        const left = lateInterest(book.get("receivable", note.receivable), note.amount, valueDay) - late;
        require((note.late?.due ?? 0n) === left, "PAYMENT_BUILT_UPON");
      }
      require(kind !== "LATE" || lines.every(({ note }) => book.find("note", note) !== undefined), "NOT_FOUND");
    },
    ({ body, book }) => {
      const payment = book.get("payment", body.payment);
      if (payment.kind !== "GUARANTEE") return;
      const got = book.get("note", payment.lines[0]?.note as Hash);
      const isThere = got.position === "OPEN" && got.holder === payment.payer && got.hold === null && got.dispute === null;
      require(isThere, "PAYMENT_BUILT_UPON");
    },
    ({ body, book }) =>
      require(book
        .get("payment", body.payment)
        .loans.every(({ loan }) => book.get("loan", loan).paidBy === body.payment), "PAYMENT_BUILT_UPON"),
    ({ body, book }) => {
      for (const { loan: id, principal } of book.get("payment", body.payment).loans) {
        const { prepayment, principal: lent, outstanding } = book.get("loan", id);
        if (prepayment === null) continue;
        const { released, margin } = book.get("prepayment", prepayment);
        require(released <= margin + lent - outstanding - principal, "PAYMENT_BUILT_UPON");
      }
    },
    ({ body, book, params }) => {
      const { redeemed, loans, lines, guarantee } = book.get("payment", body.payment);
      // A part of a note that an order holds is one with the rest again.
      const apart = redeemed.filter(({ freeze }) => freeze === null || !isLive(heldBy(book, freeze)));
      for (const [id, reopened] of counted(apart.map(({ note }) => book.get("note", note).receivable)))
        require(book.get("receivable", id).leaves + reopened <= params.notesPerRootMax, "NOTES_EXCEEDED");
      const returned = guarantee === undefined ? [] : loans.flatMap(({ loan }) => lines.map(() => loan));
      const bound = apart.flatMap(({ loan }) => (loan === null ? [] : [loan]));
      const freed = loans.flatMap((paid) => paid.freed.map(() => paid.loan));
      for (const [id, more] of counted([...bound, ...returned, ...freed]))
        require(book.get("loan", id).notes.length + more <= LIMITS.notesPerLoanMax, "NOTES_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const payment = book.get("payment", body.payment);
    for (const paid of payment.loans) reopenLoan(call, paid);
    const leaves = payment.redeemed.map((redeemed) => reopenNote(call, redeemed));
    const returned = payment.guarantee === undefined ? [] : endSubrogation(call, payment, payment.guarantee);
    const unpaid = payment.kind === "LATE" ? reverseLate(call, payment) : [];
    book.update("payment", payment, { status: "REVERSED" });
    return [payment.id, ...payment.loans.map(({ loan }) => loan), ...leaves, ...returned, ...unpaid];
  },
});

function heldBy(book: Call<unknown>["book"], freeze: Hash): ObjectOf<"note"> {
  return book.get("note", book.get("freeze", freeze).note);
}

function counted(ids: readonly Hash[]): ReadonlyMap<Hash, number> {
  const counts = new Map<Hash, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** As if it had not been paid: balances, the day up to which interest is reckoned, filing, and the notes that are still there. */
function reopenLoan(call: Call<unknown>, paid: Payment["loans"][number]): void {
  const { book } = call;
  const loan = book.get("loan", paid.loan);
  lineMoves(book, loan, paid.principal);
  const filing = loan.status === "REPAID" && loan.filing !== null ? book.find("filing", loan.filing) : undefined;
  if (filing !== undefined) book.update("filing", filing, { status: "ACTIVE" });
  const back = paid.freed.flatMap((id) => secureAgain(call, loan, id));
  const receipts = loan.status === "REPAID" ? secureGoodsAgain(call, loan, paid.receipts) : [];
  book.update("loan", loan, {
    status: "ACTIVE",
    outstanding: loan.outstanding + paid.principal,
    interestDue: paid.interestBefore,
    interestPaid: loan.interestPaid - paid.interest,
    accruedDay: paid.accruedBefore,
    paidBy: paid.paidByBefore,
    notes: [...loan.notes, ...back],
    receipts: [...loan.receipts, ...receipts].sort(),
  });
}

function secureAgain(call: Call<unknown>, loan: ObjectOf<"loan">, id: Hash): readonly Hash[] {
  const { book } = call;
  const note = book.get("note", id);
  if (note.position !== "OPEN" || note.holder !== surplusTo(loan)) return [];
  if (loan.security === "PLEDGE" || !loan.recourse) {
    book.update("note", note, { position: loan.security === "PLEDGE" ? "PLEDGED" : "ASSIGNED", ref: loan.id });
    return [id];
  }
  const assigned = newNote(call, note, { holder: loan.lender, position: "ASSIGNED", ref: loan.id }, "fresh");
  book.update("note", note, { position: "CONSUMED", ref: null, hold: null, dispute: null });
  return [assigned];
}
