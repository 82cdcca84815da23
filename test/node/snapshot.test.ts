import { beforeAll, describe, expect, it } from "vitest";
import { decode } from "../../src/codec/cbor.ts";
import { encode } from "../../src/codec/schema.ts";
import { pairListsSchema, snapshotChunkSchema, snapshotOfferSchema } from "../../src/codec/snapshot.ts";
import { leftIdsKey } from "../../src/node/chain-keys.ts";
import type { ChainStore } from "../../src/node/chain-store.ts";
import { IndexAudit } from "../../src/node/index-audit.ts";
import { IndexRebuild } from "../../src/node/index-rebuild.ts";
import { leftIdsWrite } from "../../src/node/left-ids.ts";
import { encodingOf } from "../../src/node/object-store.ts";
import { checkChunk } from "../../src/node/snapshot-chunk.ts";
import { chunkName } from "../../src/node/snapshot-maker.ts";
import { SnapshotReader } from "../../src/node/snapshot-reader.ts";
import type { JoinError, SnapshotSources } from "../../src/node/snapshot-sources.ts";
import { allDerived, allObjectsOfAllKinds } from "../../src/node/store-keys.ts";
import type { StoreRange, StoreWrite } from "../../src/ports/store.ts";
import { simulatedHasher } from "../../src/simulator/virtual-crypto.ts";
import type { World } from "../../src/simulator/world.ts";
import { StateTree } from "../../src/state/tree.ts";
import type { Block } from "../../src/types/block.ts";
import type { Checkpoint } from "../../src/types/genesis.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash, PublicKey } from "../../src/types/scalars.ts";
import { until } from "../e2e/support.ts";
import { type Answering, AskedPeers, honest, requestOf } from "./support/asked-peers.ts";
import { follower, forgedChain, fourMachines } from "./support/forged.ts";
import { chainIn, joinerOf, makerOf } from "./support/joining.ts";
import { MemorySnapshots } from "./support/memory-snapshots.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { honestly, PeersInProcess } from "./support/peers.ts";

const now = () => Promise.resolve();
/** Three objects for each firm: more than a chunk's worth, so that there is one for each nibble. */
const BLOCKS = 15;
const FIRMS = 95;

let world: World;
let forged: Awaited<ReturnType<typeof forgedChain>>;
const files = new MemorySnapshots();
/** What the store held when the snapshot was taken. */
let still: ReturnType<MemoryStore["snapshot"]>;
let head: ChainStore["head"];

beforeAll(async () => {
  world = fourMachines();
  forged = await forgedChain(world, BLOCKS, FIRMS);
  still = forged.store.snapshot();
  ({ head } = forged.chain);
  let extended = false;
  // Blocks go on while it is made.
  const pause = async () => {
    if (extended) return;
    extended = true;
    await forged.extend(3, 2);
  };
  expect(await makerOf(forged, files, { pause }).make()).toBe(head.height);
  expect(forged.chain.head.height).toBe(BLOCKS + 3);
}, 120_000);

function peersWith(answering: Readonly<Record<string, Answering>>, of = files): AskedPeers {
  return new AskedPeers(new SnapshotReader({ files: of, chain: forged.chain }), answering);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

function joiner(sources: SnapshotSources, store: MemoryStore, checkpoint: Checkpoint | null = null) {
  return joinerOf(world, sources, store, checkpoint);
}

const everything = { from: new Uint8Array(0), to: Uint8Array.of(0xff) };

function opened(store: MemoryStore): ChainStore {
  return chainIn(store, world);
}

async function rows(store: Pick<MemoryStore, "range">, range: { readonly from: Uint8Array; readonly to: Uint8Array }) {
  const entries = await store.range({ ...range, limit: 1_000_000 });
  return new Map(entries.map(({ key, value }) => [Buffer.from(key).toString("hex"), value]));
}

describe("a snapshot", () => {
  it("is of one block, whatever is written while it is made, and has a chunk for each prefix", async () => {
    expect(await files.heights()).toEqual([BLOCKS]);
    const names = [...(files.whole.get(BLOCKS)?.keys() ?? [])];
    expect(names.filter((name) => name.startsWith("chunk-"))).toHaveLength(16);
    expect(names.filter((name) => name.startsWith("bucket-"))).toEqual([]);
    const offer = decode(snapshotOfferSchema, (await files.read(BLOCKS, "offer")) as Uint8Array, LIMITS.responseBytesMax);
    expect(offer.ok && offer.value.block.header.stateRoot).toBe(head.stateRoot);
  });

  it("has chunks each of which checks alone, and no byte of which can be another", async () => {
    for (const chunk of [0, 9, 15]) {
      const bytes = (await files.read(BLOCKS, chunkName(chunk))) as Uint8Array;
      const prefix = chunk.toString(16);
      expect(checkChunk(bytes, prefix, head.stateRoot, BLOCKS, simulatedHasher)).toBeDefined();
      expect(checkChunk(bytes, ((chunk + 1) % 16).toString(16), head.stateRoot, BLOCKS, simulatedHasher)).toBeUndefined();
      for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 7))
        expect(checkChunk(flipped(bytes, at), prefix, head.stateRoot, BLOCKS, simulatedHasher)).toBeUndefined();
      const decoded = decode(snapshotChunkSchema, bytes, LIMITS.responseBytesMax);
      if (!decoded.ok) throw new Error(decoded.error.detail);
      for (const leaves of [decoded.value.leaves.slice(1), [], [...decoded.value.leaves].reverse()]) {
        const other = encode(snapshotChunkSchema, { ...decoded.value, leaves });
        expect(checkChunk(other, prefix, head.stateRoot, BLOCKS, simulatedHasher)).toBeUndefined();
      }
    }
  });
});

describe("a node that joins by a snapshot", () => {
  it("has the objects, the tree and the used ids of that block, and fetches elsewhere what a liar sent", async () => {
    const lying: Answering = (request, answer) => {
      const { what, number } = requestOf(request);
      return what === "chunk" && number % 10 === 2 && answer !== null ? flipped(answer, answer.length - 1) : answer;
    };
    const sources = peersWith({ one: honest, liar: lying, three: honest });
    const store = new MemoryStore();
    expect(await joiner(sources, store).join()).toBe(BLOCKS);
    const chain = opened(store);
    expect(chain.head).toEqual(head);
    expect(chain.base).toBe(BLOCKS);
    expect(sources.penalised).toEqual(["liar"]);
    const tree = new StateTree({ page: (path) => chain.page(path) }, simulatedHasher);
    expect(tree.root()).toBe(head.stateRoot);
    const objects = async (from: Pick<MemoryStore, "range">) =>
      [...(await rows(from, allObjectsOfAllKinds()))].map(([key, value]) => [
        key,
        Buffer.from(encodingOf(value)).toString("hex"),
      ]);
    expect(await objects(store)).toEqual(await objects(still));
    for (let height = 1; height <= BLOCKS; height++) {
      for (const { id } of forged.chain.block(height)?.pairs ?? []) {
        expect(chain.hasTransaction(id)).toBe(true);
        expect(chain.transaction(id)).toBeUndefined();
      }
    }
    // Of blocks that it does not have a row tells until when their ids count.
    const left = await store.range({ from: leftIdsKey(0), to: leftIdsKey(1_000), limit: 1_000 });
    const expected = Array.from({ length: BLOCKS - 1 }, (_, index) => forged.chain.block(index + 1) as Block);
    expect(left).toEqual(
      expected.map(({ header, pairs }) => {
        const ids = pairs.map(({ id }) => id);
        return leftIdsWrite(header.height, header.timeMs + LIMITS.txWindowMs, ids);
      }),
    );
  });

  it("asks everybody, and a liar nothing more once it is found", async () => {
    const sources = peersWith({
      one: honest,
      liar: (request, answer) => (requestOf(request).what === "chunk" && answer !== null ? flipped(answer, 99) : answer),
    });
    await joiner(sources, new MemoryStore()).join();
    expect(sources.penalised).toContain("liar");
    // The offer, and the two chunks that were under way when the first was found out.
    expect(sources.asked.get("liar")).toBeLessThanOrEqual(3);
  });

  it("makes indices and totals that are those of a node that executed every block", async () => {
    const store = new MemoryStore();
    await joiner(peersWith({ one: honest }), store).join();
    expect(opened(store).isRebuilding).toBe(true);
    await new IndexRebuild({ store, pause: now }).run();
    expect(opened(store).isRebuilding).toBe(false);
    for (const what of ["index", "total"] as const)
      expect(await rows(store, allDerived(what))).toEqual(await rows(still, allDerived(what)));
    const digestOf = async (state: typeof still) => {
      const { digest } = await new IndexAudit({ state, hasher: simulatedHasher, pause: now }).run();
      return digest;
    };
    expect(await digestOf(store.snapshot())).toBe(await digestOf(still));
    const [entry] = await still.range({ ...allDerived("index"), limit: 1 });
    store.put([{ key: entry?.key as Uint8Array, value: null }]);
    expect(await digestOf(store.snapshot())).not.toBe(await digestOf(still));
  });

  it("catches up from there with the blocks after it", async () => {
    const store = new MemoryStore();
    await joiner(peersWith({ one: honest }), store).join();
    await new IndexRebuild({ store, pause: now }).run();
    const peers = new PeersInProcess(forged.chain, new Map([[world.machines[1]?.nodeKey as PublicKey, honestly]]));
    const node = follower(world, store, peers);
    expect(node.head.height).toBe(BLOCKS);
    node.start();
    await until(() => node.head.height === BLOCKS + 3 && !node.isSyncing, "the joiner has caught up");
    expect(node.head).toEqual(forged.chain.head);
    node.stop();
  });

  it("believes no block without the commit of the authorities, whoever offers it", async () => {
    const forgers: Readonly<Record<string, (offer: Uint8Array) => Uint8Array>> = {
      "a byte of the block": (offer) => flipped(offer, Math.floor(offer.length / 2)),
      "a signature too few": (offer) => {
        const decoded = decode(snapshotOfferSchema, offer, LIMITS.responseBytesMax);
        if (!decoded.ok) throw new Error(decoded.error.detail);
        const { commit } = decoded.value;
        return encode(snapshotOfferSchema, { ...decoded.value, commit: { ...commit, sigs: commit.sigs.slice(0, 2) } });
      },
      "another commit of the parent, which is kept with the block": (offer) => {
        const decoded = decode(snapshotOfferSchema, offer, LIMITS.responseBytesMax);
        if (!decoded.ok) throw new Error(decoded.error.detail);
        const { block } = decoded.value;
        const lastCommit = { ...block.lastCommit, sigs: block.lastCommit.sigs.slice(1) };
        return encode(snapshotOfferSchema, { ...decoded.value, block: { ...block, lastCommit } });
      },
    };
    for (const [what, forge] of Object.entries(forgers)) {
      const sources = peersWith({
        forger: (request, answer) => (requestOf(request).what === "offer" && answer !== null ? forge(answer) : answer),
      });
      const failure = await joiner(sources, new MemoryStore())
        .join()
        .catch((error: JoinError) => error.code);
      expect(failure, what).toBe("NO_SNAPSHOT");
      expect(sources.penalised, what).toContain("forger");
    }
  });

  it("does not believe pair lists that leave out an id", async () => {
    const lying: Answering = (request, answer) =>
      requestOf(request).what === "pairs" && answer !== null ? flipped(answer, answer.length - 5) : answer;
    const sources = peersWith({ liar: lying, one: honest });
    await joiner(sources, new MemoryStore()).join();
    expect(sources.penalised).toContain("liar");
  });

  it("asks another for all used ids where one gives fewer than it should, and stops", async () => {
    const stingy: Answering = (request, answer) => {
      const { what, number } = requestOf(request);
      if (what !== "pairs" || answer === null) return answer;
      const decoded = decode(pairListsSchema, answer, LIMITS.responseBytesMax);
      return decoded.ok && number === BLOCKS ? encode(pairListsSchema, decoded.value.slice(0, 2)) : null;
    };
    const [alone, store] = [new MemoryStore(), new MemoryStore()];
    await expect(joiner(peersWith({ stingy }), alone).join()).rejects.toMatchObject({ code: "SNAPSHOT_GONE" });
    expect(await joiner(peersWith({ stingy, one: honest }), store).join()).toBe(BLOCKS);
    const whole = new MemoryStore();
    await joiner(peersWith({ one: honest }), whole).join();
    expect(await rows(store, everything)).toEqual(await rows(whole, everything));
  });

  it("gives no snapshot itself before it has the blocks of the window of used ids", async () => {
    const store = new MemoryStore();
    await joiner(peersWith({ one: honest }), store).join();
    const own = new MemorySnapshots();
    expect(await makerOf({ store, chain: opened(store) }, own).make()).toBeNull();
    expect(await own.heights()).toEqual([]);
  });

  it("with a checkpoint joins only a chain that has that block", async () => {
    const id = forged.chain.block(4)?.header.parent as Hash;
    const store = new MemoryStore();
    expect(await joiner(peersWith({ one: honest }), store, { height: 3, id }).join()).toBe(BLOCKS);
    const foreign = { height: 3, id: "ab".repeat(32) as Hash };
    const refused = joiner(peersWith({ one: honest }), new MemoryStore(), foreign);
    await expect(refused.join()).rejects.toMatchObject({ code: "CHECKPOINT_UNPROVEN" });
  });
});

/** As a disk whose process dies: after so many writes nothing is written any more, and nobody hears of the last. */
class DyingStore extends MemoryStore {
  readonly #disk: MemoryStore;
  #left: number;
  readonly #die: () => void;

  constructor(disk: MemoryStore, writes: number, die: () => void) {
    super();
    this.#disk = disk;
    this.#left = writes;
    this.#die = die;
  }

  override get(key: Uint8Array) {
    return this.#disk.get(key);
  }

  override range(range: StoreRange) {
    return this.#disk.range(range);
  }

  override write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    this.#left -= 1;
    if (this.#left >= 0) this.#disk.put(batch);
    if (this.#left > 0) queueMicrotask(() => done(null));
    if (this.#left === 0) this.#die();
  }
}

const CHUNKS = 16;

describe("a joining that is interrupted", () => {
  it("goes on with what is missing wherever the process ended, and is nothing to any node until it is whole", async () => {
    const uninterrupted = new MemoryStore();
    await joiner(peersWith({ one: honest }), uninterrupted).join();
    const whole = await rows(uninterrupted, everything);
    // What is begun, the chunks, the pages above them, the used ids, the head: one write each.
    for (const writes of [1, 2, 9, CHUNKS, CHUNKS + 1, CHUNKS + 2, CHUNKS + 3, CHUNKS + 4]) {
      const disk = new MemoryStore();
      await new Promise<void>((resolve) => {
        void joiner(peersWith({ one: honest }), new DyingStore(disk, writes, resolve)).join();
      });
      const isWhole = writes === CHUNKS + 4;
      if (isWhole) expect(opened(disk).head).toEqual(head);
      else expect(() => opened(disk), `after ${writes} writes`).toThrow("a part of a snapshot");
      if (isWhole) continue;
      const again = peersWith({ one: honest });
      expect(await joiner(again, disk).join()).toBe(BLOCKS);
      expect(again.chunks, `after ${writes} writes`).toHaveLength(CHUNKS - Math.min(CHUNKS, writes - 1));
      expect(await rows(disk, everything), `after ${writes} writes`).toEqual(whole);
    }
  });

  it("goes on when the peers that had gone are back, also beside a newer snapshot, and without them gives way to that", async () => {
    let answers = 0;
    const leaving: Answering = (request, answer) => (requestOf(request).what === "chunk" && ++answers > 5 ? null : answer);
    const disk = new MemoryStore();
    await expect(joiner(peersWith({ one: leaving }), disk).join()).rejects.toMatchObject({ code: "SNAPSHOT_GONE" });
    const both = new MemorySnapshots();
    both.whole.set(BLOCKS, files.whole.get(BLOCKS) as Map<string, Uint8Array>);
    await makerOf(forged, both).make();
    expect(await both.heights()).toEqual([BLOCKS, BLOCKS + 3]);
    const begun = new MemoryStore();
    begun.put((await disk.range({ ...everything, limit: 1_000_000 })).map(({ key, value }) => ({ key, value })));

    const back = peersWith({ one: honest, two: honest }, both);
    expect(await joiner(back, disk).join()).toBe(BLOCKS);
    expect(back.chunks).toHaveLength(CHUNKS - 5);

    const newer = new MemorySnapshots();
    newer.whole.set(BLOCKS + 3, both.whole.get(BLOCKS + 3) as Map<string, Uint8Array>);
    const other = peersWith({ one: honest, two: honest }, newer);
    await expect(joiner(other, begun).join()).rejects.toMatchObject({ code: "SNAPSHOT_OTHER" });
    expect(other.chunks).toEqual([]);
    expect(await joiner(other, new MemoryStore()).join()).toBe(BLOCKS + 3);
  });
});
