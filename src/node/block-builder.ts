import { blockId, commitHash, evidenceRoot, txRoot } from "../codec/block.ts";
import { TransitionBug } from "../ledger/execute.ts";
import { parentTurn } from "../ledger/governance/turns.ts";
import { judgeAgainstParent } from "../ledger/judge.ts";
import { paramsOf } from "../ledger/validators.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MonotonicClock, WallClock } from "../ports/clock.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { Block, Commit, Evidence, Header } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, MemberId } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { AdaptiveBlockSize } from "./adaptive-block-size.ts";
import type { BlockExecutor, Execution } from "./block-executor.ts";
import type { ChainStore } from "./chain-store.ts";
import type { ObjectStore } from "./object-store.ts";

export interface Built {
  readonly id: BlockId;
  readonly block: Block;
  readonly envelopes: readonly Envelope[];
  readonly execution: Execution;
}

interface BuilderModules {
  readonly chain: Hash;
  readonly self: MemberId;
  readonly store: ChainStore;
  readonly objects: ObjectStore;
  readonly executor: BlockExecutor;
  readonly mempool: Mempool;
  readonly wall: WallClock;
  readonly clock: MonotonicClock;
  readonly hasher: Hasher;
  readonly size: AdaptiveBlockSize;
  readonly logger: Logger;
}

/** Makes the block of one's own turn: chooses, executes, and puts the roots of the result in the same block's header. */
export class BlockBuilder {
  readonly #m: BuilderModules;

  constructor(modules: BuilderModules) {
    this.#m = modules;
  }

  build(lastCommit: Commit, evidence: readonly Evidence[]): Built {
    const { head } = this.#m.store;
    const timeMs = Math.max(this.#m.wall.nowMs(), head.timeMs + 1);
    const params = paramsOf(this.#m.objects);
    const failingMax = Math.max(1, Math.floor((params.blockTxMax * LIMITS.failedShareOfBlockPercent) / 100));
    const countMax = Math.min(params.blockTxMax, this.#m.size.count);
    let transactions = this.#choose({ countMax, bytesMax: params.blockBytesMax, failingMax, blockTimeMs: timeMs });
    for (;;) {
      const startedMs = this.#m.clock.nowMs();
      const candidate = {
        height: head.height + 1,
        timeMs,
        parent: parentTurn(lastCommit, this.#m.store.tipHeader),
        evidence,
        transactions,
      };
      let execution: Execution;
      try {
        execution = this.#m.executor.execute(candidate);
      } catch (error) {
        if (!(error instanceof TransitionBug)) throw error;
        // A bug of one transaction must not stop this node's turns: it is left out, and not proposed by this node again.
        this.#m.logger.error("a transition failed while a block was built", { tx: error.tx, cause: String(error.cause) });
        this.#m.mempool.quarantine(error.tx);
        transactions = transactions.filter(({ pair }) => pair.id !== error.tx);
        continue;
      }
      this.#m.size.measured(transactions.length, this.#m.clock.nowMs() - startedMs);
      const failing = transactions.filter((_, index) => execution.receipts[index]?.code !== 0).map(({ pair }) => pair.id);
      this.#m.mempool.demote(failing);
      if (failing.length <= failingMax) return this.#finish(lastCommit, evidence, timeMs, transactions, execution);
      const kept = new Set(failing.slice(0, failingMax));
      const dropped = new Set(failing.filter((id) => !kept.has(id)));
      transactions = transactions.filter(({ pair }) => !dropped.has(pair.id));
    }
  }

  #choose(bounds: Parameters<Mempool["take"]>[0]): readonly Envelope[] {
    const taken = this.#m.mempool.take(bounds);
    return taken.filter((envelope) => {
      const refusal = judgeAgainstParent(this.#m.objects, envelope, { chain: this.#m.chain, timeMs: bounds.blockTimeMs });
      if (refusal !== null && !refusal.retriable) this.#m.mempool.remove([envelope.pair.id]);
      return refusal === null;
    });
  }

  #finish(
    lastCommit: Commit,
    evidence: readonly Evidence[],
    timeMs: number,
    envelopes: readonly Envelope[],
    execution: Execution,
  ): Built {
    const { head } = this.#m.store;
    const digest = this.#m.hasher.sha256;
    const pairs = envelopes.map(({ pair }) => pair);
    const header: Header = {
      v: 1,
      chain: this.#m.chain,
      height: head.height + 1,
      timeMs,
      parent: head.block,
      proposer: this.#m.self,
      validators: this.#m.executor.validatorsHash(),
      nextValidators: execution.nextValidators,
      params: this.#m.executor.paramsHash(),
      lastCommit: commitHash(lastCommit, digest),
      txRoot: txRoot(pairs, digest),
      receiptRoot: execution.receiptRoot,
      stateRoot: execution.stateRoot,
      count: pairs.length,
      evidenceRoot: evidenceRoot(evidence, digest),
    };
    return { id: blockId(header, digest), block: { header, pairs, lastCommit, evidence }, envelopes, execution };
  }
}
