import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
const START = join(ROOT, "src/testnet/start.js");

export interface Run {
  readonly child: ChildProcess;
  /** Standard error so far. */
  readonly err: () => string;
  readonly out: () => string;
  readonly exit: Promise<number | null>;
}

/** A folder that goes away with the test. */
export function scratch(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "zhonglian-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** `npm start -- …` without npm: the same file by the same Node. */
export function start(...flags: readonly string[]): Run {
  return run([START, ...flags]);
}

export function run(argv: readonly string[]): Run {
  const child = spawn(process.execPath, [...argv], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let err = "";
  let out = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const exit = new Promise<number | null>((done) => child.once("close", (code) => done(code)));
  return { child, err: () => err, out: () => out, exit };
}

/** Waits for a condition; the limit is generous, since the machine may stall. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, limitMs = 90_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Process ids of the nodes, from what `npm start` prints. */
export function pidsIn(err: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...err.matchAll(/\] (\S+)\s+runs, .*\(pid ([0-9]+)\)/g)].map(([, name, pid]) => [name, Number(pid)]),
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Base ports apart from each other and from the default, so that files can run side by side. */
let nextBase = 20_000 + (process.pid % 200) * 200;
export function freeBasePort(): number {
  nextBase += 10;
  return nextBase;
}
