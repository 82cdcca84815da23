import { Command } from "commander";
import type { SeedsListener, SeedsSummary } from "../../simulator/seeds.ts";
import { integer } from "../options.ts";

const SEED_MAX = 2 ** 32 - 1;
const WORKERS_MAX = 64;

interface SimulateOptions {
  readonly seeds?: number;
  readonly seed?: number;
  readonly workers: number;
  readonly json?: boolean;
}

export function simulateCommand(done: (status: number) => void): Command {
  return new Command("simulate")
    .description("run simulated networks with faults drawn from seeds")
    .option("--seeds <count>", "how many seeds (100, or 1 with --seed)", integer(1, SEED_MAX))
    .option("--seed <seed>", "the first seed; alone, replays that one", integer(0, SEED_MAX))
    .option("--workers <count>", "on how many threads", integer(1, WORKERS_MAX), 1)
    .option("--json", "print one JSON object last")
    .action(async ({ seeds, seed, workers, json }: SimulateOptions) => {
      const { simulateSeeds } = await import("../../simulator/seeds.ts");
      const listener = {
        failed: ({ seed: failing, swarm, failure }: Failing) => {
          const { weather, authorities, follower, byzantine, strikes } = swarm;
          const network = [weather, `${authorities}${follower ? "+1" : ""}`, ...byzantine, ...strikes].join(" ");
          console.error(`seed ${failing} (${network}): ${failure}`);
        },
        progress: (finished: number, total: number) => console.error(`${finished} of ${total} seeds`),
      };
      const summary = await simulateSeeds(seed ?? 1, seeds ?? (seed === undefined ? 100 : 1), listener, workers);
      console.log(json === true ? JSON.stringify(summary) : readable(summary));
      done(summary.failures === 0 ? 0 : 1);
    });
}

type Failing = Parameters<SeedsListener["failed"]>[0];

function readable({ seeds, heights, failures, traceHash, seconds }: SeedsSummary): string {
  const rate = Math.round((10 * heights) / Math.max(seconds, 0.001)) / 10;
  const verdict = failures === 0 ? "all hold" : `${failures} fail; replay one with --seed`;
  return `${seeds} seeds, ${heights} heights in ${seconds} s (${rate} heights a second): ${verdict}\ntrace ${traceHash}`;
}
