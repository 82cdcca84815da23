import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LevelStore } from "../../src/adapters/level-store.ts";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { SnapshotFolder } from "../../src/adapters/snapshot-folder.ts";
import { snapshotCommand } from "../../src/cli/commands/snapshot.ts";
import { joinBySnapshot } from "../../src/cli/join-node.ts";
import { decode } from "../../src/codec/cbor.ts";
import { encode } from "../../src/codec/schema.ts";
import { snapshotsRequestSchema } from "../../src/codec/snapshot.ts";
import { JOINING_KEY } from "../../src/node/chain-keys.ts";
import { ChainStore } from "../../src/node/chain-store.ts";
import { begunSchema } from "../../src/node/snapshot-joiner.ts";
import { SnapshotMaker } from "../../src/node/snapshot-maker.ts";
import { SnapshotReader } from "../../src/node/snapshot-reader.ts";
import { type MemberFolder, openNetworkFolder } from "../../src/testnet/network-folder.ts";
import type { ChainIdentity } from "../../src/types/genesis.ts";
import { LIMITS } from "../../src/types/limits.ts";
import { type Hash, ZERO_HASH } from "../../src/types/scalars.ts";
import { shortChain } from "./support/short-chain.ts";

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const now = () => Promise.resolve();
const BLOCKS = 4;
let folder: string;
let identity: ChainIdentity;
let member: MemberFolder;

/** A short chain and its snapshot in a folder. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zhonglian-join-"));
  const network = await openNetworkFolder(join(folder, "network"), 19_000, Date.UTC(2026, 0, 5));
  ({ identity } = network);
  [member] = network.members as [MemberFolder];
  const store = await LevelStore.open(join(folder, "source"));
  const forge = await shortChain(network, store, BLOCKS);
  const files = new SnapshotFolder(join(folder, "snapshots"));
  const usedIdsSinceMs = (nowMs: number) => nowMs - LIMITS.txWindowMs;
  await new SnapshotMaker({
    store,
    chain: forge.store,
    files,
    hasher: nativeHasher,
    logger: SILENT,
    usedIdsSinceMs,
    pause: now,
  }).make();
  await store.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Joins into `chain` of the folder; `before` is called with what is asked for, before it is answered. */
function joining(chain: string, before: (what: string) => Promise<void> = now): Promise<number> {
  const reader = new SnapshotReader({ files: new SnapshotFolder(join(folder, "snapshots")), chain: null });
  const sources = {
    names: () => ["files"],
    ask: async (_: string, request: Uint8Array) => {
      const decoded = decode(snapshotsRequestSchema, request, LIMITS.requestBytesMax);
      await before(decoded.ok ? decoded.value.what : "");
      return reader.answer(request);
    },
    penalise: () => undefined,
  };
  return joinBySnapshot({ folder: join(folder, chain), identity, checkpoint: null, logger: SILENT }, sources);
}

async function headOf(chain: string): Promise<number> {
  const store = await LevelStore.open(join(folder, chain));
  try {
    return new ChainStore(store, { chain: identity.chain, stateRoot: ZERO_HASH, timeMs: identity.genesis.timeMs }).head.height;
  } finally {
    await store.close();
  }
}

describe("joining by a snapshot", () => {
  it("leaves no chain behind when it fails, and goes on the next time with what was checked", async () => {
    const cut = (what: string) => (what === "pairs" ? Promise.reject(new Error("the cable is pulled")) : now());
    await expect(joining("failed", cut)).rejects.toThrow("the cable is pulled");
    expect([existsSync(join(folder, "failed")), existsSync(join(folder, "failed.joining"))]).toEqual([false, true]);
    const asked: string[] = [];
    expect(await joining("failed", async (what) => void asked.push(what))).toBe(BLOCKS);
    expect(asked).toContain("pairs");
    expect(asked).not.toContain("chunk");
    expect(await headOf("failed")).toBe(BLOCKS);
    expect(existsSync(join(folder, "failed.joining"))).toBe(false);
  });

  it("leaves nothing where nothing was begun", async () => {
    await expect(joining("refused", () => Promise.reject(new Error("no cable")))).rejects.toThrow("no cable");
    expect([existsSync(join(folder, "refused")), existsSync(join(folder, "refused.joining"))]).toEqual([false, false]);
  });

  it("goes on with what a process left that was killed in the middle, or when all was there but its name", async () => {
    // What lies on the disk at the moment before the last pieces are asked for, as after a kill.
    await joining("other", async (what) => {
      if (what === "pairs") cpSync(join(folder, "other.joining"), join(folder, "killed.joining"), { recursive: true });
    });
    expect(existsSync(join(folder, "killed.joining", "CURRENT"))).toBe(true);
    expect(await joining("killed")).toBe(BLOCKS);
    expect(existsSync(join(folder, "killed.joining"))).toBe(false);
    expect(await headOf("killed")).toBe(BLOCKS);
    renameSync(join(folder, "killed"), join(folder, "whole.joining"));
    expect(await joining("whole", () => Promise.reject(new Error("nothing is to be asked for")))).toBe(BLOCKS);
    expect(await headOf("whole")).toBe(BLOCKS);
  });

  it("begins anew beside what is of another snapshot", async () => {
    await joining("another", async (what) => {
      if (what === "pairs") cpSync(join(folder, "another.joining"), join(folder, "stale.joining"), { recursive: true });
    });
    const store = await LevelStore.open(join(folder, "stale.joining"));
    const record = { height: BLOCKS - 1, block: "ab".repeat(32) as Hash, nibbles: 0 };
    await new Promise((resolve) => store.write([{ key: JOINING_KEY, value: encode(begunSchema, record) }], resolve));
    await store.close();
    expect(await joining("stale")).toBe(BLOCKS);
    expect(await headOf("stale")).toBe(BLOCKS);
  });
});

describe("snapshot import", () => {
  /** The first member's node, given what is to be imported. */
  const imported = (from: string): Promise<unknown> =>
    snapshotCommand().parseAsync(["import", "--dir", member.folder, "--from", join(folder, from), "--json"], { from: "user" });
  const copied = (name: string, harm: (files: string) => void): string => {
    cpSync(join(folder, "snapshots"), join(folder, name), { recursive: true });
    harm(join(folder, name, String(BLOCKS)));
    return name;
  };
  const configure = (change: object): void => {
    const file = join(member.folder, "settings.json");
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), ...change }));
  };

  it("says of each folder that is none what is wrong with it, and leaves no chain", async () => {
    const chain = join(member.folder, "data", "chain");
    const harmed = copied("harmed", (files) => {
      const bytes = readFileSync(join(files, "chunk-0"));
      bytes[99] = (bytes[99] as number) ^ 1;
      writeFileSync(join(files, "chunk-0"), bytes);
    });
    const wrong: Readonly<Record<string, string>> = {
      nowhere: "NO_SNAPSHOT",
      [copied("without a chunk", (files) => rmSync(join(files, "chunk-0")))]: "SNAPSHOT_INVALID",
      [copied("without pairs", (files) => rmSync(join(files, `pairs-${BLOCKS}`)))]: "SNAPSHOT_INVALID",
      [copied("with an empty offer", (files) => writeFileSync(join(files, "offer"), ""))]: "SNAPSHOT_INVALID",
      [harmed]: "SNAPSHOT_INVALID",
    };
    for (const [from, code] of Object.entries(wrong)) {
      await expect(imported(from), from).rejects.toMatchObject({ code });
      expect(existsSync(chain), from).toBe(false);
      rmSync(`${chain}.joining`, { recursive: true, force: true });
    }
    configure({ freeBytesMin: 999_999_999_999_999 });
    await expect(imported("snapshots")).rejects.toMatchObject({ code: "DISK_FULL" });
    configure({ freeBytesMin: 0 });
    // Another block of the files' own height, and one above all that they lead to.
    for (const height of [BLOCKS, BLOCKS + 7]) {
      configure({ checkpoint: `${height}:${"ab".repeat(32)}` });
      await expect(imported("snapshots")).rejects.toMatchObject({
        code: "CHECKPOINT_UNPROVEN",
        message: expect.stringContaining(`files lead no further than their own height, ${BLOCKS},`),
      });
    }
    configure({ checkpoint: "" });
    await imported("snapshots");
    expect(existsSync(chain)).toBe(true);
    await expect(imported("snapshots")).rejects.toMatchObject({ code: "CHAIN_EXISTS" });
  });
});
