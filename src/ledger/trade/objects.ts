import { amount, bool, choice, hash, type Infer, int, list, nullable, type Schema, struct } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { base, bp, currencySchema, daySchema } from "../fields.ts";
import { MONEY_MAX } from "../money.ts";

/** What of a contract may be amended. */
export const contractTermsSchema = struct({
  total: amount({ min: 1n, max: MONEY_MAX }),
  toleranceBp: int({ max: 10_000 }),
  payTermDays: int({ max: 3_660 }),
  inspectionDays: int({ max: 366 }),
  document: hash,
});

/** What somebody says of an invoice that was seen financed where the alliance does not reach. */
export const OUTSIDE_CLAIM = {
  by: hash,
  fingerprint: hash,
  source: choice("BANK", "BILL", "PLATFORM", "REGISTRY"),
  proof: hash,
  seenMs: int(),
  status: choice("ACTIVE", "LIFTED"),
} as const;

/** What a verifier says of an e-invoice that it checked: the same when it says so and when the ledger keeps it. */
export const CHECKED = {
  verifier: hash,
  seller: hash,
  buyer: hash,
  currency: currencySchema,
  total: amount({ min: 1n }),
  tax: amount(),
  issueDay: daySchema,
  document: hash,
  fingerprint: hash,
  likenesses: list(hash, { max: LIMITS.likenessesMax }),
  /** The verifier's own doubt, such as a payee who is not the seller; as an object, also that it looks like another. */
  doubted: bool,
  expiresMs: int(),
} as const;

/** Kinds of objects of trade: contracts, deliveries, invoices and what keeps one invoice from being used twice. */
export const TRADE_SCHEMAS = {
  contract: struct({
    ...base,
    number: hash,
    seller: hash,
    buyer: hash,
    currency: currencySchema,
    total: amount(),
    toleranceBp: bp,
    payTermDays: int({ max: 3_660 }),
    inspectionDays: int({ max: 366 }),
    document: hash,
    delivered: amount(),
    accepted: amount(),
    invoiced: amount(),
    status: choice("OPEN", "TERMINATED"),
    /** As an order that is financed before it is delivered: who has it, as with a note. PREPAID: paid in advance, no receivable comes of it. */
    position: choice("OPEN", "RESERVED", "COMMITTED", "PLEDGED", "PREPAID"),
    ref: nullable(hash),
    /** Live receipts on goods of this order. */
    stored: int(),
    /** Receivables under it that the debtor was notified of and that are not paid off: who relies on it (art. 765). */
    relying: int(),
  }),
  /** A change that takes effect when all who are asked have consented, each in a transaction of its own. */
  amendment: struct({
    ...base,
    kind: choice("AMENDMENT", "TERMINATION", "EXTENSION"),
    /** The contract, or the receivable whose maturity is put off. */
    target: hash,
    /** All leaves that it touches, and the parties asked for them; empty lists where nobody need be asked. */
    notes: list(hash, { max: 128, sortedBy: (note) => note }),
    asked: list(hash, { max: 256, sortedBy: (party) => party }),
    waiting: list(hash, { max: 256, sortedBy: (party) => party }),
    terms: nullable(contractTermsSchema as Schema<Infer<typeof contractTermsSchema>>),
    maturityDay: nullable(daySchema),
    guarantees: list(hash, { max: 8, sortedBy: (guarantee) => guarantee }),
    expiresMs: int(),
    status: choice("PENDING", "EFFECTIVE"),
  }),
  delivery: struct({
    ...base,
    contract: hash,
    amount: amount(),
    day: daySchema,
    accepted: amount(),
    status: choice("PENDING", "ACCEPTED", "REJECTED"),
    mode: choice("NONE", "SIGNED", "DEEMED"),
    /** When it counts as accepted if the buyer says nothing. */
    deemedMs: int(),
    evidence: hash,
  }),
  invoice: struct({
    ...base,
    seller: hash,
    buyer: hash,
    contract: hash,
    currency: currencySchema,
    total: amount(),
    tax: amount(),
    issueDay: daySchema,
    fingerprint: hash,
    document: hash,
    credited: amount(),
    used: amount(),
    taxStatus: choice("UNVERIFIED", "NORMAL", "RED", "VOID"),
    verifiedMs: int(),
    /** It looks like another one that is registered: no finance until the buyer confirms that it is another. */
    doubted: bool,
  }),
  /** An e-invoice that a verifier checked, held for its seller until it is registered. */
  verification: struct({ ...base, ...CHECKED, verifiedMs: int() }),
  /** An invoice was seen financed where the alliance does not reach. */
  outsideClaim: struct({ ...base, ...OUTSIDE_CLAIM }),
  /** Keys of the alliance's verifiers, by commitments: which is used, and since when. The keys themselves are never here. */
  fingerprintEpochs: struct({
    ...base,
    epochs: list(struct({ epoch: int({ min: 1 }), fromMs: int(), key: nullable(hash) }), { min: 1, max: 16 }),
  }),
  contractNumber: struct({ ...base, contract: hash }),
  /** Whose a keyed fingerprint is: an invoice's, or that of a verification that holds it for one. */
  fingerprint: struct({ ...base, invoice: nullable(hash), verification: nullable(hash) }),
} as const;
