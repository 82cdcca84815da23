import type { Amount } from "../../types/scalars.ts";
import { FEATURES, type Feature } from "../../types/score-features.ts";
import type { ObjectOf } from "../objects.ts";
import type { Features } from "./features.ts";

export type Scorecard = ObjectOf<"riskPolicy">["card"];
type Table = Scorecard["tables"][number];
export type Grade = Scorecard["grades"][number]["grade"];

export interface Score {
  readonly score: number;
  readonly grade: Grade;
  /** Probability of default in basis points, from the card's table. */
  readonly pdBp: number;
  readonly points: readonly { readonly feature: Feature; readonly value: number | null; readonly points: number }[];
  /** The features that cost most against their best bin, at most four. */
  readonly reasons: readonly Feature[];
}

const REASONS_MAX = 4;

/** The score of features under a card: sums of table entries, nothing that two machines could compute differently. */
export function scoreOf(card: Scorecard, features: Features): Score {
  const rows = card.tables.map((table) => {
    const value = features[table.feature];
    const points = pointsOf(table, value);
    return { feature: table.feature, value, points, lost: bestOf(table) - points };
  });
  const score = rows.reduce((sum, { points }) => sum + points, card.base);
  const reasons = rows
    .filter(({ lost }) => lost > 0)
    .sort((left, right) => right.lost - left.lost || FEATURES.indexOf(left.feature) - FEATURES.indexOf(right.feature))
    .slice(0, REASONS_MAX)
    .map(({ feature }) => feature);
  return {
    score,
    grade: gradeOf(card, score),
    pdBp: (card.pd.find(({ from }) => score >= from) ?? { bp: 10_000 }).bp,
    points: rows.map(({ feature, value, points }) => ({ feature, value, points })),
    reasons,
  };
}

/** The first bin that the value is below, or the last one. */
function pointsOf({ none, bins }: Table, value: number | null): number {
  if (value === null) return none;
  return (bins.find(({ below }) => below === null || value < below) ?? { points: none }).points;
}

function bestOf({ none, bins }: Table): number {
  return Math.max(none, ...bins.map(({ points }) => points));
}

/** Grades stand best first; the last one takes all that is left. */
function gradeOf({ grades }: Scorecard, score: number): Grade {
  return (grades.find(({ from }) => score >= from) ?? (grades.at(-1) as Scorecard["grades"][number])).grade;
}

/** How much of the eligible notes may be lent (domain.md §4.2): less for dilution, a lower grade, a longer tenor. Basis points. */
export function advanceBpOf(card: Scorecard, grade: Grade, features: Features, tenorDays: number): number {
  const cut = (card.grades.find((each) => each.grade === grade) as Scorecard["grades"][number]).advanceCutBp;
  const dilution = Math.max(0, (features.dilutionBp ?? 0) - card.dilutionFreeBp);
  const tenor = card.tenorCutBpPerDay * Math.max(0, tenorDays - card.tenorFreeDays);
  return Math.min(card.advanceMaxBp, Math.max(0, card.advanceMaxBp - dilution - cut - tenor));
}

/** The most that a borrower may owe: what the grade caps, or a multiple of what was paid in three months. Minor units. */
export function lineOf(card: Scorecard, grade: Grade, paid90d: Amount): Amount {
  const { capMinorUnits, multiplePercent } = card.grades.find((each) => each.grade === grade) as Scorecard["grades"][number];
  const line = (paid90d * BigInt(multiplePercent)) / 300n;
  return line > capMinorUnits ? capMinorUnits : line;
}

type Bins = readonly (readonly [below: number | null, points: number])[];

function table(feature: Feature, none: number, bins: Bins): Table {
  return { feature, none, bins: bins.map(([below, points]) => ({ below, points })) };
}

const MILLION = 100_000_000n;

/**
 * The alliance's first card (domain.md §4.2): an expert's prior, to be refitted on the lender's own data. Points are
 * round(72.1348 · 0.6 · WOE), so that 50 points double the odds and 600 stands for a default in twenty.
 */
export const FIRST_CARD: Scorecard = {
  base: 600,
  tables: [
    table("tenureDays", -26, [
      [90, -26],
      [180, -11],
      [365, 2],
      [730, 13],
      [null, 24],
    ]),
    table("orders12m", -30, [
      [3, -30],
      [12, -11],
      [36, 4],
      [120, 15],
      [null, 22],
    ]),
    table("onTimeBp", -13, [
      [8_000, -65],
      [9_000, -35],
      [9_500, -9],
      [9_800, 11],
      [null, 28],
    ]),
    table("maxDpd12m", -4, [
      [1, 19],
      [4, 11],
      [16, -9],
      [31, -30],
      [61, -56],
      [null, -95],
    ]),
    table("dilutionBp", 17, [
      [100, 17],
      [300, 9],
      [500, 0],
      [1_000, -19],
      [null, -48],
    ]),
    table("top1Bp", 13, [
      [2_500, 13],
      [5_000, 4],
      [7_500, -4],
      [null, -15],
    ]),
    table("dbtDays", -4, [
      [1, 15],
      [6, 4],
      [16, -9],
      [31, -26],
      [null, -52],
    ]),
    table("debtorGradeX100", -26, [
      [201, 26],
      [301, 13],
      [401, 0],
      [501, -22],
      [null, -52],
    ]),
    table("evidenceBp", -30, [
      [5_000, -30],
      [8_000, -6],
      [9_500, 9],
      [null, 19],
    ]),
    table("utilBp", 9, [
      [3_000, 9],
      [7_000, 2],
      [9_000, -11],
      [null, -26],
    ]),
    table("openDisputeBp", 6, [
      [1, 6],
      [200, 0],
      [1_000, -17],
      [null, -43],
    ]),
  ],
  grades: [
    { grade: "A", from: 700, advanceCutBp: 0, capMinorUnits: 50n * MILLION, multiplePercent: 400 },
    { grade: "B", from: 660, advanceCutBp: 300, capMinorUnits: 30n * MILLION, multiplePercent: 300 },
    { grade: "C", from: 620, advanceCutBp: 800, capMinorUnits: 10n * MILLION, multiplePercent: 200 },
    { grade: "D", from: 580, advanceCutBp: 1_500, capMinorUnits: 3n * MILLION, multiplePercent: 100 },
    { grade: "E", from: 0, advanceCutBp: 9_000, capMinorUnits: 0n, multiplePercent: 0 },
  ],
  pd: [
    { from: 740, bp: 75 },
    { from: 700, bp: 130 },
    { from: 660, bp: 224 },
    { from: 620, bp: 384 },
    { from: 600, bp: 500 },
    { from: 580, bp: 649 },
    { from: 540, bp: 1_079 },
    { from: 0, bp: 10_000 },
  ],
  advanceMaxBp: 9_000,
  dilutionFreeBp: 500,
  tenorFreeDays: 90,
  tenorCutBpPerDay: 5,
  gates: {
    relatedAllowed: false,
    cycleDays: 30,
    cycleShareBp: 8_000,
    velocityPercentMax: 300,
    newPairCapMinorUnits: 5n * MILLION,
    ticketPercentMax: 1_000,
    invoiceAgeHoursMax: 24,
  },
};
