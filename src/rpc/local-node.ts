import { decodeTransaction } from "../codec/transaction.ts";
import { type Trial, tryTransaction } from "../ledger/execute.ts";
import { judgeAgainstParent } from "../ledger/judge.ts";
import { KINDS } from "../ledger/kinds.ts";
import type { LedgerRefusal } from "../ledger/refusal.ts";
import { validatorsOf } from "../ledger/validators.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { EventReader } from "../node/event-reader.ts";
import { LedgerReader } from "../node/ledger-reader.ts";
import type { Node } from "../node/node.ts";
import { PastPages } from "../node/past-pages.ts";
import { ProofReader } from "../node/proof-reader.ts";
import type { AdmissionRefusal } from "../node/transaction-pool.ts";
import type { WallClock } from "../ports/clock.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store } from "../ports/store.ts";
import type { Transport } from "../ports/transport.ts";
import type { Block, Commit } from "../types/block.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height, MemberId, TxId } from "../types/scalars.ts";
import type { TxReceipt } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { RpcError } from "./rpc-error.ts";

export type TxStatus =
  | { readonly status: "pending" | "expired" | "unknown" }
  /** Not known here, and not all blocks are kept: it may be in one that was let go. */
  | { readonly status: "pruned" }
  | {
      readonly status: "committed" | "failed";
      readonly height: Height;
      readonly index: number;
      readonly receipt: TxReceipt;
      /** Why it failed, if this node remembers. */
      readonly refusal: LedgerRefusal | null;
      readonly body: Uint8Array;
    };

export interface At {
  readonly height: Height;
  readonly blockTimeMs: number;
  readonly syncing: boolean;
}

/** Callers of `wait` at once. */
const WAITING_MAX = 10_000;
/** About as long as a block takes to become durable. */
const PROOF_PAUSE_MS = 5;

/** What the RPC sees of a node of the same process; answers are promises, the node itself knows none. */
export class LocalNode {
  readonly #node: Node;
  readonly #wall: WallClock;
  readonly #transport: Transport;
  readonly #chain: Hash;
  readonly #waiters = new Map<TxId, Set<() => void>>();
  #waiting = 0;
  readonly member: MemberId;
  readonly ledger: LedgerReader;
  readonly proofs: ProofReader;
  readonly events: EventReader;

  constructor(modules: {
    readonly node: Node;
    readonly wall: WallClock;
    readonly transport: Transport;
    readonly store: Store;
    readonly hasher: Hasher;
    readonly identity: ChainIdentity;
    readonly member: MemberId;
  }) {
    this.#node = modules.node;
    this.#wall = modules.wall;
    this.#transport = modules.transport;
    this.#chain = modules.identity.chain;
    this.member = modules.member;
    this.ledger = new LedgerReader(modules.store);
    const { chainStore: chain } = this.#node;
    this.events = new EventReader({ chain, ledger: this.ledger });
    const pastPages = new PastPages({ store: modules.store, chain, hasher: modules.hasher });
    this.proofs = new ProofReader({
      chain,
      ledger: this.ledger,
      hasher: modules.hasher,
      pagesAt: (height, keyHashes) => pastPages.at(height, keyHashes),
      pause: () => new Promise((resolve) => setTimeout(resolve, PROOF_PAUSE_MS)),
    });
    this.#node.onBlock(({ envelopes }) => {
      if (this.#waiters.size === 0) return;
      for (const { pair } of envelopes) this.#wake(pair.id);
      // What ran out is as final as what was committed.
      for (const id of this.#waiters.keys()) if (this.#node.isExpired(id)) this.#wake(id);
    });
  }

  at(): At {
    const { height, timeMs } = this.#node.head;
    return { height, blockTimeMs: timeMs, syncing: this.#node.isSyncing };
  }

  status() {
    const { head } = this.#node;
    return {
      member: this.member,
      role: this.#node.role,
      chain: this.#chain,
      height: head.height,
      blockId: head.block,
      stateRoot: head.stateRoot,
      blockTimeMs: head.timeMs,
      base: this.base,
      clockMs: this.#wall.nowMs(),
      syncing: this.#node.isSyncing,
      signing: this.#node.isSigning,
      unready: this.unreadyReasons(),
      authorityKey: this.#node.authorityKey,
      peers: this.#transport.peers().length,
      round: this.#node.round,
      pending: this.#node.mempool.size,
    };
  }

  peers() {
    return this.#transport.peers().map(({ nodeKey, peerId, address, direction, latencyMs }) => ({
      member: this.#node.memberOf(nodeKey) ?? null,
      peerId,
      address,
      direction,
      height: this.#node.heightOf(nodeKey),
      latencyMs,
    }));
  }

  /** The lowest height whose block and state are kept here. */
  get base(): Height {
    return this.#node.chainStore.base;
  }

  /** Throws RpcError where this node never had, or no longer has, the state and the blocks of a height. */
  requireKept(height: Height): void {
    const { base } = this;
    if (height >= base) return;
    throw new RpcError("notFound", "HISTORY_PRUNED", `this node keeps nothing below height ${base}`, { retriable: false });
  }

  /** Throws RpcError while indices and totals are being made anew. */
  requireIndices(): void {
    if (!this.#node.chainStore.isRebuilding) return;
    const detail = "this node joined a moment ago and is still making its indices: objects can be read by id";
    throw new RpcError("limit", "INDEX_REBUILDING", detail, { retriable: true });
  }

  /** Called after each durable block. Answers how to end it. */
  onBlock(listener: () => void): () => void {
    return this.#node.onBlock(listener);
  }

  /** Why the node should get no traffic; empty if it may. */
  unreadyReasons(): readonly string[] {
    const reasons: string[] = [];
    if (this.#node.isSyncing) reasons.push("the node is catching up");
    const cutOffAt = this.#node.cutOffAt;
    if (cutOffAt !== null)
      reasons.push(`no peer keeps the blocks after height ${cutOffAt} any more: this node must join anew by a snapshot`);
    if (this.#node.isContradicted)
      reasons.push(
        "[CHECKPOINT_CONTRADICTED] the blocks fetched here do not lead to the checkpoint: begin anew with other nodes",
      );
    const muted = this.#node.mutedBecause;
    if (muted !== null) reasons.push(muted);
    const aheadMs = this.#node.clockAheadMs;
    if (Math.abs(aheadMs) > LIMITS.clockAheadMaxMs)
      reasons.push(`the clock is ${Math.abs(aheadMs)} ms ${aheadMs > 0 ? "ahead of" : "behind"} the peers' median`);
    const others = validatorsOf(this.#node.objects).filter(({ member }) => member !== this.member).length;
    if (others > 0 && this.#transport.peers().length === 0) reasons.push("no peer is connected");
    const { absence } = this.#node;
    if (absence !== null)
      reasons.push(
        `${absence.here} of ${absence.authorities} authorities are here, and a block takes ${absence.needed}: not connected to ${absence.absent.join(", ")}`,
      );
    return reasons;
  }

  submit(bytes: Uint8Array): Promise<Result<TxId, AdmissionRefusal>> {
    return new Promise((resolve) => this.#node.submit(bytes, resolve));
  }

  transaction(id: TxId): TxStatus {
    const stored = this.#node.chainStore.transaction(id);
    if (stored !== undefined) {
      const { height, index, receipt, body } = stored;
      const refusal = this.#node.refusalOf(id) ?? null;
      return { status: receipt.code === 0 ? "committed" : "failed", height, index, receipt, refusal, body };
    }
    if (this.#node.mempool.has(id)) return { status: "pending" };
    if (this.#node.isExpired(id)) return { status: "expired" };
    return { status: this.#node.chainStore.isWhole ? "unknown" : "pruned" };
  }

  /** As `transaction`, once it is final, or as it stands after `timeoutMs`. */
  async wait(id: TxId, timeoutMs: number): Promise<TxStatus> {
    const now = this.transaction(id);
    if (now.status !== "pending" && now.status !== "unknown" && now.status !== "pruned") return now;
    if (this.#waiting >= WAITING_MAX)
      throw new RpcError("limit", "TOO_MANY_WAITING", "too many callers wait for transactions", { retriable: true });
    this.#waiting += 1;
    await new Promise<void>((resolve) => {
      const waiters = this.#waiters.get(id) ?? new Set();
      this.#waiters.set(id, waiters);
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting -= 1;
        waiters.delete(finish);
        if (waiters.size === 0 && this.#waiters.get(id) === waiters) this.#waiters.delete(id);
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      timer.unref();
      waiters.add(finish);
    });
    return this.transaction(id);
  }

  /** What the transaction would do on the present state; changes nothing. Signatures are not looked at. */
  simulate(bytes: Uint8Array): Result<Trial, { readonly code: string; readonly detail: string }> {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) return decoded;
    const view = this.#node.objects;
    const { head } = this.#node;
    const timeMs = Math.max(this.#wall.nowMs(), head.timeMs + 1);
    const refusal = judgeAgainstParent(view, decoded.value, { chain: this.#chain, timeMs });
    if (refusal !== null) return err(refusal);
    return ok(tryTransaction({ view, chain: this.#chain, height: head.height + 1, timeMs }, decoded.value));
  }

  block(which: Height | BlockId): { readonly block: Block; readonly id: BlockId; readonly commit: Commit } | undefined {
    const { chainStore } = this.#node;
    const height = typeof which === "number" ? which : chainStore.heightOf(which);
    const block = height === undefined ? undefined : chainStore.block(height);
    const commit = height === undefined ? undefined : chainStore.commit(height);
    return block === undefined || commit === undefined ? undefined : { block, commit, id: commit.block };
  }

  /** The set of a height up to the next, which is the default; undefined if it is not decided. */
  validators(height?: Height): ValidatorSet | undefined {
    return this.#node.validatorsAt(height);
  }

  isKind(kind: string): kind is keyof typeof KINDS {
    return Object.hasOwn(KINDS, kind) && KINDS[kind as keyof typeof KINDS].public;
  }

  #wake(id: TxId): void {
    const waiters = this.#waiters.get(id);
    this.#waiters.delete(id);
    for (const finish of waiters ?? []) finish();
  }
}
