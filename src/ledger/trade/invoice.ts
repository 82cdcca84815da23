import { amount, choice, hash, int, list, optional } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { require } from "../codes.ts";
import { roleOf } from "../conditions.ts";
import { daySchema } from "../fields.ts";
import { basisPoints } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { transition } from "../transition.ts";
import { EPOCHS_MAX, keepPrint, likensTo, printsComplete, printsFree } from "./fingerprints.ts";

/**
 * Registers an e-invoice once and for all: `fingerprint` is the keyed fingerprint of its number, which a verifier computes and
 * attests together with the tax authority's answer. Without a verifier the invoice stays unverified and cannot be financed.
 */
export const registerInvoice = transition({
  kind: "invoice.register",
  label: { zh: "登记发票", en: "register an invoice" },
  ground: "银发〔2025〕77号: real trade behind every certificate; one invoice is used once",
  signedBy: "seller of the contract; the verifier, if one is named",
  body: {
    contract: hash,
    total: amount({ min: 1n }),
    tax: amount(),
    issueDay: daySchema,
    fingerprint: hash,
    /** Whose key it was made with, and its fingerprints under the keys of earlier epochs in which it could have been registered. */
    epoch: optional(int({ min: 1 })),
    earlier: optional(list(hash, { max: EPOCHS_MAX })),
    /** What two records of one trade may have in common: keyed fingerprints of parties, total and day; of orders; of lots. */
    likenesses: optional(list(hash, { max: LIMITS.likenessesMax })),
    document: hash,
    verifier: optional(hash),
  },
  signers: ({ contract, verifier }, { book }) => {
    const { seller } = book.get("contract", contract);
    return verifier === undefined ? [seller] : [seller, verifier];
  },
  stake: ({ total }) => total,
  makers: ["ATTEST"],
  requires: [
    (call) => {
      if (call.body.verifier !== undefined) roleOf(call, call.body.verifier, "VERIFIER");
    },
    (call) => {
      const { epoch = 1, earlier = [], issueDay, verifier } = call.body;
      if (verifier !== undefined) printsComplete(call, { epoch, earlier, issueDay });
    },
    (call) => printsFree(call, { fingerprint: call.body.fingerprint, earlier: call.body.earlier ?? [] }),
    ({ body }) => require(body.tax <= body.total, "AMOUNT_EXCEEDED"),
    ({ body, day }) => require(body.issueDay <= day, "DAY_OUT_OF_RANGE"),
    ({ body, book }) => coveredByContract(book.get("contract", body.contract), body.total),
  ],
  effect: ({ body, book, newId, timeMs }) => {
    const { total, tax, issueDay, fingerprint, document, verifier, likenesses = [] } = body;
    const verifiedMs = verifier === undefined ? null : timeMs;
    const facts = { total, tax, issueDay, fingerprint, document, likenesses, doubted: false, verifiedMs };
    return [enterInvoice(book, newId(), book.get("contract", body.contract), facts)];
  },
});

/** Deliveries were accepted for it, and not invoiced yet. */
export function coveredByContract(contract: ObjectOf<"contract">, total: Amount): void {
  require(contract.status === "OPEN", "CONTRACT_CLOSED");
  const covered = contract.accepted + basisPoints(contract.accepted, contract.toleranceBp);
  require(contract.invoiced + total <= covered, "INVOICE_EXCEEDS_ACCEPTED");
}

/** Enters an invoice that may be: once and for all under its fingerprint. `verifiedMs`: when a verifier checked it; null, if none did. */
export function enterInvoice(
  book: Book,
  id: Hash,
  contract: ObjectOf<"contract">,
  facts: Pick<ObjectOf<"invoice">, "total" | "tax" | "issueDay" | "fingerprint" | "document" | "doubted"> & {
    readonly likenesses: readonly Hash[];
    readonly verifiedMs: number | null;
  },
): Hash {
  const { seller, buyer, currency } = contract;
  const { likenesses, doubted, verifiedMs, ...rest } = facts;
  const isAlike = likensTo(book, id, likenesses);
  book.add("invoice", {
    id,
    seller,
    buyer,
    contract: contract.id,
    currency,
    ...rest,
    credited: 0n,
    used: 0n,
    taxStatus: verifiedMs === null ? "UNVERIFIED" : "NORMAL",
    verifiedMs: verifiedMs ?? 0,
    doubted: doubted || isAlike,
  });
  keepPrint(book, facts.fingerprint, { invoice: id, verification: null });
  book.update("contract", contract, { invoiced: contract.invoiced + facts.total });
  return id;
}

/** A later answer of the tax authority, attested by a verifier. A red (红冲) or void invoice backs no new finance. */
export const attestInvoice = transition({
  kind: "invoice.attest",
  label: { zh: "核验发票", en: "attest an invoice" },
  ground: "国家税务总局 invoice check; 银发〔2025〕77号",
  signedBy: "a verifier",
  body: { invoice: hash, verifier: hash, status: choice("NORMAL", "RED", "VOID"), checkedMs: int() },
  signers: ({ verifier }) => [verifier],
  makers: ["ATTEST"],
  requires: [
    (call) => roleOf(call, call.body.verifier, "VERIFIER"),
    ({ body, timeMs }) => require(body.checkedMs <= timeMs, "EXPIRY_OUT_OF_RANGE"),
    ({ body, book }) => require(body.checkedMs > book.get("invoice", body.invoice).verifiedMs, "ATTESTATION_STALE"),
  ],
  effect: ({ body, book, emit }) => {
    const invoice = book.get("invoice", body.invoice);
    // Whoever holds or lends on what it backs wants to know.
    if (body.status !== "NORMAL" && invoice.used > 0n) emit("happened", { what: "invoice.alarm", objects: [invoice.id] });
    return [book.update("invoice", invoice, { taxStatus: body.status, verifiedMs: body.checkedMs }).id];
  },
});

/** The buyer confirms that an invoice which looks like another one is none of the same. */
export const confirmInvoice = transition({
  kind: "invoice.confirm",
  label: { zh: "确认发票", en: "confirm an invoice" },
  ground: "Civil Code art. 763: who confirms cannot plead against the factor that it does not exist",
  signedBy: "buyer",
  body: { invoice: hash },
  signers: ({ invoice }, { book }) => [book.get("invoice", invoice).buyer],
  stake: ({ invoice }, { book }) => book.get("invoice", invoice).total,
  requires: [({ body, book }) => require(book.get("invoice", body.invoice).doubted, "WRONG_STATUS")],
  effect: ({ body, book }) => [book.update("invoice", book.get("invoice", body.invoice), { doubted: false }).id],
});

/** What of an invoice may still back a receivable. */
export function freeAmount(invoice: ObjectOf<"invoice">): bigint {
  return invoice.total - invoice.credited - invoice.used;
}
