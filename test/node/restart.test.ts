import { beforeEach, describe, expect, it } from "vitest";
import { copyStore } from "../../src/node/backup.ts";
import { blockKey, pageKey } from "../../src/node/chain-keys.ts";
import { ChainStore } from "../../src/node/chain-store.ts";
import { objectKey, placeOfHistory } from "../../src/node/store-keys.ts";
import { ZERO_HASH } from "../../src/types/scalars.ts";
import { follower, forgedChain, fourMachines } from "./support/forged.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { PeersInProcess } from "./support/peers.ts";

const HEIGHT = 6;
const world = fourMachines();
/** The members vote in the last two blocks. */
const made = forgedChain(world, HEIGHT - 2, 40).then(async (forged) => {
  await forged.decide({ kind: "setParams", params: [{ name: "graceDays", value: 5 }] });
  return forged;
});
let store: MemoryStore;
let chain: ChainStore;

beforeEach(async () => {
  store = new MemoryStore();
  await copyStore((await made).store.snapshot(), store, () => Promise.resolve());
  chain = new ChainStore(store, { chain: world.identity.chain, stateRoot: ZERO_HASH, timeMs: world.identity.genesis.timeMs });
});

/** Why a node does not start on the store; null if it does. */
async function faultAtStart(): Promise<string | null> {
  let fault: string | null = null;
  const fatal = (error: Error) => {
    fault ??= `${(error as { readonly code?: string }).code}: ${error.message}`;
  };
  const node = follower(world, store, new PeersInProcess(chain, new Map()), { fatal });
  node.start();
  await new Promise((done) => setTimeout(done, 50));
  node.stop();
  return fault;
}

function harm(key: Uint8Array): void {
  const value = store.get(key)?.slice();
  if (value === undefined) throw new Error("there is nothing to harm");
  value[value.length - 1] = (value.at(-1) as number) ^ 1;
  store.put([{ key, value }]);
}

/** Pages that the last block changed, the deepest first. */
function touched(): readonly string[] {
  return chain.replaced(HEIGHT).pages.toSorted((left, right) => right.length - left.length);
}

describe("a node that starts on what it stored", () => {
  it("makes the root of its last block again, and goes on if it is that", async () => {
    expect(touched()[0]?.length).toBeGreaterThan(0);
    expect(await faultAtStart()).toBeNull();
  });

  it("does not if any page that the last block changed is another, or gone", async () => {
    for (const path of [touched()[0], touched().at(-2), ""] as readonly string[]) {
      const key = pageKey(path);
      const sound = store.get(key) as Uint8Array;
      harm(key);
      expect(await faultAtStart()).toMatch(/^STORE_CORRUPT: the stored state is not the last block's: page/);
      store.put([{ key, value: null }]);
      expect(await faultAtStart()).toMatch(/^STORE_CORRUPT: the stored state is not the last block's: page/);
      store.put([{ key, value: sound }]);
    }
    expect(await faultAtStart()).toBeNull();
  });

  it("does not if an object that the last block changed is another", async () => {
    const { history } = chain.replaced(HEIGHT);
    const { kind, id } = placeOfHistory(history[0] as Uint8Array);
    harm(objectKey(kind, id));
    expect(await faultAtStart()).toMatch(/^STORE_CORRUPT: .*: object .*: the state holds another version$/);
  });

  it("does not without the last block", async () => {
    store.put([{ key: blockKey(HEIGHT), value: null }]);
    expect(await faultAtStart()).toMatch(/^STORE_CORRUPT: .*the last block is not there/);
  });
});
