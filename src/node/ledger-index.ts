import { decode } from "../codec/cbor.ts";
import { amount, encode, int, struct } from "../codec/schema.ts";
import type { HistoryEntry, ObjectChange } from "../ledger/book.ts";
import { KINDS, type Kind, type LedgerObject, type Total } from "../ledger/kinds.ts";
import { assert } from "../lib/assert.ts";
import { shortLived, writeHex } from "../lib/bytes.ts";
import { PairMap } from "../lib/pair-map.ts";
import type { StoreWrite } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height, TxId } from "../types/scalars.ts";
import { placeOf, readTx, storedObject, versionOf } from "./object-store.ts";
import { historyKey, indexKey, objectKey, totalKey } from "./store-keys.ts";
import { StoreCorruptError } from "./stored-record.ts";

const BIG_MIN = -(2n ** 63n);
/** Sums may exceed what one amount may: two words. */
const totalSchema = struct({ count: int(), high: amount({ min: BIG_MIN }), low: amount() });
const WORD = 2n ** 62n;

/** A stored change: the transaction's id, zero for what fell due (32 bytes), then the object's encoding, nothing if it was removed. */
const TX_BYTES = 32;

export interface StoredHistory {
  readonly tx: TxId | null;
  readonly object: LedgerObject | null;
}

/** Throws StoreCorruptError. */
export function readHistory(kind: Kind, value: Uint8Array): StoredHistory {
  const encoded = value.subarray(TX_BYTES);
  const decoded = encoded.length === 0 ? null : decode(KINDS[kind].schema, encoded, LIMITS.responseBytesMax);
  if (value.length < TX_BYTES || decoded?.ok === false) throw new StoreCorruptError("a history entry does not decode");
  return { tx: readTx(value.subarray(0, TX_BYTES)), object: decoded === null ? null : decoded.value };
}

function historyValue({ tx, kind, after }: HistoryEntry): Uint8Array {
  const object = after === undefined ? EMPTY : encode(KINDS[kind].schema, after);
  const value = shortLived(TX_BYTES + object.length);
  if (tx !== null) writeHex(tx, value, 0);
  value.set(object, TX_BYTES);
  return value;
}

export interface StoredTotal {
  readonly count: number;
  readonly sum: bigint;
}

const EMPTY = new Uint8Array(0);

/**
 * What a block adds to the store for readers: objects, the entries of their declared indices, totals, history. Derived from the block's
 * changes, never authenticated, written in the same batch. `encodings` are the changed objects' bytes, made once for the tree. An
 * object's newest version stands in its own row alone; it becomes a row of the history when another takes its place.
 */
export function indexWrites(
  height: Height,
  changes: readonly ObjectChange[],
  history: readonly HistoryEntry[],
  encodings: readonly (Uint8Array | null)[],
  read: (key: Uint8Array) => Uint8Array | undefined,
): StoreWrite[] {
  const writes: StoreWrite[] = [];
  const totals = new Map<string, { readonly key: Uint8Array; count: number; sum: bigint }>();
  const newest = newestEntries(height, history, writes);
  for (const [index, change] of changes.entries()) {
    const { kind, id, before, after } = change;
    const key = objectKey(kind, id);
    if (before !== undefined && KINDS[kind].public) {
      const old = read(key);
      if (old === undefined) throw new StoreCorruptError(`a stored ${kind} is missing`);
      const { height: since, sequence } = placeOf(old);
      writes.push({ key: historyKey(kind, id, since, sequence), value: versionOf(old) });
    }
    const last = newest.get(kind, id);
    assert(last !== undefined, "every change has its history");
    const origin = { height, sequence: last.sequence, tx: last.entry.tx };
    writes.push({ key, value: after === undefined ? null : storedObject(origin, encodings[index] as Uint8Array) });
    indexEntries(change, writes);
    for (const total of before === undefined ? [] : totalsOfObject(kind, before)) addTotal(totals, kind, total, -1);
    for (const total of after === undefined ? [] : totalsOfObject(kind, after)) addTotal(totals, kind, total, 1);
  }
  for (const { key, count, sum } of totals.values()) {
    if (count === 0 && sum === 0n) continue;
    const stored = readTotal(read(key));
    writes.push({ key, value: encodeTotal({ count: stored.count + count, sum: stored.sum + sum }) });
  }
  return writes;
}

/** What an object adds to the totals of its kind. */
export function totalsOfObject(kind: Kind, object: LedgerObject): readonly Total[] {
  const declaration = KINDS[kind].totals as ((object: LedgerObject) => readonly Total[]) | undefined;
  return declaration === undefined ? [] : declaration(object);
}

/** The last change of each object in the block. Those before it, and removals, are history already. */
function newestEntries(
  height: Height,
  history: readonly HistoryEntry[],
  writes: StoreWrite[],
): PairMap<{ readonly sequence: number; readonly entry: HistoryEntry }> {
  const newest = new PairMap<{ readonly sequence: number; readonly entry: HistoryEntry }>();
  const put = (sequence: number, entry: HistoryEntry): void => {
    if (KINDS[entry.kind].public)
      writes.push({ key: historyKey(entry.kind, entry.id, height, sequence), value: historyValue(entry) });
  };
  for (const [sequence, entry] of history.entries()) {
    const { kind, id } = entry;
    const earlier = newest.get(kind, id);
    if (earlier?.entry.after !== undefined) put(earlier.sequence, earlier.entry);
    if (entry.after === undefined) put(sequence, entry);
    newest.set(kind, id, { sequence, entry });
  }
  return newest;
}

export function readTotal(value: Uint8Array | undefined): StoredTotal {
  if (value === undefined) return { count: 0, sum: 0n };
  const decoded = decode(totalSchema, value, 64);
  if (!decoded.ok) throw new StoreCorruptError("a stored total does not decode");
  return { count: decoded.value.count, sum: decoded.value.high * WORD + decoded.value.low };
}

export function encodeTotal({ count, sum }: StoredTotal): Uint8Array {
  return encode(totalSchema, { count, high: sum / WORD, low: sum % WORD });
}

const INDICES = Object.fromEntries(
  Object.entries(KINDS).map(([kind, { indices }]) => [kind, Object.entries(indices)]),
) as unknown as Readonly<Record<Kind, readonly (readonly [field: string, keyText: (object: LedgerObject) => string])[]>>;

export function indexEntries({ kind, id, before, after }: ObjectChange, writes: StoreWrite[]): void {
  for (const [field, keyText] of INDICES[kind]) {
    const old = before === undefined ? undefined : keyText(before);
    const now = after === undefined ? undefined : keyText(after);
    if (old === now) continue;
    if (old !== undefined) writes.push({ key: indexKey(kind, field, old, id), value: null });
    if (now !== undefined) writes.push({ key: indexKey(kind, field, now, id), value: EMPTY });
  }
}

export type TotalSums = Map<string, { readonly key: Uint8Array; count: number; sum: bigint }>;

export function addTotal(totals: TotalSums, kind: string, total: Total, sign: 1 | -1): void {
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
