import { Command } from "commander";
import type { SeedsSummary } from "../../simulator/seeds.ts";
import { integer } from "../options.ts";

const SEED_MAX = 2 ** 32 - 1;

interface SimulateOptions {
  readonly seeds?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

export function simulateCommand(done: (status: number) => void): Command {
  return new Command("simulate")
    .description("run simulated networks with faults drawn from seeds")
    .option("--seeds <count>", "how many seeds (100, or 1 with --seed)", integer(1, SEED_MAX))
    .option("--seed <seed>", "the first seed; alone, replays that one", integer(0, SEED_MAX))
    .option("--json", "print one JSON object last")
    .action(async ({ seeds, seed, json }: SimulateOptions) => {
      const { simulateSeeds } = await import("../../simulator/seeds.ts");
      const summary = simulateSeeds(seed ?? 1, seeds ?? (seed === undefined ? 100 : 1), {
        failed: ({ seed: failing, weather, byzantine, failure }) =>
          console.error(`seed ${failing} (${weather}${byzantine === null ? "" : `, ${byzantine}`}): ${failure}`),
        progress: (finished, total) => console.error(`${finished} of ${total} seeds`),
      });
      console.log(json === true ? JSON.stringify(summary) : readable(summary));
      done(summary.failures === 0 ? 0 : 1);
    });
}

function readable({ seeds, heights, failures, traceHash, seconds }: SeedsSummary): string {
  const rate = Math.round(heights / Math.max(seconds, 0.001));
  const verdict = failures === 0 ? "all hold" : `${failures} fail; replay one with --seed`;
  return `${seeds} seeds, ${heights} heights in ${seconds} s (${rate} a second): ${verdict}\ntrace ${traceHash}`;
}
