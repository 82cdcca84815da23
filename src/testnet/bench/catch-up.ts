import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DrivenClockSource } from "../../adapters/driven-clock.ts";
import { Client } from "../../client/client.ts";
import { Launcher } from "../launcher.ts";
import { type MemberFolder, openNetworkFolder } from "../network-folder.ts";
import { cpuByRole, cpuTable } from "./cpu.ts";
import { BLOCK_INTERVAL_MS, copyChain, forgeChain } from "./forged-network.ts";
import { percentile } from "./load.ts";
import { verificationMicros } from "./state-cost.ts";

interface CatchUpOptions {
  readonly blocks: number;
  readonly json: boolean;
  readonly basePort: number;
}

const TRANSACTIONS = 10;
const READ_INTERVAL_MS = 20;
const LIMIT_MS = 30 * 60_000;

/**
 * `npm run bench -- --catch-up`: three nodes have a chain of blocks of ten transactions; the fourth, with an empty folder, fetches and
 * executes all of it, and is read from meanwhile.
 */
export async function benchCatchUp(options: CatchUpOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "zhonglian-catch-up-"));
  const network = await openNetworkFolder(folder, options.basePort, Date.now() - 10 * 86_400_000);
  const launcher = new Launcher(network);
  const stop = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => reject(new Error("interrupted")));
  });
  try {
    console.error(`making ${options.blocks} blocks of ${TRANSACTIONS} transactions`);
    const { height, timeMs } = await forgeChain(network, { blocks: options.blocks, transactions: TRANSACTIONS });
    new DrivenClockSource(network.clockFile, timeMs + 1_000);
    const [first, ...others] = network.members as [MemberFolder, ...MemberFolder[]];
    const late = others.pop() as MemberFolder;
    for (const other of others) copyChain(first, other);
    for (const member of [first, ...others]) launcher.start(member);
    await Promise.race([reached(first, { height, peers: 2 }), stop]);
    const verifyMicros = verificationMicros();
    console.error(`one raw verification: ${verifyMicros.toFixed(0)} µs`);
    const givers = Object.values(launcher.pids());
    const givenBefore = cpuByRole(givers);
    const startedMs = performance.now();
    launcher.start(late);
    const reads = await Promise.race([readUntilCaughtUp(late, height), stop]);
    const pid = launcher.pids()[late.id] as number;
    const seconds = (reads.endMs - reads.beginMs) / 1000;
    const perBlockMs = (seconds * 1000) / height;
    const ratio = perBlockMs / BLOCK_INTERVAL_MS;
    console.error(
      `${height} blocks in ${seconds.toFixed(1)} s (with the start of the process ${((reads.endMs - startedMs) / 1000).toFixed(1)} s)`,
    );
    console.error(`${perBlockMs.toFixed(2)} ms a block: ${(100 * ratio).toFixed(1)} % of ${BLOCK_INTERVAL_MS} ms`);
    const latencies = reads.latenciesMs.sort((left, right) => left - right);
    console.error(
      `reads meanwhile: ${latencies.length}, marked syncing ${reads.syncing}, p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms`,
    );
    console.error("CPU of the node that caught up, µs per block: user, kernel");
    for (const line of cpuTable(new Map(), cpuByRole([pid]), height)) console.error(line);
    console.error("CPU of the three that gave the blocks, µs per block: user, kernel");
    for (const line of cpuTable(givenBefore, cpuByRole(givers), height)) console.error(line);
    const micros = Math.round(verifyMicros);
    if (options.json)
      console.log(
        JSON.stringify({ blocks: height, seconds, perBlockMs, ratio, reads: latencies.length, verificationMicros: micros }),
      );
    return ratio <= 0.1 ? 0 : 1;
  } finally {
    await launcher.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Reads as a client would, from the first answer on. */
async function readUntilCaughtUp(member: MemberFolder, height: number) {
  const client = new Client({ endpoints: [member.rpc] });
  const deadline = performance.now() + LIMIT_MS;
  const latenciesMs: number[] = [];
  let syncing = 0;
  let beginMs: number | null = null;
  for (;;) {
    const askedMs = performance.now();
    if (askedMs > deadline) throw new Error("the node does not catch up");
    const status = await client.status().catch(() => undefined);
    const nowMs = performance.now();
    if (status !== undefined) {
      if (status.syncing && beginMs === null) beginMs = askedMs;
      if (beginMs !== null) latenciesMs.push(nowMs - askedMs);
      if (status.syncing) syncing += 1;
      if (status.height >= height && !status.syncing) return { beginMs: beginMs ?? askedMs, endMs: nowMs, latenciesMs, syncing };
    }
    await new Promise((done) => setTimeout(done, READ_INTERVAL_MS));
  }
}

async function reached(member: MemberFolder, { height, peers }: { height: number; peers: number }): Promise<void> {
  const client = new Client({ endpoints: [member.rpc] });
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const status = await client.status().catch(() => undefined);
    if (status !== undefined && status.height === height && status.peers >= peers) return;
    if (performance.now() > deadline) throw new Error(`the node ${member.id} does not start`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
