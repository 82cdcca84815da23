import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { runSimulation, type SimulationResult } from "./simulation.ts";

export interface SeedsSummary {
  readonly seeds: number;
  readonly heights: number;
  /** How many seeds failed. */
  readonly failures: number;
  /** Over the traces of all seeds in order: equal for equal seeds and equal code, on every machine, by however many workers. */
  readonly traceHash: string;
  readonly seconds: number;
}

export interface SeedsListener {
  readonly failed: (result: SimulationResult) => void;
  readonly progress: (finished: number, total: number) => void;
}

const PROGRESS_EVERY = 100;

/** Runs `count` seeds from `first` on, one network each, on so many threads. */
export async function simulateSeeds(first: number, count: number, listener: SeedsListener, workers = 1): Promise<SeedsSummary> {
  const startedMs = performance.now();
  const traces: string[] = new Array<string>(count).fill("");
  let heights = 0;
  let failures = 0;
  let finished = 0;
  const onResult = (result: SimulationResult): void => {
    traces[result.seed - first] = result.traceHash;
    heights += result.heights;
    if (result.failure !== null) {
      failures += 1;
      listener.failed(result);
    }
    finished += 1;
    if (finished % PROGRESS_EVERY === 0) listener.progress(finished, count);
  };
  if (workers === 1) for (let seed = first; seed < first + count; seed++) onResult(await runSimulation({ seed }));
  else await onThreads(first, count, workers, onResult);
  const traceHash = createHash("sha256").update(traces.join("")).digest("hex");
  const seconds = Math.round(performance.now() - startedMs) / 1_000;
  return { seeds: count, heights, failures, traceHash, seconds };
}

/** Each thread asks for the next seed when it has finished one. */
async function onThreads(
  first: number,
  count: number,
  workers: number,
  onResult: (result: SimulationResult) => void,
): Promise<void> {
  let next = first;
  const end = first + count;
  await Promise.all(
    Array.from(
      { length: Math.min(workers, count) },
      () =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(new URL("./seeds-worker.ts", import.meta.url));
          const give = (): void => worker.postMessage(next < end ? next++ : null);
          worker.on("error", reject);
          worker.on("exit", () => resolve());
          worker.on("message", (result: SimulationResult) => {
            onResult(result);
            give();
          });
          give();
        }),
    ),
  );
}
