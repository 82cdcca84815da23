import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "../client/client.ts";
import { endedAtStart } from "./last-words.ts";
import type { MemberFolder, NetworkFolder } from "./network-folder.ts";

const CLI = fileURLToPath(new URL("../cli/zhonglian.js", import.meta.url));
const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;

/** Starts and ends the nodes of a local network, and agents beside them, as processes of their own, exactly as an operator would: `zhonglian node start --dir`. */
export class Launcher {
  readonly network: NetworkFolder;
  readonly #children = new Map<string, ChildProcess>();
  readonly #agents = new Map<string, ChildProcess>();

  constructor(network: NetworkFolder) {
    this.network = network;
  }

  /** The process ids of running nodes by member. */
  pids(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#children].flatMap(([id, child]) => (child.pid === undefined ? [] : [[id, child.pid]])));
  }

  start(member: MemberFolder): void {
    const log = openSync(join(member.folder, "node.log"), "a", 0o600);
    // The child ends itself when this pipe closes: a launcher that was killed leaves nobody behind.
    const child = spawn(process.execPath, [CLI, "node", "start", "--dir", member.folder, "--with-parent"], {
      stdio: ["pipe", "ignore", log],
    });
    closeSync(log);
    this.#children.set(member.id, child);
    child.once("exit", () => {
      if (this.#children.get(member.id) === child) this.#children.delete(member.id);
    });
  }

  startAll(): void {
    for (const member of this.network.members) this.start(member);
  }

  /** An agent of a member's, a process of its own as well: `zhonglian agent risk <folder>`. Answers its process id. */
  startAgent(kind: "risk" | "settle", folder: string): number | undefined {
    const log = openSync(join(folder, "agent.log"), "a", 0o600);
    const args = [CLI, "agent", kind, folder, "--json", "--with-parent"];
    const child = spawn(process.execPath, args, { stdio: ["pipe", log, log] });
    closeSync(log);
    this.#agents.set(folder, child);
    return child.pid;
  }

  /** Throws if an agent that was started has ended. */
  requireAgents(): void {
    for (const [folder, { exitCode, signalCode }] of this.#agents)
      if (exitCode !== null || signalCode !== null)
        throw new Error(`an agent ended (${exitCode ?? signalCode}): see ${join(folder, "agent.log")}`);
  }

  /** Until every node answers and is connected to all others, telling of each. Throws as soon as one has ended, with its own reason. */
  async ready(onReady: (member: MemberFolder) => void = () => undefined): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    const waiting = new Map(this.network.members.map((member) => [member, new Client({ endpoints: [member.rpc] })]));
    while (waiting.size > 0) {
      for (const [member, client] of waiting) {
        for (const other of this.network.members) if (!this.#children.has(other.id)) throw new Error(endedAtStart(other));
        const status = await client.status().catch(() => undefined);
        if (status !== undefined && status.peers >= this.network.members.length - 1) {
          waiting.delete(member);
          onReady(member);
        } else if (performance.now() > deadline)
          throw new Error(`the node ${member.id} is not ready: see ${join(member.folder, "node.log")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** SIGKILL, for drills. */
  kill(id: string): void {
    this.#children.get(id)?.kill("SIGKILL");
  }

  /** SIGTERM to all, SIGKILL to who does not end in time. */
  async stop(): Promise<void> {
    await Promise.all(
      [...this.#agents.values(), ...this.#children.values()].map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) return resolve();
            const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
            child.once("exit", () => {
              clearTimeout(timer);
              resolve();
            });
            child.kill("SIGTERM");
          }),
      ),
    );
  }
}
