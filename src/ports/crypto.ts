import type { PublicKey, Signature } from "../types/scalars.ts";

export interface VerifyItem {
  readonly key: PublicKey;
  readonly message: Uint8Array;
  readonly signature: Signature;
}

/** Votes must not wait behind hundreds of transactions: each lane is a queue of its own. */
export type VerifyLane = "consensus" | "transactions";

/** Ed25519 by the one rule of protocol.md §1. Calls of one lane are answered in submission order; never synchronously. */
export interface Verifier {
  verify(items: readonly VerifyItem[], lane: VerifyLane, done: (valid: readonly boolean[]) => void): void;
}

/** The consensus key. May be a remote module, hence the callback; never synchronous; a fault ends the node. */
export interface Signer {
  readonly publicKey: PublicKey;
  sign(message: Uint8Array, done: (fault: Error | null, signature: Signature) => void): void;
}

/** SHA-256, native where there is one; the portable code in crypto/ is the reference. */
export interface Hasher {
  sha256(bytes: Uint8Array): Uint8Array;
  /** `pairs` holds n blocks of 64 bytes; their n digests of 32 bytes are put to `digests` in the same order. */
  sha256Pairs(pairs: Uint8Array, digests: Uint8Array): void;
}
