import { FLEET, fleetOf } from "../../agents/device-fleet.ts";
import { SimulatedDevice } from "../../agents/device-simulator.ts";
import { objectId, receiptId, zoneId } from "../../client/object-id.ts";
import { op, type SigningKey } from "../../client/transaction-builder.ts";
import type { LegalId } from "../../types/genesis.ts";
import { usccCheckCharacter } from "../../types/legal-id.ts";
import type { Hash } from "../../types/scalars.ts";
import { commitment, type Firm } from "../cast.ts";
import { GoodsDesk, type GoodsModules } from "./goods-desk.ts";

export interface GoodsResult {
  readonly storedKg: number;
  readonly lent: bigint;
  readonly repaid: bigint;
  readonly outKg: number;
}

const HOUR_MS = 3_600_000;
const LOT_KG = 100_000;
const RECEIPT_KG = 90_000;
const SPARE_KG = 60_000;
const OUT_KG = 30_000;
/** A tonne of coil in fen, on a day on which its price falls twice. */
const PRICES = [360_000n, 300_000n, 250_000n] as const;
const LENT_FEN = 20_000_000n;
const ZONE = "A";

/** A chapter of the sample story: coil comes into a smart warehouse, is pledged, loses its price, is guarded, and goes free again. */
export class GoodsChapter {
  readonly #m: GoodsModules;
  readonly #desk: GoodsDesk;
  #keeper!: Firm;

  constructor(modules: GoodsModules) {
    this.#m = modules;
    this.#desk = new GoodsDesk(modules);
  }

  async play(): Promise<GoodsResult> {
    const { progress } = this.#m;
    const { warehouse, devices } = await this.#open();
    const [scale, fence] = [deviceOf(devices, "WEIGHT"), deviceOf(devices, "FENCE")];
    const receipt = await this.#store(warehouse, scale, "first", LOT_KG, RECEIPT_KG);
    await this.#desk.price(0, PRICES[0]);
    const loan = await this.#lend(receipt, scale);
    progress(`${RECEIPT_KG / 1_000} t of coil stand in a receipt and secure a loan of ${fen(LENT_FEN)}`);
    await this.#tryAgain(receipt);
    await this.#margin(warehouse, scale, loan);
    await this.#alarm(warehouse, receipt, fence);
    await this.#release(receipt, loan, scale);
    await this.#close(devices);
    return { storedKg: LOT_KG + SPARE_KG, lent: LENT_FEN, repaid: LENT_FEN, outKg: OUT_KG };
  }

  /** A firm that keeps goods, its warehouse, and the devices that will watch it. */
  async #open() {
    const { steps, wallets, sponsor, name, progress, epochKey } = this.#m;
    const keeper = await wallets.firm({ legalId: KEEPER_ID, name: "Ningbo bonded warehouse" });
    this.#keeper = keeper;
    const keys = [
      { key: keeper.maker.publicKey, purpose: "MAKER" as const },
      { key: keeper.checker.publicKey, purpose: "CHECKER" as const },
    ];
    const roles = ["WAREHOUSE"];
    const body = { legalId: keeper.legalId, roles, size: "SME" as const, sponsor: sponsor.member as never, keys, policy: [] };
    const { scheme, value } = KEEPER_ID;
    await steps.take(`party/${scheme}/${value}`, [sponsor.maker, keeper.maker, keeper.checker], op("party.register", body));
    // The first of the fleet is a smart one. Nobody who does not know the alliance's key makes these devices' keys.
    const [plan] = fleetOf(commitment(epochKey, "fleet", name), { warehouses: 1 });
    if (plan === undefined) throw new Error("a fleet of one warehouse has one");
    const registered = await this.#desk.take(
      "warehouse",
      [keeper.maker],
      op("warehouse.register", {
        operator: keeper.party,
        number: this.#desk.commit("warehouse"),
        city: plan.city,
        zones: plan.zones,
        document: this.#desk.commit("licence"),
      }),
    );
    const warehouse = objectId(registered, 0, 0);
    const devices = plan.devices.map((device) => new SimulatedDevice(device, keeper.party));
    for (const device of devices) {
      const { kind } = device.device;
      await this.#desk.take(`bind/${kind}`, [keeper.maker, device.key], device.bind(warehouse));
      await this.#desk.says(device, `first word/${kind}`);
    }
    progress(
      `a smart warehouse in ${plan.city}: ${devices.length} devices sign what they see (as would ${FLEET.smart} of ${FLEET.warehouses} in the year)`,
    );
    return { warehouse, devices };
  }

  /** Weighed, taken in, and receipted. */
  async #store(warehouse: Hash, scale: SimulatedDevice, step: string, lotKg: number, receiptKg: number): Promise<Hash> {
    const { owner, bank } = this.#m;
    const keeper = this.#keeper;
    const tags = this.#desk.commit("tags", step);
    await this.#desk.says(scale, `${step}/weighed`, { measure: { subject: tags, quantity: lotKg } });
    const inbound = op("lot.inbound", {
      warehouse,
      zone: ZONE,
      depositor: owner.party,
      ...this.#desk.coil(),
      declared: lotKg,
      tags,
      inspection: this.#desk.commit("inspection", step),
      device: scale.id,
    });
    const lot = objectId(await this.#desk.take(`${step}/inbound`, [keeper.maker, owner.maker], inbound), 0, 0);
    const search = await this.#desk.search(`${step}/search before`, owner.party, [bank.engine]);
    const number = this.#desk.commit("receipt", step);
    await this.#desk.take(`${step}/receipt`, [keeper.maker], this.#desk.receiptOp(lot, number, receiptKg, search));
    if (step === "first") {
      const again = this.#desk.receiptOp(lot, this.#desk.commit("receipt", "forged"), receiptKg, search);
      await this.#desk.refused("second receipt", "a second receipt on the same coil", "GOODS_RECEIPTED", [keeper.maker], again);
    }
    return receiptId(keeper.party, number);
  }

  async #lend(receipt: Hash, scale: SimulatedDevice): Promise<Hash> {
    const { clock, owner, bank, epochKey } = this.#m;
    const keeper = this.#keeper;
    const asked = {
      lenders: [bank.party],
      amount: LENT_FEN,
      consent: this.#desk.commit("consent"),
      expiresMs: clock.nowMs() + 12 * HOUR_MS,
      receipts: [receipt],
      currency: "CNY",
    };
    const application = objectId(await this.#desk.take("apply", [owner.maker], op("receipt.apply", asked)), 0, 0);
    const terms = {
      application,
      lender: bank.party,
      outcome: "APPROVED" as const,
      amount: LENT_FEN,
      ratePpm: 43_500,
      tenorDays: 90,
      advanceBp: 7_000,
      recourse: true,
      security: "PLEDGE" as const,
      policy: commitment(epochKey, "credit policy 2026"),
      reasons: ["goodsInStore"],
      override: { reason: "FIRST_TRADE", document: this.#desk.commit("minutes") },
      expiresMs: clock.nowMs() + 6 * HOUR_MS,
    };
    const decided = await this.#desk.take("decide", [bank.maker, bank.checker], op("finance.decide", terms));
    const decision = objectId(decided, 0, 0);
    const loan = objectId(await this.#desk.take("accept", both(owner), op("finance.accept", { decision })), 0, 0);
    const filing = {
      loan,
      number: this.#desk.commit("filing"),
      timeMs: clock.nowMs(),
      untilDay: this.#desk.today + 200,
      proof: this.#desk.commit("filing proof"),
    };
    await this.#desk.take("file", [bank.engine], op("registry.file", filing));
    const pledge = op("receipt.pledge", { loan, agreement: this.#desk.commit("tripartite agreement"), devices: [scale.id] });
    await this.#desk.take("pledge", [owner.maker, bank.maker, bank.checker, keeper.maker], pledge);
    const search = await this.#desk.search("search after", owner.party, [bank.engine]);
    const instruction = this.#desk.commit("instruction");
    await this.#desk.take("order", [bank.maker, bank.checker], op("loan.order", { loan, search, instruction }));
    await this.#m.awaited(`${this.#m.name}/goods/disbursed`, async () => {
      const { status } = await this.#m.client.ledgerGet("loan", loan);
      return status === "ORDERED" ? undefined : loan;
    });
    return loan;
  }

  /** What the papers are full of: the same goods offered to somebody else. */
  async #tryAgain(receipt: Hash): Promise<void> {
    const { clock, owner, bank } = this.#m;
    const again = op("receipt.apply", {
      lenders: [bank.party],
      amount: 100n,
      consent: this.#desk.commit("consent", "again"),
      expiresMs: clock.nowMs() + HOUR_MS,
      receipts: [receipt],
      currency: "CNY",
    });
    await this.#desk.refused("second pledge", "a second pledge of the same coil", "RECEIPT_NOT_OPEN", [owner.maker], again);
  }

  /** The price falls until the coil does not cover the loan; more coil does. */
  async #margin(warehouse: Hash, scale: SimulatedDevice, loan: Hash): Promise<void> {
    const { bank, owner, progress } = this.#m;
    const keeper = this.#keeper;
    await this.#desk.price(1, PRICES[1]);
    await this.#desk.price(2, PRICES[2]);
    await this.#desk.take("margin call", [bank.engine], op("margin.call", { loan }));
    progress(`coil falls from ${fen(PRICES[0])} to ${fen(PRICES[2])} a tonne: margin is called`);
    const receipt = await this.#store(warehouse, scale, "spare", SPARE_KG, SPARE_KG - SPARE_KG / 100);
    await this.#desk.says(scale, "before the top-up");
    const keys = [owner.maker, bank.maker, bank.checker, keeper.maker];
    await this.#desk.take("top-up", keys, op("receipt.topUp", { loan, receipt, device: scale.id }));
    const { marginMs } = await this.#m.client.ledgerGet("loan", loan);
    if (marginMs !== null) throw new Error("more coil answers the margin call");
    progress(`${SPARE_KG / 1_000} t more answer the margin call`);
  }

  /** Somebody drives over the fence at night. */
  async #alarm(warehouse: Hash, receipt: Hash, fence: SimulatedDevice): Promise<void> {
    const { bank, owner, progress, client } = this.#m;
    const keeper = this.#keeper;
    const zone = zoneId(warehouse, ZONE);
    const crossed = await this.#desk.says(fence, "fence crossed", { incident: "FENCE_CROSSED" });
    const { frozen } = await client.ledgerGet("zone", zone);
    progress(`a fence was crossed: the zone is frozen (${String(frozen)})`);
    const request = op("receipt.requestRelease", { receipt, quantity: 1_000 });
    await this.#desk.refused("out of the frozen zone", "goods out of a frozen zone", "GOODS_FROZEN", [owner.maker], request);
    const cleared = op("alarm.clear", { alarm: objectId(crossed, 0, 0), report: this.#desk.commit("report of the night") });
    await this.#desk.take("clear", [keeper.maker, bank.maker, bank.checker], cleared);
    await this.#desk.says(fence, "fence quiet");
    progress("keeper and bank looked together and cleared the alarm");
  }

  /** The loan is repaid, the coil is free in the same transaction, and some of it leaves by the gate. */
  async #release(receipt: Hash, loan: Hash, scale: SimulatedDevice): Promise<void> {
    const { bank, owner, client, progress } = this.#m;
    const keeper = this.#keeper;
    await this.#desk.take(
      "repay",
      [bank.attester, ...both(owner)],
      op("loan.repay", { loan, ...this.#desk.money("repayment", LENT_FEN) }),
    );
    const { position } = await client.ledgerGet("warehouseReceipt", receipt);
    if (position !== "OPEN") throw new Error(`a repaid loan frees its receipts; this one is ${String(position)}`);
    await this.#desk.take("request", [owner.maker], op("receipt.requestRelease", { receipt, quantity: OUT_KG }));
    const out = op("receipt.gateOut", { receipt, quantity: OUT_KG, device: scale.id, exit: this.#desk.commit("exit") });
    await this.#desk.take("gate", [keeper.maker, scale.key], out);
    progress(`the loan is repaid, the coil free; ${OUT_KG / 1_000} t leave by the gate`);
  }

  /** The story jumps over months in which nobody would hear these devices. */
  async #close(devices: readonly SimulatedDevice[]): Promise<void> {
    for (const { id: device, device: plan } of devices)
      await this.#desk.take(`unbind/${plan.kind}`, [this.#keeper.maker], op("device.unbind", { device }));
  }
}

const KEEPER_FIRST = "91330206MA2K7W3D1";
const KEEPER_ID: LegalId = { scheme: "USCC", value: KEEPER_FIRST + (usccCheckCharacter(KEEPER_FIRST) ?? "") };

function deviceOf(devices: readonly SimulatedDevice[], kind: string): SimulatedDevice {
  const device = devices.find((each) => each.device.kind === kind);
  if (device === undefined) throw new Error(`a smart warehouse has a device of kind ${kind}`);
  return device;
}

function both(firm: Firm): readonly SigningKey[] {
  return [firm.maker, firm.checker];
}

function fen(amount: bigint): string {
  return `CNY ${(amount / 100n).toLocaleString("en")}`;
}
