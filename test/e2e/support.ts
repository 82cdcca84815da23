import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
const START = join(ROOT, "src/testnet/start.js");

export interface Run {
  readonly child: ChildProcess;
  /** Standard error so far. */
  readonly err: () => string;
  readonly out: () => string;
  /** Whether it has ended. */
  readonly ended: () => boolean;
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

export function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [...argv], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let err = "";
  let out = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  let ended = false;
  const exit = new Promise<number | null>((done) =>
    child.once("close", (code) => {
      ended = true;
      done(code);
    }),
  );
  return { child, err: () => err, out: () => out, ended: () => ended, exit };
}

const WAIT_MAX_MS = 180_000;

/**
 * Waits for a condition; the limit is generous, since the machine may stall. Whoever waits for what processes do names them: with one of
 * them ended there is nothing to wait for, and what they said last is part of the failure.
 */
export async function until(holds: () => boolean | Promise<boolean>, what: string, ...runs: readonly Run[]): Promise<void> {
  const deadline = performance.now() + WAIT_MAX_MS;
  for (;;) {
    const ended = runs.filter((each) => each.ended());
    if (await holds()) return;
    if (ended.length > 0) throw new Error(`a process ended before ${what}${lastWords(ended)}`);
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}${lastWords(runs)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

function lastWords(runs: readonly Run[]): string {
  return runs
    .map(({ child, err }) => `\n— process ${child.pid}, exit status ${child.exitCode}:\n${err().slice(-3_000)}`)
    .join("");
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

/** Below the range from which systems draw ports for outgoing connections: nobody gets one of these by chance. */
const PORTS_FROM = 10_000;
const PORTS_TO = 32_000;
/** A network takes the RPC ports base + 0..4 (a follower is the fifth) and the libp2p ports base − 100 + 0..4; bases ten apart, by hundreds in turn. */
const BASES = (PORTS_TO - PORTS_FROM) / 20;
const MARKER = 9;
const markers = new Set<Server>();
let next = (process.pid * 7) % BASES;

/** A base port all of whose ports are free now, and which no other call gets, in this process or another one, while this process lives. */
export async function freeBasePort(): Promise<number> {
  for (let tried = 0; tried < BASES; tried++) {
    next = (next + 1) % BASES;
    const base = PORTS_FROM + 200 * Math.floor(next / 10) + 10 * (next % 10) + 100;
    // The marker is held: whoever else looks for a base passes this one over.
    const marker = await bind(base + MARKER);
    if (marker === null) continue;
    const probes = await Promise.all([0, 1, 2, 3, 4].flatMap((index) => [bind(base + index), bind(base - 100 + index)]));
    await Promise.all(probes.map((probe) => probe && new Promise((done) => probe.close(done))));
    if (probes.every((probe) => probe !== null)) {
      markers.add(marker.unref());
      return base;
    }
    marker.close();
  }
  throw new Error("no ports are free");
}

function bind(port: number): Promise<Server | null> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(null));
    server.listen(port, "127.0.0.1", () => done(server));
  });
}
