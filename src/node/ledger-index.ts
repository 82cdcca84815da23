import { decode } from "../codec/cbor.ts";
import { amount, encode, int, struct } from "../codec/schema.ts";
import type { HistoryEntry, ObjectChange } from "../ledger/book.ts";
import { KINDS, type Kind, type LedgerObject, type Total } from "../ledger/kinds.ts";
import { shortLived, toHex, writeHex } from "../lib/bytes.ts";
import type { StoreWrite } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import { type Height, type TxId, ZERO_HASH } from "../types/scalars.ts";
import { StoreCorruptError } from "./chain-store.ts";
import { storedObject } from "./object-store.ts";
import { historyKey, indexKey, objectKey, totalKey } from "./store-keys.ts";

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
  const tx = toHex(value.subarray(0, TX_BYTES)) as TxId;
  const encoded = value.subarray(TX_BYTES);
  const decoded = encoded.length === 0 ? null : decode(KINDS[kind].schema, encoded, LIMITS.responseBytesMax);
  if (value.length < TX_BYTES || decoded?.ok === false) throw new StoreCorruptError("a history entry does not decode");
  return { tx: tx === ZERO_HASH ? null : tx, object: decoded === null ? null : decoded.value };
}

function historyValue({ tx, kind, after }: HistoryEntry, encoded: Uint8Array | undefined): Uint8Array {
  const object = after === undefined ? EMPTY : (encoded ?? encode(KINDS[kind].schema, after));
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
  /** Most objects change once in a block: what they are after it is what their history says, too. */
  const made = new Map<LedgerObject, Uint8Array>();
  const totals = new Map<string, { readonly key: Uint8Array; count: number; sum: bigint }>();
  for (const change of changes) {
    const { kind, id, before, after } = change;
    if (after === undefined) writes.push({ key: objectKey(kind, id), value: null });
    else {
      const bytes = encoded(change);
      made.set(after, bytes);
      writes.push({ key: objectKey(kind, id), value: storedObject(height, bytes) });
    }
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
    const { kind, id, after } = entry;
    if (!KINDS[kind].public) continue;
    const value = historyValue(entry, after === undefined ? undefined : made.get(after));
    writes.push({ key: historyKey(kind, id, height, sequence), value });
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

const INDICES = Object.fromEntries(
  Object.entries(KINDS).map(([kind, { indices }]) => [kind, Object.entries(indices)]),
) as unknown as Readonly<Record<Kind, readonly (readonly [field: string, keyText: (object: LedgerObject) => string])[]>>;

function indexEntries({ kind, id, before, after }: ObjectChange, writes: StoreWrite[]): void {
  for (const [field, keyText] of INDICES[kind]) {
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
