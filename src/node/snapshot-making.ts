import { usedIdsSinceMs } from "../ledger/governance/window.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Store } from "../ports/store.ts";
import type { TimeMs } from "../types/scalars.ts";
import type { Node } from "./node.ts";
import { SnapshotMaker } from "./snapshot-maker.ts";

interface MakingModules {
  readonly store: Store;
  readonly files: SnapshotFiles;
  readonly hasher: Hasher;
  readonly logger: Logger;
  /** A while in which the node does everything else. */
  readonly pause: () => Promise<void>;
  /** About so many leaves in a chunk. */
  readonly chunkLeaves?: number;
}

/** Every so many blocks a snapshot is begun, at the moment when the block is durable and nothing beyond it is. 0: never. */
export function makeSnapshots(node: Node, intervalBlocks: number, modules: MakingModules): void {
  if (intervalBlocks === 0) return;
  const sinceMs = (nowMs: TimeMs): TimeMs => usedIdsSinceMs(node.objects, nowMs);
  const maker = new SnapshotMaker({ ...modules, chain: node.chainStore, usedIdsSinceMs: sinceMs });
  node.onBlock(({ block }) => {
    const { height } = block.header;
    if (height % intervalBlocks !== 0 || height !== node.head.height || node.isSyncing) return;
    maker.make().catch((error: unknown) => modules.logger.error("a snapshot was not made", { height, error: String(error) }));
  });
}
