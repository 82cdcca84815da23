import { genesisObjects } from "../ledger/genesis-objects.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store } from "../ports/store.ts";
import { StateTree } from "../state/tree.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import { BlockExecutor, type Execution } from "./block-executor.ts";
import { ChainStore } from "./chain-store.ts";
import { ObjectStore } from "./object-store.ts";

/** A chain's store and what executes the next block on its tip. */
export interface ExecutingChain {
  readonly chain: ChainStore;
  /** The ledger's objects as the tip left them. */
  readonly objects: ObjectStore;
  readonly executor: BlockExecutor;
  readonly genesis: Execution;
}

/** The state before the first block, made on nothing. */
export function executeGenesis(identity: ChainIdentity, hasher: Hasher): Execution {
  const nothing = { get: () => undefined };
  return new BlockExecutor({
    chain: identity.chain,
    objects: new ObjectStore(nothing),
    tree: new StateTree({ page: () => undefined }, hasher),
    hasher,
    store: nothing,
  }).fromChanges(0, genesisObjects(identity));
}

/** The chain of a store to which nobody else writes. Throws as the chain store does. */
export function executingChain(
  identity: ChainIdentity,
  modules: { readonly store: Store; readonly hasher: Hasher },
): ExecutingChain {
  const { store, hasher } = modules;
  const genesis = executeGenesis(identity, hasher);
  const { stateRoot } = genesis;
  const chain = new ChainStore(store, { chain: identity.chain, stateRoot, timeMs: identity.genesis.timeMs });
  const objects = new ObjectStore(chain.view);
  const tree = new StateTree({ page: (path) => chain.page(path) }, hasher);
  const executor = new BlockExecutor({ chain: identity.chain, objects, tree, hasher, store: chain.view });
  return { chain, objects, executor, genesis };
}

/** In an empty store the genesis comes first. */
export function beginChain({ chain, executor, genesis }: ExecutingChain, done: (fault: Error | null) => void): void {
  if (!chain.isNew) {
    done(null);
    return;
  }
  const writes = executor.writes(0, genesis);
  executor.adopt(genesis);
  chain.writeGenesis(writes, done);
}
