import type { BlockId, Round } from "../types/scalars.ts";
import { faultsTolerated, quorum } from "../types/validator-set.ts";

/** What a node is bound to since it precommitted: lines 37–38 of the paper. Round −1: to nothing. */
export interface Lock {
  readonly round: number;
  readonly block: BlockId | null;
}

/**
 * The decisions on which safety and liveness rest, apart from the bookkeeping, so that each can be read, tested and, in
 * simulation, broken on purpose. Lines are those of "The latest gossip on BFT consensus" (arXiv 1807.04938).
 */
export interface Rules {
  /** 2f+1 of the paper; here ⌊2n/3⌋+1. */
  readonly quorum: (n: number) => number;
  /** f+1: at least one of them is correct. */
  readonly someCorrect: (n: number) => number;
  /** 23: a fresh proposal may be prevoted if nothing else is locked. */
  readonly mayPrevoteFresh: (lock: Lock, block: BlockId) => boolean;
  /** 29: a re-proposal with a quorum of prevotes in `validRound` may be prevoted if the lock is not newer, or is for the same block. */
  readonly mayPrevoteAgain: (lock: Lock, block: BlockId, validRound: Round) => boolean;
  /** 15–16: what a proposer proposes again; null: something fresh. */
  readonly proposeAgain: (valid: Lock) => Lock | null;
}

export const TENDERMINT: Rules = {
  quorum,
  someCorrect: (n) => faultsTolerated(n) + 1,
  mayPrevoteFresh: (lock, block) => lock.round === -1 || lock.block === block,
  mayPrevoteAgain: (lock, block, validRound) => lock.round <= validRound || lock.block === block,
  proposeAgain: (valid) => (valid.block === null ? null : valid),
};
