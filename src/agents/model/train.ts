import { CodedError } from "../../lib/coded-error.ts";
import type { Hash } from "../../types/scalars.ts";
import { FEATURE_PROGRAM, INPUT_SCHEMA, sha256Hex } from "./input.ts";
import { areaUnderCurve, kolmogorovSmirnov, type Scored, stabilityIndex } from "./metrics.ts";
import { OPSET, onnxFile } from "./onnx-file.ts";
import { BOOSTING, boost, evaluate, type LabelledRow, type StumpModel } from "./stumps.ts";

/** The history is none that a model could be fitted to. */
export class TrainingError extends CodedError<"HISTORY_TOO_SHORT" | "HISTORY_ONE_SIDED"> {
  override readonly name = "TrainingError";
}

/** What `model.register` takes, but for who registers and who validated. */
export interface ModelCardInput {
  readonly onnx: Hash;
  readonly opset: number;
  readonly featureProgram: Hash;
  readonly inputSchema: Hash;
  readonly trainData: Hash;
  readonly metrics: Hash;
  readonly calibration: readonly { readonly fromQ: number; readonly grade: "A" | "B" | "C" | "D" | "E" }[];
  readonly guardBandQ: number;
  readonly untilMs: null;
}

export interface Metrics {
  readonly rows: number;
  readonly badsPerMille: number;
  /** On rows that the model was not fitted to; in ten-thousandths. */
  readonly aucQ: number;
  readonly ksQ: number;
  readonly psiQ: number;
  readonly stumps: number;
}

export interface Trained {
  readonly model: StumpModel;
  readonly file: Uint8Array;
  readonly metrics: Metrics;
  readonly card: ModelCardInput;
}

/**
 * An output of at least so many ten-thousandths stands for the grade: one less the probability of default at which the scorecard's
 * grade begins (domain.md §4.2), so that both speak of the same risk.
 */
const CALIBRATION = [
  { fromQ: 9_870, grade: "A" },
  { fromQ: 9_776, grade: "B" },
  { fromQ: 9_616, grade: "C" },
  { fromQ: 9_351, grade: "D" },
  { fromQ: 0, grade: "E" },
] as const;

/** An auditor's second run may differ by this much, in ten-thousandths (domain.md §4.4). */
const GUARD_BAND_Q = 10;

/** Rows of which one in four is kept for the test. */
const ROWS_MIN = 1_000;
const TEST_EVERY = 4;

/** Fits a model, tests it on rows that it has not seen, and writes its file. The same rows give the same file. */
export function train(rows: readonly LabelledRow[]): Trained {
  if (rows.length < ROWS_MIN)
    throw new TrainingError("HISTORY_TOO_SHORT", `a model takes at least ${ROWS_MIN} rows, not ${rows.length}`);
  const fitted = rows.filter((_, at) => at % TEST_EVERY !== 0);
  const tested = rows.filter((_, at) => at % TEST_EVERY === 0);
  for (const part of [fitted, tested])
    if (part.every(({ bad }) => bad) || part.every(({ bad }) => !bad))
      throw new TrainingError("HISTORY_ONE_SIDED", "the history has firms of one kind only");
  const model = boost(fitted, BOOSTING);
  const score = ({ features, bad }: LabelledRow): Scored => ({ paysDown: evaluate(model, features), bad });
  const [known, unseen] = [fitted.map(score), tested.map(score)];
  const q = (value: number): number => Math.round(value * 10_000);
  const metrics: Metrics = {
    rows: rows.length,
    badsPerMille: Math.round((1_000 * rows.filter(({ bad }) => bad).length) / rows.length),
    aucQ: q(areaUnderCurve(unseen)),
    ksQ: q(kolmogorovSmirnov(unseen)),
    psiQ: q(
      stabilityIndex(
        known.map(({ paysDown }) => paysDown),
        unseen.map(({ paysDown }) => paysDown),
      ),
    ),
    stumps: model.stumps.length,
  };
  const file = onnxFile(model);
  const card: ModelCardInput = {
    onnx: sha256Hex(file),
    opset: OPSET,
    featureProgram: FEATURE_PROGRAM,
    inputSchema: INPUT_SCHEMA,
    trainData: sha256Hex(JSON.stringify(rows)),
    metrics: sha256Hex(JSON.stringify(metrics)),
    calibration: CALIBRATION,
    guardBandQ: GUARD_BAND_Q,
    untilMs: null,
  };
  return { model, file, metrics, card };
}
