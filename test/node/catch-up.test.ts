import { beforeAll, describe, expect, it } from "vitest";
import { decode } from "../../src/codec/cbor.ts";
import { encode } from "../../src/codec/schema.ts";
import { LedgerReader } from "../../src/node/ledger-reader.ts";
import { blocksResponseSchema, storedBlockSchema } from "../../src/node/messages.ts";
import type { Node } from "../../src/node/node.ts";
import type { StoreWrite } from "../../src/ports/store.ts";
import type { World } from "../../src/simulator/world.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { PublicKey } from "../../src/types/scalars.ts";
import { until } from "../e2e/support.ts";
import { follower, forgedChain, fourMachines } from "./support/forged.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { type Answering, honestly, PeersInProcess } from "./support/peers.ts";

const BLOCKS = 5 * LIMITS.syncBlocksPerRequestMax;
let world: World;
let forged: Awaited<ReturnType<typeof forgedChain>>;

beforeAll(async () => {
  world = fourMachines();
  forged = await forgedChain(world, BLOCKS, 1);
});

function peersOf(...answering: readonly Answering[]): ReadonlyMap<PublicKey, Answering> {
  return new Map(answering.map((each, index) => [world.machines[index + 1]?.nodeKey as PublicKey, each]));
}

async function caughtUp(node: Node): Promise<void> {
  await until(() => node.head.height === BLOCKS && !node.isSyncing, "the node has caught up");
  expect(node.head).toEqual(forged.chain.head);
}

/** Changes one byte of a transaction in each block sent. */
const lying: Answering = (_, request, honest) => {
  const response = honest(request);
  const decoded = response === null ? undefined : decode(blocksResponseSchema, response, LIMITS.responseBytesMax);
  if (decoded?.ok !== true) return null;
  const forgedBlocks = decoded.value.map((bytes) => {
    const block = decode(storedBlockSchema, bytes, LIMITS.responseBytesMax);
    if (!block.ok) throw new Error(block.error.detail);
    for (const body of block.value.bodies) body[body.length - 1] = (body.at(-1) as number) ^ 1;
    return encode(storedBlockSchema, block.value);
  });
  return encode(blocksResponseSchema, forgedBlocks);
};

describe("a node without a chain", () => {
  it("fetches it from several peers at once and has the same state", async () => {
    const peers = new PeersInProcess(forged.chain, peersOf(honestly, honestly, honestly));
    const store = new MemoryStore();
    const node = follower(world, store, peers);
    const heights: number[] = [];
    node.onBlock(({ block }) => heights.push(block.header.height));
    node.start();
    await caughtUp(node);
    expect(peers.atOnceMax).toBe(3);
    expect([...peers.asked.values()].every((count) => count > 0)).toBe(true);
    expect(heights).toEqual(Array.from({ length: BLOCKS }, (_, index) => index + 1));
    expect(peers.penalised).toEqual([]);
    node.stop();
  });

  it("passes over a peer that lies and one that never answers", async () => {
    const peers = new PeersInProcess(
      forged.chain,
      peersOf(() => undefined, lying, honestly),
    );
    const node = follower(world, new MemoryStore(), peers);
    node.start();
    await caughtUp(node);
    const [dawdler, liar] = world.machines.slice(1).map(({ nodeKey }) => nodeKey);
    expect(peers.penalised.map(({ peer }) => peer)).toEqual([liar]);
    expect(peers.asked.get(dawdler as PublicKey)).toBe(1);
    node.stop();
  });

  it("serves reads meanwhile, of durable blocks only, and says that it is catching up", async () => {
    const peers = new PeersInProcess(forged.chain, peersOf(honestly, honestly));
    const store = new SlowStore();
    const node = follower(world, store, peers);
    const reader = new LedgerReader(store);
    const seen: { readonly height: number; readonly parties: number }[] = [];
    node.start();
    while (node.head.height < BLOCKS) {
      const { height } = node.head;
      const lines = await reader.list({ kind: "party", where: {}, limit: 1_000 });
      if (node.isSyncing && height > 0 && lines.ok) seen.push({ height, parties: lines.value.items.length });
      await new Promise((done) => setImmediate(done));
    }
    // Four members, and one firm for each block: a group of blocks is there as a whole or not at all.
    expect(seen.length).toBeGreaterThan(3);
    for (const { height, parties } of seen) expect(parties).toBeGreaterThanOrEqual(4 + height);
    const groups = new Set(seen.map(({ parties }) => parties));
    for (const parties of groups) expect(store.heads).toContain(parties - 4);
    // Later blocks were executed while earlier ones were being written, and then written together.
    expect(store.heads.length).toBeLessThan(BLOCKS / 2);
    await caughtUp(node);
    node.stop();
  });

  it("begins again from what was durable when the power goes", async () => {
    const peers = new PeersInProcess(forged.chain, peersOf(honestly, honestly));
    const store = new SlowStore();
    store.writesLeft = 3;
    const first = follower(world, store, peers);
    first.start();
    await until(() => store.writesLeft === 0, "the disk is cut off");
    const { height } = first.head;
    first.stop();
    expect(height).toBeGreaterThan(0);
    store.powerBack();
    const second = follower(world, store, new PeersInProcess(forged.chain, peersOf(honestly, honestly)));
    expect(second.head.height).toBe(store.heads.at(-1));
    second.start();
    await caughtUp(second);
    second.stop();
  });
});

/** Writes take a while; after `writesLeft` of them the power goes: what comes then is lost and never answered. */
class SlowStore extends MemoryStore {
  readonly heads: number[] = [];
  writesLeft = Number.POSITIVE_INFINITY;
  #lives = 0;

  powerBack(): void {
    this.#lives += 1;
    this.writesLeft = Number.POSITIVE_INFINITY;
  }

  override write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    const life = this.#lives;
    setTimeout(() => {
      if (this.writesLeft === 0 || life !== this.#lives) return;
      this.writesLeft -= 1;
      this.put(batch);
      this.heads.push(batch.filter(({ key }) => key[0] === 0x62).length + (this.heads.at(-1) ?? 0));
      done(null);
    }, 20);
  }
}
