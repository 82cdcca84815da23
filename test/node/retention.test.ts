import { beforeAll, describe, expect, it } from "vitest";
import { verifyNative } from "../../src/adapters/ed25519-native.ts";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { objectId } from "../../src/client/object-id.ts";
import { verifyProof } from "../../src/client/verify-proof.ts";
import { encode, int } from "../../src/codec/schema.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { KINDS } from "../../src/ledger/kinds.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { trustGenesis } from "../../src/light/trust.ts";
import { copyStore } from "../../src/node/backup.ts";
import { BASE_KEY, leftIdsKey } from "../../src/node/chain-keys.ts";
import { ChainStore, usedIdWrite } from "../../src/node/chain-store.ts";
import { EventLoop } from "../../src/node/event-loop.ts";
import { LedgerReader } from "../../src/node/ledger-reader.ts";
import { leftIdsWrite } from "../../src/node/left-ids.ts";
import { PastPages } from "../../src/node/past-pages.ts";
import { ProofReader } from "../../src/node/proof-reader.ts";
import { Pruner } from "../../src/node/pruner.ts";
import { StoreAudit } from "../../src/node/store-audit.ts";
import { StoreCheck } from "../../src/node/store-check.ts";
import type { StoreWrite } from "../../src/ports/store.ts";
import { type Keep, parseKeep } from "../../src/types/retention.ts";
import { type Hash, type Height, ZERO_HASH } from "../../src/types/scalars.ts";
import { allianceOn, DAY_MS, receivable, registerFirm } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { type Firm, firm, testUscc } from "../ledger/support/firm.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { ProvingChain } from "./support/proving-chain.ts";

/** Few: the rows of most blocks do not fit one batch. */
const ROWS_PER_SLICE = 40;
const now = () => Promise.resolve();
const END = Uint8Array.of(0xff);
const everything = { from: new Uint8Array(0), to: END, limit: 1_000_000 };

/** Kinds of rows that tell of the past, by their first byte. */
const HISTORY = 0x68;
const PAGE_UNDO = 0x75;
const REPLACED = 0x71;
const LEFT_IDS = 0x79;

let chain: ProvingChain;
/** What every note was after blocks of these heights, as a reader saw it then: JSON, or null where there was none. */
const seen = new Map<Height, ReadonlyMap<Hash, string | null>>();
const notes: Hash[] = [];

/** Notes change hands, one after another and several in one block; some are consumed. */
beforeAll(() => {
  const world = allianceOn((identity) => new ProvingChain(identity));
  chain = world.chain;
  const firms = Array.from({ length: 4 }, (_, index) => firm(`holder ${index}`, testUscc(200 + index)));
  for (const holder of firms) registerFirm(world, holder, ["SELLER"]);
  const held = Array.from({ length: 3 }, () => ({
    note: receivable(world, 1_000_000n).note,
    holder: world.seller as Firm,
  }));
  notes.push(...held.map(({ note }) => note));
  for (let block = 0; block < 20; block++) {
    if (block === 14) chain.pass(2 * DAY_MS);
    const moved = held.filter((_, index) => (block + index) % (index + 1) === 0);
    const envelopes = moved.map((each) => {
      const to = firms[(firms.indexOf(each.holder) + 1) % firms.length] as Firm;
      const envelope = chain.sign(op("note.transfer", { note: each.note, to: to.id }), [each.holder, to]);
      return { each, to, envelope };
    });
    const { receipts } = chain.block(envelopes.map(({ envelope }) => envelope));
    expect(receipts.every(({ code }) => code === 0)).toBe(true);
    for (const { each, to, envelope } of envelopes) {
      each.holder = to;
      each.note = objectId(envelope.pair.id, 0, 0);
      notes.push(each.note);
    }
    seen.set(chain.height, new Map(notes.map((id) => [id, jsonOf(chain.ledger.get("note", id)?.object)])));
  }
});

function jsonOf(object: unknown): string | null {
  return object === undefined ? null : JSON.stringify(KINDS.note.schema.toJson(object as never));
}

/** A copy of the chain's store with its readers, and a pruner whose ticks come at once; `writes` bounds how many of its batches reach the disk. */
async function opened(from: MemoryStore, keep: Keep, options: Partial<Opening> = {}) {
  const { writes, txWindowMs, snapshots } = { writes: Number.POSITIVE_INFINITY, txWindowMs: 0, snapshots: null, ...options };
  const store = new MemoryStore();
  await copyStore(from.snapshot(), store, now);
  const { identity } = chain;
  const blocks = new ChainStore(store, { chain: identity.chain, stateRoot: ZERO_HASH, timeMs: identity.genesis.timeMs });
  let left = writes;
  const loop = new EventLoop((error) => {
    throw error;
  });
  const pruner = new Pruner(
    {
      keep,
      chain: blocks,
      store: {
        write: (batch: readonly StoreWrite[], done) => {
          if (left-- > 0) store.write(batch, done);
        },
        range: (range) => store.range(range),
        compact: now,
      },
      usedIdsSinceMs: (nowMs) => nowMs - txWindowMs,
      snapshots: snapshots === null ? null : { heights: () => Promise.resolve(snapshots) },
      clock: { nowMs: () => 0, after: (_, fire) => void setImmediate(fire) },
      loop,
      metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      fatal: (error) => {
        throw error;
      },
    },
    ROWS_PER_SLICE,
  );
  pruner.onBlock();
  for (let [quiet, before] = [0, -1]; quiet < 20; ) {
    await new Promise((resolve) => setImmediate(resolve));
    quiet = store.reads === before ? quiet + 1 : 0;
    before = store.reads;
  }
  const ledger = new LedgerReader(store);
  const pastPages = new PastPages({ store, chain: blocks, hasher: nativeHasher });
  const proofs = new ProofReader({
    chain: blocks,
    ledger,
    hasher: nativeHasher,
    pagesAt: (height, keyHashes) => pastPages.at(height, keyHashes),
    pause: now,
  });
  const audit = new StoreAudit({
    chain: blocks,
    store,
    hasher: nativeHasher,
    chainId: identity.chain,
    setAt: (height) => chain.authoritiesAt(height),
  });
  const faults = async () =>
    (await new StoreCheck({ chain: blocks, audit, state: store.snapshot(), hasher: nativeHasher, verify: () => true }).run())
      .faults;
  return { store, blocks, ledger, proofs, faults };
}

interface Opening {
  readonly writes: number;
  readonly txWindowMs: number;
  readonly snapshots: readonly Height[] | null;
}

async function rows(store: MemoryStore): Promise<ReadonlyMap<string, string>> {
  return new Map((await store.range(everything)).map(({ key, value }) => [toHex(key), toHex(sha256(value)).slice(0, 8)]));
}

async function rowsOfKind(store: MemoryStore, prefix: number): Promise<readonly Uint8Array[]> {
  return (await store.range(everything)).map(({ key }) => key).filter((key) => key[0] === prefix);
}

/** Every note at every height as it was seen then; one in so many of them proved. */
async function expectPast(reopened: Awaited<ReturnType<typeof opened>>, from: Height, proveEvery = 20): Promise<void> {
  let count = 0;
  const trusted = trustGenesis(chain.identity);
  for (const [height, states] of seen) {
    if (height < from) continue;
    for (const [id, state] of states) {
      expect(jsonOf((await reopened.ledger.getAt("note", id, height))?.object)).toBe(state);
      if (count++ % proveEvery !== 0) continue;
      const proof = await reopened.proofs.prove("note", id, height);
      if (!proof.ok) throw new Error(`${height} ${proof.error.code}`);
      const verified = verifyProof(JSON.stringify(proof.value), trusted, { verify: verifyNative });
      expect(verified).toMatchObject({ ok: true, value: { height, kind: "note", id } });
      const { present } = proof.value as { present?: { value: unknown } };
      expect(present === undefined ? null : JSON.stringify(present.value)).toBe(state);
    }
  }
}

describe("a node that keeps all", () => {
  it("reads and proves what every object was after every block", async () => {
    const all = await opened(chain.store, { kind: "all" });
    await expectPast(all, 0);
    expect(all.blocks.base).toBe(0);
    expect(await rows(all.store)).toEqual(await rows(chain.store));
  });
});

describe("a node that keeps the last blocks", () => {
  it("reads and proves at every height that it keeps, and says that it has let go of those below", async () => {
    const pruned = await opened(chain.store, { kind: "blocks", count: 8 });
    const base = chain.height - 7;
    expect(pruned.blocks.base).toBe(base);
    await expectPast(pruned, base);
    const [id] = notes as [Hash];
    expect(await pruned.proofs.prove("note", id, base - 1)).toMatchObject({ ok: false, error: { code: "HISTORY_PRUNED" } });
    expect(pruned.blocks.block(base - 1)).toBeUndefined();
    expect(pruned.blocks.block(base)?.header.height).toBe(base);
    const [gone] = chain.blocks.block(base - 1)?.pairs ?? [];
    expect(await pruned.proofs.prove("transaction", gone?.id as Hash)).toMatchObject({
      ok: false,
      error: { code: "HISTORY_PRUNED" },
    });
    expect(pruned.blocks.transaction(gone?.id as never)).toBeUndefined();
  });

  it("keeps of the past only what a height that is kept has, and all of the newest state", async () => {
    const pruned = await opened(chain.store, { kind: "blocks", count: 8 });
    const { base } = pruned.blocks;
    for (const key of [...(await rowsOfKind(pruned.store, PAGE_UNDO)), ...(await rowsOfKind(pruned.store, REPLACED))])
      expect(Number(new DataView(key.buffer, key.byteOffset).getBigUint64(key.length - 8))).toBeGreaterThan(base);
    // A version is there as long as the one that took its place is younger than the base.
    const versions = new Map<string, number[]>();
    for (const key of await rowsOfKind(pruned.store, HISTORY)) {
      const object = toHex(key.subarray(0, key.length - 12));
      const height = Number(new DataView(key.buffer, key.byteOffset).getBigUint64(key.length - 12));
      versions.set(object, [...(versions.get(object) ?? []), height]);
    }
    expect(versions.size).toBeGreaterThan(0);
    for (const heights of versions.values()) expect(heights.filter((height) => height <= base).length).toBeLessThanOrEqual(1);
    const kept = await rows(pruned.store);
    for (const [key, value] of await rows(chain.store)) if (/^(6f|69|74|70|76|77)/.test(key)) expect(kept.get(key)).toBe(value);
  });

  it("comes to the same wherever a crash cuts the deleting off", async () => {
    const keep: Keep = { kind: "blocks", count: 8 };
    const whole = await rows((await opened(chain.store, keep)).store);
    const base = chain.height - 7;
    for (let writes = 0; ; writes++) {
      const cut = await opened(chain.store, keep, { writes });
      // What is left of the past is nobody's to see, and no damage.
      if (writes % 10 === 1) expect(await cut.faults()).toEqual([]);
      await expectPast(cut, Math.max(cut.blocks.base, base), 40);
      if (cut.blocks.base > 0)
        expect(await cut.proofs.prove("note", notes[0] as Hash, cut.blocks.base - 1)).toMatchObject({ ok: false });
      const resumed = await opened(cut.store, keep);
      expect(await rows(resumed.store)).toEqual(whole);
      if (cut.blocks.swept === base) break;
    }
  });

  it("keeps no less when told to keep all from now on, and no more than it has when told to keep more", async () => {
    const pruned = await opened(chain.store, { kind: "blocks", count: 8 });
    for (const keep of [{ kind: "all" }, { kind: "blocks", count: 20 }] as const) {
      const later = await opened(pruned.store, keep);
      expect(await rows(later.store)).toEqual(await rows(pruned.store));
      await expectPast(later, pruned.blocks.base);
    }
    const fewer = await opened(pruned.store, { kind: "blocks", count: 3 });
    expect(fewer.blocks.base).toBe(chain.height - 2);
    await expectPast(fewer, fewer.blocks.base);
  });

  it("keeps the window of used ids whatever it is told, and the blocks after the snapshots that it gives", async () => {
    const keep: Keep = { kind: "blocks", count: 2 };
    const headMs = chain.blocks.head.timeMs;
    const txWindowMs = headMs - (chain.blocks.block(chain.height - 9)?.header.timeMs ?? 0);
    const windowed = await opened(chain.store, keep, { txWindowMs });
    // One more than the window has: it shows that there are no others.
    expect(windowed.blocks.base).toBe(chain.height - 10);
    expect((await opened(chain.store, keep, { snapshots: [] })).blocks.base).toBe(0);
    expect((await opened(chain.store, keep, { snapshots: [chain.height - 15, chain.height - 5] })).blocks.base).toBe(
      chain.height - 15,
    );
  });
});

describe("an id of a block that is not kept", () => {
  it("is forgotten when no block can hold it any more, and not before", async () => {
    const { head } = chain.blocks;
    const ids = (height: Height) => (chain.blocks.block(height)?.pairs ?? []).map(({ id }) => id);
    const store = new MemoryStore();
    await copyStore(chain.store.snapshot(), store, now);
    const base = chain.height - 3;
    const [past, valid] = [ids(base - 2), ids(base - 1)];
    expect(past.length * valid.length).toBeGreaterThan(0);
    store.put([...past, ...valid].map(usedIdWrite));
    store.put([leftIdsWrite(base - 2, head.timeMs - 1, past), leftIdsWrite(base - 1, head.timeMs, valid)]);
    store.put([{ key: BASE_KEY, value: encode(int(), base) }]);
    const joined = await opened(store, { kind: "all" });
    expect(past.map((id) => joined.blocks.hasTransaction(id))).toEqual(past.map(() => false));
    expect(valid.map((id) => joined.blocks.hasTransaction(id))).toEqual(valid.map(() => true));
    expect(await rowsOfKind(joined.store, LEFT_IDS)).toEqual([leftIdsKey(base - 1)]);
  });
});

describe("a node that keeps the last days", () => {
  it("keeps the state of every moment of them", async () => {
    const { head } = chain.blocks;
    const days = await opened(chain.store, { kind: "days", days: 1 });
    expect(days.blocks.base).toBeGreaterThan(0);
    const following = days.blocks.block(days.blocks.base + 1)?.header.timeMs ?? 0;
    expect(following).toBeGreaterThanOrEqual(head.timeMs - DAY_MS);
    expect(days.blocks.block(days.blocks.base)?.header.timeMs).toBeLessThan(head.timeMs - DAY_MS);
    await expectPast(days, days.blocks.base);
  });
});

describe("the setting", () => {
  it("is all, last N blocks or last D days", () => {
    expect(parseKeep("all")).toEqual({ kind: "all" });
    expect(parseKeep("last 100000 blocks")).toEqual({ kind: "blocks", count: 100_000 });
    expect(parseKeep("last 400 days")).toEqual({ kind: "days", days: 400 });
    for (const wrong of ["", "none", "last 0 days", "last 99 blocks", "100 blocks", "last -3 days", "last 1e9 days"])
      expect(parseKeep(wrong)).toBeUndefined();
  });
});
