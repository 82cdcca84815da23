import { storedHead } from "../node/chain-store.ts";
import { IndexRebuild } from "../node/index-rebuild.ts";
import { isHalfJoined, SnapshotJoiner } from "../node/snapshot-joiner.ts";
import { JoinError, onlyAsk, peersAsSources } from "../node/snapshot-sources.ts";
import type { Logger } from "../ports/observe.ts";
import type { Store } from "../ports/store.ts";
import type { Transport } from "../ports/transport.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import type { PublicKey } from "../types/scalars.ts";
import { type Scheme, simulatedHasher } from "./virtual-crypto.ts";

interface JoiningModules {
  readonly identity: ChainIdentity;
  /** What the machine's disk holds now. */
  readonly store: () => Store;
  /** The operator's program begins anew. */
  readonly clear: () => void;
  readonly transport: Transport;
  readonly peers: ReadonlySet<PublicKey>;
  readonly scheme: Scheme;
  readonly logger: Logger;
  readonly pause: (delayMs: number) => Promise<void>;
}

/**
 * What a machine does whose node is to join by a snapshot, before there is a node: fills its store by what peers answer, as long as it takes,
 * and makes its indices. Where nobody has a snapshot it begins with the genesis. Never answers when the power goes meanwhile.
 */
export async function joinBySnapshot(modules: JoiningModules): Promise<void> {
  const { identity, transport, scheme, logger, pause } = modules;
  onlyAsk(transport, modules.peers);
  const sources = peersAsSources(transport);
  for (let store = modules.store(); storedHead(store) === undefined; store = modules.store()) {
    const common = { identity, checkpoint: null, store, sources, hasher: simulatedHasher, verify: scheme.verify };
    try {
      await new SnapshotJoiner({ ...common, logger, pause }).join();
    } catch (error) {
      if (!(error instanceof JoinError)) throw error;
      logger.warn("joining by a snapshot is interrupted", { code: error.code });
      if (error.code === "SNAPSHOT_OTHER") modules.clear();
      else if (error.code === "NO_SNAPSHOT" && !isHalfJoined(store)) return;
    }
  }
  const store = modules.store();
  await new IndexRebuild({ store, pause: () => pause(0) }).run();
}
