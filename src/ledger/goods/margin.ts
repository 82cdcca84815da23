import { amount, hash, list, optional } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { ATTESTATION, attested, keepPayment, paymentOf } from "../finance/attestation.ts";
import { owed, payLoan } from "../finance/waterfall.ts";
import { basisPoints, MONEY_MAX } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { lastWorthOf, worthOf } from "./price.ts";
import { goodsValue, moveReceipt } from "./security.ts";
import { goodsFree } from "./zone.ts";

type Loan = ObjectOf<"loan">;

const lenderOf = ({ loan }: { readonly loan: Hash }, { book }: Situation) => book.get("loan", loan).lender;

/** The goods have lost so much of their price that the lender may ask for more: the borrower repays or adds receipts before the deadline. */
export const callMargin = transition({
  kind: "margin.call",
  label: { zh: "追加担保通知", en: "make a margin call" },
  ground: "Civil Code art. 433: the pledgee may ask for security where the value falls markedly",
  signedBy: "lender",
  makers: ["ENGINE"],
  body: { loan: hash },
  signers: (body, situation) => [lenderOf(body, situation)],
  requires: [
    ({ body, book }) => {
      const { status, receipts } = book.get("loan", body.loan);
      require(status === "ACTIVE" && receipts.length > 0, "WRONG_STATUS");
    },
    ({ body, book, timeMs }) => {
      const { marginMs } = book.get("loan", body.loan);
      require(marginMs === null || timeMs > marginMs + LIMITS.marginRightMs, "MARGIN_CALLED");
    },
    (call) => require(isAbove(call, call.book.get("loan", call.body.loan), call.business.ltvCallBp), "MARGIN_SUFFICIENT"),
  ],
  effect: ({ body, book, timeMs }) => [
    book.update("loan", book.get("loan", body.loan), { marginMs: timeMs + LIMITS.marginCureMs }).id,
  ],
});

/**
 * The lender sells pledged goods: after a margin call that was not answered, or when the loan is long over. The bank attests the price that
 * the buyer paid; it goes to interest and principal, what is over to the borrower. Below the market it takes a court.
 */
export const liquidate = transition({
  kind: "receipt.liquidate",
  label: { zh: "处置质物", en: "liquidate the pledge" },
  ground: "Civil Code art. 433, 436, 438; 442 for receipts",
  signedBy: "lender; buyer; a settlement bank; operator of every receipt; below the market a court",
  body: {
    ...ATTESTATION,
    amount: amount({ min: 1n, max: MONEY_MAX }),
    loan: hash,
    receipts: list(hash, { min: 1, max: 16, sortedBy: (receipt) => receipt }),
    buyer: hash,
    court: optional(hash),
  },
  signers: (body, situation) => {
    const { loan, receipts, buyer, bank, court } = body;
    const operators = receipts.map((id) => situation.book.get("warehouseReceipt", id).operator);
    const all = [lenderOf({ loan }, situation), buyer, bank, ...operators];
    return [...new Set(court === undefined ? all : [...all, court])];
  },
  stake: (body) => body.amount,
  requires: [
    attested,
    (call) => {
      const { receipts, status } = call.book.get("loan", call.body.loan);
      require(status === "ACTIVE", "WRONG_STATUS");
      require(call.body.receipts.every((id) => receipts.includes(id)), "NOT_FOUND");
      for (const id of call.body.receipts) goodsFree(call, call.book.get("warehouseReceipt", id).zone);
    },
    (call) => require(mayLiquidate(call, call.book.get("loan", call.body.loan)), "LIQUIDATION_PREMATURE"),
    (call) => {
      activeParty(call, call.body.buyer);
      if (call.body.court !== undefined) activeParty(call, call.body.court, "COURT");
    },
    (call) => {
      const { body, book, business } = call;
      if (body.court !== undefined) return;
      const { currency } = book.get("loan", body.loan);
      const receipts = body.receipts.map((id) => book.get("warehouseReceipt", id));
      const value = receipts.reduce((sum, each) => sum + worthOf(call, each, each.quantity, currency), 0n);
      require(body.amount >= basisPoints(value, business.ltvLiquidateBp), "PROCEEDS_TOO_LOW");
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    for (const id of body.receipts) {
      const receipt = book.get("warehouseReceipt", id);
      moveReceipt(call, receipt, "OPEN", null);
      // What the borrower was allowed to fetch is the buyer's now.
      book.update("warehouseReceipt", book.get("warehouseReceipt", id), { holder: body.buyer, approved: 0 });
    }
    const loan = book.get("loan", body.loan);
    const left = book.update("loan", loan, { receipts: loan.receipts.filter((id) => !body.receipts.includes(id)) });
    const paid = payLoan(call, left, body.amount, body.valueDay, paymentOf(body));
    settleMargin(call, book.get("loan", loan.id));
    const payment = keepPayment(
      call,
      { payer: body.buyer, currency: loan.currency, kind: "LIQUIDATION" },
      { redeemed: [], loans: [paid] },
    );
    return [loan.id, payment, ...body.receipts];
  },
});

/** A margin call is answered once what is owed is no more than it was made for, at the last price: money is taken on any day, fresh price or not. */
export function settleMargin(situation: Situation, loan: Loan): void {
  const { book, business, day } = situation;
  if (loan.marginMs === null) return;
  const receipts = loan.receipts.map((id) => book.get("warehouseReceipt", id));
  const value = receipts.reduce((sum, each) => sum + lastWorthOf(book, each, each.quantity - each.approved, loan.currency), 0n);
  const isOver = loan.status !== "ACTIVE" || receipts.length === 0;
  if (isOver || owed(loan, day) <= basisPoints(value, business.ltvCallBp)) book.update("loan", loan, { marginMs: null });
}

function isAbove(situation: Situation, loan: Loan, bp: number): boolean {
  return owed(loan, situation.day) > basisPoints(goodsValue(situation, loan), bp);
}

/** The deadline of a margin call has passed and the goods still do not cover the loan, or its term and its days of grace are over. */
function mayLiquidate(call: Call<unknown>, loan: Loan): boolean {
  const { timeMs, day, params, business } = call;
  if (day > loan.startDay + loan.tenorDays + params.graceDays) return true;
  const { marginMs } = loan;
  const isUnanswered = marginMs !== null && timeMs > marginMs && timeMs <= marginMs + LIMITS.marginRightMs;
  return isUnanswered && isAbove(call, loan, business.ltvCallBp);
}
