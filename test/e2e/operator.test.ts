import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { OperatorNetwork } from "./network.ts";
import { isAlive, type Run, until } from "./support.ts";

const TIMEOUT = { timeout: 600_000 };
const open: OperatorNetwork[] = [];

async function make(): Promise<OperatorNetwork> {
  const network = await OperatorNetwork.make();
  open.push(network);
  return network;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((network) => network.stop()));
});

/** The node ends by itself, with one line that says why. */
async function refuses(run: Run, code: string, words: RegExp): Promise<void> {
  expect(await run.exit).toBe(1);
  const line = run
    .err()
    .split("\n")
    .filter((text) => text.startsWith("zhonglian:"));
  expect(line).toHaveLength(1);
  expect(line[0]).toContain(`[${code}]`);
  expect(line[0]).toMatch(words);
  expect(run.err()).not.toMatch(/\n\s+at /);
}

describe("four operators, each with a shell and no launcher", () => {
  it("form a network, commit a transaction, and end cleanly on SIGTERM and SIGINT", TIMEOUT, async () => {
    const operators = await make();
    for (const member of operators.members) operators.start(member.id, "--json");
    await operators.ready(3);
    for (const member of operators.members) {
      const { out, child } = operators.runOf(member.id);
      const { chain } = operators.network.identity;
      expect(JSON.parse(out())).toEqual({ member: member.id, chain, height: 0, rpcPort: member.rpcPort, pid: child.pid });
    }
    const { id, bytes } = await operators.registration("first-firm");
    expect((await operators.client("huasu").submitAndWait(id, bytes)).status).toBe("committed");
    await operators.everybodyHas(id);
    const runs = operators.members.map((member) => operators.runOf(member.id));
    for (const [index, { child }] of runs.entries()) child.kill(index % 2 === 0 ? "SIGTERM" : "SIGINT");
    expect(await Promise.all(runs.map(({ exit }) => exit))).toEqual([0, 0, 0, 0]);
    expect(runs.some(({ child }) => isAlive(child.pid as number))).toBe(false);

    // And once more on the same folders.
    operators.startAll();
    await operators.ready(3);
    await operators.everybodyHas(id);
    const next = await operators.registration("second-firm");
    expect((await operators.client("zbank").submitAndWait(next.id, next.bytes)).status).toBe("committed");
  });

  it("go on with one of them down, who catches up when started again", TIMEOUT, async () => {
    const operators = await make();
    operators.startAll();
    await operators.ready(3);
    const first = await operators.registration("before");
    await operators.client("zbank").submitAndWait(first.id, first.bytes);
    operators.runOf("zhuogang").child.kill("SIGKILL");
    await operators.runOf("zhuogang").exit;
    const second = await operators.registration("meanwhile");
    expect((await operators.client("zbank").submitAndWait(second.id, second.bytes)).status).toBe("committed");
    operators.start("zhuogang");
    await operators.ready(3, ["zhuogang"]);
    await operators.everybodyHas(second.id);
    await until(async () => {
      const [own, others] = await Promise.all([operators.client("zhuogang").status(), operators.client("zbank").status()]);
      return own.stateRoot === others.stateRoot && own.height === others.height && !own.syncing;
    }, "zhuogang has the same state root");
    // It votes again: with another one down three must, and it is one of them.
    operators.runOf("huasu").child.kill("SIGKILL");
    const third = await operators.registration("after");
    expect((await operators.client("zhuogang").submitAndWait(third.id, third.bytes)).status).toBe("committed");
  });

  it("reach everybody with a transaction although one link is cut for good", TIMEOUT, async () => {
    const operators = await make();
    operators.configure("zbank", { blockedPeers: "huasu" });
    operators.configure("huasu", { blockedPeers: "zbank" });
    operators.startAll();
    await operators.ready(3, ["zhongnong", "zhuogang"]);
    await operators.ready(2, ["zbank", "huasu"]);
    for (const [index, door] of ["zbank", "huasu", "zbank", "huasu"].entries()) {
      const { id, bytes } = await operators.registration(`firm-${index}`);
      expect((await operators.client(door).submitAndWait(id, bytes)).status).toBe("committed");
      await operators.everybodyHas(id);
    }
    const peers = await operators.client("zbank").call<readonly { readonly member: string }[]>("node_peers");
    expect(peers.map(({ member }) => member).sort()).toEqual(["zhongnong", "zhuogang"]);
  });
});

describe("a node that cannot start says why in one line", () => {
  it("when its folder is in use by another process", TIMEOUT, async () => {
    const operators = await make();
    operators.start("zbank");
    await operators.ready(0, ["zbank"]);
    const first = operators.runOf("zbank");
    const second = operators.start("zbank", "--rpc-port", "1", "--listen-address", "/ip4/127.0.0.1/tcp/0");
    await refuses(second, "FOLDER_LOCKED", /in use by another node/);
    expect(await operators.client("zbank").status()).toMatchObject({ member: "zbank" });
    first.child.kill("SIGTERM");
    expect(await first.exit).toBe(0);
  });

  it("when a port is taken: RPC or libp2p", TIMEOUT, async () => {
    const operators = await make();
    const blocker = createServer();
    const { rpcPort } = operators.member("zbank");
    await new Promise<void>((done) => blocker.listen(rpcPort, "127.0.0.1", done));
    await refuses(operators.start("zbank"), "RPC_PORT_IN_USE", new RegExp(String(rpcPort)));
    await new Promise<void>((done) => blocker.close(() => done()));
    const other = createServer();
    await new Promise<void>((done) => other.listen(rpcPort - 100, "127.0.0.1", done));
    await refuses(operators.start("zbank"), "ADDRESS_IN_USE", new RegExp(String(rpcPort - 100)));
    await new Promise<void>((done) => other.close(() => done()));
  });

  it("when a setting is unknown or wrong, naming the nearest right one", TIMEOUT, async () => {
    const operators = await make();
    operators.configure("zbank", { rpcPrt: 7_700 });
    await refuses(operators.start("zbank"), "SETTING_UNKNOWN", /did you mean "rpcPort"\?/);
    operators.configure("zhongnong", { rpcPort: "many" });
    await refuses(operators.start("zhongnong"), "SETTING_WRONG", /rpcPort/);
    operators.configure("zhuogang", { member: "nobody" });
    await refuses(operators.start("zhuogang"), "MEMBER_UNKNOWN", /nobody/);
  });

  it("when the genesis is another network's, damaged, or not there", TIMEOUT, async () => {
    const [operators, others] = [await make(), await make()];
    operators.start("zbank");
    await operators.ready(0, ["zbank"]);
    operators.runOf("zbank").child.kill("SIGTERM");
    expect(await operators.runOf("zbank").exit).toBe(0);
    const file = join(operators.network.folder, "genesis.json");
    const own = readFileSync(file, "utf8");
    // The same keys under another time of birth: another chain.
    writeFileSync(
      file,
      own.replace(/"timeMs": ([0-9]+)/, (_, time) => `"timeMs": ${Number(time) + 1}`),
    );
    await refuses(operators.start("zbank"), "GENESIS_MISMATCH", /belongs to chain/);
    copyFileSync(join(others.network.folder, "genesis.json"), file);
    await refuses(operators.start("zbank"), "NODE_KEY_MISMATCH", /zbank/);
    writeFileSync(file, own.slice(0, 100));
    await refuses(operators.start("zbank"), "GENESIS_INVALID", /genesis\.json/);
    rmSync(file);
    await refuses(operators.start("zbank"), "GENESIS_MISSING", /genesis\.json/);
  });

  it("when a keystore does not open: wrong passphrase, readable by others, damaged", TIMEOUT, async () => {
    const operators = await make();
    const { folder } = operators.member("zbank");
    const passphrase = join(folder, "passphrase");
    const secret = readFileSync(passphrase, "utf8");
    writeFileSync(passphrase, "not the passphrase\n");
    const wrong = operators.start("zbank");
    await refuses(wrong, "KEYSTORE_PASSPHRASE", /passphrase/);
    expect(wrong.err() + wrong.out()).not.toContain("not the passphrase");
    writeFileSync(passphrase, secret);
    chmodSync(passphrase, 0o644);
    await refuses(operators.start("zbank"), "SECRET_PERMISSIONS", /chmod 600/);
    chmodSync(passphrase, 0o600);
    writeFileSync(join(folder, "keys", "node.json"), "{}");
    await refuses(operators.start("zbank"), "KEYSTORE_CORRUPT", /node\.json/);
  });

  it("when RPC would be open to others without TLS and a token", TIMEOUT, async () => {
    const operators = await make();
    await refuses(operators.start("zbank", "--rpc-host", "0.0.0.0"), "RPC_INSECURE_BIND", /TLS/);
  });
});

describe("a node whose chain folder was moved away", () => {
  it("fetches the chain from the others, and votes on with the memory that it kept", TIMEOUT, async () => {
    const operators = await make();
    operators.startAll();
    await operators.ready(3);
    const first = await operators.registration("kept-by-others");
    await operators.client("zbank").submitAndWait(first.id, first.bytes);
    await operators.everybodyHas(first.id);
    operators.runOf("huasu").child.kill("SIGTERM");
    await operators.runOf("huasu").exit;
    rmSync(join(operators.member("huasu").folder, "data", "chain"), { recursive: true });
    operators.start("huasu");
    await operators.ready(3, ["huasu"]);
    await operators.everybodyHas(first.id, ["huasu"]);
    // With another one down it takes huasu's vote to go on.
    operators.runOf("zhuogang").child.kill("SIGKILL");
    const second = await operators.registration("with-its-vote");
    expect((await operators.client("huasu").submitAndWait(second.id, second.bytes)).status).toBe("committed");
  });
});

describe("a node without its memory", () => {
  it("says so and follows without signing, while the others go on", TIMEOUT, async () => {
    const operators = await make();
    operators.startAll();
    await operators.ready(3);
    const first = await operators.registration("with-memory");
    await operators.client("zbank").submitAndWait(first.id, first.bytes);
    await operators.everybodyHas(first.id);
    operators.runOf("huasu").child.kill("SIGTERM");
    await operators.runOf("huasu").exit;
    const guard = join(operators.member("huasu").folder, "data", "guard.log");
    expect(existsSync(guard)).toBe(true);
    expect(statSync(guard).mode & 0o077).toBe(0);
    rmSync(guard);
    const forgetful = operators.start("huasu");
    await operators.ready(3);
    expect(await operators.client("huasu").call<{ signing: boolean }>("node_status")).toMatchObject({ signing: false });
    const ready = await fetch(`${operators.member("huasu").rpc}readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining("no memory of what was signed")]);
    for (const name of ["one-more", "and-another", "and-a-third"]) {
      const { id, bytes } = await operators.registration(name);
      expect((await operators.client("zbank").submitAndWait(id, bytes)).status).toBe("committed");
      await operators.everybodyHas(id);
    }
    await until(
      async () => (await operators.client("huasu").call<{ signing: boolean }>("node_status")).signing,
      "huasu signs again after following",
    );
    expect(forgetful.err()).toContain("no memory of what was signed");
  });
});
