import { choice, hash, type Infer, int, nullable, type Schema, struct } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { daySchema } from "../fields.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";
import { gradeSchema } from "./card.ts";
import { ALLIANCE_POLICY_ID, policyIdOf } from "./cards.ts";
import { type Facts, factsId, monthOf } from "./facts.ts";
import { featuresOf, gradesIn } from "./features.ts";
import { advanceBpOf, type Grade, lineOf, type Score, scoreOf } from "./scorecard.ts";

/** What a lender's engine says it decided by. Mode A: the scorecard alone; mode B: a model as well, and the worse of the two counts. */
export const attestedSchema = struct({
  mode: choice("A", "B"),
  policy: hash,
  /** Features were taken on this day from this version of the borrower's facts; 0 where there are none. */
  day: daySchema,
  facts: int(),
  score: int({ min: -10_000, max: 10_000 }),
  grade: gradeSchema,
  model: nullable(
    struct({
      card: hash,
      /** The model's output in 10⁻⁴. */
      outQ: int({ max: 10_000 }),
      /** Hash of the runtime's name, version and provider, for an auditor's second run. */
      runtime: hash,
    }) as Schema<{ readonly card: Hash; readonly outQ: number; readonly runtime: Hash }>,
  ),
});
export type Attested = Infer<typeof attestedSchema>;

interface Terms {
  readonly lender: Hash;
  readonly borrower: Hash;
  readonly currency: string;
  readonly outcome: "APPROVED" | "REFER" | "DECLINE";
  readonly amount: Amount;
  readonly advanceBp: number;
  readonly tenorDays: number;
  /** Officers lend against what score and model say: those must be told truly all the same. */
  readonly isOverridden: boolean;
}

/** Months whose payments a line is measured by: the present one and two before it. */
const LINE_MONTHS = 3;

/** Holds an attested decision against what every node computes for itself: the score must be the same, and the terms within it. */
export function attestedHolds(situation: Situation, attested: Attested, terms: Terms): void {
  const { book, day } = situation;
  require(attested.policy === policyInForce(situation, terms.lender), "POLICY_NOT_IN_FORCE");
  require(attested.day === day || attested.day === day - 1, "DAY_OUT_OF_RANGE");
  const facts =
    book.find("creditFacts", factsId(terms.borrower, terms.currency)) ?? noFacts(terms.borrower, terms.currency, attested.day);
  require(facts.version === attested.facts, "VERSION_MISMATCH");
  const { card } = book.get("riskPolicy", attested.policy);
  const features = featuresOf(facts, attested.day, gradesIn(book));
  const score = scoreOf(card, features);
  require(score.score === attested.score && score.grade === attested.grade, "SCORE_MISMATCH");
  require((attested.mode === "B") === (attested.model !== null), "MODEL_NOT_IN_FORCE");
  const byModel = attested.model === null ? null : modelSays(situation, attested.model, terms.lender);
  if (terms.outcome !== "APPROVED" || terms.isOverridden) return;
  const grade = worse(card, score.grade, byModel);
  require(byModel !== "GUARD" && grade !== lastOf(card), "SCORE_TOO_LOW");
  require(terms.advanceBp <= advanceBpOf(card, grade, features, terms.tenorDays), "ADVANCE_TOO_HIGH");
  require(facts.borrowed + terms.amount <= lineOf(card, grade, paidLately(facts, attested.day)), "LINE_EXCEEDED");
}

/** A party's score on a day: what `credit_score` answers and what decisions are held against. */
export function creditScore(
  situation: Pick<Situation, "book" | "day">,
  party: Hash,
  currency: string,
  policy: Hash,
): Score | undefined {
  const facts = situation.book.find("creditFacts", factsId(party, currency));
  const found = situation.book.find("riskPolicy", policy);
  if (facts === undefined || found === undefined) return undefined;
  return scoreOf(found.card, featuresOf(facts, situation.day, gradesIn(situation.book)));
}

/** The lender's own card, or the alliance's. */
export function policyInForce({ book }: Pick<Situation, "book">, lender: Hash): Hash {
  const own = policyIdOf(lender);
  return book.find("riskPolicy", own) === undefined ? ALLIANCE_POLICY_ID : own;
}

/** The grade that the model's output stands for; "GUARD" where it is so near a cut-off that a second run might fall on the other side. */
function modelSays({ book, timeMs }: Situation, said: NonNullable<Attested["model"]>, lender: Hash): Grade | "GUARD" {
  const model = book.get("modelCard", said.card);
  const inForce = model.status === "ACTIVE" && model.lender === lender && (model.untilMs === null || timeMs < model.untilMs);
  require(inForce, "MODEL_NOT_IN_FORCE");
  const near = model.calibration.some(({ fromQ }) => fromQ > 0 && Math.abs(said.outQ - fromQ) <= model.guardBandQ);
  const { grade } = model.calibration.find(({ fromQ }) => said.outQ >= fromQ) as (typeof model.calibration)[number];
  return near ? "GUARD" : grade;
}

function worse({ grades }: ObjectOf<"riskPolicy">["card"], one: Grade, other: Grade | "GUARD" | null): Grade {
  const rank = (grade: Grade): number => grades.findIndex((each) => each.grade === grade);
  if (other === null || other === "GUARD") return one;
  // A grade that the card does not know is none to lend on.
  if (rank(other) < 0) return lastOf({ grades });
  return rank(other) > rank(one) ? other : one;
}

function lastOf({ grades }: Pick<ObjectOf<"riskPolicy">["card"], "grades">): Grade {
  return (grades.at(-1) as (typeof grades)[number]).grade;
}

/** What a line is measured by. Minor units. */
export function paidLately({ months }: Facts, day: number): Amount {
  const month = monthOf(day);
  return months.reduce((sum, each) => (each.month > month - LINE_MONTHS ? sum + each.paid : sum), 0n);
}

function noFacts(party: Hash, currency: string, day: number): Facts {
  return {
    id: factsId(party, currency),
    version: 0,
    party,
    currency,
    firstDay: day,
    months: [],
    debtors: [],
    others: 0n,
    disputed: 0n,
    overdue: 0,
    overdueSince: null,
    borrowed: 0n,
  };
}
