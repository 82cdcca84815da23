import { decode } from "../codec/cbor.ts";
import { snapshotChunkSchema } from "../codec/snapshot.ts";
import { KINDS } from "../ledger/kinds.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { StoreWrite } from "../ports/store.ts";
import { keyHashesOf, valueHashOf } from "../state/node-hash.ts";
import { leadsToRoot, subtreeOf } from "../state/subtree.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height } from "../types/scalars.ts";
import { pageKey } from "./chain-keys.ts";
import { storedObject } from "./object-store.ts";
import { objectKeyOf, stateKeyOf } from "./store-keys.ts";

/**
 * The objects and pages of a chunk, if these bytes are all that the state with this root holds under `prefix`: each chunk checks alone.
 * undefined if not. Objects get the snapshot's height as that of their last change, since the real one is not part of the state.
 */
export function checkChunk(
  bytes: Uint8Array,
  prefix: string,
  stateRoot: Hash,
  height: Height,
  hasher: Hasher,
): readonly StoreWrite[] | undefined {
  const decoded = decode(snapshotChunkSchema, bytes, LIMITS.responseBytesMax);
  if (!decoded.ok) return undefined;
  const { siblings, leaves } = decoded.value;
  if (leaves.some(({ kind }) => !Object.hasOwn(KINDS, kind))) return undefined;
  const keys = leaves.map(({ kind, id }) => objectKeyOf(kind, id));
  const keyHashes = keyHashesOf(keys.map(stateKeyOf), hasher);
  const hashed = leaves.map(({ value }, index) => ({
    keyHash: keyHashes[index] as Uint8Array,
    valueHash: valueHashOf(value, hasher),
  }));
  const subtree = subtreeOf(prefix, hashed, hasher);
  if (subtree === undefined || subtree.top === null) return undefined;
  if (!leadsToRoot(stateRoot, prefix, subtree.top, siblings, hasher)) return undefined;
  const writes = leaves.map(
    ({ value }, sequence): StoreWrite => ({
      key: keys[sequence] as Uint8Array,
      value: storedObject({ height, sequence, tx: null }, value),
    }),
  );
  for (const [path, page] of subtree.pages) writes.push({ key: pageKey(path), value: page.encode() });
  return writes;
}
