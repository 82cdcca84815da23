import { Prng } from "../../src/lib/prng.ts";
import type { Coverage } from "./coverage.ts";
import { mutateCbor, mutateText } from "./mutation.ts";
import type { Target } from "./target.ts";

export interface Campaign {
  readonly inputs: number;
  readonly seed: number;
  /** Without it inputs that were taken join the corpus; with it those that reached new code. */
  readonly coverage?: Coverage;
}

export interface Outcome {
  readonly target: string;
  readonly inputs: number;
  readonly taken: number;
  readonly corpus: number;
  /** The first input that broke a rule, and how. */
  readonly finding: { readonly input: Uint8Array; readonly error: Error } | null;
}

/** Inputs between two looks at the coverage, which cost more than many inputs: more of them the longer nothing new is reached. */
const BATCH_MIN = 256;
const BATCH_MAX = 16_384;
const CORPUS_MAX = 2_000;
const FRESH_PERMILLE = 100;

/** Runs inputs against a target: from its grammar, and changed from those that were of use before. The same seed, the same inputs. */
export async function fuzz(target: Target, { inputs, seed, coverage }: Campaign): Promise<Outcome> {
  const random = new Prng(seed);
  const corpus = [...target.corpus];
  const mutate = target.form === "cbor" ? mutateCbor : mutateText;
  let taken = 0;
  const run = async (input: Uint8Array): Promise<boolean> => {
    const verdict = target.check(input);
    return typeof verdict === "boolean" ? verdict : await verdict;
  };
  for (const input of target.corpus) await run(input);
  coverage?.takeFresh();
  let size = BATCH_MIN;
  for (let done = 0; done < inputs; ) {
    const batch: Uint8Array[] = [];
    for (let index = 0; index < size && done + index < inputs; index++) {
      const fresh = target.fresh !== undefined && (corpus.length === 0 || random.chance(FRESH_PERMILLE));
      batch.push(
        fresh ? (target.fresh?.(random) ?? new Uint8Array(0)) : mutate(pick(corpus, random), pick(corpus, random), random),
      );
    }
    for (const input of batch) {
      try {
        const isTaken = await run(input);
        taken += isTaken ? 1 : 0;
        if (coverage === undefined && isTaken && random.chance(20)) add(corpus, input, random);
      } catch (error) {
        return { target: target.name, inputs: done, taken, corpus: corpus.length, finding: { input, error: error as Error } };
      }
    }
    done += batch.length;
    const fresh = coverage?.takeFresh();
    if (coverage === undefined || fresh === undefined) continue;
    size = fresh.size > 0 ? BATCH_MIN : Math.min(2 * size, BATCH_MAX);
    if (fresh.size > 0) add(corpus, await discoverer(batch, fresh, run, coverage), random);
  }
  return { target: target.name, inputs, taken, corpus: corpus.length, finding: null };
}

/** The input of a batch that reached one of the fresh ranges, found by halving. */
async function discoverer(
  batch: readonly Uint8Array[],
  fresh: ReadonlySet<string>,
  run: (input: Uint8Array) => Promise<boolean>,
  coverage: Coverage,
): Promise<Uint8Array> {
  let suspects = batch;
  while (suspects.length > 1) {
    const half = suspects.slice(0, suspects.length >> 1);
    for (const input of half) await run(input);
    const ran = coverage.take();
    suspects = [...fresh].some((range) => ran.has(range)) ? half : suspects.slice(half.length);
  }
  return suspects[0] ?? new Uint8Array(0);
}

function add(corpus: Uint8Array[], input: Uint8Array, random: Prng): void {
  if (corpus.length < CORPUS_MAX) corpus.push(input);
  else corpus[random.below(corpus.length)] = input;
}

function pick(corpus: readonly Uint8Array[], random: Prng): Uint8Array {
  return corpus.length === 0 ? new Uint8Array(0) : random.pick(corpus);
}
