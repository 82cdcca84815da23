import { amount, choice, hash, int, list, optional } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { roleOf } from "../conditions.ts";
import { namedId } from "../ids.ts";
import { basisPoints } from "../money.ts";
import { daySchema, type ObjectOf } from "../objects.ts";
import { transition } from "../transition.ts";

/**
 * Registers an e-invoice once and for all: `fingerprint` is the keyed fingerprint of its number, which a verifier computes and
 * attests together with the tax authority's answer. Without a verifier the invoice stays unverified and cannot be financed.
 */
export const registerInvoice = transition({
  kind: "invoice.register",
  ground: "银发〔2025〕77号: real trade behind every certificate; one invoice is used once",
  signedBy: "seller of the contract; the verifier, if one is named",
  body: {
    contract: hash,
    total: amount({ min: 1n }),
    tax: amount(),
    issueDay: daySchema,
    fingerprint: hash,
    /** Its fingerprints under the keys of earlier epochs in which it could still be financed. */
    earlier: optional(list(hash, { max: 8 })),
    /** The keyed fingerprint of seller, buyer, total and day: what two records of one invoice have in common. */
    similarity: optional(hash),
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
    ({ body, book }) => {
      const all = [body.fingerprint, ...(body.earlier ?? [])];
      require(all.every((each) => book.find("fingerprint", fingerprintId(each)) === undefined), "FINGERPRINT_USED");
    },
    ({ body }) => require(body.tax <= body.total, "AMOUNT_EXCEEDED"),
    ({ body, day }) => require(body.issueDay <= day, "DAY_OUT_OF_RANGE"),
    ({ body, book }) => require(book.get("contract", body.contract).status === "OPEN", "CONTRACT_CLOSED"),
    ({ body, book }) => {
      const contract = book.get("contract", body.contract);
      const covered = contract.accepted + basisPoints(contract.accepted, contract.toleranceBp);
      require(contract.invoiced + body.total <= covered, "INVOICE_EXCEEDS_ACCEPTED");
    },
  ],
  effect: ({ body, book, newId, timeMs }) => {
    const contract = book.get("contract", body.contract);
    const { seller, buyer, currency } = contract;
    const { total, tax, issueDay, fingerprint, document, verifier } = body;
    const id = newId();
    const likeness = body.similarity === undefined ? undefined : namedId("similarity", body.similarity);
    const doubted = likeness !== undefined && book.find("fingerprint", likeness) !== undefined;
    if (likeness !== undefined && !doubted) book.create("fingerprint", { id: likeness, invoice: id });
    book.add("invoice", {
      id,
      seller,
      buyer,
      contract: contract.id,
      currency,
      total,
      tax,
      issueDay,
      fingerprint,
      document,
      credited: 0n,
      used: 0n,
      taxStatus: verifier === undefined ? "UNVERIFIED" : "NORMAL",
      verifiedMs: verifier === undefined ? 0 : timeMs,
      doubted,
    });
    book.create("fingerprint", { id: fingerprintId(fingerprint), invoice: id });
    book.update("contract", contract, { invoiced: contract.invoiced + total });
    return [id];
  },
});

/** A later answer of the tax authority, attested by a verifier. A red (红冲) or void invoice backs no new finance. */
export const attestInvoice = transition({
  kind: "invoice.attest",
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

function fingerprintId(fingerprint: string) {
  return namedId("fingerprint", fingerprint);
}
