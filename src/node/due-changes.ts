import { encode, hash, type Infer, list, struct, text } from "../codec/schema.ts";
import type { HistoryEntry } from "../ledger/book.ts";
import { KINDS } from "../ledger/kinds.ts";
import type { StoreWrite } from "../ports/store.ts";
import type { Height } from "../types/scalars.ts";
import { dueKey } from "./chain-keys.ts";

const dueChangeSchema = struct({ kind: text({ min: 1, max: 32 }), id: hash });
export const dueChangesSchema = list(dueChangeSchema, { max: 1_000_000 });
/** An object that a block changed without a transaction: something fell due, or an authority's offence was recorded. */
export type DueChange = Infer<typeof dueChangeSchema>;

/** What a block changed without a transaction, in the order in which it happened: no receipt tells of it, so it is kept beside the block. */
export function dueWrites(height: Height, history: readonly HistoryEntry[]): readonly StoreWrite[] {
  // The genesis is nobody's event.
  if (height === 0) return [];
  const changes = history.filter(({ kind, tx }) => tx === null && KINDS[kind].public).map(({ kind, id }) => ({ kind, id }));
  return changes.length === 0 ? [] : [{ key: dueKey(height), value: encode(dueChangesSchema, changes) }];
}
