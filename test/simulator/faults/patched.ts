import { registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SEEDED_FAULTS } from "./list.ts";

/**
 * Runs seeds on production code with one mistake in it: `node patched.ts <number of the fault> <first seed> <how many>`. The mistake is
 * put into the source as it is loaded, so that nothing of it is in the tree. Prints one line of JSON: how many seeds ran, and what was seen.
 */
const SRC = join(import.meta.dirname, "../../../src");
const [number, first, count] = process.argv.slice(2).map(Number) as [number, number, number];
const fault = SEEDED_FAULTS[number];
if (fault === undefined) throw new Error(`there is no fault ${number}`);
const patched = join(SRC, fault.file);
let applied = false;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.startsWith("file:") || fileURLToPath(url) !== patched) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString("utf8");
    const places = source.split(fault.find).length - 1;
    if (places !== 1) throw new Error(`"${fault.name}" fits ${places} places of ${fault.file}, not one`);
    applied = true;
    return { ...loaded, source: source.replace(fault.find, () => fault.replace) };
  },
});

const { runSimulation } = await import("../../../src/simulator/simulation.ts");
if (!applied) throw new Error(`${fault.file} was not loaded`);
let failure: string | null = null;
let seeds = 0;
while (seeds < count && failure === null) {
  ({ failure } = await runSimulation({ seed: first + seeds, swarm: fault.swarm }));
  seeds += 1;
}
console.log(JSON.stringify({ seeds, failure }));
