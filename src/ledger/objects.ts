import { keyPurposeSchema, legalIdSchema, paramsSchema } from "../codec/genesis.ts";
import {
  amount,
  bool,
  choice,
  hash,
  type Infer,
  int,
  list,
  memberId,
  nullable,
  optional,
  publicKey,
  type Schema,
  struct,
  text,
} from "../codec/schema.ts";
import { LIMITS } from "../types/limits.ts";
import { FEATURES } from "./credit/feature-names.ts";
import { changeSchema, featureNameSchema } from "./governance/change.ts";

/** Every object has its id and a version that starts at 1 and rises by one with each change. */
const base = { id: hash, version: int({ min: 1 }) } as const;
export const currencySchema = text({ min: 3, max: 3, pattern: /^[A-Z]{3}$/ });
/** Days since 1970-01-01 in UTC+8: up to the year 2200. */
export const daySchema = int({ max: 84_000 });
const ppm = int({ max: 1_000_000 });
const bp = int({ max: 10_000 });
export const roleSchema = text({ min: 2, max: 32, pattern: /^[A-Z_]+$/ });

export const policyRuleSchema = struct({
  /** An operation kind, a prefix such as "receivable.*", or "*". */
  action: text({ min: 1, max: LIMITS.kindCharsMax, pattern: /^(\*|[a-zA-Z.]+(\.\*)?)$/ }),
  amountMin: amount(),
  makers: int({ max: LIMITS.signersMax }),
  checkers: int({ max: LIMITS.signersMax }),
});

export const gradeSchema = choice("A", "B", "C", "D", "E");

/** A scorecard (domain.md §4.2): points by feature and bin, grades, probabilities, and what may be lent at each grade. */
export const cardSchema = struct({
  base: int({ max: 10_000 }),
  tables: list(
    struct({
      feature: choice(...FEATURES),
      /** Points where there is nothing to judge by. */
      none: int({ min: -1_000, max: 1_000 }),
      bins: list(struct({ below: nullable(int({ max: 1_000_000 })), points: int({ min: -1_000, max: 1_000 }) }), {
        min: 1,
        max: 16,
      }),
    }),
    { min: 1, max: 32 },
  ),
  grades: list(
    struct({
      grade: gradeSchema,
      from: int({ max: 10_000 }),
      advanceCutBp: bp,
      capMinorUnits: amount(),
      /** Of a month's payments. */
      multiplePercent: int({ max: 10_000 }),
    }),
    { min: 2, max: 5 },
  ),
  pd: list(struct({ from: int({ max: 10_000 }), bp }), { min: 1, max: 32 }),
  advanceMaxBp: bp,
  dilutionFreeBp: bp,
  tenorFreeDays: int({ max: 3_660 }),
  tenorCutBpPerDay: int({ max: 100 }),
});

/** Every kind of object in the state. */
export const SCHEMAS = {
  /** An organisation of the alliance (成员). */
  member: struct({ ...base, name: memberId, party: hash, nodeKey: publicKey, authorityKey: optional(publicKey), order: int() }),
  /** Someone who can owe, hold, lend or attest. Names and addresses are never here. */
  party: struct({
    ...base,
    legalId: legalIdSchema,
    /** None is left to a former member that had only those of membership. */
    roles: list(roleSchema, { max: 16, sortedBy: (role) => role }),
    size: choice("LARGE", "SME", "GOV", "NA"),
    status: choice("ACTIVE", "SUSPENDED"),
    sponsor: memberId,
    policy: list(policyRuleSchema, { max: 32 }),
    keys: list(publicKey, { max: LIMITS.keysPerPartyMax }),
    /** Receivables that this party owes and that are overdue: the debtor gate (银发〔2025〕77号, art. 15). */
    overdue: int(),
  }),
  /** Its id is the public key itself. */
  key: struct({
    ...base,
    party: hash,
    purpose: keyPurposeSchema,
    fromMs: int(),
    untilMs: optional(int()),
    revokedMs: optional(int()),
  }),
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
  }),
  delivery: struct({
    ...base,
    contract: hash,
    amount: amount(),
    day: daySchema,
    accepted: amount(),
    status: choice("PENDING", "ACCEPTED", "REJECTED"),
    mode: choice("NONE", "SIGNED", "DEEMED"),
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
  }),
  /** A trade receivable (应收账款), the root: its terms are fixed once it is effective. */
  receivable: struct({
    ...base,
    seller: hash,
    debtor: hash,
    currency: currencySchema,
    face: amount(),
    confirmed: amount(),
    issueDay: daySchema,
    maturityDay: daySchema,
    mode: choice("EXISTENCE", "UNCONDITIONAL"),
    origin: choice("SELLER", "DEBTOR"),
    contract: hash,
    document: hash,
    allocation: list(struct({ invoice: hash, amount: amount() }), { min: 1, max: 64 }),
    status: choice("PROPOSED", "EFFECTIVE", "MATURED", "OVERDUE", "SETTLED", "REJECTED", "WITHDRAWN", "LAPSED", "CANCELLED"),
    deadlineMs: int(),
    /** The parameters of its own birth: later votes do not touch its terms. */
    cutoffDays: int({ max: 30 }),
    graceDays: int({ max: 366 }),
    /** Double entry per root: live + redeemed + diluted + cancelled + setoff = confirmed. */
    live: amount(),
    redeemed: amount(),
    diluted: amount(),
    cancelled: amount(),
    setoff: amount(),
    /** Live leaves now, and whether one was ever moved or encumbered. */
    leaves: int(),
    moved: bool,
  }),
  /** A share of a receivable in one hand: a leaf, consumed and created, never changed in amount. */
  note: struct({
    ...base,
    receivable: hash,
    parent: nullable(hash),
    depth: int({ max: 64 }),
    currency: currencySchema,
    amount: amount({ min: 1n }),
    holder: hash,
    position: choice("OPEN", "OFFERED", "RESERVED", "COMMITTED", "PLEDGED", "ASSIGNED", "REDEEMED", "CONSUMED", "CANCELLED"),
    /** The offer, application or loan that the position is due to. */
    ref: nullable(hash),
  }),
  offer: struct({
    ...base,
    note: hash,
    from: hash,
    to: hash,
    expiresMs: int(),
    status: choice("PENDING", "ACCEPTED", "REJECTED", "WITHDRAWN", "EXPIRED"),
  }),
  /** Notice of assignment (债权转让通知, Civil Code art. 546): its arrival is this record's block. */
  notice: struct({
    ...base,
    receivable: hash,
    note: hash,
    to: hash,
    by: hash,
    height: int(),
    timeMs: int(),
    reason: choice("TRANSFER", "PLEDGE", "ASSIGNMENT"),
  }),
  application: struct({
    ...base,
    borrower: hash,
    lenders: list(hash, { min: 1, max: 8, sortedBy: (lender) => lender }),
    notes: list(hash, { min: 1, max: 64, sortedBy: (note) => note }),
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
    expiresMs: int(),
    /** What an engine decided by; null where officers did. */
    score: nullable(int({ min: -10_000, max: 10_000 })),
    grade: nullable(gradeSchema),
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
    advanceBp: bp,
    recourse: bool,
    security: choice("PLEDGE", "ASSIGNMENT"),
    notes: list(hash, { max: 128 }),
    filing: nullable(hash),
    instruction: nullable(hash),
    payByMs: int(),
    status: choice("COMMITTED", "ORDERED", "ACTIVE", "VOID", "REPAID"),
  }),
  /** Money that a bank attests; its id is made from (bank, reference), so each counts once. */
  payment: struct({
    ...base,
    bank: hash,
    reference: hash,
    payer: hash,
    currency: currencySchema,
    amount: amount({ min: 1n }),
    valueDay: daySchema,
    lines: list(struct({ note: hash, amount: amount({ min: 1n }) }), { min: 1, max: 128, sortedBy: ({ note }) => note }),
    evidence: hash,
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
  /** The chain parameters in force. */
  param: struct({ ...base, values: paramsSchema as Schema<Infer<typeof paramsSchema>> }),
  /** A change that members voted on, or vote on; `decided` is the height of its last vote, 0 while it is open. */
  proposal: struct({
    ...base,
    by: memberId,
    change: changeSchema,
    document: optional(hash),
    expiresMs: int(),
    votes: list(struct({ member: memberId, approve: bool }), { max: LIMITS.membersMax, sortedBy: ({ member }) => member }),
    status: choice("OPEN", "PASSED", "REJECTED", "WITHDRAWN", "EXPIRED"),
    decided: int(),
  }),
  /** A change of the rules themselves, from `height` on. */
  feature: struct({ ...base, name: featureNameSchema, height: int() }),
  /** An authority key has shown that it runs: it signed for a block that the chain had at `height`. Its id is made from the key. */
  readiness: struct({ ...base, member: memberId, key: publicKey, height: int() }),
  /** The turn table (protocol.md §4), and who of the authorities is live (§5). */
  turns: struct({
    ...base,
    /** The authorities of the next height, in member order. */
    entries: list(
      struct({
        member: memberId,
        misses: int(),
        restUntil: int(),
        ended: bool,
        /** The height of a precommit that a block carried; 0 if none did. Noted in steps, so it may be a little behind. */
        seen: int(),
        /** With this key, and forgiven what was before, since this height. */
        since: int(),
      }),
      { max: LIMITS.authoritiesMax },
    ),
    /** The authorities of the last height, and the positions of those that took turns there: for judging its commit a block later. */
    order: list(memberId, { max: LIMITS.authoritiesMax }),
    active: list(int({ max: LIMITS.authoritiesMax - 1 }), { max: LIMITS.authoritiesMax }),
    /** Blocks that readiness may name. */
    waymarks: list(struct({ height: int(), block: hash }), { max: LIMITS.livenessBlocks / LIMITS.livenessStepBlocks }),
  }),
  evidence: struct({
    ...base,
    authority: memberId,
    height: int(),
    round: int(),
    offence: choice("prevote", "precommit", "proposal"),
    recorded: int(),
  }),
  /** Settled facts of a seller or borrower in one currency, by month: what trade credit (交易信用) is computed from. */
  creditFacts: struct({
    ...base,
    party: hash,
    currency: currencySchema,
    firstDay: daySchema,
    months: list(
      struct({
        month: int(),
        orders: int(),
        invoiced: amount(),
        confirmed: amount(),
        evidenced: amount(),
        due: amount(),
        paid: amount(),
        paidOnTime: amount(),
        /** Amount times days after maturity. */
        delay: amount({ min: -(2n ** 63n) }),
        maxDpd: int(),
        diluted: amount(),
      }),
      { max: 13 },
    ),
    debtors: list(struct({ debtor: hash, live: amount() }), { max: LIMITS.creditDebtorsMax, sortedBy: ({ debtor }) => debtor }),
    others: amount(),
    disputed: amount(),
    overdue: int(),
    overdueSince: nullable(daySchema),
    borrowed: amount(),
  }),
  /** How good a debtor is, by the newest word of a lender: 1 (best) to 6. */
  debtorGrade: struct({ ...base, debtor: hash, grade: int({ min: 1, max: 6 }), by: hash, day: daySchema }),
  /** The scorecard of a lender, or of the alliance. */
  riskPolicy: struct({
    ...base,
    lender: nullable(hash),
    validator: nullable(hash),
    card: cardSchema as Schema<Infer<typeof cardSchema>>,
  }),
  /** A model by the hash of its file: what its output means, who vouches for it. */
  modelCard: struct({
    ...base,
    lender: hash,
    validator: hash,
    onnx: hash,
    opset: int(),
    featureProgram: hash,
    inputSchema: hash,
    trainData: hash,
    metrics: hash,
    calibration: list(struct({ fromQ: int({ max: 10_000 }), grade: gradeSchema }), { min: 2, max: 8 }),
    guardBandQ: int({ max: 1_000 }),
    fromMs: int(),
    untilMs: nullable(int()),
    status: choice("ACTIVE", "RETIRED"),
  }),
  // Internal: what makes uniqueness and due work readable without a scan.
  members: struct({ ...base, names: list(memberId, { max: LIMITS.membersMax }) }),
  features: struct({ ...base, names: list(featureNameSchema, { max: LIMITS.featuresMax, sortedBy: (name) => name }) }),
  legalId: struct({ ...base, party: hash }),
  contractNumber: struct({ ...base, contract: hash }),
  bankReference: struct({ ...base, object: hash }),
  fingerprint: struct({ ...base, invoice: hash }),
  dueDays: struct({ ...base, days: list(int(), { max: 100_000 }) }),
  dueDay: struct({ ...base, minutes: list(int(), { max: 1_440 }) }),
  dueBucket: struct({
    ...base,
    /** Items in this bucket and below it. */
    count: int(),
    /** Whether its items lie in buckets below, by the next hex digit of the object's id. */
    divided: bool,
    items: list(
      struct({ target: choice("offer", "application", "decision", "loan", "receivable", "delivery", "proposal"), object: hash }),
      {
        max: 64,
      },
    ),
  }),
} as const;

export type Kind = keyof typeof SCHEMAS;
export type ObjectOf<K extends Kind> = Infer<(typeof SCHEMAS)[K]>;
export type LedgerObject = { readonly id: string; readonly version: number };
