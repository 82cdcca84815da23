import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import { runSimulation, type SimulationResult } from "./simulation.ts";

export interface SeedsSummary {
  readonly seeds: number;
  readonly heights: number;
  /** How many seeds failed. */
  readonly failures: number;
  /** Over the traces of all seeds in order: equal for equal seeds and equal code, on every machine. */
  readonly traceHash: string;
  readonly seconds: number;
}

export interface SeedsListener {
  readonly failed: (result: SimulationResult) => void;
  readonly progress: (finished: number, total: number) => void;
}

const PROGRESS_EVERY = 100;

/** Runs `count` seeds from `first` on, one network each. */
export function simulateSeeds(first: number, count: number, listener: SeedsListener): SeedsSummary {
  const traces = createHash("sha256");
  const startedMs = performance.now();
  let heights = 0;
  let failures = 0;
  for (let finished = 1; finished <= count; finished++) {
    const result = runSimulation({ seed: first + finished - 1 });
    traces.update(result.traceHash);
    heights += result.heights;
    if (result.failure !== null) {
      failures += 1;
      listener.failed(result);
    }
    if (finished % PROGRESS_EVERY === 0) listener.progress(finished, count);
  }
  const seconds = Math.round(performance.now() - startedMs) / 1_000;
  return { seeds: count, heights, failures, traceHash: traces.digest("hex"), seconds };
}
