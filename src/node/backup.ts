import { concatBytes } from "../lib/bytes.ts";
import type { Store, StoreSnapshot } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";

const FIRST = new Uint8Array(0);
/** No key of a node's store begins with 0xff. */
const END = Uint8Array.of(0xff);

/**
 * Copies a store as it was at one moment into an empty one, in slices with pauses, while the node that writes to the first goes on.
 * Answers how many records there are. A copy that was cut off is for whoever called to throw away.
 */
export async function copyStore(state: StoreSnapshot, target: Store, pause: () => Promise<void>): Promise<number> {
  let copied = 0;
  for (let from: Uint8Array = FIRST; ; ) {
    const entries = await state.range({ from, to: END, limit: LIMITS.backupSliceEntries });
    const last = entries.at(-1);
    if (last === undefined) return copied;
    await new Promise<void>((resolve, reject) => target.write(entries, (fault) => (fault === null ? resolve() : reject(fault))));
    copied += entries.length;
    from = concatBytes(last.key, Uint8Array.of(0));
    await pause();
  }
}
