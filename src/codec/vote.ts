import { type Sha256, sha256, taggedHashBytes } from "../crypto/hash.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height, Round } from "../types/scalars.ts";
import type { VoteKind } from "../types/vote.ts";
import { choice, encode, hash, int, nullable, type Schema, signature, struct } from "./schema.ts";

export const ROUND_MAX = 2 ** 31 - 1;
export const roundSchema = int({ max: ROUND_MAX });
export const blockIdSchema = hash as unknown as Schema<BlockId>;
export const validatorIndexSchema = int({ max: LIMITS.authoritiesMax - 1 });

export const voteSchema = struct({
  height: int({ min: 1 }),
  round: roundSchema,
  kind: choice("prevote", "precommit"),
  block: nullable(blockIdSchema),
  index: validatorIndexSchema,
  sig: signature,
});

export const proposalSchema = struct({
  height: int({ min: 1 }),
  round: roundSchema,
  block: blockIdSchema,
  validRound: int({ min: -1, max: ROUND_MAX }),
  index: validatorIndexSchema,
  sig: signature,
});

const votePreimage = struct({
  chain: hash,
  height: int({ min: 1 }),
  round: roundSchema,
  kind: choice("prevote", "precommit"),
  block: nullable(blockIdSchema),
});
const proposalPreimage = struct({
  chain: hash,
  height: int({ min: 1 }),
  round: roundSchema,
  block: blockIdSchema,
  validRound: int({ min: -1, max: ROUND_MAX }),
});

/** The 32 bytes an authority signs: `H("vote", {chain, height, round, kind, block})`. */
export function voteSignBytes(
  chain: Hash,
  vote: { readonly height: Height; readonly round: Round; readonly kind: VoteKind; readonly block: BlockId | null },
  digest: Sha256 = sha256,
): Uint8Array {
  const { height, round, kind, block } = vote;
  return taggedHashBytes("vote", encode(votePreimage, { chain, height, round, kind, block }), digest);
}

/** The 32 bytes a proposer signs: `H("proposal", {chain, height, round, block, validRound})`. */
export function proposalSignBytes(
  chain: Hash,
  proposal: { readonly height: Height; readonly round: Round; readonly block: BlockId; readonly validRound: number },
  digest: Sha256 = sha256,
): Uint8Array {
  const { height, round, block, validRound } = proposal;
  return taggedHashBytes("proposal", encode(proposalPreimage, { chain, height, round, block, validRound }), digest);
}
