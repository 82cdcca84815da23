import { hash, optional } from "../../codec/schema.ts";
import type { Hash, PublicKey } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { roleOf } from "../conditions.ts";
import { namedId } from "../ids.ts";
import { type Call, transition } from "../transition.ts";
import { attestationId, signedByDevice, watches } from "./device.ts";
import { GOODS, quantitySchema, zoneNameSchema } from "./objects.ts";
import { toleranceOf } from "./severity.ts";
import { goodsFree, openAlarm, zoneId } from "./zone.ts";

/**
 * Goods come in: what a device of the zone weighed, counted or measured, not what was declared, is what receipts may stand for. The tags on the
 * goods name them once for all warehouses, as long as they are in one: the same ingots make no second lot.
 */
export const inboundLot = transition({
  kind: "lot.inbound",
  label: { zh: "货物入库", en: "take a lot in" },
  ground: "Civil Code art. 907: the keeper checks what it takes in; GB/T 30332-2024",
  signedBy: "operator; depositor",
  body: {
    warehouse: hash,
    zone: zoneNameSchema,
    depositor: hash,
    ...GOODS,
    declared: quantitySchema,
    /** Root of the tags on the goods. */
    tags: hash,
    inspection: hash,
    /** Whose last attestation is of these tags. */
    device: hash,
    /** The order or the prepayment that the goods are of. */
    order: optional(hash),
    prepayment: optional(hash),
  },
  signers: ({ warehouse, depositor }, { book }) => [book.get("warehouse", warehouse).operator, depositor],
  requires: [
    ({ body, book }) => require(book.get("warehouse", body.warehouse).zones.includes(body.zone), "NOT_FOUND"),
    (call) => goodsFree(call, zoneId(call.body.warehouse, call.body.zone)),
    ({ body, book }) => require(book.find("lotTags", tagsId(body.tags)) === undefined, "GOODS_RECEIPTED"),
    (call) => {
      const { body, book } = call;
      watches(call, body.device, zoneId(body.warehouse, body.zone));
      const { subject, quantity } = book.get("attestation", attestationId(body.device));
      require(subject === body.tags && quantity !== null && quantity > 0, "MEASURE_INCOMPLETE");
      require(Math.abs(quantity - body.declared) <= toleranceOf(quantity), "QUANTITY_EXCEEDED");
    },
    (call) => isOf(call),
  ],
  effect: ({ body, book, newId }) => {
    const { warehouse, depositor, goods, grade, unit, tags, inspection, order, prepayment } = body;
    const id = newId();
    const zone = zoneId(warehouse, body.zone);
    const quantity = book.get("attestation", attestationId(body.device)).quantity ?? 0;
    const { operator } = book.get("warehouse", warehouse);
    const where = { warehouse, zone, operator, depositor };
    const from = { order: order ?? null, prepayment: prepayment ?? null };
    const what = { goods, grade, unit, quantity, attested: quantity, tags, inspection };
    book.add("lot", { id, ...where, ...what, ...from, receipted: 0, status: "STORED" });
    book.create("lotTags", { id: tagsId(tags), lot: id });
    return [id, zone];
  },
});

/**
 * Keeper, third party and device count together. What they find corrects the books where they agree within the tolerance; goods that receipts
 * stand for and that are not there freeze the zone at once: two independent witnesses say so.
 */
export const countStock = transition({
  kind: "lot.count",
  label: { zh: "盘点", en: "count the stock" },
  ground: "Civil Code art. 911: the holder may inspect the goods; 担保解释 art. 55",
  signedBy: "operator and its device; an inspector (verifier)",
  body: { lot: hash, counted: quantitySchema, device: hash, inspector: hash, report: hash },
  signers: ({ lot, inspector }, { book }) => [book.get("lot", lot).operator, inspector],
  requires: [
    (call) => {
      require(call.book.get("lot", call.body.lot).operator !== call.body.inspector, "SAME_PARTY");
      roleOf(call, call.body.inspector, "VERIFIER");
    },
    ({ body, book }) => require(book.get("lot", body.lot).status === "STORED", "WRONG_STATUS"),
    (call) => byDevice(call, call.body.lot, call.body.device),
  ],
  effect: (call) => {
    const { body, book, newId } = call;
    const lot = book.get("lot", body.lot);
    if (body.counted >= lot.receipted) return [book.update("lot", lot, { quantity: body.counted }).id];
    const zone = book.get("zone", lot.zone);
    const finding = { rule: "STOCK_SHORT", severity: "CRITICAL" } as const;
    const { kind, id: device } = book.get("device", body.device);
    const opened = [
      openAlarm(call, zone, newId(0), finding, { source: "PERSON", by: body.inspector, evidence: body.report }),
      openAlarm(call, book.get("zone", zone.id), newId(1), finding, { source: kind, by: device, evidence: body.report }),
    ];
    return [lot.id, zone.id, ...opened.filter((id) => id !== null)];
  },
});

export function tagsId(tags: Hash): Hash {
  return namedId("lotTags", tags);
}

/** A bound device of the lot's zone signs beside the people. */
export function byDevice(call: Call<unknown>, lot: Hash, id: Hash): void {
  const { zone, operator } = call.book.get("lot", lot);
  const device = call.book.get("device", id);
  require(device.status === "BOUND" && device.zone === zone, "DEVICE_ELSEWHERE");
  signedByDevice(call, operator, id as unknown as PublicKey);
}

/** Goods of an order come from its seller; goods that were paid in advance are the ones that were ordered, and no more than that. */
function isOf({ body, book }: Call<Origin>): void {
  require(body.order === undefined || body.prepayment === undefined, "GOODS_DIFFER");
  if (body.order !== undefined) require(book.get("contract", body.order).seller === body.depositor, "NOT_HOLDER");
  if (body.prepayment === undefined) return;
  const paid = book.get("prepayment", body.prepayment);
  require(paid.status === "SELLER_PAID", "WRONG_STATUS");
  const isOrdered = paid.goods === body.goods && paid.grade === body.grade && paid.unit === body.unit;
  require(isOrdered && paid.warehouse === body.warehouse && paid.buyer === body.depositor, "GOODS_DIFFER");
}

interface Origin {
  readonly warehouse: Hash;
  readonly depositor: Hash;
  readonly goods: string;
  readonly grade: string;
  readonly unit: string;
  readonly order?: Hash;
  readonly prepayment?: Hash;
}
