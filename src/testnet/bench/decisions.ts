import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Hash } from "../../types/scalars.ts";
import { riskAgentFolder } from "../agent-folders.ts";
import { TradingFirm } from "../credit-history.ts";
import { FolderWallets } from "../wallets.ts";
import { percentile } from "./load.ts";
import { BenchSession } from "./session.ts";

const CLI = fileURLToPath(new URL("../../cli/zhonglian.js", import.meta.url));
/** A note is divided into so many at most, and each is applied for once. */
const APPLICATIONS_MAX = 32;
const WAIT_MS = 60_000;
const LOOK_MS = 10;

/**
 * From the moment at which a firm sends its application to the one at which the bank's decision is final, as seen by the firm: four node
 * processes, and the bank's risk agent as a fifth. Two blocks lie between, and the agent's look at score, gates and notes.
 */
export async function benchDecisions(options: {
  readonly count: number;
  readonly json: boolean;
  readonly basePort: number;
}): Promise<number> {
  const count = Math.min(options.count, APPLICATIONS_MAX);
  const figures = await BenchSession.run(options.basePort, (session) => measure(session, count));
  console.error(
    `${figures.decisions} applications decided by the risk agent: p50 ${figures.decisionMsP50} ms, p95 ${figures.decisionMsP95} ms (${figures.approved} approved)`,
  );
  if (options.json) console.log(JSON.stringify(figures));
  return 0;
}

async function measure(session: BenchSession, count: number) {
  await session.start();
  const { network, client } = session;
  const wallets = new FolderWallets(network);
  const [bank, platform] = [await wallets.member("zbank"), await wallets.member("zhongnong")];
  const clock = { nowMs: () => session.nowMs(), jumpTo: (timeMs: number) => session.jumpTo(timeMs) };
  const firm = await TradingFirm.make({ client, chain: network.identity.chain, clock, bank, platform }, "decisions");
  const notes = await firm.notes("decisions/today", count);
  const agent = spawn(process.execPath, [CLI, "agent", "risk", riskAgentFolder(network, bank)], { stdio: "ignore" });
  try {
    const latencies: number[] = [];
    let approved = 0;
    for (const [at, note] of notes.entries()) {
      const startedMs = performance.now();
      const outcome = await decided(session, await firm.apply(note));
      // The first one also waits for the agent to start.
      if (at > 0) latencies.push(performance.now() - startedMs);
      if (outcome === "APPROVED") approved += 1;
    }
    latencies.sort((left, right) => left - right);
    return {
      decisions: latencies.length,
      decisionMsP50: Math.round(percentile(latencies, 0.5)),
      decisionMsP95: Math.round(percentile(latencies, 0.95)),
      approved,
    };
  } finally {
    const ended = new Promise((done) => agent.once("exit", done));
    agent.kill("SIGTERM");
    if (agent.exitCode === null && agent.signalCode === null) await ended;
  }
}

/** The outcome of the first decision on an application. */
async function decided({ client }: BenchSession, application: Hash): Promise<unknown> {
  const deadline = performance.now() + WAIT_MS;
  while (performance.now() < deadline) {
    const [decision] = (await client.ledgerGet("application", application)).decisions as readonly Hash[];
    if (decision !== undefined) return (await client.ledgerGet("decision", decision)).outcome;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  throw new Error("the risk agent did not decide");
}
