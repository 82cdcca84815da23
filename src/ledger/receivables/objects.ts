import { amount, bool, choice, hash, int, list, nullable, optional, struct } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { base, currencySchema, daySchema } from "../fields.ts";

/** Positions in which a note is no longer a claim: paid, replaced by others, or ended. */
export const ENDED_POSITIONS = ["REDEEMED", "CONSUMED", "CANCELLED", "DILUTED", "SETOFF", "MERGED"] as const;

/** Kinds of objects of receivables: roots, notes, and what stands beside a note. */
export const RECEIVABLE_SCHEMAS = {
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
    /** The yearly rate of late interest, of its birth too; what ended late and was not paid for that, and what was: beside the double entry. */
    latePpm: int(),
    lateDue: amount(),
    latePaid: amount(),
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
    /** Of a note that ended late: interest that is still due, and the loan that the note secured. */
    late: optional(struct({ due: amount(), loan: nullable(hash) })),
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
} as const;
