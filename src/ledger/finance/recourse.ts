import { hash } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { isUnfrozen } from "../conditions.ts";
import type { ObjectOf } from "../objects.ts";
import { isLate } from "../receivables/ending.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { ATTESTATION, attested, keepPayment, paymentOf } from "./attestation.ts";
import { owed, payLoan, releaseNote } from "./waterfall.ts";

type Loan = ObjectOf<"loan">;

const lenderOf = ({ loan }: { readonly loan: Hash }, { book }: Situation) => book.get("loan", loan).lender;
const principalOf = ({ loan }: { readonly loan: Hash }, { book }: Situation) => book.get("loan", loan).principal;

function isActive({ body, book }: Call<{ readonly loan: Hash }>): void {
  require(book.get("loan", body.loan).status === "ACTIVE", "WRONG_STATUS");
}

/** The factor turns to the seller: something that secures the loan is overdue, or the debtor's objection was upheld. */
export const demandRecourse = transition({
  kind: "loan.demand",
  label: { zh: "行使追索权", en: "demand recourse" },
  ground: "Civil Code art. 766: factoring with recourse",
  signedBy: "lender",
  body: { loan: hash, cause: hash },
  signers: (body, situation) => [lenderOf(body, situation)],
  stake: principalOf,
  requires: [
    isActive,
    ({ body, book }) => require(book.get("loan", body.loan).recourse, "RECOURSE_NONE"),
    ({ body, book }) => require(book.get("loan", body.loan).demandedDay === null, "WRONG_STATUS"),
    ({ body, book }) => require(isCause(book, book.get("loan", body.loan), body.cause), "RECOURSE_PREMATURE"),
  ],
  effect: ({ body, book, day }) => [book.update("loan", book.get("loan", body.loan), { demandedDay: day }).id, body.cause],
});

/** The seller takes a note back for its share of what is owed; for the last note, that is all of it. */
export const buyBack = transition({
  kind: "loan.buyBack",
  label: { zh: "回购", en: "buy back" },
  ground: "Civil Code art. 766; 担保解释 art. 66: the seller that bought back may claim from the debtor",
  signedBy: "a settlement bank; borrower; lender",
  body: { ...ATTESTATION, loan: hash, note: hash },
  signers: ({ bank, loan }, { book }) => {
    const { borrower, lender } = book.get("loan", loan);
    return [bank, borrower, lender];
  },
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    attested,
    isActive,
    ({ body, book }) => require(book.get("loan", body.loan).recourse, "RECOURSE_NONE"),
    ({ body, book }) => require(book.get("loan", body.loan).notes.includes(body.note), "NOT_FOUND"),
    ({ body, book }) => isUnfrozen(book.get("note", body.note)),
    (call) => {
      const { body, book } = call;
      require(body.amount === priceOf(call, book.get("loan", body.loan), body.note, body.valueDay), "PRICE_WRONG");
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const loan = book.get("loan", body.loan);
    const paid = payLoan(call, loan, body.amount, body.valueDay, paymentOf(body));
    const left = book.get("loan", loan.id);
    const freed = left.status === "ACTIVE" ? [releaseNote(call, left, body.note)] : paid.freed;
    if (left.status === "ACTIVE") book.update("loan", left, { notes: left.notes.filter((id) => id !== body.note) });
    const { borrower: payer, currency } = loan;
    const loans = [{ ...paid, freed }];
    return [loan.id, keepPayment(call, { payer, currency, kind: "BUYBACK" }, { redeemed: [], loans }), ...freed];
  },
});

/** The lender gives up hope, not the claim: a mark for its books. */
export const writeOff = transition({
  kind: "loan.writeOff",
  label: { zh: "核销贷款", en: "write off a loan" },
  ground: "金融企业呆账核销管理办法: written off and still pursued",
  signedBy: "lender",
  body: { loan: hash },
  signers: (body, situation) => [lenderOf(body, situation)],
  stake: principalOf,
  requires: [
    isActive,
    ({ body, book, day, business }) => {
      const loan = book.get("loan", body.loan);
      const isLongOver = day > loan.startDay + loan.tenorDays + business.defaultDays;
      require(isLongOver || loan.notes.some((id) => rootOf(book, id).status === "DEFAULTED"), "NOT_IN_DEFAULT");
    },
    ({ body, book }) => {
      const { outstanding, writtenOff } = book.get("loan", body.loan);
      require(writtenOff < outstanding, "WRONG_STATUS");
    },
  ],
  effect: ({ body, book }) => {
    const loan = book.get("loan", body.loan);
    return [book.update("loan", loan, { writtenOff: loan.outstanding }).id];
  },
});

/** A note that secures the loan and is late, or a dispute about one that was upheld. */
function isCause(book: Situation["book"], loan: Loan, cause: Hash): boolean {
  if (loan.notes.includes(cause)) return isLate(rootOf(book, cause).status);
  const dispute = book.find("dispute", cause);
  return dispute !== undefined && dispute.loan === loan.id && dispute.upheld > 0n;
}

/** ⌈owed · note / all notes⌉, so that what stays is never less covered than before. */
export function priceOf({ book }: Situation, loan: Loan, note: Hash, day: number): Amount {
  const all = loan.notes.reduce((sum, id) => sum + book.get("note", id).amount, 0n);
  const share = owed(loan, day) * book.get("note", note).amount;
  return (share + all - 1n) / all;
}

function rootOf(book: Situation["book"], note: Hash): ObjectOf<"receivable"> {
  return book.get("receivable", book.get("note", note).receivable);
}
