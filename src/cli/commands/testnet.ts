import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { DrivenClockSource } from "../../adapters/driven-clock.ts";
import { Client } from "../../client/client.ts";
import { endedAtStart } from "../../testnet/last-words.ts";
import { basePortOf, type MemberFolder, type NetworkFolder, openNetworkFolder } from "../../testnet/network-folder.ts";
import { integer } from "../options.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";

const CLI = fileURLToPath(new URL("../zhonglian.js", import.meta.url));
const TIMEOUT_MS = 120_000;
const BASE_PORT = 7_700;

interface Options {
  readonly dir: string;
  readonly basePort?: number;
  readonly json?: boolean;
}

/** A local network in the background, without a story: for trying things by hand and for drills. */
export function testnetCommand(done: (status: number) => void): Command {
  const testnet = new Command("testnet").description("a local network of four members in the background");
  const common = (command: Command): Command =>
    command
      .option("--dir <folder>", "where it lives", ".zhonglian")
      .option(
        "--base-port <port>",
        `RPC ports from here (default: where they were, at first ${BASE_PORT})`,
        integer(1_100, 65_000),
      )
      .option("--json", "print JSON");
  common(testnet.command("up").description("start the nodes that do not run")).action(async (options: Options) => {
    const network = await open(options);
    for (const member of network.members) if (pidOf(member) === null) start(member);
    for (const member of network.members) await answers(member);
    print(await states(network), options.json === true);
  });
  common(testnet.command("down").description("end all nodes")).action(async (options: Options) => {
    const network = await open(options);
    for (const member of network.members) await end(member, "SIGTERM");
    print(await states(network), options.json === true);
  });
  common(testnet.command("status").description("which nodes run and where they stand")).action(async (options: Options) => {
    print(await states(await open(options)), options.json === true);
  });
  common(testnet.command("kill <member>").description("SIGKILL one node")).action(async (name: string, options: Options) => {
    const network = await open(options);
    await end(memberOf(network, name), "SIGKILL");
    print(await states(network), options.json === true);
  });
  common(testnet.command("restart <member>").description("end one node, if it runs, and start it")).action(
    async (name: string, options: Options) => {
      const network = await open(options);
      const member = memberOf(network, name);
      await end(member, "SIGTERM");
      start(member);
      await answers(member);
      print(await states(network), options.json === true);
    },
  );
  testnet
    .command("faults")
    .description("do to a network of four authorities and a follower what can go wrong, and check that it holds")
    .option("--only <name>", "one fault, or all whose names begin so")
    .option("--base-port <port>", "RPC ports from here", integer(1_100, 65_000), 9_300)
    .option("--json", "print JSON")
    .action(async ({ only, basePort, json }: { only?: string; basePort: number; json?: boolean }) => {
      const { runFaults } = await import("../../testnet/faults/run-all.ts");
      done(await runFaults({ ...(only === undefined ? {} : { only }), basePort, json: json === true }));
    });
  return testnet;
}

async function open({ dir, basePort }: Options): Promise<NetworkFolder> {
  const folder = resolve(dir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const network = await openNetworkFolder(folder, basePort ?? basePortOf(folder) ?? BASE_PORT, Date.now());
  // Without a story the driven clock is just the machine's.
  if (!existsSync(network.clockFile)) new DrivenClockSource(network.clockFile, Date.now());
  return network;
}

function memberOf(network: NetworkFolder, name: string): MemberFolder {
  const member = network.members.find(({ id }) => id === name);
  if (member === undefined)
    throw new SettingsError(
      "MEMBER_UNKNOWN",
      `there is no member "${name}"; there are ${network.members.map(({ id }) => id).join(", ")}`,
    );
  return member;
}

function start(member: MemberFolder): void {
  const log = openSync(join(member.folder, "node.log"), "a", 0o600);
  const child = spawn(process.execPath, [CLI, "node", "start", "--dir", member.folder], {
    detached: true,
    stdio: ["ignore", "ignore", log],
  });
  closeSync(log);
  child.unref();
  writeFileSync(pidFile(member), String(child.pid));
}

async function end(member: MemberFolder, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const pid = pidOf(member);
  if (pid === null) return;
  process.kill(pid, signal);
  await until(() => pidOf(member) === null, `${member.id} does not end`);
  rmSync(pidFile(member), { force: true });
}

/** The node's process, null if it does not run. A number that another program has meanwhile is told apart by its command line. */
function pidOf(member: MemberFolder): number | null {
  if (!existsSync(pidFile(member))) return null;
  const pid = Number(readFileSync(pidFile(member), "utf8"));
  try {
    process.kill(pid, 0);
    const commandLine = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : member.folder;
    return commandLine.includes(member.folder) ? pid : null;
  } catch {
    return null;
  }
}

function pidFile(member: MemberFolder): string {
  return join(member.folder, "node.pid");
}

async function answers(member: MemberFolder): Promise<void> {
  const client = new Client({ endpoints: [member.rpc] });
  await until(async () => {
    if (pidOf(member) === null) throw new SettingsError("NODE_ENDED", endedAtStart(member));
    return (await client.status().catch(() => undefined)) !== undefined;
  }, `${member.id} does not answer`);
}

async function until(holds: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new SettingsError("TIMEOUT", otherwise);
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function states(network: NetworkFolder): Promise<readonly object[]> {
  return Promise.all(
    network.members.map(async (member) => {
      const pid = pidOf(member);
      const status = pid === null ? undefined : await new Client({ endpoints: [member.rpc] }).status().catch(() => undefined);
      const { height = null, stateRoot = null, peers = null } = status ?? {};
      return { member: member.id, running: pid !== null, pid, rpc: member.rpc, height, stateRoot, peers };
    }),
  );
}
