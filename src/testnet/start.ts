import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { DrivenClockSource } from "../adapters/driven-clock.ts";
import { startOfDay } from "../client/civil-day.ts";
import { Client, type NodeStatus } from "../client/client.ts";
import { readInvoiceFolder } from "../gateways/read-invoice.ts";
import { type SampleResult, SampleStory, storyName } from "../story/sample.ts";
import { Steps } from "../story/steps.ts";
import { FileJournal, PlayedStories } from "./journal.ts";
import { Launcher } from "./launcher.ts";
import { type NetworkFolder, openNetworkFolder } from "./network-folder.ts";
import { refuseIfRunning } from "./running-nodes.ts";
import { summaryJson, summaryText } from "./summary.ts";
import { FolderWallets } from "./wallets.ts";

interface StartOptions {
  readonly exit?: boolean;
  readonly json?: boolean;
  readonly story: string;
  readonly seed?: string;
  readonly invoices: string;
  readonly basePort: number;
  readonly dir: string;
}

const SAMPLES = new URL("../../network-configs/local/invoices", import.meta.url).pathname;
const DAY_MS = 86_400_000;

/** `npm start`: four nodes, the sample story on them, a summary. Resolves to the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const command = new Command("npm start --")
    .description("bring up a local network of four members and play the sample alliance story on it")
    .option("--exit", "end after the story")
    .option("--json", "print one line of JSON to standard output after the story")
    .option("--story <name>", "which story", "sample")
    .option("--seed <text>", "for stories that draw from one")
    .option("--invoices <folder>", "e-invoice files to read", SAMPLES)
    .option("--base-port <port>", "RPC ports from here, libp2p ports 100 below", (text) => Number(text), 7700)
    .option("--dir <folder>", "where keys, genesis and data are kept", ".zhonglian")
    .exitOverride();
  try {
    command.parse([...argv], { from: "user" });
    return await start(command.opts<StartOptions>());
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "commander.helpDisplayed") return 0;
    if (code?.startsWith("commander.")) return 2;
    console.error(`npm start: ${message}${code === undefined ? "" : ` [${code}]`}`);
    return 1;
  }
}

async function start(options: StartOptions): Promise<number> {
  if (options.story !== "sample") throw new Error(`there is no story "${options.story}"; there is: sample`);
  if (!Number.isInteger(options.basePort) || options.basePort < 1_124 || options.basePort > 65_000)
    throw new Error("--base-port must be from 1124 to 65000");
  const startedMs = performance.now();
  const say = (line: string): void =>
    console.error(`[${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s] ${line}`);
  const { invoices, refused } = readInvoiceFolder(resolve(options.invoices));
  if (invoices.length === 0) throw new Error(`no e-invoice could be read in ${options.invoices}`);
  const newest = Math.max(...invoices.map(({ invoice }) => invoice.issueDay));
  const firstMs = startOfDay(newest + 1) + 9 * 3_600_000;
  const folder = resolve(options.dir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await refuseIfRunning(folder);
  const network = await openNetworkFolder(folder, options.basePort, firstMs - DAY_MS);
  const journal = new FileJournal(join(folder, "story.jsonl"));
  const played = new PlayedStories(join(folder, "stories-played"));
  const name = storyName(invoices);
  // An interrupted story goes on at the hour at which it was left: what it offered and applied for has not run out over night.
  const clock = new DrivenClockSource(network.clockFile, firstMs, played.has(name) ? undefined : journal.lastMs);
  const launcher = new Launcher(network);
  const interrupted = new Promise<"interrupted">((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => done("interrupted"));
  });
  try {
    say(`four nodes start; keys, genesis and data are in ${folder}`);
    launcher.startAll();
    // Ctrl-C reaches the nodes as well: that they end is then no fault.
    const ready = launcher.ready(({ id, rpc }) => say(`${id.padEnd(10)} runs, RPC ${rpc} (pid ${launcher.pids()[id]})`));
    ready.catch(() => undefined);
    if ((await Promise.race([interrupted, ready])) === "interrupted") return 130;
    for (const { file, refusal } of refused) say(`not taken: ${file} — ${refusal.message} [${refusal.code}]`);
    const client = new Client({ endpoints: network.members.map(({ rpc }) => rpc) });
    const steps = new Steps({
      client,
      chain: network.identity.chain,
      clock,
      journal,
    });
    clock.jumpTo(Math.max(...(await Promise.all(network.members.map(({ rpc }) => headTimeMs(rpc))))));
    if (played.has(name)) say("the story was played on this network already; this is what it left");
    const story = new SampleStory({
      client,
      steps,
      clock,
      wallets: new FolderWallets(network),
      invoices,
      epochKey: epochKey(network),
      progress: say,
    });
    const result = await Promise.race([story.play(), interrupted]);
    if (result === "interrupted") {
      say("interrupted; the next start goes on where the story was left");
      return 130;
    }
    played.add(name);
    await report(options, launcher, steps, result, startedMs);
    if (options.exit === true) return 0;
    say("the network keeps running; Ctrl-C ends it");
    await interrupted;
    return 0;
  } finally {
    await launcher.stop();
  }
}

async function report(
  options: StartOptions,
  launcher: Launcher,
  steps: Steps,
  result: SampleResult,
  startedMs: number,
): Promise<void> {
  const nodes = await equalNodes(launcher);
  const answering = new Set(nodes.map(({ member }) => member));
  const summary = {
    result,
    nodes,
    down: launcher.network.members.map(({ id }) => id as string).filter((id) => !answering.has(id)),
    transactions: steps.committed,
    rejected: steps.rejected,
    seconds: (performance.now() - startedMs) / 1000,
  };
  console.error(summaryText(summary));
  if (options.json === true) console.log(JSON.stringify(summaryJson(summary)));
}

/**
 * The state of the nodes once all stand at one height. One that was killed and started again by hand may need a moment to catch up; one
 * that neither runs nor answers is not waited for.
 */
async function equalNodes(launcher: Launcher): Promise<readonly (NodeStatus & { readonly rpc: string })[]> {
  const { network } = launcher;
  const deadline = performance.now() + 20_000;
  for (;;) {
    const statuses = await Promise.all(
      network.members.map(async ({ rpc }) => {
        const status = await new Client({ endpoints: [rpc] }).status().catch(() => undefined);
        return status === undefined ? undefined : { ...status, rpc };
      }),
    );
    const alive = statuses.filter((status) => status !== undefined);
    const heights = new Set(alive.map(({ height }) => height));
    const running = launcher.pids();
    const isComplete = network.members.every(({ id }, index) => statuses[index] !== undefined || running[id] === undefined);
    if ((heights.size === 1 && isComplete) || performance.now() > deadline) return alive;
    await new Promise((done) => setTimeout(done, 100));
  }
}

async function headTimeMs(rpc: string): Promise<number> {
  return (await new Client({ endpoints: [rpc] }).status().catch(() => undefined))?.blockTimeMs ?? 0;
}

/** The verifiers' shared key for fingerprints; in a real network it is theirs alone. */
function epochKey(network: NetworkFolder): Uint8Array {
  const path = join(network.folder, "fingerprint-key");
  if (!existsSync(path)) writeFileSync(path, globalThis.crypto.getRandomValues(new Uint8Array(32)), { mode: 0o600 });
  return new Uint8Array(readFileSync(path));
}
