import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { toHex } from "../../src/lib/bytes.ts";
import { Coverage } from "./coverage.ts";
import { fuzz } from "./fuzzer.ts";

/**
 * A long campaign: `node test/fuzz/run.ts --inputs N [--seed S] [--only NAME] [--json]`. What breaks a rule is written to
 * test/fuzz/regressions and ends the process with status 1.
 */
const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
// Before the code under test is loaded: V8 counts blocks only in functions that it compiles afterwards.
const coverage = new Coverage();
const { allTargets } = await import("./targets/all.ts");
const weighted = allTargets(seed).filter(({ target }) => values.only === undefined || target.name.includes(values.only));
const weights = weighted.reduce((sum, { weight }) => sum + weight, 0);
const startedMs = performance.now();
const totals = { seed, inputs: 0, taken: 0, findings: 0 };
for (const { target, weight } of weighted) {
  const inputs = Math.ceil((Number(values.inputs) * weight) / weights);
  const fromMs = performance.now();
  const outcome = await fuzz(target, { inputs, seed, coverage });
  totals.inputs += outcome.inputs;
  totals.taken += outcome.taken;
  const seconds = (performance.now() - fromMs) / 1000;
  console.error(
    `${target.name.padEnd(34)} ${String(outcome.inputs).padStart(9)} inputs ${String(outcome.taken).padStart(8)} taken ${String(outcome.corpus).padStart(5)} kept ${seconds.toFixed(1).padStart(7)} s`,
  );
  if (outcome.finding === null) continue;
  const { input, error } = outcome.finding;
  totals.findings += 1;
  const name = `${target.name.replace(/[^A-Za-z0-9]+/g, "-")}-${createHash("sha256").update(input).digest("hex").slice(0, 12)}.hex`;
  writeFileSync(join(import.meta.dirname, "regressions", name), `${toHex(input)}\n`);
  console.error(`  FOUND (${name}): ${error.stack}`);
}
const seconds = Math.round((performance.now() - startedMs) / 1000);
const ranges = coverage.size;
coverage.end();
console.log(
  values.json
    ? JSON.stringify({ ...totals, ranges, seconds })
    : `${totals.inputs} inputs, ${totals.taken} taken, ${ranges} ranges of code reached, ${totals.findings} findings, ${seconds} s`,
);
process.exit(totals.findings === 0 ? 0 : 1);
