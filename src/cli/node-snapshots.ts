import { nativeHasher } from "../adapters/native-hasher.ts";
import { paramsOf } from "../ledger/validators.ts";
import { IndexRebuild } from "../node/index-rebuild.ts";
import type { Node } from "../node/node.ts";
import { SnapshotMaker } from "../node/snapshot-maker.ts";
import type { Logger } from "../ports/observe.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Store } from "../ports/store.ts";

const REST_MS = 10;

/** Of a node that joined by a snapshot. Nothing is executed meanwhile, so that what is counted stands still; objects are served, marked as syncing. */
export async function rebuildIndices(node: Node, store: Store, logger: Logger): Promise<void> {
  if (!node.chainStore.isRebuilding) return;
  const objects = await new IndexRebuild({ store, pause: () => new Promise((resolve) => setImmediate(resolve)) }).run();
  logger.info("indices are rebuilt", { objects });
}

/** Every so many blocks a snapshot is begun, at the moment when the block is durable and nothing beyond it is. 0: never. */
export function makeSnapshots(
  node: Node,
  intervalBlocks: number,
  modules: { readonly store: Store; readonly files: SnapshotFiles; readonly logger: Logger },
): void {
  if (intervalBlocks === 0) return;
  const maker = new SnapshotMaker({
    ...modules,
    chain: node.chainStore,
    hasher: nativeHasher,
    txWindowMs: () => paramsOf(node.objects).txWindowMs,
    // Longer than a slice of the work between two of these takes: the node has most of its time for everything else.
    pause: () => new Promise((resolve) => setTimeout(resolve, REST_MS)),
  });
  node.onBlock(({ block }) => {
    const { height } = block.header;
    if (height % intervalBlocks !== 0 || height !== node.head.height || node.isSyncing) return;
    maker.make().catch((error: unknown) => modules.logger.error("a snapshot was not made", { height, error: String(error) }));
  });
}
