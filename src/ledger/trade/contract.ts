import { amount, hash, int } from "../../codec/schema.ts";
import { minorUnitsOf } from "../../types/currency.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { currencySchema } from "../fields.ts";
import { namedId } from "../ids.ts";
import { MONEY_MAX } from "../money.ts";
import { transition } from "../transition.ts";

/** `number` is a commitment to the contract's number: the number itself is private. */
export const registerContract = transition({
  kind: "contract.register",
  label: { zh: "登记合同", en: "register a contract" },
  ground: "Civil Code art. 762: factoring needs a written contract",
  signedBy: "seller; buyer",
  body: {
    number: hash,
    seller: hash,
    buyer: hash,
    currency: currencySchema,
    total: amount({ min: 1n, max: MONEY_MAX }),
    toleranceBp: int({ max: 10_000 }),
    payTermDays: int({ max: 3_660 }),
    inspectionDays: int({ max: 366 }),
    document: hash,
  },
  signers: ({ seller, buyer }) => [seller, buyer],
  stake: ({ total }) => total,
  requires: [
    ({ body }) => require(body.seller !== body.buyer, "SAME_PARTY"),
    (call) => {
      activeParty(call, call.body.seller, "SELLER");
      activeParty(call, call.body.buyer, "DEBTOR");
    },
    ({ body }) => require(minorUnitsOf(body.currency) !== undefined, "CURRENCY_UNKNOWN"),
    ({ body, book }) => require(book.find("contractNumber", numberId(body)) === undefined, "NUMBER_TAKEN"),
  ],
  effect: ({ body, book, newId }) => {
    const id = newId();
    book.add("contract", {
      id,
      ...body,
      delivered: 0n,
      accepted: 0n,
      invoiced: 0n,
      status: "OPEN",
      position: "OPEN",
      ref: null,
      stored: 0,
      relying: 0,
    });
    book.create("contractNumber", { id: numberId(body), contract: id });
    return [id];
  },
});

function numberId(body: { readonly seller: string; readonly buyer: string; readonly number: string }) {
  return namedId("contractNumber", body.seller, body.buyer, body.number);
}
