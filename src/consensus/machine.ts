import { assert } from "../lib/assert.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Height, Round, TimeMs } from "../types/scalars.ts";
import { proposerIndex } from "../types/validator-set.ts";
import type { Proposal, Vote } from "../types/vote.ts";
import type { Effect, Holdings, Input, ProposedBlock, Step } from "./messages.ts";
import { type Lock, type Rules, TENDERMINT } from "./rules.ts";
import { timeoutMs } from "./timeouts.ts";
import { VoteBook } from "./vote-book.ts";

interface Received {
  readonly proposal: Proposal;
  readonly block: ProposedBlock;
  readonly stampMs: TimeMs;
}

/** All of the machine's memory of the undecided height. */
interface HeightState {
  readonly height: Height;
  readonly n: number;
  readonly self: number | null;
  readonly active: readonly number[];
  readonly parentTimeMs: TimeMs;
  readonly heartbeatMs: number;
  readonly votes: VoteBook;
  readonly proposals: Map<Round, Received>;
  /** Blocks whose content the shell holds, from any round's proposal or from building. */
  readonly known: Set<BlockId>;
  readonly verdicts: Map<BlockId, boolean>;
  readonly validating: Set<BlockId>;
  readonly offences: Set<string>;
  /** "for the first time" of lines 34, 36 and 47: rule and round. */
  readonly fired: Set<string>;
  round: Round;
  step: Step;
  lock: Lock;
  valid: Lock;
  awake: boolean;
  decided: boolean;
}

const NO_LOCK: Lock = { round: -1, block: null };

/**
 * Tendermint's state machine for one node: inputs to effects, nothing else. The comments with numbers name lines of Algorithm 1 in
 * arXiv 1807.04938. Opaque block ids, positions for authorities; it knows neither ledger nor cryptography, and what comes in was
 * verified. `self` null is a follower: it follows and decides, and never signs.
 */
export class ConsensusMachine {
  readonly #rules: Rules;
  #state: HeightState | null = null;
  #effects: Effect[] = [];
  /** Precommits for the last decided block, which the next proposer carries: late ones are added until then. */
  #last: { readonly height: Height; readonly round: Round; readonly block: BlockId; readonly votes: Map<number, Vote> } | null =
    null;

  constructor(rules: Rules = TENDERMINT) {
    this.#rules = rules;
  }

  /** Consumes one input and says what to do, in order. Never throws for what a peer sent. */
  step(input: Input): readonly Effect[] {
    this.#effects = [];
    if (input.kind === "start") this.#start(input);
    else if (this.#state !== null) this.#consume(this.#state, input);
    return this.#effects;
  }

  get height(): Height {
    return this.#state?.height ?? 0;
  }

  get round(): Round {
    return this.#state?.round ?? 0;
  }

  get awake(): boolean {
    return this.#state?.awake ?? false;
  }

  get decided(): boolean {
    return this.#state?.decided ?? false;
  }

  /**
   * Whether a proposal is of any use here: the first of its round by its proposer, or the second, which accuses. Of rounds more than one
   * turn of everybody ahead none is kept: the exchange brings it again when it is needed.
   */
  wants({ height, round, index, block, validRound }: Omit<Proposal, "sig">): boolean {
    const state = this.#state;
    if (state === null || state.decided || height !== state.height) return false;
    if (round > state.round + state.n || index !== this.#proposer(state, round)) return false;
    const earlier = state.proposals.get(round)?.proposal;
    if (earlier === undefined) return true;
    const differs = earlier.block !== block || earlier.validRound !== validRound;
    return differs && !state.offences.has(offenceOfProposal(round));
  }

  /** Whether this very vote is held already: it need not be verified again. */
  holds({ height, round, kind, block, index }: Omit<Vote, "sig">): boolean {
    if (this.#state?.height === height) return this.#state.votes.has(round, kind, block, index);
    const last = this.#last;
    return last !== null && last.height === height && last.round === round && last.block === block && last.votes.has(index);
  }

  /** Whether the machine may still speak of this block of the height. */
  knows(block: BlockId): boolean {
    return this.#state?.known.has(block) ?? false;
  }

  /** Every precommit held for the last decided block, ascending by index. */
  lastPrecommits(): readonly Vote[] {
    return this.#last === null ? [] : [...this.#last.votes.values()].sort((left, right) => left.index - right.index);
  }

  #start(input: Extract<Input, { kind: "start" }>): void {
    const { height, n, self, active, parentTimeMs, heartbeatMs } = input;
    const state: HeightState = {
      height,
      n,
      self,
      active,
      parentTimeMs,
      heartbeatMs,
      votes: new VoteBook(n),
      proposals: new Map(),
      known: new Set(),
      verdicts: new Map(),
      validating: new Set(),
      offences: new Set(),
      fired: new Set(),
      round: 0,
      step: "propose",
      lock: NO_LOCK,
      valid: NO_LOCK,
      awake: false,
      decided: false,
    };
    assert(this.#state === null || height > this.#state.height, "heights only rise");
    this.#state = state;
    this.#startRound(state, 0);
    this.#advance(state);
  }

  #consume(state: HeightState, input: Exclude<Input, { kind: "start" }>): void {
    switch (input.kind) {
      case "vote":
        this.#onVote(state, input.vote);
        break;
      case "proposal":
        this.#onProposal(state, input);
        break;
      case "timeout":
        if (input.height === state.height && !state.decided) this.#onTimeout(state, input.round, input.step);
        break;
      case "wake":
        if (input.height === state.height && !state.decided) this.#wake(state);
        break;
      case "built":
        if (input.height === state.height) this.#onBuilt(state, input.round, input.block);
        break;
      case "validated":
        if (input.height === state.height) {
          state.validating.delete(input.block);
          if (state.known.has(input.block)) state.verdicts.set(input.block, input.valid);
        }
        break;
    }
    if (!state.decided) this.#advance(state);
  }

  #onVote(state: HeightState, vote: Vote): void {
    const last = this.#last;
    if (
      last !== null &&
      vote.height === last.height &&
      vote.kind === "precommit" &&
      vote.round === last.round &&
      vote.block === last.block
    ) {
      last.votes.set(vote.index, vote);
    }
    if (vote.height !== state.height || state.decided) return;
    assert(vote.index >= 0 && vote.index < state.n, "votes were checked against the set of their height");
    const added = state.votes.add(vote, state.round, (block) => state.known.has(block));
    if (typeof added !== "string") {
      const name = `${vote.kind}/${vote.round}/${vote.index}`;
      if (!state.offences.has(name))
        this.#effects.push({ kind: "evidence", offence: { kind: vote.kind, first: added, second: vote } });
      state.offences.add(name);
    }
  }

  #onProposal(state: HeightState, received: Received): void {
    const { proposal } = received;
    if (proposal.height !== state.height || state.decided) return;
    const { round, index, block } = proposal;
    if (index !== this.#proposer(state, round)) return;
    const earlier = state.proposals.get(round);
    if (earlier !== undefined) {
      const name = offenceOfProposal(round);
      const differs = earlier.proposal.block !== block || earlier.proposal.validRound !== proposal.validRound;
      if (differs && !state.offences.has(name)) {
        state.offences.add(name);
        this.#effects.push({ kind: "evidence", offence: { kind: "proposal", first: earlier.proposal, second: proposal } });
      }
      return;
    }
    // Ahead of us only each proposer's newest is kept, as for votes; behind us a proposal only brings its block.
    for (const [other, held] of state.proposals) {
      if (other > state.round + 1 && round > state.round + 1 && held.proposal.index === index) state.proposals.delete(other);
    }
    state.proposals.set(round, received);
    state.known.add(block);
    state.votes.saw(index, round, state.round);
  }

  #onBuilt(state: HeightState, round: Round, block: BlockId | null): void {
    if (block === null || state.decided || round !== state.round || state.step !== "propose") return;
    if (state.fired.has(`proposed/${round}`)) return;
    state.fired.add(`proposed/${round}`);
    state.known.add(block);
    state.verdicts.set(block, true);
    // 19: a fresh proposal.
    this.#effects.push({ kind: "signProposal", height: state.height, round, block, validRound: -1 });
  }

  /** 57–67. */
  #onTimeout(state: HeightState, round: Round, step: Step): void {
    if (round !== state.round) return;
    switch (step) {
      case "propose":
        if (state.step === "propose") this.#prevote(state, null); // 57–60
        return;
      case "prevote":
        if (state.step === "prevote") this.#precommit(state, null); // 61–64
        return;
      case "precommit":
        this.#startRound(state, round + 1); // 65–67
        return;
    }
  }

  /** An idle node does nothing; waking starts what the round would have started. */
  #wake(state: HeightState): void {
    if (state.awake) return;
    state.awake = true;
    if (state.step === "propose") this.#beginProposing(state);
    this.#effects.push({ kind: "announce", height: state.height, round: state.round });
  }

  /** 11–21. */
  #startRound(state: HeightState, round: Round): void {
    state.round = round;
    state.step = "propose";
    state.votes.prune(round, [state.lock.round, state.valid.round]);
    for (const held of state.proposals.keys()) {
      if (held < round - 2 && held !== state.valid.round && held !== state.lock.round) state.proposals.delete(held);
    }
    this.#forgetBlocks(state);
    if (round > 0) state.awake = true;
    if (state.awake) {
      this.#beginProposing(state);
      this.#effects.push({ kind: "announce", height: state.height, round });
    }
  }

  /** Of the blocks of many rounds only those stay that a proposal held, the lock or the valid value names. */
  #forgetBlocks(state: HeightState): void {
    const named = new Set<BlockId | null>([state.lock.block, state.valid.block]);
    for (const { proposal } of state.proposals.values()) named.add(proposal.block);
    for (const block of state.known) {
      if (named.has(block) || state.validating.has(block)) continue;
      state.known.delete(block);
      state.verdicts.delete(block);
    }
  }

  #beginProposing(state: HeightState): void {
    const { height, round } = state;
    if (state.self !== null && this.#proposer(state, round) === state.self) {
      const again = this.#rules.proposeAgain(state.valid); // 15–16
      if (again?.block != null)
        this.#effects.push({ kind: "signProposal", height, round, block: again.block, validRound: again.round });
      else this.#effects.push({ kind: "build", height, round }); // 18
    }
    this.#timer(state, "propose"); // 21; the proposer too: its building may fail
  }

  /** Fires every rule that holds, until none does. */
  #advance(state: HeightState): void {
    while (
      !state.decided &&
      (this.#decide(state) || this.#jump(state) || this.#wakeUp(state) || this.#propose(state) || this.#vote(state))
    );
  }

  /** 49–54: in any round, even after an own nil vote. */
  #decide(state: HeightState): boolean {
    const quorum = this.#rules.quorum(state.n);
    for (const round of state.votes.rounds()) {
      const block = state.votes.winner(round, "precommit", quorum);
      if (block == null || !this.#isValid(state, block)) continue;
      const precommits = state.votes.votesFor(round, "precommit", block);
      state.decided = true;
      this.#last = { height: state.height, round, block, votes: new Map(precommits.map((vote) => [vote.index, vote])) };
      this.#effects.push({ kind: "commit", height: state.height, round, block, precommits });
      return true;
    }
    return false;
  }

  /** 55–56. */
  #jump(state: HeightState): boolean {
    const round = state.votes.reachedBy(this.#rules.someCorrect(state.n));
    if (round <= state.round) return false;
    this.#startRound(state, round);
    return true;
  }

  /** What wakes an idle node beside its own work: a proposal of this round, or votes of this height from f+1 authorities. */
  #wakeUp(state: HeightState): boolean {
    if (state.awake) return false;
    if (!state.proposals.has(state.round) && state.votes.reached(0) < this.#rules.someCorrect(state.n)) return false;
    this.#wake(state);
    return true;
  }

  /** 22–33: the prevote. */
  #propose(state: HeightState): boolean {
    if (state.step !== "propose") return false;
    const received = state.proposals.get(state.round);
    if (received === undefined) return false;
    const { block, validRound } = received.proposal;
    if (validRound === -1) {
      // 22–27. The block-time rule belongs here and only here.
      if (!this.#rules.mayPrevoteFresh(state.lock, block) || !this.#isTimely(state, received)) return this.#prevote(state, null);
      const verdict = this.#verdict(state, block);
      return verdict === undefined ? false : this.#prevote(state, verdict ? block : null);
    }
    // 28–33.
    if (validRound >= state.round || state.votes.count(validRound, "prevote", block) < this.#rules.quorum(state.n)) return false;
    if (!this.#rules.mayPrevoteAgain(state.lock, block, validRound)) return this.#prevote(state, null);
    const verdict = this.#verdict(state, block);
    return verdict === undefined ? false : this.#prevote(state, verdict ? block : null);
  }

  /** 34–48: prevotes and precommits of this round, and the valid value. */
  #vote(state: HeightState): boolean {
    const { round } = state;
    const quorum = this.#rules.quorum(state.n);
    const winner = state.votes.winner(round, "prevote", quorum);
    // 36–43.
    if (winner != null && state.step !== "propose" && !state.fired.has(`36/${round}`) && this.#isValid(state, winner)) {
      state.fired.add(`36/${round}`);
      state.valid = { round, block: winner }; // 42–43, also after an own nil precommit
      if (state.step === "prevote") {
        state.lock = { round, block: winner }; // 38–39
        this.#precommit(state, winner); // 40–41
      }
      return true;
    }
    // 44–46.
    if (winner === null && state.step === "prevote") return this.#precommit(state, null);
    // 34–35.
    if (state.step === "prevote" && state.votes.total(round, "prevote") >= quorum && !state.fired.has(`34/${round}`)) {
      state.fired.add(`34/${round}`);
      this.#timer(state, "prevote");
      return true;
    }
    // 47–48.
    if (state.votes.total(round, "precommit") >= quorum && !state.fired.has(`47/${round}`)) {
      state.fired.add(`47/${round}`);
      this.#timer(state, "precommit");
      return true;
    }
    return false;
  }

  #prevote(state: HeightState, block: BlockId | null): true {
    state.step = "prevote";
    this.#sign(state, "prevote", block);
    return true;
  }

  #precommit(state: HeightState, block: BlockId | null): true {
    state.step = "precommit";
    this.#sign(state, "precommit", block);
    return true;
  }

  #sign(state: HeightState, vote: "prevote" | "precommit", block: BlockId | null): void {
    if (state.self === null) return;
    this.#effects.push({ kind: "signVote", height: state.height, round: state.round, vote, block });
  }

  /** Valid and known; asks for the answer if there is none yet. */
  #isValid(state: HeightState, block: BlockId): boolean {
    return this.#verdict(state, block) === true;
  }

  #verdict(state: HeightState, block: BlockId): boolean | undefined {
    const verdict = state.verdicts.get(block);
    if (verdict === undefined && state.known.has(block) && !state.validating.has(block)) {
      state.validating.add(block);
      this.#effects.push({ kind: "validate", height: state.height, block });
    }
    return verdict;
  }

  /** Block time and emptiness of a fresh proposal (protocol.md §4): judged by the stamp of its receipt. */
  #isTimely(state: HeightState, { block, stampMs, proposal }: Received): boolean {
    if (block.empty && proposal.round === 0 && block.timeMs < state.parentTimeMs + state.heartbeatMs) return false;
    if (block.timeMs <= state.parentTimeMs) return false;
    const drift = LIMITS.clockDriftMs;
    if (block.timeMs > stampMs + drift && block.timeMs !== state.parentTimeMs + 1) return false;
    return block.timeMs >= stampMs - drift * 2 ** Math.min(proposal.round, 40) || block.timeMs === state.parentTimeMs + 1;
  }

  #proposer(state: HeightState, round: Round): number {
    return proposerIndex(state.height, round, state.n, state.active);
  }

  #timer(state: HeightState, step: Step): void {
    this.#effects.push({ kind: "timer", height: state.height, round: state.round, step, delayMs: timeoutMs(step, state.round) });
  }

  /** What this node holds, for the status it sends. */
  holdings(): Holdings | null {
    const state = this.#state;
    if (state === null || state.decided) return null;
    const proof = this.#proofWanted(state);
    return {
      height: state.height,
      round: state.round,
      step: state.step,
      proposal: state.proposals.has(state.round),
      prevotes: state.votes.bitmap(state.round, "prevote"),
      precommits: state.votes.bitmap(state.round, "precommit"),
      validRound: proof.block === null ? null : proof.round,
      validPrevotes: proof.block === null ? NOTHING : state.votes.bitmap(proof.round, "prevote", proof.block),
    };
  }

  /** The prevotes this node needs: of the proof that the proposal it looks at claims, else of its own valid value. */
  #proofWanted(state: HeightState): Lock {
    const proposal = state.proposals.get(state.round)?.proposal;
    return proposal !== undefined && proposal.validRound >= 0
      ? { round: proposal.validRound, block: proposal.block }
      : state.valid;
  }

  /**
   * What a peer at the same height lacks of what this node holds, other authorities' messages included. A peer in an earlier round gets
   * both what completes its round (so that its timers start) and what this node has of its own (so that it may jump): either alone
   * can leave authorities in different rounds for ever.
   */
  missingAt(peer: Holdings): { readonly proposals: readonly Proposal[]; readonly votes: readonly Vote[] } {
    const state = this.#state;
    if (state === null || peer.height !== state.height) return { proposals: [], votes: [] };
    const votes: Vote[] = [];
    const proposals: Proposal[] = [];
    const add = (held: readonly Vote[], byPeer: Uint8Array): void => {
      for (const vote of held) if (!hasBit(byPeer, vote.index)) votes.push(vote);
    };
    const addProof = (round: Round, block: BlockId): void =>
      add(state.votes.votesFor(round, "prevote", block), peer.validRound === round ? peer.validPrevotes : NOTHING);
    const addRound = (
      round: Round,
      held: { readonly proposal: boolean; readonly prevotes: Uint8Array; readonly precommits: Uint8Array },
    ): void => {
      add(state.votes.votes(round, "prevote"), held.prevotes);
      add(state.votes.votes(round, "precommit"), held.precommits);
      const proposal = state.proposals.get(round)?.proposal;
      if (proposal === undefined) return;
      if (!held.proposal) proposals.push(proposal);
      if (proposal.validRound >= 0) addProof(proposal.validRound, proposal.block);
    };
    addRound(peer.round, peer);
    if (state.round > peer.round) addRound(state.round, { proposal: false, prevotes: NOTHING, precommits: NOTHING });
    const { valid } = state;
    if (valid.block !== null && peer.validRound === valid.round) addProof(valid.round, valid.block);
    return { proposals, votes };
  }
}

const NOTHING = new Uint8Array(0);

function offenceOfProposal(round: Round): string {
  return `proposal/${round}`;
}

function hasBit(bitmap: Uint8Array, index: number): boolean {
  return (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}
