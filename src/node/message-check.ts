import { blockId } from "../codec/block.ts";
import type { ConsensusMachine } from "../consensus/machine.ts";
import type { Hasher, Verifier, VerifyItem } from "../ports/crypto.ts";
import type { Transport } from "../ports/transport.ts";
import type { Block } from "../types/block.ts";
import type { PublicKey } from "../types/scalars.ts";
import type { Validator, ValidatorSet } from "../types/validator-set.ts";
import type { Proposal, Vote } from "../types/vote.ts";
import type { DoubleSignGuard, SignRequest } from "./double-sign-guard.ts";
import type { EventLoop } from "./event-loop.ts";
import type { SignRequests } from "./sign-requests.ts";
import type { VerifiedSignatures } from "./verified-signatures.ts";

/** Who signs at the undecided height. */
export interface Signers {
  readonly set: ValidatorSet;
  /** Who signed the height before: late precommits are theirs. */
  readonly previous: ValidatorSet;
  /** This node's own position; null for a follower. */
  readonly self: number | null;
}

interface CheckModules {
  readonly loop: EventLoop;
  readonly transport: Transport;
  readonly verifier: Verifier;
  readonly verified: VerifiedSignatures;
  readonly hasher: Hasher;
  readonly guard: DoubleSignGuard | null;
  readonly requests: SignRequests;
  readonly machine: Pick<ConsensusMachine, "height" | "holds" | "wants">;
  readonly signers: () => Signers;
  /** A valid signature by the own key that the guard does not hold. */
  readonly onForeignSignature: (request: SignRequest) => void;
}

/** Votes and proposals of peers before the machine hears of them: by an authority, wanted, and truly signed. A peer that sends others is penalised. */
export class MessageCheck {
  readonly #m: CheckModules;

  constructor(modules: CheckModules) {
    this.#m = modules;
  }

  /** Whether a message claims to be this node's and is none that its guard knows of. */
  isForeign(index: number, request: SignRequest): boolean {
    const { machine, guard, signers } = this.#m;
    return index === signers().self && request.height === machine.height && guard?.disowns(request) === true;
  }

  /** `accept` is called, later, for a vote of this height or a precommit for the one before. */
  vote(peer: PublicKey, vote: Vote, accept: () => void): void {
    const { machine, transport, requests } = this.#m;
    const late = vote.height === machine.height - 1 && vote.kind === "precommit";
    if (vote.height !== machine.height && !late) return;
    const { set, previous } = this.#m.signers();
    const validator = (late ? previous : set)[vote.index];
    if (validator === undefined) {
      transport.penalise(peer, "vote of no authority");
      return;
    }
    // The exchange of holdings sends again what is on its way.
    if (machine.holds(vote)) return;
    const request = requests.vote(vote);
    const check = voteCheck(request, vote, validator);
    this.#m.verifier.verify(
      [check],
      "consensus",
      this.#m.loop.callback(([valid]: readonly boolean[]) => {
        if (valid !== true) {
          transport.penalise(peer, "vote with a wrong signature");
          return;
        }
        if (this.isForeign(vote.index, request)) this.#m.onForeignSignature(request);
        // The next block carries the precommits for this one.
        if (vote.kind === "precommit") this.#m.verified.add(check);
        if (vote.height === machine.height || late) accept();
      }),
    );
  }

  /** `accept` is called, later, if the proposal is still of use. */
  proposal(peer: PublicKey, proposal: Proposal, block: Block, accept: () => void): void {
    const { machine, transport } = this.#m;
    const request = this.#m.requests.proposal(proposal);
    const isForeign = this.isForeign(proposal.index, request);
    if (!machine.wants(proposal) && !isForeign) return;
    const validator = this.#m.signers().set[proposal.index];
    const { header } = block;
    const sound =
      validator !== undefined &&
      header.height === proposal.height &&
      blockId(header, this.#m.hasher.sha256) === proposal.block &&
      // A fresh proposal is by the header's proposer; one proposed again may be another's block.
      (proposal.validRound >= 0 || header.proposer === validator.member);
    if (!sound) {
      transport.penalise(peer, "malformed proposal");
      return;
    }
    this.#m.verifier.verify(
      [{ key: validator.key, message: request.message, signature: proposal.sig }],
      "consensus",
      this.#m.loop.callback(([valid]: readonly boolean[]) => {
        if (valid !== true) {
          transport.penalise(peer, "proposal with a wrong signature");
          return;
        }
        if (isForeign) this.#m.onForeignSignature(request);
        if (machine.wants(proposal)) accept();
      }),
    );
  }
}

export function voteCheck({ message }: SignRequest, { sig }: Vote, { key }: Validator): VerifyItem {
  return { key, message, signature: sig };
}
