import type { TestChain } from "../support/chain.ts";

/** Where an object's place in its life stands: in its status, a note's in its position. */
const FIELD: Readonly<Record<string, "status" | "position">> = {
  receivable: "status",
  note: "position",
  offer: "status",
  application: "status",
  decision: "status",
  loan: "status",
  delivery: "status",
  dispute: "status",
  freeze: "status",
  amendment: "status",
  payment: "status",
  filing: "status",
};

/** Follows a chain's history: from which status to which each object went, as one transaction or one thing falling due left it. */
export class StatusMoves {
  readonly #now = new Map<string, string>();
  #read = 0;

  since({ history }: Pick<TestChain, "history">): readonly string[] {
    const moves: string[] = [];
    for (const { kind, id, after } of history.slice(this.#read)) {
      const field = FIELD[kind];
      if (field === undefined) continue;
      const before = this.#now.get(kind + id) ?? "";
      const now = after === undefined ? "gone" : (after as unknown as Readonly<Record<string, string>>)[field];
      if (now === undefined || now === before) continue;
      this.#now.set(kind + id, now);
      moves.push(`${kind}: ${before} → ${now}`);
    }
    this.#read = history.length;
    return moves;
  }
}

/**
 * The moves that the domain lists (domain.md §2.2, §2.3), as one transaction, or one thing falling due, leaves an object: a note that is
 * split, moved or paid in part is consumed by its children, a maturity that comes late is overdue or in default at once, and a reversal takes back what
 * a payment ended. "" is where there was nothing.
 */
const LISTED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  amendment: { "": ["PENDING", "EFFECTIVE"], PENDING: ["EFFECTIVE"] },
  application: { "": ["OPEN"], OPEN: ["ACCEPTED", "EXPIRED", "WITHDRAWN"] },
  decision: { "": ["LIVE"], LIVE: ["ACCEPTED", "EXPIRED", "VOID"] },
  delivery: { "": ["PENDING"], PENDING: ["ACCEPTED", "REJECTED"] },
  dispute: {
    "": ["RAISED", "RECORDED"],
    RAISED: ["ANSWERED", "AWARDED", "SETTLED", "WITHDRAWN"],
    ANSWERED: ["AWARDED", "SETTLED", "WITHDRAWN"],
  },
  filing: { "": ["ACTIVE"], ACTIVE: ["CANCELLED"], CANCELLED: ["ACTIVE"] },
  freeze: { "": ["ACTIVE"], ACTIVE: ["LIFTED", "TRANSFERRED"] },
  loan: {
    "": ["COMMITTED"],
    COMMITTED: ["ORDERED", "VOID"],
    ORDERED: ["ACTIVE", "VOID"],
    ACTIVE: ["REPAID"],
    REPAID: ["ACTIVE"],
  },
  note: {
    "": ["OPEN", "OFFERED", "COMMITTED", "PLEDGED", "ASSIGNED", "CONSUMED", "DILUTED", "REDEEMED", "SETOFF"],
    OPEN: ["OFFERED", "RESERVED", "PLEDGED", "CONSUMED", "CANCELLED", "DILUTED", "MERGED", "REDEEMED", "SETOFF"],
    OFFERED: ["OPEN", "CONSUMED", "REDEEMED"],
    RESERVED: ["OPEN", "COMMITTED", "CONSUMED", "REDEEMED"],
    COMMITTED: ["OPEN", "PLEDGED", "CONSUMED"],
    PLEDGED: ["OPEN", "CONSUMED", "DILUTED", "MERGED", "REDEEMED", "SETOFF"],
    ASSIGNED: ["OPEN", "CONSUMED", "DILUTED", "MERGED", "REDEEMED", "SETOFF"],
    REDEEMED: ["CONSUMED", "MERGED"],
  },
  offer: { "": ["PENDING"], PENDING: ["ACCEPTED", "EXPIRED", "REJECTED", "WITHDRAWN"] },
  payment: { "": ["ATTESTED"], ATTESTED: ["REVERSED"] },
  receivable: {
    "": ["PROPOSED"],
    PROPOSED: ["EFFECTIVE", "LAPSED", "REJECTED", "WITHDRAWN"],
    EFFECTIVE: ["MATURED", "OVERDUE", "DEFAULTED", "CANCELLED", "SETTLED"],
    MATURED: ["OVERDUE", "DEFAULTED", "SETTLED"],
    OVERDUE: ["DEFAULTED", "SETTLED"],
    DEFAULTED: ["SETTLED"],
    SETTLED: ["EFFECTIVE", "MATURED", "OVERDUE", "DEFAULTED"],
  },
};

/** Listed, and so seldom that only long runs are sure to reach them. */
const SELDOM: ReadonlySet<string> = new Set([
  "dispute: ANSWERED → AWARDED",
  "dispute: ANSWERED → SETTLED",
  "dispute: ANSWERED → WITHDRAWN",
  "dispute: RAISED → ANSWERED",
  "dispute: RAISED → AWARDED",
  "dispute: RAISED → SETTLED",
  "note:  → CONSUMED",
  "note:  → OFFERED",
  "note:  → PLEDGED",
  "note:  → COMMITTED",
  "note: OPEN → PLEDGED",
  "note: OFFERED → REDEEMED",
  "note: RESERVED → REDEEMED",
  "note: PLEDGED → CONSUMED",
  "note: PLEDGED → DILUTED",
  "note: PLEDGED → MERGED",
  "note: PLEDGED → REDEEMED",
  "note: PLEDGED → SETOFF",
  "note: ASSIGNED → DILUTED",
  "note: ASSIGNED → MERGED",
  "note: ASSIGNED → REDEEMED",
  "note: REDEEMED → MERGED",
  "note: ASSIGNED → SETOFF",
  "receivable: EFFECTIVE → DEFAULTED",
  "receivable: MATURED → DEFAULTED",
  "receivable: MATURED → OVERDUE",
  "receivable: MATURED → SETTLED",
  "receivable: SETTLED → EFFECTIVE",
  "receivable: SETTLED → MATURED",
]);

export const LISTED_MOVES: ReadonlySet<string> = new Set(
  Object.entries(LISTED).flatMap(([kind, froms]) =>
    Object.entries(froms).flatMap(([from, tos]) => tos.map((to) => `${kind}: ${from} → ${to}`)),
  ),
);

export const USUAL_MOVES: readonly string[] = [...LISTED_MOVES].filter((move) => !SELDOM.has(move));
