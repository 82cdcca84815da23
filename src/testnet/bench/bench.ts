import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DrivenClockSource } from "../../adapters/driven-clock.ts";
import { Client } from "../../client/client.ts";
import { objectId } from "../../client/object-id.ts";
import { op, signTransaction } from "../../client/transaction-builder.ts";
import { Launcher } from "../launcher.ts";
import { type NetworkFolder, openNetworkFolder } from "../network-folder.ts";
import { FolderWallets } from "../wallets.ts";
import { cpuByRole, cpuTable, cpuTotal } from "./cpu.ts";
import { percentile, runLoad } from "./load.ts";
import { populate, signChain } from "./population.ts";

interface BenchOptions {
  readonly quick: boolean;
  readonly json: boolean;
  readonly basePort: number;
}

const CHAIN_LENGTH = 8;

/** `npm run bench`: throughput, latency, CPU and memory of a four-node network on this machine. Absolute figures vary with it. */
export async function bench(options: BenchOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "zhonglian-bench-"));
  const network = await openNetworkFolder(folder, options.basePort, Date.now() - 86_400_000);
  const clock = new DrivenClockSource(network.clockFile, Date.now());
  const launcher = new Launcher(network);
  const say = (line: string): void => console.error(line);
  const stop = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => reject(new Error("interrupted")));
  });
  try {
    launcher.startAll();
    await launcher.ready();
    const figures = await Promise.race([measure(options, network, launcher, clock, say), stop]);
    if (options.json) console.log(JSON.stringify(figures));
    return 0;
  } finally {
    await launcher.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measure(
  options: BenchOptions,
  network: NetworkFolder,
  launcher: Launcher,
  clock: DrivenClockSource,
  say: (line: string) => void,
): Promise<object> {
  const endpoints = network.members.map(({ rpc }) => rpc);
  const client = new Client({ endpoints });
  const { chain } = network.identity;
  const nowMs = (): number => clock.nowMs();
  const sponsor = await new FolderWallets(network).member("zhongnong");
  const rssIdle = memoryMiB(launcher);
  const steps = options.quick ? [256, 1024] : [64, 256, 1024, 2048];
  const most = Math.max(...steps);
  const population = await populate(
    { client, chain, nowMs, sponsor, name: "load" },
    most * (options.quick ? 2 : steps.length + 2),
  );
  say(`${population.chains.length} notes to move`);
  let used = 0;
  const sign = async (count: number) => {
    const chosen = population.chains.slice(used, used + count);
    used += count;
    return Promise.all(
      chosen.map((start) => signChain(start, CHAIN_LENGTH, population, { chain, notAfter: nowMs() + 9 * 60_000 })),
    );
  };

  const idle = await idleLatencies(client, population, { chain, nowMs }, options.quick ? 30 : 100);
  say(`idle: submission to finality p50 ${percentile(idle, 0.5).toFixed(1)} ms, p99 ${percentile(idle, 0.99).toFixed(1)} ms`);

  say("chains   tx/s      p50 ms   p99 ms   refused  failed  CPU µs/tx/node");
  let best: { perSecond: number; cpu: number; table: readonly string[] } = { perSecond: 0, cpu: 0, table: [] };
  let rssLoaded = rssIdle;
  for (const concurrency of steps) {
    const chains = await sign(concurrency);
    const before = cpuByRole(pidsOf(launcher));
    const result = await runLoad(endpoints, chains, { concurrency });
    const after = cpuByRole(pidsOf(launcher));
    const units = result.committed * network.members.length;
    const cpu = ((cpuTotal(after) - cpuTotal(before)) * 1e6) / units;
    const perSecond = result.committed / result.seconds;
    const p50 = percentile(result.latenciesMs, 0.5);
    const p99 = percentile(result.latenciesMs, 0.99);
    say(
      `${String(concurrency).padEnd(8)} ${perSecond.toFixed(0).padEnd(9)} ${p50.toFixed(0).padEnd(8)} ${p99.toFixed(0).padEnd(8)} ${String(result.refused).padEnd(8)} ${String(result.failed).padEnd(7)} ${cpu.toFixed(0)}`,
    );
    if (result.refused + result.failed > 0) throw new Error("transactions were refused or failed: the figures mean nothing");
    if (perSecond > best.perSecond) best = { perSecond, cpu, table: cpuTable(before, after, units) };
    rssLoaded = Math.max(rssLoaded, memoryMiB(launcher));
  }
  say(`where the time goes at ${best.perSecond.toFixed(0)} tx/s (CPU µs per transaction and node: user, kernel)`);
  for (const line of best.table) say(line);
  const at80 = await runLoad(endpoints, await sign(Math.min(most, population.chains.length - used)), {
    concurrency: most,
    perSecond: best.perSecond * 0.8,
  });
  say(
    `at 80 % of that: p50 ${percentile(at80.latenciesMs, 0.5).toFixed(0)} ms, p99 ${percentile(at80.latenciesMs, 0.99).toFixed(0)} ms`,
  );
  const roots = await equalRoots(network);
  say(`state roots of the ${network.members.length} nodes: ${roots.size === 1 ? "equal" : "DIFFERENT"}`);
  if (roots.size !== 1) throw new Error("the state roots differ");
  const figures = {
    saturationTxPerSecond: Math.round(best.perSecond),
    idleFinalityMsP50: round(percentile(idle, 0.5)),
    finalityMsP99At80Percent: round(percentile(at80.latenciesMs, 0.99)),
    cpuMicrosPerTxPerNode: Math.round(best.cpu),
    rssMiBPerNodeIdle: Math.round(rssIdle),
    rssMiBPerNodeLoaded: Math.round(rssLoaded),
  };
  if (options.quick) return figures;
  launcher.kill("huasu");
  const up = endpoints.filter((_, index) => network.members[index]?.id !== "huasu");
  const down = await runLoad(up, await sign(Math.min(most, population.chains.length - used)), { concurrency: most });
  const oneDownRatio = round(down.committed / down.seconds / best.perSecond);
  say(`one node down: ${(down.committed / down.seconds).toFixed(0)} tx/s, ${oneDownRatio} of all four`);
  return { ...figures, oneDownRatio };
}

/** One transaction at a time on an otherwise idle network. */
async function idleLatencies(
  client: Client,
  population: Awaited<ReturnType<typeof populate>>,
  { chain, nowMs }: { readonly chain: Parameters<typeof signChain>[3]["chain"]; readonly nowMs: () => number },
  count: number,
): Promise<readonly number[]> {
  const [holder, to] = population.holders as [(typeof population.holders)[number], (typeof population.holders)[number]];
  let note = (population.chains.at(-1) as { note: Parameters<typeof objectId>[0] }).note as never;
  let [from, next] = [holder, to];
  const latencies: number[] = [];
  for (let index = 0; index < count; index++) {
    const { id, bytes } = await signTransaction(
      { chain, ops: [op("note.transfer", { note, to: next.party })], notAfter: nowMs() + 5 * 60_000 },
      [from, next],
    );
    const startedMs = performance.now();
    const outcome = await client.submitAndWait(id, bytes);
    if (outcome.status !== "committed") throw new Error(`idle transfer: ${outcome.status} ${outcome.code ?? ""}`);
    latencies.push(performance.now() - startedMs);
    note = objectId(id, 0, 0) as never;
    [from, next] = [next, from];
    await new Promise((done) => setTimeout(done, 60));
  }
  return latencies.sort((left, right) => left - right);
}

async function equalRoots(network: NetworkFolder): Promise<ReadonlySet<string>> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const statuses = await Promise.all(network.members.map(({ rpc }) => new Client({ endpoints: [rpc] }).status()));
    if (new Set(statuses.map(({ height }) => height)).size === 1 || performance.now() > deadline)
      return new Set(statuses.map(({ stateRoot }) => stateRoot));
    await new Promise((done) => setTimeout(done, 100));
  }
}

function pidsOf(launcher: Launcher): readonly number[] {
  return Object.values(launcher.pids());
}

/** Mean resident memory of the node processes. */
function memoryMiB(launcher: Launcher): number {
  const pids = Object.values(launcher.pids());
  const kib = pids.map((pid) => Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0));
  return kib.reduce((sum, value) => sum + value, 0) / 1024 / Math.max(1, pids.length);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
