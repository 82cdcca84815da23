import { amount, bool, choice, type Infer, int, list, nullable, type Schema, struct } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { FEATURES } from "../../types/score-features.ts";
import { bp } from "../fields.ts";

export const gradeSchema = choice("A", "B", "C", "D", "E");

/** What closes the way to an engine's approval whatever the score (domain.md §4.3). A number of 0 switches its gate off. */
export const gatesSchema = struct({
  /** Whether trade within one group of parties may be financed. */
  relatedAllowed: bool,
  /** Trade that comes back to its seller over at most four parties within so many days… */
  cycleDays: int({ max: LIMITS.tradeLinkDays }),
  /** …each of them with at least this share of the invoice. */
  cycleShareBp: int({ max: 10_000 }),
  /** What was invoiced in 30 days, of a usual month. */
  velocityPercentMax: int({ max: 10_000 }),
  /** What may be open between two parties before the first payment between them. */
  newPairCapMinorUnits: amount(),
  /** An invoice, of the mean of the pair's others. */
  ticketPercentMax: int({ max: 100_000 }),
  /** Since the tax authority was last asked. */
  invoiceAgeHoursMax: int({ max: 10_000 }),
});

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
  gates: gatesSchema as Schema<Infer<typeof gatesSchema>>,
});
