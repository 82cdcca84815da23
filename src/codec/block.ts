import { type Sha256, sha256, taggedHash } from "../crypto/hash.ts";
import { merkleRoot } from "../crypto/merkle.ts";
import { concatBytes, fromHex, toHex } from "../lib/bytes.ts";
import type { Commit, Evidence, Header } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash } from "../types/scalars.ts";
import type { TxPair, TxReceipt } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { choice, encode, hash, int, list, memberId, nullable, publicKey, type Schema, signature, struct } from "./schema.ts";
import { encodeReceipt } from "./transaction.ts";
import { blockIdSchema, ROUND_MAX, roundSchema, validatorIndexSchema } from "./vote.ts";

export const headerSchema = struct({
  v: int({ min: 1, max: 1 }) as Schema<1>,
  chain: hash,
  height: int({ min: 1 }),
  timeMs: int(),
  parent: blockIdSchema,
  proposer: memberId,
  validators: hash,
  nextValidators: hash,
  params: hash,
  lastCommit: hash,
  txRoot: hash,
  receiptRoot: hash,
  stateRoot: hash,
  count: int({ max: LIMITS.blockTxMax }),
  evidenceRoot: hash,
});

export const pairSchema = struct({ id: hash, sigs: hash });

export const commitSchema = struct({
  height: int(),
  round: roundSchema,
  block: blockIdSchema,
  sigs: list(struct({ index: validatorIndexSchema, sig: signature }), {
    max: LIMITS.authoritiesMax,
    sortedBy: ({ index }) => String(index).padStart(5, "0"),
  }),
});

const signedChoiceSchema = struct({
  block: nullable(blockIdSchema),
  validRound: nullable(int({ min: -1, max: ROUND_MAX })),
  sig: signature,
});
export const evidenceSchema = struct({
  authority: memberId,
  height: int({ min: 1 }),
  round: roundSchema,
  kind: choice("prevote", "precommit", "proposal"),
  first: signedChoiceSchema,
  second: signedChoiceSchema,
});

export const blockSchema = struct({
  header: headerSchema,
  pairs: list(pairSchema, { max: LIMITS.blockTxMax }),
  lastCommit: commitSchema,
  evidence: list(evidenceSchema, { max: LIMITS.evidencePerBlockMax }),
});

export const validatorsSchema = list(struct({ member: memberId, key: publicKey }), { min: 1, max: LIMITS.authoritiesMax });

/** Block id = `H("block", header)`. */
export function blockId(header: Header, digest: Sha256 = sha256): BlockId {
  return taggedHash("block", encode(headerSchema, header), digest) as BlockId;
}

/** `header.lastCommit`. */
export function commitHash(commit: Commit, digest: Sha256 = sha256): Hash {
  return taggedHash("commit", encode(commitSchema, commit), digest);
}

/** Hash of the authority set of a height, in member order. */
export function validatorsHash(set: ValidatorSet, digest: Sha256 = sha256): Hash {
  return taggedHash("validators", encode(validatorsSchema, set), digest);
}

/** The leaf of `txRoot` for a pair: id ‖ sigs, 64 bytes. */
export function pairLeaf(pair: TxPair): Uint8Array {
  return concatBytes(fromHex(pair.id) as Uint8Array, fromHex(pair.sigs) as Uint8Array);
}

export function txRoot(pairs: readonly TxPair[], digest: Sha256 = sha256): Hash {
  return toHex(merkleRoot(pairs.map(pairLeaf), digest)) as Hash;
}

export function receiptRoot(receipts: readonly TxReceipt[], digest: Sha256 = sha256): Hash {
  return toHex(merkleRoot(receipts.map(encodeReceipt), digest)) as Hash;
}

export function evidenceRoot(evidence: readonly Evidence[], digest: Sha256 = sha256): Hash {
  return toHex(
    merkleRoot(
      evidence.map((entry) => encode(evidenceSchema, entry)),
      digest,
    ),
  ) as Hash;
}
