import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DrivenClockSource } from "../../src/adapters/driven-clock.ts";
import { LevelStore } from "../../src/adapters/level-store.ts";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { runNode } from "../../src/cli/run-node.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { Client } from "../../src/client/client.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { ChainStore } from "../../src/node/chain-store.ts";
import { authorityKeys } from "../../src/testnet/bench/forged-network.ts";
import { ChainForge } from "../../src/testnet/chain-forge.ts";
import { openNetworkFolder } from "../../src/testnet/network-folder.ts";
import type { ChainIdentity } from "../../src/types/genesis.ts";
import { ZERO_HASH } from "../../src/types/scalars.ts";
import { storeCommand as store } from "./support/store-command.ts";

const TIMEOUT = { timeout: 120_000 };
const BLOCKS = 12;
const HEIGHT = 7;
const everything = { from: new Uint8Array(0), to: Uint8Array.of(0xff), limit: 1_000_000 };
let folder: string;
let node: string;
let identity: ChainIdentity;
/** Rows of the node's store when the block at HEIGHT was its last. */
let rowsThen: ReadonlyMap<string, string>;

async function rowsOf(store: LevelStore): Promise<ReadonlyMap<string, string>> {
  return new Map((await store.range(everything)).map(({ key, value }) => [toHex(key), toHex(value)]));
}

async function rowsIn(dir: string): Promise<ReadonlyMap<string, string>> {
  const store = await LevelStore.open(join(dir, "data", "chain"));
  try {
    return await rowsOf(store);
  } finally {
    await store.close();
  }
}

/** A member's folder with a chain of some blocks. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zhonglian-rewind-"));
  const network = await openNetworkFolder(join(folder, "network"), 19_100, Date.UTC(2026, 0, 5));
  ({ identity } = network);
  // What a launcher writes; nobody moves it.
  new DrivenClockSource(network.clockFile, identity.genesis.timeMs);
  node = network.members[0]?.folder as string;
  const store = await LevelStore.open(join(node, "data", "chain"));
  const forge = await ChainForge.open(identity, await authorityKeys(network), { store, hasher: nativeHasher });
  for (let height = 1; height <= BLOCKS; height++) {
    await forge.append(identity.genesis.timeMs + 50 * height, []);
    await forge.flush();
    if (height === HEIGHT) rowsThen = await rowsOf(store);
  }
  await store.close();
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesUnder(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => !name.startsWith(join("data", "chain") + sep));
}

describe("zhonglian store rewind", () => {
  it("makes a folder whose store is as it was, in which nothing is wrong, and leaves the node's alone", TIMEOUT, async () => {
    const before = await rowsIn(node);
    const to = join(folder, "copy");
    const { status, out, err } = await store("rewind", "--dir", node, "--height", String(HEIGHT), "--to", to);
    expect([status, err]).toEqual([0, ""]);
    expect(out).toMatchObject({ to, height: HEIGHT, base: 0, executed: HEIGHT, canSign: false });
    expect(await rowsIn(to)).toEqual(rowsThen);
    expect(await rowsIn(node)).toEqual(before);
    expect((await store("check", "--dir", to)).out).toMatchObject({ height: HEIGHT, blocks: HEIGHT, faults: [] });
    expect(existsSync(`${to}.making`)).toBe(false);
  });

  it("puts nothing into it that could sign: the only key there is new, and no member's", TIMEOUT, async () => {
    const to = join(folder, "copy");
    expect([...filesUnder(to)].sort()).toEqual(
      ["addresses.json", "data", "data/chain", "genesis.json", "keys", "keys/node.json", "passphrase", "settings.json"].sort(),
    );
    const keystore = readFileSync(join(to, "keys", "node.json"), "utf8");
    for (const { nodeKey, authorityKey } of identity.genesis.members)
      for (const key of [nodeKey, authorityKey]) if (key !== undefined) expect(keystore).not.toContain(key);
  });

  it("can be started as it is to read there, and stays where it is", TIMEOUT, async () => {
    const settings = loadSettings(join(folder, "copy"), {}, { rpcPort: "0", logLevel: "error" });
    const running = await runNode(settings, (error) => {
      throw error;
    });
    try {
      const client = new Client({ endpoints: [`http://127.0.0.1:${running.rpcPort}/`] });
      const status = await client.call<Record<string, unknown>>("node_status", {});
      expect(status).toMatchObject({ height: HEIGHT, role: "follower", signing: false });
    } finally {
      await running.stop();
    }
  });

  it("copies nothing that would leave less of the disk than a node needs to sign", TIMEOUT, async () => {
    const file = join(node, "settings.json");
    const settings = readFileSync(file, "utf8");
    const { out } = await store("backup", "--dir", node);
    const { folder: backup } = out as { readonly folder: string };
    const before = await rowsIn(node);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(settings), freeBytesMin: 900_000_000_000_000 }));
    try {
      const to = join(folder, "no-room");
      for (const argv of [["backup"], ["restore", "--from", backup], ["rewind", "--height", "3", "--to", to]])
        expect(await store(...argv, "--dir", node)).toMatchObject({ status: 1, err: expect.stringMatching(/\[DISK_FULL\]$/) });
      expect([existsSync(to), existsSync(`${to}.making`)]).toEqual([false, false]);
      expect(readdirSync(join(node, "data", "backups"))).toHaveLength(1);
      expect(readdirSync(join(node, "data")).filter((name) => name.startsWith("chain."))).toEqual([]);
      expect(await rowsIn(node)).toEqual(before);
    } finally {
      writeFileSync(file, settings);
      rmSync(backup, { recursive: true });
    }
  });

  it("goes back in a backup, too, while the node runs", TIMEOUT, async () => {
    const { out } = await store("backup", "--dir", node);
    const { folder: backup } = out as { readonly folder: string };
    const running = await LevelStore.open(join(node, "data", "chain"));
    try {
      const to = join(folder, "from-backup");
      expect(await store("rewind", "--dir", node, "--height", "3", "--to", to)).toMatchObject({
        status: 1,
        err: expect.stringMatching(/\[FOLDER_LOCKED\]$/),
      });
      expect(existsSync(to)).toBe(false);
      const made = await store("rewind", "--dir", node, "--height", "3", "--to", to, "--from", backup);
      expect(made).toMatchObject({ status: 0, out: { height: 3 } });
      const copy = await LevelStore.open(join(to, "data", "chain"));
      const { head } = new ChainStore(copy, { chain: identity.chain, stateRoot: ZERO_HASH, timeMs: identity.genesis.timeMs });
      expect(head.height).toBe(3);
      await copy.close();
    } finally {
      await running.close();
    }
  });

  it("makes the whole store anew from its blocks, to be put in the place of one that is not sound", TIMEOUT, async () => {
    const before = await rowsIn(node);
    const [to, height] = [join(folder, "anew"), String(BLOCKS)];
    expect(await store("rewind", "--dir", node, "--height", height, "--to", to)).toMatchObject({ status: 0 });
    expect(await store("restore", "--dir", node, "--from", join(to, "data", "chain"))).toMatchObject({ status: 0 });
    expect(await rowsIn(node)).toEqual(before);
  });

  it("writes over nothing, and leaves nothing behind when it fails", TIMEOUT, async () => {
    const fails = async (height: string, to: string, code: string, ...more: readonly string[]) => {
      const outcome = await store("rewind", "--dir", node, "--height", height, "--to", join(folder, to), ...more);
      expect(outcome).toMatchObject({ status: 1, out: null, err: expect.stringMatching(new RegExp(`\\[${code}\\]$`)) });
    };
    await fails("3", "copy", "FOLDER_EXISTS");
    await fails(String(BLOCKS + 1), "beyond", "HEIGHT_UNKNOWN");
    await fails("3", "none", "BACKUP_INVALID", "--from", join(folder, "no-backup"));
    expect(readdirSync(folder).sort()).toEqual(["anew", "copy", "from-backup", "network"]);
  });
});
