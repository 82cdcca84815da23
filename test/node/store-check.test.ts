import { beforeEach, describe, expect, it } from "vitest";
import { commitSchema } from "../../src/codec/block.ts";
import { encode } from "../../src/codec/schema.ts";
import { copyStore } from "../../src/node/backup.ts";
import { blockKey, commitKey, pageKey, REBUILDING_KEY, transactionKey } from "../../src/node/chain-keys.ts";
import { ChainStore } from "../../src/node/chain-store.ts";
import { IndexRebuild } from "../../src/node/index-rebuild.ts";
import { allDerived, allObjectsOfAllKinds } from "../../src/node/store-keys.ts";
import type { Commit } from "../../src/types/block.ts";
import { type Hash, ZERO_HASH } from "../../src/types/scalars.ts";
import { checkerOf } from "./support/checking-store.ts";
import { forgedChain, fourMachines } from "./support/forged.ts";
import { MemoryStore } from "./support/memory-store.ts";

const now = () => Promise.resolve();
const world = fourMachines();
const made = forgedChain(world, 6, 5);
let store: MemoryStore;
let chain: ChainStore;

beforeEach(async () => {
  const { store: sound } = await made;
  store = new MemoryStore();
  await copyStore(sound.snapshot(), store, now);
  chain = new ChainStore(store, { chain: world.identity.chain, stateRoot: ZERO_HASH, timeMs: world.identity.genesis.timeMs });
});

async function faults(): Promise<readonly string[]> {
  return (await checkerOf(world.identity, chain, store)()).faults;
}

async function some(range: { readonly from: Uint8Array; readonly to: Uint8Array }, at = 0) {
  const entries = await store.range({ ...range, limit: 100 });
  const entry = entries[at];
  if (entry === undefined) throw new Error("nothing is there");
  return entry;
}

/** All rows that are made from objects, taken away. */
async function all(what: "index" | "total") {
  return (await store.range({ ...allDerived(what), limit: 100_000 })).map(({ key }) => ({ key, value: null }));
}

function flipped(value: Uint8Array, at: number): Uint8Array {
  const copy = value.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

describe("a look at all of a store", () => {
  it("finds nothing in a sound one, nor in a copy of it", async () => {
    expect(await faults()).toEqual([]);
  });

  it("finds an object that is not the one the tree commits to", async () => {
    const { key, value } = await some(allObjectsOfAllKinds(), 7);
    store.put([{ key, value: flipped(value, value.length - 1) }]);
    expect(await faults()).toEqual([expect.stringMatching(/^object .*: the state holds another version$/)]);
  });

  it("finds an object that is missing, and one too many", async () => {
    const { key, value } = await some(allObjectsOfAllKinds(), 7);
    store.put([{ key, value: null }]);
    expect((await faults()).join()).toMatch(/leaves/);
    const other = key.slice();
    other[other.length - 1] = (other.at(-1) as number) ^ 1;
    store.put([
      { key, value },
      { key: other, value },
    ]);
    expect((await faults()).join()).toMatch(/the state does not hold it/);
  });

  it("finds a page that is missing or another", async () => {
    const path = "3";
    const page = store.get(pageKey(path)) as Uint8Array;
    store.put([{ key: pageKey(path), value: null }]);
    expect((await faults()).join()).toMatch(/page 3 is missing/);
    store.put([{ key: pageKey(path), value: flipped(page, page.length - 1) }]);
    expect((await faults()).join()).toMatch(/page 3 has not the hash/);
  });

  it("finds a block, a commit or a transaction that is missing or another's", async () => {
    const id = chain.block(4)?.pairs[2]?.id as Hash;
    const block = store.get(blockKey(4)) as Uint8Array;
    const commit = chain.commit(4) as Commit;
    const [first, ...others] = commit.sigs as [Commit["sigs"][number]];
    const forgedCommit = { ...commit, sigs: [{ ...first, sig: flipped(first.sig, 9) }, ...others] };
    const transaction = { key: transactionKey(id), value: store.get(transactionKey(id)) as Uint8Array };
    store.put([{ key: transaction.key, value: null }]);
    expect(await faults()).toEqual([`block 4: transaction ${id} is missing or does not decode`]);
    store.put([{ key: blockKey(4), value: null }]);
    expect(await faults()).toContain("block 4: block or commit is missing");
    store.put([{ key: blockKey(4), value: store.get(blockKey(3)) as Uint8Array }]);
    expect((await faults()).join()).toMatch(/block 4: /);
    store.put([
      transaction,
      { key: blockKey(4), value: block },
      { key: commitKey(4), value: encode(commitSchema, forgedCommit) },
    ]);
    expect(await faults()).toContain("block 4: its commit has a wrong signature");
  });

  it("looks for no indices that a node which has just joined makes at its first start", async () => {
    store.put([{ key: REBUILDING_KEY, value: new Uint8Array(0) }, ...(await all("index")), ...(await all("total"))]);
    const report = await checkerOf(world.identity, chain, store)();
    expect(report).toMatchObject({ faults: [], areIndicesToBeMade: true, indexDigest: null });
    await new IndexRebuild({ store, pause: now }).run();
    expect(await checkerOf(world.identity, chain, store)()).toMatchObject({ faults: [], areIndicesToBeMade: false });
  });

  it("finds indices and totals that are not those of the objects; made anew they are", async () => {
    const entry = await some(allDerived("index"), 3);
    const total = await some(allDerived("total")).catch(() => undefined);
    store.put([
      { key: entry.key, value: null },
      { key: Uint8Array.of(...entry.key, 1), value: entry.value },
      ...(total === undefined ? [] : [{ key: total.key, value: null }]),
    ]);
    expect((await faults()).join()).toMatch(/1 of [0-9]+ index entries are missing,1 index entries are of nothing/);
    await new IndexRebuild({ store, pause: now }).run();
    expect(await faults()).toEqual([]);
  });
});
