import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KINDS_OF_COMMAND } from "./all-commands.ts";
import { live, newTally } from "./run.ts";

/** Longer runs by hand: MODEL_RUNS=2000, and another seed by MODEL_SEED. */
const RUNS = Number(process.env.MODEL_RUNS ?? 40);
const SEED = Number(process.env.MODEL_SEED ?? 20_260_107);
const BLOCKS = 250;

describe("the ledger beside a naive model of the business", () => {
  it("accepts and refuses the same commands, has the same state after every block, and keeps the invariants", {
    timeout: 7_200_000,
  }, () => {
    const tally = newTally();
    fc.assert(
      fc.property(fc.noBias(fc.nat()), fc.constant(BLOCKS), (seed, blocks) => {
        live(seed, blocks, tally);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    console.info(JSON.stringify([...tally.moves].sort()));
    expect(KINDS_OF_COMMAND.length).toBeGreaterThanOrEqual(30);
    expect(KINDS_OF_COMMAND.filter((kind) => !tally.ok.has(kind))).toEqual([]);
    expect(KINDS_OF_COMMAND.filter((kind) => !tally.refused.has(kind))).toEqual([]);
  });
});
