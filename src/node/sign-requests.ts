import { proposalSignBytes, voteSignBytes } from "../codec/vote.ts";
import type { Effect } from "../consensus/messages.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Hash } from "../types/scalars.ts";
import type { Proposal, Vote } from "../types/vote.ts";
import type { SignRequest } from "./double-sign-guard.ts";

export type SignEffect = Extract<Effect, { kind: "signVote" | "signProposal" }>;

/** What is signed for votes and proposals on this chain: asked of the own guard, and verified of others. */
export class SignRequests {
  readonly #chain: Hash;
  readonly #hasher: Hasher;

  constructor({ chain, hasher }: { readonly chain: Hash; readonly hasher: Hasher }) {
    this.#chain = chain;
    this.#hasher = hasher;
  }

  of(effect: SignEffect): SignRequest {
    return effect.kind === "signVote" ? this.vote({ ...effect, kind: effect.vote }) : this.proposal(effect);
  }

  vote({ height, round, kind, block }: Omit<Vote, "index" | "sig">): SignRequest {
    const message = voteSignBytes(this.#chain, { height, round, kind, block }, this.#hasher.sha256);
    return { height, round, step: kind, message };
  }

  proposal(proposal: Omit<Proposal, "index" | "sig">): SignRequest {
    const { height, round } = proposal;
    return { height, round, step: "proposal", message: proposalSignBytes(this.#chain, proposal, this.#hasher.sha256) };
  }
}
