import { createHash } from "node:crypto";
import type { Hash } from "../../types/scalars.ts";
import { FEATURES } from "../../types/score-features.ts";

/** What a model is asked about: the features of the scorecard, in their order. Whole numbers; null where there is nothing to judge by. */
export type FeatureRow = readonly (number | null)[];

/** Beyond this it is all the same, and every number below it is exact in 32 bits. */
const VALUE_MAX = 1_000_000;

/** The tensor's numbers: bounded, a missing one as NaN, for which every branch of the model knows its way. */
export function inputOf(row: FeatureRow): Float32Array {
  return Float32Array.from(row, (value) => (value === null ? Number.NaN : Math.max(-VALUE_MAX, Math.min(VALUE_MAX, value))));
}

/** The row of what `credit_score` answered; undefined if it lists other features than a model knows. */
export function rowOf(points: readonly { readonly feature: string; readonly value: number | null }[]): FeatureRow | undefined {
  const isKnown = points.length === FEATURES.length && points.every(({ feature }, at) => feature === FEATURES[at]);
  return isKnown ? points.map(({ value }) => value) : undefined;
}

export function sha256Hex(content: string | Uint8Array): Hash {
  return createHash("sha256").update(content).digest("hex") as Hash;
}

/** What a model card binds beside the file: how the numbers come about, and how they lie in the tensor. */
export const FEATURE_PROGRAM: Hash = sha256Hex("zhonglian credit_score points v1, domain 4.1");
export const INPUT_SCHEMA: Hash = sha256Hex(
  JSON.stringify({
    input: "features",
    type: "float32",
    shape: [1, FEATURES.length],
    missing: "NaN",
    valueMax: VALUE_MAX,
    features: FEATURES,
  }),
);
