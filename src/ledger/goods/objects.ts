import { amount, bool, choice, hash, int, list, nullable, struct, text } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { base, bp, currencySchema, daySchema } from "../fields.ts";
import { MONEY_MAX } from "../money.ts";

/** In the goods' own unit: a kilogram (KGM) of coil, a piece (H87) of plate. */
export const quantitySchema = int({ max: 1_000_000_000_000 });
/** Minor units for a thousand units of goods: the price of a tonne where the unit is a kilogram. */
export const priceSchema = amount({ min: 1n, max: MONEY_MAX });
export const zoneNameSchema = text({ min: 1, max: 32, pattern: /^[A-Za-z0-9-]+$/ });

/** Which goods: what two lots must have in common to stand for one another. */
export const GOODS = {
  goods: text({ min: 2, max: 64, pattern: /^[a-z0-9.-]+$/ }),
  grade: text({ min: 1, max: 32, pattern: /^[A-Za-z0-9.-]+$/ }),
  /** UN/ECE recommendation 20. */
  unit: text({ min: 2, max: 3, pattern: /^[A-Z0-9]+$/ }),
} as const;

/** What a device measures. Two alarms count as independent if they come from different ones of these, or from a person. */
export const DEVICE_KINDS = [
  "WEIGHT",
  "RFID_COUNT",
  "FENCE",
  "DOOR",
  "CAMERA",
  "TEMP_HUM",
  "LIDAR_VOL",
  "LOCK",
  "POWER",
  "GPS",
  "GATEWAY",
] as const;

export const severitySchema = choice("GREEN", "WARN", "CRITICAL");

/** Kinds of objects of goods (domain.md §3). */
export const GOODS_SCHEMAS = {
  /** A warehouse (仓库) of an operator: where exactly is private, the city by its code of GB/T 2260. */
  warehouse: struct({
    ...base,
    operator: hash,
    number: hash,
    city: text({ min: 6, max: 6, pattern: /^[0-9]+$/ }),
    zones: list(zoneNameSchema, { min: 1, max: LIMITS.zonesPerWarehouseMax, sortedBy: (name) => name }),
    document: hash,
  }),
  /** What devices watch and an alarm freezes: a part of a warehouse, with all goods in it. Named by warehouse and name. */
  zone: struct({
    ...base,
    warehouse: hash,
    operator: hash,
    name: zoneNameSchema,
    /** A soft freeze ends by itself at `softUntilMs`, a hard one when its alarms are cleared. */
    frozen: choice("NONE", "SOFT", "HARD"),
    softUntilMs: int(),
    alarms: list(hash, { max: LIMITS.alarmsPerZoneMax, sortedBy: (alarm) => alarm }),
    /** Whose pledges lie here, and how many receipts: who must agree when an alarm is cleared. */
    lenders: list(struct({ lender: hash, receipts: int({ min: 1 }) }), {
      max: LIMITS.lendersPerZoneMax,
      sortedBy: ({ lender }) => lender,
    }),
  }),
  /** An IoT device; its id is its own public key, whose party is the warehouse's operator. */
  device: struct({
    ...base,
    operator: hash,
    warehouse: hash,
    zone: hash,
    kind: choice(...DEVICE_KINDS),
    model: hash,
    firmware: hash,
    /** How often it promises to be heard. */
    intervalMs: int({ min: 1 }),
    /** What its words pass through, and signs each of them too. */
    gateway: nullable(hash),
    status: choice("BOUND", "UNBOUND"),
  }),
  /** The newest word of a device: earlier ones are in the blocks and in `ledger_history`, not in the state. */
  attestation: struct({
    ...base,
    device: hash,
    seq: int(),
    timeMs: int(),
    recordedMs: int(),
    severity: severitySchema,
    /** The lot, or the tags of one that is about to come in, and how much of it there is. */
    subject: nullable(hash),
    quantity: nullable(quantitySchema),
    batch: hash,
    video: nullable(hash),
    /** Its open alarm: a device has at most one. */
    alarm: nullable(hash),
  }),
  alarm: struct({
    ...base,
    zone: hash,
    rule: choice(
      "HEARTBEAT",
      "QUANTITY_SHORT",
      "QUANTITY_OVER",
      "TAG_MISSING",
      "FENCE_CROSSED",
      "DOOR_OPEN",
      "TAMPER",
      "CLOCK_OFFSET",
      "VIDEO_GAP",
      "REPORTED",
      "STOCK_SHORT",
    ),
    severity: severitySchema,
    source: choice(...DEVICE_KINDS, "PERSON"),
    /** The device or the party. */
    by: hash,
    openedMs: int(),
    evidence: nullable(hash),
    status: choice("OPEN", "RESUMED", "CLEARED"),
  }),
  /** Goods in a zone: `quantity` is what was attested, counted and not yet let out. */
  lot: struct({
    ...base,
    warehouse: hash,
    zone: hash,
    operator: hash,
    depositor: hash,
    ...GOODS,
    quantity: quantitySchema,
    /** As it came in. */
    attested: quantitySchema,
    /** In live receipts. */
    receipted: quantitySchema,
    tags: hash,
    inspection: hash,
    /** The order under which the goods came, if it is financed: what secures the loan is then these goods. */
    order: nullable(hash),
    prepayment: nullable(hash),
    status: choice("STORED", "OUT"),
  }),
  /** A warehouse receipt (仓单). Position and `ref` are a note's: one encumbrance at a time. */
  warehouseReceipt: struct({
    ...base,
    number: hash,
    lot: hash,
    zone: hash,
    operator: hash,
    holder: hash,
    ...GOODS,
    quantity: quantitySchema,
    /** Asked for by the holder; let go by whoever must, and not yet out of the gate. */
    requested: quantitySchema,
    approved: quantitySchema,
    lossBp: bp,
    untilDay: daySchema,
    insurance: hash,
    document: hash,
    position: choice("OPEN", "RESERVED", "COMMITTED", "PLEDGED", "GONE", "VOID"),
    ref: nullable(hash),
  }),
  /** The newest market price of goods in a currency: the median of what independent sources said. Named by what it is of. */
  price: struct({
    ...base,
    ...GOODS,
    currency: currencySchema,
    price: priceSchema,
    timeMs: int(),
    sources: list(hash, { max: 8, sortedBy: (source) => source }),
  }),
  /** Prepayment finance of four parties (保兑仓): the lender pays the seller, the goods come into the warehouse as its pledge. */
  prepayment: struct({
    ...base,
    contract: hash,
    buyer: hash,
    seller: hash,
    lender: hash,
    warehouse: hash,
    operator: hash,
    ...GOODS,
    currency: currencySchema,
    /** Ordered, and what the contract asks for it. */
    quantity: quantitySchema,
    price: amount(),
    margin: amount(),
    received: quantitySchema,
    /** Let go, at the contract's price. */
    released: amount(),
    refundDue: amount(),
    refunded: amount(),
    shipByDay: daySchema,
    agreement: hash,
    loan: nullable(hash),
    isMarginPaid: bool,
    status: choice("OPEN", "SELLER_PAID", "REFUND_DUE", "CLOSED", "VOID"),
  }),
  // Internal.
  lotTags: struct({ ...base, lot: hash }),
  warehouseNumber: struct({ ...base, warehouse: hash }),
} as const;

/** What an application or a loan rests on beside notes: receipts, an order (its contract), a prepayment. */
export const SECURED = {
  kind: choice("RECV", "RECEIPT", "PO", "PREPAY"),
  receipts: list(hash, { max: LIMITS.receiptsPerLoanMax, sortedBy: (receipt) => receipt }),
  order: nullable(hash),
  prepayment: nullable(hash),
} as const;
