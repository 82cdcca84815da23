import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Code } from "../../../src/ledger/codes.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, DAY_MS, HOUR_MS } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { attestation } from "./changes.ts";
import { searchBody } from "./finance.ts";
import {
  attestBody,
  bind,
  bindBody,
  house,
  houseBody,
  inboundBody,
  issue,
  KEEPER,
  lentOnGoods,
  opened,
  prepaid,
  price,
  priceBody,
  priceSigners,
  receiptBody,
  receipted,
  says,
  sensor,
  spare,
  stored,
  storeMore,
} from "./goods.ts";
import type { Refused } from "./refused.ts";

const report = commitment("report");
const evidence = commitment("evidence");

/** An inbound of goods that were weighed as a tonne. */
function inbound(world: Alliance, change: Partial<Parameters<typeof inboundBody>[5]> = {}, declared = 1_000): Code {
  const { scale, ...place } = stored(world);
  const tags = commitment("tags of a tonne");
  says(world, scale, { subject: tags, quantity: 1_000 });
  const body = inboundBody(world, place, scale.id, tags, declared, change);
  return world.chain.refusal(op("lot.inbound", body), KEEPER, world.seller);
}

function issuing(world: Alliance, lot: Hash, quantity: number, change: Parameters<typeof receiptBody>[3] = {}): Code {
  return world.chain.refusal(op("receipt.issue", receiptBody(world, lot, quantity, change)), KEEPER);
}

/** Warehouses, devices, alarms, lots, receipts and prices. */
export const GOODS_REFUSALS: readonly Refused[] = [
  [
    "only a keeper opens a warehouse",
    "ROLE_MISSING",
    (world) => world.chain.refusal(op("warehouse.register", houseBody({ operator: world.seller.id })), world.seller),
  ],
  [
    "a warehouse is registered once",
    "REFERENCE_TAKEN",
    (world) => {
      const { number } = world.chain.read("warehouse", house(world).warehouse);
      return world.chain.refusal(op("warehouse.register", houseBody({ number })), KEEPER);
    },
  ],
  [
    "no device watches a zone that is not there",
    "NOT_FOUND",
    (world) => {
      const device = sensor("lost");
      return world.chain.refusal(op("device.bind", bindBody(house(world), device, { zone: "Z" })), KEEPER, device);
    },
  ],
  [
    "a device is bound once",
    "KEY_TAKEN",
    (world) => {
      const place = house(world);
      const device = bind(world, place, "bound");
      return world.chain.refusal(op("device.bind", bindBody(place, device)), KEEPER, device);
    },
  ],
  [
    "a device is bound by a key that signs",
    "SIGNER_MISSING",
    (world) => world.chain.refusal(op("device.bind", bindBody(house(world), sensor("silent"))), KEEPER),
  ],
  [
    "a device does not promise to be heard more often than the alliance listens",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const device = sensor("hasty");
      return world.chain.refusal(op("device.bind", bindBody(house(world), device, { intervalMs: 1_000 })), KEEPER, device);
    },
  ],
  [
    "what a device is bound behind is a gateway of its warehouse",
    "DEVICE_ELSEWHERE",
    (world) => {
      const place = house(world);
      const { id: gateway } = bind(world, place, "no gateway", { kind: "DOOR" });
      const device = sensor("behind a door");
      return world.chain.refusal(op("device.bind", bindBody(place, device, { gateway })), KEEPER, device);
    },
  ],
  [
    "a device is not bound behind the gateway of another warehouse",
    "DEVICE_ELSEWHERE",
    (world) => {
      const { id: gateway } = bind(world, house(world), "gateway elsewhere", { kind: "GATEWAY" });
      const device = sensor("far away");
      return world.chain.refusal(op("device.bind", bindBody(house(world), device, { gateway })), KEEPER, device);
    },
  ],
  [
    "a device behind a gateway does not speak without it",
    "SIGNER_MISSING",
    (world) => {
      const place = house(world);
      const { id: gateway } = bind(world, place, "gateway", { kind: "GATEWAY" });
      const device = bind(world, place, "behind a gateway", { gateway });
      return world.chain.refusal(op("device.attest", attestBody(world, device.id)), device);
    },
  ],
  [
    "a device is taken down once",
    "WRONG_STATUS",
    (world) => {
      const { id } = bind(world, house(world), "old");
      world.chain.act(op("device.unbind", { device: id }), KEEPER);
      return world.chain.refusal(op("device.unbind", { device: id }), KEEPER);
    },
  ],
  [
    "the operator does not speak for its device",
    "SIGNER_MISSING",
    (world) => {
      const { id } = bind(world, house(world), "scale");
      return world.chain.refusal(op("device.attest", attestBody(world, id)), KEEPER);
    },
  ],
  [
    "no word of a device is left out, repeated or out of order",
    "DEVICE_SEQ_WRONG",
    (world) => {
      const device = bind(world, house(world), "scale");
      return world.chain.refusal(op("device.attest", attestBody(world, device.id, { seq: 2 })), device);
    },
  ],
  [
    "a device does not speak of the future",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const device = bind(world, house(world), "scale");
      const timeMs = world.chain.timeMs + HOUR_MS;
      return world.chain.refusal(op("device.attest", attestBody(world, device.id, { timeMs })), device);
    },
  ],
  [
    "a quantity is of something",
    "MEASURE_INCOMPLETE",
    (world) => {
      const device = bind(world, house(world), "scale");
      return world.chain.refusal(op("device.attest", attestBody(world, device.id, { quantity: 5 })), device);
    },
  ],
  [
    "a stranger raises no alarm",
    "ROLE_MISSING",
    (world) => {
      const body = { zone: house(world).zone, by: world.seller.id, severity: "CRITICAL", evidence } as const;
      return world.chain.refusal(op("alarm.raise", body), world.seller);
    },
  ],
  [
    "a person has one alarm open in a zone",
    "ALARM_OPEN",
    (world) => {
      const body = { zone: house(world).zone, by: KEEPER.id, severity: "CRITICAL", evidence } as const;
      world.chain.act(op("alarm.raise", body), KEEPER);
      return world.chain.refusal(op("alarm.raise", body), KEEPER);
    },
  ],
  [
    "an alarm is cleared once",
    "WRONG_STATUS",
    (world) => {
      const device = bind(world, house(world), "door");
      const alarm = says(world, device, { doorOpen: true });
      world.chain.act(op("alarm.clear", { alarm, report }), KEEPER);
      return world.chain.refusal(op("alarm.clear", { alarm, report }), KEEPER);
    },
  ],
  [
    "not everybody is an inspector",
    "ROLE_MISSING",
    (world) => {
      const alarm = says(world, bind(world, house(world), "door"), { tampered: true });
      const body = { alarm, report, inspector: world.supplier.id };
      return world.chain.refusal(op("alarm.clear", body), KEEPER, world.supplier);
    },
  ],
  [
    "a keeper does not clear its own critical alarm by itself",
    "INSPECTOR_MISSING",
    (world) => {
      const alarm = says(world, bind(world, house(world), "door"), { tampered: true });
      return world.chain.refusal(op("alarm.clear", { alarm, report }), KEEPER);
    },
  ],
  ["goods come into a zone that is there", "NOT_FOUND", (world) => inbound(world, { zone: "Z" })],
  [
    "no goods come into a zone with a critical alarm",
    "GOODS_FROZEN",
    (world) => {
      const { scale, ...place } = stored(world);
      says(world, scale, { crossings: 1 });
      const body = inboundBody(world, place, scale.id, commitment("tags"), 1_000);
      return world.chain.refusal(op("lot.inbound", body), KEEPER, world.seller);
    },
  ],
  [
    "the same goods make one lot, in whatever warehouse",
    "GOODS_RECEIPTED",
    (world) => {
      const { tags } = stored(world);
      const place = house(world);
      const scale = bind(world, place, "scale of another house");
      says(world, scale, { subject: tags, quantity: 1_000 });
      return world.chain.refusal(op("lot.inbound", inboundBody(world, place, scale.id, tags, 1_000)), KEEPER, world.seller);
    },
  ],
  ["goods are what a device measured", "MEASURE_INCOMPLETE", (world) => inbound(world, { tags: commitment("others") })],
  ["what is declared is what was weighed", "QUANTITY_EXCEEDED", (world) => inbound(world, {}, 2_000)],
  ["goods are watched by a device of their own zone", "DEVICE_ELSEWHERE", (world) => inbound(world, { zone: "B" })],
  [
    "a device that was not heard for long witnesses nothing",
    "ATTESTATION_STALE",
    (world) => {
      const place = house(world);
      const scale = bind(world, place, "scale");
      return world.chain.refusal(
        op("lot.inbound", inboundBody(world, place, scale.id, commitment("tags"), 5)),
        KEEPER,
        world.seller,
      );
    },
  ],
  [
    "goods that were paid in advance are the goods that were ordered",
    "GOODS_DIFFER",
    (world) => inbound(world, { prepayment: prepaid(world).prepayment }),
  ],
  [
    "nothing is shipped that is not paid for in advance yet",
    "WRONG_STATUS",
    (world) => inbound(world, { prepayment: opened(world).prepayment }),
  ],
  [
    "stock is counted with a third party",
    "ROLE_MISSING",
    (world) => {
      const { lot, scale } = stored(world);
      const body = { lot, counted: 1, device: scale.id, inspector: world.supplier.id, report };
      return world.chain.refusal(op("lot.count", body), KEEPER, scale, world.supplier);
    },
  ],
  [
    "what has left is not counted",
    "WRONG_STATUS",
    (world) => {
      const { lot, scale, receipt } = receipted(world, 99_500);
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 99_500 }), world.seller);
      world.chain.act(op("receipt.gateOut", { receipt, quantity: 99_500, device: scale.id, exit: report }), KEEPER, scale);
      const body = { lot, counted: 1, device: scale.id, inspector: world.verifier.id, report };
      return world.chain.refusal(op("lot.count", body), KEEPER, scale, world.verifier);
    },
  ],
  [
    "stock is counted with a device of the zone",
    "DEVICE_ELSEWHERE",
    (world) => {
      const { lot, ...place } = stored(world);
      const other = bind(world, place, "in the other zone", { zone: "B" });
      const body = { lot, counted: 1, device: other.id, inspector: world.verifier.id, report };
      return world.chain.refusal(op("lot.count", body), KEEPER, other, world.verifier);
    },
  ],
  [
    "no receipt is issued on what has left",
    "WRONG_STATUS",
    (world) => {
      const { lot, scale, receipt } = receipted(world, 99_500);
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 99_500 }), world.seller);
      world.chain.act(op("receipt.gateOut", { receipt, quantity: 99_500, device: scale.id, exit: report }), KEEPER, scale);
      return issuing(world, lot, 1);
    },
  ],
  ["a receipt is about something", "AMOUNT_ZERO", (world) => issuing(world, stored(world).lot, 0)],
  [
    "all receipts on a lot stand for no more than is there",
    "GOODS_RECEIPTED",
    (world) => issuing(world, receipted(world).lot, 9_501),
  ],
  [
    "no receipt is issued where an alarm is critical",
    "GOODS_FROZEN",
    (world) => {
      const { lot, scale } = stored(world);
      says(world, scale, { tagsMissing: 1 });
      return issuing(world, lot, 10);
    },
  ],
  [
    "a keeper gives a number once",
    "REFERENCE_TAKEN",
    (world) => {
      const { lot, receipt } = receipted(world);
      return issuing(world, lot, 10, { number: world.chain.read("warehouseReceipt", receipt).number });
    },
  ],
  [
    "storage lasts",
    "DAY_OUT_OF_RANGE",
    (world) => issuing(world, stored(world).lot, 10, { untilDay: dayOf(world.chain.timeMs) }),
  ],
  [
    "the registry is asked about the depositor before a receipt is issued",
    "SEARCH_MISSING",
    (world) => {
      const { lot } = stored(world);
      const search = world.chain
        .act(op("registry.search", searchBody(world, { subject: world.debtor.id })), world.bank)
        .created();
      return issuing(world, lot, 10, { search });
    },
  ],
  [
    "what the registry knows of is not receipted again",
    "SEARCH_NOT_CLEAN",
    (world) => {
      const { lot } = stored(world);
      const search = world.chain.act(op("registry.search", searchBody(world, { hits: 1 })), world.bank).created();
      return issuing(world, lot, 10, { search });
    },
  ],
  [
    "no more is received than was paid in advance",
    "QUANTITY_EXCEEDED",
    (world) => {
      const made = prepaid(world);
      const scale = bind(world, made, "scale of the prepaid");
      const lot = storeMore(world, { ...made, scale }, 200_000, { prepayment: made.prepayment }, world.debtor);
      return issuing(world, lot, 100_001);
    },
  ],
  [
    "a receipt is not endorsed to its holder",
    "TRANSFER_TO_SELF",
    (world) => {
      const { receipt } = receipted(world);
      return world.chain.refusal(op("receipt.transfer", { receipt, to: world.seller.id }), world.seller, KEEPER);
    },
  ],
  [
    "what is pledged is not endorsed",
    "RECEIPT_NOT_OPEN",
    (world) => {
      const { receipt } = lentOnGoods(world);
      const body = { receipt, to: world.supplier.id };
      return world.chain.refusal(op("receipt.transfer", body), world.seller, world.supplier, KEEPER);
    },
  ],
  [
    "what is about to leave is not endorsed",
    "RELEASE_PENDING",
    (world) => {
      const { receipt } = receipted(world);
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 1 }), world.seller);
      const body = { receipt, to: world.supplier.id };
      return world.chain.refusal(op("receipt.transfer", body), world.seller, world.supplier, KEEPER);
    },
  ],
  [
    "a receipt that is pledged is not taken back",
    "RECEIPT_NOT_OPEN",
    (world) => {
      const { receipt } = lentOnGoods(world);
      return world.chain.refusal(op("receipt.void", { receipt, reason: report }), world.seller, KEEPER);
    },
  ],
  [
    "a price is what verifiers say",
    "ROLE_MISSING",
    (world) => {
      const { platform, supplier } = world;
      const quotes = [platform, supplier]
        .map(({ id: source }) => ({ source, price: 1n }))
        .sort((one, other) => (one.source < other.source ? -1 : 1));
      return world.chain.refusal(op("price.attest", priceBody(world, 1n, { quotes })), platform, supplier);
    },
  ],
  [
    "a price is of today",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const body = priceBody(world, 1n, { timeMs: world.chain.timeMs - 2 * DAY_MS });
      return world.chain.refusal(op("price.attest", body), ...priceSigners(world));
    },
  ],
  [
    "an older price does not take the place of a newer one",
    "ATTESTATION_STALE",
    (world) => {
      const body = priceBody(world, 360_000n);
      price(world);
      return world.chain.refusal(op("price.attest", { ...body, timeMs: body.timeMs - 1 }), ...priceSigners(world));
    },
  ],
  [
    "a slip of the sources moves no price out of its band",
    "PRICE_STEP_EXCEEDED",
    (world) => {
      price(world);
      world.chain.pass(HOUR_MS);
      return world.chain.refusal(op("price.attest", priceBody(world, 36_000n)), ...priceSigners(world));
    },
  ],
  [
    "a loan on goods is not resold past their keeper",
    "KEEPER_MISSING",
    (world) => {
      const { loan } = lentOnGoods(world);
      return world.chain.refusal(op("loan.resell", { loan, to: world.lender.id }), world.bank, world.lender);
    },
  ],
  [
    "a zone holds the pledges of only so many lenders",
    "LENDERS_EXCEEDED",
    (world) => {
      const { chain } = world;
      const made = lentOnGoods(world);
      const receipt = spare(world, made);
      const zone = chain.read("zone", made.zone);
      const lenders = ["1", "2", "3", "4", "5", "6"].map((digit) => ({ lender: digit.repeat(64) as Hash, receipts: 1 }));
      chain.objects.set(`zone${zone.id}`, { ...zone, lenders } as typeof zone);
      const body = { loan: made.loan, receipt, device: made.scale.id };
      return chain.refusal(op("receipt.topUp", body), world.seller, world.bank, KEEPER);
    },
  ],
  [
    "only the borrower's own goods secure its loan",
    "NOT_HOLDER",
    (world) => {
      const made = lentOnGoods(world);
      const lot = storeMore(world, made, 50_000, {}, world.supplier);
      const body = { loan: made.loan, receipt: issue(world, lot, 10_000), device: made.scale.id };
      return world.chain.refusal(op("receipt.topUp", body), world.seller, world.bank, KEEPER);
    },
  ],
  [
    "an alarm that is open, though nothing is frozen, lets nothing be pledged",
    "ZONE_NOT_GREEN",
    (world) => {
      const made = lentOnGoods(world);
      const receipt = spare(world, made);
      says(world, made.scale, { doorOpen: true });
      const body = { loan: made.loan, receipt, device: made.scale.id };
      return world.chain.refusal(op("receipt.topUp", body), world.seller, world.bank, KEEPER);
    },
  ],
  [
    "a payment that let goods go is not taken back",
    "PAYMENT_BUILT_UPON",
    (world) => {
      const { bank, debtor, chain } = world;
      const { prepayment, receipt } = shippedFor(world);
      const body = { ...attestation(world, 3_000_000n), prepayment, receipt, quantity: 29_000 };
      chain.act(op("prepayment.redeem", body), bank, debtor);
      const payment = chain.all("payment").find(({ reference }) => reference === body.reference)?.id as Hash;
      return chain.refusal(op("payment.reverse", { payment, evidence }), by(bank, bank.attester));
    },
  ],
];

function shippedFor(world: Alliance) {
  const made = prepaid(world);
  const scale = bind(world, made, "scale of the shipped");
  const lot = storeMore(world, { ...made, scale }, 60_000, { prepayment: made.prepayment }, world.debtor);
  return { ...made, receipt: issue(world, lot, 50_000) };
}
