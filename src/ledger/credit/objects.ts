import { amount, choice, hash, type Infer, int, list, nullable, type Schema, struct } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { FEATURES } from "../../types/score-features.ts";
import { base, bp, currencySchema, daySchema } from "../fields.ts";
import { cardSchema, gradeSchema } from "./card.ts";

/** Counterparties of the last days, those with the smallest ids if there are too many; `moreDay` is the last day on which one was left out. */
const linksSchema = struct({
  to: list(struct({ party: hash, day: daySchema, most: amount() }), {
    max: LIMITS.tradeLinksMax,
    sortedBy: ({ party }) => party,
  }),
  moreDay: nullable(daySchema),
});

/** Kinds of objects of trade credit: facts, scores, cards and models. */
export const CREDIT_SCHEMAS = {
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
} as const;
