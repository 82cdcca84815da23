import { hash, optional } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { eligible } from "../finance/application.ts";
import { owed } from "../finance/waterfall.ts";
import { basisPoints } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { byDevice, tagsId } from "./lot.ts";
import { quantitySchema } from "./objects.ts";
import { isPriced, worthOf } from "./price.ts";
import { countStored } from "./receipt.ts";
import { goodsCover, goodsValue, moveReceipt } from "./security.ts";
import { toleranceOf } from "./severity.ts";
import { goodsFree } from "./zone.ts";

type Receipt = ObjectOf<"warehouseReceipt">;
type Loan = ObjectOf<"loan">;

const receiptOf = ({ receipt }: { readonly receipt: Hash }, { book }: Situation) => book.get("warehouseReceipt", receipt);

/**
 * The holder asks for goods. Free ones it may fetch; pledged ones wait for the lender, unless a floor was agreed and stays covered: then the
 * lender has let them go beforehand. Asking anew takes the place of what was asked before.
 */
export const requestRelease = transition({
  kind: "receipt.requestRelease",
  label: { zh: "申请解押", en: "request a release" },
  ground: "Civil Code art. 910, 914; 担保解释 art. 55: floating pledge above an agreed floor",
  signedBy: "holder",
  body: { receipt: hash, quantity: quantitySchema },
  signers: (body, situation) => [receiptOf(body, situation).holder],
  requires: [
    (call) => {
      const { position } = receiptOf(call.body, call);
      require(position === "OPEN" || position === "PLEDGED", "RECEIPT_NOT_OPEN");
    },
    (call) => goodsFree(call, receiptOf(call.body, call).zone),
    (call) => {
      const { position, quantity, approved } = receiptOf(call.body, call);
      const kept = position === "OPEN" ? 0 : approved;
      require(kept + call.body.quantity <= quantity, "QUANTITY_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    const receipt = receiptOf(body, call);
    if (receipt.position === "OPEN") return [book.update("warehouseReceipt", receipt, { approved: body.quantity }).id];
    const loan = book.get("loan", receipt.ref as Hash);
    return staysAboveFloor(call, loan, receipt, body.quantity)
      ? [book.update("warehouseReceipt", receipt, { approved: receipt.approved + body.quantity, requested: 0 }).id, loan.id]
      : [book.update("warehouseReceipt", receipt, { requested: body.quantity }).id, loan.id];
  },
});

/**
 * The lender lets pledged goods go where what stays covers the loan. With `order` they leave for a buyer: from now on the order, and the
 * receivable that comes of it, secures the same loan, so that goods turn into a claim without ever being free between.
 */
export const approveRelease = transition({
  kind: "receipt.approveRelease",
  label: { zh: "同意解押", en: "approve a release" },
  ground: "Civil Code art. 393(3), 406; 担保解释 art. 55",
  signedBy: "lender",
  body: { receipt: hash, quantity: quantitySchema, order: optional(hash) },
  signers: (body, situation) => {
    const { position, ref } = receiptOf(body, situation);
    require(position === "PLEDGED" && ref !== null, "RECEIPT_NOT_OPEN");
    return [situation.book.get("loan", ref).lender];
  },
  requires: [
    (call) => require(call.body.quantity <= receiptOf(call.body, call).requested, "QUANTITY_EXCEEDED"),
    (call) => goodsFree(call, receiptOf(call.body, call).zone),
    (call) => {
      const loan = loanOf(call);
      if (call.body.order === undefined) return;
      const { seller, position, status, stored } = call.book.get("contract", call.body.order);
      require(status === "OPEN", "CONTRACT_CLOSED");
      require(seller === loan.borrower, "NOT_HOLDER");
      require(position === "OPEN" && stored === 0 && loan.order === null, "ORDER_ENCUMBERED");
    },
    (call) => {
      const order = call.body.order ?? loanOf(call).order;
      mayLetGo(call, { ...loanOf(call), order }, receiptOf(call.body, call), call.body.quantity);
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    const loan = loanOf(call);
    if (body.order !== undefined) {
      book.update("contract", book.get("contract", body.order), { position: "PLEDGED", ref: loan.id });
      book.update("loan", loan, { order: body.order });
    }
    return [letGo(call, receiptOf(body, call), body.quantity), loan.id];
  },
});

/** The keeper opens the gate: no more leaves than was let go, and a device sees it leave. */
export const gateOut = transition({
  kind: "receipt.gateOut",
  label: { zh: "出库", en: "let goods out" },
  ground: "Civil Code art. 914, 915",
  signedBy: "operator and its device",
  body: { receipt: hash, quantity: quantitySchema, device: hash, exit: hash },
  signers: (body, situation) => [receiptOf(body, situation).operator],
  requires: [
    ({ body }) => require(body.quantity > 0, "AMOUNT_ZERO"),
    (call) => {
      const { position, approved } = receiptOf(call.body, call);
      require((position === "OPEN" || position === "PLEDGED") && call.body.quantity <= approved, "RELEASE_NOT_APPROVED");
    },
    (call) => goodsFree(call, receiptOf(call.body, call).zone),
    (call) => byDevice(call, receiptOf(call.body, call).lot, call.body.device),
  ],
  effect: (call) => {
    const { body, book } = call;
    const receipt = receiptOf(body, call);
    const quantity = receipt.quantity - body.quantity;
    const left = book.update("warehouseReceipt", receipt, { quantity, approved: receipt.approved - body.quantity });
    const lot = book.get("lot", receipt.lot);
    if (quantity === 0) {
      endReceipt(call, left);
      countStored(book, lot, -1);
    }
    const stored = lot.quantity - body.quantity;
    const receipted = lot.receipted - body.quantity;
    // What the tolerance kept back from receipts goes with the last of them.
    const isOut = receipted === 0 && stored <= toleranceOf(lot.attested);
    book.update("lot", lot, isOut ? { quantity: 0, receipted, status: "OUT" } : { quantity: stored, receipted });
    if (isOut) book.remove("lotTags", tagsId(lot.tags));
    return [receipt.id, lot.id];
  },
});

/** What stays covers what is owed; what was paid for in advance goes only as far as margin and repayments reach (prepayment.ts). */
export function mayLetGo(situation: Situation, loan: Loan, receipt: Receipt, quantity: number): void {
  const { book, day } = situation;
  require(loan.status === "ACTIVE", "WRONG_STATUS");
  if (loan.prepayment !== null) {
    const paid = book.get("prepayment", loan.prepayment);
    require(paid.released + contractValue(paid, quantity) <= paid.margin + loan.principal - loan.outstanding, "RELEASE_UNPAID");
    return;
  }
  const leaving = basisPoints(
    worthOf(situation, receipt, quantity, loan.currency),
    Math.min(loan.advanceBp, situation.business.ltvCapBp),
  );
  const notes = basisPoints(eligible(situation, loan.notes), loan.advanceBp);
  require(owed(loan, day) <= notes + goodsCover(situation, loan, loan.advanceBp) - leaving, "LOAN_OUTSTANDING");
}

/** At the contract's price, rounded up: what is let go never counts for less than it is worth. */
export function contractValue({ price, quantity: ordered }: ObjectOf<"prepayment">, quantity: number): bigint {
  return (price * BigInt(quantity) + BigInt(ordered) - 1n) / BigInt(ordered);
}

/** May leave from now on. */
export function letGo({ book }: Situation, receipt: Receipt, quantity: number): Hash {
  if (receipt.ref !== null) {
    const { prepayment } = book.get("loan", receipt.ref);
    if (prepayment !== null) {
      const paid = book.get("prepayment", prepayment);
      book.update("prepayment", paid, { released: paid.released + contractValue(paid, quantity) });
    }
  }
  const { requested, approved } = receipt;
  const left = requested > quantity ? requested - quantity : 0;
  return book.update("warehouseReceipt", receipt, { requested: left, approved: approved + quantity }).id;
}

function loanOf(call: Call<{ readonly receipt: Hash }>): Loan {
  return call.book.get("loan", receiptOf(call.body, call).ref as Hash);
}

function staysAboveFloor(situation: Situation, loan: Loan, receipt: Receipt, quantity: number): boolean {
  const { book } = situation;
  if (loan.floor === 0n || loan.status !== "ACTIVE") return false;
  // At a price that nobody knows the lender is asked.
  if (!loan.receipts.every((id) => isPriced(situation, book.get("warehouseReceipt", id), loan.currency))) return false;
  return goodsValue(situation, loan) - worthOf(situation, receipt, quantity, loan.currency) >= loan.floor;
}

/** All of it has left: nothing is pledged any more, and the loan rests on what else it has. */
function endReceipt(situation: Situation, receipt: Receipt): void {
  const { book } = situation;
  const loan = receipt.position === "PLEDGED" ? book.get("loan", receipt.ref as Hash) : null;
  moveReceipt(situation, receipt, "GONE", null);
  if (loan !== null) book.update("loan", loan, { receipts: loan.receipts.filter((id) => id !== receipt.id) });
}
