import { hash, int, list } from "../../codec/schema.ts";
import { minorUnitsOf } from "../../types/currency.ts";
import { LIMITS } from "../../types/limits.ts";
import { require } from "../codes.ts";
import { activeParty, expiresWithin, roleOf } from "../conditions.ts";
import { schedule } from "../due.ts";
import type { ObjectOf } from "../objects.ts";
import { type Situation, transition } from "../transition.ts";
import {
  dropHeld,
  EPOCHS_MAX,
  fingerprintId,
  isLikeness,
  keepPrint,
  outsideClaimId,
  printsComplete,
  printsFree,
} from "./fingerprints.ts";
import { coveredByContract, enterInvoice } from "./invoice.ts";
import { CHECKED, OUTSIDE_CLAIM } from "./objects.ts";

/**
 * A verifier has read an e-invoice and checked it, and holds its fingerprint for the seller until it is registered: from here on nobody else
 * can register it, on whichever platform. Number and names stay with the verifier.
 */
export const reserveFingerprint = transition({
  kind: "fingerprint.reserve",
  label: { zh: "预留发票指纹", en: "reserve a fingerprint" },
  ground: "银发〔2025〕77号: real trade behind every certificate; one invoice is used once, whatever the platform",
  signedBy: "a verifier",
  body: {
    ...CHECKED,
    epoch: int({ min: 1 }),
    earlier: list(hash, { max: EPOCHS_MAX }),
    earlierLikenesses: list(hash, { max: LIMITS.likenessesMax * EPOCHS_MAX }),
  },
  signers: ({ verifier }) => [verifier],
  stake: ({ total }) => total,
  makers: ["ATTEST"],
  requires: [
    (call) => roleOf(call, call.body.verifier, "VERIFIER"),
    (call) => {
      activeParty(call, call.body.seller, "SELLER");
      activeParty(call, call.body.buyer, "DEBTOR");
    },
    ({ body }) => require(body.seller !== body.buyer, "SAME_PARTY"),
    ({ body }) => require(minorUnitsOf(body.currency) !== undefined, "CURRENCY_UNKNOWN"),
    ({ body }) => require(body.tax <= body.total, "AMOUNT_EXCEEDED"),
    ({ body, day }) => require(body.issueDay <= day, "DAY_OUT_OF_RANGE"),
    (call) => printsComplete(call, call.body),
    (call) => printsFree(call, call.body),
    (call) => expiresWithin(call, call.body.expiresMs, call.params.reserveTtlMs),
  ],
  effect: (call) => {
    const { book, body, newId, timeMs } = call;
    const { epoch: _, earlier: __, earlierLikenesses, doubted, ...facts } = body;
    const id = newId();
    const isAlike = earlierLikenesses.some((likeness) => isLikeness(book, likeness));
    book.add("verification", { id, ...facts, doubted: doubted || isAlike, verifiedMs: timeMs });
    keepPrint(book, body.fingerprint, { invoice: null, verification: id });
    schedule(call, body.expiresMs, "verification", id);
    return [id];
  },
});

/** What was held is free again: the seller will not use it, or it was a mistake. */
export const releaseFingerprint = transition({
  kind: "fingerprint.release",
  label: { zh: "释放发票指纹", en: "release a fingerprint" },
  ground: "银发〔2025〕77号: one invoice is used once",
  signedBy: "the verifier that holds it",
  body: { verification: hash },
  signers: ({ verification }, { book }) => [book.get("verification", verification).verifier],
  makers: ["ATTEST"],
  requires: [],
  effect: ({ book, body }) => {
    dropHeld(book, book.get("verification", body.verification));
    return [body.verification];
  },
});

/** Falls due: nobody registered it in time. */
export function verificationDue({ book, timeMs }: Situation, id: ObjectOf<"verification">["id"]): void {
  const held = book.find("verification", id);
  if (held !== undefined && timeMs >= held.expiresMs) dropHeld(book, held);
}

/** The seller registers the invoice that a verifier holds for it, under the contract that it belongs to. */
export const registerVerified = transition({
  kind: "invoice.registerVerified",
  label: { zh: "登记已核验发票", en: "register a verified invoice" },
  ground: "银发〔2025〕77号: real trade behind every certificate; one invoice is used once",
  signedBy: "seller of the contract",
  body: { contract: hash, verification: hash },
  signers: ({ contract }, { book }) => [book.get("contract", contract).seller],
  stake: ({ verification }, { book }) => book.get("verification", verification).total,
  requires: [
    ({ body, book, timeMs }) => require(timeMs < book.get("verification", body.verification).expiresMs, "DEADLINE_PASSED"),
    ({ body, book }) => {
      const contract = book.get("contract", body.contract);
      const { seller, buyer, currency } = book.get("verification", body.verification);
      const isTheirs = seller === contract.seller && buyer === contract.buyer && currency === contract.currency;
      require(isTheirs, "INVOICE_MISMATCH");
    },
    ({ body, book }) => coveredByContract(book.get("contract", body.contract), book.get("verification", body.verification).total),
  ],
  effect: ({ book, body, newId }) => {
    const held = book.get("verification", body.verification);
    // Its fingerprint passes to the invoice.
    book.remove("verification", held.id);
    const { total, tax, issueDay, fingerprint, document, likenesses, doubted, verifiedMs } = held;
    const facts = { total, tax, issueDay, fingerprint, document, likenesses, doubted, verifiedMs };
    return [enterInvoice(book, newId(), book.get("contract", body.contract), facts)];
  },
});

/** Somebody saw the invoice financed where the alliance does not reach: no finance on it until whoever saw it says that it is over. */
export const attestOutsideClaim = transition({
  kind: "fingerprint.claim",
  label: { zh: "登记链外融资主张", en: "record a claim outside the alliance" },
  ground: "Civil Code art. 768; 银发〔2025〕77号 art. 13: claims outside the alliance come first if they were registered first",
  signedBy: "a verifier, a registry agent or a lender",
  body: OUTSIDE_CLAIM,
  signers: ({ by }) => [by],
  makers: ["ATTEST", "ENGINE"],
  requires: [
    ({ body, book }) => {
      const { roles } = book.get("party", body.by);
      require(["VERIFIER", "REGISTRY", "LENDER"].some((role) => roles.includes(role)), "ROLE_MISSING");
    },
    ({ body, timeMs }) => require(body.seenMs <= timeMs, "EXPIRY_OUT_OF_RANGE"),
    ({ body, book }) => {
      const known = book.find("outsideClaim", outsideClaimId(body.fingerprint));
      require(known !== undefined || body.status === "ACTIVE", "NOT_FOUND");
      require(known === undefined || known.status === "LIFTED" || known.by === body.by, "REFERENCE_TAKEN");
      require(known === undefined || body.seenMs > known.seenMs, "ATTESTATION_STALE");
    },
  ],
  effect: ({ book, body, emit }) => {
    const id = outsideClaimId(body.fingerprint);
    const known = book.find("outsideClaim", id);
    const registered = book.find("fingerprint", fingerprintId(body.fingerprint))?.invoice ?? null;
    if (body.status === "ACTIVE" && registered !== null) emit("happened", { what: "invoice.alarm", objects: [registered] });
    return [known === undefined ? book.create("outsideClaim", { id, ...body }).id : book.update("outsideClaim", known, body).id];
  },
});
