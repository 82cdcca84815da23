import { blockSchema, commitSchema } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { bytes, encode, hash, type Infer, int, type Schema, struct } from "../codec/schema.ts";
import { receiptSchema } from "../codec/transaction.ts";
import { assert } from "../lib/assert.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import type { Block, Commit } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height, TimeMs, TxId } from "../types/scalars.ts";
import type { Envelope, TxReceipt } from "../types/transaction.ts";
import { blockByIdKey, blockKey, commitKey, HEAD_KEY, pageKey, transactionKey } from "./chain-keys.ts";

/** The last finalised block, as written in its batch. */
const headSchema = struct({
  v: int({ min: 1, max: 1 }),
  chain: hash,
  height: int(),
  block: hash,
  stateRoot: hash,
  timeMs: int(),
});
export type Head = Infer<typeof headSchema>;

/** A finalised transaction by id: where it is, what came of it, and its bytes. Also the set of used ids. */
const storedTransactionSchema = struct({
  height: int({ min: 1 }),
  index: int({ max: LIMITS.blockTxMax }),
  receipt: receiptSchema,
  body: bytes({ min: 1, max: LIMITS.txBytesMax }),
});
export type StoredTransaction = Infer<typeof storedTransactionSchema>;

const STORED_BYTES_MAX = 2 * LIMITS.responseBytesMax;

/** What was read does not have the form it was written in: the disk lied, and the node must not go on. */
export class StoreCorruptError extends Error {
  override readonly name = "StoreCorruptError";
  readonly code = "STORE_CORRUPT";
}

export interface FinalisedBlock {
  readonly block: Block;
  readonly id: BlockId;
  readonly commit: Commit;
  readonly envelopes: readonly Envelope[];
  readonly receipts: readonly TxReceipt[];
  /** State pages, ledger objects and indices of this block. */
  readonly derived: readonly StoreWrite[];
}

/** Blocks, commits and transactions in the node's store; one synced batch per block (protocol.md §7). */
export class ChainStore {
  readonly #store: Store;
  readonly #chain: Hash;
  #head: Head;

  /** Throws StoreCorruptError, or GenesisMismatchError if the folder belongs to another chain. */
  constructor(store: Store, genesis: { readonly chain: Hash; readonly stateRoot: Hash; readonly timeMs: TimeMs }) {
    this.#store = store;
    this.#chain = genesis.chain;
    this.#head =
      this.#read(HEAD_KEY, headSchema) ??
      ({
        v: 1,
        chain: genesis.chain,
        height: 0,
        block: genesis.chain as BlockId,
        stateRoot: genesis.stateRoot,
        timeMs: genesis.timeMs,
      } as Head);
    if (this.#head.chain !== genesis.chain) throw new GenesisMismatchError(this.#head.chain, genesis.chain);
  }

  get head(): Head {
    return this.#head;
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

  /** The whole block in one synced batch. The head moves when `done(null)` is called, not before. */
  write(finalised: FinalisedBlock, done: (fault: Error | null) => void): void {
    const { block, id, commit, envelopes, receipts } = finalised;
    const { height, stateRoot, timeMs } = block.header;
    assert(height === this.#head.height + 1, "blocks are written in order");
    const head: Head = { v: 1, chain: this.#chain, height, block: id, stateRoot, timeMs };
    const batch: StoreWrite[] = [
      { key: blockKey(height), value: encode(blockSchema, block) },
      { key: commitKey(height), value: encode(commitSchema, commit) },
      { key: blockByIdKey(id), value: encode(int(), height) },
    ];
    for (const [index, envelope] of envelopes.entries()) {
      const stored: StoredTransaction = { height, index, receipt: receipts[index] as TxReceipt, body: envelope.bytes };
      batch.push({ key: transactionKey(envelope.pair.id), value: encode(storedTransactionSchema, stored) });
    }
    for (const write of finalised.derived) batch.push(write);
    batch.push({ key: HEAD_KEY, value: encode(headSchema, head) });
    this.#store.write(batch, (fault) => {
      if (fault === null) this.#head = head;
      done(fault);
    });
  }

  block(height: Height): Block | undefined {
    return this.#read(blockKey(height), blockSchema);
  }

  commit(height: Height): Commit | undefined {
    return this.#read(commitKey(height), commitSchema);
  }

  heightOf(id: BlockId): Height | undefined {
    return this.#read(blockByIdKey(id), int());
  }

  transaction(id: TxId): StoredTransaction | undefined {
    return this.#read(transactionKey(id), storedTransactionSchema);
  }

  hasTransaction(id: TxId): boolean {
    return this.#store.get(transactionKey(id)) !== undefined;
  }

  page(path: string): Uint8Array | undefined {
    return this.#store.get(pageKey(path));
  }

  #read<T>(key: Uint8Array, schema: Schema<T>): T | undefined {
    const value = this.#store.get(key);
    if (value === undefined) return undefined;
    const decoded = decode(schema, value, STORED_BYTES_MAX);
    if (!decoded.ok) throw new StoreCorruptError(`a stored record does not decode: ${decoded.error.code}`);
    return decoded.value;
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
