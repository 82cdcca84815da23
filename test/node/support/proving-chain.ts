import { blockId, commitHash, evidenceRoot, txRoot, validatorsHash } from "../../../src/codec/block.ts";
import { paramsHash } from "../../../src/codec/genesis.ts";
import { voteSignBytes } from "../../../src/codec/vote.ts";
import { sha256, sha256Pairs } from "../../../src/crypto/hash.ts";
import type { BlockOutcome } from "../../../src/ledger/execute.ts";
import { genesisObjects } from "../../../src/ledger/genesis-objects.ts";
import { KINDS, type Kind } from "../../../src/ledger/kinds.ts";
import { BlockExecutor, type Execution } from "../../../src/node/block-executor.ts";
import { ChainStore } from "../../../src/node/chain-store.ts";
import { EventReader } from "../../../src/node/event-reader.ts";
import { LedgerReader } from "../../../src/node/ledger-reader.ts";
import { ObjectStore } from "../../../src/node/object-store.ts";
import { PastPages } from "../../../src/node/past-pages.ts";
import { ProofReader } from "../../../src/node/proof-reader.ts";
import { ValidatorHistory } from "../../../src/node/validator-history.ts";
import type { StoreWrite } from "../../../src/ports/store.ts";
import type { LocalNode } from "../../../src/rpc/local-node.ts";
import { StateTree } from "../../../src/state/tree.ts";
import type { Commit, Evidence, Header } from "../../../src/types/block.ts";
import { authoritiesOf, type ChainIdentity } from "../../../src/types/genesis.ts";
import type { BlockId, MemberId, TxId } from "../../../src/types/scalars.ts";
import type { Envelope } from "../../../src/types/transaction.ts";
import type { ValidatorSet } from "../../../src/types/validator-set.ts";
import { TestChain } from "../../ledger/support/chain.ts";
import { testKey } from "../../ledger/support/firm.ts";
import { MemoryStore } from "./memory-store.ts";

const HASHER = { sha256, sha256Pairs };

/** A store whose writes are durable at once. */
class PromptStore extends MemoryStore {
  override write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    this.put(batch);
    done(null);
  }
}

/** A chain of the ledger's tests that also makes real blocks of it, signed by its authorities and stored as a node stores them. */
export class ProvingChain extends TestChain {
  readonly store = new PromptStore();
  readonly blocks: ChainStore;
  readonly ledger: LedgerReader;
  readonly proofs: ProofReader;
  readonly events: EventReader;
  readonly #listeners = new Set<() => void>();
  readonly #executor: BlockExecutor;
  #set: ValidatorSet;
  #next: ValidatorSet;
  #lastCommit: Commit;
  #commits = 0;

  constructor(identity: ChainIdentity, signatures: "real" | "none" = "none") {
    super(identity, signatures);
    const { chain, genesis } = identity;
    const objects = new ObjectStore(this.store);
    const tree = new StateTree({ page: (path) => this.blocks.page(path) }, HASHER);
    this.#executor = new BlockExecutor({ chain, objects, tree, hasher: HASHER, store: this.store });
    const empty = new StateTree({ page: () => undefined }, HASHER);
    const first = new BlockExecutor({
      chain,
      objects: new ObjectStore({ get: () => undefined }),
      tree: empty,
      hasher: HASHER,
      store: { get: () => undefined },
    }).fromChanges(0, genesisObjects(identity));
    this.blocks = new ChainStore(this.store, { chain, stateRoot: first.stateRoot, timeMs: genesis.timeMs });
    this.blocks.writeGenesis(this.#executor.writes(0, first), () => undefined);
    this.#executor.adopt(first);
    this.ledger = new LedgerReader(this.store);
    this.events = new EventReader({ chain: this.blocks, ledger: this.ledger });
    const pastPages = new PastPages({ store: this.store, chain: this.blocks, hasher: HASHER });
    this.proofs = new ProofReader({
      chain: this.blocks,
      ledger: this.ledger,
      hasher: HASHER,
      pagesAt: (height, keyHashes) => pastPages.at(height, keyHashes),
      pause: () => Promise.resolve(),
    });
    this.#set = authoritiesOf(genesis);
    this.#next = this.#set;
    this.#lastCommit = { height: 0, round: 0, block: chain as BlockId, sigs: [] };
  }

  authoritiesAt(height: number): ValidatorSet | undefined {
    const { blocks, identity } = this;
    return new ValidatorHistory(blocks.view, authoritiesOf(identity.genesis), () => blocks.tip.height).at(height);
  }

  /** As much of a node as an RPC server asks for events and proofs. */
  get node(): LocalNode {
    const { events, proofs, ledger, blocks } = this;
    return {
      events,
      proofs,
      ledger,
      at: () => ({ height: blocks.head.height, blockTimeMs: blocks.head.timeMs, syncing: false }),
      requireKept: () => undefined,
      requireIndices: () => undefined,
      status: () => ({ height: blocks.head.height, blockId: blocks.head.block }),
      isKind: (kind: string) => Object.hasOwn(KINDS, kind) && KINDS[kind as Kind].public,
      block: (height: number) => {
        const [block, commit] = [blocks.block(height), blocks.commit(height)];
        return block === undefined || commit === undefined ? undefined : { block, commit, id: commit.block };
      },
      validators: (height: number) => this.authoritiesAt(height),
      transaction: (id: TxId) => blocks.transaction(id) ?? { status: "unknown" },
      onBlock: (listener: () => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    } as unknown as LocalNode;
  }

  /** With the next block the authorities become these, as governance would have it. */
  announce(set: ValidatorSet): void {
    this.#next = set;
  }

  override block(
    transactions: readonly Envelope[],
    options: { readonly evidence?: readonly Evidence[]; readonly round?: number } = {},
  ): BlockOutcome {
    const { parent } = this;
    const outcome = super.block(transactions, options);
    const evidence = options.evidence ?? [];
    const execution = this.#executor.execute({
      height: this.height,
      timeMs: this.timeMs,
      parent,
      evidence,
      transactions,
    });
    this.#store(transactions, evidence, { ...execution, nextSet: this.#next });
    for (const listener of this.#listeners) listener();
    return outcome;
  }

  /** A commit by the authorities at these places. */
  commitOf(header: Header, signers: readonly number[], set: ValidatorSet = this.#set): Commit {
    const { chain, height } = header;
    const block = blockId(header);
    const message = voteSignBytes(chain, { height, round: 0, kind: "precommit", block });
    const sigs = signers.map((index) => ({ index, sig: testKey(`${set[index]?.member} authority`).sign(message) }));
    return { height, round: 0, block, sigs };
  }

  #store(envelopes: readonly Envelope[], evidence: readonly Evidence[], execution: Execution): void {
    const pairs = envelopes.map(({ pair }) => pair);
    const header: Header = {
      v: 1,
      chain: this.identity.chain,
      height: this.height,
      timeMs: this.timeMs,
      parent: this.#lastCommit.block,
      proposer: this.#set[this.height % this.#set.length]?.member as MemberId,
      validators: validatorsHash(this.#set),
      nextValidators: validatorsHash(this.#next),
      params: paramsHash(this.identity.genesis.params),
      lastCommit: commitHash(this.#lastCommit),
      txRoot: txRoot(pairs),
      receiptRoot: execution.receiptRoot,
      stateRoot: execution.stateRoot,
      count: pairs.length,
      evidenceRoot: evidenceRoot(evidence),
    };
    // Every fourth authority is late with every fourth commit.
    this.#commits += 1;
    const late = this.#commits % 4;
    const signers = this.#set.map((_, index) => index).filter((index) => this.#set.length < 4 || index !== late);
    const commit = this.commitOf(header, signers);
    this.blocks.write(
      {
        block: { header, pairs, lastCommit: this.#lastCommit, evidence },
        id: commit.block,
        commit,
        envelopes,
        receipts: execution.receipts,
        nextSet: this.#next,
        derived: this.#executor.writes(this.height, execution),
      },
      () => undefined,
    );
    this.#executor.adopt(execution);
    this.#lastCommit = commit;
    this.#set = this.#next;
  }
}
