import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MemberFolder, openNetworkFolder } from "../network-folder.ts";
import type { Dimension } from "./crowd.ts";
import { type DealCost, dealCost, type Surroundings, type Work } from "./deal-cost.ts";
import { copyChain, forgeState } from "./forged-network.ts";
import type { GrowthOf } from "./growth-of.ts";
import { BenchSession, RUN_HEAD, type Run, runLine } from "./session.ts";
import { verificationMicros } from "./state-cost.ts";

interface GrowthOptions {
  /** Objects of the crowd beside those that are measured. */
  readonly objects: readonly number[];
  readonly of: readonly GrowthOf[];
  readonly json: boolean;
  readonly basePort: number;
}

const CHAINS = 256;
const WARM_LENGTH = 16;
const LENGTH = 24;
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const FEW_LEAVES = 3;
/** A receivable has no more than 1,024. */
const LEAVES = [FEW_LEAVES, 34, 1_024] as const;

/**
 * `npm run bench -- --growth`: what a transaction costs in states of more and more receivables, or parties, and on roots of more and more
 * notes; and the load of four node processes among the receivables. The states are written to the folders and not made by
 * transactions. The cost is not to grow with any of them but by the depth of the state tree.
 */
export async function benchGrowth(options: GrowthOptions): Promise<number> {
  const verifyMicros = verificationMicros();
  console.error(`one Ed25519 verification by node:crypto takes ${verifyMicros.toFixed(0)} µs of CPU here`);
  const figures: Record<string, unknown> = { verificationMicros: Math.round(verifyMicros) };
  for (const what of options.of) figures[what] = await MEASURES[what](options);
  if (options.json) console.log(JSON.stringify(figures));
  return 0;
}

const WORK: Readonly<Record<string, (work: Work) => number>> = {
  "objects changed": ({ objects }) => objects,
  "pages of the state tree made": ({ pages }) => pages,
  "rows read from the store": ({ reads }) => reads,
};

const MEASURES: Readonly<Record<GrowthOf, (options: GrowthOptions) => Promise<unknown>>> = {
  receivables: (options) => compareCrowds("receivables", options),
  parties: (options) => compareCrowds("parties", options),
  notes: () => {
    const of = LEAVES.map((leaves): Surroundings => ({ dimension: "receivables", objects: 0, leaves }));
    return compare("live notes of the receivable", of, ({ leaves }) => leaves);
  },
  network: compareNetworks,
};

function compareCrowds(dimension: Dimension, { objects }: GrowthOptions): Promise<unknown> {
  const among = objects.map((count): Surroundings => ({ dimension, objects: count, leaves: FEW_LEAVES }));
  return compare(`objects of a crowd of ${dimension}`, among, (where) => where.objects);
}

/** One table: steps down, sizes across, µs of CPU of the executing thread per transaction. */
async function compare(
  what: string,
  surroundings: readonly Surroundings[],
  sizeOf: (where: Surroundings) => number,
): Promise<Record<string, unknown>> {
  const costs: { readonly size: number; readonly cost: DealCost }[] = [];
  for (const where of surroundings) costs.push({ size: sizeOf(where), cost: await alone(where) });
  const line = (name: string, values: readonly (number | string)[]): void =>
    console.error(`${name.padEnd(36)}${values.map((value) => String(value).padStart(11)).join("")}`);
  line(
    what,
    costs.map(({ size }) => size),
  );
  const steps = costs[0]?.cost.microsByStep.keys() ?? [];
  for (const step of steps)
    line(
      `  ${step}`,
      costs.map(({ cost }) => Math.round(cost.microsByStep.get(step) ?? 0)),
    );
  line(
    "all, µs per transaction",
    costs.map(({ cost }) => Math.round(cost.microsPerTx)),
  );
  line(
    "all, with the store's threads",
    costs.map(({ cost }) => Math.round(cost.microsPerTxAllThreads)),
  );
  for (const [name, of] of Object.entries(WORK))
    line(
      `${name} per transaction`,
      costs.map(({ cost }) => of(cost.work).toFixed(1)),
    );
  return Object.fromEntries(
    costs.map(({ size, cost }) => [
      size,
      {
        microsPerTx: Math.round(cost.microsPerTx),
        microsPerTxAllThreads: Math.round(cost.microsPerTxAllThreads),
        ...cost.work,
      },
    ]),
  );
}

/** In a folder of its own, which is gone afterwards. */
async function alone(where: Surroundings): Promise<DealCost> {
  const folder = mkdtempSync(join(tmpdir(), "zhonglian-growth-"));
  try {
    return await dealCost(await openNetworkFolder(folder, 7_800, Date.now() - DAY_MS), where);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function compareNetworks({ objects, basePort }: GrowthOptions): Promise<Record<string, unknown>> {
  const runs: Record<string, unknown> = {};
  console.error("four nodes, transfers and splits among a crowd of receivables");
  console.error(RUN_HEAD);
  for (const count of objects) {
    const run = await BenchSession.run(basePort, (session) => loadAmong(session, count));
    console.error(runLine(String(count), run));
    runs[count] = { perSecond: Math.round(run.perSecond), cpuMicrosPerTxPerNode: Math.round(run.cpuMicrosPerTxPerNode) };
  }
  return runs;
}

async function loadAmong(session: BenchSession, others: number): Promise<Run> {
  const { network } = session;
  const { population, timeMs } = await forgeState(network, { chains: 2 * CHAINS, others });
  const [first, ...rest] = network.members;
  if (first === undefined) throw new Error("a network has members");
  for (const member of rest) copyChain(first, member);
  for (const member of network.members) letSign(member);
  await session.start(timeMs + SECOND_MS);
  await session.load(await session.sign(population.chains.slice(0, CHAINS), WARM_LENGTH, population));
  return session.load(await session.sign(population.chains.slice(CHAINS), LENGTH, population));
}

/** The nodes did not sign the chain that they are given: their operator vouches that nobody else will. */
function letSign({ folder }: MemberFolder): void {
  const file = join(folder, "settings.json");
  const settings = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, `${JSON.stringify({ ...settings, signWithoutMemory: true })}\n`);
}
