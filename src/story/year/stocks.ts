import { objectId, receiptId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { FIRST_DAY } from "./calendar.ts";
import { type Act, beginOf } from "./diary.ts";
import type { Supplier } from "./people.ts";
import { type Setting, signersOf } from "./setting.ts";
import { askedOn, planStockLoan } from "./stock-loans.ts";
import { type Warehouse, ZONE } from "./warehouses.ts";

const HOUR_MS = 3_600_000;
/** Two lots in a warehouse, in each half of the year one, begun within so many days of it: some lie there at its end. */
const ROUNDS = 2;
const ROUND_DAYS = 170;
const BEGUN_WITHIN_DAYS = 120;
const FIRST_AFTER_DAYS = 6;
/** Before and while goods come in nothing is amiss in their warehouse. Days. */
const QUIET_BEFORE_DAYS = 9;
const LOT_TONNES = [60, 320] as const;
const KG_PER_TONNE = 1_000;
/** What a keeper's scale may err by, and so keeps back from its receipts: a part of so many. */
const TOLERANCE_PART = 200;
const LOSS_BP = 20;
const STORED_FOR_DAYS = 360;
/** Of so many lots, one on which a second receipt is tried. */
const FORGED_EACH = 12;
const SECOND = "a second receipt on goods that a receipt stands for";

/** What each platform's firms store, and what a tonne of it costs. Fen. */
const GOODS: Readonly<Record<string, readonly [goods: string, price: Amount]>> = {
  zhongnong: ["sugar.white", 580_000n],
  zhuogang: ["steel.coil.hot-rolled", 360_000n],
  huasu: ["plastic.polypropylene", 750_000n],
};

/** Goods that come into a warehouse, and the receipt on them. */
export interface Stock {
  readonly nth: number;
  readonly warehouse: Warehouse;
  readonly owner: Supplier;
  readonly tags: Hash;
  /** In kilograms: what came in, and what the receipt stands for. */
  readonly quantity: number;
  readonly receipted: number;
  readonly goods: { readonly goods: string; readonly grade: string; readonly unit: string };
  /** Of a tonne, as it came in. */
  readonly price: Amount;
  readonly number: Hash;
  readonly receipt: Hash;
}

/**
 * Goods as security: into every second warehouse come lots of the platform's firms, one after the other, which are measured, receipted and
 * pledged for a loan. On a short calendar, on which devices watch for a few days only, there is one lot in each.
 */
export function planStocks(setting: Setting, warehouses: readonly Warehouse[], count: number, isShort: boolean): void {
  const chosen = warehouses.filter(({ isStocked }) => isStocked);
  const most = isShort ? chosen.length : chosen.length * ROUNDS;
  for (let nth = 0; nth < Math.min(count, most); nth++) {
    const warehouse = chosen[nth % chosen.length] as Warehouse;
    const round = Math.floor(nth / chosen.length);
    const begun = FIRST_DAY + FIRST_AFTER_DAYS + round * ROUND_DAYS + setting.prng.below(BEGUN_WITHIN_DAYS);
    const day = setting.calendar.pairFrom(isShort ? warehouse.boundDay + 1 : begun);
    planInbound(setting, stockOf(setting, warehouse, nth), day);
  }
}

function stockOf({ people, prng, commit }: Setting, warehouse: Warehouse, nth: number): Stock {
  const { keeper } = warehouse;
  const owners = people.suppliers.filter(({ platform }) => platform === keeper.platform);
  const [goods, price] = GOODS[keeper.platform.member] as (typeof GOODS)[string];
  const quantity = prng.between(...LOT_TONNES) * KG_PER_TONNE;
  const number = commit("receipt", String(nth));
  return {
    nth,
    warehouse,
    owner: prng.pick(owners.length > 0 ? owners : people.suppliers),
    tags: commit("tags", String(nth)),
    quantity,
    receipted: quantity - quantity / TOLERANCE_PART,
    // Each lot has a grade, and so a price, of its own.
    goods: { goods, grade: `L${nth}`, unit: "KGM" },
    price,
    number,
    receipt: receiptId(keeper.party, number),
  };
}

/** On one day: the device measures, the price is attested, the registry searched; the goods come in, are receipted, and money is asked for. */
function planInbound(setting: Setting, stock: Stock, day: number): void {
  const { diary, bank } = setting;
  const { warehouse, nth, owner, tags, quantity, price } = stock;
  for (let quiet = day - QUIET_BEFORE_DAYS; quiet <= day + 1; quiet++) warehouse.quietDays.add(quiet);
  warehouse.measures.set(day, { subject: tags, quantity });
  diary.at(day, "first", () => priceAct(setting, stock, price, day, "inbound"));
  diary.at(day, "first", () => {
    const body = { by: bank.party, subject: owner.party, hits: 0, result: setting.commit("stock search", String(nth)) };
    return {
      name: `stockSearch/${nth}`,
      keys: [bank.engine],
      ops: [op("registry.search", { ...body, timeMs: beginOf(day, "first") })],
      expected: "OK",
      done: (tx) => diary.at(day, "second", () => inbound(setting, stock, objectId(tx, 0, 0), day)),
    };
  });
}

function inbound(setting: Setting, stock: Stock, search: Hash, day: number): Act {
  const { warehouse, owner, tags, quantity, nth } = stock;
  const { keeper } = warehouse;
  const body = {
    warehouse: warehouse.id,
    zone: ZONE,
    depositor: owner.party,
    ...stock.goods,
    declared: quantity,
    tags,
    inspection: setting.commit("inspection", String(nth)),
    device: warehouse.device,
  };
  return {
    name: `inbound/${nth}`,
    keys: [setting.keysOf(keeper).maker, ...signersOf(setting, owner)],
    ops: [op("lot.inbound", body)],
    expected: "OK",
    done: (tx) => setting.diary.at(day, "third", () => receiptAndApplication(setting, stock, objectId(tx, 0, 0), search, day)),
  };
}

/** In one transaction: the keeper issues the receipt, and its holder asks the bank for money on it. */
function receiptAndApplication(setting: Setting, stock: Stock, lot: Hash, search: Hash, day: number): Act {
  const { nth, owner, receipt, number } = stock;
  const { bank, diary, keysOf } = setting;
  const principal = askedOn(stock);
  const expiresMs = beginOf(day, "third") + 20 * HOUR_MS;
  const applied = {
    lenders: [bank.party],
    amount: principal,
    consent: setting.commit("stock consent", String(nth)),
    expiresMs,
    receipts: [receipt],
    currency: "CNY",
  };
  return {
    name: `receipt/${nth}`,
    keys: [keysOf(stock.warehouse.keeper).maker, ...signersOf(setting, owner, principal)],
    ops: [receiptOp(setting, stock, lot, search, day, number), op("receipt.apply", applied)],
    expected: "OK",
    done: (tx) => {
      planStockLoan(setting, stock, { application: objectId(tx, 1, 0), principal, expiresMs }, day);
      if (nth % FORGED_EACH === 0) diary.at(day + 1, "afternoon", () => secondReceipt(setting, stock, lot, search, day + 1));
    },
  };
}

function receiptOp(setting: Setting, { nth, receipted }: Stock, lot: Hash, search: Hash, day: number, number: Hash) {
  const [insurance, document] = [setting.commit("insurance", String(nth)), setting.commit("receipt text", String(nth))];
  const untilDay = day + STORED_FOR_DAYS;
  return op("receipt.issue", { lot, number, quantity: receipted, lossBp: LOSS_BP, untilDay, insurance, document, search });
}

/** What the papers are full of: a keeper that issues another receipt on the same goods. */
function secondReceipt(setting: Setting, stock: Stock, lot: Hash, search: Hash, day: number): Act {
  const { nth, owner, warehouse } = stock;
  setting.refuse({ day, what: SECOND, code: "GOODS_RECEIPTED", platform: owner.platform.member });
  const forged = receiptOp(setting, stock, lot, search, day, setting.commit("forged receipt", String(nth)));
  const keys = [setting.keysOf(warehouse.keeper).maker];
  return { name: `secondReceipt/${nth}`, keys, ops: [forged], expected: "GOODS_RECEIPTED" };
}

/** All platforms say what the goods cost on a day. */
export function priceAct(setting: Setting, { nth, goods }: Stock, price: Amount, day: number, what: string): Act {
  const sources = [...setting.platforms.values()];
  const quotes = sources
    .map(({ party: source }) => ({ source, price }))
    .sort((left, right) => (left.source < right.source ? -1 : 1));
  const body = { ...goods, currency: "CNY", timeMs: beginOf(day, "first"), quotes };
  const keys = sources.map(({ attester }) => attester);
  return { name: `price/${nth}/${what}`, keys, ops: [op("price.attest", body)], expected: "OK" };
}
