import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { partyId } from "../../src/client/object-id.ts";
import { OperatorNetwork } from "../e2e/network.ts";
import { freeBasePort, isAlive, ROOT, run, scratch, until } from "../e2e/support.ts";

const CLI = join(ROOT, "src/cli/zhonglian.js");
const TIMEOUT = { timeout: 600_000 };

let folder: ReturnType<typeof scratch>;
const inFolder = (name: string): string => join(folder.path, name);

beforeAll(() => {
  folder = scratch();
  writeFileSync(inFolder("passphrase"), "correct horse\n", { mode: 0o600 });
});
afterAll(() => folder.remove());

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function zhonglian(...argv: readonly string[]): Promise<Outcome> {
  const started = run([CLI, ...argv]);
  const status = await started.exit;
  return { status, out: started.out(), err: started.err() };
}

async function json<T>(...argv: readonly string[]): Promise<T> {
  const { status, out, err } = await zhonglian(...argv, "--json");
  expect([status, err]).toEqual([0, ""]);
  expect(out.trim().split("\n")).toHaveLength(1);
  return JSON.parse(out) as T;
}

function failsWith({ status, err, out }: Outcome, code: string): void {
  expect(err).toMatch(new RegExp(`^zhonglian: .*\\[${code}\\]\\n$`));
  expect([status, out]).toEqual([1, ""]);
}

describe("zhonglian", () => {
  it("helps with every command, and refuses what it does not know", TIMEOUT, async () => {
    const commands = [
      [],
      ["node"],
      ["node", "init"],
      ["node", "start"],
      ["testnet"],
      ...["up", "down", "status", "kill", "restart"].map((name) => ["testnet", name]),
      ["key", "new"],
      ["key", "show"],
      ...["build", "sign", "send"].map((name) => ["tx", name]),
      ["invoice", "import"],
      ...["get", "proof", "list", "history"].map((name) => ["ledger", name]),
      ["verify"],
      ["bench"],
      ["simulate"],
    ];
    for (const command of commands) {
      const { status, out } = await zhonglian(...command, "--help");
      expect([command.join(" "), status]).toEqual([command.join(" "), 0]);
      expect(out).toMatch(/^Usage: zhonglian/);
      if (command.length > 1) expect(out).toContain("--json");
    }
    for (const wrong of [
      ["fly"],
      ["key", "steal"],
      ["key", "new"],
      ["testnet", "up", "--base-port", "many"],
      ["simulate", "--seeds", "0"],
    ]) {
      const { status, err } = await zhonglian(...wrong);
      expect([wrong.join(" "), status]).toEqual([wrong.join(" "), 2]);
      expect(err).toMatch(/^error: /);
    }
    expect((await zhonglian("--version")).out).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+\n$/);
  });
});

describe("key", () => {
  it("makes a keystore that only its owner may read, shows its public key, and never overwrites it", TIMEOUT, async () => {
    const [file, passphrase] = [inFolder("keys/maker.json"), inFolder("passphrase")];
    const made = await json<{ publicKey: string }>("key", "new", "--out", file, "--passphrase-file", passphrase);
    expect(made.publicKey).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await json("key", "show", file)).toEqual({ file, publicKey: made.publicKey });
    const opened = await json("key", "show", file, "--passphrase-file", passphrase);
    expect(opened).toEqual({ file, publicKey: made.publicKey, opens: true });
    failsWith(await zhonglian("key", "new", "--out", file, "--passphrase-file", passphrase), "KEYSTORE_EXISTS");
    writeFileSync(inFolder("wrong"), "wrong horse\n", { mode: 0o600 });
    const wrong = await zhonglian("key", "show", file, "--passphrase-file", inFolder("wrong"));
    failsWith(wrong, "KEYSTORE_PASSPHRASE");
    expect(wrong.err).not.toContain("horse");
    chmodSync(inFolder("wrong"), 0o640);
    failsWith(await zhonglian("key", "show", file, "--passphrase-file", inFolder("wrong")), "SECRET_PERMISSIONS");
    failsWith(await zhonglian("key", "show", inFolder("nothing.json")), "KEYSTORE_MISSING");
  });
});

describe("node init", () => {
  it("makes a node's folder, takes the genesis later, and does not make keys twice", TIMEOUT, async () => {
    const dir = inFolder("node");
    const init = ["node", "init", "--dir", dir, "--member", "zbank", "--passphrase-file", inFolder("passphrase")];
    const made = await json<{ nodeKey: string; authorityKey: string }>(...init);
    expect(made).toMatchObject({
      nodeKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      authorityKey: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(existsSync(join(dir, "data", "guard.log"))).toBe(true);
    const key = readFileSync(join(dir, "keys", "authority.json"), "utf8");
    expect(await json(...init)).toEqual({ dir, member: "zbank" });
    expect(readFileSync(join(dir, "keys", "authority.json"), "utf8")).toBe(key);
    writeFileSync(inFolder("bad-genesis.json"), "{}");
    failsWith(await zhonglian(...init, "--genesis", inFolder("bad-genesis.json")), "GENESIS_INVALID");
    failsWith(await zhonglian("node", "start", "--dir", dir), "GENESIS_MISSING");
    failsWith(await zhonglian("node", "start", "--dir", inFolder("nowhere")), "SETTINGS_MISSING");
  });
});

describe("invoice import", () => {
  it("reads the samples, and says of each file that is none why", TIMEOUT, async () => {
    const samples = join(ROOT, "network-configs/local/invoices");
    const files = readdirSync(samples)
      .filter((name) => name.endsWith(".xml"))
      .map((name) => join(samples, name));
    const read = await json<readonly { file: string; total: string; currency: string }[]>("invoice", "import", ...files);
    expect(read).toHaveLength(files.length);
    for (const { total, currency } of read)
      expect([total, currency]).toEqual([expect.stringMatching(/^[0-9]+$/), expect.stringMatching(/^[A-Z]{3}$/)]);
    writeFileSync(inFolder("broken.xml"), "<Invoice>");
    const { status, out } = await zhonglian("invoice", "import", inFolder("broken.xml"), files[0] as string, "--json");
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject([{ refused: expect.stringMatching(/^[A-Z_]+$/) }, { total: expect.any(String) }]);
    failsWith(await zhonglian("invoice", "import", inFolder("nothing.xml")), "FILE_UNREADABLE");
  });
});

describe("tx and ledger, against a node", () => {
  const open: OperatorNetwork[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((network) => network.stop()));
  });

  it("build, sign with two keystores, send, and find what it made", TIMEOUT, async () => {
    const operators = await OperatorNetwork.make();
    open.push(operators);
    operators.startAll();
    await operators.ready(3);
    const { folder: member, rpc } = operators.member("zhongnong");
    const [own, passphrase] = [inFolder("keys/firm.json"), inFolder("passphrase")];
    const { publicKey } = await json<{ publicKey: string }>("key", "new", "--out", own, "--passphrase-file", passphrase);
    const makerFile = join(member, "keys", "party-maker.json");
    const maker = (await json<{ publicKey: string }>("key", "show", makerFile)).publicKey;
    const sponsor = await json<{ party: string }>("ledger", "get", "key", maker, "--rpc", rpc);
    const firm = partyId({ scheme: "TEST", value: "by-hand" });
    mkdirSync(inFolder("tx"), { recursive: true });
    const operations = (body: object) =>
      writeFileSync(inFolder("tx/ops.json"), JSON.stringify([{ kind: "party.register", body }]));
    const body = {
      legalId: { scheme: "TEST", value: "by-hand" },
      roles: ["SELLER"],
      size: "SME",
      sponsor: "zhongnong",
      keys: [{ key: publicKey, purpose: "MAKER" }],
      policy: [],
    };
    const [ops, file] = [inFolder("tx/ops.json"), inFolder("tx/tx.json")];
    const signers = ["--signer", `${sponsor.party}:${maker}`, `${firm}:${publicKey}`];
    const build = () => zhonglian("tx", "build", ops, "--out", file, "--rpc", rpc, ...signers, "--json");
    operations({ ...body, roles: "SELLER" });
    failsWith(await build(), "WRONG_TYPE");
    operations(body);
    const built = await build();
    expect([built.status, built.err]).toEqual([0, ""]);
    const { id } = JSON.parse(built.out) as { id: string };

    failsWith(await zhonglian("tx", "send", file, "--rpc", rpc), "SIGNATURE_MISSING");
    const sign = (keystore: string, secret: string) =>
      json("tx", "sign", file, "--keystore", keystore, "--passphrase-file", secret);
    expect(await sign(own, passphrase)).toEqual({ id, signed: 1, of: 2 });
    expect(await sign(makerFile, join(member, "passphrase"))).toEqual({ id, signed: 2, of: 2 });
    failsWith(
      await zhonglian("tx", "sign", file, "--keystore", inFolder("keys/maker.json"), "--passphrase-file", passphrase),
      "KEY_NOT_ASKED",
    );
    expect(await json("tx", "send", file, "--rpc", rpc)).toMatchObject({ id, status: "committed", code: "OK" });
    // Once more is no second time.
    expect(await json("tx", "send", file, "--rpc", rpc)).toMatchObject({ id, status: "committed" });

    expect(await json("ledger", "get", "party", firm, "--rpc", rpc)).toMatchObject({ id: firm, sponsor: "zhongnong" });
    const proved = ["--genesis", join(member, "..", "genesis.json"), "--rpc", `http://127.0.0.1:9/,${rpc}`];
    expect(await json("ledger", "get", "party", firm, ...proved)).toMatchObject({
      object: { id: firm, sponsor: "zhongnong" },
      signedBy: expect.arrayContaining([expect.any(String)]),
      doubts: [{ code: "UNREACHABLE" }, { code: "UNREACHABLE" }],
    });
    expect(await json("ledger", "get", "party", "00".repeat(32), ...proved)).toMatchObject({ object: null });
    failsWith(await zhonglian("ledger", "get", "party", firm, ...proved, "--height", "1"), "FLAG_WRONG");
    expect(await json("ledger", "list", "party", "--where", "scheme=TEST", "--rpc", rpc)).toMatchObject({
      items: [{ id: firm }],
    });
    expect(await json("ledger", "history", "party", firm, "--rpc", rpc)).toMatchObject({ items: [{ tx: id }] });
    failsWith(await zhonglian("ledger", "get", "party", "00".repeat(32), "--rpc", rpc), "NOT_FOUND");
    failsWith(await zhonglian("ledger", "list", "gold", "--rpc", rpc), "KIND_UNKNOWN");
    const away = await zhonglian("ledger", "list", "party", "--rpc", "http://127.0.0.1:9/");
    failsWith(away, "UNREACHABLE");
    expect(away.err).toContain("http://127.0.0.1:9/ (");
    failsWith(await zhonglian("ledger", "list", "party", "--rpc", "127.0.0.1:9"), "FLAG_WRONG");
  });
});

describe("testnet", () => {
  it("brings a network up in the background, kills and restarts a node of it, and takes it down", TIMEOUT, async () => {
    const where = ["--dir", inFolder("net"), "--base-port", String(await freeBasePort())];
    type States = readonly { member: string; rpc: string; running: boolean; pid: number | null; height: number | null }[];
    const testnet = (...argv: readonly string[]) => json<States>("testnet", ...argv, ...where);
    const up = await testnet("up");
    try {
      expect(up.map(({ running }) => running)).toEqual([true, true, true, true]);
      const after = await testnet("kill", "huasu");
      expect(after.find(({ member }) => member === "huasu")).toMatchObject({ running: false, pid: null });
      // What somebody tries on one node outlives a restart, and nobody has to say again where the network is.
      const file = join(inFolder("net"), "huasu", "settings.json");
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), keep: "last 500 blocks" }));
      const again = await json<States>("testnet", "restart", "huasu", "--dir", inFolder("net"));
      expect(again.map(({ rpc }) => rpc)).toEqual(up.map(({ rpc }) => rpc));
      expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ member: "huasu", keep: "last 500 blocks" });
      expect(again.every(({ running }) => running)).toBe(true);
      expect(await testnet("status")).toMatchObject(again.map(({ member, pid }) => ({ member, pid })));
      failsWith(await zhonglian("testnet", "kill", "nobody", ...where), "MEMBER_UNKNOWN");
      await members(inFolder("net"), ["zbank", "zhongnong", "zhuogang"], String(up.find(({ rpc }) => rpc !== undefined)?.rpc));
    } finally {
      const down = await testnet("down");
      expect(down.some(({ running }) => running)).toBe(false);
    }
    await until(() => up.every(({ pid }) => pid === null || !isAlive(pid)), "no process is left");
  });
});

/** The members see what a change would do, propose it, vote for it, and have it. */
async function members(net: string, names: readonly string[], rpc: string): Promise<void> {
  const file = inFolder("change.json");
  writeFileSync(file, JSON.stringify({ kind: "setParams", params: [{ name: "graceDays", value: 5 }] }));
  const asked = await json("governance", "dry-run", file, "--member", "zbank", "--rpc", rpc);
  expect(asked).toMatchObject({ code: "OK", needed: 3, authorities: 4, quorum: 3, obstacle: "" });
  const tooLong = inFolder("too-long.json");
  writeFileSync(tooLong, JSON.stringify({ kind: "setParams", params: [{ name: "graceDays", value: 5_000 }] }));
  const refused = await zhonglian("governance", "dry-run", tooLong, "--member", "zbank", "--rpc", rpc, "--json");
  expect([refused.status, JSON.parse(refused.out)]).toEqual([
    1,
    { code: "PARAM_OUT_OF_RANGE", message: expect.stringMatching(/.{10}/) },
  ]);
  failsWith(await zhonglian("governance", "dry-run", file, "--member", "zbnk", "--rpc", rpc), "MEMBER_UNKNOWN");
  expect((await zhonglian("governance", "list", "--status", "OPENED", "--rpc", rpc)).status).toBe(2);
  const signed = (name: string) => {
    const keystore = join(net, name, "keys", "party-maker.json");
    const passphraseFile = join(net, name, "passphrase");
    return ["--member", name, "--keystore", keystore, "--passphrase-file", passphraseFile, "--rpc", rpc];
  };
  const [first, ...others] = names as [string, ...string[]];
  const { proposal } = await json<{ proposal: string }>("governance", "propose", file, "--vote", ...signed(first));
  expect(await json("governance", "list", "--rpc", rpc)).toMatchObject([{ id: proposal, status: "OPEN" }]);
  for (const name of others) await json("governance", "vote", proposal, ...signed(name));
  const passed = await json("governance", "list", "--status", "PASSED", "--rpc", rpc);
  expect(passed).toMatchObject([{ id: proposal, by: first, votes: names.map((member) => ({ member, approve: true })) }]);
  const again = await zhonglian("governance", "vote", proposal, ...signed("huasu"), "--json");
  expect(again.status).toBe(1);
  expect(again.out).toContain("PROPOSAL_CLOSED");
  writeFileSync(file, JSON.stringify({ kind: "setParams", params: [{ name: "graceDay", value: 5 }] }));
  failsWith(await zhonglian("governance", "propose", inFolder("none.json"), ...signed(first)), "FILE_UNREADABLE");
  expect((await zhonglian("governance", "dry-run", file, "--member", "zbank", "--rpc", rpc)).status).toBe(1);
  // Readiness is shown through the member's own node, which must run with the key.
  const ready = (name: string) => ["ready", ...signed(name), "--authority-keystore", join(net, name, "keys", "authority.json")];
  expect(await json("governance", ...ready(first))).toMatchObject({ status: "committed" });
  for (const name of others) failsWith(await zhonglian("governance", ...ready(name)), "KEY_NOT_RUNNING");
}
