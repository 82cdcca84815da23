import { IndexRebuild } from "../node/index-rebuild.ts";
import type { Node } from "../node/node.ts";
import type { Logger } from "../ports/observe.ts";
import type { Store } from "../ports/store.ts";

/** Of a node that joined by a snapshot. Nothing is executed meanwhile, so that what is counted stands still; objects are served, marked as syncing. */
export async function rebuildIndices(node: Node, store: Store, logger: Logger): Promise<void> {
  if (!node.chainStore.isRebuilding) return;
  const objects = await new IndexRebuild({ store, pause: () => new Promise((resolve) => setImmediate(resolve)) }).run();
  logger.info("indices are rebuilt", { objects });
}
