import { decode } from "../codec/cbor.ts";
import { amount, bytes, encode, hash, type Infer, int, nullable, struct } from "../codec/schema.ts";
import type { HistoryEntry, ObjectChange } from "../ledger/book.ts";
import { KINDS, type LedgerObject, type Total } from "../ledger/kinds.ts";
import type { StoreWrite } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";
import { StoreCorruptError } from "./chain-store.ts";
import { storedObject } from "./object-store.ts";
import { historyKey, indexKey, objectKey, totalKey } from "./store-keys.ts";

const BIG_MIN = -(2n ** 63n);
/** Sums may exceed what one amount may: two words. */
const totalSchema = struct({ count: int(), high: amount({ min: BIG_MIN }), low: amount() });
const WORD = 2n ** 62n;

export const historySchema = struct({ tx: nullable(hash), value: nullable(bytes({ max: LIMITS.responseBytesMax })) });
export type StoredHistory = Infer<typeof historySchema>;

export interface StoredTotal {
  readonly count: number;
  readonly sum: bigint;
}

const EMPTY = new Uint8Array(0);

/**
 * What a block adds to the store for readers: objects, the entries of their declared indices, totals, history. Derived from the block's
 * changes, never authenticated, written in the same batch. `encoded` gives each changed object's bytes, made once for the tree.
 */
export function indexWrites(
  height: Height,
  changes: readonly ObjectChange[],
  history: readonly HistoryEntry[],
  encoded: (change: ObjectChange) => Uint8Array,
  read: (key: Uint8Array) => Uint8Array | undefined,
): readonly StoreWrite[] {
  const writes: StoreWrite[] = [];
  const totals = new Map<string, { readonly key: Uint8Array; count: number; sum: bigint }>();
  for (const change of changes) {
    const { kind, id, before, after } = change;
    writes.push({ key: objectKey(kind, id), value: after === undefined ? null : storedObject(height, encoded(change)) });
    indexEntries(change, writes);
    const declaration = KINDS[kind].totals as ((object: LedgerObject) => readonly Total[]) | undefined;
    if (declaration === undefined) continue;
    for (const total of before === undefined ? [] : declaration(before)) addTotal(totals, kind, total, -1);
    for (const total of after === undefined ? [] : declaration(after)) addTotal(totals, kind, total, 1);
  }
  for (const { key, count, sum } of totals.values()) {
    if (count === 0 && sum === 0n) continue;
    const stored = readTotal(read(key));
    writes.push({ key, value: encodeTotal({ count: stored.count + count, sum: stored.sum + sum }) });
  }
  for (const [sequence, entry] of history.entries()) {
    if (!KINDS[entry.kind].public) continue;
    const value = entry.after === undefined ? null : encode(KINDS[entry.kind].schema, entry.after);
    writes.push({
      key: historyKey(entry.kind, entry.id, height, sequence),
      value: encode(historySchema, { tx: entry.tx, value }),
    });
  }
  return writes;
}

export function readTotal(value: Uint8Array | undefined): StoredTotal {
  if (value === undefined) return { count: 0, sum: 0n };
  const decoded = decode(totalSchema, value, 64);
  if (!decoded.ok) throw new StoreCorruptError("a stored total does not decode");
  return { count: decoded.value.count, sum: decoded.value.high * WORD + decoded.value.low };
}

function encodeTotal({ count, sum }: StoredTotal): Uint8Array {
  return encode(totalSchema, { count, high: sum / WORD, low: sum % WORD });
}

function indexEntries({ kind, id, before, after }: ObjectChange, writes: StoreWrite[]): void {
  for (const [field, keyText] of Object.entries(KINDS[kind].indices) as [string, (object: LedgerObject) => string][]) {
    const old = before === undefined ? undefined : keyText(before);
    const now = after === undefined ? undefined : keyText(after);
    if (old === now) continue;
    if (old !== undefined) writes.push({ key: indexKey(kind, field, old, id), value: null });
    if (now !== undefined) writes.push({ key: indexKey(kind, field, now, id), value: EMPTY });
  }
}

function addTotal(
  totals: Map<string, { readonly key: Uint8Array; count: number; sum: bigint }>,
  kind: string,
  total: Total,
  sign: 1 | -1,
): void {
  const { scope, status, currency, amount: value } = total;
  const name = `${kind}/${scope}/${status}/${currency}`;
  let entry = totals.get(name);
  if (entry === undefined) {
    entry = { key: totalKey(kind, scope, status, currency), count: 0, sum: 0n };
    totals.set(name, entry);
  }
  entry.count += sign;
  entry.sum += sign === 1 ? value : -value;
}
