import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MemberFolder } from "../network-folder.ts";
import { until } from "./until.ts";

const CLI = fileURLToPath(new URL("../../cli/zhonglian.js", import.meta.url));

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
}

/** One node as an operator runs it, `zhonglian node start --dir`, and what can be done to its process from outside. */
export class NodeProcess {
  readonly member: MemberFolder;
  readonly #under: readonly string[];
  #child: ChildProcess | null = null;
  #logFrom = 0;

  /** `under`: a command that runs another, as `ip netns exec NAME`. */
  constructor(member: MemberFolder, under: readonly string[] = []) {
    this.member = member;
    this.#under = under;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Exit status of the last run, null while it runs or if a signal ended it. */
  get exitCode(): number | null {
    return this.#child?.exitCode ?? null;
  }

  start({ environment = {} }: StartOptions = {}): void {
    if (this.isRunning) throw new Error(`${this.member.id} runs already`);
    this.#logFrom = this.#wholeLog().length;
    const log = openSync(this.#logFile, "a", 0o600);
    const [command = process.execPath, ...before] = [...this.#under, process.execPath];
    // It ends itself when the pipe closes: a runner that was killed leaves nobody behind.
    this.#child = spawn(command, [...before, CLI, "node", "start", "--dir", this.member.folder, "--with-parent"], {
      stdio: ["pipe", "ignore", log],
      env: { ...process.env, ...environment },
    });
    this.#child.stdin?.on("error", () => undefined);
    closeSync(log);
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async terminate(): Promise<void> {
    await this.#end("SIGTERM");
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Until it ended by itself; the exit status. */
  async ended(): Promise<number | null> {
    await until(() => !this.isRunning, `${this.member.id} ends by itself`);
    return this.exitCode;
  }

  /** What it logged since it was last started. */
  log(): string {
    return this.#wholeLog().slice(this.#logFrom);
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (!this.isRunning) return;
    // A process that stands still hears only SIGKILL.
    if (signal !== "SIGKILL") this.resume();
    this.#child?.kill(signal);
    await until(() => !this.isRunning, `${this.member.id} ends on ${signal}`);
  }

  get #logFile(): string {
    return join(this.member.folder, "node.log");
  }

  #wholeLog(): string {
    try {
      return readFileSync(this.#logFile, "utf8");
    } catch {
      return "";
    }
  }
}
