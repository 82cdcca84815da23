import { createHash, createHmac } from "node:crypto";
import type { LegalId } from "../types/genesis.ts";
import type { Hash } from "../types/scalars.ts";
import type { Invoice } from "./invoice.ts";

const KEY_BYTES = 32;

/** What finds an invoice again without telling which it is: HMAC-SHA256 over JSON, under a key that only verifiers have (domain.md §7). */
function keyed(key: Uint8Array, ...parts: readonly string[]): Hash {
  return createHmac("sha256", key).update(JSON.stringify(parts)).digest("hex") as Hash;
}

/** L1: the number and its seller. Two records with the same are one invoice. */
export function numberPrint(key: Uint8Array, number: string, { scheme, value }: LegalId): Hash {
  return keyed(key, "invoice", number, scheme, value);
}

type Likened = Pick<Invoice, "seller" | "buyer" | "currency" | "total" | "issueDay" | "orders" | "lots">;

/**
 * What two records of one trade may have in common under different numbers. Such a record may be honest, so it is doubted and not refused.
 * L2: the same parties, total and day. L3: an order or contract of the same parties; a further part of it is doubted too, until its buyer
 * says that it is another. L4: a lot that the same seller has invoiced; lot numbers are their seller's own, another's are other goods.
 */
export function likenessPrints(key: Uint8Array, invoice: Likened): readonly Hash[] {
  const { currency, total, issueDay, orders, lots } = invoice;
  const of = ({ legalId }: Invoice["seller"]): readonly string[] => [legalId.scheme, legalId.value];
  const [seller, buyer] = [of(invoice.seller), of(invoice.buyer)];
  return [
    keyed(key, "likeness", ...seller, ...buyer, currency, total.toString(), String(issueDay)),
    ...orders.map((order) => keyed(key, "order", ...seller, ...buyer, order)),
    ...lots.map((lot) => keyed(key, "lot", ...seller, lot)),
  ];
}

/** What the chain knows of a key: nothing that it could be guessed from. */
export function keyCommitment(key: Uint8Array): Hash {
  return createHash("sha256").update("zhonglian fingerprint key\0").update(key).digest("hex") as Hash;
}

export function isFingerprintKey(key: Uint8Array): boolean {
  return key.length === KEY_BYTES;
}
