import { hash, int } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { daySchema } from "../fields.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { quantitySchema } from "./objects.ts";
import { isReceiptOpen, moveReceipt } from "./security.ts";
import { toleranceOf } from "./severity.ts";
import { goodsFree, hasRoomFor } from "./zone.ts";

const holderOf = ({ receipt }: { readonly receipt: Hash }, { book }: Situation) => book.get("warehouseReceipt", receipt).holder;
const operatorOf = ({ receipt }: { readonly receipt: Hash }, { book }: Situation) =>
  book.get("warehouseReceipt", receipt).operator;

/**
 * The keeper issues a receipt (仓单) on goods that were attested to be there. All live receipts on a lot stand for no more than the lot. Goods that
 * came under a financed order or a prepayment are the lender's security from the first moment: there is no gap in which they could be pledged
 * to another.
 */
export const issueReceipt = transition({
  kind: "receipt.issue",
  label: { zh: "签发仓单", en: "issue a warehouse receipt" },
  ground: "Civil Code art. 908, 909; GB/T 30332-2024; 担保解释 art. 59: several receipts on the same goods",
  signedBy: "operator",
  body: {
    lot: hash,
    /** A commitment to the receipt's number. */
    number: hash,
    quantity: quantitySchema,
    lossBp: int({ max: 10_000 }),
    untilDay: daySchema,
    insurance: hash,
    document: hash,
    /** In the public registry, about the depositor. */
    search: hash,
  },
  signers: ({ lot }, { book }) => [book.get("lot", lot).operator],
  requires: [
    ({ body, book }) => require(book.get("lot", body.lot).status === "STORED", "WRONG_STATUS"),
    ({ body }) => require(body.quantity > 0, "AMOUNT_ZERO"),
    ({ body, book }) => {
      const { quantity, receipted } = book.get("lot", body.lot);
      require(receipted + body.quantity <= quantity - toleranceOf(quantity), "GOODS_RECEIPTED");
    },
    (call) => goodsFree(call, call.book.get("lot", call.body.lot).zone),
    ({ body, book }) =>
      require(book.find("warehouseReceipt", receiptId(book.get("lot", body.lot).operator, body.number)) ===
        undefined, "REFERENCE_TAKEN"),
    ({ body, day }) => require(body.untilDay > day, "DAY_OUT_OF_RANGE"),
    ({ body, book, timeMs, params }) => {
      const search = book.find("search", body.search);
      const isOfDepositor = search?.subject === book.get("lot", body.lot).depositor;
      require(search !== undefined && isOfDepositor && search.timeMs > timeMs - params.searchTtlMs, "SEARCH_MISSING");
      require(search.hits === 0, "SEARCH_NOT_CLEAN");
    },
    ({ body, book }) => {
      const { prepayment } = book.get("lot", body.lot);
      if (prepayment === null) return;
      const paid = book.get("prepayment", prepayment);
      // What is refunded is not shipped as well.
      require(paid.status !== "REFUND_DUE", "WRONG_STATUS");
      require(paid.received + body.quantity <= paid.quantity, "QUANTITY_EXCEEDED");
    },
    ({ body, book }) => {
      const { order } = book.get("lot", body.lot);
      const position = order === null ? "OPEN" : book.get("contract", order).position;
      // While the order is only reserved there is no loan yet that the goods could be born into.
      require(position === "OPEN" || position === "PLEDGED", "ORDER_ENCUMBERED");
      const loan = financierOf(book, book.get("lot", body.lot));
      if (loan === null) return;
      require(loan.receipts.length < LIMITS.receiptsPerLoanMax, "NOTES_EXCEEDED");
      require(hasRoomFor({ book }, book.get("lot", body.lot).zone, loan.lender), "LENDERS_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    const lot = book.get("lot", body.lot);
    const { goods, grade, unit, zone, operator, depositor } = lot;
    const { number, quantity, lossBp, untilDay, insurance, document } = body;
    const id = receiptId(operator, number);
    const receipt = book.create("warehouseReceipt", {
      id,
      number,
      lot: lot.id,
      zone,
      operator,
      holder: depositor,
      goods,
      grade,
      unit,
      quantity,
      requested: 0,
      approved: 0,
      lossBp,
      untilDay,
      insurance,
      document,
      position: "OPEN",
      ref: null,
    });
    book.update("lot", lot, { receipted: lot.receipted + quantity });
    countStored(book, lot, 1);
    if (lot.prepayment !== null) {
      const paid = book.get("prepayment", lot.prepayment);
      book.update("prepayment", paid, { received: paid.received + quantity });
    }
    return [id, lot.id, ...inherit(call, receipt, lot)];
  },
});

/** Endorsed by holder and keeper to another; goods that are frozen, pledged or leaving stay where they are. */
export const transferReceipt = transition({
  kind: "receipt.transfer",
  label: { zh: "转让仓单", en: "transfer a warehouse receipt" },
  ground: "Civil Code art. 910: endorsement, and the keeper's signature",
  signedBy: "holder; new holder; operator",
  body: { receipt: hash, to: hash },
  signers: (body, situation) => [holderOf(body, situation), body.to, operatorOf(body, situation)],
  requires: [
    (call) => isReceiptOpen(call, call.book.get("warehouseReceipt", call.body.receipt)),
    (call) => {
      activeParty(call, call.body.to);
      require(call.body.to !== holderOf(call.body, call), "TRANSFER_TO_SELF");
    },
  ],
  effect: ({ body, book }) => [
    book.update("warehouseReceipt", book.get("warehouseReceipt", body.receipt), { holder: body.to }).id,
  ],
});

/** Issued in error: keeper and holder take it back, and the goods can be receipted anew. */
export const voidReceipt = transition({
  kind: "receipt.void",
  label: { zh: "作废仓单", en: "void a warehouse receipt" },
  ground: "Civil Code art. 147, 909",
  signedBy: "operator; holder",
  body: { receipt: hash, reason: hash },
  signers: (body, situation) => [operatorOf(body, situation), holderOf(body, situation)],
  requires: [(call) => isReceiptOpen(call, call.book.get("warehouseReceipt", call.body.receipt))],
  effect: ({ body, book }) => {
    const receipt = book.get("warehouseReceipt", body.receipt);
    const lot = book.get("lot", receipt.lot);
    book.update("lot", lot, { receipted: lot.receipted - receipt.quantity });
    countStored(book, lot, -1);
    return [book.update("warehouseReceipt", receipt, { position: "VOID", quantity: 0 }).id, lot.id];
  },
});

/** Named by keeper and number, so that no number is given twice. */
export function receiptId(operator: Hash, number: Hash): Hash {
  return namedId("warehouseReceipt", operator, number);
}

/** An order counts the live receipts on its goods: while there are any, whoever lends does so on the goods and not on the order again. */
export function countStored(book: Situation["book"], { order }: ObjectOf<"lot">, change: 1 | -1): void {
  if (order === null) return;
  const contract = book.get("contract", order);
  book.update("contract", contract, { stored: contract.stored + change });
}

/** The loan that the goods secure by where they came from. */
function financierOf(book: Situation["book"], { order, prepayment }: ObjectOf<"lot">): ObjectOf<"loan"> | null {
  if (prepayment !== null) {
    const { status, loan } = book.get("prepayment", prepayment);
    return loan !== null && status !== "CLOSED" ? book.get("loan", loan) : null;
  }
  if (order === null) return null;
  const { position, ref } = book.get("contract", order);
  return position === "PLEDGED" && ref !== null ? book.get("loan", ref) : null;
}

function inherit(call: Call<unknown>, receipt: ObjectOf<"warehouseReceipt">, lot: ObjectOf<"lot">): readonly Hash[] {
  const loan = financierOf(call.book, lot);
  if (loan === null) return [];
  moveReceipt(call, receipt, "PLEDGED", loan.id);
  call.book.update("loan", loan, { receipts: [...loan.receipts, receipt.id].sort() });
  return [loan.id];
}
