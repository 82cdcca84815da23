import { assert } from "../lib/assert.ts";
import { shortLived, toHex, writeHex, writeUint32, writeUint64 } from "../lib/bytes.ts";
import { KEY_BYTES } from "../state/node-hash.ts";
import type { Hash, Height } from "../types/scalars.ts";

/** Keys of what the ledger keeps in the store: objects, indices, totals, history. Texts are ASCII and end in a zero byte. */
const PREFIX = { object: 0x6f, index: 0x69, total: 0x74, history: 0x68 } as const;

/** Height (8 bytes) and sequence within the block (4 bytes), big endian. */
const HISTORY_TAIL_BYTES = 12;

export function objectKey(kind: string, id: Hash): Uint8Array {
  return keyOf(PREFIX.object, [kind], id);
}

export function indexKey(kind: string, field: string, value: string, id: Hash): Uint8Array {
  return keyOf(PREFIX.index, [kind, field, value], id);
}

/** {@link objectKey} of an id in bytes. */
export function objectKeyOf(kind: string, id: Uint8Array): Uint8Array {
  const key = keyOf(PREFIX.object, [kind], "", id.length);
  key.set(id, key.length - id.length);
  return key;
}

/** How the state tree names the object of this row: the row's key without its prefix, filled with zero bytes. */
export function stateKeyOf(key: Uint8Array): Uint8Array {
  // One that is too long is no object's: it finds nothing.
  const named = new Uint8Array(Math.max(KEY_BYTES, key.length - 1));
  named.set(key.subarray(1));
  return named;
}

/** The key of the object that an entry of an index is of. */
export function objectOfIndex(key: Uint8Array): Uint8Array {
  const { texts: names, rest } = splitKey(key, 3);
  return objectKeyOf(names[0] as string, rest);
}

/** Every entry of a field with values in [from, to): `to` undefined is the end of the field. */
export function indexRange(
  kind: string,
  field: string,
  from: string | undefined,
  to: string | undefined,
): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const all = texts(PREFIX.index, kind, field);
  return {
    from: from === undefined ? all : texts(PREFIX.index, kind, field, from),
    to: to === undefined ? after(all) : texts(PREFIX.index, kind, field, to),
  };
}

export function allObjects(kind: string): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const all = texts(PREFIX.object, kind);
  return { from: all, to: after(all) };
}

export function allObjectsOfAllKinds(): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const all = Uint8Array.of(PREFIX.object);
  return { from: all, to: after(all) };
}

/** All entries of indices, or all totals. */
export function allDerived(what: "index" | "total"): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const all = Uint8Array.of(PREFIX[what]);
  return { from: all, to: after(all) };
}

export function totalKey(kind: string, scope: string, status: string, currency: string): Uint8Array {
  return texts(PREFIX.total, kind, scope, status, currency);
}

export function totalsOf(kind: string, scope: string): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const all = texts(PREFIX.total, kind, scope);
  return { from: all, to: after(all) };
}

export function historyKey(kind: string, id: Hash, height: Height, sequence: number): Uint8Array {
  const key = keyOf(PREFIX.history, [kind], id, HISTORY_TAIL_BYTES);
  const tailAt = key.length - HISTORY_TAIL_BYTES;
  writeUint64(key, tailAt, height);
  writeUint32(key, tailAt + 8, sequence);
  return key;
}

export function isObjectKey(key: Uint8Array): boolean {
  return key[0] === PREFIX.object;
}

/** Of an index entry or a total. */
export function isDerivedKey(key: Uint8Array): boolean {
  return key[0] === PREFIX.index || key[0] === PREFIX.total;
}

/** The changes of an object from the first to those of this height. */
export function historyUpTo(key: Uint8Array, height: Height): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const { texts: names, rest } = splitKey(key, 1);
  const [kind = ""] = names;
  const id = toHex(rest) as Hash;
  return { from: historyKey(kind, id, 0, 0), to: historyKey(kind, id, height + 1, 0) };
}

export function isHistoryKey(key: Uint8Array): boolean {
  return key[0] === PREFIX.history;
}

/** The texts behind the prefix, and what follows the last of them. */
export function splitKey(key: Uint8Array, count: number): { readonly texts: readonly string[]; readonly rest: Uint8Array } {
  const parts: string[] = [];
  let at = 1;
  for (let index = 0; index < count; index++) {
    const end = key.indexOf(0, at);
    parts.push(String.fromCharCode(...key.subarray(at, end)));
    at = end + 1;
  }
  return { texts: parts, rest: key.subarray(at) };
}

/** Whose change an entry of the history is, and which block's. */
export function placeOfHistory(key: Uint8Array): { readonly kind: string; readonly id: Hash; readonly height: Height } {
  const { texts: names, rest } = splitKey(key, 1);
  const idBytes = rest.length - HISTORY_TAIL_BYTES;
  const height = Number(new DataView(rest.buffer, rest.byteOffset).getBigUint64(idBytes));
  return { kind: names[0] ?? "", id: toHex(rest.subarray(0, idBytes)) as Hash, height };
}

export function allHistory(): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const all = Uint8Array.of(PREFIX.history);
  return { from: all, to: after(all) };
}

/** In words for an operator, as `nameOfChainRow`: what a row of the ledger is of. */
export function nameOfLedgerRow(key: Uint8Array): string | undefined {
  switch (key[0]) {
    case PREFIX.object: {
      const { texts: names, rest } = splitKey(key, 1);
      return `object ${names.join()} ${toHex(rest)}`;
    }
    case PREFIX.history: {
      const { kind, id, height } = placeOfHistory(key);
      return `history ${kind} ${id} ${height}`;
    }
    case PREFIX.index: {
      const { texts: names, rest } = splitKey(key, 3);
      return `index ${names.join(" ")} ${toHex(rest)}`;
    }
    case PREFIX.total:
      return `total ${splitKey(key, 4).texts.join(" ")}`;
    default:
      return undefined;
  }
}

/** Above every change of the object. */
export function historyEnd(kind: string, id: Hash): Uint8Array {
  return after(keyOf(PREFIX.history, [kind], id));
}

/** The least key above all that begin with this one. No key of this store begins with 0xff. */
export function after(key: Uint8Array): Uint8Array {
  let last = key.length - 1;
  while (key[last] === 0xff) last -= 1;
  const next = key.slice(0, last + 1);
  next[last] = (next[last] as number) + 1;
  return next;
}

function texts(prefix: number, ...parts: readonly string[]): Uint8Array {
  return keyOf(prefix, parts, "");
}

/** Prefix, texts, the bytes of an id, and room for what follows: in one piece, since every change of an object makes several. */
function keyOf(prefix: number, parts: readonly string[], id: string, room = 0): Uint8Array {
  let length = 1 + id.length / 2 + room;
  for (const part of parts) length += part.length + 1;
  const key = shortLived(length);
  key[0] = prefix;
  let at = 1;
  for (const part of parts) {
    for (let index = 0; index < part.length; index++) key[at++] = part.charCodeAt(index);
    at += 1;
  }
  assert(writeHex(id, key, at), "ids are hex");
  return key;
}
