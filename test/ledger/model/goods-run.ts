import { Prng } from "../../../src/lib/prng.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import type { Operation } from "../../../src/types/transaction.ts";
import { type Alliance, alliance, commitment, HOUR_MS } from "../support/alliance.ts";
import { by, op, type Signing } from "../support/chain.ts";
import { attestation } from "../support/changes.ts";
import { decideBody, filingBody } from "../support/finance.ts";
import type { Firm } from "../support/firm.ts";
import {
  applyOnBody,
  attestBody,
  bind,
  house,
  issue,
  KEEPER,
  payOut,
  pledgeBody,
  priceBody,
  priceSigners,
  receiptBody,
  type sensor,
  storeMore,
} from "../support/goods.ts";
import { type Device, GoodsModel, type Receipt, type Sign } from "./goods-model.ts";

type Sensor = ReturnType<typeof sensor>;

interface World extends Alliance {
  readonly model: GoodsModel;
  readonly random: Prng;
  readonly sensors: ReadonlyMap<string, Sensor>;
}

/** One operation by its signers, and whether the model takes it; `learn` tells the model the ids of what was made. */
interface Attempt {
  readonly operation: Operation;
  readonly signings: readonly Signing[];
  readonly predict: () => boolean;
  readonly learn?: () => void;
}

const hash = (id: string): Hash => id as Hash;
const evidence = commitment("evidence");
const INTERVAL_MS = 6 * HOUR_MS;

/** Seldom of nothing that fits: then of anything. */
function pick<T>(world: World, all: readonly T[], fitting: (item: T) => boolean = () => true): T | undefined {
  const { random } = world;
  const wanted = all.filter(fitting);
  const from = wanted.length > 0 && random.below(8) > 0 ? wanted : all;
  return from.length === 0 ? undefined : random.pick(from);
}

/** Around a bound: just inside, just outside, or well inside. */
function around({ random }: World, bound: number): number {
  const at = random.below(4);
  return Math.max(0, at === 0 ? bound : at === 1 ? bound + 1 : random.below(Math.max(1, bound)) + 1);
}

function firmOf(world: World, id: string): Firm {
  return [world.seller, world.supplier].find((firm) => firm.id === id) as Firm;
}

type Command = (world: World) => Attempt | null;

/** Every operation on goods in store; what sets a loan up around them is {@link lend}. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  "device.attest": (world) => {
    const { model, random, sensors } = world;
    const device = pick(world, model.devices) as Device;
    const sign = random.below(6) > 0 ? "nothing" : (random.pick(["door", "tampered", "short"] as const) as Sign);
    const lot = model.lots.find(({ zone, quantity }) => zone === device.zone && quantity > 1_000);
    if (sign === "short" && lot === undefined) return null;
    const seq = Math.max(1, device.seq + (random.below(10) === 0 ? random.below(3) : 1));
    const said = {
      nothing: {},
      door: { doorOpen: true },
      tampered: { tampered: true },
      short: { subject: hash(lot?.id ?? ""), quantity: Math.floor(((lot?.quantity ?? 0) * 9_900) / 10_000) },
    }[sign];
    return {
      operation: op("device.attest", attestBody(world, hash(device.id), { seq, ...said })),
      signings: [sensors.get(device.id) as Sensor],
      predict: () => model.attest(device, seq, sign),
    };
  },
  "alarm.raise": (world) => {
    const { model, verifier, random } = world;
    const zone = random.pick(model.zones);
    const who = random.pick([KEEPER, verifier]);
    const critical = random.below(3) > 0;
    const body = { zone: hash(zone.id), by: who.id, severity: critical ? "CRITICAL" : "WARN", evidence } as const;
    return {
      operation: op("alarm.raise", body),
      signings: [who],
      predict: () => model.raise(zone, who.id, critical),
    };
  },
  "alarm.clear": (world) => {
    const { model, random, bank, verifier } = world;
    const alarm = pick(
      world,
      model.alarms.filter(({ id }) => id !== null),
      ({ open }) => open,
    );
    if (alarm === undefined) return null;
    const [lender, inspector] = [random.below(2) === 0, random.below(2) === 0];
    const body = { alarm: hash(alarm.id as string), report: evidence };
    return {
      operation: op("alarm.clear", inspector ? { ...body, inspector: verifier.id } : body),
      signings: [KEEPER, ...(lender ? [bank] : []), ...(inspector ? [verifier] : [])],
      predict: () => model.clear(alarm, { lender, inspector }),
    };
  },
  "receipt.issue": (world) => {
    const { model } = world;
    const lot = pick(world, model.lots);
    if (lot === undefined) return null;
    const left = lot.quantity - Math.floor((lot.quantity * 50) / 10_000) - model.receipted(lot);
    const quantity = around(world, Math.max(0, left));
    const body = receiptBody(world, hash(lot.id), quantity);
    return {
      operation: op("receipt.issue", body),
      signings: [KEEPER],
      predict: () => model.issue(lot, "", quantity, world.chain.read("lot", hash(lot.id)).depositor),
      learn: () => {
        const made = world.chain.all("warehouseReceipt").find(({ number }) => number === body.number);
        (model.receipts.at(-1) as Receipt).id = made?.id ?? "";
      },
    };
  },
  "receipt.transfer": (world) => {
    const { model, seller, supplier, random } = world;
    const receipt = pick(world, model.receipts, (each) => model.free(each));
    if (receipt === undefined || random.below(3) > 0) return null;
    const to = receipt.holder === seller.id ? supplier : seller;
    return {
      operation: op("receipt.transfer", { receipt: hash(receipt.id), to: to.id }),
      signings: [firmOf(world, receipt.holder), to, KEEPER],
      predict: () => model.transfer(receipt, to.id),
    };
  },
  "receipt.apply": (world) => {
    const { model } = world;
    const receipt = pick(world, model.receipts, (each) => model.free(each));
    if (receipt === undefined) return null;
    const most = Number((model.value(receipt) * 7_000n) / 10_000n);
    const amount = BigInt(Math.max(1, around(world, most)));
    const body = applyOnBody(world, [hash(receipt.id)], amount);
    return {
      operation: op("receipt.apply", body),
      signings: [firmOf(world, receipt.holder)],
      predict: () => model.apply(receipt, amount, body.expiresMs),
    };
  },
  "finance.withdraw": (world) => {
    const { model, chain } = world;
    const receipt = pick(world, model.receipts, ({ position }) => position === "RESERVED");
    const application = receipt === undefined ? null : chain.read("warehouseReceipt", hash(receipt.id)).ref;
    if (receipt === undefined || application === null || receipt.position !== "RESERVED") return null;
    return {
      operation: op("finance.withdraw", { application }),
      signings: [firmOf(world, receipt.holder)],
      predict: () => model.withdraw(receipt),
    };
  },
  "receipt.requestRelease": (world) => {
    const { model } = world;
    const receipt = pick(world, model.receipts, ({ position }) => position === "PLEDGED" || position === "OPEN");
    if (receipt === undefined) return null;
    const quantity = world.random.below(4) === 0 ? 0 : around(world, Math.max(1, receipt.quantity - receipt.approved));
    return {
      operation: op("receipt.requestRelease", { receipt: hash(receipt.id), quantity }),
      signings: [firmOf(world, receipt.holder)],
      predict: () => model.request(receipt, quantity),
    };
  },
  "receipt.approveRelease": (world) => {
    const { model, bank } = world;
    const receipt = pick(world, model.receipts, ({ requested }) => requested > 0);
    if (receipt === undefined) return null;
    const quantity = around(world, receipt.requested);
    return {
      operation: op("receipt.approveRelease", { receipt: hash(receipt.id), quantity }),
      signings: [bank],
      predict: () => model.approve(receipt, quantity),
    };
  },
  "receipt.gateOut": (world) => {
    const { model, sensors } = world;
    const receipt = pick(world, model.receipts, ({ approved }) => approved > 0);
    const device = model.devices.find(({ zone }) => zone === receipt?.lot.zone);
    if (receipt === undefined || device === undefined) return null;
    const quantity = around(world, receipt.approved);
    return {
      operation: op("receipt.gateOut", { receipt: hash(receipt.id), quantity, device: hash(device.id), exit: evidence }),
      signings: [KEEPER, sensors.get(device.id) as Sensor],
      predict: () => model.gateOut(receipt, quantity),
    };
  },
  "receipt.topUp": (world) => {
    const { model, bank } = world;
    const { loan, receipt, watch } = joining(world);
    if (loan === undefined || receipt === undefined) return null;
    const body = { loan: hash(loan.id), receipt: hash(receipt.id), device: hash(watch.id) };
    return {
      operation: op("receipt.topUp", body),
      signings: [firmOf(world, loan.borrower), bank, KEEPER],
      predict: () => model.join(loan, receipt, watch),
    };
  },
  "receipt.substitute": (world) => {
    const { model, bank } = world;
    const { loan, receipt, watch } = joining(world);
    const old = loan === undefined ? undefined : pick(world, model.of(loan));
    if (loan === undefined || receipt === undefined || old === undefined) return null;
    const body = { loan: hash(loan.id), old: hash(old.id), receipt: hash(receipt.id), device: hash(watch.id) };
    return {
      operation: op("receipt.substitute", body),
      signings: [firmOf(world, loan.borrower), bank, KEEPER],
      predict: () => model.substitute(loan, old, receipt, watch),
    };
  },
  "receipt.setFloor": (world) => {
    const { model, bank } = world;
    const loan = pick(world, model.loans, ({ outstanding }) => outstanding > 0n);
    if (loan === undefined || model.of(loan).length === 0) return null;
    const least = Number((loan.outstanding * 10_000n + 7_999n) / 8_000n);
    const floor = BigInt(world.random.pick([0, least, least - 1, least + 1_000_000]));
    return {
      operation: op("receipt.setFloor", { loan: hash(loan.id), floor: floor < 0n ? 0n : floor }),
      signings: [firmOf(world, loan.borrower), bank, KEEPER],
      predict: () => model.setFloor(loan, floor < 0n ? 0n : floor),
    };
  },
  "price.attest": (world) => {
    const { model, random, chain } = world;
    const last = model.price?.value ?? 360_000n;
    const value = (last * BigInt(random.pick([79, 80, 80, 85, 95, 100, 105, 115, 120, 121]))) / 100n;
    const quoted = value < 1n ? 1n : value;
    return {
      operation: op("price.attest", priceBody(world, quoted, { timeMs: chain.timeMs + 1_000 })),
      signings: priceSigners(world),
      predict: () => model.quote(quoted),
    };
  },
  "margin.call": (world) => {
    const { model, bank } = world;
    const loan = pick(world, model.loans, ({ outstanding }) => outstanding > 0n);
    if (loan === undefined) return null;
    return { operation: op("margin.call", { loan: hash(loan.id) }), signings: [bank], predict: () => model.call(loan) };
  },
  "receipt.liquidate": (world) => {
    const { model, bank, supplier } = world;
    const isEager = world.random.below(3) === 0;
    const receipt = pick(world, model.receipts, ({ loan }) => loan !== null && (isEager || loan.marginMs !== null));
    const loan = receipt?.loan;
    if (receipt === undefined || loan === null || loan === undefined) return null;
    const value = Number(model.value(receipt) + BigInt(receipt.approved));
    const amount = BigInt(Math.max(1, world.random.pick([value, Math.floor(value * 0.91), Math.floor(value * 0.5)])));
    const body = { ...attestation(world, amount), loan: hash(loan.id), receipts: [hash(receipt.id)], buyer: supplier.id };
    return {
      operation: op("receipt.liquidate", body),
      signings: [bank, supplier, KEEPER],
      predict: () => model.liquidate(loan, receipt, supplier.id, amount),
    };
  },
  "loan.repay": (world) => {
    const { model, bank, random } = world;
    const loan = pick(world, model.loans, ({ outstanding }) => outstanding > 0n);
    if (loan === undefined || random.below(3) > 0) return null;
    const amount = BigInt(Math.max(1, around(world, Number(loan.outstanding))));
    return {
      operation: op("loan.repay", { ...attestation(world, amount), loan: hash(loan.id) }),
      signings: [by(bank, bank.attester), firmOf(world, loan.borrower)],
      predict: () => model.repay(loan, amount),
    };
  },
};

function joining(world: World) {
  const { model } = world;
  const loan = pick(world, model.loans, ({ outstanding }) => outstanding > 0n);
  const receipt = pick(world, model.receipts, (each) => model.free(each) && each.holder === loan?.borrower);
  const watch = (model.devices.find(({ zone }) => zone === receipt?.lot.zone) ?? model.devices[0]) as Device;
  return { loan, receipt, watch };
}

/** From a free receipt to money, in the transactions that this takes; without interest, so that the model needs none. */
function lend(world: World): void {
  const { model, chain, bank } = world;
  const receipt = model.receipts.find((each) => model.free(each) && model.value(each) > 100_000n);
  if (receipt === undefined || !model.priced() || receipt.lot.zone.alarms.length > 0) return;
  const device = model.devices.find(({ zone, alarm }) => zone === receipt.lot.zone && alarm === null);
  if (device === undefined) return;
  attempt(world, {
    operation: op("device.attest", attestBody(world, hash(device.id))),
    signings: [world.sensors.get(device.id) as Sensor],
    predict: () => model.attest(device, device.seq + 1, "nothing"),
  });
  if (receipt.lot.zone.alarms.length > 0) return;
  const borrower = firmOf(world, receipt.holder);
  const amount = (model.value(receipt) * 6_000n) / 10_000n;
  const application = chain.act(op("receipt.apply", applyOnBody(world, [hash(receipt.id)], amount)), borrower).created();
  const terms = decideBody(world, application, amount, { ratePpm: 0, tenorDays: 360 });
  const decision = chain.act(op("finance.decide", terms), bank).created();
  const loan = chain.act(op("finance.accept", { decision }), borrower).created();
  chain.act(op("registry.file", filingBody(world, loan)), bank);
  chain.act(op("receipt.pledge", pledgeBody(loan, hash(device.id))), borrower, bank, KEEPER);
  payOut(world, loan, amount, borrower);
  model.tick(chain.timeMs);
  model.lent(receipt, loan, amount);
}

/** A margin call runs out, and nothing was heard but that the price is as low as it was. */
function press(world: World): boolean {
  const { model, chain } = world;
  const called = model.receipts.find(({ loan, lot }) => loan?.marginMs != null && !model.frozen(lot.zone));
  const marginMs = called?.loan?.marginMs;
  if (called === undefined || marginMs == null || model.now > marginMs) return false;
  const device = model.devices.find(({ zone }) => zone === called.lot.zone) as Device;
  for (let waitMs = marginMs + HOUR_MS - chain.timeMs; waitMs > 0; waitMs -= INTERVAL_MS) {
    chain.pass(Math.min(waitMs, INTERVAL_MS));
    for (const { id } of model.devices) {
      const each = model.devices.find((other) => other.id === id) as Device;
      attempt(world, {
        operation: op("device.attest", attestBody(world, hash(id))),
        signings: [world.sensors.get(id) as Sensor],
        predict: () => model.attest(each, each.seq + 1, "nothing"),
      });
    }
  }
  const value = model.price?.value ?? 1n;
  attempt(world, {
    operation: op("price.attest", priceBody(world, value, { timeMs: chain.timeMs + 1_000 })),
    signings: priceSigners(world),
    predict: () => model.quote(value),
  });
  const sale = COMMANDS["receipt.liquidate"]?.(world);
  return sale != null && device.alarm === null && attempt(world, sale);
}

function begin(seed: number): World {
  const base = alliance({}, "none");
  const { chain, supplier } = base;
  const model = new GoodsModel();
  const place = house(base);
  const sensors = new Map<string, Sensor>();
  const random = new Prng(seed);
  const world: World = { ...base, model, random, sensors };
  const zones = [
    ["A", place.zone, ["WEIGHT", "DOOR"]],
    ["B", place.other, ["WEIGHT", "CAMERA"]],
  ] as const;
  for (const [name, id, kinds] of zones) {
    const zone = { id, alarms: [], hard: false, softUntilMs: 0 };
    model.zones.push(zone);
    for (const kind of kinds) {
      const bound = bind(base, place, `${seed} ${name} ${kind}`, { zone: name, kind, intervalMs: INTERVAL_MS });
      sensors.set(bound.id, bound);
      const device = { id: bound.id, zone, kind, intervalMs: INTERVAL_MS, seq: 0, lastMs: chain.timeMs, green: true };
      model.devices.push({ ...device, alarm: null, said: "nothing" });
    }
    for (const firm of [base.seller, supplier]) {
      const device = model.devices.find((each) => each.zone === zone) as Device;
      const scale = sensors.get(device.id) as Sensor;
      const lot = storeMore(base, { ...place, scale }, 100_000, { zone: name }, firm);
      device.seq += 1;
      device.lastMs = chain.read(
        "attestation",
        chain.all("attestation").find((each) => each.device === device.id)?.id as Hash,
      ).recordedMs;
      model.lots.push({ id: lot, zone, quantity: 100_000, attested: 100_000 });
      const receipt = issue(base, lot, 60_000);
      model.issue(model.lots.at(-1) as never, receipt, 60_000, firm.id);
    }
  }
  model.tick(chain.timeMs);
  return world;
}

/** One operation in a block of its own; the ledger and the model agree on whether it takes effect. */
function attempt(world: World, { operation, signings, predict, learn }: Attempt): boolean {
  const { chain, model } = world;
  model.tick(chain.timeMs + 1_000);
  const expected = predict();
  const sent = chain.send([operation], signings);
  if ((sent.code === "OK") !== expected)
    throw new Error(`${operation.kind}: ledger says ${sent.code}, model ${expected ? "OK" : "no"}`);
  if (expected) learn?.();
  return expected;
}

export interface GoodsTally {
  readonly ok: Set<string>;
  readonly refused: Set<string>;
}

/** What happens most, so that deep states are reached. */
const USUAL = [
  "device.attest",
  "receipt.requestRelease",
  "receipt.approveRelease",
  "receipt.gateOut",
  "margin.call",
  "price.attest",
] as const;
const WAITS_MS = [60_000, HOUR_MS, HOUR_MS, 5 * HOUR_MS, 13 * HOUR_MS, 40 * HOUR_MS, 74 * HOUR_MS];

/** One world lives through so many operations; throws at the first difference between ledger and model, or invariant that does not hold. */
export function liveGoods(seed: number, operations: number, tally: GoodsTally): void {
  const world = begin(seed);
  const { chain, random, model } = world;
  const kinds = Object.keys(COMMANDS);
  for (let count = 0; count < operations; count++) {
    if (random.below(12) === 0) {
      chain.pass(random.pick(WAITS_MS));
      model.tick(chain.timeMs);
    }
    if (random.below(8) === 0) lend(world);
    const troubled = model.zones.some((zone) => zone.alarms.length > 0) && random.below(4) === 0;
    const kind = troubled ? "alarm.clear" : random.below(4) === 0 ? random.pick(USUAL) : random.pick(kinds);
    if (random.below(6) === 0 && press(world)) tally.ok.add("receipt.liquidate");
    learnAlarms(world);
    const next = COMMANDS[kind]?.(world) ?? null;
    if (next === null) continue;
    (attempt(world, next) ? tally.ok : tally.refused).add(kind);
    agree(world, kind);
    goodsHold(world);
  }
}

/** The ledger opens alarms by itself, too. Whoever or whatever alarms has one open alarm in a zone. */
function learnAlarms({ chain, model }: World): void {
  const open = chain.all("alarm").filter(({ status }) => status === "OPEN");
  for (const alarm of model.alarms) {
    if (alarm.open && alarm.id === null)
      alarm.id = open.find(({ zone, by: who }) => zone === alarm.zone.id && who === alarm.by)?.id ?? null;
  }
}

/** What the ledger knows is what the model knows. */
function agree({ chain, model }: World, kind: string): void {
  const same = (what: string, ledger: readonly string[], told: readonly string[]): void => {
    const [left, right] = [[...ledger].sort(), [...told].sort()];
    const odd = left.findIndex((text, index) => text !== right[index]);
    if (odd >= 0 || left.length !== right.length)
      throw new Error(`after ${kind} ${what} differ: ledger ${left[odd]}, model ${right[odd < 0 ? left.length : odd]}`);
  };
  same(
    "receipts",
    chain
      .all("warehouseReceipt")
      .map((each) => `${each.id} ${each.holder} ${each.quantity} ${each.requested} ${each.approved} ${each.position}`),
    model.receipts.map(
      (each) => `${each.id} ${each.holder} ${each.quantity} ${each.requested} ${each.approved} ${each.position}`,
    ),
  );
  same(
    "lots",
    chain.all("lot").map(({ id, quantity, receipted }) => `${id} ${quantity} ${receipted}`),
    model.lots.map((lot) => `${lot.id} ${lot.quantity} ${model.receipted(lot)}`),
  );
  same(
    "zones",
    chain.all("zone").map(({ id, frozen, softUntilMs, alarms }) => {
      const isFrozen = frozen === "HARD" || (frozen === "SOFT" && chain.timeMs < softUntilMs);
      return `${id} ${isFrozen} ${frozen === "HARD"} ${alarms.length}`;
    }),
    model.zones.map((zone) => `${zone.id} ${model.frozen(zone)} ${zone.hard} ${zone.alarms.length}`),
  );
  same(
    "loans",
    chain
      .all("loan")
      .map(({ id, outstanding, receipts, floor, marginMs }) => `${id} ${outstanding} ${receipts.length} ${floor} ${marginMs}`),
    model.loans.map((loan) => `${loan.id} ${loan.outstanding} ${model.of(loan).length} ${loan.floor} ${loan.marginMs}`),
  );
}

/** Invariants 4, 23 and 24, summed naively over every object of the chain. */
function goodsHold({ chain, model }: World): void {
  const receipts = chain.all("warehouseReceipt");
  for (const lot of chain.all("lot")) {
    const live = receipts.filter((receipt) => receipt.lot === lot.id).reduce((sum, { quantity }) => sum + quantity, 0);
    check(live === lot.receipted && live <= lot.quantity, "receipts stand for no more than what is there");
  }
  for (const { everApproved, everOut, approved } of model.receipts)
    check(everOut + approved === everApproved, "no more leaves than was let go");
  const held = new Map<string, string>();
  for (const { id, status, receipts: secured } of chain.all("loan")) {
    if (["VOID", "REPAID"].includes(status)) check(secured.length === 0, "a loan that is over holds nothing");
    for (const receipt of secured) {
      check(!held.has(receipt), "no receipt secures two loans");
      held.set(receipt, id);
    }
  }
  for (const { id, position, ref } of receipts) {
    check((held.get(id) ?? null) === (position === "PLEDGED" ? ref : null), "a receipt and its loan know each other");
  }
  for (const zone of chain.all("zone")) {
    const open = chain.all("alarm").filter(({ zone: of, status }) => of === zone.id && status === "OPEN");
    check(
      open
        .map(({ id }) => id)
        .sort()
        .join() === [...zone.alarms].join(),
      "a zone knows its open alarms",
    );
    const critical = open.filter(({ severity }) => severity === "CRITICAL");
    const fresh = critical.some(({ openedMs }) => chain.timeMs < openedMs + 24 * HOUR_MS);
    check(!fresh || zone.frozen !== "NONE", "what is critical is frozen");
    const pledged = receipts.filter((receipt) => receipt.zone === zone.id && receipt.position === "PLEDGED").length;
    check(pledged === zone.lenders.reduce((sum, each) => sum + each.receipts, 0), "a zone counts the pledges in it");
  }
}

function check(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(`does not hold: ${sentence}`);
}
