import { receiptRoot, validatorsHash } from "../codec/block.ts";
import { paramsHash } from "../codec/genesis.ts";
import { encode } from "../codec/schema.ts";
import type { HistoryEntry, ObjectChange } from "../ledger/book.ts";
import { type BlockOutcome, executeBlock, TransitionBug } from "../ledger/execute.ts";
import type { ParentTurn } from "../ledger/governance/turns.ts";
import { KINDS } from "../ledger/kinds.ts";
import type { LedgerRefusal } from "../ledger/refusal.ts";
import { paramsOf, validatorsOf } from "../ledger/validators.ts";
import { RecentMap } from "../lib/recent-map.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import { keyHashesOf, valueHashOf } from "../state/node-hash.ts";
import { pageWrites, type StateTree, type TreeChange, type TreeUpdate } from "../state/tree.ts";
import { type ObjectView, stateKey } from "../state/view.ts";
import type { Evidence } from "../types/block.ts";
import type { ChainParams } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height, TimeMs, TxId } from "../types/scalars.ts";
import type { Envelope, TxReceipt } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { pageKey } from "./chain-keys.ts";
import { dueWrites } from "./due-changes.ts";
import { indexWrites } from "./ledger-index.ts";
import type { ObjectStore } from "./object-store.ts";
import { replacedWrites } from "./replaced.ts";
import { isStoreDamage } from "./stored-record.ts";

export interface Candidate {
  readonly height: Height;
  readonly timeMs: TimeMs;
  readonly parent: ParentTurn;
  readonly evidence: readonly Evidence[];
  readonly transactions: readonly Envelope[];
}

/** What a block does to the state of its parent; kept until the block is decided or its height is over. */
export interface Execution {
  readonly receipts: readonly TxReceipt[];
  readonly refusals: ReadonlyMap<TxId, LedgerRefusal>;
  readonly receiptRoot: Hash;
  readonly stateRoot: Hash;
  /** The authorities of the next height, and their hash. */
  readonly nextSet: ValidatorSet;
  readonly nextValidators: Hash;
  readonly changes: readonly ObjectChange[];
  readonly history: readonly HistoryEntry[];
  readonly tree: TreeUpdate;
  /** Encodings of the changed objects, in the order of `changes`. */
  readonly encodings: readonly (Uint8Array | null)[];
}

/** Authorities, and their hash as headers have it. */
export interface Authorities {
  readonly set: ValidatorSet;
  readonly hash: Hash;
}

/** Executes candidate blocks on the committed state, each on its own; none changes anything until `adopt`. */
export class BlockExecutor {
  readonly #chain: Hash;
  readonly #objects: ObjectStore;
  readonly #tree: StateTree;
  readonly #hasher: Hasher;
  readonly #store: Pick<Store, "get">;
  readonly #refusals = new RecentMap<TxId, LedgerRefusal>(LIMITS.refusalsKeptMax);
  /** Those of the next height, while no block changes a member. */
  #authorities: Authorities | null = null;
  #params: { readonly params: ChainParams; readonly hash: Hash } | null = null;

  constructor(modules: {
    readonly chain: Hash;
    readonly objects: ObjectStore;
    readonly tree: StateTree;
    readonly hasher: Hasher;
    readonly store: Pick<Store, "get">;
  }) {
    this.#chain = modules.chain;
    this.#objects = modules.objects;
    this.#tree = modules.tree;
    this.#hasher = modules.hasher;
    this.#store = modules.store;
  }

  /**
   * Throws TransitionBug for the transaction that made a transition fail, and whatever the store threw if that was why: a damaged disk
   * makes no block invalid.
   */
  execute(candidate: Candidate): Execution {
    return this.#finish(candidate.height, this.#outcomeOf(candidate));
  }

  #outcomeOf(candidate: Candidate): BlockOutcome {
    try {
      return executeBlock({ view: this.#objects, chain: this.#chain, digest: this.#hasher.sha256, ...candidate });
    } catch (error) {
      if (error instanceof TransitionBug && isStoreDamage(error.cause)) throw error.cause;
      throw error;
    }
  }

  /** The state made from nothing but changes: at height 0 the genesis. */
  fromChanges(height: Height, changes: readonly ObjectChange[]): Execution {
    const history = changes.map(({ kind, id, after }): HistoryEntry => ({ kind, id, tx: null, after }));
    return this.#finish(height, { receipts: [], refusals: new Map(), changes, history });
  }

  /** Everything but the block itself that its batch holds. */
  writes(height: Height, execution: Execution): readonly StoreWrite[] {
    const { changes, history, encodings, tree } = execution;
    const writes = indexWrites(height, changes, history, encodings, (key) => this.#store.get(key));
    // Before the genesis there was no state.
    if (height > 0) for (const write of replacedWrites(height, writes, tree)) writes.push(write);
    for (const write of dueWrites(height, history)) writes.push(write);
    for (const { path, bytes } of pageWrites(tree)) writes.push({ key: pageKey(path), value: bytes });
    return writes;
  }

  /** The block is durable: its state is the committed one. */
  adopt(execution: Execution): void {
    for (const { kind, id, after } of execution.changes) this.#objects.adopt(kind, id, after);
    this.#tree.adopt(execution.tree);
    if (execution.changes.some(concernsMembers)) this.#authorities = null;
    for (const [id, refusal] of execution.refusals) this.#refusals.set(id, refusal);
  }

  /** Why a transaction of a recent block had no effect: kept in memory alone, for whoever asks soon. */
  refusalOf(id: TxId): LedgerRefusal | undefined {
    return this.#refusals.get(id);
  }

  /** The authorities of the next height. */
  authorities(): Authorities {
    this.#authorities ??= this.#authoritiesIn(this.#objects);
    return this.#authorities;
  }

  validatorsHash(): Hash {
    return this.authorities().hash;
  }

  paramsHash(): Hash {
    const params = paramsOf(this.#objects);
    if (this.#params?.params !== params) this.#params = { params, hash: paramsHash(params, this.#hasher.sha256) };
    return this.#params.hash;
  }

  #authoritiesIn(view: ObjectView): Authorities {
    const set = validatorsOf(view);
    return { set, hash: validatorsHash(set, this.#hasher.sha256) };
  }

  #finish(height: Height, outcome: BlockOutcome): Execution {
    const { receipts, refusals, changes, history } = outcome;
    const encodings = changes.map(({ kind, after }) => (after === undefined ? null : encode(KINDS[kind].schema, after)));
    const keyHashes = keyHashesOf(
      changes.map(({ kind, id }) => stateKey(kind, id)),
      this.#hasher,
    );
    const treeChanges = encodings.map((encoded, index): TreeChange => {
      return {
        keyHash: keyHashes[index] as Uint8Array,
        valueHash: encoded === null ? null : valueHashOf(encoded, this.#hasher),
      };
    });
    const tree = this.#tree.update(treeChanges, height);
    const next = changes.some(concernsMembers) ? this.#authoritiesIn(overlay(this.#objects, changes)) : this.authorities();
    return {
      receipts,
      refusals,
      receiptRoot: receiptRoot(receipts, this.#hasher.sha256),
      stateRoot: tree.root,
      nextSet: next.set,
      nextValidators: next.hash,
      changes,
      history,
      tree,
      encodings,
    };
  }
}

/** Whether the authorities may be others after it. */
function concernsMembers({ kind }: ObjectChange): boolean {
  return kind === "member" || kind === "members";
}

function overlay(view: ObjectView, changes: readonly ObjectChange[]): ObjectView {
  const relevant = new Map(changes.filter(concernsMembers).map(({ kind, id, after }) => [kind + id, after]));
  return { get: (kind, id) => (relevant.has(kind + id) ? relevant.get(kind + id) : view.get(kind, id)) };
}
