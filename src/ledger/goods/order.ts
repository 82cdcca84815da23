import { hash } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { ASKING, askable, openApplication } from "../finance/asking.ts";
import { basisPoints } from "../money.ts";
import { transition } from "../transition.ts";
import { orderLeft, setGoods } from "./security.ts";

/**
 * The seller asks for finance on an order that its buyer has confirmed by signing the contract. The order is reserved: goods that come in under
 * it, and the receivable that comes of it, are born as security of the same application and loan, so nobody else can lend on them.
 */
export const applyOnOrder = transition({
  kind: "order.apply",
  label: { zh: "申请订单融资", en: "apply for order finance" },
  ground: "Civil Code art. 761: factoring of future receivables; 440(6)",
  signedBy: "seller of the contract",
  body: { ...ASKING, contract: hash },
  signers: ({ contract }, { book }) => [book.get("contract", contract).seller],
  stake: (body) => body.amount,
  requires: [
    (call) => askable(call, call.book.get("contract", call.body.contract).seller),
    (call) => {
      const { status, position, buyer, stored } = call.book.get("contract", call.body.contract);
      require(status === "OPEN", "CONTRACT_CLOSED");
      require(position === "OPEN" && stored === 0, "ORDER_ENCUMBERED");
      require(!call.body.lenders.includes(buyer), "TRANSFER_TO_DEBTOR");
      require(activeParty(call, buyer).overdue === 0, "DEBTOR_GATED");
    },
    ({ body, book, business }) => {
      const most = basisPoints(orderLeft(book.get("contract", body.contract)), business.poAdvanceBp);
      require(body.amount <= most, "FINANCE_CAP_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { id, seller: borrower, currency } = call.book.get("contract", call.body.contract);
    const application = openApplication(call, { kind: "PO", borrower, currency, order: id });
    setGoods(call, application, "RESERVED", application.id);
    return [application.id, id];
  },
});
