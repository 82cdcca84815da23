import { decodeTransaction } from "../codec/transaction.ts";
import { TransitionBug } from "../ledger/execute.ts";
import { parentTurn } from "../ledger/governance/turns.ts";
import { CodedError } from "../lib/coded-error.ts";
import type { Check } from "../light/commit.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Store } from "../ports/store.ts";
import type { Block, Commit, Header } from "../types/block.ts";
import { authoritiesOf, type ChainIdentity } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { BlockExecutor, Execution } from "./block-executor.ts";
import type { ChainStore } from "./chain-store.ts";
import { beginChain, type ExecutingChain, executingChain } from "./executing-chain.ts";
import { IndexRebuild } from "./index-rebuild.ts";
import { SnapshotJoiner } from "./snapshot-joiner.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { StoreAudit } from "./store-audit.ts";
import { isStoreDamage } from "./stored-record.ts";
import { ValidatorHistory } from "./validator-history.ts";

interface RewindModules {
  readonly identity: ChainIdentity;
  /** The chain that is gone back in: only read. */
  readonly source: { readonly chain: ChainStore; readonly store: Pick<Store, "get" | "range"> };
  /** Where a chain whose first blocks are not kept may begin. */
  readonly snapshots: Pick<SnapshotFiles, "heights" | "read">;
  /** Empty; of use only when `to` has answered. */
  readonly target: Store;
  readonly hasher: Hasher;
  readonly verify: (check: Check) => boolean;
  readonly logger: Logger;
}

export interface RewindReport {
  readonly height: Height;
  readonly block: BlockId;
  readonly stateRoot: Hash;
  /** The height that the copy begins with: 0, or that of a snapshot. */
  readonly base: Height;
  /** How many blocks were executed on it. */
  readonly executed: number;
}

export type RewindFault = "HEIGHT_UNKNOWN" | "HISTORY_PRUNED" | "SNAPSHOT_INVALID" | "BLOCK_NOT_REPRODUCED";

/** There is no way to the state at that height, or it is not what the chain says. */
export class RewindError extends CodedError<RewindFault> {
  override readonly name = "RewindError";
}

/**
 * Makes the store of a chain anew as it stood at an earlier height: every block from the lowest state that is kept is executed again. Each
 * must be signed by the authorities to whom the execution itself led, and come to the roots that its header has; so what comes
 * of it is believed on the genesis alone, and not on the state, the indices or the history of the store that is gone back in.
 */
export class StoreRewind {
  readonly #m: RewindModules;
  readonly #groupBlocks: number;

  constructor(modules: RewindModules, groupBlocks: number = LIMITS.syncGroupBlocksMax) {
    this.#m = modules;
    this.#groupBlocks = groupBlocks;
  }

  /** Throws {@link RewindError}, or as joining by a snapshot does. */
  async to(height: Height): Promise<RewindReport> {
    const { identity, source, target, hasher } = this.#m;
    const from = await this.#lowestState(height);
    if (from > 0) await this.#takeSnapshot(from);
    const made = executingChain(identity, { store: target, hasher });
    const { chain } = made;
    await written((done) => beginChain(made, done));
    const validators = new ValidatorHistory(chain.view, authoritiesOf(identity.genesis), () => chain.tip.height);
    const setAt = (at: Height) => validators.at(at);
    const audit = new StoreAudit({ ...source, hasher, chainId: identity.chain, setAt });
    while (chain.tip.height < height) {
      this.#executeNext(made, audit);
      const isFull = chain.tip.height - chain.head.height >= this.#groupBlocks || chain.stagedBytes >= LIMITS.syncGroupBytesMax;
      if (isFull || chain.tip.height === height) await written((done) => chain.flush(done));
    }
    const { block, stateRoot } = chain.head;
    return { height, block, stateRoot, base: chain.base, executed: height - from };
  }

  /** 0, or the height of a snapshot: the blocks after it are kept. */
  async #lowestState(height: Height): Promise<Height> {
    const { chain } = this.#m.source;
    const { base, head, isWhole } = chain;
    if (height > head.height)
      throw new RewindError("HEIGHT_UNKNOWN", `the chain here ends at height ${head.height}, below ${height}`);
    if (isWhole) return 0;
    const heights = (await this.#m.snapshots.heights()).filter((each) => each >= base);
    const from = heights.find((each) => each <= height);
    if (from !== undefined) return from;
    const kept = heights.length === 0 ? "no snapshot of these" : `the lowest snapshot is of height ${heights[0]}`;
    throw new RewindError("HISTORY_PRUNED", `no way to height ${height}: blocks are kept from ${base} on, and ${kept}`);
  }

  /** As one joins by it: nothing in it is believed that the genesis does not lead to. */
  async #takeSnapshot(height: Height): Promise<void> {
    const { identity, snapshots, target: store, hasher, verify, logger } = this.#m;
    const only = { heights: async () => [height], read: (at: Height, name: string) => snapshots.read(at, name) };
    const reader = new SnapshotReader({ files: only, chain: null });
    const pause = (): Promise<void> => Promise.resolve();
    await new SnapshotJoiner({
      identity,
      checkpoint: null,
      store,
      sources: {
        names: () => ["snapshot"],
        ask: (_, request) => reader.answer(request),
        penalise: (_, reason) => {
          throw new RewindError("SNAPSHOT_INVALID", `the snapshot of height ${height} is not sound: ${reason}`);
        },
      },
      hasher,
      verify: (key, message, signature) => verify({ key, message, signature }),
      logger,
      pause,
    }).join();
    await new IndexRebuild({ store, pause }).run();
  }

  #executeNext({ chain, executor }: ExecutingChain, audit: StoreAudit): void {
    const height = chain.tip.height + 1;
    try {
      const { block, commit } = this.#soundBlock(height, chain.tip.block, audit);
      const envelopes = this.#envelopes(block);
      const { header, lastCommit, evidence } = block;
      const parent = parentTurn(lastCommit, chain.tipHeader);
      const rules = rulesFault(header, executor);
      if (rules !== null) throw unlike(height, rules);
      const execution = executor.execute({ height, timeMs: header.timeMs, parent, evidence, transactions: envelopes });
      const roots = rootsFault(header, execution);
      if (roots !== null) throw unlike(height, roots);
      const { receipts, nextSet } = execution;
      const derived = executor.writes(height, execution);
      chain.stage({ block, id: commit.block, commit, envelopes, receipts, nextSet, derived });
      executor.adopt(execution);
    } catch (error) {
      const isOfBlock = error instanceof TransitionBug || isStoreDamage(error);
      throw isOfBlock ? unlike(height, error.message, error) : error;
    }
  }

  /** As stored, with its transactions and commit; the next on this parent. */
  #soundBlock(height: Height, parent: BlockId, audit: StoreAudit): { readonly block: Block; readonly commit: Commit } {
    const { chain } = this.#m.source;
    // What comes after it may be damaged: it is not needed, and named when it is.
    const looked = audit.block(height, height);
    if (looked !== undefined && looked.finding !== null) throw unlike(height, looked.finding.detail);
    const [block, commit] = [chain.block(height), chain.commit(height)];
    if (looked === undefined || block === undefined || commit === undefined) throw unlike(height, "it is missing");
    if (!looked.checks.every((check) => this.#m.verify(check))) throw unlike(height, "its commit has a wrong signature");
    if (block.header.height !== height || block.header.parent !== parent) throw unlike(height, "it has another parent");
    return { block, commit };
  }

  #envelopes({ header, pairs }: Block): readonly Envelope[] {
    const { hasher, source } = this.#m;
    return pairs.map(({ id }) => {
      const body = source.chain.transaction(id)?.body;
      const decoded = body === undefined ? undefined : decodeTransaction(body, hasher.sha256);
      if (!decoded?.ok) throw unlike(header.height, `transaction ${id} is missing or does not decode`);
      return decoded.value;
    });
  }
}

/** What the state before a block says of who signs it and by which parameters. */
function rulesFault(header: Header, executor: BlockExecutor): string | null {
  if (header.validators !== executor.validatorsHash()) return "its authorities are others";
  return header.params === executor.paramsHash() ? null : "its parameters are others";
}

function rootsFault(header: Header, execution: Execution): string | null {
  if (execution.stateRoot !== header.stateRoot) return "it comes to another state root";
  if (execution.receiptRoot !== header.receiptRoot) return "it comes to another receipt root";
  return execution.nextValidators === header.nextValidators ? null : "it comes to other authorities";
}

function unlike(height: Height, detail: string, cause?: unknown): RewindError {
  return new RewindError("BLOCK_NOT_REPRODUCED", `block ${height} cannot be executed again: ${detail}`, cause);
}

function written(write: (done: (fault: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => write((fault) => (fault === null ? resolve() : reject(fault))));
}
