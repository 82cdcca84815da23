import { ChainStore } from "../../../src/node/chain-store.ts";
import { SnapshotJoiner } from "../../../src/node/snapshot-joiner.ts";
import { SnapshotMaker } from "../../../src/node/snapshot-maker.ts";
import type { SnapshotSources } from "../../../src/node/snapshot-sources.ts";
import type { Logger } from "../../../src/ports/observe.ts";
import type { SnapshotFiles } from "../../../src/ports/snapshot-files.ts";
import { cheapScheme, simulatedHasher } from "../../../src/simulator/virtual-crypto.ts";
import type { World } from "../../../src/simulator/world.ts";
import type { Checkpoint } from "../../../src/types/genesis.ts";
import { LIMITS } from "../../../src/types/limits.ts";
import { type TimeMs, ZERO_HASH } from "../../../src/types/scalars.ts";
import type { MemoryStore } from "./memory-store.ts";

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const now = () => Promise.resolve();

interface Made {
  readonly store: MemoryStore;
  readonly chain: ChainStore;
}

interface Making {
  readonly pause?: () => Promise<void>;
  readonly changesPerPage?: number;
  readonly logger?: Logger;
  readonly usedIdsSinceMs?: (nowMs: TimeMs) => TimeMs;
}

/** Makes snapshots of a simulated chain, as its node does as long as the members have voted for no other window. */
export function makerOf({ store, chain }: Made, files: SnapshotFiles, making: Making = {}): SnapshotMaker {
  return new SnapshotMaker({
    store,
    chain,
    files,
    hasher: simulatedHasher,
    logger: SILENT,
    usedIdsSinceMs: (nowMs) => nowMs - LIMITS.txWindowMs,
    pause: now,
    ...making,
  });
}

/** Fills this store by a snapshot of a simulated chain; nothing is waited for. */
export function joinerOf(
  { identity }: Pick<World, "identity">,
  sources: SnapshotSources,
  store: MemoryStore,
  checkpoint: Checkpoint | null = null,
): SnapshotJoiner {
  const ports = { hasher: simulatedHasher, verify: cheapScheme.verify, logger: SILENT, pause: now };
  return new SnapshotJoiner({ identity, checkpoint, store, sources, ...ports });
}

/** What a store holds of a simulated chain. */
export function chainIn(store: MemoryStore, { identity }: Pick<World, "identity">): ChainStore {
  const { chain, genesis } = identity;
  return new ChainStore(store, { chain, stateRoot: ZERO_HASH, timeMs: genesis.timeMs });
}
