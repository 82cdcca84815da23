import type { StepObserver } from "../consensus/messages.ts";
import { usedIdsSinceMs } from "../ledger/governance/window.ts";
import type { LedgerRefusal } from "../ledger/refusal.ts";
import { paramsOf, validatorsOf } from "../ledger/validators.ts";
import { CodedError } from "../lib/coded-error.ts";
import { err } from "../lib/result.ts";
import { Mempool } from "../mempool/mempool.ts";
import type { AppendFile } from "../ports/append-file.ts";
import type { MonotonicClock, WallClock } from "../ports/clock.ts";
import type { Hasher, Signer, Verifier } from "../ports/crypto.ts";
import type { Logger, Metrics } from "../ports/observe.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Store } from "../ports/store.ts";
import type { RequestProtocol, Transport, TransportHandlers } from "../ports/transport.ts";
import { StateTree } from "../state/tree.ts";
import type { Commit } from "../types/block.ts";
import { authoritiesOf, type ChainIdentity, type Checkpoint } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import { KEEP_ALL, type Keep } from "../types/retention.ts";
import type { Hash, Height, MemberId, PublicKey, TxId } from "../types/scalars.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { AdaptiveBlockSize } from "./adaptive-block-size.ts";
import { type Absence, Attendance } from "./attendance.ts";
import { BlockBuilder } from "./block-builder.ts";
import { BlockExecutor, type Execution } from "./block-executor.ts";
import { BlockValidator } from "./block-validator.ts";
import { BlockWriter } from "./block-writer.ts";
import { BodyFetcher } from "./body-fetcher.ts";
import { CatchUp } from "./catch-up.ts";
import { ChainStore, type Head } from "./chain-store.ts";
import { ClockExchange } from "./clock-exchange.ts";
import { ConsensusDriver } from "./consensus-driver.ts";
import { ConsensusLog } from "./consensus-log.ts";
import type { Decided } from "./decided.ts";
import { DoubleSignGuard, type SignRequest } from "./double-sign-guard.ts";
import { EventLoop } from "./event-loop.ts";
import { executeGenesis } from "./executing-chain.ts";
import { Membership } from "./membership.ts";
import { decodeMessage } from "./messages.ts";
import { ObjectStore } from "./object-store.ts";
import { PeerRequests } from "./peer-requests.ts";
import { Pruner } from "./pruner.ts";
import { RowReader } from "./row-reader.ts";
import { SigningPermit } from "./signing-permit.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { StoreAudit } from "./store-audit.ts";
import { StoreCorruptError } from "./stored-record.ts";
import { type AdmissionAnswer, TransactionPool } from "./transaction-pool.ts";
import { ValidatorHistory } from "./validator-history.ts";
import { VerifiedSignatures } from "./verified-signatures.ts";

export interface NodeModules {
  readonly wall: WallClock;
  readonly clock: MonotonicClock;
  readonly store: Store;
  readonly consensusLog: AppendFile;
  readonly guardLog: AppendFile;
  readonly transport: Transport;
  /** null: a follower. */
  readonly signer: Signer | null;
  readonly verifier: Verifier;
  readonly hasher: Hasher;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Absent: this node keeps no snapshots and gives none. */
  readonly snapshots?: SnapshotFiles;
  /** Looks on at the consensus machine; in simulation, to see which rules a run has been through. */
  readonly observe?: StepObserver;
  /** Ends the process: the node is not to go on. */
  readonly fatal: (error: Error) => void;
}

export interface NodeOptions {
  readonly identity: ChainIdentity;
  readonly member: MemberId;
  /** The operator's word that no other machine has this key and nothing signed is forgotten. */
  readonly signWithoutMemory?: boolean;
  /** Node keys of configured addresses: whom a newcomer may ask before it knows the member table. */
  readonly contacts?: ReadonlySet<PublicKey>;
  /** A block that the operator knows to be on this chain: no other is taken for its height, and nothing is signed before it. */
  readonly checkpoint?: Checkpoint;
  /** What is kept of the past; all, if this is absent. */
  readonly keep?: Keep;
  /** Whether this node makes snapshots for joiners, who need the blocks from there on. */
  readonly makesSnapshots?: boolean;
  /** Rules that this version knows; another list only in tests. */
  readonly knownFeatures?: ReadonlySet<string>;
}

/** A final outcome of a transaction. */
export interface Finalised {
  readonly id: TxId;
  readonly height: Height;
  readonly index: number;
  readonly code: number;
}

/** The chain that is stored or decided here is not the one that the operator was told of. */
export class CheckpointError extends CodedError<"CHECKPOINT_MISMATCH"> {
  override readonly name = "CheckpointError";
}

type BlockListener = (decided: Decided) => void;

/** One alliance member's node: composition of the pure machines and the ports, the same in production and in simulation. */
export class Node {
  readonly #modules: NodeModules;
  readonly #options: NodeOptions;
  readonly #loop: EventLoop;
  readonly #chain: ChainStore;
  readonly #objects: ObjectStore;
  readonly #executor: BlockExecutor;
  /** The state before the first block, until it is in the store. */
  #unwritten: Execution | null = null;
  readonly #mempool = new Mempool();
  readonly #pool: TransactionPool;
  readonly #writer: BlockWriter;
  readonly #driver: ConsensusDriver;
  readonly #catchUp: CatchUp;
  readonly #requests: PeerRequests;
  readonly #snapshots: SnapshotReader | null;
  readonly #pruner: Pruner;
  readonly #permit: SigningPermit;
  readonly #membership: Membership;
  readonly #validators: ValidatorHistory;
  readonly #log: ConsensusLog;
  readonly #listeners = new Set<BlockListener>();
  readonly #expired = new Set<TxId>();
  #peerHeights = new Map<PublicKey, Height>();
  readonly #clocks: ClockExchange;
  readonly #attendance: Attendance;
  #stopped = false;
  #running = false;

  constructor(options: NodeOptions, modules: NodeModules) {
    this.#options = options;
    this.#modules = modules;
    const { identity } = options;
    const { chain } = identity;
    const { store, hasher, transport, verifier, wall, clock, logger, metrics } = modules;
    const fatal = (error: Error): void => this.#fatal(error);
    this.#loop = new EventLoop(fatal);
    const loop = this.#loop;
    this.#clocks = new ClockExchange({ loop, wall, clock, transport, metrics, isShared: identity.genesis.clock === "driven" });
    const genesis = executeGenesis(identity, hasher);
    this.#chain = new ChainStore(store, { chain, stateRoot: genesis.stateRoot, timeMs: identity.genesis.timeMs });
    const { view } = this.#chain;
    this.#objects = new ObjectStore(view);
    const tree = new StateTree({ page: (path) => this.#chain.page(path) }, hasher);
    this.#executor = new BlockExecutor({ chain, objects: this.#objects, tree, hasher, store: view });
    this.#log = new ConsensusLog({ file: modules.consensusLog, hasher, fatal });
    const guard =
      modules.signer === null ? null : new DoubleSignGuard({ file: modules.guardLog, hasher, signer: modules.signer });
    const ownKey = modules.signer?.publicKey ?? null;
    this.#validators = new ValidatorHistory(view, authoritiesOf(identity.genesis), () => this.#chain.tip.height);
    const membership = { objects: this.#objects, transport, logger, member: options.member, ownKey };
    this.#membership = new Membership({
      ...membership,
      contacts: options.contacts ?? new Set(),
      ...(options.knownFeatures === undefined ? {} : { knownFeatures: options.knownFeatures }),
    });
    this.#attendance = new Attendance({
      ...membership,
      membership: this.#membership,
      authorities: () => validatorsOf(this.#objects),
    });
    const fetcher = new BodyFetcher({ loop, transport, clock, hasher });
    const shared = {
      chain,
      loop,
      store: this.#chain,
      objects: this.#objects,
      executor: this.#executor,
      validators: this.#validators,
      mempool: this.#mempool,
      verifier,
      verified: new VerifiedSignatures(),
      hasher,
      clock,
      logger,
    };
    const validator = new BlockValidator({ ...shared, fetcher, metrics, incoming: (pair) => this.#pool.incoming(pair) });
    const builder = new BlockBuilder({ ...shared, self: options.member, wall, size: new AdaptiveBlockSize(LIMITS.blockTxMax) });
    this.#permit = new SigningPermit({
      ...shared,
      member: options.member,
      ownKey,
      guard,
      membership: this.#membership,
      wall,
      isOrdered: options.signWithoutMemory === true,
      checkpoint: options.checkpoint,
      resume: () => this.#driver.resumeSigning(),
      fatal,
    });
    const driver = {
      ...shared,
      ownKey,
      builder,
      validator,
      log: this.#log,
      guard,
      transport,
      wall,
      params: () => paramsOf(this.#objects),
      hasWork: () => this.#mempool.hasWork,
      maySign: () => this.isSigning,
      beforeBuild: () => this.#pool.hurry(),
      onDecided: (decided: Decided) => this.#finalise(decided),
      onForeignSignature: (request: SignRequest) => this.#permit.onForeignSignature(request),
      onLogBehindGuard: (height: Height) => this.#permit.onLogBehindGuard(height),
      fatal,
    };
    this.#writer = new BlockWriter({
      ...shared,
      metrics,
      // Nothing more is executed if the next height's rules are not known.
      onAdopted: ({ block }) => this.#membership.checkFeatures(block.header.height),
      onDurable: (group, how) => this.#finalised(group, how),
      fatal,
    });
    const { observe } = modules;
    this.#driver = new ConsensusDriver(observe === undefined ? driver : { ...driver, observe });
    this.#pool = new TransactionPool({
      ...shared,
      view: this.#objects,
      wall,
      transport,
      metrics,
      headTimeMs: () => this.#chain.head.timeMs,
      isUsed: (id) => this.#chain.hasTransaction(id),
      memberOf: (peer) => this.#membership.memberOf(peer),
      onWork: () => this.#driver.onWork(),
    });
    this.#catchUp = new CatchUp({
      ...shared,
      validator,
      transport,
      checkpoint: options.checkpoint,
      onBlock: (decided) => this.#stage(decided),
      onCaughtUp: () => {
        logger.info("caught up", { height: this.#chain.tip.height });
        this.#writer.flush();
        this.#driver.resumeSigning();
        this.#driver.onCaughtUp();
      },
      isDeciding: (height) => this.#writer.isDeciding(height),
    });
    // Readers see the genesis before it is durable; nobody is served from it before.
    if (this.#chain.isNew) {
      this.#executor.adopt(genesis);
      this.#unwritten = genesis;
    }
    this.#snapshots =
      modules.snapshots === undefined
        ? null
        : new SnapshotReader({ files: modules.snapshots, chain: this.#chain, rows: new RowReader(store) });
    this.#pruner = new Pruner({
      keep: options.keep ?? KEEP_ALL,
      chain: this.#chain,
      store,
      usedIdsSinceMs: (nowMs) => usedIdsSinceMs(this.#objects, nowMs),
      snapshots: options.makesSnapshots === true ? (modules.snapshots ?? null) : null,
      clock,
      loop,
      metrics,
      logger,
      fatal,
    });
    this.#requests = new PeerRequests({ store: this.#chain, mempool: this.#mempool, proposed: (id) => this.#driver.body(id) });
  }

  /** Checks the stored state, takes up the undecided height, and connects. */
  start(): void {
    const genesis = this.#unwritten;
    this.#unwritten = null;
    if (genesis === null) {
      this.#loop.post(() => this.#run());
      return;
    }
    this.#chain.writeGenesis(
      this.#executor.writes(0, genesis),
      this.#loop.callback((fault: Error | null) => {
        if (fault !== null) {
          this.#fatal(fault);
          return;
        }
        this.#run();
      }),
    );
  }

  /** Nothing is sent or written any more; whoever owns the ports closes them. */
  stop(): void {
    this.#stopped = true;
    this.#driver.stop();
    this.#loop.stop();
  }

  /** A transaction from this member's own organisation. */
  submit(bytes: Uint8Array, answer: AdmissionAnswer): void {
    this.#loop.post(() => {
      if (this.#running) this.#pool.submit(bytes, answer);
      else answer(err({ code: "NODE_STARTING", detail: "the node is starting", retriable: true }));
    });
  }

  // — what readers see —

  get head(): Head {
    return this.#chain.head;
  }

  get chainStore(): ChainStore {
    return this.#chain;
  }

  get objects(): ObjectStore {
    return this.#objects;
  }

  /** Why a transaction of a recent block had no effect; undefined if it had one, or if that is forgotten. */
  refusalOf(id: TxId): LedgerRefusal | undefined {
    return this.#executor.refusalOf(id);
  }

  get mempool(): Mempool {
    return this.#mempool;
  }

  get round(): number {
    return this.#driver.round;
  }

  /** The height after which no peer keeps the blocks that this node lacks; null if some does, or none are lacking. */
  get cutOffAt(): Height | null {
    return this.#catchUp.cutOffAt;
  }

  /** Whether the blocks fetched here do not lead to the operator's checkpoint. */
  get isContradicted(): boolean {
    return this.#catchUp.isContradicted;
  }

  get isSyncing(): boolean {
    return this.#catchUp.behind || !this.#running;
  }

  /** The consensus key that this node runs with, whether or not it is an authority's. */
  get authorityKey(): PublicKey | null {
    return this.#modules.signer?.publicKey ?? null;
  }

  get isSigning(): boolean {
    return this.#membership.isAuthority && this.mutedBecause === null && !this.#catchUp.behind && !this.#stopped;
  }

  /** Why an authority does not sign; null if it does, or is none. */
  get mutedBecause(): string | null {
    return this.#permit.refusal;
  }

  /** By how many milliseconds this node's clock is ahead of its peers' median; 0 under a driven clock, which all share. */
  get clockAheadMs(): number {
    return this.#clocks.aheadMs;
  }

  /** What the node is to the chain at this height: promotion and demotion change it while it runs. */
  get role(): "authority" | "follower" {
    return this.#membership.isAuthority ? "authority" : "follower";
  }

  /** Whom an authority lacks for a quorum; null if nobody. */
  get absence(): Absence | null {
    return this.#attendance.absence;
  }

  memberOf(peer: PublicKey): MemberId | undefined {
    return this.#membership.memberOf(peer);
  }

  /** The authorities of a height, in member order; by default of the next; undefined for one that is not decided. */
  validatorsAt(height?: Height): ValidatorSet | undefined {
    return this.#validators.at(height ?? this.#chain.head.height + 1);
  }

  /** The height a peer last showed, null if none. */
  heightOf(peer: PublicKey): Height | null {
    return this.#peerHeights.get(peer) ?? null;
  }

  /** Whether this node saw the transaction run out before any block held it. */
  isExpired(id: TxId): boolean {
    return this.#expired.has(id);
  }

  /** Called after each block is durable. Answers how to end it. */
  onBlock(listener: BlockListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stops or resumes signing for a reason of the machine's (free space); the node goes on following. */
  suspend(reason: string | null): void {
    this.#loop.post(() => {
      this.#permit.suspend(reason);
      this.#gauge();
    });
  }

  // — running —

  #run(): void {
    this.#recheck();
    const { head } = this.#chain;
    this.#membership.checkFeatures(head.height);
    this.#permit.recall(!this.#log.corrupt);
    this.#running = true;
    const { transport } = this.#modules;
    this.#membership.refresh();
    transport.start(this.#handlers());
    this.#driver.start();
    this.#pool.start();
    this.#clocks.everyInterval(() => this.#gauge());
    this.#gauge();
    this.#pruner.onBlock();
  }

  /** The tree as stored must have the root that the head's header has, made again over what the last block touched (protocol.md §7). */
  #recheck(): void {
    const { store, hasher } = this.#modules;
    const chainId = this.#options.identity.chain;
    const setAt = (height: Height): ValidatorSet | undefined => this.#validators.at(height);
    const finding = new StoreAudit({ chain: this.#chain, store, hasher, chainId, setAt }).touched();
    if (finding !== null)
      throw new StoreCorruptError(
        `the stored state is not the last block's: ${finding.what} ${finding.where}: ${finding.detail}`,
      );
    const { checkpoint } = this.#options;
    const stored = checkpoint === undefined ? undefined : this.#chain.commit(checkpoint.height)?.block;
    if (checkpoint !== undefined && stored !== undefined && stored !== checkpoint.id)
      throw new CheckpointError("CHECKPOINT_MISMATCH", `the stored chain has another block at height ${checkpoint.height}`);
  }

  #agreesWithCheckpoint(height: Height, id: Hash): boolean {
    const { checkpoint } = this.#options;
    return checkpoint === undefined || checkpoint.height !== height || checkpoint.id === id;
  }

  #handlers(): TransportHandlers {
    const { metrics, transport } = this.#modules;
    return {
      onConnected: this.#loop.callback((peer: PublicKey) => {
        metrics.set("zhonglian_peers", transport.peers().length);
        this.#attendance.onConnected(peer);
        this.#driver.sendStatus(peer);
        this.#pool.announceTo(peer);
        this.#clocks.tell(peer);
      }),
      onDisconnected: this.#loop.callback((peer: PublicKey) => {
        metrics.set("zhonglian_peers", transport.peers().length);
        this.#attendance.onDisconnected(peer);
        this.#peerHeights.delete(peer);
        this.#clocks.onGone(peer);
        this.#catchUp.onGone(peer);
        this.#driver.onDisconnected(peer);
      }),
      onConsensus: this.#loop.callback((peer: PublicKey, message: Uint8Array) => this.#onConsensus(peer, message)),
      onGossip: this.#loop.callback((peer: PublicKey, message: Uint8Array) => this.#pool.onGossip(peer, message)),
      onRequest: this.#loop.callback((_peer, protocol, request, respond) => this.#onRequest(protocol, request, respond)),
    };
  }

  #onRequest(protocol: RequestProtocol, request: Uint8Array, respond: (response: Uint8Array | null) => void): void {
    const snapshots = this.#snapshots;
    if (protocol !== "snapshots" || snapshots === null) {
      respond(this.#requests.answer(protocol, request));
      return;
    }
    snapshots.answer(request).then(respond, (error: unknown) => {
      this.#modules.logger.error("a piece of a snapshot could not be read", { error: String(error) });
      respond(null);
    });
  }

  #onConsensus(peer: PublicKey, bytes: Uint8Array): void {
    if (!this.#membership.isAllowed(peer)) return;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) {
      this.#modules.metrics.add("zhonglian_peer_faults_total", 1, { reason: decoded.error.code });
      this.#modules.transport.penalise(peer, `message: ${decoded.error.code}`);
      return;
    }
    const message = decoded.value;
    switch (message.kind) {
      case "announce":
        this.#pool.onAnnounce(peer, message.body as never);
        return;
      case "commit":
        this.#peerHeights.set(peer, message.body.height);
        this.#catchUp.onCommit(peer, message.body as Commit, (commit) => this.#driver.onCommitOfHeight(commit));
        this.#hears(peer, message.body.height, "commit");
        return;
      case "status":
        this.#peerHeights.set(peer, message.body.height - 1);
        this.#driver.onMessage(peer, message);
        this.#hears(peer, message.body.height - 1, "standing");
        // Whoever claims more than is decided here shows it when it hears so.
        if (!this.#permit.hasBearings && message.body.height - 1 > this.#chain.tip.height) this.#driver.sendStatus(peer);
        return;
      case "vote":
      case "proposal":
        this.#driver.onMessage(peer, message);
        return;
      case "time":
        this.#clocks.onTime(peer, message.body.wallMs);
        return;
    }
  }

  #hears(peer: PublicKey, decided: Height, what: "standing" | "commit"): void {
    const member = this.#membership.memberOf(peer);
    if (member !== undefined) this.#permit.hears(member, decided, what);
  }

  /** A block that consensus decided here. */
  #finalise(decided: Decided): void {
    const { height } = decided.block.header;
    if (!this.#writer.isNext(height)) return;
    if (!this.#agreesWithCheckpoint(height, decided.id))
      throw new CheckpointError("CHECKPOINT_MISMATCH", `another block than the checkpoint was decided at height ${height}`);
    this.#writer.finalise(decided);
  }

  /** A block that others decided. Answers whether there is room for more. */
  #stage(decided: Decided): boolean {
    if (!this.#writer.isNext(decided.block.header.height)) return false;
    this.#permit.lookAt(decided.commit);
    return this.#writer.stage(decided);
  }

  /** These blocks are durable. */
  #finalised(group: readonly Decided[], how: "consensus" | "sync"): void {
    for (const decided of group) this.#settle(decided, how);
    this.#gauge();
    // Consensus takes up the next height when nothing that is executed waits for the disk any more.
    if (this.#chain.tip.height === this.#chain.head.height) this.#driver.nextHeight();
    this.#catchUp.onApplied();
    this.#permit.takeBearings();
    this.#pruner.onBlock();
  }

  #settle(decided: Decided, how: "consensus" | "sync"): void {
    const { block, execution, envelopes } = decided;
    this.#mempool.remove(envelopes.map(({ pair }) => pair.id));
    for (const { pair } of this.#mempool.expire(block.header.timeMs)) this.#rememberExpired(pair.id);
    if (execution.changes.some(({ kind }) => kind === "member" || kind === "members")) this.#membership.refresh();
    this.#driver.forgetEvidence(block.evidence);
    this.#permit.settled(block.header.height, block.header.timeMs);
    this.#measure(decided, how);
    for (const listener of this.#listeners) listener(decided);
  }

  /** How things stand: with each block or group of blocks, and now and then, since a height that does not end is what one wants to see. */
  #gauge(): void {
    const { metrics } = this.#modules;
    metrics.set("zhonglian_height", this.#chain.head.height);
    metrics.set("zhonglian_base", this.#chain.base);
    metrics.set("zhonglian_round", this.#driver.round);
    metrics.set("zhonglian_syncing", this.#catchUp.behind ? 1 : 0);
    metrics.set("zhonglian_signing", this.isSigning ? 1 : 0);
    metrics.set("zhonglian_pending_transactions", this.#mempool.size);
    metrics.set("zhonglian_pending_bytes", this.#mempool.bytes);
  }

  #measure({ block, execution }: Decided, how: string): void {
    const { metrics } = this.#modules;
    metrics.add("zhonglian_blocks_total", 1, { how });
    metrics.observe("zhonglian_block_transactions", block.header.count);
    const failed = execution.receipts.filter(({ code }) => code !== 0).length;
    if (failed > 0) metrics.add("zhonglian_transactions_total", failed, { outcome: "failed" });
    if (block.header.count > failed) metrics.add("zhonglian_transactions_total", block.header.count - failed, { outcome: "ok" });
  }

  #rememberExpired(id: TxId): void {
    this.#expired.add(id);
    if (this.#expired.size > LIMITS.mempoolTxMax) this.#expired.delete(this.#expired.values().next().value as TxId);
  }

  #fatal(error: Error): void {
    if (this.#stopped) return;
    this.stop();
    this.#modules.fatal(error);
  }
}
