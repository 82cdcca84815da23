import { commitHash, evidenceRoot, txRoot } from "../codec/block.ts";
import { TransitionBug } from "../ledger/execute.ts";
import { parentTurn } from "../ledger/governance/turns.ts";
import { judgeAgainstParent } from "../ledger/judge.ts";
import { activePositions, paramsOf } from "../ledger/validators.ts";
import { assert } from "../lib/assert.ts";
import { commitChecks, evidenceChecks } from "../light/commit.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MonotonicClock } from "../ports/clock.ts";
import type { Hasher, Verifier, VerifyItem } from "../ports/crypto.ts";
import type { Logger, Metrics } from "../ports/observe.ts";
import type { Block } from "../types/block.ts";
import type { Hash, Height, PublicKey, TxId } from "../types/scalars.ts";
import type { Envelope, TxPair } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import type { BlockExecutor, Execution } from "./block-executor.ts";
import type { BodyFetcher } from "./body-fetcher.ts";
import type { ChainStore } from "./chain-store.ts";
import type { EventLoop } from "./event-loop.ts";
import { isRecent } from "./evidence-pool.ts";
import type { ObjectStore } from "./object-store.ts";
import { signatureChecks } from "./transaction-pool.ts";
import type { ValidatorHistory } from "./validator-history.ts";
import type { VerifiedSignatures } from "./verified-signatures.ts";

/** A block that checks, with what it does. */
export interface Validated {
  readonly envelopes: readonly Envelope[];
  readonly execution: Execution;
}

interface ValidatorModules {
  readonly chain: Hash;
  readonly loop: EventLoop;
  readonly store: ChainStore;
  readonly objects: ObjectStore;
  readonly validators: ValidatorHistory;
  readonly executor: BlockExecutor;
  readonly mempool: Mempool;
  readonly fetcher: BodyFetcher;
  /** A body that has come and is not verified yet: to be verified here, but not to be asked for. */
  readonly incoming: (pair: TxPair) => Envelope | undefined;
  readonly verifier: Verifier;
  readonly verified: VerifiedSignatures;
  readonly hasher: Hasher;
  readonly clock: MonotonicClock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Everything that makes a block on the chain's tip valid or not, by protocol.md §2–§3; executes it before anybody votes. */
export class BlockValidator {
  readonly #m: ValidatorModules;

  constructor(modules: ValidatorModules) {
    this.#m = modules;
  }

  /**
   * `done` is called once with the block's effect, or the code of what is wrong; not at all if the height moved on. `known` are bodies
   * at hand beside the mempool's; `from` is asked first for what is missing.
   */
  validate(
    block: Block,
    known: readonly Envelope[] | null,
    from: PublicKey | undefined,
    isWanted: () => boolean,
    done: (outcome: Validated | string) => void,
  ): void {
    const fault = this.#formFault(block);
    if (fault !== null) {
      done(fault);
      return;
    }
    const { header, pairs } = block;
    const given = finder(known ?? []);
    const trusted = new Set<Envelope>();
    const bodies = pairs.map((pair, index) => {
      const pending = this.#m.mempool.get(pair.id);
      if (pending !== undefined && pending.pair.sigs === pair.sigs) {
        trusted.add(pending);
        return pending;
      }
      return given(pair, index) ?? this.#m.incoming(pair);
    });
    const missing = pairs.filter((_, index) => bodies[index] === undefined);
    const complete = (fetched: readonly Envelope[]): void => {
      const rest = new Map(fetched.map((envelope) => [envelope.pair.id as string, envelope]));
      const envelopes = pairs.map((pair, index) => bodies[index] ?? (rest.get(pair.id) as Envelope));
      this.#verify(block, envelopes, trusted, isWanted, done);
    };
    if (missing.length === 0) complete([]);
    else this.#m.fetcher.fetch(header.height, missing, from, isWanted, complete);
  }

  /** Header against the tip and the block's own content. */
  #formFault({ header, pairs, lastCommit, evidence }: Block): string | null {
    const { tip } = this.#m.store;
    const digest = this.#m.hasher.sha256;
    if (header.chain !== this.#m.chain || header.height !== tip.height + 1 || header.parent !== tip.block)
      return "BLOCK_NOT_NEXT";
    if (header.timeMs <= tip.timeMs) return "BLOCK_TIME";
    if (header.validators !== this.#m.executor.validatorsHash()) return "BLOCK_VALIDATORS";
    if (header.params !== this.#m.executor.paramsHash()) return "BLOCK_PARAMS";
    if (header.count !== pairs.length || pairs.length > paramsOf(this.#m.objects).blockTxMax) return "BLOCK_COUNT";
    if (header.lastCommit !== commitHash(lastCommit, digest)) return "BLOCK_LAST_COMMIT";
    if (header.txRoot !== txRoot(pairs, digest)) return "BLOCK_TX_ROOT";
    if (header.evidenceRoot !== evidenceRoot(evidence, digest)) return "BLOCK_EVIDENCE_ROOT";
    if (!this.#m.executor.authorities().set.some(({ member }) => member === header.proposer)) return "BLOCK_PROPOSER";
    if (new Set(pairs.map(({ id }) => id)).size !== pairs.length) return "BLOCK_REPEATS_TRANSACTION";
    if (pairs.some(({ id }) => this.#isUsed(id))) return "BLOCK_REPEATS_TRANSACTION";
    return null;
  }

  /** What is pending was looked up when it came, and would be gone had a durable block taken it: most need no look into the store. */
  #isUsed(id: TxId): boolean {
    const { store, mempool } = this.#m;
    return (store.tip !== store.head || !mempool.has(id)) && store.hasTransaction(id);
  }

  #verify(
    block: Block,
    envelopes: readonly Envelope[],
    trusted: ReadonlySet<Envelope>,
    isWanted: () => boolean,
    done: (outcome: Validated | string) => void,
  ): void {
    const checks = this.#checks(block);
    if (typeof checks === "string") {
      done(checks);
      return;
    }
    const items: VerifyItem[] = [...checks];
    for (const envelope of envelopes) {
      if (!trusted.has(envelope) && !this.#m.verified.hasEnvelope(envelope)) items.push(...signatureChecks(envelope));
    }
    const proceed = (valid: readonly boolean[]): void => {
      if (!isWanted()) return;
      done(valid.every((each) => each) ? this.#execute(block, envelopes) : "BLOCK_SIGNATURE");
    };
    if (items.length === 0) proceed([]);
    else this.#m.verifier.verify(items, "consensus", this.#m.loop.callback(proceed));
  }

  /** Signatures of the parent's commit and of evidence that were not verified before. */
  #checks({ header, lastCommit, evidence }: Block): readonly VerifyItem[] | string {
    const { tip } = this.#m.store;
    const items: VerifyItem[] = [];
    if (header.height === 1) {
      if (lastCommit.height !== 0 || lastCommit.round !== 0 || lastCommit.sigs.length !== 0 || lastCommit.block !== tip.block)
        return "BLOCK_LAST_COMMIT";
    } else {
      const set = this.#setOf(tip.height);
      const claim = { height: tip.height, block: tip.block, set };
      const checks = commitChecks(this.#m.chain, lastCommit, claim, this.#m.hasher.sha256);
      if (!checks.ok) return checks.error;
      items.push(...checks.value.filter((check) => !this.#m.verified.has(check)));
    }
    for (const entry of evidence) {
      if (!isRecent(entry, header.height)) return "BLOCK_EVIDENCE";
      const checks = evidenceChecks(this.#m.chain, entry, this.#setOf(entry.height), this.#m.hasher.sha256);
      if (checks === null) return "BLOCK_EVIDENCE";
      items.push(...checks);
    }
    return items;
  }

  /** Who signed a height up to the block's own: each is judged by its own set. */
  #setOf(height: Height): ValidatorSet {
    const set = this.#m.validators.at(height);
    assert(set !== undefined, "the authorities of every height up to the next are known");
    return set;
  }

  #execute(block: Block, envelopes: readonly Envelope[]): Validated | string {
    const { header, lastCommit, evidence } = block;
    const params = paramsOf(this.#m.objects);
    let bytes = 0;
    for (const envelope of envelopes) {
      bytes += envelope.bytes.length;
      const refusal = judgeAgainstParent(this.#m.objects, envelope, { chain: this.#m.chain, timeMs: header.timeMs });
      if (refusal !== null) return `BLOCK_TRANSACTION_${refusal.code}`;
    }
    if (bytes > params.blockBytesMax) return "BLOCK_BYTES";
    const startedMs = this.#m.clock.nowMs();
    let execution: Execution;
    try {
      execution = this.#m.executor.execute({
        height: header.height,
        timeMs: header.timeMs,
        parent: parentTurn(lastCommit, this.#m.store.tipHeader),
        evidence,
        transactions: envelopes,
      });
    } catch (error) {
      if (!(error instanceof TransitionBug)) throw error;
      this.#m.logger.error("a transition failed in a proposed block", { tx: error.tx, cause: String(error.cause) });
      return "BLOCK_EXECUTION_FAILED";
    }
    this.#m.metrics.observe("zhonglian_execution_seconds", (this.#m.clock.nowMs() - startedMs) / 1000);
    if (execution.stateRoot !== header.stateRoot) return "BLOCK_STATE_ROOT";
    if (execution.receiptRoot !== header.receiptRoot) return "BLOCK_RECEIPT_ROOT";
    if (execution.nextValidators !== header.nextValidators) return "BLOCK_NEXT_VALIDATORS";
    return { envelopes, execution };
  }

  /** Positions that take turns at the next height. */
  active(): readonly number[] {
    return activePositions(this.#m.objects, this.#m.store.tip.height + 1);
  }
}

/** Finds bodies by their pairs; nearly always they are given in the block's own order. */
function finder(known: readonly Envelope[]): (pair: TxPair, index: number) => Envelope | undefined {
  let byPair: ReadonlyMap<string, Envelope> | null = null;
  return (pair, index) => {
    const here = known[index];
    if (here !== undefined && here.pair.id === pair.id && here.pair.sigs === pair.sigs) return here;
    byPair ??= new Map(known.map((envelope) => [envelope.pair.id + envelope.pair.sigs, envelope]));
    return byPair.get(pair.id + pair.sigs);
  };
}
