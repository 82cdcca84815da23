import { describe, expect, it } from "vitest";
import type { Hash, PublicKey } from "../../src/types/scalars.ts";
import { until } from "../e2e/support.ts";
import { follower, forgedChain, fourMachines } from "./support/forged.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { honestly, PeersInProcess } from "./support/peers.ts";

const CHECKPOINT = 6;
const world = fourMachines();
const peer = world.machines[1]?.nodeKey as PublicKey;

describe("a node that catches up by blocks and knows a checkpoint", () => {
  it("says so when the blocks it was given do not lead there, blames who gave them, and nobody who has the right ones", async () => {
    const [truth, forgery] = [await forgedChain(world, 10, 1), await forgedChain(world, 10, 2)];
    const checkpoint = { height: CHECKPOINT, id: truth.chain.commit(CHECKPOINT)?.block as Hash };
    const store = new MemoryStore();
    /** What a node on this store says when all its peers have this chain; its head afterwards. */
    const following = async ({ chain }: typeof truth, on: MemoryStore) => {
      const said: string[] = [];
      const warned = (event: string, code: unknown) => void said.push(`${event}: ${code}`);
      const peers = new PeersInProcess(chain, new Map([[peer, honestly]]));
      const node = follower(world, on, peers, { checkpoint, warned });
      node.start();
      await until(() => node.isContradicted || node.head.height === chain.head.height, "it has got as far as it can");
      await until(() => node.head.height >= CHECKPOINT - 1, "what is executed is durable");
      node.stop();
      return { said, isContradicted: node.isContradicted, height: node.head.height, penalised: peers.penalised.length };
    };
    expect(await following(truth, new MemoryStore())).toMatchObject({ isContradicted: false, height: 10, penalised: 0 });

    const contradiction = "the blocks fetched here do not lead to the checkpoint: CHECKPOINT_CONTRADICTED";
    const forged = await following(forgery, store);
    expect(forged).toMatchObject({ isContradicted: true, height: CHECKPOINT - 1 });
    expect(forged.said).toContain(contradiction);
    expect(forged.said).toContain("a fetched block does not fit the chain: CHECKPOINT_OTHER_BLOCK");
    expect(forged.penalised).toBeGreaterThan(0);

    // The past is on the disk: the right block does not follow it, and that is nobody's fault who has it.
    const late = await following(truth, store);
    expect(late).toMatchObject({ isContradicted: true, height: CHECKPOINT - 1, penalised: 0 });
    expect(late.said).toContain(contradiction);
  });
});
