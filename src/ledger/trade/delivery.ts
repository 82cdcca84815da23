import { amount, hash } from "../../codec/schema.ts";
import { startOfDay } from "../calendar.ts";
import { require } from "../codes.ts";
import { schedule } from "../due.ts";
import { daySchema } from "../fields.ts";
import { basisPoints } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { type Situation, transition } from "../transition.ts";

/** The seller records what was delivered; without a word from the buyer it counts as accepted when the inspection period ends. */
export const recordDelivery = transition({
  kind: "delivery.record",
  label: { zh: "登记交付", en: "record a delivery" },
  ground: "《保障中小企业款项支付条例》 art. 10: acceptance or end of the inspection period",
  signedBy: "seller of the contract",
  body: { contract: hash, amount: amount({ min: 1n }), day: daySchema, evidence: hash },
  signers: ({ contract }, { book }) => [book.get("contract", contract).seller],
  stake: (body) => body.amount,
  requires: [
    ({ body, book }) => require(book.get("contract", body.contract).status === "OPEN", "CONTRACT_CLOSED"),
    ({ body, day }) => require(body.day <= day && body.day >= day - 366, "DAY_OUT_OF_RANGE"),
    ({ body, book }) => {
      const contract = book.get("contract", body.contract);
      require(contract.delivered + body.amount <=
        contract.total + basisPoints(contract.total, contract.toleranceBp), "CONTRACT_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { body, book, newId, day } = call;
    const contract = book.get("contract", body.contract);
    const id = newId();
    // The inspection period of a delivery recorded late has not run out before anybody could see it.
    const deemedMs = startOfDay(Math.max(body.day + contract.inspectionDays, day) + 1);
    book.add("delivery", { id, ...body, accepted: 0n, status: "PENDING", mode: "NONE", deemedMs });
    book.update("contract", contract, { delivered: contract.delivered + body.amount });
    schedule(call, deemedMs, "delivery", id);
    return [id];
  },
});

/** The buyer may accept less than was delivered; the rest may be delivered again. */
export const acceptDelivery = transition({
  kind: "delivery.accept",
  label: { zh: "验收货物", en: "accept a delivery" },
  ground: "《保障中小企业款项支付条例》 art. 10",
  signedBy: "buyer of the contract",
  body: { delivery: hash, amount: amount({ min: 1n }) },
  signers: ({ delivery }, { book }) => [book.get("contract", book.get("delivery", delivery).contract).buyer],
  stake: (body) => body.amount,
  requires: [
    ({ body, book }) => require(book.get("delivery", body.delivery).status === "PENDING", "DELIVERY_SETTLED"),
    ({ body, book }) => require(body.amount <= book.get("delivery", body.delivery).amount, "AMOUNT_EXCEEDED"),
  ],
  effect: (call) => accept(call, call.book.get("delivery", call.body.delivery), call.body.amount, "SIGNED"),
});

export const rejectDelivery = transition({
  kind: "delivery.reject",
  label: { zh: "拒收货物", en: "reject a delivery" },
  ground: "Civil Code art. 610: goods not in conformity",
  signedBy: "buyer of the contract",
  body: { delivery: hash },
  signers: ({ delivery }, { book }) => [book.get("contract", book.get("delivery", delivery).contract).buyer],
  requires: [({ body, book }) => require(book.get("delivery", body.delivery).status === "PENDING", "DELIVERY_SETTLED")],
  effect: ({ body, book }) => {
    const delivery = book.get("delivery", body.delivery);
    const contract = book.get("contract", delivery.contract);
    book.update("contract", contract, { delivered: contract.delivered - delivery.amount });
    return [book.update("delivery", delivery, { status: "REJECTED" }).id];
  },
});

/** An acceptance was a mistake: the delivery waits for its inspection again, unless invoices rest on what was accepted. */
export const correctAcceptance = transition({
  kind: "delivery.returnAcceptance",
  label: { zh: "撤回验收", en: "take back an acceptance" },
  ground: "电子签名法 art. 5: the record stays as it was; Civil Code art. 147: an act by mistake",
  signedBy: "buyer, who signed the acceptance; seller, whom it favoured",
  body: { delivery: hash },
  signers: ({ delivery }, { book }) => {
    const { buyer, seller } = book.get("contract", book.get("delivery", delivery).contract);
    return [buyer, seller];
  },
  stake: ({ delivery }, { book }) => book.get("delivery", delivery).accepted,
  requires: [
    ({ body, book }) => require(book.get("delivery", body.delivery).status === "ACCEPTED", "WRONG_STATUS"),
    ({ body, book }) => {
      const { contract: id, accepted } = book.get("delivery", body.delivery);
      const contract = book.get("contract", id);
      const left = contract.accepted - accepted;
      require(contract.invoiced <= left + basisPoints(left, contract.toleranceBp), "INVOICE_EXCEEDS_ACCEPTED");
    },
    ({ body, book }) => {
      const delivery = book.get("delivery", body.delivery);
      const contract = book.get("contract", delivery.contract);
      const refused = delivery.amount - delivery.accepted;
      require(contract.delivered + refused <=
        contract.total + basisPoints(contract.total, contract.toleranceBp), "CONTRACT_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { body, book, day } = call;
    const delivery = book.get("delivery", body.delivery);
    const contract = book.get("contract", delivery.contract);
    const delivered = contract.delivered + delivery.amount - delivery.accepted;
    book.update("contract", contract, { accepted: contract.accepted - delivery.accepted, delivered });
    const deemedMs = startOfDay(day + contract.inspectionDays + 1);
    schedule(call, deemedMs, "delivery", delivery.id);
    return [book.update("delivery", delivery, { status: "PENDING", accepted: 0n, mode: "NONE", deemedMs }).id];
  },
});

/** Falls due: accepted by lapse of the inspection period. */
export function deliveryDue(situation: Situation, id: string): void {
  const delivery = situation.book.find("delivery", id as ObjectOf<"delivery">["id"]);
  if (delivery?.status === "PENDING" && situation.timeMs >= delivery.deemedMs)
    accept(situation, delivery, delivery.amount, "DEEMED");
}

function accept({ book }: Situation, delivery: ObjectOf<"delivery">, accepted: bigint, mode: "SIGNED" | "DEEMED") {
  const contract = book.get("contract", delivery.contract);
  const refused = delivery.amount - accepted;
  book.update("contract", contract, { accepted: contract.accepted + accepted, delivered: contract.delivered - refused });
  return [book.update("delivery", delivery, { status: "ACCEPTED", accepted, mode }).id];
}
