import { blockId, commitHash, evidenceRoot, receiptRoot, txRoot } from "../codec/block.ts";
import { voteSignBytes } from "../codec/vote.ts";
import type { ObjectChange } from "../ledger/book.ts";
import { parentTurn } from "../ledger/governance/turns.ts";
import { assert } from "../lib/assert.ts";
import type { Execution } from "../node/block-executor.ts";
import { REBUILDING_KEY } from "../node/chain-keys.ts";
import { type ChainStore, foundationWrites } from "../node/chain-store.ts";
import { beginChain, type ExecutingChain, executingChain } from "../node/executing-chain.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import type { ObjectView } from "../state/view.ts";
import type { Block, Commit, Header } from "../types/block.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, MemberId, Signature, TimeMs } from "../types/scalars.ts";
import type { Envelope, TxPair } from "../types/transaction.ts";
import type { Validator, ValidatorSet } from "../types/validator-set.ts";
import { StateImport } from "./state-import.ts";

/** The consensus key of an authority, as only a launcher of a whole network has it. */
export interface AuthorityKey {
  readonly member: MemberId;
  readonly sign: (message: Uint8Array) => Signature;
}

interface ForgeModules {
  readonly store: Store;
  readonly hasher: Hasher;
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
  readonly #modules: ForgeModules;
  #made: ExecutingChain;
  #lastCommit: Commit;

  private constructor(identity: ChainIdentity, keys: readonly AuthorityKey[], modules: ForgeModules, made: ExecutingChain) {
    this.#identity = identity;
    this.#keys = keys;
    this.#modules = modules;
    this.#made = made;
    this.#lastCommit = { height: 0, round: 0, block: made.chain.head.block, sigs: [] };
  }

  /** Begins a chain in an empty store. `keys` are all of the genesis's authorities: of those that stay, if the members vote. */
  static async open(identity: ChainIdentity, keys: readonly AuthorityKey[], modules: ForgeModules): Promise<ChainForge> {
    const made = executingChain(identity, modules);
    await written((done) => beginChain(made, done));
    return new ChainForge(identity, keys, modules, made);
  }

  get store(): ChainStore {
    return this.#made.chain;
  }

  /** The ledger's objects as the last block left them. */
  get objects(): ObjectView {
    return this.#made.objects;
  }

  /** The next block, of all of these. Answers what it did. */
  async append(timeMs: TimeMs, envelopes: readonly Envelope[]): Promise<Execution> {
    const { tip, tipHeader } = this.store;
    const height = tip.height + 1;
    const execution = this.#made.executor.execute({
      height,
      timeMs,
      parent: parentTurn(this.#lastCommit, tipHeader),
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
    await this.#finish(timeMs, this.#made.executor.fromChanges(this.store.tip.height + 1, changes), pairs, []);
  }

  /**
   * A block that claims a state of all that the parent's holds and of much beside, which is not made by changing the
   * parent's: rows go to the store as they come, and the tree is built once, from the bottom up. What is left is the store of a node that
   * joined by a snapshot of this block: nothing below it is kept.
   */
  async import(timeMs: TimeMs, fill: (put: (changes: readonly ObjectChange[]) => Promise<void>) => Promise<void>): Promise<void> {
    await this.flush();
    const { chain, executor, objects } = this.#made;
    const height = chain.tip.height + 1;
    const state = new StateImport({ ...this.#modules, height, objects });
    await state.begin();
    await fill((changes) => state.put(changes));
    const stateRoot = await state.finish();
    const outcome = {
      receiptRoot: receiptRoot([], this.#modules.hasher.sha256),
      stateRoot,
      nextValidators: executor.validatorsHash(),
    };
    const sealed = this.#seal(timeMs, outcome, []);
    const changes = await chain.authorityChanges(height, LIMITS.proofChangesMax);
    // Indices and totals are there already.
    const indexed: StoreWrite = { key: REBUILDING_KEY, value: null };
    await written((done) => this.#modules.store.write([...foundationWrites(sealed, changes), indexed], done));
    this.#lastCommit = sealed.commit;
    // As after a start: whatever was read of the state before is forgotten.
    this.#made = executingChain(this.#identity, this.#modules);
  }

  async #finish(timeMs: TimeMs, execution: Execution, pairs: readonly TxPair[], envelopes: readonly Envelope[]): Promise<void> {
    const { chain, executor } = this.#made;
    const sealed = this.#seal(timeMs, execution, pairs);
    const { receipts, nextSet } = execution;
    const derived = executor.writes(sealed.block.header.height, execution);
    chain.stage({ ...sealed, envelopes, receipts, nextSet, derived });
    executor.adopt(execution);
    this.#lastCommit = sealed.commit;
    if (chain.stagedBytes >= FLUSH_BYTES) await this.flush();
  }

  /** The block upon the tip, and the commit of all. */
  #seal(
    timeMs: TimeMs,
    { receiptRoot, stateRoot, nextValidators }: Pick<Execution, "receiptRoot" | "stateRoot" | "nextValidators">,
    pairs: readonly TxPair[],
  ): { readonly block: Block; readonly id: BlockId; readonly commit: Commit } {
    const { chain, executor } = this.#made;
    const { tip } = chain;
    const { set, hash: validators } = executor.authorities();
    const height = tip.height + 1;
    const digest = this.#modules.hasher.sha256;
    const header: Header = {
      v: 1,
      chain: this.#identity.chain,
      height,
      timeMs,
      parent: tip.block,
      proposer: (set[height % set.length] as Validator).member,
      validators,
      nextValidators,
      params: executor.paramsHash(),
      lastCommit: commitHash(this.#lastCommit, digest),
      txRoot: txRoot(pairs, digest),
      receiptRoot,
      stateRoot,
      count: pairs.length,
      evidenceRoot: evidenceRoot([], digest),
    };
    const id = blockId(header, digest);
    const block = { header, pairs, lastCommit: this.#lastCommit, evidence: [] };
    return { block, id, commit: this.#commit(height, id, set) };
  }

  flush(): Promise<void> {
    return written((done) => this.store.flush(done));
  }

  #commit(height: number, block: BlockId, set: ValidatorSet): Commit {
    const said = { height, round: 0, kind: "precommit", block } as const;
    const message = voteSignBytes(this.#identity.chain, said, this.#modules.hasher.sha256);
    const sigs = set.map(({ member }, index) => {
      const key = this.#keys.find((each) => each.member === member);
      assert(key !== undefined, "the forge has the keys of all authorities");
      return { index, sig: key.sign(message) };
    });
    return { height, round: 0, block, sigs };
  }
}

function written(write: (done: (fault: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => write((fault) => (fault === null ? resolve() : reject(fault))));
}
