import { amount, hash, list, optional, struct } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { addMonths } from "../calendar.ts";
import { require } from "../codes.ts";
import { activeParty, distinct } from "../conditions.ts";
import { daySchema } from "../fields.ts";
import type { ObjectOf } from "../objects.ts";
import { freeAmount } from "../trade/invoice.ts";
import type { Call, Situation } from "../transition.ts";

/** The body of both kinds of issue. */
export const TERMS = {
  contract: hash,
  face: amount({ min: 1n }),
  maturityDay: daySchema,
  document: hash,
  /** Why the tenor exceeds the usual limit: a commitment to the text, which itself is private. */
  tenorReason: optional(hash),
  allocation: list(struct({ invoice: hash, amount: amount({ min: 1n }) }), { min: 1, max: 64 }),
} as const;

export interface Terms {
  readonly contract: Hash;
  readonly face: Amount;
  readonly maturityDay: number;
  readonly document: Hash;
  readonly tenorReason?: Hash;
  readonly allocation: readonly { readonly invoice: Hash; readonly amount: Amount }[];
}

export function termsHold(call: Call<Terms>): void {
  const { body, book, day, params } = call;
  const contract = book.get("contract", body.contract);
  activeParty(call, contract.seller, "SELLER");
  activeParty(call, contract.buyer, "DEBTOR");
  require(contract.status === "OPEN", "CONTRACT_CLOSED");
  // Nobody owes what is paid in advance.
  require(contract.position !== "PREPAID", "ORDER_ENCUMBERED");
  distinct(body.allocation.map(({ invoice }) => invoice));
  require(body.allocation.reduce((sum, part) => sum + part.amount, 0n) === body.face, "PARTS_DO_NOT_ADD_UP");
  for (const part of body.allocation) {
    const invoice = book.get("invoice", part.invoice);
    require(invoice.contract === body.contract, "INVOICE_MISMATCH");
    require(invoice.taxStatus === "NORMAL" || invoice.taxStatus === "UNVERIFIED", "INVOICE_NOT_NORMAL");
    require(part.amount <= freeAmount(invoice), "INVOICE_USED_UP");
  }
  require(body.face >= BigInt(params.noteMinorUnitsMin), "PART_TOO_SMALL");
  require(body.maturityDay > day, "MATURITY_PAST");
  require(body.maturityDay <= addMonths(day, params.tenorHardMonths), "TENOR_EXCEEDED");
  require(body.maturityDay <= addMonths(day, params.tenorSoftMonths) || body.tenorReason !== undefined, "TENOR_REASON_MISSING");
}

/** Takes what the receivable uses of its invoices. */
export function consumeInvoices({ book }: Situation, allocation: Terms["allocation"]): void {
  for (const part of allocation) {
    const invoice = book.get("invoice", part.invoice);
    book.update("invoice", invoice, { used: invoice.used + part.amount });
  }
}

/** Gives `released` back, from the last invoice on; only on rejection, withdrawal, lapse, part confirmation or cancellation. Answers what stays. */
export function releaseInvoices({ book }: Situation, receivable: ObjectOf<"receivable">, released: Amount): Terms["allocation"] {
  let left = released;
  const kept: { readonly invoice: Hash; readonly amount: Amount }[] = [];
  for (const part of [...receivable.allocation].reverse()) {
    const back = part.amount < left ? part.amount : left;
    left -= back;
    if (back < part.amount) kept.unshift({ invoice: part.invoice, amount: part.amount - back });
    if (back === 0n) continue;
    const invoice = book.get("invoice", part.invoice);
    book.update("invoice", invoice, { used: invoice.used - back });
  }
  return kept;
}
