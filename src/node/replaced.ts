import { bytes, encode, type Infer, list, struct, text } from "../codec/schema.ts";
import { assert } from "../lib/assert.ts";
import type { StoreWrite } from "../ports/store.ts";
import type { TreeUpdate } from "../state/tree.ts";
import type { Height } from "../types/scalars.ts";
import { pageUndoKey, replacedKey } from "./chain-keys.ts";
import { isHistoryKey } from "./store-keys.ts";

/** More rows than the largest block could put aside. */
const ROWS_MAX = 4_000_000;

/**
 * What a block put aside of the state before it: versions of objects, as rows of the history, and what pages were. Nobody asks for them once
 * the lowest height whose state is kept is this block's own: then exactly they are deleted, and no row is looked for.
 */
export const replacedSchema = struct({
  history: list(bytes({ min: 1, max: 256 }), { max: ROWS_MAX }),
  pages: list(text({ max: 64 }), { max: ROWS_MAX }),
});
export type Replaced = Infer<typeof replacedSchema>;

/** What a block's state replaces beside the history among its writes: how its pages were, and the row that lists all it put aside. */
export function replacedWrites(height: Height, writes: readonly StoreWrite[], { pages }: TreeUpdate): readonly StoreWrite[] {
  const replaced: { history: Uint8Array[]; pages: string[] } = { history: [], pages: [] };
  const aside: StoreWrite[] = [];
  for (const { key } of writes) if (isHistoryKey(key)) replaced.history.push(key);
  for (const { path, undo } of pages) {
    assert(undo !== null, "a block's update tells how its pages were");
    replaced.pages.push(path);
    aside.push({ key: pageUndoKey(path, height), value: undo });
  }
  aside.push({ key: replacedKey(height), value: encode(replacedSchema, replaced) });
  return aside;
}

/** The keys of what was put aside. */
export function replacedKeys(height: Height, { history, pages }: Replaced): readonly Uint8Array[] {
  return [...history, ...pages.map((path) => pageUndoKey(path, height))];
}
