import { blockSchema, commitSchema } from "../codec/block.ts";
import { type AuthorityChange, authorityChangeSchema } from "../codec/proof.ts";
import { encode, hash, type Infer, int, type Schema, struct } from "../codec/schema.ts";
import { assert } from "../lib/assert.ts";
import type { Store, StoreRange, StoreWrite } from "../ports/store.ts";
import type { PageReader } from "../state/tree.ts";
import type { Block, Commit, Header } from "../types/block.ts";
import type { BlockId, Hash, Height, TimeMs, TxId } from "../types/scalars.ts";
import type { Envelope, TxReceipt } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import {
  authorityChangeKey,
  BASE_KEY,
  blockByIdKey,
  blockKey,
  commitKey,
  dueKey,
  HEAD_KEY,
  isPastKey,
  JOINING_KEY,
  pageKey,
  REBUILDING_KEY,
  REWRITTEN,
  replacedKey,
  SWEPT_KEY,
  transactionKey,
} from "./chain-keys.ts";
import { type DueChange, dueChangesSchema } from "./due-changes.ts";
import type { EncodedBlock } from "./messages.ts";
import { type Replaced, replacedKeys, replacedSchema } from "./replaced.ts";
import { StagedStore } from "./staged-store.ts";
import { isHistoryKey } from "./store-keys.ts";
import { readRecord } from "./stored-record.ts";
import { bodyOf, heightOf, readStoredTransaction, type StoredTransaction, storedTransaction } from "./stored-transaction.ts";
import { changesWrite, changeWrite } from "./validator-history.ts";

/** How rows are written: a folder of another version is refused, and not misread. */
const VERSION = 2;

/** The last finalised block, as written in its batch. */
const headSchema = struct({
  v: int({ min: VERSION, max: VERSION }),
  chain: hash,
  height: int(),
  block: hash,
  stateRoot: hash,
  timeMs: int(),
});
export type Head = Infer<typeof headSchema>;

/** Of a store at rest; undefined: no chain is in it, or not all of what it begins with. */
export function storedHead(store: Pick<Store, "get">): Head | undefined {
  const value = store.get(HEAD_KEY);
  return value === undefined ? undefined : readRecord(value, headSchema);
}

export interface FinalisedBlock {
  readonly block: Block;
  readonly id: BlockId;
  readonly commit: Commit;
  readonly envelopes: readonly Envelope[];
  readonly receipts: readonly TxReceipt[];
  /** The authorities of the next height. */
  readonly nextSet: ValidatorSet;
  /** State pages, ledger objects and indices of this block. */
  readonly derived: readonly StoreWrite[];
}

/**
 * Blocks, commits and transactions in the node's store. A decided block is one synced batch (protocol.md §7). A node that catches up
 * stages blocks, executes the next on top, and makes a group of them durable by one synced batch: the disk never holds a part of it, so
 * what a start finds is a whole block either way. `head` is the last durable block, and all that readers and peers are told of; `tip` is
 * the last executed one, the parent of whatever is checked next.
 */
export class ChainStore {
  readonly #store: Store;
  readonly #staged: StagedStore;
  readonly #chain: Hash;
  #head: Head;
  #tip: Head;
  #tipHeader: Header | null = null;

  /** Throws StoreCorruptError, HalfJoinedError, or GenesisMismatchError if the folder belongs to another chain. */
  constructor(store: Store, genesis: { readonly chain: Hash; readonly stateRoot: Hash; readonly timeMs: TimeMs }) {
    if (store.get(JOINING_KEY) !== undefined) throw new HalfJoinedError();
    this.#store = store;
    this.#staged = new StagedStore(store, REWRITTEN);
    this.#chain = genesis.chain;
    this.#head =
      storedHead(this.#staged) ??
      ({
        v: VERSION,
        chain: genesis.chain,
        height: 0,
        block: genesis.chain as BlockId,
        stateRoot: genesis.stateRoot,
        timeMs: genesis.timeMs,
      } as Head);
    if (this.#head.chain !== genesis.chain) throw new GenesisMismatchError(this.#head.chain, genesis.chain);
    this.#tip = this.#head;
  }

  get head(): Head {
    return this.#head;
  }

  get tip(): Head {
    return this.#tip;
  }

  /** The tip's header; null before the first block. */
  get tipHeader(): Header | null {
    if (this.#tip.height > 0) this.#tipHeader ??= this.block(this.#tip.height)?.header ?? null;
    return this.#tipHeader;
  }

  /** Bytes that are executed and not yet on their way to the disk. */
  get stagedBytes(): number {
    return this.#staged.stagedBytes;
  }

  /** The store as execution sees it: with what is staged. */
  get view(): Pick<Store, "get"> {
    return this.#staged;
  }

  /** Whether the genesis objects were ever written. */
  get isNew(): boolean {
    return this.#store.get(HEAD_KEY) === undefined;
  }

  /** The genesis objects, before the first block. */
  writeGenesis(derived: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    assert(this.#head.height === 0, "the genesis is written once");
    this.#store.write([...derived, { key: HEAD_KEY, value: encode(headSchema, this.#head) }], done);
  }

  /**
   * The whole block in one synced batch. Head and tip move when `done(null)` is called, not before. Answers the bytes that it adds to the
   * past that is kept.
   */
  write(finalised: FinalisedBlock, done: (fault: Error | null) => void): number {
    const head = this.#headOf(finalised);
    assert(this.#tip === this.#head, "nothing is staged under a decided block");
    const batch = this.#batchOf(finalised, head);
    this.#store.write(batch, (fault) => {
      if (fault === null) {
        this.#head = head;
        this.#moveTip(head, finalised);
      }
      done(fault);
    });
    return pastBytes(batch);
  }

  /** Executed and part of the next flush: the tip moves, the head does not. Answers as `write`. */
  stage(finalised: FinalisedBlock): number {
    const head = this.#headOf(finalised);
    const batch = this.#batchOf(finalised, head);
    this.#staged.stage(batch);
    this.#moveTip(head, finalised);
    return pastBytes(batch);
  }

  /** All that is staged in one synced batch. The head moves to the present tip when `done(null)` is called; one flush at a time. */
  flush(done: (fault: Error | null) => void): void {
    const head = this.#tip;
    this.#staged.flush((fault) => {
      if (fault === null) this.#head = head;
      done(fault);
    });
  }

  #moveTip(head: Head, { block }: FinalisedBlock): void {
    this.#tip = head;
    this.#tipHeader = block.header;
  }

  #headOf({ block, id }: FinalisedBlock): Head {
    const { height, stateRoot, timeMs } = block.header;
    assert(height === this.#tip.height + 1, "blocks are written in order");
    return { v: VERSION, chain: this.#chain, height, block: id, stateRoot, timeMs };
  }

  #batchOf(finalised: FinalisedBlock, head: Head): readonly StoreWrite[] {
    const { block, id, commit, envelopes, receipts, nextSet } = finalised;
    const { height, validators, nextValidators } = block.header;
    const batch: StoreWrite[] = [
      { key: blockKey(height), value: encode(blockSchema, block) },
      { key: commitKey(height), value: encode(commitSchema, commit) },
      { key: blockByIdKey(id), value: encode(int(), height) },
    ];
    for (const [index, envelope] of envelopes.entries()) {
      const value = storedTransaction({ height, index, receipt: receipts[index] as TxReceipt, body: envelope.bytes });
      batch.push({ key: transactionKey(envelope.pair.id), value });
    }
    // Kept whatever the retention policy: every proof leads over these from the genesis.
    if (nextValidators !== validators) {
      const change = { header: block.header, commit, set: nextSet };
      batch.push({ key: authorityChangeKey(height), value: encode(authorityChangeSchema, change) });
      batch.push(changeWrite(this.#staged, height));
    }
    for (const write of finalised.derived) batch.push(write);
    batch.push({ key: HEAD_KEY, value: encode(headSchema, head) });
    return batch;
  }

  /** A block with its bodies as they are stored, undefined if any of it is not kept: what peers are sent. */
  encodedBlock(height: Height): EncodedBlock | undefined {
    const block = this.#staged.get(blockKey(height));
    const commit = this.#staged.get(commitKey(height));
    if (block === undefined || commit === undefined) return undefined;
    const bodies: Uint8Array[] = [];
    for (const { id } of readRecord(block, blockSchema).pairs) {
      const body = this.body(id);
      if (body === undefined) return undefined;
      bodies.push(body);
    }
    return { block, commit, bodies };
  }

  block(height: Height): Block | undefined {
    return this.#read(blockKey(height), blockSchema);
  }

  commit(height: Height): Commit | undefined {
    return this.#read(commitKey(height), commitSchema);
  }

  /** The changes of the authorities at heights from `from` on and below `before`, oldest first. */
  authorityChanges(before: Height, limit: number, from: Height = 0): Promise<readonly AuthorityChange[]> {
    return this.#changes({ from: authorityChangeKey(Math.min(from, before)), to: authorityChangeKey(before), limit });
  }

  dueChanges(height: Height): readonly DueChange[] {
    return this.#read(dueKey(height), dueChangesSchema) ?? [];
  }

  heightOf(id: BlockId): Height | undefined {
    return this.#read(blockByIdKey(id), int());
  }

  /** Of durable blocks only: what is reported committed stays so. undefined also where the id alone is kept. */
  transaction(id: TxId): StoredTransaction | undefined {
    const row = this.#transactionRow(id);
    return row === undefined ? undefined : readStoredTransaction(row);
  }

  /** The bytes of a transaction, as `transaction` has them. */
  body(id: TxId): Uint8Array | undefined {
    const row = this.#transactionRow(id);
    return row === undefined ? undefined : bodyOf(row);
  }

  /** A row for each used id, empty where the rest was let go of. */
  #transactionRow(id: TxId): Uint8Array | undefined {
    const row = this.#staged.get(transactionKey(id));
    return row === undefined || row.length === 0 || heightOf(row) > this.#head.height ? undefined : row;
  }

  /** Blocks below are not kept here, nor is the state after any of them. */
  get base(): Height {
    return this.#read(BASE_KEY, int()) ?? 0;
  }

  /** Whether all of the chain's transactions are kept here: else of an id that is not found nothing is known. */
  get isWhole(): boolean {
    return this.base <= 1;
  }

  /** Up to here nothing is left of what lies below the base. */
  get swept(): Height {
    return this.#read(SWEPT_KEY, int()) ?? this.base;
  }

  /** The base rises: what lies below is to be deleted from where that was left off. */
  baseWrites(to: Height): readonly StoreWrite[] {
    const { base, swept } = this;
    assert(to > base && to <= this.#head.height, "the base rises, and not beyond the head");
    return [{ key: BASE_KEY, value: encode(int(), to) }, this.sweptWrite(swept)];
  }

  sweptWrite(to: Height): StoreWrite {
    return { key: SWEPT_KEY, value: encode(int(), to) };
  }

  /** Whether indices and totals are still to be made from the objects. */
  get isRebuilding(): boolean {
    return this.#store.get(REBUILDING_KEY) !== undefined;
  }

  /** Whether a block up to the tip holds it. */
  hasTransaction(id: TxId): boolean {
    return this.#staged.get(transactionKey(id)) !== undefined;
  }

  page(path: string): Uint8Array | undefined {
    return this.#staged.get(pageKey(path));
  }

  /** The newest durable state's pages. Who reads several may find the next block's among them. */
  get pages(): PageReader {
    return { page: (path) => this.#store.get(pageKey(path)) };
  }

  /** What a block put aside; nothing where it is no longer kept. */
  replaced(height: Height): Replaced {
    return this.#read(replacedKey(height), replacedSchema) ?? { history: [], pages: [] };
  }

  #changes(range: StoreRange): Promise<readonly AuthorityChange[]> {
    return this.#store.range(range).then((entries) => entries.map(({ value }) => readRecord(value, authorityChangeSchema)));
  }

  #read<T>(key: Uint8Array, schema: Schema<T>): T | undefined {
    const value = this.#staged.get(key);
    return value === undefined ? undefined : readRecord(value, schema);
  }
}

function pastBytes(batch: readonly StoreWrite[]): number {
  let bytes = 0;
  for (const { key, value } of batch) if (isPastKey(key) || isHistoryKey(key)) bytes += key.length + (value?.length ?? 0);
  return bytes;
}

/**
 * What goes when the base rises above a height: its block and transactions, and what the next block put aside of the state after it. The
 * rows that tell of the others come last.
 */
export function rowsOfHeight(
  chain: ChainStore,
  height: Height,
): { readonly transactions: readonly TxId[]; readonly others: readonly Uint8Array[] } {
  const block = chain.block(height);
  const commit = chain.commit(height);
  const next = height + 1;
  return {
    transactions: block?.pairs.map(({ id }) => id) ?? [],
    others: [
      ...replacedKeys(next, chain.replaced(next)),
      dueKey(height),
      ...(commit === undefined ? [] : [blockByIdKey(commit.block)]),
      replacedKey(next),
      commitKey(height),
      blockKey(height),
    ],
  };
}

/** A transaction of which nothing is kept but that its id is used. */
export function usedIdWrite(id: TxId): StoreWrite {
  return { key: transactionKey(id), value: new Uint8Array(0) };
}

/**
 * What makes a store with the objects and pages of a state the store of a node whose chain begins with this block: nothing below is
 * there, and indices and totals are still to be made. The last batch of a joiner.
 */
export function foundationWrites(
  { block, id, commit }: { readonly block: Block; readonly id: BlockId; readonly commit: Commit },
  changes: readonly AuthorityChange[],
): readonly StoreWrite[] {
  const { chain, height, stateRoot, timeMs } = block.header;
  return [
    { key: blockKey(height), value: encode(blockSchema, block) },
    { key: commitKey(height), value: encode(commitSchema, commit) },
    { key: blockByIdKey(id), value: encode(int(), height) },
    ...changes.map((change) => ({
      key: authorityChangeKey(change.header.height),
      value: encode(authorityChangeSchema, change),
    })),
    changesWrite(changes.map((change) => change.header.height)),
    { key: BASE_KEY, value: encode(int(), height) },
    { key: REBUILDING_KEY, value: new Uint8Array(0) },
    { key: HEAD_KEY, value: encode(headSchema, { v: VERSION, chain, height, block: id, stateRoot, timeMs }) },
  ];
}

/** The store is being filled by a snapshot, or was when that was interrupted: it is no chain's yet. */
export class HalfJoinedError extends Error {
  override readonly name = "HalfJoinedError";
  readonly code = "STORE_HALF_JOINED";
  constructor() {
    super(
      "this data folder holds only a part of a snapshot: let the node join, which goes on with it where it lies, or delete it",
    );
  }
}

/** The data folder was made for another genesis. */
export class GenesisMismatchError extends Error {
  override readonly name = "GenesisMismatchError";
  readonly code = "GENESIS_MISMATCH";
  constructor(stored: Hash, given: Hash) {
    super(`this data folder belongs to chain ${stored}, but the genesis given makes chain ${given}`);
  }
}
