import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Client } from "../../src/client/client.ts";
import { freeBasePort, isAlive, pidsIn, ROOT, type Run, run, scratch, start, until } from "./support.ts";

const open: { run: Run; folder: ReturnType<typeof scratch> }[] = [];

function begin(base: number, ...flags: readonly string[]) {
  const folder = scratch();
  const started = start("--dir", folder.path, "--base-port", String(base), ...flags);
  open.push({ run: started, folder });
  return { started, folder };
}

afterEach(async () => {
  for (const { run: each, folder } of open.splice(0)) {
    each.child.kill("SIGTERM");
    await each.exit;
    folder.remove();
  }
});

/** The process ids of the bank's agents. */
function agentsIn(err: string): readonly number[] {
  return [...err.matchAll(/ agent .*\(pid ([0-9]+)\)/g)].map(([, pid]) => Number(pid));
}

const HEX = /^[0-9a-f]{64}$/;
const INTEGER = expect.any(Number);
const FEN = expect.stringMatching(/^[0-9]+$/);

/** What `--json` prints, to the last field. */
const SUMMARY = {
  height: INTEGER,
  stateRoot: expect.stringMatching(HEX),
  transactions: INTEGER,
  rejected: INTEGER,
  parties: INTEGER,
  receivables: INTEGER,
  faceFen: FEN,
  financedFen: FEN,
  repaidFen: FEN,
  seconds: INTEGER,
  nodes: ["zbank", "zhongnong", "zhuogang", "huasu"].map((member) => ({
    member,
    rpc: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[0-9]+\/$/),
    height: INTEGER,
    stateRoot: expect.stringMatching(HEX),
  })),
};

interface Summary {
  readonly height: number;
  readonly stateRoot: string;
  readonly receivables: number;
  readonly nodes: readonly { readonly stateRoot: string }[];
}

describe("npm start", () => {
  it("says at once which node could not start, and why", { timeout: 600_000 }, async () => {
    const base = await freeBasePort();
    const blocker = createServer();
    await new Promise<void>((done) => blocker.listen(base + 2, "127.0.0.1", done));
    try {
      const { started } = begin(base);
      expect(await started.exit).toBe(1);
      expect(started.err()).toMatch(/\nnpm start: the node zhuogang ended at start: .*\[RPC_PORT_IN_USE\]\n$/);
    } finally {
      blocker.close();
    }
  });

  it("plays the story to its end, prints one line of JSON and leaves no process behind", { timeout: 600_000 }, async () => {
    const { started, folder } = begin(await freeBasePort(), "--exit", "--json");
    expect(await started.exit).toBe(0);
    const lines = started.out().trim().split("\n");
    expect(lines).toHaveLength(1);
    const summary = JSON.parse(lines[0] as string) as Summary;
    expect(summary).toEqual(SUMMARY);
    expect(summary).toMatchObject({ rejected: 8, receivables: 13, parties: 13 });
    expect(started.err()).toMatch(/still alive: [1-9][0-9]* open and [1-9][0-9]* pledged notes/);
    expect(new Set(summary.nodes.map(({ stateRoot }) => stateRoot))).toEqual(new Set([summary.stateRoot]));
    const pids = [...Object.values(pidsIn(started.err())), ...agentsIn(started.err())];
    expect(pids).toHaveLength(6);
    await until(() => pids.every((pid) => !isAlive(pid)), "the nodes and the bank's agents end");
    expect(started.err()).toContain("applications: 3 approved by the bank's risk agent, 10 left by it to officers and approved");

    // A second start on the same folder says that the story was played, and finds the same state.
    const again = start("--dir", folder.path, "--base-port", String(await freeBasePort()), "--exit", "--json");
    expect(await again.exit).toBe(0);
    expect(again.err()).toContain("the story was played on this network already");
    expect(again.err()).toContain("cannot be financed twice. [FINGERPRINT_USED]");
    const { seconds: _, nodes: __, ...left } = JSON.parse(again.out()) as Summary & { seconds: number };
    expect(summary).toMatchObject(left);
  });

  it("finishes with one node killed in the middle, which then catches up to the same state root", {
    timeout: 600_000,
  }, async () => {
    const base = await freeBasePort();
    const { started, folder } = begin(base);
    await until(() => started.err().includes("firms registered"), "the story is under way", started);
    const pids = pidsIn(started.err());
    process.kill(pids.huasu as number, "SIGKILL");
    await until(() => started.err().includes("Sample alliance story"), "the summary", started);
    expect(started.err()).toContain("8 attempts refused");
    const survivor = new Client({ endpoints: [`http://127.0.0.1:${base}/`] });
    const node = run([join(ROOT, "src/cli/zhonglian.js"), "node", "start", "--dir", join(folder.path, "huasu")]);
    const revived = new Client({ endpoints: [`http://127.0.0.1:${base + 3}/`] });
    await until(
      async () => {
        const [left, right] = await Promise.all([survivor.status(), revived.status().catch(() => undefined)]);
        return right !== undefined && right.height === left.height && right.stateRoot === left.stateRoot && !right.syncing;
      },
      "the revived node has the same state root",
      started,
      node,
    );
    // A network has one launcher at a time.
    const second = start("--dir", folder.path, "--base-port", String(await freeBasePort()));
    expect(await second.exit).toBe(1);
    expect(second.err()).toMatch(/^npm start: .*zbank.* run already: .*\[NETWORK_RUNNING\]\n$/);
    node.child.kill("SIGTERM");
    expect(await node.exit).toBe(0);
    started.child.kill("SIGINT");
    expect(await started.exit).toBe(0);
    await until(() => Object.values(pids).every((pid) => !isAlive(pid)), "the nodes end");
  });

  it("has every finalised block after all four nodes were killed at once, and goes on from there", {
    timeout: 600_000,
  }, async () => {
    const base = await freeBasePort();
    const { started, folder } = begin(base);
    await until(() => started.err().includes("invoices registered against"), "the story is under way", started);
    const before = await new Client({ endpoints: [`http://127.0.0.1:${base}/`] }).status();
    const pids = Object.values(pidsIn(started.err()));
    for (const pid of pids) process.kill(pid, "SIGKILL");
    started.child.kill("SIGKILL");
    await started.exit;
    const agents = agentsIn(started.err());
    expect(agents).toHaveLength(2);
    await until(() => agents.every((pid) => !isAlive(pid)), "agents end with their launcher");
    const again = start("--dir", folder.path, "--base-port", String(base), "--exit", "--json");
    expect(await again.exit, again.err().slice(-2_000)).toBe(0);
    const summary = JSON.parse(again.out()) as Summary;
    expect(summary.height).toBeGreaterThan(before.height);
    expect(summary.receivables).toBe(13);
    expect(new Set(summary.nodes.map(({ stateRoot }) => stateRoot)).size).toBe(1);
  });
});
