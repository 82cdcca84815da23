import { blockId, commitHash, evidenceRoot, txRoot } from "../codec/block.ts";
import { voteSignBytes } from "../codec/vote.ts";
import type { ObjectChange } from "../ledger/book.ts";
import { parentTurn } from "../ledger/governance/turns.ts";
import type { BlockExecutor, Execution } from "../node/block-executor.ts";
import type { ChainStore } from "../node/chain-store.ts";
import { beginChain, executingChain } from "../node/executing-chain.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store } from "../ports/store.ts";
import type { ObjectView } from "../state/view.ts";
import type { Commit, Header } from "../types/block.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import type { BlockId, MemberId, Signature, TimeMs } from "../types/scalars.ts";
import type { Envelope, TxPair } from "../types/transaction.ts";

/** The consensus key of an authority, as only a launcher of a whole network has it. */
export interface AuthorityKey {
  readonly member: MemberId;
  readonly sign: (message: Uint8Array) => Signature;
}

/** A block's writes go to the disk when so many bytes are staged. */
const FLUSH_BYTES = 8 * 1024 * 1024;

/**
 * Makes a chain without a network, by holding all authorities' keys: the same executor and the same store as a node's, and blocks that
 * any node accepts. For benches and tests that need a long chain and not the time that agreeing on it takes.
 */
export class ChainForge {
  readonly #identity: ChainIdentity;
  readonly #keys: readonly AuthorityKey[];
  readonly #hasher: Hasher;
  readonly #executor: BlockExecutor;
  readonly store: ChainStore;
  /** The ledger's objects as the last block left them. */
  readonly objects: ObjectView;
  #lastCommit: Commit;

  private constructor(
    identity: ChainIdentity,
    keys: readonly AuthorityKey[],
    hasher: Hasher,
    executor: BlockExecutor,
    store: ChainStore,
    objects: ObjectView,
  ) {
    this.#identity = identity;
    this.#keys = keys;
    this.#hasher = hasher;
    this.#executor = executor;
    this.store = store;
    this.objects = objects;
    this.#lastCommit = { height: 0, round: 0, block: store.head.block, sigs: [] };
  }

  /** Begins a chain in an empty store. `keys` are all of the genesis's authorities, in member order. */
  static async open(
    identity: ChainIdentity,
    keys: readonly AuthorityKey[],
    modules: { readonly store: Store; readonly hasher: Hasher },
  ): Promise<ChainForge> {
    const made = executingChain(identity, modules);
    await written((done) => beginChain(made, done));
    const { chain, objects, executor } = made;
    return new ChainForge(identity, keys, modules.hasher, executor, chain, objects);
  }

  /** The next block, of all of these. Answers what it did. */
  async append(timeMs: TimeMs, envelopes: readonly Envelope[]): Promise<Execution> {
    const { tip, tipHeader } = this.store;
    const height = tip.height + 1;
    const execution = this.#executor.execute({
      height,
      timeMs,
      parent: parentTurn(this.#lastCommit, tipHeader?.proposer ?? null),
      evidence: [],
      transactions: envelopes,
    });
    await this.#finish(
      timeMs,
      execution,
      envelopes.map(({ pair }) => pair),
      envelopes,
    );
    return execution;
  }

  /**
   * A block that claims these objects and these transactions out of nothing: who executes it refuses it, but who joins by a snapshot of a
   * later block has no occasion to. For benches that need a large state and not the time that making it takes.
   */
  async preload(timeMs: TimeMs, changes: readonly ObjectChange[], pairs: readonly TxPair[]): Promise<void> {
    await this.#finish(timeMs, this.#executor.fromChanges(changes), pairs, []);
  }

  async #finish(timeMs: TimeMs, execution: Execution, pairs: readonly TxPair[], envelopes: readonly Envelope[]): Promise<void> {
    const { tip } = this.store;
    const height = tip.height + 1;
    const digest = this.#hasher.sha256;
    const header: Header = {
      v: 1,
      chain: this.#identity.chain,
      height,
      timeMs,
      parent: tip.block,
      proposer: (this.#keys[height % this.#keys.length] as AuthorityKey).member,
      validators: this.#executor.validatorsHash(),
      nextValidators: execution.nextValidators,
      params: this.#executor.paramsHash(),
      lastCommit: commitHash(this.#lastCommit, digest),
      txRoot: txRoot(pairs, digest),
      receiptRoot: execution.receiptRoot,
      stateRoot: execution.stateRoot,
      count: pairs.length,
      evidenceRoot: evidenceRoot([], digest),
    };
    const id = blockId(header, digest);
    const commit = this.#commit(height, id);
    this.store.stage({
      block: { header, pairs, lastCommit: this.#lastCommit, evidence: [] },
      id,
      commit,
      envelopes,
      receipts: execution.receipts,
      nextSet: execution.nextSet,
      derived: this.#executor.writes(height, execution),
    });
    this.#executor.adopt(execution);
    this.#lastCommit = commit;
    if (this.store.stagedBytes >= FLUSH_BYTES) await this.flush();
  }

  flush(): Promise<void> {
    return written((done) => this.store.flush(done));
  }

  #commit(height: number, block: BlockId): Commit {
    const said = { height, round: 0, kind: "precommit", block } as const;
    const message = voteSignBytes(this.#identity.chain, said, this.#hasher.sha256);
    return { height, round: 0, block, sigs: this.#keys.map(({ sign }, index) => ({ index, sig: sign(message) })) };
  }
}

function written(write: (done: (fault: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => write((fault) => (fault === null ? resolve() : reject(fault))));
}
