import { decode } from "../codec/cbor.ts";
import { KINDS, type Kind, type LedgerObject } from "../ledger/kinds.ts";
import { shortLived } from "../lib/bytes.ts";
import type { Store } from "../ports/store.ts";
import type { ObjectView } from "../state/view.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height } from "../types/scalars.ts";
import { StoreCorruptError } from "./chain-store.ts";
import { objectKey } from "./store-keys.ts";

/** A stored object: height of its last change (8 bytes, big endian), then its encoding. */
const HEIGHT_BYTES = 8;
const OBJECTS_CACHED_MAX = 200_000;
const OBJECT_BYTES_MAX = LIMITS.responseBytesMax;

export function storedObject(height: Height, encoded: Uint8Array): Uint8Array {
  const value = shortLived(HEIGHT_BYTES + encoded.length);
  new DataView(value.buffer, value.byteOffset).setBigUint64(0, BigInt(height));
  value.set(encoded, HEIGHT_BYTES);
  return value;
}

export function readStoredObject(kind: Kind, value: Uint8Array): { readonly height: Height; readonly object: LedgerObject } {
  const height = Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0));
  const decoded = decode(KINDS[kind].schema, value.subarray(HEIGHT_BYTES), OBJECT_BYTES_MAX);
  if (!decoded.ok) throw new StoreCorruptError(`a stored ${kind} does not decode: ${decoded.error.detail}`);
  return { height, object: decoded.value };
}

/** The committed ledger objects, decoded once and cached. What execution reads. */
export class ObjectStore implements ObjectView {
  readonly #store: Pick<Store, "get">;
  readonly #cache = new Map<string, LedgerObject>();

  constructor(store: Pick<Store, "get">) {
    this.#store = store;
  }

  get(kind: string, id: Hash): LedgerObject | undefined {
    const key = kind + id;
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const value = this.#store.get(objectKey(kind, id));
    if (value === undefined) return undefined;
    const { object } = readStoredObject(kind as Kind, value);
    this.#remember(key, object);
    return object;
  }

  /** After a block is durable. */
  adopt(kind: string, id: Hash, object: LedgerObject | undefined): void {
    const key = kind + id;
    this.#cache.delete(key);
    if (object !== undefined) this.#remember(key, object);
  }

  #remember(key: string, object: LedgerObject): void {
    if (this.#cache.size >= OBJECTS_CACHED_MAX) this.#cache.delete(this.#cache.keys().next().value as string);
    this.#cache.set(key, object);
  }
}
