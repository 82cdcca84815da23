import { FEATURES, type Feature } from "../../types/score-features.ts";
import type { FeatureRow } from "./input.ts";

/** One question about one feature. Weights are multiples of {@link WEIGHT_STEP}, so that their sum is exact in 32 bits in any order. */
export interface Stump {
  readonly feature: number;
  /** Below it, one weight; else, the other. Between two whole numbers. */
  readonly threshold: number;
  readonly below: number;
  readonly otherwise: number;
  /** Which of the two a missing value gets. */
  readonly missingIsBelow: boolean;
}

export interface StumpModel {
  readonly base: number;
  readonly stumps: readonly Stump[];
}

export interface LabelledRow {
  readonly features: FeatureRow;
  /** Whether the firm did not pay as it should within the year after. */
  readonly bad: boolean;
}

export interface BoostingOptions {
  readonly rounds: number;
  readonly learningRate: number;
  /** Shrinks the weights of questions that few rows answer. */
  readonly lambda: number;
  readonly binsMax: number;
}

export const BOOSTING: BoostingOptions = { rounds: 120, learningRate: 0.15, lambda: 4, binsMax: 24 };

const WEIGHT_STEP = 2 ** -12;
/** Rows that either side of a question keeps at least. */
const ROWS_MIN = 30;

/** More of it never makes a firm worse, or never better: what a lender can tell a borrower to its face. */
const DIRECTION: Readonly<Record<Feature, 1 | -1>> = {
  tenureDays: 1,
  orders12m: 1,
  onTimeBp: 1,
  maxDpd12m: -1,
  dilutionBp: -1,
  top1Bp: -1,
  dbtDays: -1,
  debtorGradeX100: -1,
  evidenceBp: 1,
  utilBp: -1,
  openDisputeBp: -1,
};

/** The model's own arithmetic: the probability that the firm pays. The ONNX file must give the same. */
export function evaluate({ base, stumps }: StumpModel, row: FeatureRow): number {
  let sum = base;
  for (const { feature, threshold, below, otherwise, missingIsBelow } of stumps) {
    const value = row[feature] ?? null;
    const isBelow = value === null ? missingIsBelow : value < threshold;
    sum += isBelow ? below : otherwise;
  }
  return logistic(sum);
}

/**
 * Gradient boosting of stumps with logistic loss (Friedman 2001; the gain and the weights as in Chen & Guestrin 2016, eq. 5 and 7),
 * each held to its feature's direction. The same rows give the same model.
 */
export function boost(
  rows: readonly LabelledRow[],
  { rounds, learningRate, lambda, binsMax }: BoostingOptions = BOOSTING,
): StumpModel {
  const good = rows.filter(({ bad }) => !bad).length;
  const base = rounded(Math.log((good + 1) / (rows.length - good + 1)));
  const sums = new Float64Array(rows.length).fill(base);
  const columns = FEATURES.map((name, feature) => column(rows, feature, DIRECTION[name], binsMax));
  const stumps: Stump[] = [];
  for (let round = 0; round < rounds; round++) {
    const slopes = rows.map(({ bad }, at) => {
      const chance = logistic(sums[at] as number);
      return { gradient: (bad ? 0 : 1) - chance, curvature: chance * (1 - chance) };
    });
    const best = columns.map((each) => bestOf(each, slopes, lambda)).reduce((so, next) => (next.gain > so.gain ? next : so));
    if (best.gain <= 0) break;
    const stump = {
      ...best.stump,
      below: rounded(best.stump.below * learningRate),
      otherwise: rounded(best.stump.otherwise * learningRate),
    };
    stumps.push(stump);
    for (const [at, { features }] of rows.entries()) {
      const value = features[stump.feature] ?? null;
      sums[at] =
        (sums[at] as number) +
        ((value === null ? stump.missingIsBelow : value < stump.threshold) ? stump.below : stump.otherwise);
    }
  }
  return { base, stumps };
}

interface Column {
  readonly feature: number;
  readonly direction: 1 | -1;
  readonly thresholds: readonly number[];
  /** The bin of each row; −1 where the value is missing. */
  readonly bins: Int32Array;
}

function column(rows: readonly LabelledRow[], feature: number, direction: 1 | -1, binsMax: number): Column {
  const values = rows.map(({ features }) => features[feature] ?? null);
  const sorted = values.filter((value) => value !== null).sort((left, right) => left - right);
  const cuts = Array.from({ length: binsMax - 1 }, (_, at) => sorted[Math.floor((sorted.length * (at + 1)) / binsMax)]);
  // Half a step below a value that was seen: no whole number falls on it.
  const thresholds = [...new Set(cuts.filter((cut) => cut !== undefined).map((cut) => cut - 0.5))].filter(
    (cut) => cut > (sorted[0] ?? 0),
  );
  const bins = Int32Array.from(values, (value) => (value === null ? -1 : thresholds.filter((cut) => value >= cut).length));
  return { feature, direction, thresholds, bins };
}

interface Slope {
  readonly gradient: number;
  readonly curvature: number;
}

class Side {
  gradient = 0;
  curvature = 0;
  rows = 0;

  add(other: Side): Side {
    this.gradient += other.gradient;
    this.curvature += other.curvature;
    this.rows += other.rows;
    return this;
  }
}

function bestOf(
  { feature, direction, thresholds, bins }: Column,
  slopes: readonly Slope[],
  lambda: number,
): { readonly gain: number; readonly stump: Stump } {
  const sides = Array.from({ length: thresholds.length + 1 }, () => new Side());
  const missing = new Side();
  for (const [at, { gradient, curvature }] of slopes.entries()) {
    const side = sides[bins[at] as number] ?? missing;
    side.gradient += gradient;
    side.curvature += curvature;
    side.rows += 1;
  }
  const whole = sides.reduce((sum, side) => sum.add(side), new Side().add(missing));
  const weigh = ({ gradient, curvature }: Side): number => gradient / (curvature + lambda);
  const worth = ({ gradient, curvature }: Side): number => gradient ** 2 / (curvature + lambda);
  let best = { gain: 0, stump: { feature, threshold: 0, below: 0, otherwise: 0, missingIsBelow: true } };
  const left = new Side();
  for (const [at, threshold] of thresholds.entries()) {
    left.add(sides[at] as Side);
    for (const missingIsBelow of missing.rows > 0 ? [true, false] : [true]) {
      const low = new Side().add(left);
      if (missingIsBelow) low.add(missing);
      const high = new Side();
      high.gradient = whole.gradient - low.gradient;
      high.curvature = whole.curvature - low.curvature;
      high.rows = whole.rows - low.rows;
      const [below, otherwise] = [weigh(low), weigh(high)];
      const gain = worth(low) + worth(high) - worth(whole);
      const holds = (otherwise - below) * direction >= 0 && low.rows >= ROWS_MIN && high.rows >= ROWS_MIN;
      if (holds && gain > best.gain + 1e-9) best = { gain, stump: { feature, threshold, below, otherwise, missingIsBelow } };
    }
  }
  return best;
}

function logistic(sum: number): number {
  return 1 / (1 + Math.exp(-sum));
}

function rounded(weight: number): number {
  return Math.round(weight / WEIGHT_STEP) * WEIGHT_STEP;
}
