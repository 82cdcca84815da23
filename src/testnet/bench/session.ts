import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DrivenClockSource } from "../../adapters/driven-clock.ts";
import { Client } from "../../client/client.ts";
import { Launcher } from "../launcher.ts";
import { type NetworkFolder, openNetworkFolder } from "../network-folder.ts";
import { cpuByRole, cpuTable, cpuTotal } from "./cpu.ts";
import { percentile, runLoad } from "./load.ts";
import { type Chain, type Population, type Signed, signChain } from "./population.ts";

/** Signed transactions hold for nine minutes: within the window of ten that the chain admits. */
const VALID_MS = 9 * 60_000;
const DAY_MS = 86_400_000;

/** What one run of the load gave. */
export interface Run {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of the nodes. */
  readonly cpuMicrosPerTxPerNode: number;
  /** CPU of this process, which shares the cores with the nodes. */
  readonly generatorMicrosPerTx: number;
  /** Mean over the run's blocks. */
  readonly txPerBlock: number;
  readonly table: readonly string[];
}

/** A network of node processes that a bench measures. */
export class BenchSession {
  readonly network: NetworkFolder;
  readonly launcher: Launcher;
  readonly client: Client;
  #clock: DrivenClockSource | null = null;

  private constructor(network: NetworkFolder) {
    this.network = network;
    this.launcher = new Launcher(network);
    this.client = new Client({ endpoints: network.members.map(({ rpc }) => rpc) });
  }

  /** In a folder of its own, which is gone afterwards, as are the processes, however `measure` ends. */
  static async run<T>(basePort: number, measure: (session: BenchSession) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), "zhonglian-bench-"));
    const network = await openNetworkFolder(folder, basePort, Date.now() - DAY_MS);
    const session = new BenchSession(network);
    const stop = new Promise<never>((_, reject) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => reject(new Error("interrupted")));
    });
    try {
      return await Promise.race([measure(session), stop]);
    } finally {
      await session.launcher.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** Starts all nodes with a clock that runs from now on, or from a chain's last block. */
  async start(timeMs = Date.now()): Promise<void> {
    this.#clock = new DrivenClockSource(this.network.clockFile, Math.max(timeMs, Date.now()));
    this.launcher.startAll();
    await this.launcher.ready();
  }

  /** SIGKILL; returns when the process is gone. */
  async kill(member: string): Promise<void> {
    this.launcher.kill(member);
    while (this.launcher.pids()[member] !== undefined) await new Promise((done) => setTimeout(done, 10));
  }

  /** Moves the network's clock on, while nothing is pending. */
  jumpTo(timeMs: number): void {
    this.#clock?.jumpTo(timeMs);
  }

  nowMs(): number {
    return this.#clock?.nowMs() ?? Date.now();
  }

  sign(chains: readonly Chain[], length: number, population: Population): Promise<readonly (readonly Signed[])[]> {
    const at = { chain: this.network.identity.chain, notAfter: this.nowMs() + VALID_MS };
    return Promise.all(chains.map((start) => signChain(start, length, population, at)));
  }

  /** Runs the chains over the nodes that are up. Throws if any transaction is refused or lost: the figures would mean nothing. */
  async load(chains: readonly (readonly Signed[])[], perSecond?: number): Promise<Run> {
    const pids = Object.values(this.launcher.pids());
    const up = this.launcher.pids();
    const endpoints = this.network.members.filter(({ id }) => up[id] !== undefined).map(({ rpc }) => rpc);
    const own = process.cpuUsage();
    const before = cpuByRole(pids);
    const blocksBefore = (await this.#counts()).blocks;
    const concurrency = chains.length;
    const result = await runLoad(endpoints, chains, perSecond === undefined ? { concurrency } : { concurrency, perSecond });
    const after = cpuByRole(pids);
    const { user, system } = process.cpuUsage(own);
    const { committed, refused, failed, seconds, latenciesMs } = result;
    const { ineffective, blocks } = await this.#counts();
    if (refused + failed + ineffective > 0)
      throw new Error(`${refused} transactions were refused, ${failed} lost, ${ineffective} without effect`);
    const units = committed * pids.length;
    return {
      perSecond: committed / seconds,
      p50Ms: percentile(latenciesMs, 0.5),
      p99Ms: percentile(latenciesMs, 0.99),
      cpuMicrosPerTxPerNode: ((cpuTotal(after) - cpuTotal(before)) * 1e6) / units,
      generatorMicrosPerTx: (user + system) / committed,
      txPerBlock: committed / Math.max(1, blocks - blocksBefore),
      table: cpuTable(before, after, units),
    };
  }

  /** Blocks, and transactions in them whose execution failed. */
  async #counts(): Promise<{ readonly blocks: number; readonly ineffective: number }> {
    const metrics = await (await fetch(new URL("/metrics", this.network.members[0]?.rpc))).text();
    const value = (pattern: RegExp): number => Number(pattern.exec(metrics)?.[1] ?? 0);
    return {
      blocks: value(/^zhonglian_block_transactions_count ([0-9]+)/m),
      ineffective: value(/^zhonglian_transactions_total\{outcome="failed"\} ([0-9]+)/m),
    };
  }

  /** Mean resident memory of the node processes. */
  memoryMiB(): number {
    const pids = Object.values(this.launcher.pids());
    const kib = pids.map((pid) => Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0));
    return kib.reduce((sum, value) => sum + value, 0) / 1024 / Math.max(1, pids.length);
  }

  /** State roots of all nodes once they stand at one height. */
  async stateRoots(): Promise<ReadonlySet<string>> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const clients = this.network.members.map(({ rpc }) => new Client({ endpoints: [rpc] }));
      const statuses = await Promise.all(clients.map((client) => client.status()));
      if (new Set(statuses.map(({ height }) => height)).size === 1 || performance.now() > deadline)
        return new Set(statuses.map(({ stateRoot }) => stateRoot));
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

export const RUN_HEAD = "           tx/s     p50 ms   p99 ms   tx/block CPU µs/tx/node  generator µs/tx";

export function runLine(
  name: string,
  { perSecond, p50Ms, p99Ms, txPerBlock, cpuMicrosPerTxPerNode, generatorMicrosPerTx }: Run,
): string {
  const figures = [
    [perSecond, 8],
    [p50Ms, 8],
    [p99Ms, 8],
    [txPerBlock, 8],
    [cpuMicrosPerTxPerNode, 15],
    [generatorMicrosPerTx, 0],
  ] as const;
  return `${name.padEnd(10)} ${figures.map(([value, width]) => value.toFixed(0).padEnd(width)).join(" ")}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
