import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { runSimulation } from "../../src/simulator/simulation.ts";
import { SEEDED_FAULTS } from "./faults/list.ts";

/** From 1 on, wherever the search begins. */
const SEEDS_MAX = 200;
/** Searches each from seed 1 on, as `from` in the list was found; takes minutes. */
const isSearch = process.env.ZHONGLIAN_SEEDED_FAULTS === "search";
const PATCHED = join(import.meta.dirname, "faults/patched.ts");
const run = promisify(execFile);

describe("the simulator catches", () => {
  it("at least fifteen mistakes, each in its own place", () => {
    expect(new Set(SEEDED_FAULTS.map(({ file, replace, find }) => file + find + replace)).size).toBeGreaterThanOrEqual(15);
  });

  for (const [number, { name, swarm, seen, from }] of SEEDED_FAULTS.entries()) {
    it(
      `that ${name}, and passes the same seeds without that`,
      async () => {
        const first = isSearch ? 1 : from;
        const { stdout } = await run(process.execPath, [PATCHED, String(number), String(first), String(SEEDS_MAX - first + 1)]);
        const { seeds, failure } = JSON.parse(stdout) as { readonly seeds: number; readonly failure: string | null };
        expect(failure).toMatch(seen);
        if (isSearch) console.log(`${name}: seed ${first + seeds - 1}`);
        for (let seed = first; seed < first + seeds; seed++)
          expect((await runSimulation({ seed, swarm })).failure, `seed ${seed}`).toBeNull();
      },
      isSearch ? 1_800_000 : 600_000,
    );
  }
});
