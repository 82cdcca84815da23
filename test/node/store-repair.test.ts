import { beforeEach, describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { copyStore } from "../../src/node/backup.ts";
import { blockKey, commitKey, pageKey, pageUndoKey, transactionKey } from "../../src/node/chain-keys.ts";
import { ChainStore } from "../../src/node/chain-store.ts";
import { RowReader } from "../../src/node/row-reader.ts";
import { StoreAudit } from "../../src/node/store-audit.ts";
import { StoreCheck } from "../../src/node/store-check.ts";
import { allDerived, allObjects } from "../../src/node/store-keys.ts";
import { type RowSource, StoreRepair } from "../../src/node/store-repair.ts";
import type { StoreWrite } from "../../src/ports/store.ts";
import { simulatedHasher } from "../../src/simulator/virtual-crypto.ts";
import { ZERO_HASH } from "../../src/types/scalars.ts";
import { allianceOn, receivable, registerFirm } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { type Firm, firm, testUscc } from "../ledger/support/firm.ts";
import { checkerOf } from "./support/checking-store.ts";
import { forgedChain, fourMachines } from "./support/forged.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { ProvingChain } from "./support/proving-chain.ts";

/** Three masks: nothing changed, no leaf, no branch. */
const EMPTY_UNDO_BYTES = 6;
const UNDOS_HARMED = 12;
const now = () => Promise.resolve();
const everything = { from: new Uint8Array(0), to: Uint8Array.of(0xff), limit: 1_000_000 };
const world = fourMachines();
/** A chain, what was stored of it at height 6, and the same chain two blocks later, as its other members have it. */
const made = forgedChain(world, 6, 5).then(async (forged) => {
  const sound = forged.store.snapshot();
  await forged.extend(2, 5);
  return { sound, ahead: forged.store };
});
let store: MemoryStore;
let chain: ChainStore;
let peer: RowSource & { asked: number };

beforeEach(async () => {
  const { sound, ahead } = await made;
  store = new MemoryStore();
  await copyStore(sound, store, now);
  chain = new ChainStore(store, { chain: world.identity.chain, stateRoot: ZERO_HASH, timeMs: world.identity.genesis.timeMs });
  const rows = new RowReader(ahead);
  peer = {
    name: "peer",
    asked: 0,
    row: (height, key) => {
      peer.asked += 1;
      return rows.row(height, key);
    },
  };
});

async function repaired(sources: readonly RowSource[], damaged: readonly Uint8Array[] = []) {
  const check = checkerOf(world.identity, chain, store);
  return new StoreRepair({ chain, store, damaged, sources, hasher: simulatedHasher, check }).run();
}

async function rows(of: { range: MemoryStore["range"] }): Promise<ReadonlyMap<string, string>> {
  return new Map((await of.range(everything)).map(({ key, value }) => [toHex(key), toHex(value)]));
}

async function expectSound(): Promise<void> {
  const [mended, sound] = [await rows(store), await rows((await made).sound)];
  expect([...mended.keys()]).toEqual([...sound.keys()]);
  for (const [key, value] of sound) expect(mended.get(key)).toBe(value);
}

function harm(key: Uint8Array): Uint8Array {
  const value = store.get(key)?.slice();
  if (value === undefined) throw new Error("there is nothing to harm");
  value[value.length - 1] = (value.at(-1) as number) ^ 1;
  store.put([{ key, value }]);
  return key;
}

async function someObject(kind: string, at = 0): Promise<Uint8Array> {
  const entry = (await store.range({ ...allObjects(kind), limit: 100 }))[at];
  if (entry === undefined) throw new Error(`there is no ${kind}`);
  return entry.key;
}

describe("mending a store", () => {
  it("asks nobody for anything when nothing is wrong, nor when the objects tell what is", async () => {
    expect(await repaired([peer])).toMatchObject({ faults: [], fetched: {}, pagesMade: 0, indicesMade: false });
    const [entry] = await store.range({ ...allDerived("index"), limit: 1 });
    store.put([{ key: entry?.key as Uint8Array, value: null }]);
    expect(await repaired([peer])).toMatchObject({ faults: [], indicesMade: true });
    store.put([{ key: pageKey("3"), value: null }]);
    harm(pageKey("5"));
    expect((await repaired([peer])).pagesMade).toBeGreaterThan(0);
    await expectSound();
    expect(peer.asked).toBe(0);
  });

  it("fetches the rows of a block that are bad, and no others", async () => {
    const id = chain.block(4)?.pairs[2]?.id as never;
    store.put([{ key: transactionKey(id), value: null }]);
    harm(commitKey(2));
    store.put([{ key: blockKey(5), value: null }]);
    const report = await repaired([peer]);
    expect(report.faults).toEqual([]);
    await expectSound();
    // Of block 4 it cannot be told which of its five transactions; the rows of other blocks are nobody's business.
    expect(peer.asked).toBeLessThan(20);
  });

  it("fetches an object as it was at its own height, from a node that is ahead, also one that is gone", async () => {
    harm(await someObject("party"));
    store.put([{ key: await someObject("party", 3), value: null }]);
    expect(await repaired([peer])).toMatchObject({ faults: [], fetched: { peer: 2 } });
    await expectSound();
  });

  it("mends what its checksum shows to be damaged, pages and indices without asking", async () => {
    const [entry] = await store.range({ ...allDerived("index"), limit: 1 });
    const damaged = [harm(blockKey(3)), harm(await someObject("party")), harm(pageKey("7")), entry?.key as Uint8Array];
    expect(await repaired([peer], damaged)).toMatchObject({ faults: [], fetched: { peer: 2 }, indicesMade: true });
    await expectSound();
  });

  it("believes nobody: what a liar sends does not check, and the next one is asked", async () => {
    const liar: RowSource = {
      name: "liar",
      row: async (height, key) => {
        const row = (await peer.row(height, key))?.slice();
        if (row !== undefined) row[row.length - 3] = (row[row.length - 3] as number) ^ 1;
        return row;
      },
    };
    harm(await someObject("party"));
    store.put([{ key: blockKey(5), value: null }]);
    expect((await repaired([liar])).faults).not.toEqual([]);
    expect(await repaired([liar, peer])).toMatchObject({ faults: [] });
    await expectSound();
  });

  it("says what is still wrong when nobody has it", async () => {
    harm(await someObject("party"));
    const nobody: RowSource = { name: "nobody", row: () => Promise.reject(new Error("no answer")) };
    expect((await repaired([nobody])).faults).toEqual([
      expect.stringMatching(/^object party .*: the state holds another version$/),
    ]);
  });
});

describe("mending what tells of the past", () => {
  /** A note that changed hands, so that there are older versions and pages as they were. */
  const { chain: source, seller, ...others } = allianceOn((identity) => new ProvingChain(identity));
  const { identity } = source;
  const world = { chain: source, seller, ...others };
  const firms = [seller, firm("one", testUscc(301)), firm("other", testUscc(302))];
  for (const each of firms.slice(1)) registerFirm(world, each, ["SELLER"]);
  let { note } = receivable(world, 1_000_000n);
  for (let move = 0; move < 6; move++) {
    const [holder, to] = [firms[move % 3], firms[(move + 1) % 3]] as [Firm, Firm];
    note = source.act(op("note.transfer", { note, to: to.id }), holder, to).created();
  }
  const past = { name: "peer", row: async (_: number, key: Uint8Array) => source.store.get(key) };

  beforeEach(async () => {
    store = new MemoryStore();
    await copyStore(source.store.snapshot(), store, now);
    chain = new ChainStore(store, { chain: identity.chain, stateRoot: ZERO_HASH, timeMs: identity.genesis.timeMs });
  });

  async function mended(sources: readonly RowSource[]) {
    const setAt = (height: number) => source.authoritiesAt(height);
    const audit = new StoreAudit({ chain, store, hasher: nativeHasher, chainId: identity.chain, setAt });
    const check = () =>
      new StoreCheck({ chain, audit, state: store.snapshot(), hasher: simulatedHasher, verify: () => true }).run();
    return new StoreRepair({ chain, store, damaged: [], sources, hasher: nativeHasher, check }).run();
  }

  /** Of pages that were there before: what says of one that it was not yet leads nobody anywhere. */
  async function undos(): Promise<readonly Uint8Array[]> {
    const range = { from: pageUndoKey("", 2), to: Uint8Array.of((pageUndoKey("", 1)[0] as number) + 1), limit: 10_000 };
    return (await store.range(range)).filter(({ value }) => value.length > EMPTY_UNDO_BYTES).map(({ key }) => key);
  }

  /** Whether a look at the store sees it; if so, it is mended by fewer than half of the undos, and all is as it was. */
  async function isMended(writes: readonly StoreWrite[], total: number): Promise<boolean> {
    store.put(writes);
    if ((await mended([])).faults.length === 0) return false;
    const { faults, fetched } = await mended([past]);
    expect(faults).toEqual([]);
    expect(fetched.peer).toBeGreaterThan(0);
    expect(fetched.peer).toBeLessThan(total / 2);
    expect(await rows(store)).toEqual(await rows(source.store));
    return true;
  }

  it("fetches the undos that lead a page astray, whichever it is, wrong or gone, and of no page that is right", {
    timeout: 300_000,
  }, async () => {
    const all = await undos();
    const { length: total } = all;
    const some = all.filter((_, index) => index % Math.ceil(total / UNDOS_HARMED) === 0);
    expect(new Set(some.map(({ length }) => length)).size).toBeGreaterThan(1);
    const wrong: StoreWrite[] = [];
    for (const key of some) {
      wrong.push({ key: harm(key), value: store.get(key) as Uint8Array });
      expect(await isMended(wrong.slice(-1), total)).toBe(true);
      expect(await isMended([{ key, value: null }], total)).toBe(true);
    }
    expect(await isMended(wrong.slice(0, 3), total)).toBe(true);
    // Not even a page.
    expect(await isMended([{ key: some[0] as Uint8Array, value: Uint8Array.of(0xff, 0xff, 1, 2, 3) }], total)).toBe(true);
  });
});
