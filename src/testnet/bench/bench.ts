import { objectId } from "../../client/object-id.ts";
import { op, signTransaction } from "../../client/transaction-builder.ts";
import { FolderWallets } from "../wallets.ts";
import { percentile } from "./load.ts";
import { type Population, populate } from "./population.ts";
import { BenchSession, median, RUN_HEAD, type Run, runLine } from "./session.ts";
import { verificationMicros } from "./state-cost.ts";

interface BenchOptions {
  readonly quick: boolean;
  readonly json: boolean;
  readonly basePort: number;
}

/** How much is run: chains at once, and transactions of each. */
interface Plan {
  readonly idle: number;
  readonly warm: { readonly chains: number; readonly length: number };
  readonly steps: readonly { readonly chains: number; readonly length: number }[];
  /** Transactions of each chain at 80 % of saturation, with as many chains as never all wait at once. */
  readonly limited: { readonly chains: number; readonly length: number };
  readonly degraded: { readonly chains: number; readonly length: number; readonly runs: number };
}

const FULL: Plan = {
  idle: 100,
  warm: { chains: 256, length: 16 },
  steps: [
    { chains: 64, length: 36 },
    { chains: 256, length: 24 },
    { chains: 1_024, length: 8 },
  ],
  limited: { chains: 1_024, length: 8 },
  degraded: { chains: 256, length: 12, runs: 3 },
};
const QUICK: Plan = {
  idle: 20,
  warm: { chains: 256, length: 4 },
  steps: [{ chains: 256, length: 12 }],
  limited: { chains: 512, length: 4 },
  degraded: { chains: 256, length: 6, runs: 1 },
};

/**
 * `npm run bench`: throughput, latency, CPU and memory of a four-node network on this machine. Absolute figures vary with it, so the
 * cost of one raw verification here stands beside them.
 */
export async function bench(options: BenchOptions): Promise<number> {
  const figures = await BenchSession.run(options.basePort, (session) => measure(session, options.quick ? QUICK : FULL));
  if (options.json) console.log(JSON.stringify(figures));
  return 0;
}

async function measure(session: BenchSession, plan: Plan): Promise<object> {
  const verifyMicros = verificationMicros();
  say(`one Ed25519 verification by node:crypto takes ${verifyMicros.toFixed(0)} µs of CPU here`);
  await session.start();
  const rssIdle = session.memoryMiB();
  const { warm, steps, limited, degraded } = plan;
  const runs = [warm, ...steps, limited, ...new Array<typeof degraded>(2 * degraded.runs).fill(degraded)];
  const population = await populate(
    {
      client: session.client,
      chain: session.network.identity.chain,
      nowMs: () => session.nowMs(),
      sponsor: await new FolderWallets(session.network).member("zhongnong"),
      name: "load",
    },
    runs.reduce((sum, { chains }) => sum + chains, 1),
  );
  say(`${population.chains.length} notes to move`);
  const fresh = population.chains.slice(0, -1).values();
  const run = async (size: { readonly chains: number; readonly length: number }, perSecond?: number): Promise<Run> => {
    const chains = Array.from({ length: size.chains }, () => fresh.next().value).filter((chain) => chain !== undefined);
    return session.load(await session.sign(chains, size.length, population), perSecond);
  };

  const idle = await idleLatencies(session, population, plan.idle);
  say(`idle: submission to finality p50 ${percentile(idle, 0.5).toFixed(1)} ms, p99 ${percentile(idle, 0.99).toFixed(1)} ms`);
  say(RUN_HEAD);
  say(runLine("(warm-up)", await run(warm)));
  let best: Run | null = null;
  for (const step of steps) {
    const result = await run(step);
    say(runLine(`${step.chains} chains`, result));
    if (best === null || result.perSecond > best.perSecond) best = result;
  }
  if (best === null) throw new Error("a plan has steps");
  say(`where the time goes at ${best.perSecond.toFixed(0)} tx/s (CPU µs per transaction and node: user, kernel)`);
  for (const line of best.table) say(line);
  const rssLoaded = session.memoryMiB();
  const at80 = await run(limited, 0.8 * best.perSecond);
  say(runLine("at 80 %", at80));
  const roots = await session.stateRoots();
  say(`state roots of the ${session.network.members.length} nodes: ${roots.size === 1 ? "equal" : "DIFFERENT"}`);
  if (roots.size !== 1) throw new Error("the state roots differ");
  const down = await oneDown(session, degraded.runs, () => run(degraded));
  return {
    saturationTxPerSecond: Math.round(best.perSecond),
    idleFinalityMsP50: round(percentile(idle, 0.5)),
    finalityMsP50At80Percent: round(at80.p50Ms),
    finalityMsP99At80Percent: round(at80.p99Ms),
    cpuMicrosPerTxPerNode: Math.round(best.cpuMicrosPerTxPerNode),
    generatorCpuMicrosPerTx: Math.round(best.generatorMicrosPerTx),
    verificationMicros: round(verifyMicros),
    rssMiBPerNodeIdle: Math.round(rssIdle),
    rssMiBPerNodeLoaded: Math.round(rssLoaded),
    ...down,
  };
}

/** Medians of the same run with all four nodes and with three: above 70 % of the throughput, below three times the latency. */
async function oneDown(session: BenchSession, count: number, run: () => Promise<Run>) {
  const several = async (name: string): Promise<{ readonly perSecond: number; readonly p50Ms: number }> => {
    const results: Run[] = [];
    for (let index = 0; index < count; index++) {
      results.push(await run());
      say(runLine(name, results.at(-1) as Run));
    }
    return { perSecond: median(results.map((each) => each.perSecond)), p50Ms: median(results.map((each) => each.p50Ms)) };
  };
  const healthy = await several("all four");
  await session.kill("huasu");
  const degraded = await several("one down");
  const oneDownRatio = round(degraded.perSecond / healthy.perSecond);
  const oneDownLatencyRatio = round(degraded.p50Ms / healthy.p50Ms);
  say(`one node down: ${oneDownRatio} of the throughput, ${oneDownLatencyRatio} times the median latency`);
  return { oneDownRatio, oneDownLatencyRatio };
}

/** One transaction at a time on an otherwise idle network. */
async function idleLatencies(session: BenchSession, population: Population, count: number): Promise<readonly number[]> {
  const { client, network } = session;
  let [from, next] = population.holders as [(typeof population.holders)[number], (typeof population.holders)[number]];
  let note = (population.chains.at(-1) as (typeof population.chains)[number]).note;
  const latencies: number[] = [];
  for (let index = 0; index < count; index++) {
    const { id, bytes } = await signTransaction(
      {
        chain: network.identity.chain,
        ops: [op("note.transfer", { note, to: next.party })],
        notAfter: session.nowMs() + 5 * 60_000,
      },
      [from, next],
    );
    const startedMs = performance.now();
    const outcome = await client.submitAndWait(id, bytes);
    if (outcome.status !== "committed") throw new Error(`idle transfer: ${outcome.status} ${outcome.code ?? ""}`);
    latencies.push(performance.now() - startedMs);
    note = objectId(id, 0, 0);
    [from, next] = [next, from];
    await new Promise((done) => setTimeout(done, 60));
  }
  return latencies.sort((left, right) => left - right);
}

function say(line: string): void {
  console.error(line);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
