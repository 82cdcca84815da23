import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { basisPoints } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";
import { worthOf } from "./price.ts";
import { countPledge, goodsFree, hasRoomFor } from "./zone.ts";

type Receipt = ObjectOf<"warehouseReceipt">;
type Loan = ObjectOf<"loan">;

/** What an application or a loan rests on beside its notes. */
export type Secured = Pick<Loan, "receipts" | "order" | "prepayment" | "currency">;

/** What may be owed on it, at prices of now: goods up to their cap, an order as far as it is not invoiced, a prepayment beyond its margin. */
export function goodsCover(situation: Situation, secured: Secured, advanceBp: number): Amount {
  const { book, business } = situation;
  // What a prepayment brings in is let go by its own account: see prepayment.ts.
  if (secured.prepayment !== null) {
    const { price, margin } = book.get("prepayment", secured.prepayment);
    return least(price - margin, basisPoints(price, advanceBp));
  }
  const goods = basisPoints(goodsValue(situation, secured), Math.min(advanceBp, business.ltvCapBp));
  if (secured.order === null) return goods;
  return goods + basisPoints(orderLeft(book.get("contract", secured.order)), Math.min(advanceBp, business.poAdvanceBp));
}

/** Of what is in the receipts and may not leave. */
export function goodsValue(situation: Situation, { receipts, currency }: Pick<Secured, "receipts" | "currency">): Amount {
  let total = 0n;
  for (const id of receipts) {
    const receipt = situation.book.get("warehouseReceipt", id);
    total += worthOf(situation, receipt, receipt.quantity - receipt.approved, currency);
  }
  return total;
}

/** What of an order may still become a receivable that nobody has had. */
export function orderLeft({ total, invoiced }: ObjectOf<"contract">): Amount {
  return invoiced < total ? total - invoiced : 0n;
}

/** The gates that every step up to the order must pass again: nothing frozen, nothing about to leave, the order open, its price not stale. */
export function goodsGatesOpen(situation: Situation, { receipts, order }: Secured): void {
  const { book } = situation;
  for (const id of receipts) {
    const receipt = book.get("warehouseReceipt", id);
    goodsFree(situation, receipt.zone);
    isAtRest(receipt);
    require(situation.day < receipt.untilDay, "RECEIPT_ENDED");
  }
  if (order !== null) require(book.get("contract", order).status === "OPEN", "CONTRACT_CLOSED");
}

/** Nothing of it is asked for or let go. */
export function isAtRest({ requested, approved }: Receipt): void {
  require(requested === 0 && approved === 0, "RELEASE_PENDING");
}

/** In its holder's free hand, where it is: the zone is not frozen and nothing of it is leaving. */
export function isReceiptOpen(situation: Situation, receipt: Receipt): void {
  require(receipt.position === "OPEN", "RECEIPT_NOT_OPEN");
  isAtRest(receipt);
  goodsFree(situation, receipt.zone);
}

/** Receipts and order of an application or of a loan that is not paid out. */
export function setGoods(
  situation: Situation,
  { receipts, order }: Secured,
  position: "OPEN" | "RESERVED" | "COMMITTED",
  ref: Hash | null,
): void {
  const { book } = situation;
  for (const id of receipts) moveReceipt(situation, book.get("warehouseReceipt", id), position, ref);
  if (order !== null) book.update("contract", book.get("contract", order), { position, ref });
}

/** The one place in which a receipt changes its encumbrance, so that a zone always knows whose pledges lie in it. */
export function moveReceipt(situation: Situation, receipt: Receipt, position: Receipt["position"], ref: Hash | null): void {
  const { book } = situation;
  if (receipt.position === "PLEDGED") countPledge(situation, receipt.zone, lenderOf(situation, receipt.ref as Hash), -1);
  if (position === "PLEDGED") countPledge(situation, receipt.zone, lenderOf(situation, ref as Hash), 1);
  book.update("warehouseReceipt", receipt, { position, ref, requested: position === "PLEDGED" ? receipt.requested : 0 });
}

/**
 * The loan is paid off, or there will be none: all that it rested on is free, in the same transaction. A seller that still owes goods or money
 * for what was paid in advance owes them to the buyer from then on. Answers the receipts.
 */
export function freeGoods(situation: Situation, secured: Secured, end: "CLOSED" | "VOID"): readonly Hash[] {
  const { book } = situation;
  setGoods(situation, secured, "OPEN", null);
  if (secured.prepayment !== null) {
    const prepayment = book.get("prepayment", secured.prepayment);
    book.update("prepayment", prepayment, { status: end });
    const contract = book.get("contract", prepayment.contract);
    if (end === "VOID") book.update("contract", contract, { position: "OPEN", ref: null });
  }
  return secured.receipts;
}

/** A payment that freed the security was none: what is still in the borrower's free hand secures the loan again. Answers the receipts. */
export function secureGoodsAgain(situation: Situation, loan: Loan, receipts: readonly Hash[]): readonly Hash[] {
  const { book } = situation;
  const back = receipts.filter((id) => {
    const { position, holder, zone } = book.get("warehouseReceipt", id);
    return position === "OPEN" && holder === loan.borrower && hasRoomFor(situation, zone, loan.lender);
  });
  for (const id of back) {
    const receipt = book.get("warehouseReceipt", id);
    moveReceipt(situation, receipt, "PLEDGED", loan.id);
    if (receipt.approved > 0) book.update("warehouseReceipt", book.get("warehouseReceipt", id), { approved: 0 });
  }
  if (loan.order !== null) {
    const order = book.get("contract", loan.order);
    if (order.position === "OPEN") book.update("contract", order, { position: "PLEDGED", ref: loan.id });
  }
  if (loan.prepayment !== null) {
    const prepayment = book.get("prepayment", loan.prepayment);
    book.update("prepayment", prepayment, { status: prepayment.refundDue > 0n ? "REFUND_DUE" : "SELLER_PAID" });
  }
  return back;
}

/** Goods and orders of a loan whose money went out. */
export function bindGoods({ book }: Pick<Situation, "book">, { id, order, prepayment }: Loan): void {
  if (order !== null) book.update("contract", book.get("contract", order), { position: "PLEDGED", ref: id });
  if (prepayment !== null) book.update("prepayment", book.get("prepayment", prepayment), { status: "SELLER_PAID", loan: id });
}

/** Before money is ordered: the keeper holds the goods for this lender, the buyer has paid its margin. */
export function goodsHeld({ book }: Pick<Situation, "book">, { receipts, prepayment, agreement }: Loan): void {
  require(receipts.length === 0 || agreement !== null, "KEEPER_MISSING");
  require(prepayment === null || book.get("prepayment", prepayment).isMarginPaid, "MARGIN_UNPAID");
}

function lenderOf({ book }: Situation, loan: Hash): Hash {
  return book.get("loan", loan).lender;
}

function least(one: Amount, other: Amount): Amount {
  return one < other ? one : other;
}
