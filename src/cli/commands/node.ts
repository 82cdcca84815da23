import { Command } from "commander";
import { CodedError } from "../../lib/coded-error.ts";
import { errorLine } from "../advice.ts";
import { flagName, loadSettings, SETTINGS, type SettingKey } from "../settings.ts";
import { nodeInitCommand } from "./node-init.ts";
import { nodeRekeyCommand } from "./node-rekey.ts";

const PARENT_GRACE_MS = 8_000;

export function nodeCommand(done: (status: number) => void): Command {
  const node = new Command("node").description("make and run a node");
  const start = new Command("start").description("run the node of a folder until SIGTERM or SIGINT");
  start.requiredOption("--dir <folder>", "the node's folder").option("--with-parent", "end when standard input closes");
  start.option("--json", "print one line of JSON to standard output once the node runs");
  for (const key of Object.keys(SETTINGS) as SettingKey[]) {
    const { type, fallback, help } = SETTINGS[key];
    // Told, not given to the flag: a flag that is not used must not beat the file.
    const said = type === "flag" || fallback === "" ? help : `${help} (default: ${fallback})`;
    start.option(type === "flag" ? `--${flagName(key)}` : `--${flagName(key)} <${type}>`, said);
  }
  start.addHelpText(
    "after",
    "\nEach setting is also a key of settings.json (--rpc-port: rpcPort) and an environment variable (ZHONGLIAN_RPC_PORT).\nA flag beats the environment, the environment the file.",
  );
  start.action(async (options: Record<string, string | boolean>) => {
    const { dir, withParent, json, ...flags } = options;
    const given = Object.fromEntries(Object.entries(flags).map(([key, value]) => [key, String(value)]));
    const settings = loadSettings(String(dir), process.env, given);
    done(await runUntilStopped(settings, { withParent: withParent === true, json: json === true }));
  });
  node.addCommand(nodeInitCommand());
  node.addCommand(nodeRekeyCommand());
  node.addCommand(start);
  return node;
}

/** Runs until a signal (0) or a fault that the node must not survive (70). */
async function runUntilStopped(
  settings: ReturnType<typeof loadSettings>,
  { withParent, json }: { readonly withParent: boolean; readonly json: boolean },
): Promise<number> {
  let finish: (status: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const onFatal = (error: Error): void => {
    const { code } = (error.cause ?? error) as { code?: string };
    console.error(errorLine(`${error.message}${error.cause === undefined ? "" : `: ${String(error.cause)}`}`, code ?? "FATAL"));
    // What has a code has an entry in the table of errors; where in the program it was found is of no use to an operator.
    if (!(error instanceof CodedError) && error.stack !== undefined) console.error(error.stack);
    // Fail closed: nothing more leaves this process.
    process.exit(70);
  };
  process.on("uncaughtException", onFatal);
  process.on("unhandledRejection", (reason) => onFatal(reason instanceof Error ? reason : new Error(String(reason))));
  // Loaded when needed: the network stack is most of what there is to load, and other commands do without.
  const { runNode } = await import("../run-node.ts");
  const running = await runNode(settings, onFatal);
  const { rpcPort, chain, height } = running;
  if (json) console.log(JSON.stringify({ member: settings.member, chain, height, rpcPort, pid: process.pid }));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => finish(0));
  if (withParent) {
    process.stdin.on("end", () => finish(0)).on("error", () => finish(0));
    process.stdin.resume();
  }
  const status = await finished;
  const timer = setTimeout(() => process.exit(status), PARENT_GRACE_MS);
  timer.unref();
  await running.stop();
  process.exit(status);
}
