import { hash } from "../../codec/schema.ts";
import { assert } from "../../lib/assert.ts";
import type { Hash } from "../../types/scalars.ts";
import { startOfDay } from "../calendar.ts";
import { require } from "../codes.ts";
import { schedule } from "../due.ts";
import { secureGoodsAgain } from "../goods/security.ts";
import type { ObjectOf } from "../objects.ts";
import { remember } from "../receivables/ending.ts";
import { newNote } from "../receivables/notes.ts";
import { post } from "../receivables/postings.ts";
import { type Call, transition } from "../transition.ts";
import { lineMoves, programmeMoves } from "./limits.ts";

type Payment = ObjectOf<"payment">;
type Receivable = ObjectOf<"receivable">;
const DAY_MS = 86_400_000;

/**
 * A payment that the bank attested turns out not to have been one. Compensating entries, nothing is undone in place: each redeemed note
 * is followed by a leaf of the same amount in the same hand, and each loan owes again exactly what it owed. Security that the payment
 * set free comes back where it is still in the borrower's free hand; what moved on since stays with whom it moved to.
 */
export const reversePayment = transition({
  kind: "payment.reverse",
  ground: "Civil Code art. 985: money without legal ground; ISO 20022 pacs.004",
  signedBy: "the bank that attested it",
  body: { payment: hash, evidence: hash },
  signers: ({ payment }, { book }) => [book.get("payment", payment).bank],
  stake: ({ payment }, { book }) => book.get("payment", payment).amount,
  makers: ["ATTEST"],
  requires: [
    ({ body, book }) => {
      const { status, kind } = book.get("payment", body.payment);
      // A guarantor's payment made it a creditor, a buyer of pledged goods has them, a refund ended an order: that is between them.
      require(status === "ATTESTED" && !["GUARANTEE", "LIQUIDATION", "REFUND"].includes(kind), "WRONG_STATUS");
    },
    ({ body, book, timeMs, business }) =>
      require(timeMs <= book.get("payment", body.payment).recordedMs + business.reversalWindowDays * DAY_MS, "DEADLINE_PASSED"),
    ({ body, book }) =>
      // Money in deposit is in the authority's hand.
      require(book.get("payment", body.payment).redeemed.every(({ freeze }) => freeze === null), "NOTE_FROZEN"),
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
      for (const [id, reopened] of reopenedLeaves(book, book.get("payment", body.payment))) {
        require(book.get("receivable", id).leaves + reopened <= params.notesPerRootMax, "NOTES_EXCEEDED");
      }
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const payment = book.get("payment", body.payment);
    for (const paid of payment.loans) reopenLoan(call, paid);
    const leaves = payment.redeemed.map((redeemed) => reopenNote(call, redeemed));
    book.update("payment", payment, { status: "REVERSED" });
    return [payment.id, ...payment.loans.map(({ loan }) => loan), ...leaves];
  },
});

function reopenedLeaves(book: Call<unknown>["book"], { redeemed }: Payment): ReadonlyMap<Hash, number> {
  const counts = new Map<Hash, number>();
  for (const { note } of redeemed) {
    const { receivable } = book.get("note", note);
    counts.set(receivable, (counts.get(receivable) ?? 0) + 1);
  }
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
  const owner = loan.security === "ASSIGNMENT" && !loan.recourse ? loan.lender : loan.borrower;
  if (note.position !== "OPEN" || note.holder !== owner) return [];
  if (loan.security === "PLEDGE" || !loan.recourse) {
    book.update("note", note, { position: loan.security === "PLEDGE" ? "PLEDGED" : "ASSIGNED", ref: loan.id });
    return [id];
  }
  const assigned = newNote(call, note, { holder: loan.lender, position: "ASSIGNED", ref: loan.id }, "fresh");
  book.update("note", note, { position: "CONSUMED", ref: null, hold: null, dispute: null });
  return [assigned];
}

/** The redeemed note is followed by a live one; a settled root is open again, as late as it is by now. */
function reopenNote(call: Call<unknown>, { note: id, loan: secured }: Payment["redeemed"][number]): Hash {
  const { book } = call;
  const note = book.get("note", id);
  assert(note.position === "REDEEMED", "what a payment redeemed stays redeemed until it is reversed");
  const loan = secured === null ? null : book.get("loan", secured);
  const position = loan === null ? "OPEN" : loan.security === "PLEDGE" ? "PLEDGED" : "ASSIGNED";
  const leaf = newNote(call, note, { position, ref: secured }, "fresh");
  book.update("note", note, { position: "CONSUMED" });
  if (loan !== null) book.update("loan", loan, { notes: [...loan.notes, leaf] });
  reopenRoot(call, book.get("receivable", note.receivable), note.amount);
  return leaf;
}

function reopenRoot(call: Call<unknown>, receivable: Receivable, amount: bigint): void {
  const entries = [
    ["redeemed", -amount],
    ["live", amount],
  ] as const;
  programmeMoves(call, receivable, amount);
  const leaves = receivable.leaves + 1;
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
