import { describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { equalBytes } from "../../src/lib/bytes.ts";
import { BlockExecutor } from "../../src/node/block-executor.ts";
import { ObjectStore } from "../../src/node/object-store.ts";
import { objectKey } from "../../src/node/store-keys.ts";
import { StoreCorruptError } from "../../src/node/stored-record.ts";
import { StateTree } from "../../src/state/tree.ts";
import { allianceOn, receivable } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { ProvingChain } from "./support/proving-chain.ts";

describe("executing a block", () => {
  it("throws what the store threw, and blames no transaction for it, if a transition read a damaged record", () => {
    const world = allianceOn((identity) => new ProvingChain(identity));
    const { note } = receivable(world, 1_000_000n);
    const { chain, seller, supplier } = world;
    const transfer = chain.sign(op("note.transfer", { note, to: supplier.id }), [seller, supplier]);
    const damage = new StoreCorruptError("a record is not what was written");
    const store = {
      get: (key: Uint8Array) => {
        if (equalBytes(key, objectKey("note", note))) throw damage;
        return chain.store.get(key);
      },
    };
    const executor = new BlockExecutor({
      chain: chain.identity.chain,
      objects: new ObjectStore(store),
      tree: new StateTree({ page: (path) => chain.blocks.page(path) }, nativeHasher),
      hasher: nativeHasher,
      store,
    });
    const { height, timeMs, parent } = chain;
    const candidate = { height: height + 1, timeMs: timeMs + 1_000, parent, evidence: [], transactions: [transfer] };
    expect(() => executor.execute(candidate)).toThrow(damage);
  });
});
