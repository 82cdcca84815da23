import { decode } from "../codec/cbor.ts";
import type { Schema } from "../codec/schema.ts";
import { LIMITS } from "../types/limits.ts";

const STORED_BYTES_MAX = 2 * LIMITS.responseBytesMax;

/** What was read does not have the form it was written in: the disk lied, and the node must not go on. */
export class StoreCorruptError extends Error {
  override readonly name = "StoreCorruptError";
  readonly code = "STORE_CORRUPT";
}

/** Whether it was thrown for what the disk gave back, by the store itself or by whoever read it. */
export function isStoreDamage(error: unknown): error is Error {
  return error instanceof Error && (error as { readonly code?: unknown }).code === "STORE_CORRUPT";
}

/** Throws StoreCorruptError. */
export function readRecord<T>(value: Uint8Array, schema: Schema<T>): T {
  const decoded = decode(schema, value, STORED_BYTES_MAX);
  if (!decoded.ok) throw new StoreCorruptError(`a stored record does not decode: ${decoded.error.code}`);
  return decoded.value;
}
