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

type Likened = Pick<Invoice, "seller" | "buyer" | "currency" | "total" | "issueDay">;

/**
 * L2: the same two parties, total and day under another number. Such a record may be honest, so it is doubted and not refused. L3 and L4,
 * an order's number and a lot, stand in no field that all formats have; goods have locks of their own.
 */
export function likenessPrints(key: Uint8Array, { seller, buyer, currency, total, issueDay }: Likened): readonly Hash[] {
  const parties = [seller, buyer].flatMap(({ legalId }) => [legalId.scheme, legalId.value]);
  return [keyed(key, "likeness", ...parties, currency, total.toString(), String(issueDay))];
}

/** What the chain knows of a key: nothing that it could be guessed from. */
export function keyCommitment(key: Uint8Array): Hash {
  return createHash("sha256").update("zhonglian fingerprint key\0").update(key).digest("hex") as Hash;
}

export function isFingerprintKey(key: Uint8Array): boolean {
  return key.length === KEY_BYTES;
}
