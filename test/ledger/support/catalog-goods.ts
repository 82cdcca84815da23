import type { OperationKind } from "../../../src/ledger/transitions.ts";
import { type Alliance, commitment, DAY_MS } from "./alliance.ts";
import type { Sample } from "./catalog.ts";
import { by, op } from "./chain.ts";
import { attestation } from "./changes.ts";
import {
  applyOnBody,
  applyOnOrderBody,
  attestBody,
  bind,
  bindBody,
  called,
  fall,
  filedOnGoods,
  fresh,
  house,
  houseBody,
  inboundBody,
  KEEPER,
  LENT,
  lentOnGoods,
  liquidateBody,
  openBody,
  opened,
  orderContract,
  PREPAID,
  pledgeBody,
  prepaid,
  price,
  priceBody,
  priceSigners,
  receiptBody,
  receipted,
  registerKeeper,
  says,
  sensor,
  shipped,
  spare,
  stored,
  topUpBody,
  unanswered,
} from "./goods.ts";

/** Kinds of operation of goods, orders and prepayments. */
export type GoodsKind = Extract<
  OperationKind,
  `${"warehouse" | "device" | "alarm" | "lot" | "receipt" | "margin" | "prepayment"}.${string}` | "price.attest" | "order.apply"
>;

export const GOODS_SAMPLES: Readonly<Record<GoodsKind, (world: Alliance) => Sample>> = {
  "warehouse.register": (world) => {
    registerKeeper(world);
    return { operation: op("warehouse.register", houseBody()), signings: [KEEPER] };
  },
  "device.bind": (world) => {
    const device = sensor("new");
    return { operation: op("device.bind", bindBody(house(world), device)), signings: [KEEPER, device] };
  },
  "device.unbind": (world) => ({
    operation: op("device.unbind", { device: bind(world, house(world), "old").id }),
    signings: [KEEPER],
  }),
  "device.attest": (world) => {
    const device = bind(world, house(world), "scale");
    return { operation: op("device.attest", attestBody(world, device.id)), signings: [device] };
  },
  "alarm.raise": (world) => {
    const { zone } = house(world);
    const body = { zone, by: KEEPER.id, severity: "CRITICAL", evidence: commitment("photograph") } as const;
    return { operation: op("alarm.raise", body), signings: [KEEPER] };
  },
  "alarm.clear": (world) => {
    const { scale } = lentOnGoods(world);
    const alarm = says(world, scale, { tampered: true });
    return { operation: op("alarm.clear", { alarm, report: commitment("report") }), signings: [KEEPER, world.bank] };
  },
  "lot.inbound": (world) => {
    const place = house(world);
    const scale = bind(world, place, "scale");
    const tags = fresh("tags");
    says(world, scale, { subject: tags, quantity: 1_000 });
    return { operation: op("lot.inbound", inboundBody(world, place, scale.id, tags, 1_000)), signings: [KEEPER, world.seller] };
  },
  "lot.count": (world) => {
    const { lot, scale } = stored(world);
    const body = { lot, counted: 99_900, device: scale.id, inspector: world.verifier.id, report: commitment("count") };
    return { operation: op("lot.count", body), signings: [KEEPER, scale, world.verifier] };
  },
  "receipt.issue": (world) => ({
    operation: op("receipt.issue", receiptBody(world, stored(world).lot, 50_000)),
    signings: [KEEPER],
  }),
  "receipt.transfer": (world) => ({
    operation: op("receipt.transfer", { receipt: receipted(world).receipt, to: world.supplier.id }),
    signings: [world.seller, world.supplier, KEEPER],
  }),
  "receipt.void": (world) => ({
    operation: op("receipt.void", { receipt: receipted(world).receipt, reason: commitment("error") }),
    signings: [world.seller, KEEPER],
  }),
  "receipt.apply": (world) => {
    const { receipt } = receipted(world);
    price(world);
    return { operation: op("receipt.apply", applyOnBody(world, [receipt], LENT)), signings: [world.seller] };
  },
  "receipt.pledge": (world) => {
    const { loan, scale } = filedOnGoods(world);
    return { operation: op("receipt.pledge", pledgeBody(loan, scale.id)), signings: [world.seller, world.bank, KEEPER] };
  },
  "receipt.topUp": (world) => {
    const made = called(world);
    const body = topUpBody(made.loan, spare(world, made), made.scale.id);
    return { operation: op("receipt.topUp", body), signings: [world.seller, world.bank, KEEPER] };
  },
  "receipt.substitute": (world) => {
    const made = lentOnGoods(world);
    const body = { loan: made.loan, old: made.receipt, receipt: spare(world, made), device: made.scale.id };
    return { operation: op("receipt.substitute", body), signings: [world.seller, world.bank, KEEPER] };
  },
  "receipt.setFloor": (world) => ({
    operation: op("receipt.setFloor", { loan: lentOnGoods(world).loan, floor: 26_000_000n }),
    signings: [world.seller, world.bank, KEEPER],
  }),
  "receipt.requestRelease": (world) => ({
    operation: op("receipt.requestRelease", { receipt: lentOnGoods(world).receipt, quantity: 1_000 }),
    signings: [world.seller],
  }),
  "receipt.approveRelease": (world) => {
    const { receipt } = lentOnGoods(world);
    world.chain.act(op("receipt.requestRelease", { receipt, quantity: 5_000 }), world.seller);
    const body = { receipt, quantity: 5_000, order: orderContract(world) };
    return { operation: op("receipt.approveRelease", body), signings: [world.bank] };
  },
  "receipt.gateOut": (world) => {
    const { receipt, scale } = receipted(world);
    world.chain.act(op("receipt.requestRelease", { receipt, quantity: 5_000 }), world.seller);
    const body = { receipt, quantity: 4_000, device: scale.id, exit: commitment("exit") };
    return { operation: op("receipt.gateOut", body), signings: [KEEPER, scale] };
  },
  "price.attest": (world) => ({
    operation: op("price.attest", priceBody(world, 350_000n)),
    signings: priceSigners(world),
  }),
  "margin.call": (world) => {
    const { loan, scale } = lentOnGoods(world);
    fall(world, scale);
    return { operation: op("margin.call", { loan }), signings: [by(world.bank, world.bank.engine)] };
  },
  "receipt.liquidate": (world) => {
    const { loan, receipt } = unanswered(world);
    const { bank, supplier, court } = world;
    const body = { ...liquidateBody(world, loan, [receipt], 18_000_000n), court: court.id };
    return { operation: op("receipt.liquidate", body), signings: [bank, supplier, KEEPER, court] };
  },
  "order.apply": (world) => ({
    operation: op("order.apply", applyOnOrderBody(world, orderContract(world), 5_000_000n)),
    signings: [world.seller],
  }),
  "prepayment.open": (world) => {
    const { warehouse } = house(world);
    const body = openBody(world, orderContract(world, PREPAID.price), warehouse);
    return { operation: op("prepayment.open", body), signings: [world.debtor, world.seller, world.bank, KEEPER] };
  },
  "prepayment.marginPaid": (world) => {
    const { prepayment } = opened(world);
    const body = { ...attestation(world, PREPAID.margin), prepayment };
    return { operation: op("prepayment.marginPaid", body), signings: [by(world.bank, world.bank.attester)] };
  },
  "prepayment.redeem": (world) => {
    const { prepayment, receipt } = shipped(world);
    const body = { ...attestation(world, 3_000_000n), prepayment, receipt, quantity: 20_000 };
    return { operation: op("prepayment.redeem", body), signings: [world.bank, world.debtor] };
  },
  "prepayment.refundDue": (world) => {
    const { prepayment } = prepaid(world);
    world.chain.pass(31 * DAY_MS);
    return { operation: op("prepayment.refundDue", { prepayment }), signings: [world.bank] };
  },
  "prepayment.refund": (world) => {
    const { prepayment } = prepaid(world);
    world.chain.pass(31 * DAY_MS);
    world.chain.act(op("prepayment.refundDue", { prepayment }), world.bank);
    const body = { ...attestation(world, 1_000_000n), prepayment };
    return { operation: op("prepayment.refund", body), signings: [by(world.bank, world.bank.attester)] };
  },
};
