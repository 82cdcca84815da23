import { encode, type Schema } from "../codec/schema.ts";
import { encodeTransaction, transactionId } from "../codec/transaction.ts";
import { sign } from "../crypto/ed25519.ts";
import type { Transition } from "../ledger/transition.ts";
import { type BodyOf, type OperationKind, TRANSITIONS } from "../ledger/transitions.ts";
import { compareText, fromHex } from "../lib/bytes.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, PublicKey, Signature, TimeMs, TxId } from "../types/scalars.ts";
import type { Expectation, Operation, TxSigner, UnsignedTransaction } from "../types/transaction.ts";

/** A key that can sign, wherever it is kept: a keystore, a browser, a module. */
export interface SigningKey {
  readonly party: Hash;
  readonly publicKey: PublicKey;
  /** Signs the 32 bytes of a transaction's id. */
  readonly sign: (message: Uint8Array) => Signature | Promise<Signature>;
}

/** An operation of a kind, its body checked against the kind's declaration by the compiler. */
export function op<K extends OperationKind>(kind: K, body: BodyOf<K>): Operation {
  return { kind, body: encode((TRANSITIONS.get(kind) as Transition).body as Schema<unknown>, body) };
}

export interface Draft {
  readonly chain: Hash;
  readonly ops: readonly Operation[];
  readonly notAfter: TimeMs;
  readonly signers: readonly TxSigner[];
  readonly expect?: readonly Expectation[];
  /** 16 random bytes; made here if absent. */
  readonly salt?: Uint8Array;
}

/** A transaction that its signers may sign, each on its own; signers and expectations are put in order. */
export function buildTransaction(draft: Draft): { readonly unsigned: UnsignedTransaction; readonly id: TxId } {
  const salt = draft.salt ?? globalThis.crypto.getRandomValues(new Uint8Array(LIMITS.saltBytes));
  const signers = [...draft.signers].sort((left, right) => compareText(left.party + left.key, right.party + right.key));
  const { chain, ops, notAfter } = draft;
  const base = { v: 1 as const, chain, ops, notAfter, salt, signers };
  const unsigned: UnsignedTransaction =
    draft.expect === undefined
      ? base
      : { ...base, expect: [...draft.expect].sort((left, right) => compareText(left.id, right.id)) };
  return { unsigned, id: transactionId(unsigned) };
}

/** The message that each signer signs: the 32 bytes of the id. */
export function signedMessage(id: TxId): Uint8Array {
  return fromHex(id) as Uint8Array;
}

/** Puts signatures, gathered from wherever the keys are, into the wire encoding. Throws if one is missing. */
export function assemble(unsigned: UnsignedTransaction, signatures: ReadonlyMap<PublicKey, Signature>): Uint8Array {
  const sigs = unsigned.signers.map(({ key }) => {
    const signature = signatures.get(key);
    if (signature === undefined) throw new Error(`the signature of key ${key} is missing`);
    return signature;
  });
  return encodeTransaction({ ...unsigned, sigs });
}

/** Builds, has every key sign, and assembles. */
export async function signTransaction(
  draft: Omit<Draft, "signers">,
  keys: readonly SigningKey[],
): Promise<{ readonly id: TxId; readonly bytes: Uint8Array }> {
  const { unsigned, id } = buildTransaction({
    ...draft,
    signers: keys.map(({ party, publicKey }) => ({ party, key: publicKey })),
  });
  const message = signedMessage(id);
  const signatures = new Map<PublicKey, Signature>();
  for (const key of keys) signatures.set(key.publicKey, await key.sign(message));
  return { id, bytes: assemble(unsigned, signatures) };
}

/** A signing key from a 32-byte seed, by the portable code. */
export function seedKey(party: Hash, publicKey: PublicKey, seed: Uint8Array): SigningKey {
  return { party, publicKey, sign: (message) => sign(seed, message) };
}
