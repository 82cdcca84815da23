import { amount, hash } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { daySchema } from "../fields.ts";
import { ASKING, askable, openApplication } from "../finance/asking.ts";
import { ATTESTATION, attested, keepPayment, paymentOf } from "../finance/attestation.ts";
import { referenceId } from "../finance/loan.ts";
import { owed, payLoan } from "../finance/waterfall.ts";
import { MONEY_MAX } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { type Situation, transition } from "../transition.ts";
import { GOODS, quantitySchema } from "./objects.ts";
import { contractValue, letGo, mayLetGo } from "./release.ts";
import { goodsFree } from "./zone.ts";

type Prepayment = ObjectOf<"prepayment">;

const paidOf = ({ prepayment }: { readonly prepayment: Hash }, { book }: Situation) => book.get("prepayment", prepayment);

/**
 * Buyer, seller, lender and warehouse agree: the buyer pays a margin, the lender the rest, the seller ships into the warehouse, and the buyer
 * redeems the goods bit by bit. The contract is paid in advance from now on: no receivable can arise from it a second time.
 */
export const openPrepayment = transition({
  kind: "prepayment.open",
  label: { zh: "开立预付款融资", en: "open a prepayment" },
  ground: "先款后货 / 保兑仓 among four parties; Civil Code art. 502, 667",
  signedBy: "buyer; seller; lender; operator",
  body: {
    consent: ASKING.consent,
    expiresMs: ASKING.expiresMs,
    contract: hash,
    lender: hash,
    warehouse: hash,
    ...GOODS,
    quantity: quantitySchema,
    margin: amount({ max: MONEY_MAX }),
    shipByDay: daySchema,
    agreement: hash,
  },
  signers: ({ contract, lender, warehouse }, { book }) => {
    const { buyer, seller } = book.get("contract", contract);
    return [buyer, seller, lender, book.get("warehouse", warehouse).operator];
  },
  stake: ({ contract }, { book }) => book.get("contract", contract).total,
  requires: [
    (call) => {
      const { status, position, invoiced, delivered, total } = call.book.get("contract", call.body.contract);
      require(status === "OPEN", "CONTRACT_CLOSED");
      // All of it, or the same delivery could be paid in advance and owed as well.
      require(position === "OPEN" && invoiced === 0n && delivered === 0n, "ORDER_ENCUMBERED");
      require(call.body.margin < total, "AMOUNT_EXCEEDED");
      require(call.body.quantity > 0, "AMOUNT_ZERO");
    },
    ({ body, day }) => require(body.shipByDay > day && body.shipByDay <= day + 366, "DAY_OUT_OF_RANGE"),
    (call) => askable({ ...call, body: askingOf(call) }, call.book.get("contract", call.body.contract).buyer),
  ],
  effect: (call) => {
    const { body, book, newId } = call;
    const { consent: _, expiresMs: __, ...agreed } = body;
    const contract = book.get("contract", body.contract);
    const { buyer, seller, currency, total: price } = contract;
    const { operator } = book.get("warehouse", body.warehouse);
    const id = newId(1);
    const parties = { buyer, seller, operator, currency, price };
    const zero = { received: 0, released: 0n, refundDue: 0n, refunded: 0n };
    book.add("prepayment", { id, ...agreed, ...parties, ...zero, loan: null, isMarginPaid: false, status: "OPEN" });
    book.update("contract", contract, { position: "PREPAID", ref: id });
    const asked = { ...call, body: askingOf(call) };
    const application = openApplication(asked, { kind: "PREPAY", borrower: buyer, currency, prepayment: id });
    return [id, application.id, contract.id];
  },
});

/** The bank attests the buyer's margin; before it nothing is paid to the seller. */
export const payMargin = transition({
  kind: "prepayment.marginPaid",
  label: { zh: "确认保证金", en: "attest the margin" },
  ground: "Civil Code art. 502: each party to the agreement performs",
  signedBy: "a settlement bank",
  makers: ["ATTEST"],
  body: { ...ATTESTATION, prepayment: hash },
  signers: ({ bank }) => [bank],
  stake: (body) => body.amount,
  requires: [
    attested,
    (call) => {
      const { status, isMarginPaid } = paidOf(call.body, call);
      require(status === "OPEN" && !isMarginPaid, "WRONG_STATUS");
    },
    (call) => require(call.body.amount === paidOf(call.body, call).margin, "DISBURSEMENT_MISMATCH"),
  ],
  effect: (call) => {
    const { body, book } = call;
    const paid = paidOf(body, call);
    book.create("bankReference", { id: referenceId(body), object: paid.id });
    call.emit("allocation", { object: paid.id, interest: 0n, principal: 0n, rest: body.amount, to: paid.seller });
    return [book.update("prepayment", paid, { isMarginPaid: true }).id];
  },
});

/** The buyer repays, and the lender lets as much of the goods go: never more than margin and repayments have paid for. */
export const redeemGoods = transition({
  kind: "prepayment.redeem",
  label: { zh: "打款赎货", en: "redeem goods" },
  ground: "Civil Code art. 393(3), 561",
  signedBy: "a settlement bank; buyer; lender",
  makers: ["ATTEST"],
  body: { ...ATTESTATION, prepayment: hash, receipt: hash, quantity: quantitySchema },
  signers: (body, situation) => {
    const { buyer, lender } = paidOf(body, situation);
    return [body.bank, buyer, lender];
  },
  stake: (body) => body.amount,
  requires: [
    attested,
    (call) => {
      const { loan: id, status } = paidOf(call.body, call);
      require((status === "SELLER_PAID" || status === "REFUND_DUE") && id !== null, "WRONG_STATUS");
      const loan = call.book.get("loan", id);
      require(loan.receipts.includes(call.body.receipt), "NOT_FOUND");
      require(call.body.amount <= owed(loan, call.body.valueDay), "AMOUNT_EXCEEDED");
    },
    (call) => {
      const { quantity, approved, zone } = call.book.get("warehouseReceipt", call.body.receipt);
      goodsFree(call, zone);
      require(call.body.quantity > 0 && approved + call.body.quantity <= quantity, "QUANTITY_EXCEEDED");
    },
    (call) => {
      const { body, book } = call;
      const loan = book.get("loan", paidOf(body, call).loan as Hash);
      const toPrincipal = body.amount - (owed(loan, body.valueDay) - loan.outstanding);
      const outstanding = loan.outstanding - (toPrincipal > 0n ? toPrincipal : 0n);
      mayLetGo(call, { ...loan, outstanding }, book.get("warehouseReceipt", body.receipt), body.quantity);
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    const { loan: id, buyer: payer, currency } = paidOf(body, call);
    letGo(call, book.get("warehouseReceipt", body.receipt), body.quantity);
    const loan = book.get("loan", id as Hash);
    const paid = payLoan(call, loan, body.amount, body.valueDay, paymentOf(body));
    const payment = keepPayment(call, { payer, currency, kind: "LOAN" }, { redeemed: [], loans: [paid] });
    return [body.prepayment, loan.id, payment, body.receipt];
  },
});

/** The seller has not shipped all by the day agreed: what it was paid and did not ship it owes back. */
export const refundDue = transition({
  kind: "prepayment.refundDue",
  label: { zh: "确认应退款", en: "declare a refund due" },
  ground: "Civil Code art. 563, 566: 差额退款, the seller refunds the difference",
  signedBy: "lender",
  body: { prepayment: hash },
  signers: (body, situation) => [paidOf(body, situation).lender],
  requires: [
    (call) => {
      const { status, received, quantity } = paidOf(call.body, call);
      require(status === "SELLER_PAID" && received < quantity, "WRONG_STATUS");
    },
    (call) => require(call.day > paidOf(call.body, call).shipByDay, "DEADLINE_AHEAD"),
  ],
  effect: (call) => {
    const paid = paidOf(call.body, call);
    const refund = paid.price - shippedValue(paid);
    return [call.book.update("prepayment", paid, { refundDue: refund, status: "REFUND_DUE" }).id];
  },
});

/** The seller refunds: first the loan, what is over the buyer's. */
export const refund = transition({
  kind: "prepayment.refund",
  label: { zh: "厂商退款", en: "attest the refund" },
  ground: "Civil Code art. 561, 566",
  signedBy: "a settlement bank",
  makers: ["ATTEST"],
  body: { ...ATTESTATION, prepayment: hash },
  signers: ({ bank }) => [bank],
  stake: (body) => body.amount,
  requires: [
    attested,
    (call) => {
      const { refundDue: due, refunded } = paidOf(call.body, call);
      require(call.body.amount <= due - refunded, "AMOUNT_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    const before = paidOf(body, call);
    const { seller: payer, currency, buyer } = book.update("prepayment", before, { refunded: before.refunded + body.amount });
    const loan = book.get("loan", before.loan as Hash);
    const isOwed = loan.status === "ACTIVE";
    if (!isOwed) call.emit("allocation", { object: before.id, interest: 0n, principal: 0n, rest: body.amount, to: buyer });
    const loans = isOwed ? [payLoan(call, loan, body.amount, body.valueDay, paymentOf(body))] : [];
    const payment = keepPayment(call, { payer, currency, kind: "REFUND" }, { redeemed: [], loans });
    return [before.id, loan.id, payment];
  },
});

/** At the contract's price; all of it is exactly the price. */
function shippedValue(paid: Prepayment): bigint {
  const value = contractValue(paid, paid.received);
  return value < paid.price ? value : paid.price;
}

/** It asks one lender, for all that the margin leaves. */
function askingOf({ body, book }: Pick<Situation, "book"> & { readonly body: Opening }) {
  const { contract, lender, margin, consent, expiresMs } = body;
  return { lenders: [lender], amount: book.get("contract", contract).total - margin, consent, expiresMs };
}

interface Opening {
  readonly contract: Hash;
  readonly lender: Hash;
  readonly margin: bigint;
  readonly consent: Hash;
  readonly expiresMs: number;
}
