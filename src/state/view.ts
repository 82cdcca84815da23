import { writeHex } from "../lib/bytes.ts";
import type { Hash } from "../types/scalars.ts";

/** What a state machine reads through: decoded, immutable objects under (kind, id). */
export interface ObjectView {
  get(kind: string, id: Hash): unknown | undefined;
}

/** The typed key of an object: ASCII kind ‖ 0x00 ‖ id (32 bytes). Its tagged hash is the place in the tree. */
export function stateKey(kind: string, id: Hash): Uint8Array {
  const key = new Uint8Array(kind.length + 33);
  for (let index = 0; index < kind.length; index++) key[index] = kind.charCodeAt(index);
  writeHex(id, key, kind.length + 1);
  return key;
}
