import { KINDS, type Kind, type LedgerObject } from "../ledger/kinds.ts";
import { compareBytes, fromHex, toHex } from "../lib/bytes.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Store, StoreEntry } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height, TxId } from "../types/scalars.ts";
import { readHistory, readTotal } from "./ledger-index.ts";
import { placeOf, readStoredObject, versionOf } from "./object-store.ts";
import { after, allObjects, historyEnd, historyKey, indexRange, objectKey, splitKey, totalsOf } from "./store-keys.ts";

export interface StoredObject {
  readonly object: LedgerObject;
  /** Height of its last change. */
  readonly height: Height;
}

export interface HistoryItem {
  readonly height: Height;
  readonly tx: TxId | null;
  /** null: the object was removed. */
  readonly object: LedgerObject | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; absent after the last. */
  readonly cursor?: string;
}

export interface SummaryLine {
  readonly kind: Kind;
  readonly status: string;
  readonly currency: string;
  readonly count: number;
  readonly amount: bigint;
}

/** A condition on an indexed field: one value, or a range with `to` excluded. */
export type FieldCondition = string | { readonly from?: string; readonly to?: string };

export interface ListQuery {
  readonly kind: Kind;
  readonly where: Readonly<Record<string, FieldCondition>>;
  readonly limit: number;
  readonly cursor?: string;
}

export type ListFault = "FIELD_NOT_INDEXED" | "CURSOR_INVALID";

/** Kinds whose totals a summary reads. */
const SUMMED: readonly Kind[] = ["receivable", "note", "loan", "payment"];
/** A filtered list looks at no more entries than this for one page; the cursor goes on from there. */
const SCANNED_MAX = 5_000;
const CURSOR_BYTES_MAX = 1_024;

/** Reads of the ledger for people and programs: latest state, indices, totals, history. Costs what the answer has, not what the state has. */
export class LedgerReader {
  readonly #store: Pick<Store, "get" | "range">;

  constructor(store: Pick<Store, "get" | "range">) {
    this.#store = store;
  }

  get(kind: Kind, id: Hash): StoredObject | undefined {
    const value = this.#store.get(objectKey(kind, id));
    return value === undefined ? undefined : readStoredObject(kind, value);
  }

  /** As it was after the block at `height`; undefined if it was not there. */
  async getAt(kind: Kind, id: Hash, height: Height): Promise<StoredObject | undefined> {
    const newest = this.get(kind, id);
    if (newest !== undefined && newest.height <= height) return newest;
    const [entry] = await this.#store.range({
      from: historyKey(kind, id, 0, 0),
      to: historyKey(kind, id, height + 1, 0),
      limit: 1,
      reverse: true,
    });
    if (entry === undefined) return undefined;
    const item = historyItem(kind, entry.key, entry.value);
    return item.object === null ? undefined : { object: item.object, height: item.height };
  }

  /** Objects by indexed fields, in the order of the first condition's values, then of ids. */
  async list({ kind, where, limit, cursor }: ListQuery): Promise<Result<Page<StoredObject>, ListFault>> {
    const fields = Object.keys(where);
    const { indices } = KINDS[kind];
    if (fields.some((field) => indices[field] === undefined)) return err("FIELD_NOT_INDEXED");
    // An equality narrows more than a range does.
    const lead = fields.find((field) => typeof where[field] === "string") ?? fields[0];
    const bounds = lead === undefined ? allObjects(kind) : rangeOf(kind, lead, where[lead] as FieldCondition);
    const from = cursor === undefined ? bounds.from : fromHex(cursor);
    // Elsewhere the cursor of another list would read what is not of this one.
    const isWithin = from !== undefined && compareBytes(from, bounds.from) >= 0 && compareBytes(from, bounds.to) < 0;
    if (!isWithin || from.length > CURSOR_BYTES_MAX) return err("CURSOR_INVALID");
    const items: StoredObject[] = [];
    let start = from;
    for (let scanned = 0; scanned < SCANNED_MAX; ) {
      const wanted = limit - items.length + 1;
      const entries = await this.#store.range({ from: start, to: bounds.to, limit: wanted });
      for (const { key } of entries) {
        scanned += 1;
        if (items.length === limit) return ok({ items, cursor: toHex(key) });
        start = after0(key);
        const { rest } = splitKey(key, lead === undefined ? 1 : 3);
        const stored = this.get(kind, toHex(rest) as Hash);
        if (stored !== undefined && matches(kind, stored.object, where)) items.push(stored);
      }
      if (entries.length < wanted) return ok({ items });
    }
    return ok({ items, cursor: toHex(start) });
  }

  /** Changes of one object, oldest first. */
  async history(kind: Kind, id: Hash, limit: number, cursor?: string): Promise<Result<Page<HistoryItem>, ListFault>> {
    const first = historyKey(kind, id, 0, 0);
    const from = cursor === undefined ? first : fromHex(cursor);
    const to = historyEnd(kind, id);
    const isOfObject = from !== undefined && compareBytes(from, first) >= 0 && compareBytes(from, to) < 0;
    if (!isOfObject || from.length !== first.length) return err("CURSOR_INVALID");
    // The newest version is read first: a block may come in between, and then stands in both places.
    const newest = this.#newest(kind, id);
    const older = await this.#store.range({ from, to, limit: limit + 1 });
    const isAhead =
      newest !== undefined && compareBytes(newest.key, from) >= 0 && compareBytes(newest.key, older.at(-1)?.key ?? from) >= 0;
    const entries = isAhead && older.every(({ key }) => compareBytes(key, newest.key) !== 0) ? [...older, newest] : older;
    const items = entries.slice(0, limit).map(({ key, value }) => historyItem(kind, key, value));
    const next = entries[limit];
    return ok(next === undefined ? { items } : { items, cursor: toHex(next.key) });
  }

  /** The newest version as the history entry that it will be. */
  #newest(kind: Kind, id: Hash): StoreEntry | undefined {
    const value = this.#store.get(objectKey(kind, id));
    if (value === undefined) return undefined;
    const { height, sequence } = placeOf(value);
    return { key: historyKey(kind, id, height, sequence), value: versionOf(value) };
  }

  /** Every note of a receivable, consumed ones included. Bounded by the ledger's own bounds on splitting. */
  async notesOf(receivable: Hash): Promise<readonly StoredObject[]> {
    const notes: StoredObject[] = [];
    let cursor: string | undefined;
    do {
      const query = { kind: "note" as const, where: { receivable }, limit: LIMITS.rpcListMax };
      const page = await this.list(cursor === undefined ? query : { ...query, cursor });
      if (!page.ok) break;
      notes.push(...page.value.items);
      cursor = page.value.cursor;
    } while (cursor !== undefined && notes.length < 20 * LIMITS.rpcListMax);
    return notes;
  }

  /** Totals of a party, or of everything with scope "all". */
  async summary(scope: string): Promise<readonly SummaryLine[]> {
    const lines: SummaryLine[] = [];
    for (const kind of SUMMED) {
      for (const { key, value } of await this.#store.range({ ...totalsOf(kind, scope), limit: LIMITS.rpcListMax })) {
        const [, , status = "", currency = ""] = splitKey(key, 4).texts;
        const { count, sum } = readTotal(value);
        if (count > 0) lines.push({ kind, status, currency, count, amount: sum });
      }
    }
    return lines;
  }
}

function historyItem(kind: Kind, key: Uint8Array, value: Uint8Array): HistoryItem {
  const height = Number(new DataView(key.buffer, key.byteOffset).getBigUint64(key.length - 12));
  return { height, ...readHistory(kind, value) };
}

function rangeOf(kind: Kind, field: string, condition: FieldCondition) {
  if (typeof condition !== "string") return indexRange(kind, field, condition.from, condition.to);
  const { from } = indexRange(kind, field, condition, undefined);
  return { from, to: after(from) };
}

function matches(kind: Kind, object: LedgerObject, where: ListQuery["where"]): boolean {
  return Object.entries(where).every(([field, condition]) => {
    const value = (KINDS[kind].indices[field] as (object: LedgerObject) => string)(object);
    if (typeof condition === "string") return value === condition;
    return (condition.from === undefined || value >= condition.from) && (condition.to === undefined || value < condition.to);
  });
}

/** The least key above this one. */
function after0(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
