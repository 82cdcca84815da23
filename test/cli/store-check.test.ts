import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LevelStore } from "../../src/adapters/level-store.ts";
import { blockKey, pageUndoKey, replacedKey } from "../../src/node/chain-keys.ts";
import { allDerived, allObjectsOfAllKinds } from "../../src/node/store-keys.ts";
import { openNetworkFolder } from "../../src/testnet/network-folder.ts";
import { shortChain } from "./support/short-chain.ts";
import { storeCommand } from "./support/store-command.ts";

const TIMEOUT = { timeout: 120_000 };
const BLOCKS = 8;
let folder: string;
let node: string;
let chain: string;
/** The store as it was written; each test has a copy in its place. */
let sound: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zhonglian-check-"));
  const network = await openNetworkFolder(join(folder, "network"), 19_200, Date.UTC(2026, 0, 5));
  node = network.members[0]?.folder as string;
  chain = join(node, "data", "chain");
  sound = join(folder, "sound");
  const store = await LevelStore.open(sound);
  await shortChain(network, store, BLOCKS);
  await store.close();
}, 60_000);

beforeEach(() => {
  for (const old of [chain, `${chain}.damaged`]) rmSync(old, { recursive: true, force: true });
  cpSync(sound, chain, { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A bit of these rows is another from now on; without keys, of the first row of each range. */
async function rot(...rows: readonly (Uint8Array | { readonly from: Uint8Array; readonly to: Uint8Array })[]): Promise<void> {
  const db = new Level<Uint8Array, Uint8Array>(chain, { keyEncoding: "view", valueEncoding: "view" });
  await db.open();
  for (const row of rows) {
    const bounds = row instanceof Uint8Array ? { gte: row, lte: row } : { gte: row.from, lt: row.to };
    const [entry] = await db.iterator({ ...bounds, limit: 1 }).all();
    if (entry === undefined) throw new Error("there is no such row");
    const [key, value] = entry;
    value[value.length - 1] = (value.at(-1) as number) ^ 4;
    await db.put(key, value);
  }
  await db.close();
}

async function checked(...argv: readonly string[]) {
  const { status, out, err } = await storeCommand("check", "--dir", node, ...argv);
  expect(err).toBe("");
  return { status, report: out as { readonly faults: readonly string[]; readonly [field: string]: unknown } };
}

describe("zhonglian store check", () => {
  it("names every record whose checksum is wrong, and looks at all that is left", TIMEOUT, async () => {
    const { report: sound } = await checked();
    expect(sound).toMatchObject({ height: BLOCKS, faults: [] });
    await rot(blockKey(3), blockKey(6), replacedKey(4), allObjectsOfAllKinds(), allDerived("index"));
    const { status, report } = await checked();
    expect(status).toBe(1);
    const wrong = report.faults.filter((fault) => fault.endsWith(": its checksum is wrong"));
    expect(wrong.map((fault) => fault.replace(/(object|index) .*:/, "$1:").split(":")[0])).toEqual([
      "block 3",
      "block 6",
      "index",
      "object",
      "replaced 4",
    ]);
    expect(report).toMatchObject({ blocks: sound.blocks, pages: sound.pages, objects: Number(sound.objects) - 1 });
    expect(report.faults).toContain("block 6: block or commit is missing");
  });

  it("looks at as many of the newest past states as it is told", TIMEOUT, async () => {
    expect((await checked()).report).toMatchObject({ pastFrom: 0, faults: [] });
    expect((await checked("--past", "3")).report).toMatchObject({ pastFrom: BLOCKS - 3, faults: [] });
    await rot(pageUndoKey("", 2));
    const past = (faults: readonly string[]) => faults.filter((fault) => fault.startsWith("past ")).length;
    expect(past((await checked("--past", "all")).report.faults)).toBeGreaterThan(0);
    expect((await checked("--past", "3")).report.faults).toEqual(["pageUndo / 2: its checksum is wrong"]);
  });

  it("says that LevelDB cannot read a part of its files, and what is missing by that", TIMEOUT, async () => {
    const store = await LevelStore.open(chain);
    await store.compact({ from: new Uint8Array(0), to: Uint8Array.of(0xff) });
    await store.close();
    const name = readdirSync(chain).find((each) => each.endsWith(".ldb")) as string;
    const file = Uint8Array.from(readFileSync(join(chain, name)));
    // How long what is compressed would be.
    file.fill(0xff, 0, 8);
    writeFileSync(join(chain, name), file);
    const { status, report } = await checked();
    expect(status).toBe(1);
    expect(report.faults[0]).toContain("LevelDB cannot read");
    expect(report.faults.length).toBeGreaterThan(1);
    // Nobody can tell which rows those were.
    const repaired = await storeCommand("repair", "--dir", node);
    expect(repaired).toMatchObject({ status: 1, out: { aside: `${chain}.damaged` } });
  });
});

describe("zhonglian store repair", () => {
  it("lets go of nothing when no other member's node answers", TIMEOUT, async () => {
    await rot(blockKey(3));
    const before = await checked();
    const { status, err } = await storeCommand("repair", "--dir", node, "--seconds", "1");
    expect(status).toBe(1);
    expect(err).toContain("[PEERS_UNREACHABLE]");
    expect(existsSync(`${chain}.damaged`)).toBe(false);
    expect(await checked()).toEqual(before);
  });
});
