import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KINDS_OF_COMMAND } from "./all-commands.ts";
import { live, newTally } from "./run.ts";
import { LISTED_MOVES, USUAL_MOVES } from "./status-moves.ts";

/** Longer runs by hand: MODEL_RUNS=2000, and another seed by MODEL_SEED. */
const RUNS = Number(process.env.MODEL_RUNS ?? 40);
const SEED = Number(process.env.MODEL_SEED ?? 20_260_107);
const BLOCKS = 250;

describe("the ledger beside a naive model of the business", () => {
  const tally = newTally();

  it("accepts and refuses the same commands, has the same state after every block, and keeps the invariants", {
    timeout: 7_200_000,
  }, () => {
    fc.assert(
      fc.property(fc.noBias(fc.nat()), fc.constant(BLOCKS), (seed, blocks) => {
        live(seed, blocks, tally);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    if (process.env.MODEL_RUNS !== undefined) console.info(tally);
    expect(KINDS_OF_COMMAND.length).toBeGreaterThanOrEqual(30);
    expect(KINDS_OF_COMMAND.filter((kind) => !tally.ok.has(kind))).toEqual([]);
    expect(KINDS_OF_COMMAND.filter((kind) => !tally.refused.has(kind))).toEqual([]);
  });

  it("goes from one status to another as the domain lists it, and all of that list is reached", () => {
    expect([...tally.moves.keys()].filter((move) => !LISTED_MOVES.has(move))).toEqual([]);
    expect((RUNS < 1_000 ? USUAL_MOVES : [...LISTED_MOVES]).filter((move) => !tally.moves.has(move))).toEqual([]);
  });
});
