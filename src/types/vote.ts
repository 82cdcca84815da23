import type { BlockId, Height, Round, Signature } from "./scalars.ts";

export type VoteKind = "prevote" | "precommit";

export interface Vote {
  readonly height: Height;
  readonly round: Round;
  readonly kind: VoteKind;
  readonly block: BlockId | null;
  /** Position in the member-ordered authority set of the height. */
  readonly index: number;
  readonly sig: Signature;
}

export interface Proposal {
  readonly height: Height;
  readonly round: Round;
  readonly block: BlockId;
  /** −1 for a fresh proposal. */
  readonly validRound: number;
  /** Position of the signer, which is that round's proposer. */
  readonly index: number;
  readonly sig: Signature;
}
