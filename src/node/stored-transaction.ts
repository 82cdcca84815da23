import { encode } from "../codec/schema.ts";
import { receiptSchema } from "../codec/transaction.ts";
import { readUint32, readUint64, shortLived, writeUint32, writeUint64 } from "../lib/bytes.ts";
import type { Height } from "../types/scalars.ts";
import type { TxReceipt } from "../types/transaction.ts";
import { readRecord, StoreCorruptError } from "./stored-record.ts";

/** A finalised transaction: where it is, what came of it, and its bytes. */
export interface StoredTransaction {
  readonly height: Height;
  readonly index: number;
  readonly receipt: TxReceipt;
  readonly body: Uint8Array;
}

/** Height (8 bytes), place in the block (4), length of the body (4), big endian; then the body, and the receipt's encoding. */
const INDEX_AT = 8;
const LENGTH_AT = 12;
const HEAD_BYTES = 16;

/** The row of a transaction. Its body stands by itself, since peers that catch up ask for nothing else of it. */
export function storedTransaction({ height, index, receipt, body }: StoredTransaction): Uint8Array {
  const outcome = encode(receiptSchema, receipt);
  const row = shortLived(HEAD_BYTES + body.length + outcome.length);
  writeUint64(row, 0, height);
  writeUint32(row, INDEX_AT, index);
  writeUint32(row, LENGTH_AT, body.length);
  row.set(body, HEAD_BYTES);
  row.set(outcome, HEAD_BYTES + body.length);
  return row;
}

/** Throws StoreCorruptError. */
export function readStoredTransaction(row: Uint8Array): StoredTransaction {
  const body = bodyOf(row);
  const receipt = readRecord(row.subarray(HEAD_BYTES + body.length), receiptSchema);
  return { height: heightOf(row), index: readUint32(row, INDEX_AT), receipt, body };
}

/** The height alone. Throws StoreCorruptError. */
export function heightOf(row: Uint8Array): Height {
  if (row.length < HEAD_BYTES) throw new StoreCorruptError("a stored transaction is too short");
  return readUint64(row, 0);
}

/** The body alone, in the row's memory. Throws StoreCorruptError. */
export function bodyOf(row: Uint8Array): Uint8Array {
  const end = row.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : HEAD_BYTES + readUint32(row, LENGTH_AT);
  if (end > row.length) throw new StoreCorruptError("a stored transaction is too short");
  return row.subarray(HEAD_BYTES, end);
}
