import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MemberFolder } from "../network-folder.ts";
import { copyChain, forgeState } from "./forged-network.ts";
import { BenchSession, RUN_HEAD, type Run, runLine } from "./session.ts";
import { verificationMicros } from "./state-cost.ts";

interface GrowthOptions {
  /** Live objects beside those that the load moves. */
  readonly objects: readonly number[];
  readonly json: boolean;
  readonly basePort: number;
}

const CHAINS = 256;
const WARM_LENGTH = 16;
const LENGTH = 24;
const SECOND_MS = 1_000;

/**
 * `npm run bench -- --growth`: the same load on chains whose states hold more and more notes, written to the nodes' folders and not
 * made by transactions. What a transaction costs is not to grow with them but by the depth of the state tree.
 */
export async function benchGrowth(options: GrowthOptions): Promise<number> {
  const verifyMicros = verificationMicros();
  console.error(`one Ed25519 verification by node:crypto takes ${verifyMicros.toFixed(0)} µs of CPU here`);
  console.error(RUN_HEAD);
  const objects: Record<string, number> = {};
  const cpuMicrosPerTxPerNode: Record<string, number> = {};
  const executionMicrosPerTx: Record<string, number> = {};
  for (const count of options.objects) {
    const { run, executionMicrosPerTx: micros } = await BenchSession.run(options.basePort, (session) =>
      loadAmong(session, count),
    );
    console.error(runLine(String(count), run));
    console.error(`           of which executing and storing, measured apart: ${micros.toFixed(0)} µs of CPU per transaction`);
    objects[count] = Math.round(run.perSecond);
    cpuMicrosPerTxPerNode[count] = Math.round(run.cpuMicrosPerTxPerNode);
    executionMicrosPerTx[count] = Math.round(micros);
  }
  const figures = { objects, cpuMicrosPerTxPerNode, executionMicrosPerTx, verificationMicros: Math.round(verifyMicros) };
  if (options.json) console.log(JSON.stringify(figures));
  return 0;
}

async function loadAmong(
  session: BenchSession,
  others: number,
): Promise<{ readonly run: Run; readonly executionMicrosPerTx: number }> {
  const { network } = session;
  const { population, timeMs, executionMicrosPerTx } = await forgeState(network, { chains: 2 * CHAINS, others });
  const [first, ...rest] = network.members;
  if (first === undefined) throw new Error("a network has members");
  for (const member of rest) copyChain(first, member);
  for (const member of network.members) letSign(member);
  await session.start(timeMs + SECOND_MS);
  await session.load(await session.sign(population.chains.slice(0, CHAINS), WARM_LENGTH, population));
  const run = await session.load(await session.sign(population.chains.slice(CHAINS), LENGTH, population));
  return { run, executionMicrosPerTx };
}

/** The nodes did not sign the chain that they are given: their operator vouches that nobody else will. */
function letSign({ folder }: MemberFolder): void {
  const file = join(folder, "settings.json");
  const settings = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, `${JSON.stringify({ ...settings, signWithoutMemory: true })}\n`);
}
