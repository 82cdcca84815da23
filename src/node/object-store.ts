import { decode } from "../codec/cbor.ts";
import { KINDS, type Kind, type LedgerObject } from "../ledger/kinds.ts";
import { readUint32, readUint64, shortLived, toHex, writeHex, writeUint32, writeUint64 } from "../lib/bytes.ts";
import { RecentPairMap } from "../lib/pair-map.ts";
import type { Store } from "../ports/store.ts";
import type { ObjectView } from "../state/view.ts";
import { LIMITS } from "../types/limits.ts";
import { type Hash, type Height, type TxId, ZERO_HASH } from "../types/scalars.ts";
import { objectKey } from "./store-keys.ts";
import { StoreCorruptError } from "./stored-record.ts";

/** Where a version of an object came from: the place of the change within its block, and the transaction, null for what fell due. */
export interface Origin {
  readonly height: Height;
  readonly sequence: number;
  readonly tx: TxId | null;
}

/** A stored object: height (8 bytes), sequence (4 bytes), transaction (32 bytes, zero for none), then its encoding; big endian. */
const SEQUENCE_AT = 8;
const TX_AT = 12;
const HEAD_BYTES = 44;
const OBJECTS_CACHED_MAX = 200_000;
const ABSENT_CACHED_MAX = 4_096;
const OBJECT_BYTES_MAX = LIMITS.responseBytesMax;

export function storedObject({ height, sequence, tx }: Origin, encoded: Uint8Array): Uint8Array {
  const value = shortLived(HEAD_BYTES + encoded.length);
  writeUint64(value, 0, height);
  writeUint32(value, SEQUENCE_AT, sequence);
  if (tx !== null) writeHex(tx, value, TX_AT);
  value.set(encoded, HEAD_BYTES);
  return value;
}

export interface StoredVersion extends Origin {
  readonly object: LedgerObject;
}

/** Throws StoreCorruptError. */
export function readStoredObject(kind: Kind, value: Uint8Array): StoredVersion {
  const decoded = decode(KINDS[kind].schema, value.subarray(HEAD_BYTES), OBJECT_BYTES_MAX);
  if (!decoded.ok) throw new StoreCorruptError(`a stored ${kind} does not decode: ${decoded.error.detail}`);
  return { ...placeOf(value), tx: readTx(value.subarray(TX_AT, HEAD_BYTES)), object: decoded.value };
}

/** When and where the stored version came to be, and the rest of what a history entry of it holds. */
export function placeOf(value: Uint8Array): { readonly height: Height; readonly sequence: number } {
  return { height: readUint64(value, 0), sequence: readUint32(value, SEQUENCE_AT) };
}

/** Transaction and encoding: the value of a history entry. */
export function versionOf(value: Uint8Array): Uint8Array {
  return value.subarray(TX_AT);
}

/** The object's encoding alone: what the state tree commits to. */
export function encodingOf(value: Uint8Array): Uint8Array {
  return value.subarray(HEAD_BYTES);
}

export function readTx(bytes: Uint8Array): TxId | null {
  const tx = toHex(bytes) as TxId;
  return tx === ZERO_HASH ? null : tx;
}

/** The committed ledger objects, decoded once and cached. What execution reads. */
export class ObjectStore implements ObjectView {
  readonly #store: Pick<Store, "get">;
  readonly #cache = new RecentPairMap<LedgerObject>(OBJECTS_CACHED_MAX);
  /** What was looked for and is not there: rules ask again and again for what was never said, such as of a year's bank days. */
  readonly #absent = new RecentPairMap<true>(ABSENT_CACHED_MAX);

  constructor(store: Pick<Store, "get">) {
    this.#store = store;
  }

  get(kind: string, id: Hash): LedgerObject | undefined {
    const cached = this.#cache.get(kind, id);
    if (cached !== undefined) return cached;
    if (this.#absent.get(kind, id) !== undefined) return undefined;
    const value = this.#store.get(objectKey(kind, id));
    if (value === undefined) {
      this.#absent.set(kind, id, true);
      return undefined;
    }
    const { object } = readStoredObject(kind as Kind, value);
    this.#cache.set(kind, id, object);
    return object;
  }

  /** After a block is durable. */
  adopt(kind: string, id: Hash, object: LedgerObject | undefined): void {
    this.#absent.delete(kind, id);
    if (object === undefined) this.#cache.delete(kind, id);
    else this.#cache.set(kind, id, object);
  }
}
