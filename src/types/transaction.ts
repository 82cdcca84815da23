import type { Hash, PublicKey, Signature, TimeMs, TxId } from "./scalars.ts";

/** One step of a transaction. `body` is the deterministic CBOR of the kind's own schema, wrapped as a byte string. */
export interface Operation {
  readonly kind: string;
  readonly body: Uint8Array;
}

/** The transaction fails unless the object still has this version. */
export interface Expectation {
  readonly id: Hash;
  readonly version: number;
}

export interface TxSigner {
  readonly party: Hash;
  readonly key: PublicKey;
}

/** What every signer signs (protocol.md §2). `expect` is sorted by id, `signers` by (party, key); both without duplicates. */
export interface UnsignedTransaction {
  readonly v: 1;
  readonly chain: Hash;
  readonly ops: readonly Operation[];
  readonly expect?: readonly Expectation[];
  readonly notAfter: TimeMs;
  readonly salt: Uint8Array;
  readonly signers: readonly TxSigner[];
}

/** `sigs[i]` is the signature of `signers[i]` over the id. */
export interface Transaction extends UnsignedTransaction {
  readonly sigs: readonly Signature[];
}

/** A block lists these: signatures are malleable by their signers, ids are not. */
export interface TxPair {
  readonly id: TxId;
  /** `H("sigs", encoding of the signature list)`. */
  readonly sigs: Hash;
}

/** A decoded transaction together with what identifies it; what travels between admission, mempool and executor. */
export interface Envelope {
  readonly pair: TxPair;
  readonly tx: Transaction;
  /** The exact wire encoding. */
  readonly bytes: Uint8Array;
}

/** What a transition reports; part of the receipt and so of `receiptRoot`. Values are already presentation-free data. */
export interface LedgerEvent {
  readonly kind: string;
  /** Deterministic CBOR of the event's schema. */
  readonly data: Uint8Array;
}

/** Outcome of a transaction: code 0 is success, others are the frozen integers of ledger/codes.ts. No texts (protocol.md §2). */
export interface TxReceipt {
  readonly code: number;
  readonly events: readonly LedgerEvent[];
}
