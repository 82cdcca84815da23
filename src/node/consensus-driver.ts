import { decodeTransaction } from "../codec/transaction.ts";
import { ConsensusMachine } from "../consensus/machine.ts";
import type { Effect, Input, Offence, StepObserver } from "../consensus/messages.ts";
import { memberObjectId } from "../ledger/ids.ts";
import { validatorsOf } from "../ledger/validators.ts";
import { assert } from "../lib/assert.ts";
import type { MonotonicClock, WallClock } from "../ports/clock.ts";
import type { Hasher, Verifier } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import type { Block, Commit, Evidence } from "../types/block.ts";
import type { ChainParams } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height, MemberId, PublicKey, Round, Signature } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { Validator } from "../types/validator-set.ts";
import type { Proposal, Vote } from "../types/vote.ts";
import type { BlockBuilder } from "./block-builder.ts";
import type { Execution } from "./block-executor.ts";
import type { BlockValidator } from "./block-validator.ts";
import { Candidates } from "./candidates.ts";
import type { ChainStore } from "./chain-store.ts";
import type { ConsensusLog } from "./consensus-log.ts";
import type { Decided } from "./decided.ts";
import type { DoubleSignGuard, SignRequest } from "./double-sign-guard.ts";
import { EarlyMessages } from "./early-messages.ts";
import type { EventLoop } from "./event-loop.ts";
import { EvidencePool } from "./evidence-pool.ts";
import { Heartbeat } from "./heartbeat.ts";
import { blockRecord, inputRecord, type LogEntry } from "./log-records.ts";
import { MessageCheck, type Signers, voteCheck } from "./message-check.ts";
import { type ConsensusMessage, encodeMessage } from "./messages.ts";
import type { ObjectStore } from "./object-store.ts";
import { Proposer } from "./proposer.ts";
import { isStillWanted, loggedEntries } from "./recovery.ts";
import { type SignEffect, SignRequests } from "./sign-requests.ts";
import { SigningQueue } from "./signing-queue.ts";
import { StatusExchange } from "./status-exchange.ts";
import type { ValidatorHistory } from "./validator-history.ts";
import type { VerifiedSignatures } from "./verified-signatures.ts";

interface DriverModules {
  readonly chain: Hash;
  /** Signs for whichever height has it among its authorities; null: a follower for good. */
  readonly ownKey: PublicKey | null;
  readonly loop: EventLoop;
  readonly store: ChainStore;
  readonly objects: ObjectStore;
  readonly validators: ValidatorHistory;
  readonly builder: BlockBuilder;
  readonly validator: BlockValidator;
  readonly log: ConsensusLog;
  readonly guard: DoubleSignGuard | null;
  readonly transport: Transport;
  readonly verifier: Verifier;
  readonly verified: VerifiedSignatures;
  readonly hasher: Hasher;
  readonly wall: WallClock;
  readonly clock: MonotonicClock;
  readonly logger: Logger;
  readonly observe?: StepObserver;
  readonly params: () => ChainParams;
  readonly hasWork: () => boolean;
  readonly beforeBuild: () => void;
  /** Whether this node may sign now; if not, it follows. */
  readonly maySign: () => boolean;
  readonly onDecided: (decided: Decided) => void;
  /** A valid signature by the own key that the guard does not hold. */
  readonly onForeignSignature: (request: SignRequest) => void;
  /** The guard holds a signature of the height to be taken up that the log does not account for. */
  readonly onLogBehindGuard: (height: Height) => void;
  readonly fatal: (error: Error) => void;
}

/**
 * Carries out what the consensus machine wants and feeds it what comes back (architecture: contract between a machine and the event
 * loop). Every input is logged before it is consumed; sending and signing wait in `log.whenDurable`.
 */
export class ConsensusDriver {
  readonly #m: DriverModules;
  readonly #machine = new ConsensusMachine();
  readonly #candidates = new Candidates();
  #signers: Signers = { set: [], previous: [], self: null };
  readonly #early = new EarlyMessages();
  readonly #evidence = new EvidencePool();
  readonly #requests: SignRequests;
  readonly #signing: SigningQueue | null;
  readonly #heartbeat: Heartbeat;
  readonly #proposer: Proposer;
  readonly #check: MessageCheck;
  readonly #exchange: StatusExchange;
  /** What the machine wanted signed in this round while signing was forbidden. */
  #unsigned: SignEffect[] = [];
  #stopped = false;

  constructor(modules: DriverModules) {
    this.#m = modules;
    const machine = this.#machine;
    this.#requests = new SignRequests(modules);
    this.#heartbeat = new Heartbeat({ ...modules, intervalMs: () => modules.params().heartbeatMs });
    this.#signing = modules.guard === null ? null : new SigningQueue({ ...modules, guard: modules.guard });
    this.#proposer = new Proposer({
      ...modules,
      heartbeat: this.#heartbeat,
      pendingEvidence: () => this.#pendingEvidence(),
      lastPrecommits: () => machine.lastPrecommits(),
    });
    this.#check = new MessageCheck({ ...modules, machine, requests: this.#requests, signers: () => this.#signers });
    this.#exchange = new StatusExchange({ ...modules, machine, blockOf: (id) => this.#candidates.get(id)?.block });
  }

  get round(): number {
    return this.#machine.round;
  }

  /** Begins the first height and takes up what the log holds of it. */
  start(): void {
    this.#beginHeight(true);
    this.#exchange.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#signing?.stop();
    this.#exchange.stop();
  }

  /** The decided block is durable, or sync brought one: the next height begins. */
  nextHeight(): void {
    this.#proposer.onCommitted();
    this.#m.log.rotate();
    this.#beginHeight(false);
    for (const { peer, message } of this.#early.take()) this.onMessage(peer, message);
  }

  /**
   * Signing is allowed again: what was wanted of this round is signed now. The machine wants each vote once, so without it a height could
   * stand still for ever when several authorities were forbidden to sign and then were not.
   */
  resumeSigning(): void {
    const held = this.#unsigned;
    this.#unsigned = [];
    if (this.#stopped || this.#machine.decided) return;
    for (const effect of held) if (effect.round === this.#machine.round) this.#sign(effect);
  }

  /** There is something to propose. */
  onWork(): void {
    if (!this.#machine.awake && !this.#machine.decided) this.#consume({ kind: "wake", height: this.#machine.height });
  }

  /** Bodies of a block of this height, for a peer that lacks them. */
  body(id: Hash): Envelope | undefined {
    return this.#candidates.body(id);
  }

  /** Proposals, votes and status of peers; form was checked by decoding. */
  onMessage(peer: PublicKey, message: ConsensusMessage): void {
    switch (message.kind) {
      case "vote":
        if (this.#isEarly(peer, message, message.body.height)) return;
        this.#onVote(peer, message.body as Vote);
        return;
      case "proposal":
        if (this.#isEarly(peer, message, message.body.proposal.height)) return;
        this.#onProposal(peer, message.body.proposal as Proposal, message.body.block as Block);
        return;
      case "status":
        this.#exchange.onStatus(peer, message.body);
        return;
      case "commit":
      case "announce":
      case "time":
        return;
    }
  }

  /** Precommits that a commit carries are votes like others: a node that has the block decides at once. */
  onCommitOfHeight(commit: Commit): void {
    if (commit.height !== this.#machine.height || this.#machine.decided) return;
    const { height, round, block } = commit;
    for (const { index, sig } of commit.sigs) {
      const vote: Vote = { height, round, kind: "precommit", block, index, sig };
      const request = this.#requests.vote(vote);
      if (this.#check.isForeign(index, request)) this.#m.onForeignSignature(request);
      this.#consume({ kind: "vote", vote });
    }
  }

  #beginHeight(recovering: boolean): void {
    const { head } = this.#m.store;
    const height = head.height + 1;
    this.#candidates.clear();
    this.#unsigned = [];
    const set = validatorsOf(this.#m.objects);
    const position = set.findIndex(({ key }) => key === this.#m.ownKey);
    const self = position >= 0 ? position : null;
    this.#signers = { set, previous: this.#m.validators.at(head.height) ?? [], self };
    const entries = recovering ? loggedEntries(this.#m.log, height) : [];
    const effects = this.#step({
      kind: "start",
      height,
      n: set.length,
      self,
      active: this.#m.validator.active(),
      parentTimeMs: head.timeMs,
      heartbeatMs: this.#m.params().heartbeatMs,
    });
    if (recovering) this.#recover(entries, effects);
    else this.#perform(effects);
    if (this.#m.hasWork() || this.#pendingEvidence().length > 0) this.onWork();
    this.#heartbeat.schedule(
      () => !this.#stopped && height === this.#machine.height,
      () => this.onWork(),
    );
  }

  /**
   * Replays the log of the undecided height. What it makes the machine want was wanted before the crash: answers that are logged come
   * from the log; signatures come from the guard again, which refuses what differs; the rest is carried out again.
   */
  #recover(entries: readonly LogEntry[], started: readonly Effect[]): void {
    const wanted: Effect[] = [...started];
    for (const entry of entries) {
      if (entry.kind === "block") this.#restoreCandidate(entry);
      else wanted.push(...this.#step({ kind: entry.kind, ...entry.body } as Input));
    }
    const { height, round } = this.#machine;
    if (entries.length > 0)
      this.#m.logger.info("recovered the undecided height from the log", { height, round, records: entries.length });
    if (!this.#accountsForGuard(wanted)) this.#m.onLogBehindGuard(height);
    this.#perform(wanted.filter((effect) => isStillWanted(effect, entries, round)));
  }

  /** The guard signs what the log made the machine want, and nothing before that is durable: what is in it must be wanted again. */
  #accountsForGuard(wanted: readonly Effect[]): boolean {
    const requests = wanted.flatMap((effect) =>
      effect.kind === "signVote" || effect.kind === "signProposal" ? [this.#requests.of(effect)] : [],
    );
    return this.#m.guard?.holdsOnly(this.#machine.height, requests) !== false;
  }

  #restoreCandidate({ body }: Extract<LogEntry, { kind: "block" }>): void {
    const envelopes = body.bodies?.map((bytes) => {
      const decoded = decodeTransaction(bytes, this.#m.hasher.sha256);
      assert(decoded.ok, "the log holds what was decoded before");
      return decoded.value;
    });
    this.#candidates.restore(body.id as BlockId, body.block as Block, envelopes ?? null);
  }

  #consume(input: Exclude<Input, { kind: "start" }>): void {
    this.#m.log.append(inputRecord(input));
    this.#perform(this.#step(input));
  }

  #step(input: Input): readonly Effect[] {
    const effects = this.#machine.step(input);
    this.#m.observe?.(input, effects, this.#machine.round);
    return effects;
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "signVote":
        case "signProposal":
          this.#sign(effect);
          break;
        case "build":
          this.#build(effect.height, effect.round);
          break;
        case "validate":
          this.#validate(effect.height, effect.block);
          break;
        case "timer": {
          const { height, round, step } = effect;
          this.#m.clock.after(
            effect.delayMs,
            this.#m.loop.callback(() => {
              if (!this.#stopped && height === this.#machine.height && round === this.#machine.round)
                this.#consume({ kind: "timeout", height, round, step });
            }),
          );
          break;
        }
        case "commit":
          this.#commit(effect);
          break;
        case "announce":
          this.#forgetCandidates();
          this.#exchange.tellAll();
          break;
        case "evidence":
          this.#recordOffence(effect.offence);
          break;
      }
    }
  }

  #forgetCandidates(): void {
    this.#candidates.keepOnly((id) => this.#machine.knows(id));
  }

  // — signing —

  #sign(effect: SignEffect): void {
    if (!this.#m.maySign()) {
      this.#unsigned = [...this.#unsigned.filter(({ round }) => round === effect.round), effect];
      return;
    }
    const request = this.#requests.of(effect);
    this.#m.log.whenDurable(() => this.#signing?.sign(request, (signature) => this.#signed(effect, signature)));
  }

  /** The signature is durable in the guard: it may leave, and returns as an ordinary input. */
  #signed(effect: SignEffect, sig: Signature): void {
    const { self: index, set } = this.#signers;
    if (index === null || effect.height !== this.#machine.height) return;
    const { height, round, block } = effect;
    if (effect.kind === "signVote") {
      const vote: Vote = { height, round, kind: effect.vote, block, index, sig };
      if (vote.kind === "precommit") this.#m.verified.add(voteCheck(this.#requests.vote(vote), vote, set[index] as Validator));
      this.#exchange.broadcast(encodeMessage("vote", vote as never));
      this.#consume({ kind: "vote", vote });
      return;
    }
    const candidate = this.#candidates.get(effect.block);
    if (candidate === undefined) return;
    const proposal: Proposal = { height, round, block: effect.block, validRound: effect.validRound, index, sig };
    this.#exchange.broadcast(encodeMessage("proposal", { proposal, block: candidate.block } as never));
    this.#consume({ kind: "proposal", proposal, block: facts(candidate.block), stampMs: candidate.block.header.timeMs });
  }

  // — building and validating —

  #build(height: Height, round: Round): void {
    const isWanted = (): boolean =>
      this.#isNext(height) && height === this.#machine.height && round === this.#machine.round && !this.#machine.decided;
    this.#proposer.build(round, isWanted, (built) => {
      if (built !== null) {
        const { id, block, envelopes, execution } = built;
        this.#candidates.set(id, { block, envelopes, execution, from: undefined });
        this.#logBlock(id, block, envelopes);
      }
      this.#consume({ kind: "built", height, round, block: built?.id ?? null });
    });
  }

  #logBlock(id: BlockId, block: Block, envelopes: readonly Envelope[] | null): void {
    const bodies = envelopes?.map(({ bytes }) => bytes) ?? null;
    this.#m.log.append(blockRecord(id, block, bodies));
  }

  /** Sync may have executed blocks of this height and beyond, which are not durable yet: nothing is built or validated under them. */
  #isNext(height: Height): boolean {
    return !this.#stopped && height === this.#m.store.tip.height + 1;
  }

  #validate(height: Height, id: BlockId): void {
    const candidate = this.#candidates.get(id);
    assert(candidate !== undefined, "the machine speaks of blocks that it was told of");
    const isWanted = (): boolean => height === this.#machine.height && this.#isNext(height);
    if (!isWanted()) return;
    this.#m.validator.validate(candidate.block, candidate.envelopes, candidate.from, isWanted, (outcome) => {
      if (typeof outcome === "string") {
        this.#m.logger.warn("a proposed block is invalid", { height, block: id, code: outcome });
      } else {
        candidate.envelopes = outcome.envelopes;
        candidate.execution = outcome.execution;
        this.#logBlock(id, candidate.block, outcome.envelopes);
      }
      this.#consume({ kind: "validated", height, block: id, valid: typeof outcome !== "string" });
    });
  }

  // — deciding —

  #commit(effect: Extract<Effect, { kind: "commit" }>): void {
    const { height, round, block: id, precommits } = effect;
    const candidate = this.#candidates.get(id);
    assert(candidate !== undefined, "what is decided was validated");
    const commit: Commit = { height, round, block: id, sigs: precommits.map(({ index, sig }) => ({ index, sig })) };
    const decide = (envelopes: readonly Envelope[], execution: Execution): void =>
      this.#m.onDecided({ id, block: candidate.block, commit, envelopes, execution });
    if (candidate.execution !== null && candidate.envelopes !== null) {
      decide(candidate.envelopes, candidate.execution);
      return;
    }
    // After recovery the verdict came from the log, but what the block does is not in it.
    const isWanted = (): boolean => this.#isNext(height);
    if (!isWanted()) return;
    this.#m.validator.validate(candidate.block, candidate.envelopes, candidate.from, isWanted, (outcome) => {
      if (typeof outcome === "string") this.#m.fatal(new Error(`a decided block does not check here: ${outcome}`));
      else decide(outcome.envelopes, outcome.execution);
    });
  }

  #pendingEvidence(): readonly Evidence[] {
    const isMember = (name: MemberId): boolean => this.#m.objects.get("member", memberObjectId(name)) !== undefined;
    return this.#evidence.pending(this.#machine.height, isMember);
  }

  #recordOffence(offence: Offence): void {
    const evidence = this.#evidence.add(offence, this.#signers.set);
    if (evidence === null) return;
    const { authority, height, round, kind } = evidence;
    this.#m.logger.error("an authority signed two different messages", { authority, height, round, kind });
    this.onWork();
  }

  /** Evidence that a finalised block recorded needs no recording again. */
  forgetEvidence(recorded: readonly Evidence[]): void {
    this.#evidence.forget(recorded);
  }

  // — peers —

  sendStatus(peer: PublicKey): void {
    this.#exchange.tell(peer);
  }

  #isEarly(peer: PublicKey, message: ConsensusMessage, height: Height): boolean {
    const current = this.#machine.height;
    const early = height > current || (height === current && this.#machine.decided && message.kind === "proposal");
    if (early && height <= current + LIMITS.futureHeightsMax) this.#early.add(peer, message);
    if (height > current) this.#exchange.onAhead(peer);
    return early;
  }

  onDisconnected(peer: PublicKey): void {
    this.#exchange.onGone(peer);
  }

  /** Nothing shown is above us any more: whoever has gone on meanwhile shows more. */
  onCaughtUp(): void {
    this.#exchange.tellAll();
  }

  #onVote(peer: PublicKey, vote: Vote): void {
    this.#check.vote(peer, vote, () => this.#consume({ kind: "vote", vote }));
  }

  #onProposal(peer: PublicKey, proposal: Proposal, block: Block): void {
    // Whether a block is timely is judged by when it came, not by when its signature was verified.
    const stampMs = this.#m.wall.nowMs();
    this.#check.proposal(peer, proposal, block, () => {
      if (!this.#candidates.has(proposal.block)) {
        this.#candidates.set(proposal.block, { block, envelopes: null, execution: null, from: peer });
        this.#logBlock(proposal.block, block, null);
      }
      this.#consume({ kind: "proposal", proposal, block: facts(block), stampMs });
      // A second proposal of a round accuses its proposer; its block is nobody's.
      this.#forgetCandidates();
    });
  }
}

function facts(block: Block): { readonly timeMs: number; readonly empty: boolean } {
  return { timeMs: block.header.timeMs, empty: block.header.count === 0 && block.evidence.length === 0 };
}
