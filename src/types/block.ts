import type { BlockId, Hash, Height, MemberId, Round, Signature, TimeMs } from "./scalars.ts";
import type { TxPair } from "./transaction.ts";
import type { VoteKind } from "./vote.ts";

export interface Header {
  readonly v: 1;
  readonly chain: Hash;
  readonly height: Height;
  readonly timeMs: TimeMs;
  /** The parent block's id; at height 1 the chain id. */
  readonly parent: BlockId;
  readonly proposer: MemberId;
  /** Hash of the member-ordered authority set that signs this height, and of the next height's. */
  readonly validators: Hash;
  readonly nextValidators: Hash;
  /** Hash of the chain parameters in force at this height. */
  readonly params: Hash;
  /** `H("commit", encoding)` of the parent's commit as carried by this block. */
  readonly lastCommit: Hash;
  readonly txRoot: Hash;
  readonly receiptRoot: Hash;
  /** After this block: authorities execute before they vote. */
  readonly stateRoot: Hash;
  readonly count: number;
  readonly evidenceRoot: Hash;
}

export interface CommitSignature {
  /** Position in the member-ordered authority set. */
  readonly index: number;
  readonly sig: Signature;
}

/** At least a quorum of precommits of one round for one block, sorted by index, no duplicates. Empty `sigs` only at height 0. */
export interface Commit {
  readonly height: Height;
  readonly round: Round;
  readonly block: BlockId;
  readonly sigs: readonly CommitSignature[];
}

/** Two different signed messages of one authority for the same height, round and kind. */
export interface Evidence {
  readonly authority: MemberId;
  readonly height: Height;
  readonly round: Round;
  readonly kind: VoteKind | "proposal";
  readonly first: SignedChoice;
  readonly second: SignedChoice;
}

export interface SignedChoice {
  readonly block: BlockId | null;
  readonly validRound: Round | null;
  readonly sig: Signature;
}

/** A block without the transactions' bodies: what a proposal carries and the id is made from. */
export interface Block {
  readonly header: Header;
  readonly pairs: readonly TxPair[];
  readonly lastCommit: Commit;
  readonly evidence: readonly Evidence[];
}
