import { describe, expect, it } from "vitest";
import { usedIdsSinceMs } from "../../src/ledger/governance/window.ts";
import { copyStore } from "../../src/node/backup.ts";
import { blockKey } from "../../src/node/chain-keys.ts";
import { IndexRebuild } from "../../src/node/index-rebuild.ts";
import { SnapshotReader } from "../../src/node/snapshot-reader.ts";
import type { PublicKey, TimeMs, TxId } from "../../src/types/scalars.ts";
import { until } from "../e2e/support.ts";
import { AskedPeers, honest } from "./support/asked-peers.ts";
import { follower, forgedChain, fourMachines } from "./support/forged.ts";
import { chainIn, joinerOf, makerOf } from "./support/joining.ts";
import { MemorySnapshots } from "./support/memory-snapshots.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { honestly, PeersInProcess } from "./support/peers.ts";

const now = () => Promise.resolve();
const SECOND_MS = 1_000;
/** Clients of the forged chain give their transactions a minute. */
const PATIENCE_MS = 60 * SECOND_MS;
const world = fourMachines();

type Forged = Awaited<ReturnType<typeof forgedChain>>;

const vote = (txWindowMs: number) => ({ kind: "setParams", params: [{ name: "txWindowMs", value: txWindowMs }] }) as const;

/** The store of one who joins by a snapshot of the newest block; null if its node makes none. */
async function joined({ store, chain, objects }: Forged): Promise<MemoryStore | null> {
  const files = new MemorySnapshots();
  const made = makerOf({ store, chain }, files, { usedIdsSinceMs: (nowMs: TimeMs) => usedIdsSinceMs(objects, nowMs) });
  if ((await made.make()) === null) return null;
  const joining = new MemoryStore();
  await joinerOf(world, new AskedPeers(new SnapshotReader({ files, chain: null }), { honest }), joining).join();
  await new IndexRebuild({ store: joining, pause: now }).run();
  return joining;
}

/** What a node on this store says of the chain's next block. */
async function refusalOfNext(store: MemoryStore, { chain }: Forged): Promise<string> {
  const peer = world.machines[1]?.nodeKey as PublicKey;
  const said: string[] = [];
  const warned = (event: string, code: unknown): void => {
    said.push(`${event}: ${code}`);
  };
  const node = follower(world, store, new PeersInProcess(chain, new Map([[peer, honestly]])), { warned });
  const before = node.head.height;
  node.start();
  await until(() => said.length > 0 || node.head.height > before, "the next block is judged");
  node.stop();
  return said[0] ?? "taken";
}

describe("a transaction that was taken before the members voted for a shorter window", () => {
  it("is taken once more neither by who was there nor by who joined by a snapshot since, and joiners know it as long as it is valid", async () => {
    const forged = await forgedChain(world, 3, 1);
    const [pair] = forged.chain.block(3)?.pairs ?? [];
    const id = pair?.id as TxId;
    await forged.decide(vote(PATIENCE_MS / 2));
    // Longer than the window is now: by that alone the transaction is out of it.
    forged.wait(PATIENCE_MS / 2 + 5 * SECOND_MS);
    await forged.extend(1, 1);
    const there = new MemoryStore();
    await copyStore(forged.store.snapshot(), there, now);
    const joiner = (await joined(forged)) as MemoryStore;
    expect(chainIn(joiner, world).hasTransaction(id)).toBe(true);
    await forged.repeat(id);
    const refused = "a fetched block does not fit the chain: BLOCK_REPEATS_TRANSACTION";
    expect(await refusalOfNext(there, forged)).toBe(refused);
    expect(await refusalOfNext(joiner, forged)).toBe(refused);
  });
});

describe("a node that keeps no more than the window", () => {
  it("gives snapshots all the same when the members have just voted for a longer one", async () => {
    const forged = await forgedChain(world, 3, 1);
    await forged.decide(vote(PATIENCE_MS));
    // What was valid by the first window has run out.
    forged.wait(11 * PATIENCE_MS);
    await forged.extend(2, 1);
    const base = forged.chain.head.height - 1;
    forged.store.put(forged.chain.baseWrites(base));
    for (let height = 1; height < base; height++) forged.store.put([{ key: blockKey(height), value: null }]);
    forged.wait(2 * PATIENCE_MS);
    await forged.decide(vote(10 * PATIENCE_MS));
    expect(await joined(forged)).not.toBeNull();
  });
});
