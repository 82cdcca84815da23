import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { DrivenClockSource } from "../adapters/driven-clock.ts";
import { Client, type NodeStatus } from "../client/client.ts";
import { Launcher } from "./launcher.ts";
import { openNetworkFolder } from "./network-folder.ts";
import { refuseIfRunning } from "./running-nodes.ts";
import { sampleStory } from "./sample-story.ts";
import type { Story } from "./story.ts";
import { yearStory } from "./year-story.ts";

interface StartOptions {
  readonly exit?: boolean;
  readonly json?: boolean;
  readonly story: string;
  readonly seed?: string;
  /** The year is a so-manieth of the whole one. */
  readonly scale: number;
  readonly invoices: string;
  readonly basePort: number;
  readonly dir?: string;
}

const SAMPLES = new URL("../../network-configs/local/invoices", import.meta.url).pathname;
const DAY_MS = 86_400_000;
const DEFAULT_SEED = "1";
/** Where each story's network lies: each has a clock of its own. */
const FOLDERS: Readonly<Record<string, string>> = { sample: ".zhonglian", year: ".zhonglian/year" };

/** `npm start`: four nodes, a story on them, a summary. Resolves to the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const command = new Command("npm start --")
    .description("bring up a local network of four members and play a story on it: the sample story, or the alliance's year")
    .option("--exit", "end after the story")
    .option("--json", "print one line of JSON to standard output after the story")
    .option(
      "--story <name>",
      "sample: from e-invoices to repayment; year: a year of three platforms and 1,500 small firms",
      "sample",
    )
    .option("--seed <text>", `what the year draws from (default: "${DEFAULT_SEED}")`)
    .option("--scale <1/n>", "play a fraction of the year, with fewer firms and deliveries, for a look at it", parseScale, 1)
    .option("--invoices <folder>", "e-invoice files to read", SAMPLES)
    .option("--base-port <port>", "RPC ports from here, libp2p ports 100 below", (text) => Number(text), 7700)
    .option("--dir <folder>", "where keys, genesis and data are kept (default: .zhonglian, .zhonglian/year for the year)")
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
  if (!Number.isInteger(options.basePort) || options.basePort < 1_124 || options.basePort > 65_000)
    throw new Error("--base-port must be from 1124 to 65000");
  const startedMs = performance.now();
  const secondsSoFar = (): number => (performance.now() - startedMs) / 1000;
  const say = (line: string): void => console.error(`[${secondsSoFar().toFixed(1).padStart(6)} s] ${line}`);
  const folder = resolve(options.dir ?? FOLDERS[options.story] ?? ".");
  const choose = (): Story => {
    if (options.story === "sample") return sampleStory(folder, options.invoices);
    if (options.story === "year") return yearStory(folder, options.seed ?? DEFAULT_SEED, options.scale);
    throw new Error(`there is no story "${options.story}"; there are: sample, year`);
  };
  if (FOLDERS[options.story] === undefined) choose();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await refuseIfRunning(folder);
  const story = choose();
  const { firstMs } = story;
  const network = await openNetworkFolder(folder, options.basePort, firstMs - DAY_MS);
  const clock = new DrivenClockSource(network.clockFile, firstMs, story.resumeMs);
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
    const client = new Client({ endpoints: network.members.map(({ rpc }) => rpc) });
    clock.jumpTo(Math.max(...(await Promise.all(network.members.map(({ rpc }) => headTimeMs(rpc))))));
    const playing = story.play({ launcher, client, clock, say });
    playing.catch(() => undefined);
    const ending = await Promise.race([playing, interrupted]);
    if (ending === "interrupted") {
      say("interrupted; the next start goes on where the story was left");
      return 130;
    }
    const nodes = await equalNodes(launcher);
    const answering = new Set(nodes.map(({ member }) => member));
    const down = network.members.map(({ id }) => id as string).filter((id) => !answering.has(id));
    const after = { nodes, down, seconds: secondsSoFar() };
    console.error(ending.text(after));
    if (options.json === true) console.log(JSON.stringify(ending.json(after)));
    if (options.exit === true) return 0;
    say("the network keeps running; Ctrl-C ends it");
    await interrupted;
    return 0;
  } finally {
    await launcher.stop();
  }
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

/** Throws a commander error for what is no such fraction. */
function parseScale(text: string): number {
  const match = /^1(?:\/([1-9][0-9]{0,2}))?$/.exec(text);
  if (match === null) throw new InvalidArgumentError("expected 1/n, such as 1/100");
  return Number(match[1] ?? 1);
}

async function headTimeMs(rpc: string): Promise<number> {
  return (await new Client({ endpoints: [rpc] }).status().catch(() => undefined))?.blockTimeMs ?? 0;
}
