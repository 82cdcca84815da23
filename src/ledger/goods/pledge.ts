import { amount, hash, list } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { currencySchema } from "../fields.ts";
import { ASKING, askable, openApplication } from "../finance/asking.ts";
import { owed } from "../finance/waterfall.ts";
import { basisPoints, MONEY_MAX } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { watches } from "./device.ts";
import { settleMargin } from "./margin.ts";
import { worthOf } from "./price.ts";
import { goodsCover, goodsValue, isReceiptOpen, moveReceipt, setGoods } from "./security.ts";
import { hasRoomFor } from "./zone.ts";

type Loan = ObjectOf<"loan">;

const receiptList = list(hash, { min: 1, max: LIMITS.receiptsPerLoanMax, sortedBy: (receipt) => receipt });

/** The holder asks lenders for finance on receipts, which are reserved until it ends. */
export const applyOnReceipts = transition({
  kind: "receipt.apply",
  label: { zh: "申请仓单融资", en: "apply for finance on a receipt" },
  ground: "Civil Code art. 440(3), 441: warehouse receipts can be pledged; data use with consent (PIPL art. 13)",
  signedBy: "holder of the receipts",
  body: { ...ASKING, receipts: receiptList, currency: currencySchema },
  signers: ({ receipts }, { book }) => [book.get("warehouseReceipt", receipts[0] as Hash).holder],
  stake: (body) => body.amount,
  requires: [
    (call) => askable(call, call.book.get("warehouseReceipt", call.body.receipts[0] as Hash).holder),
    (call) => {
      const { book, body } = call;
      const { holder } = book.get("warehouseReceipt", body.receipts[0] as Hash);
      for (const id of body.receipts) {
        const receipt = book.get("warehouseReceipt", id);
        require(receipt.holder === holder, "NOT_HOLDER");
        isReceiptOpen(call, receipt);
      }
      require(body.amount <= basisPoints(goodsValue(call, body), call.business.ltvCapBp), "FINANCE_CAP_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const { receipts, currency } = body;
    const { holder: borrower } = book.get("warehouseReceipt", receipts[0] as Hash);
    const application = openApplication(call, { kind: "RECEIPT", borrower, currency, receipts });
    setGoods(call, application, "RESERVED", application.id);
    return [application.id, ...receipts];
  },
});

/**
 * The receipts are endorsed "质押" and the keeper signs: from now on it holds the goods for the lender. That is why devices must show, now, that
 * the goods are there and watched. Without this the lender cannot order payment.
 */
export const pledgeReceipts = transition({
  kind: "receipt.pledge",
  label: { zh: "仓单质押(保管人签章)", en: "pledge a receipt with the keeper's signature" },
  ground:
    "Civil Code art. 441, 910; 担保解释 art. 55, 59: pledge arises with actual control by the supervisor that the creditor mandated",
  signedBy: "borrower; lender; operator of every receipt",
  body: { loan: hash, agreement: hash, devices: list(hash, { min: 1, max: 64, sortedBy: (device) => device }) },
  signers: ({ loan }, { book }) => {
    const { borrower, lender, receipts } = book.get("loan", loan);
    return [borrower, lender, ...operatorsOf(book, receipts)];
  },
  stake: ({ loan }, { book }) => book.get("loan", loan).principal,
  requires: [
    ({ body, book }) => {
      const { status, receipts, agreement, filing } = book.get("loan", body.loan);
      require(status === "COMMITTED" && receipts.length > 0 && agreement === null, "WRONG_STATUS");
      require(filing !== null, "FILING_MISSING");
    },
    (call) => {
      const { receipts, lender } = call.book.get("loan", call.body.loan);
      for (const id of receipts) {
        const { zone } = call.book.get("warehouseReceipt", id);
        isWatched(call, zone, call.body.devices);
        require(hasRoomFor(call, zone, lender), "LENDERS_EXCEEDED");
      }
    },
    (call) => {
      const loan = call.book.get("loan", call.body.loan);
      require(loan.principal <= goodsCover(call, loan, loan.advanceBp), "FINANCE_CAP_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    const loan = book.get("loan", body.loan);
    for (const id of loan.receipts) moveReceipt(call, book.get("warehouseReceipt", id), "PLEDGED", loan.id);
    return [book.update("loan", loan, { agreement: body.agreement }).id, ...loan.receipts];
  },
});

/** More goods for the same loan, after a margin call or before. */
export const topUp = transition({
  kind: "receipt.topUp",
  label: { zh: "补充质物", en: "top up the pledge" },
  ground: "Civil Code art. 433: further security where the value falls",
  signedBy: "borrower; lender; operator",
  body: { loan: hash, receipt: hash, device: hash },
  signers: (body, situation) => threeOf(body.loan, [body.receipt], situation),
  requires: [(call) => joins(call, call.body.receipt, call.body.device)],
  effect: (call) => {
    const { body, book } = call;
    const loan = addReceipt(call, book.get("loan", body.loan), body.receipt);
    settleMargin(call, loan);
    return [loan.id, body.receipt];
  },
});

/** Other goods of the same kind take the place of pledged ones: the new are pledged before the old are free, and are worth no less. */
export const substitute = transition({
  kind: "receipt.substitute",
  label: { zh: "置换质物", en: "substitute the pledge" },
  ground: "Civil Code art. 441; 担保解释 art. 55: substitution by agreement of pledgor, pledgee and supervisor",
  signedBy: "borrower; lender; operators of both receipts",
  body: { loan: hash, old: hash, receipt: hash, device: hash },
  signers: (body, situation) => threeOf(body.loan, [body.old, body.receipt], situation),
  requires: [
    (call) => joins(call, call.body.receipt, call.body.device),
    ({ body, book }) => require(book.get("loan", body.loan).receipts.includes(body.old), "NOT_FOUND"),
    (call) => {
      const { body, book } = call;
      const { currency } = book.get("loan", body.loan);
      const [old, fresh] = [book.get("warehouseReceipt", body.old), book.get("warehouseReceipt", body.receipt)];
      require(old.goods === fresh.goods && old.grade === fresh.grade && old.unit === fresh.unit, "GOODS_DIFFER");
      require(worthOf(call, fresh, fresh.quantity, currency) >= worthOf(call, old, old.quantity, currency), "VALUE_TOO_LOW");
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    const loan = addReceipt(call, book.get("loan", body.loan), body.receipt);
    moveReceipt(call, book.get("warehouseReceipt", body.old), "OPEN", null);
    return [book.update("loan", loan, { receipts: loan.receipts.filter((id) => id !== body.old) }).id, body.old, body.receipt];
  },
});

/** Above the floor goods move freely, below it nothing leaves (动态质押). The floor covers what is owed by the level at which margin is called. */
export const setFloor = transition({
  kind: "receipt.setFloor",
  label: { zh: "设定质物下限", en: "set the floor of the pledge" },
  ground: "担保解释 art. 55: floating pledge of stock",
  signedBy: "borrower; lender; operator of every receipt",
  /** The least value of the goods that stay; zero: nothing leaves without the lender. */
  body: { loan: hash, floor: amount({ max: MONEY_MAX }) },
  signers: ({ loan }, situation) => threeOf(loan, situation.book.get("loan", loan).receipts, situation),
  stake: ({ floor }) => floor,
  requires: [
    ({ body, book }) => {
      const { status, receipts, prepayment } = book.get("loan", body.loan);
      require(status === "ACTIVE" && receipts.length > 0 && prepayment === null, "WRONG_STATUS");
    },
    ({ body, book, day, business }) => {
      const least = basisPoints(body.floor, business.ltvCallBp);
      require(body.floor === 0n || owed(book.get("loan", body.loan), day) <= least, "FINANCE_CAP_EXCEEDED");
    },
  ],
  effect: ({ body, book }) => [book.update("loan", book.get("loan", body.loan), { floor: body.floor }).id],
});

/** One of the devices watches the zone, and nothing is amiss there. */
function isWatched(situation: Situation, zone: Hash, devices: readonly Hash[]): void {
  const { book } = situation;
  require(book.get("zone", zone).alarms.length === 0, "ZONE_NOT_GREEN");
  const device = devices.find((id) => book.get("device", id).zone === zone);
  require(device !== undefined, "DEVICE_ELSEWHERE");
  watches(situation, device, zone);
}

/** The borrower's open receipt may become security of its active loan. */
function joins(call: Call<{ readonly loan: Hash }>, id: Hash, device: Hash): void {
  const { body, book } = call;
  const loan = book.get("loan", body.loan);
  const receipt = book.get("warehouseReceipt", id);
  // An advance payment is secured by the goods that it paid for, and a sale of notes by the notes.
  require(loan.status === "ACTIVE" && loan.security === "PLEDGE" && loan.prepayment === null, "WRONG_STATUS");
  require(loan.receipts.length < LIMITS.receiptsPerLoanMax, "NOTES_EXCEEDED");
  require(receipt.holder === loan.borrower, "NOT_HOLDER");
  isReceiptOpen(call, receipt);
  isWatched(call, receipt.zone, [device]);
  require(hasRoomFor(call, receipt.zone, loan.lender), "LENDERS_EXCEEDED");
}

function addReceipt(situation: Situation, loan: Loan, id: Hash): Loan {
  const { book } = situation;
  moveReceipt(situation, book.get("warehouseReceipt", id), "PLEDGED", loan.id);
  return book.update("loan", loan, { receipts: [...loan.receipts, id].sort() });
}

function threeOf(loan: Hash, receipts: readonly Hash[], { book }: Situation): readonly Hash[] {
  const { borrower, lender } = book.get("loan", loan);
  return [borrower, lender, ...operatorsOf(book, receipts)];
}

function operatorsOf(book: Situation["book"], receipts: readonly Hash[]): readonly Hash[] {
  return [...new Set(receipts.map((id) => book.get("warehouseReceipt", id).operator))];
}
