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
import { cardSchema, gradeSchema } from "./credit/card.ts";
import { FEATURES } from "./credit/feature-names.ts";
import { base, bp, currencySchema, daySchema, ppm } from "./fields.ts";
import { GOODS_SCHEMAS, SECURED } from "./goods/objects.ts";
import { changeSchema, featureNameSchema } from "./governance/change.ts";
import { MONEY_MAX } from "./money.ts";

export { currencySchema, daySchema } from "./fields.ts";

export const roleSchema = text({ min: 2, max: 32, pattern: /^[A-Z_]+$/ });

export const policyRuleSchema = struct({
  /** An operation kind, a prefix such as "receivable.*", or "*". */
  action: text({ min: 1, max: LIMITS.kindCharsMax, pattern: /^(\*|[a-zA-Z.]+(\.\*)?)$/ }),
  amountMin: amount(),
  makers: int({ max: LIMITS.signersMax }),
  checkers: int({ max: LIMITS.signersMax }),
});

/** A fee disclosed with the terms of a loan: who pays whom, how much, for what. */
export const feeSchema = struct({
  payer: hash,
  payee: hash,
  amount: amount({ min: 1n }),
  basis: choice("SERVICE", "GUARANTEE", "REGISTRATION"),
});

/** Why a decision goes against what gates, score or model say: a word for lists, and the document that says it all. */
export const overrideSchema = struct({ reason: text({ min: 1, max: 32, pattern: /^[A-Za-z0-9_]+$/ }), document: hash });

/** A note that a payment redeemed, what it secured, and the order that kept the money. */
export const redeemedSchema = struct({ note: hash, loan: nullable(hash), freeze: nullable(hash) });

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

/** Counterparties of the last days, those with the smallest ids if there are too many; `moreDay` is the last day on which one was left out. */
const linksSchema = struct({
  to: list(struct({ party: hash, day: daySchema, most: amount() }), {
    max: LIMITS.tradeLinksMax,
    sortedBy: ({ party }) => party,
  }),
  moreDay: nullable(daySchema),
});

/** Positions in which a note is no longer a claim: paid, replaced by others, or ended. */
export const ENDED_POSITIONS = ["REDEEMED", "CONSUMED", "CANCELLED", "DILUTED", "SETOFF", "MERGED"] as const;

/** What of a contract may be amended. */
export const contractTermsSchema = struct({
  total: amount({ min: 1n, max: MONEY_MAX }),
  toleranceBp: int({ max: 10_000 }),
  payTermDays: int({ max: 3_660 }),
  inspectionDays: int({ max: 366 }),
  document: hash,
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
    /** A commitment to the group of related parties. */
    group: optional(hash),
    /** Who suspended it last, and may let it act again. */
    suspendedBy: optional(hash),
  }),
  /** A party's data may be used by another. */
  consent: struct({
    ...base,
    party: hash,
    to: hash,
    purpose: choice("CREDIT", "TRADE", "AUDIT"),
    document: hash,
    untilMs: int(),
    status: choice("GRANTED", "REVOKED"),
  }),
  /** A new key waits to take the place of a party's lost ones. */
  recovery: struct({
    ...base,
    party: hash,
    key: publicKey,
    members: list(memberId, { min: 1, max: LIMITS.signersMax - 1, sortedBy: (name) => name }),
    document: hash,
    readyMs: int(),
    status: choice("PENDING", "DONE", "REFUSED"),
  }),
  /** The bank days of a year that are not Monday to Friday, and the Mondays to Fridays that are none (调休). */
  bankDays: struct({
    ...base,
    year: int({ min: 1970, max: 2200 }),
    closed: list(daySchema, { max: 64 }),
    open: list(daySchema, { max: 64 }),
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
  verification: struct({
    ...base,
    verifier: hash,
    seller: hash,
    buyer: hash,
    currency: currencySchema,
    total: amount({ min: 1n }),
    tax: amount(),
    issueDay: daySchema,
    document: hash,
    fingerprint: hash,
    likenesses: list(hash, { max: 4 }),
    doubted: bool,
    verifiedMs: int(),
    expiresMs: int(),
  }),
  /** An invoice was seen financed where the alliance does not reach. */
  outsideClaim: struct({
    ...base,
    by: hash,
    fingerprint: hash,
    source: choice("BANK", "BILL", "PLATFORM", "REGISTRY"),
    proof: hash,
    seenMs: int(),
    status: choice("ACTIVE", "LIFTED"),
  }),
  /** Keys of the alliance's verifiers, by commitments: which is used, and since when. The keys themselves are never here. */
  fingerprintEpochs: struct({
    ...base,
    epochs: list(struct({ epoch: int({ min: 1 }), fromMs: int(), key: nullable(hash) }), { min: 1, max: 16 }),
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
    status: choice(
      "PROPOSED",
      "EFFECTIVE",
      "MATURED",
      "OVERDUE",
      "DEFAULTED",
      "SETTLED",
      "REJECTED",
      "WITHDRAWN",
      "LAPSED",
      "CANCELLED",
      "REPLACED",
    ),
    deadlineMs: int(),
    /** The parameters of its own birth: later votes do not touch its terms. */
    cutoffDays: int({ max: 30 }),
    graceDays: int({ max: 366 }),
    defaultDays: int({ max: 3_660 }),
    /** Double entry per root: live + redeemed + diluted + cancelled + setoff = confirmed. */
    live: amount(),
    redeemed: amount(),
    diluted: amount(),
    cancelled: amount(),
    setoff: amount(),
    /** Live leaves now, and whether one was ever moved or encumbered. */
    leaves: int(),
    moved: bool,
    /** Whether the debtor has notice of an assignment or pledge of any of it. */
    noticed: bool,
    /** How often its maturity was put off. */
    extensions: int(),
    guarantees: list(hash, { max: 8 }),
    /** The receivable whose place it took by a change of medium. */
    replaces: nullable(hash),
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
    position: choice("OPEN", "OFFERED", "RESERVED", "COMMITTED", "PLEDGED", "ASSIGNED", ...ENDED_POSITIONS),
    /** The offer, application or loan that the position is due to; of a merged note, the one it went into. */
    ref: nullable(hash),
    /** The authority's order that freezes it. It stands beside the position and comes before it. */
    hold: nullable(hash),
    /** The dispute that it is the subject of, all of it: a part in dispute is carved out. */
    dispute: nullable(hash),
    /** Of a consumed note: how many of those that it was consumed by are still in the state; absent: one. */
    parts: optional(int()),
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
    reason: choice("TRANSFER", "PLEDGE", "ASSIGNMENT", "RESALE", "SUBROGATION", "COMPELLED"),
    /** When the party notified said that it has seen it: evidence only, the notice arrived before. */
    acknowledgedMs: optional(int()),
  }),
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
  /** How much of what secures a lender's loans, or is committed to them, a debtor owes; null: all debtors. */
  exposure: struct({ ...base, lender: hash, debtor: nullable(hash), currency: currencySchema, amount: amount() }),
  /** What a debtor has promised by certificates and not paid, and the most that its bank lets it promise. */
  programme: struct({
    ...base,
    debtor: hash,
    bank: nullable(hash),
    currency: currencySchema,
    used: amount(),
    limit: nullable(amount()),
  }),
  /** The debtor contests a part of what it owes (争议). */
  dispute: struct({
    ...base,
    receivable: hash,
    /** The note that carries it now; of a dispute that is only recorded, the note it was raised on. */
    note: hash,
    by: hash,
    amount: amount({ min: 1n }),
    reason: choice("QTY", "QUALITY", "PRICE", "NOT_DELIVERED", "DUPLICATE", "ALREADY_PAID", "FORGED", "TAX_RED", "OTHER"),
    evidence: hash,
    response: nullable(hash),
    upheld: amount(),
    /** The loan that the note secured when the dispute was decided. */
    loan: nullable(hash),
    status: choice("RAISED", "RECORDED", "ANSWERED", "SETTLED", "AWARDED", "WITHDRAWN"),
  }),
  /** An authority's order over a note (冻结); payments on it are kept in deposit (提存). */
  freeze: struct({
    ...base,
    /** CONTEST: no authority's order, but the word of who held the note before. */
    kind: choice("COURT", "REGULATOR", "POLICE", "GOVERNANCE", "CONTEST"),
    /** The authority, or the members that stand for one. */
    by: list(hash, { min: 1, max: LIMITS.signersMax, sortedBy: (party) => party }),
    document: hash,
    note: hash,
    amount: amount({ min: 1n }),
    deposited: amount(),
    /** Whose the deposit is when the order is lifted: a loan's, if the note secured one, else the holder's. */
    owner: hash,
    loan: nullable(hash),
    /** Of a contest: when the holder may have it ended. */
    untilMs: optional(int()),
    status: choice("ACTIVE", "LIFTED", "TRANSFERRED"),
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
    bank: hash,
    reference: hash,
    payer: hash,
    currency: currencySchema,
    amount: amount({ min: 1n }),
    kind: choice("DEBT", "EARLY", "LOAN", "BUYBACK", "GUARANTEE", "LIQUIDATION", "REFUND"),
    /** What an early payment is less than the face that it redeems. */
    discount: amount(),
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
  /** What one seller sold to one debtor in a currency: whether they are new to each other, and how large their trades are. */
  tradePair: struct({
    ...base,
    seller: hash,
    debtor: hash,
    currency: currencySchema,
    firstDay: daySchema,
    orders: int(),
    invoiced: amount(),
    live: amount(),
    paid: amount(),
  }),
  /** Whom a party sold to and bought from lately: the edges of the graph in which circular trade is looked for. */
  tradeLinks: struct({
    ...base,
    party: hash,
    currency: currencySchema,
    sold: linksSchema as Schema<Infer<typeof linksSchema>>,
    bought: linksSchema as Schema<Infer<typeof linksSchema>>,
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
  /** A party's score as it was at a height, by a card: computed by every node, and to be proved like any object. */
  scoreSnapshot: struct({
    ...base,
    party: hash,
    currency: currencySchema,
    policy: hash,
    facts: int(),
    day: daySchema,
    height: int(),
    score: int({ min: -10_000, max: 10_000 }),
    grade: gradeSchema,
    pdBp: bp,
    reasons: list(choice(...FEATURES), { max: 4 }),
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
  ...GOODS_SCHEMAS,
  // Internal: what makes uniqueness and due work readable without a scan.
  members: struct({ ...base, names: list(memberId, { max: LIMITS.membersMax }) }),
  features: struct({ ...base, names: list(featureNameSchema, { max: LIMITS.featuresMax, sortedBy: (name) => name }) }),
  legalId: struct({ ...base, party: hash }),
  contractNumber: struct({ ...base, contract: hash }),
  bankReference: struct({ ...base, object: hash }),
  /** Whose a keyed fingerprint is: an invoice's, or that of a verification that holds it for one. */
  fingerprint: struct({ ...base, invoice: nullable(hash), verification: nullable(hash) }),
  dueDays: struct({ ...base, days: list(int(), { max: 100_000 }) }),
  dueDay: struct({ ...base, minutes: list(int(), { max: 1_440 }) }),
  dueBucket: struct({
    ...base,
    /** Items in this bucket and below it. */
    count: int(),
    /** Whether its items lie in buckets below, by the next hex digit of the object's id. */
    divided: bool,
    items: list(
      struct({
        target: choice(
          "offer",
          "application",
          "decision",
          "loan",
          "receivable",
          "delivery",
          "recovery",
          "proposal",
          "verification",
          "device",
          "endedNote",
          "endedRoot",
        ),
        object: hash,
      }),
      {
        max: 64,
      },
    ),
  }),
} as const;

export type Kind = keyof typeof SCHEMAS;
export type ObjectOf<K extends Kind> = Infer<(typeof SCHEMAS)[K]>;
export type LedgerObject = { readonly id: string; readonly version: number };
