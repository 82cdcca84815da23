import {
  amount,
  bool,
  choice,
  hash,
  type Infer,
  int,
  list,
  nullable,
  optional,
  type Schema,
  struct,
  text,
} from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { gradeSchema } from "../credit/card.ts";
import { base, bp, currencySchema, daySchema, ppm } from "../fields.ts";
import { SECURED } from "../goods/objects.ts";

/** A fee disclosed with the terms of a loan: who pays whom, how much, for what. */
export const feeSchema = struct({
  payer: hash,
  payee: hash,
  amount: amount({ min: 1n }),
  basis: choice("SERVICE", "GUARANTEE", "REGISTRATION"),
});

/** Why a decision goes against what gates, score or model say: a word for lists, and the document that says it all. */
export const overrideSchema = struct({ reason: text({ min: 1, max: 32, pattern: /^[A-Za-z0-9_]+$/ }), document: hash });

/** A note that a payment redeemed, what it secured, the order that kept the money, and what was paid with it for being late. */
export const redeemedSchema = struct({ note: hash, loan: nullable(hash), freeze: nullable(hash), late: amount() });

/** What a loan took of a payment, and how it stood before. */
export const loanPaidSchema = struct({
  loan: hash,
  interest: amount(),
  principal: amount(),
  interestBefore: amount(),
  accruedBefore: daySchema,
  paidByBefore: nullable(hash),
  freed: list(hash, { max: 128 }),
  /** Receipts that it freed. */
  receipts: list(hash, { max: LIMITS.receiptsPerLoanMax }),
});

/** Kinds of objects of finance: from the application to the payment, and what a registry says. */
export const FINANCE_SCHEMAS = {
  application: struct({
    ...base,
    borrower: hash,
    lenders: list(hash, { min: 1, max: 8, sortedBy: (lender) => lender }),
    notes: list(hash, { max: 64, sortedBy: (note) => note }),
    ...SECURED,
    currency: currencySchema,
    amount: amount({ min: 1n }),
    consent: hash,
    expiresMs: int(),
    decisions: list(hash, { max: 8 }),
    status: choice("OPEN", "ACCEPTED", "WITHDRAWN", "EXPIRED"),
  }),
  decision: struct({
    ...base,
    application: hash,
    lender: hash,
    outcome: choice("APPROVED", "REFER", "DECLINE"),
    amount: amount(),
    ratePpm: ppm,
    tenorDays: int({ max: 3_660 }),
    advanceBp: bp,
    recourse: bool,
    security: choice("PLEDGE", "ASSIGNMENT"),
    policy: hash,
    reasons: list(text({ min: 1, max: 32, pattern: /^[A-Za-z0-9_]+$/ }), { max: 4 }),
    fees: optional(list(feeSchema, { max: 4 })),
    expiresMs: int(),
    /** What an engine decided by; null where officers did. */
    score: nullable(int({ min: -10_000, max: 10_000 })),
    grade: nullable(gradeSchema),
    /** The model that was asked as well, and its output in 10⁻⁴. */
    model: nullable(struct({ card: hash, outQ: int({ max: 10_000 }) })),
    /** Why officers lent against a closed gate, the score or the model. */
    override: nullable(overrideSchema as Schema<Infer<typeof overrideSchema>>),
    status: choice("LIVE", "ACCEPTED", "VOID", "EXPIRED"),
  }),
  loan: struct({
    ...base,
    application: hash,
    decision: hash,
    lender: hash,
    borrower: hash,
    currency: currencySchema,
    principal: amount({ min: 1n }),
    outstanding: amount(),
    interestDue: amount(),
    interestPaid: amount(),
    /** Interest is accrued up to this civil day. */
    accruedDay: daySchema,
    ratePpm: ppm,
    tenorDays: int({ max: 3_660 }),
    startDay: daySchema,
    /** Added to the rate from the end of the tenor on; as it was when the terms were taken. */
    penaltyPpm: int(),
    /** What the borrower pays in fees: kept back when the money goes out. */
    fee: amount(),
    advanceBp: bp,
    recourse: bool,
    security: choice("PLEDGE", "ASSIGNMENT"),
    notes: list(hash, { max: 128 }),
    ...SECURED,
    /** By which the keeper holds the receipts for the lender. */
    agreement: nullable(hash),
    /** The least value of goods that must stay, where they may otherwise move (动态质押); 0: nothing moves without the lender. */
    floor: amount(),
    /** When a margin call runs out. */
    marginMs: nullable(int()),
    filing: nullable(hash),
    instruction: nullable(hash),
    payByMs: int(),
    /** The last payment that it took: only the last can be reversed. */
    paidBy: nullable(hash),
    /** The lender's own mark; the claim stays as it is. */
    writtenOff: amount(),
    /** Since when recourse to the borrower is demanded. */
    demandedDay: nullable(daySchema),
    status: choice("COMMITTED", "ORDERED", "ACTIVE", "VOID", "REPAID"),
  }),
  /** What a lender has lent to a borrower and not got back, and the most that it will lend. */
  line: struct({ ...base, lender: hash, borrower: hash, currency: currencySchema, used: amount(), limit: nullable(amount()) }),
  /** How much of what secures a lender's loans, or is committed to them, a debtor owes; with no debtor the debtors of a group, or all. */
  exposure: struct({
    ...base,
    lender: hash,
    debtor: nullable(hash),
    /** Of a debtor: the group in whose sum it is counted. */
    group: nullable(hash),
    currency: currencySchema,
    amount: amount(),
  }),
  /** How much a debtor owes in a currency, and how much of it is overdue. */
  debtorAge: struct({ ...base, debtor: hash, currency: currencySchema, live: amount(), behind: amount() }),
  /** What a debtor has promised by certificates and not paid, and the most that its bank lets it promise. */
  programme: struct({
    ...base,
    debtor: hash,
    bank: nullable(hash),
    currency: currencySchema,
    used: amount(),
    limit: nullable(amount()),
  }),
  /** A guarantor's promise for a receivable, up to a cap. */
  guarantee: struct({
    ...base,
    guarantor: hash,
    receivable: hash,
    cap: amount({ min: 1n }),
    used: amount(),
    untilDay: daySchema,
    document: hash,
  }),
  /** Money that a bank attests; its id is made from (bank, reference), so each counts once. */
  payment: struct({
    ...base,
    /** DEPOSIT: who held the money back and lets it go; the reference is then the order. */
    bank: hash,
    reference: hash,
    payer: hash,
    currency: currencySchema,
    amount: amount({ min: 1n }),
    kind: choice("DEBT", "EARLY", "LOAN", "BUYBACK", "GUARANTEE", "LIQUIDATION", "REFUND", "LATE", "DEPOSIT"),
    /** What an early payment is less than the face that it redeems; what a late one is more. */
    discount: amount(),
    late: amount(),
    valueDay: daySchema,
    recordedMs: int(),
    lines: list(struct({ note: hash, amount: amount({ min: 1n }) }), { max: 128, sortedBy: ({ note }) => note }),
    /** What became of it, so that a reversal finds its way back: the notes that it redeemed, and the loans that it paid. */
    redeemed: list(redeemedSchema, { max: 128 }),
    loans: list(loanPaidSchema, { max: 128 }),
    status: choice("ATTESTED", "REVERSED"),
    evidence: hash,
    /** By which its payer became a creditor. */
    guarantee: optional(hash),
  }),
  /** A filing in the public registry (中登网 登记): the priority clock of art. 768. */
  filing: struct({
    ...base,
    by: hash,
    loan: hash,
    number: hash,
    /** As the registry shows it; `recordedMs` is the block that brought it to the chain. */
    timeMs: int(),
    recordedMs: int(),
    untilDay: daySchema,
    proof: hash,
    status: choice("ACTIVE", "CANCELLED"),
  }),
  /** A search in the public registry, attested. */
  search: struct({
    ...base,
    by: hash,
    subject: hash,
    hits: int({ max: 100_000 }),
    result: hash,
    timeMs: int(),
    recordedMs: int(),
  }),
  bankReference: struct({ ...base, object: hash }),
} as const;
