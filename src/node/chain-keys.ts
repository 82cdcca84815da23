import { assert } from "../lib/assert.ts";
import { shortLived, toHex, writeHex, writeUint64 } from "../lib/bytes.ts";
import type { BlockId, Height, TxId } from "../types/scalars.ts";

/** Prefixes of the chain's own keys in the store; the ledger's (objects, indices, totals, history) are in store-keys.ts. */
const PREFIX = {
  block: 0x62,
  commit: 0x63,
  head: 0x6d,
  page: 0x70,
  transaction: 0x78,
  blockById: 0x6b,
  authorities: 0x76,
  due: 0x64,
  authorityChanges: 0x77,
  base: 0x61,
  rebuilding: 0x72,
  pageUndo: 0x75,
  replaced: 0x71,
  swept: 0x73,
  leftIds: 0x79,
  joining: 0x6a,
} as const;

/** Of these every block adds rows that no later one replaces: what grows until it is let go of. */
const PAST: ReadonlySet<number | undefined> = new Set([
  PREFIX.block,
  PREFIX.commit,
  PREFIX.transaction,
  PREFIX.blockById,
  PREFIX.due,
  PREFIX.pageUndo,
  PREFIX.replaced,
]);

export function isPastKey(key: Uint8Array): boolean {
  return PAST.has(key[0]);
}

/** Rows that are the same on every node that has them, but for a commit, which may have other signatures. */
const SHARED: ReadonlySet<number | undefined> = new Set([...PAST, PREFIX.authorities]);

export function isSharedKey(key: Uint8Array): boolean {
  return SHARED.has(key[0]);
}

/** Rows that nearly every block writes anew. */
export const REWRITTEN: ReadonlySet<number | undefined> = new Set([PREFIX.page, PREFIX.head]);

export function isPageKey(key: Uint8Array): boolean {
  return key[0] === PREFIX.page;
}

export const HEAD_KEY = Uint8Array.of(PREFIX.head);

/** The heights with which a set of authorities ended, all of them. */
export const AUTHORITY_CHANGES_KEY = Uint8Array.of(PREFIX.authorityChanges);
/** The lowest height whose block and state are kept; absent: all are. */
export const BASE_KEY = Uint8Array.of(PREFIX.base);
/** The height up to which what lies below the base is cleared away; absent: nothing was ever let go here. */
export const SWEPT_KEY = Uint8Array.of(PREFIX.swept);
/** There while indices and totals are not those of the state. */
export const REBUILDING_KEY = Uint8Array.of(PREFIX.rebuilding);

/** There while a store is being filled by a snapshot: of which. */
export const JOINING_KEY = Uint8Array.of(PREFIX.joining);

/** A chunk of that snapshot is here. */
export function joinedChunkKey(chunk: number): Uint8Array {
  return withHeight(PREFIX.joining, chunk);
}

export function blockKey(height: Height): Uint8Array {
  return withHeight(PREFIX.block, height);
}

export function commitKey(height: Height): Uint8Array {
  return withHeight(PREFIX.commit, height);
}

/** The height with which a set of authorities ended. */
export function authorityChangeKey(height: Height): Uint8Array {
  return withHeight(PREFIX.authorities, height);
}

/** What a block changed without a transaction. */
export function dueKey(height: Height): Uint8Array {
  return withHeight(PREFIX.due, height);
}

/** What a block put aside of the state before it. */
export function replacedKey(height: Height): Uint8Array {
  return withHeight(PREFIX.replaced, height);
}

/** Ids of a block that is not kept, as long as they must be known. */
export function leftIdsKey(height: Height): Uint8Array {
  return withHeight(PREFIX.leftIds, height);
}

export function blockByIdKey(id: BlockId): Uint8Array {
  return withHex(PREFIX.blockById, id);
}

export function transactionKey(id: TxId): Uint8Array {
  return withHex(PREFIX.transaction, id);
}

/** `path` as the state tree names its pages. */
export function pageKey(path: string): Uint8Array {
  const key = shortLived(1 + path.length);
  key[0] = PREFIX.page;
  for (let index = 0; index < path.length; index++) key[index + 1] = path.charCodeAt(index);
  return key;
}

/** How a page was before the block at this height changed it. */
export function pageUndoKey(path: string, height: Height): Uint8Array {
  const key = shortLived(path.length + 10);
  key[0] = PREFIX.pageUndo;
  for (let index = 0; index < path.length; index++) key[index + 1] = path.charCodeAt(index);
  writeUint64(key, path.length + 2, height);
  return key;
}

/** The rows that are kept by height, of heights in [from, to): what is let go there is let go in one piece. */
export function rowsByHeight(from: Height, to: Height): readonly { readonly from: Uint8Array; readonly to: Uint8Array }[] {
  return [PREFIX.block, PREFIX.commit, PREFIX.due, PREFIX.replaced].map((prefix) => ({
    from: withHeight(prefix, from),
    to: withHeight(prefix, to),
  }));
}

/** The kinds of rows of the past that lie by ids, or by pages, and so anywhere among those that are kept. */
export function rowsOfPastById(): readonly { readonly from: Uint8Array; readonly to: Uint8Array }[] {
  return [PREFIX.transaction, PREFIX.blockById, PREFIX.pageUndo].map((prefix) => ({
    from: Uint8Array.of(prefix),
    to: Uint8Array.of(prefix + 1),
  }));
}

/** In words for an operator: what a row is, and of which height, id or page. undefined: it is none of the chain's own. */
export function nameOfChainRow(key: Uint8Array): string | undefined {
  const name = Object.entries(PREFIX).find(([, prefix]) => prefix === key[0])?.[0];
  if (name === undefined || key.length === 1) return name === "page" ? "page /" : name;
  if (key[0] === PREFIX.page) return `${name} /${textOf(key, 1, key.length)}`;
  if (key[0] === PREFIX.pageUndo) return `${name} /${textOf(key, 1, key.length - 9)} ${heightIn(key)}`;
  return key.length === HEIGHT_KEY_BYTES ? `${name} ${heightIn(key)}` : `${name} ${toHex(key.subarray(1))}`;
}

const HEIGHT_KEY_BYTES = 9;

/** The last eight bytes. */
function heightIn(key: Uint8Array): Height {
  return Number(new DataView(key.buffer, key.byteOffset).getBigUint64(key.length - 8));
}

function textOf(key: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...key.subarray(from, to));
}

function withHeight(prefix: number, height: Height): Uint8Array {
  const key = shortLived(9);
  key[0] = prefix;
  writeUint64(key, 1, height);
  return key;
}

function withHex(prefix: number, hex: string): Uint8Array {
  const key = shortLived(1 + hex.length / 2);
  key[0] = prefix;
  assert(writeHex(hex, key, 1), "ids are hex");
  return key;
}
