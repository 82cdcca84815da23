import type { BlockId, Height, Round, TimeMs } from "../types/scalars.ts";
import type { Proposal, Vote, VoteKind } from "../types/vote.ts";

export type Step = "propose" | "prevote" | "precommit";

/** What the machine needs to know of a proposed block; its content is the shell's business. */
export interface ProposedBlock {
  readonly timeMs: TimeMs;
  /** No transactions, no evidence. */
  readonly empty: boolean;
}

/** Everything the machine consumes. Signatures were verified before, times stamped by the shell. Only inputs change state. */
export type Input =
  /** The height begins, after `committed` of the one before. `active`: positions that do not rest, ascending. */
  | {
      readonly kind: "start";
      readonly height: Height;
      readonly n: number;
      readonly self: number | null;
      readonly active: readonly number[];
      readonly parentTimeMs: TimeMs;
      readonly heartbeatMs: number;
    }
  /** Own pending work, or the heartbeat is due. */
  | { readonly kind: "wake"; readonly height: Height }
  /** `stampMs`: wall clock of the shell when the message came in. */
  | { readonly kind: "proposal"; readonly proposal: Proposal; readonly block: ProposedBlock; readonly stampMs: TimeMs }
  | { readonly kind: "vote"; readonly vote: Vote }
  | { readonly kind: "timeout"; readonly height: Height; readonly round: Round; readonly step: Step }
  /** Answer to `build`; null: nothing to propose. */
  | { readonly kind: "built"; readonly height: Height; readonly round: Round; readonly block: BlockId | null }
  /** Answer to `validate`: fetched, checked and executed. */
  | { readonly kind: "validated"; readonly height: Height; readonly block: BlockId; readonly valid: boolean };

/** Everything the machine wants done, in order. */
export type Effect =
  | {
      readonly kind: "signVote";
      readonly height: Height;
      readonly round: Round;
      readonly vote: VoteKind;
      readonly block: BlockId | null;
    }
  | {
      readonly kind: "signProposal";
      readonly height: Height;
      readonly round: Round;
      readonly block: BlockId;
      readonly validRound: number;
    }
  | { readonly kind: "build"; readonly height: Height; readonly round: Round }
  | { readonly kind: "validate"; readonly height: Height; readonly block: BlockId }
  | { readonly kind: "timer"; readonly height: Height; readonly round: Round; readonly step: Step; readonly delayMs: number }
  /** Decided. `precommits`: every one held for the block in that round, ascending by index. */
  | {
      readonly kind: "commit";
      readonly height: Height;
      readonly round: Round;
      readonly block: BlockId;
      readonly precommits: readonly Vote[];
    }
  /** A round began: tell the peers what is held. */
  | { readonly kind: "announce"; readonly height: Height; readonly round: Round }
  | { readonly kind: "evidence"; readonly offence: Offence };

/** Two different signed messages of one authority for the same height, round and kind. */
export type Offence =
  | { readonly kind: VoteKind; readonly first: Vote; readonly second: Vote }
  | { readonly kind: "proposal"; readonly first: Proposal; readonly second: Proposal };

/** What a node holds of its undecided height, for the exchange that replaces what was lost. Bitmaps: bit i of byte i>>3 is authority i. */
export interface Holdings {
  readonly height: Height;
  readonly round: Round;
  readonly step: Step;
  readonly proposal: boolean;
  readonly prevotes: Uint8Array;
  readonly precommits: Uint8Array;
  readonly validRound: Round | null;
  readonly validPrevotes: Uint8Array;
}

/** Sees every step of a machine and changes nothing; `round` is the machine's after it. */
export type StepObserver = (input: Input, effects: readonly Effect[], round: Round) => void;
