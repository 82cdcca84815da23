import { type Sha256, sha256, taggedHash } from "../crypto/hash.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, TxId } from "../types/scalars.ts";
import type { Envelope, Transaction, TxReceipt, UnsignedTransaction } from "../types/transaction.ts";
import { type DecodeRejection, decode } from "./cbor.ts";
import { bytes, encode, hash, int, list, optional, publicKey, signature, struct, text } from "./schema.ts";

const operationSchema = struct({
  kind: text({ min: 1, max: LIMITS.kindCharsMax, pattern: /^[a-z][A-Za-z]*(\.[a-z][A-Za-z]*)+$/ }),
  body: bytes({ min: 1, max: LIMITS.txBytesMax }),
});

const UNSIGNED_FIELDS = {
  v: int({ min: 1, max: 1 }),
  chain: hash,
  ops: list(operationSchema, { min: 1, max: LIMITS.opsMax }),
  expect: optional(
    list(struct({ id: hash, version: int({ min: 1 }) }), { min: 1, max: LIMITS.expectMax, sortedBy: ({ id }) => id }),
  ),
  notAfter: int(),
  salt: bytes({ min: LIMITS.saltBytes, max: LIMITS.saltBytes }),
  signers: list(struct({ party: hash, key: publicKey }), {
    min: 1,
    max: LIMITS.signersMax,
    sortedBy: ({ party, key }) => party + key,
  }),
} as const;

export const unsignedTransactionSchema = struct(UNSIGNED_FIELDS);
const sigsSchema = list(signature, { min: 1, max: LIMITS.signersMax });
export const transactionSchema = struct({ ...UNSIGNED_FIELDS, sigs: sigsSchema });

/** What the id is made from. */
export function unsignedBytes(tx: UnsignedTransaction): Uint8Array {
  const { v, chain, ops, expect, notAfter, salt, signers } = tx;
  return encode(
    unsignedTransactionSchema,
    expect === undefined ? { v, chain, ops, notAfter, salt, signers } : { v, chain, ops, expect, notAfter, salt, signers },
  );
}

/** `H("tx", encoding without sigs)`; its 32 bytes are what every signer signs. */
export function transactionId(tx: UnsignedTransaction, digest: Sha256 = sha256): TxId {
  return taggedHash("tx", unsignedBytes(tx), digest) as TxId;
}

/** `H("sigs", encoding of the signature list)`. */
export function sigsHash(sigs: readonly Uint8Array[], digest: Sha256 = sha256): Hash {
  return taggedHash("sigs", encode(sigsSchema, sigs), digest);
}

export function encodeTransaction(tx: Transaction): Uint8Array {
  return encode(transactionSchema, tx);
}

export type TransactionRejection = DecodeRejection | { readonly code: "SIGNATURE_COUNT"; readonly detail: string };

/** Bytes from outside to an envelope: bounds and form only; signatures are not verified here. */
export function decodeTransaction(wire: Uint8Array, digest: Sha256 = sha256): Result<Envelope, TransactionRejection> {
  const decoded = decode(transactionSchema, wire, LIMITS.txBytesMax);
  if (!decoded.ok) return decoded;
  const tx = decoded.value as Transaction;
  if (tx.sigs.length !== tx.signers.length) return err({ code: "SIGNATURE_COUNT", detail: "one signature per signer" });
  return ok({ pair: { id: transactionId(tx, digest), sigs: sigsHash(tx.sigs, digest) }, tx, bytes: wire });
}

export const eventSchema = struct({ kind: text({ min: 1, max: LIMITS.kindCharsMax }), data: bytes({ max: LIMITS.txBytesMax }) });
/** Receipts hold codes and events, never texts. */
export const receiptSchema = struct({ code: int({ max: 65_535 }), events: list(eventSchema, { max: LIMITS.receiptEventsMax }) });

/** The leaf of `receiptRoot`. */
export function encodeReceipt(receipt: TxReceipt): Uint8Array {
  return encode(receiptSchema, receipt);
}
