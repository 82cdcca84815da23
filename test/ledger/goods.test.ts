import { describe, expect, it } from "vitest";
import { startOfDay } from "../../src/ledger/calendar.ts";
import { attestationId } from "../../src/ledger/goods/device.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, alliance, commitment, DAY_MS, HOUR_MS, terms } from "./support/alliance.ts";
import { by, op } from "./support/chain.ts";
import { attestation } from "./support/changes.ts";
import { applyBody, pay } from "./support/finance.ts";
import {
  applyOnOrderBody,
  bind,
  fall,
  house,
  invoiceUnder,
  issue,
  KEEPER,
  LENT,
  lentOnGoods,
  lentOnOrder,
  liquidateBody,
  orderContract,
  price,
  says,
  stored,
  unanswered,
} from "./support/goods.ts";
import { holds } from "./support/invariants.ts";

const report = commitment("report");

/** An effective receivable under the contract; answers it and the note that it began with. */
function receivableUnder(world: Alliance, contract: Hash, face: bigint) {
  const { chain, seller, debtor } = world;
  const invoice = invoiceUnder(world, contract, face);
  const root = chain.act(op("receivable.issueBySeller", terms(world, { contract, invoice }, face)), seller).created();
  const note = chain.act(op("receivable.confirm", { receivable: root, mode: "UNCONDITIONAL", amount: face }), debtor).created();
  return { root, note };
}

describe("devices", () => {
  it("say a word a day at the price of one object, and a year of them takes no more room than a day", () => {
    const world = alliance({}, "none");
    const { chain } = world;
    const device = bind(world, house(world), "scale");
    says(world, device);
    const before = chain.objects.size;
    for (let day = 0; day < 30; day++) {
      chain.pass(DAY_MS);
      says(world, device);
      expect(chain.lastChanges.map(({ kind }) => kind)).toEqual(["attestation"]);
    }
    expect(chain.objects.size).toBe(before);
    expect(chain.read("attestation", attestationId(device.id))).toMatchObject({ seq: 31, severity: "GREEN", alarm: null });
  });

  it("that fall silent are warned of after two intervals, freeze their zone after six, and are watched again when they speak", () => {
    const world = alliance({}, "none");
    const { chain, verifier } = world;
    const { zone, ...place } = house(world);
    const device = bind(world, { zone, ...place }, "scale", { intervalMs: HOUR_MS });
    says(world, device);
    const alarms = () => chain.all("alarm").map(({ rule, severity, status }) => `${rule} ${severity} ${status}`);
    chain.pass(2 * HOUR_MS);
    expect(alarms()).toEqual([]);
    chain.pass(2 * 60_000);
    expect(alarms()).toEqual(["HEARTBEAT WARN OPEN"]);
    expect(chain.read("zone", zone).frozen).toBe("NONE");
    says(world, device);
    expect(alarms()).toEqual(["HEARTBEAT WARN RESUMED"]);
    chain.pass(6 * HOUR_MS + 2 * 60_000);
    expect(alarms()).toContain("HEARTBEAT CRITICAL OPEN");
    expect(chain.read("zone", zone).frozen).toBe("SOFT");
    const alarm = chain.all("alarm").find(({ status }) => status === "OPEN")?.id as Hash;
    chain.act(op("alarm.clear", { alarm, report, inspector: verifier.id }), KEEPER, verifier);
    says(world, device);
    chain.pass(2 * HOUR_MS + 2 * 60_000);
    expect(chain.read("zone", zone).alarms).toHaveLength(1);
  });

  it("freeze for a day if one alone alarms, and for good if two kinds do, but never keep a loan from being repaid", () => {
    const world = alliance({}, "none");
    const { chain, seller, bank } = world;
    const { scale, loan, receipt, ...place } = lentOnGoods(world);
    const door = bind(world, place, "door", { kind: "DOOR" });
    const request = op("receipt.requestRelease", { receipt, quantity: 1 });
    says(world, scale, { tampered: true });
    expect(chain.refusal(request, seller)).toBe("GOODS_FROZEN");
    chain.pass(DAY_MS + HOUR_MS);
    // Still tampered with; but one broken sensor stops nobody for long.
    says(world, scale, { tampered: true });
    chain.act(request, seller);
    says(world, door, { crossings: 1 });
    chain.pass(3 * DAY_MS);
    expect(chain.read("zone", place.zone).frozen).toBe("HARD");
    expect(chain.refusal(request, seller)).toBe("GOODS_FROZEN");
    const body = { ...attestation(world, LENT / 2n), loan };
    chain.act(op("loan.repay", body), seller, by(bank, bank.attester));
    expect(chain.read("loan", loan).outstanding).toBeLessThan(LENT);
  });
});

describe("one encumbrance along order, goods, receipt, receivable and cash", () => {
  it("the receivable of a financed order is born pledged, its payment pays the loan, and then all is free", () => {
    const world = alliance({}, "none");
    const { chain, seller, debtor } = world;
    const { contract, loan } = lentOnOrder(world);
    const { root, note } = receivableUnder(world, contract, 6_000_000n);
    expect(chain.read("note", note)).toMatchObject({ position: "PLEDGED", ref: loan });
    expect(chain.all("notice").map(({ reason, to }) => [reason, to])).toEqual([["PLEDGE", debtor.id]]);
    expect(chain.refusal(op("finance.apply", applyBody(world, [note], 100n)), seller)).toBe("NOTE_NOT_OPEN");
    holds(chain);
    chain.passTo(startOfDay(chain.read("receivable", root).maturityDay) + 9 * HOUR_MS);
    pay(world, [{ note, amount: 6_000_000n }]);
    expect(chain.read("loan", loan)).toMatchObject({ status: "REPAID", outstanding: 0n, notes: [] });
    expect(chain.read("contract", contract)).toMatchObject({ position: "OPEN", ref: null });
    chain.act(op("order.apply", applyOnOrderBody(world, contract, 100n)), seller);
    holds(chain);
  });

  it("a receivable that is confirmed while the application is open ends, and becomes free, with the application", () => {
    const world = alliance({}, "none");
    const { chain, seller } = world;
    const contract = orderContract(world);
    const application = chain.act(op("order.apply", applyOnOrderBody(world, contract, 100n)), seller).created();
    const { note } = receivableUnder(world, contract, 5_000n);
    expect(chain.read("note", note)).toMatchObject({ position: "RESERVED", ref: application });
    chain.act(op("finance.withdraw", { application }), seller);
    expect(chain.read("note", note)).toMatchObject({ position: "OPEN", ref: null });
    expect(chain.read("contract", contract)).toMatchObject({ position: "OPEN", ref: null });
  });

  it("goods that come in under a financed order are receipted as pledged", () => {
    const world = alliance({}, "none");
    const { contract, loan } = lentOnOrder(world);
    const { lot } = stored(world, 100_000, { order: contract });
    const receipt = issue(world, lot, 50_000);
    expect(world.chain.read("warehouseReceipt", receipt)).toMatchObject({ position: "PLEDGED", ref: loan });
    expect(world.chain.read("loan", loan).receipts).toEqual([receipt]);
    expect(world.chain.read("contract", contract).stored).toBe(1);
  });

  it("goods that are let go for a buyer hand the loan on to the buyer's receivable", () => {
    const world = alliance({}, "none");
    const { chain, seller, bank } = world;
    const { loan, receipt, scale } = lentOnGoods(world);
    const contract = orderContract(world, 20_000_000n);
    chain.act(op("receipt.requestRelease", { receipt, quantity: 30_000 }), seller);
    // Without the order the rest would not cover the loan.
    expect(chain.refusal(op("receipt.approveRelease", { receipt, quantity: 30_000 }), bank)).toBe("LOAN_OUTSTANDING");
    chain.act(op("receipt.approveRelease", { receipt, quantity: 30_000, order: contract }), bank);
    chain.act(op("receipt.gateOut", { receipt, quantity: 30_000, device: scale.id, exit: report }), KEEPER, scale);
    const { note } = receivableUnder(world, contract, 10_000_000n);
    expect(chain.read("note", note)).toMatchObject({ position: "PLEDGED", ref: loan });
    expect(chain.read("loan", loan)).toMatchObject({ receipts: [receipt], notes: [note], order: contract });
    holds(chain);
  });
});

describe("a pledge of goods", () => {
  it("lets goods move above the floor, and below it only with the lender", () => {
    const world = alliance({}, "none");
    const { chain, seller, bank } = world;
    const { loan, receipt } = lentOnGoods(world);
    chain.act(op("receipt.setFloor", { loan, floor: 28_800_000n }), seller, bank, KEEPER);
    chain.act(op("receipt.requestRelease", { receipt, quantity: 10_000 }), seller);
    expect(chain.read("warehouseReceipt", receipt)).toMatchObject({ approved: 10_000, requested: 0 });
    chain.act(op("receipt.requestRelease", { receipt, quantity: 1 }), seller);
    expect(chain.read("warehouseReceipt", receipt)).toMatchObject({ approved: 10_000, requested: 1 });
  });

  it("is sold when margin is not answered: to interest and principal, and what is over to the borrower", () => {
    const world = alliance({}, "none");
    const { chain, supplier, bank } = world;
    const { loan, receipt } = unanswered(world);
    const body = liquidateBody(world, loan, [receipt], 22_500_000n);
    const { receipt: outcome } = chain.act(op("receipt.liquidate", body), bank, supplier, KEEPER);
    expect(chain.read("loan", loan)).toMatchObject({ status: "REPAID", outstanding: 0n, receipts: [] });
    expect(chain.read("warehouseReceipt", receipt)).toMatchObject({ position: "OPEN", holder: supplier.id, ref: null });
    expect(outcome.events.map(({ kind }) => kind)).toContain("allocation");
    const [payment] = chain.all("payment");
    expect(payment).toMatchObject({ kind: "LIQUIDATION", payer: supplier.id, amount: 22_500_000n });
    const evidence = commitment("pacs.004");
    const reverse = op("payment.reverse", { payment: payment?.id as Hash, evidence });
    expect(chain.refusal(reverse, by(bank, bank.attester))).toBe("WRONG_STATUS");
  });

  it("comes back when the payment that freed it was none", () => {
    const world = alliance({}, "none");
    const { chain, seller, bank } = world;
    const { loan, receipt, zone } = lentOnGoods(world);
    const body = { ...attestation(world, LENT), loan };
    chain.act(op("loan.repay", body), seller, by(bank, bank.attester));
    expect(chain.read("warehouseReceipt", receipt).position).toBe("OPEN");
    expect(chain.read("zone", zone).lenders).toEqual([]);
    chain.act(op("receipt.requestRelease", { receipt, quantity: 1_000 }), seller);
    const payment = chain.all("payment").find(({ reference }) => reference === body.reference)?.id as Hash;
    chain.act(op("payment.reverse", { payment, evidence: commitment("pacs.004") }), by(bank, bank.attester));
    expect(chain.read("warehouseReceipt", receipt)).toMatchObject({ position: "PLEDGED", ref: loan, approved: 0 });
    expect(chain.read("loan", loan)).toMatchObject({ status: "ACTIVE", outstanding: LENT, receipts: [receipt] });
    expect(chain.read("zone", zone).lenders).toEqual([{ lender: bank.id, receipts: 1 }]);
  });

  it("answers a margin call by repayment at whatever price was last known", () => {
    const world = alliance({}, "none");
    const { chain, seller, bank } = world;
    const { loan, scale } = lentOnGoods(world);
    fall(world, scale);
    chain.act(op("margin.call", { loan }), bank);
    chain.pass(5 * DAY_MS);
    chain.act(op("loan.repay", { ...attestation(world, 5_000_000n), loan }), seller, by(bank, bank.attester));
    expect(chain.read("loan", loan).marginMs).toBeNull();
    price(world, 250_000n);
    expect(chain.refusal(op("margin.call", { loan }), bank)).toBe("MARGIN_SUFFICIENT");
  });
});
