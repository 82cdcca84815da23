import { blockId } from "../codec/block.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { proposalSignBytes, voteSignBytes } from "../codec/vote.ts";
import { ConsensusMachine } from "../consensus/machine.ts";
import type { Effect, Input, Offence, StepObserver } from "../consensus/messages.ts";
import { memberObjectId } from "../ledger/ids.ts";
import { validatorsOf } from "../ledger/validators.ts";
import { assert } from "../lib/assert.ts";
import type { MonotonicClock, WallClock } from "../ports/clock.ts";
import type { Hasher, Verifier, VerifyItem } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import type { Block, Commit, Evidence } from "../types/block.ts";
import type { ChainParams } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height, MemberId, PublicKey, Signature } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { Validator, ValidatorSet } from "../types/validator-set.ts";
import type { Proposal, Vote } from "../types/vote.ts";
import type { BlockBuilder } from "./block-builder.ts";
import type { Execution } from "./block-executor.ts";
import type { BlockValidator } from "./block-validator.ts";
import { Candidates } from "./candidates.ts";
import type { ChainStore } from "./chain-store.ts";
import type { ConsensusLog } from "./consensus-log.ts";
import type { DoubleSignGuard, SignRequest } from "./double-sign-guard.ts";
import { EarlyMessages } from "./early-messages.ts";
import type { EventLoop } from "./event-loop.ts";
import { EvidencePool } from "./evidence-pool.ts";
import { Heartbeat } from "./heartbeat.ts";
import { holdingsMessage, holdingsOf } from "./holdings-message.ts";
import { blockRecord, inputRecord, type LogEntry } from "./log-records.ts";
import { type ConsensusMessage, encodeMessage, type StatusBody } from "./messages.ts";
import type { ObjectStore } from "./object-store.ts";
import { isStillWanted, loggedEntries } from "./recovery.ts";
import { SigningQueue } from "./signing-queue.ts";
import type { ValidatorHistory } from "./validator-history.ts";
import type { VerifiedSignatures } from "./verified-signatures.ts";

/** A block that consensus decided, with all that its batch needs. */
export interface Decided {
  readonly id: BlockId;
  readonly block: Block;
  readonly commit: Commit;
  readonly envelopes: readonly Envelope[];
  readonly execution: Execution;
}

type SignEffect = Extract<Effect, { kind: "signVote" | "signProposal" }>;

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
  readonly #machine: ConsensusMachine;
  #candidates = new Candidates();
  #set: ValidatorSet = [];
  /** Who signed the height before: late precommits are theirs. */
  #previousSet: ValidatorSet = [];
  #self: number | null = null;
  #lastCommitMs = Number.NEGATIVE_INFINITY;
  readonly #early = new EarlyMessages();
  /** When a peer that is ahead was last told where this node stands. */
  readonly #told = new Map<PublicKey, number>();
  readonly #evidence = new EvidencePool();
  readonly #signing: SigningQueue | null;
  readonly #heartbeat: Heartbeat;
  /** What the machine wanted signed in this round while signing was forbidden. */
  #unsigned: SignEffect[] = [];
  #stopped = false;

  constructor(modules: DriverModules) {
    this.#m = modules;
    this.#machine = new ConsensusMachine();
    this.#heartbeat = new Heartbeat({ ...modules, intervalMs: () => modules.params().heartbeatMs });
    this.#signing = modules.guard === null ? null : new SigningQueue({ ...modules, guard: modules.guard });
  }

  get round(): number {
    return this.#machine.round;
  }

  /** Begins the first height and takes up what the log holds of it. */
  start(): void {
    this.#beginHeight(true);
    this.#everyStatus();
  }

  stop(): void {
    this.#stopped = true;
    this.#signing?.stop();
  }

  /** The decided block is durable, or sync brought one: the next height begins. */
  nextHeight(): void {
    this.#lastCommitMs = this.#m.clock.nowMs();
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
        this.#onStatus(peer, message.body);
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
      const request = this.#voteRequest(vote);
      if (this.#isForeign(index, request)) this.#m.onForeignSignature(request);
      this.#consume({ kind: "vote", vote });
    }
  }

  sendStatus(peer: PublicKey): void {
    const message = this.#status();
    if (message !== null) this.#m.log.whenDurable(() => this.#m.transport.sendConsensus(peer, message));
  }

  #beginHeight(recovering: boolean): void {
    const { head } = this.#m.store;
    const height = head.height + 1;
    this.#candidates = new Candidates();
    this.#unsigned = [];
    this.#previousSet = this.#m.validators.at(head.height) ?? [];
    this.#set = validatorsOf(this.#m.objects);
    const self = this.#set.findIndex(({ key }) => key === this.#m.ownKey);
    this.#self = self >= 0 ? self : null;
    const entries = recovering ? loggedEntries(this.#m.log, height) : [];
    const effects = this.#step({
      kind: "start",
      height,
      n: this.#set.length,
      self: this.#self,
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
      effect.kind === "signVote" || effect.kind === "signProposal" ? [this.#requestOf(effect)] : [],
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
          this.#broadcastStatus();
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
    const request = this.#requestOf(effect);
    this.#m.log.whenDurable(() => this.#signing?.sign(request, (signature) => this.#signed(effect, signature)));
  }

  #requestOf(effect: SignEffect): SignRequest {
    return effect.kind === "signVote" ? this.#voteRequest({ ...effect, kind: effect.vote }) : this.#proposalRequest(effect);
  }

  #voteRequest({ height, round, kind, block }: Omit<Vote, "index" | "sig">): SignRequest {
    const message = voteSignBytes(this.#m.chain, { height, round, kind, block }, this.#m.hasher.sha256);
    return { height, round, step: kind, message };
  }

  #proposalRequest(proposal: Omit<Proposal, "index" | "sig">): SignRequest {
    const { height, round } = proposal;
    return { height, round, step: "proposal", message: proposalSignBytes(this.#m.chain, proposal, this.#m.hasher.sha256) };
  }

  /** Whether a message claims to be this node's and is none that its guard knows of. */
  #isForeign(index: number, request: SignRequest): boolean {
    return index === this.#self && request.height === this.#machine.height && this.#m.guard?.disowns(request) === true;
  }

  /** The signature is durable in the guard: it may leave, and returns as an ordinary input. */
  #signed(effect: SignEffect, sig: Signature): void {
    const index = this.#self;
    if (index === null || effect.height !== this.#machine.height) return;
    const { height, round, block } = effect;
    if (effect.kind === "signVote") {
      const vote: Vote = { height, round, kind: effect.vote, block, index, sig };
      if (vote.kind === "precommit")
        this.#m.verified.add(checkOf(this.#voteRequest(vote), vote, (this.#set[index] as Validator).key));
      this.#broadcast(encodeMessage("vote", vote as never));
      this.#consume({ kind: "vote", vote });
      return;
    }
    const candidate = this.#candidates.get(effect.block);
    if (candidate === undefined) return;
    const proposal: Proposal = { height, round, block: effect.block, validRound: effect.validRound, index, sig };
    this.#broadcast(encodeMessage("proposal", { proposal, block: candidate.block } as never));
    this.#consume({ kind: "proposal", proposal, block: facts(candidate.block), stampMs: candidate.block.header.timeMs });
  }

  // — building and validating —

  #build(height: Height, round: number): void {
    const wait = this.#lastCommitMs + this.#m.params().blockIntervalMs - this.#m.clock.nowMs();
    const build = (): void => {
      if (!this.#isNext(height) || height !== this.#machine.height || round !== this.#machine.round || this.#machine.decided)
        return;
      const evidence = this.#pendingEvidence();
      if (round === 0 && !this.#m.hasWork() && evidence.length === 0 && !this.#heartbeat.isDue) {
        this.#consume({ kind: "built", height, round, block: null });
        return;
      }
      this.#m.beforeBuild();
      const { id, block, envelopes, execution } = this.#m.builder.build(
        this.#lastCommit(),
        evidence,
        this.#m.validator.parentProposer(),
      );
      if (round === 0 && block.header.count === 0 && evidence.length === 0 && !this.#heartbeat.isDue) {
        this.#consume({ kind: "built", height, round, block: null });
        return;
      }
      this.#candidates.set(id, { block, envelopes, execution, from: undefined });
      this.#m.log.append(
        blockRecord(
          id,
          block,
          envelopes.map(({ bytes }) => bytes),
        ),
      );
      this.#consume({ kind: "built", height, round, block: id });
    };
    if (wait > 0) this.#m.clock.after(wait, this.#m.loop.callback(build));
    else this.#m.loop.post(build);
  }

  /** Sync may have executed blocks of this height and beyond, which are not durable yet: nothing is built or validated under them. */
  #isNext(height: Height): boolean {
    return !this.#stopped && height === this.#m.store.tip.height + 1;
  }

  #lastCommit(): Commit {
    const { head } = this.#m.store;
    if (head.height === 0) return { height: 0, round: 0, block: head.block as BlockId, sigs: [] };
    const stored = this.#m.store.commit(head.height);
    assert(stored !== undefined, "a finalised block has its commit");
    const sigs = new Map(stored.sigs.map((entry) => [entry.index, entry]));
    for (const vote of this.#machine.lastPrecommits()) {
      if (vote.height === head.height && vote.round === stored.round && vote.block === stored.block)
        sigs.set(vote.index, { index: vote.index, sig: vote.sig });
    }
    return { ...stored, sigs: [...sigs.values()].sort((left, right) => left.index - right.index) };
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
        this.#m.log.append(
          blockRecord(
            id,
            candidate.block,
            outcome.envelopes.map(({ bytes }) => bytes),
          ),
        );
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
    const evidence = this.#evidence.add(offence, this.#set);
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

  #isEarly(peer: PublicKey, message: ConsensusMessage, height: Height): boolean {
    const current = this.#machine.height;
    const early = height > current || (height === current && this.#machine.decided && message.kind === "proposal");
    if (early && height <= current + LIMITS.futureHeightsMax) this.#early.add(peer, message);
    if (height > current) this.#tell(peer);
    return early;
  }

  /** A peer is ahead: told where this node stands it shows the commits that are missing here. */
  #tell(peer: PublicKey): void {
    const nowMs = this.#m.clock.nowMs();
    if (nowMs < (this.#told.get(peer) ?? Number.NEGATIVE_INFINITY) + LIMITS.statusIntervalMs) return;
    this.#told.set(peer, nowMs);
    this.sendStatus(peer);
  }

  onDisconnected(peer: PublicKey): void {
    this.#told.delete(peer);
  }

  /** Nothing shown is above us any more: whoever has gone on meanwhile shows more. */
  onCaughtUp(): void {
    this.#broadcastStatus();
  }

  #onVote(peer: PublicKey, vote: Vote): void {
    const late = vote.height === this.#machine.height - 1 && vote.kind === "precommit";
    if (vote.height !== this.#machine.height && !late) return;
    const validator = (late ? this.#previousSet : this.#set)[vote.index];
    if (validator === undefined) {
      this.#m.transport.penalise(peer, "vote of no authority");
      return;
    }
    // The exchange of holdings sends again what is on its way.
    if (this.#machine.holds(vote)) return;
    const request = this.#voteRequest(vote);
    const check = checkOf(request, vote, validator.key);
    this.#m.verifier.verify(
      [check],
      "consensus",
      this.#m.loop.callback(([valid]: readonly boolean[]) => {
        if (valid !== true) {
          this.#m.transport.penalise(peer, "vote with a wrong signature");
          return;
        }
        if (this.#isForeign(vote.index, request)) this.#m.onForeignSignature(request);
        // The next block carries the precommits for this one.
        if (vote.kind === "precommit") this.#m.verified.add(check);
        if (vote.height === this.#machine.height || late) this.#consume({ kind: "vote", vote });
      }),
    );
  }

  #onProposal(peer: PublicKey, proposal: Proposal, block: Block): void {
    const request = this.#proposalRequest(proposal);
    const isForeign = this.#isForeign(proposal.index, request);
    if (!this.#machine.wants(proposal) && !isForeign) return;
    const validator = this.#set[proposal.index];
    const { header } = block;
    const sound =
      validator !== undefined &&
      header.height === proposal.height &&
      blockId(header, this.#m.hasher.sha256) === proposal.block &&
      // A fresh proposal is by the header's proposer; one proposed again may be another's block.
      (proposal.validRound >= 0 || header.proposer === validator.member);
    if (!sound) {
      this.#m.transport.penalise(peer, "malformed proposal");
      return;
    }
    const stampMs = this.#m.wall.nowMs();
    this.#m.verifier.verify(
      [{ key: validator.key, message: request.message, signature: proposal.sig }],
      "consensus",
      this.#m.loop.callback(([valid]: readonly boolean[]) => {
        if (valid !== true) {
          this.#m.transport.penalise(peer, "proposal with a wrong signature");
          return;
        }
        if (isForeign) this.#m.onForeignSignature(request);
        if (!this.#machine.wants(proposal)) return;
        if (!this.#candidates.has(proposal.block)) {
          this.#candidates.set(proposal.block, { block, envelopes: null, execution: null, from: peer });
          this.#m.log.append(blockRecord(proposal.block, block, null));
        }
        this.#consume({ kind: "proposal", proposal, block: facts(block), stampMs });
        // A second proposal of a round accuses its proposer; its block is nobody's.
        this.#forgetCandidates();
      }),
    );
  }

  #onStatus(peer: PublicKey, status: StatusBody): void {
    const { head } = this.#m.store;
    if (status.height <= head.height) {
      // The newest says how far it is behind, and comes first: before it knows, it takes no bearings. The commit of its own height it can
      // judge whatever has become of the authorities since.
      for (const height of new Set([head.height, status.height])) {
        const commit = this.#m.store.commit(height);
        if (commit !== undefined) this.#m.transport.sendConsensus(peer, encodeMessage("commit", commit as never));
      }
      return;
    }
    if (status.height > this.#machine.height) this.#tell(peer);
    if (status.height !== this.#machine.height || this.#machine.decided) return;
    const missing = this.#machine.missingAt(holdingsOf(status));
    this.#m.log.whenDurable(() => {
      for (const proposal of missing.proposals) {
        const block = this.#candidates.get(proposal.block)?.block;
        if (block !== undefined) this.#m.transport.sendConsensus(peer, encodeMessage("proposal", { proposal, block } as never));
      }
      for (const vote of missing.votes) this.#m.transport.sendConsensus(peer, encodeMessage("vote", vote as never));
    });
  }

  #everyStatus(): void {
    this.#m.clock.after(
      LIMITS.statusIntervalMs,
      this.#m.loop.callback(() => {
        if (this.#stopped) return;
        if (this.#machine.awake && !this.#machine.decided) this.#broadcastStatus();
        this.#everyStatus();
      }),
    );
  }

  #broadcastStatus(): void {
    const message = this.#status();
    if (message !== null) this.#broadcast(message);
  }

  #status(): Uint8Array | null {
    const holdings = this.#machine.holdings();
    return holdings === null ? null : holdingsMessage(holdings);
  }

  #broadcast(message: Uint8Array): void {
    this.#m.log.whenDurable(() => {
      for (const { nodeKey } of this.#m.transport.peers()) this.#m.transport.sendConsensus(nodeKey, message);
    });
  }
}

function checkOf({ message }: SignRequest, { sig }: Vote, key: PublicKey): VerifyItem {
  return { key, message, signature: sig };
}

function facts(block: Block): { readonly timeMs: number; readonly empty: boolean } {
  return { timeMs: block.header.timeMs, empty: block.header.count === 0 && block.evidence.length === 0 };
}
