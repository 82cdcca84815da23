import { blockId, commitHash, evidenceRoot, receiptRoot, txRoot } from "../codec/block.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { equalBytes, toHex } from "../lib/bytes.ts";
import { type Check, commitChecks } from "../light/commit.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { StoreEntry } from "../ports/store.ts";
import { EMPTY_HASH, keyHashOf, valueHashOf } from "../state/node-hash.ts";
import { CHILDREN, Page, StateCorruptError } from "../state/page.ts";
import { prove } from "../state/proof.ts";
import { StateTree } from "../state/tree.ts";
import type { Block } from "../types/block.ts";
import type { BlockId, Hash, Height } from "../types/scalars.ts";
import type { TxReceipt } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import type { ChainStore } from "./chain-store.ts";
import { versionOf } from "./object-store.ts";
import { splitKey } from "./store-keys.ts";
import { StoreCorruptError } from "./stored-record.ts";

/** Something stored that is not what was once written. */
export interface AuditFinding {
  readonly what: "page" | "object" | "block";
  /** A page's path, an object's kind and id, a block's height. */
  readonly where: string;
  readonly detail: string;
}

const TX_BYTES = 32;

/**
 * What of the store can be checked against roots, piece by piece: for the auditor in the background and for the command that checks
 * a store at rest. While blocks are being written a piece may be read half before and half after one: whoever audits a running
 * node looks again before believing a finding.
 */
export class StoreAudit {
  readonly #chain: ChainStore;
  readonly #hasher: Hasher;
  readonly #chainId: Hash;
  readonly #setAt: (height: Height) => ValidatorSet | undefined;

  constructor(modules: {
    readonly chain: ChainStore;
    readonly hasher: Hasher;
    readonly chainId: Hash;
    /** The authorities that sign a height. */
    readonly setAt: (height: Height) => ValidatorSet | undefined;
  }) {
    this.#chain = modules.chain;
    this.#hasher = modules.hasher;
    this.#chainId = modules.chainId;
    this.#setAt = modules.setAt;
  }

  /** A page of the newest state against those right below it, the root page against the last header; and the pages to look at next. */
  page(path: string): { readonly finding: AuditFinding | null; readonly below: readonly string[]; readonly leaves: number } {
    const found = (detail: string) => ({ finding: { what: "page", where: path, detail } as const, below: [], leaves: 0 });
    try {
      const page = this.#page(path);
      if (path === "" && toHex(page?.top?.hash ?? EMPTY_HASH) !== this.#chain.head.stateRoot)
        return found("the tree has not the root of the last block");
      // Gone since the page above was looked at.
      if (page === undefined) return { finding: null, below: [], leaves: 0 };
      const below: string[] = [];
      let leaves = 0;
      for (let nibble = 0; nibble < CHILDREN; nibble++) {
        const child = page.child(nibble);
        if (child?.leaf != null) leaves += 1;
        if (child === null || child.leaf !== null) continue;
        const next = path + nibble.toString(16);
        const top = this.#page(next)?.top;
        if (top === undefined || top === null || top.leaf !== null) return found(`page ${next} is missing`);
        if (!equalBytes(top.hash, child.hash)) return found(`page ${next} has not the hash that stands above it`);
        below.push(next);
      }
      return { finding: null, below, leaves };
    } catch (error) {
      if (error instanceof StateCorruptError) return found(error.message);
      throw error;
    }
  }

  /** Stored objects (entries of the store as they are) against the leaves of the newest state; the first that differs. */
  objects(entries: readonly StoreEntry[]): AuditFinding | null {
    // One tree for all: the pages above are read once.
    const tree = new StateTree(this.#chain.pages, this.#hasher);
    for (const { key, value } of entries) {
      const { texts, rest } = splitKey(key, 1);
      const [kind = ""] = texts;
      const where = `${kind} ${toHex(rest)}`;
      try {
        // The store's key of an object is a prefix and the state's own key.
        const { leaf } = prove(tree, key.subarray(1), this.#hasher);
        if (leaf === null || !equalBytes(leaf.keyHash, keyHashOf(key.subarray(1), this.#hasher)))
          return { what: "object", where, detail: "the state does not hold it" };
        if (!equalBytes(leaf.valueHash, valueHashOf(versionOf(value).subarray(TX_BYTES), this.#hasher)))
          return { what: "object", where, detail: "the state holds another version" };
      } catch (error) {
        if (error instanceof StateCorruptError) return { what: "object", where, detail: error.message };
        throw error;
      }
    }
    return null;
  }

  /**
   * A block with its transactions and receipts against its own header, its id against its commit and, where that is stored, the block after
   * it. Signatures are the answer, for whichever verifier is at hand. undefined: it is not stored.
   */
  block(height: Height): { readonly finding: AuditFinding | null; readonly checks: readonly Check[] } | undefined {
    const found = (detail: string) => ({ finding: { what: "block", where: String(height), detail } as const, checks: [] });
    try {
      const [block, commit] = [this.#chain.block(height), this.#chain.commit(height)];
      if (block === undefined && commit === undefined) return undefined;
      if (block === undefined || commit === undefined) return found("block or commit is missing");
      const id = blockId(block.header, this.#hasher.sha256);
      const detail = this.#blockFault(block, id);
      if (detail !== null) return found(detail);
      const set = this.#setAt(height);
      if (set === undefined) return found("its authorities are not known");
      const checks = commitChecks(this.#chainId, commit, { height, block: id, set }, this.#hasher.sha256);
      return checks.ok ? { finding: null, checks: checks.value } : found(checks.error);
    } catch (error) {
      if (error instanceof StoreCorruptError) return found(error.message);
      throw error;
    }
  }

  #blockFault({ header, pairs, lastCommit, evidence }: Block, id: BlockId): string | null {
    const digest = this.#hasher.sha256;
    if (txRoot(pairs, digest) !== header.txRoot || pairs.length !== header.count) return "the transactions are not the header's";
    if (commitHash(lastCommit, digest) !== header.lastCommit) return "the parent's commit is not the header's";
    if (evidenceRoot(evidence, digest) !== header.evidenceRoot) return "the evidence is not the header's";
    const next = this.#chain.block(header.height + 1);
    if (next !== undefined && next.header.parent !== id) return "the next block has another parent";
    // Of the block at which a node joined it has the ids alone.
    if (header.height <= this.#chain.base) return null;
    const receipts: TxReceipt[] = [];
    for (const pair of pairs) {
      const stored = this.#chain.transaction(pair.id);
      const decoded = stored === undefined ? undefined : decodeTransaction(stored.body, digest);
      if (stored === undefined || !decoded?.ok) return `transaction ${pair.id} is missing or does not decode`;
      if (decoded.value.pair.id !== pair.id || decoded.value.pair.sigs !== pair.sigs) return `transaction ${pair.id} is another`;
      receipts.push(stored.receipt);
    }
    return receiptRoot(receipts, digest) === header.receiptRoot ? null : "the receipts are not the header's";
  }

  #page(path: string): Page | undefined {
    const bytes = this.#chain.pages.page(path);
    return bytes === undefined ? undefined : Page.decode(bytes, this.#hasher);
  }
}
