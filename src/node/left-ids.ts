import { encode, hash, type Infer, int, list, struct } from "../codec/schema.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height, TimeMs, TxId } from "../types/scalars.ts";
import { leftIdsKey } from "./chain-keys.ts";
import { readRecord } from "./stored-record.ts";

/** Ids that are known to be used though their block is not here, and the time until which a block could hold one of them once more. */
export const leftIdsSchema = struct({
  untilMs: int(),
  ids: list(hash, { max: LIMITS.blockTxMax }),
});

export interface LeftIds extends Infer<typeof leftIdsSchema> {
  readonly key: Uint8Array;
}

/**
 * Beside the rows of the ids themselves: what finds these again when their time is over. A node's own blocks need none, since they name
 * their transactions until they go themselves.
 */
export function leftIdsWrite(height: Height, untilMs: TimeMs, ids: readonly TxId[]): StoreWrite {
  return { key: leftIdsKey(height), value: encode(leftIdsSchema, { untilMs, ids }) };
}

/** Those of the lowest height; undefined if there are none. */
export function lowestLeftIds(store: Pick<Store, "range">): Promise<LeftIds | undefined> {
  const range = { from: leftIdsKey(0), to: leftIdsKey(Number.MAX_SAFE_INTEGER), limit: 1 };
  return store
    .range(range)
    .then(([entry]) => (entry === undefined ? undefined : { key: entry.key, ...readRecord(entry.value, leftIdsSchema) }));
}
