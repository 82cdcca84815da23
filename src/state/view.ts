import { assert } from "../lib/assert.ts";
import { writeHex } from "../lib/bytes.ts";
import type { Hash } from "../types/scalars.ts";
import { KEY_BYTES } from "./node-hash.ts";

const ID_BYTES = 32;

/** What a state machine reads through: decoded, immutable objects under (kind, id). */
export interface ObjectView {
  get(kind: string, id: Hash): unknown | undefined;
}

/** The typed key of an object: ASCII kind ‖ 0x00 ‖ id (32 bytes), filled with zero bytes. Its tagged hash is the place in the tree. */
export function stateKey(kind: string, id: Hash): Uint8Array {
  assert(kind.length + 1 + ID_BYTES <= KEY_BYTES, "kinds have short names");
  const key = new Uint8Array(KEY_BYTES);
  for (let index = 0; index < kind.length; index++) key[index] = kind.charCodeAt(index);
  writeHex(id, key, kind.length + 1);
  return key;
}
