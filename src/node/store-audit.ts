import { blockId, commitHash, evidenceRoot, receiptRoot, txRoot } from "../codec/block.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { equalBytes, toHex } from "../lib/bytes.ts";
import { type Check, commitChecks } from "../light/commit.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store, StoreEntry } from "../ports/store.ts";
import { EMPTY_HASH, keyHashOf, valueHashOf } from "../state/node-hash.ts";
import { Page, StateCorruptError } from "../state/page.ts";
import { CHILDREN } from "../state/page-shape.ts";
import { prove, verifyProof } from "../state/proof.ts";
import { StateTree } from "../state/tree.ts";
import { stateKey } from "../state/view.ts";
import type { Block } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height } from "../types/scalars.ts";
import type { TxReceipt } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { pageUndoKey } from "./chain-keys.ts";
import type { ChainStore } from "./chain-store.ts";
import { placeOf, versionOf } from "./object-store.ts";
import { PastPages } from "./past-pages.ts";
import { objectKey, placeOfHistory, splitKey, stateKeyOf } from "./store-keys.ts";
import { StoreCorruptError } from "./stored-record.ts";

/** Something stored that is not what was once written. */
export interface AuditFinding {
  readonly what: "page" | "object" | "block" | "history" | "past";
  /** A page's path, an object's kind and id, a block's height; of an older version its object and height, of a past page height and path. */
  readonly where: string;
  readonly detail: string;
}

/** What came of looking at a page of a past state. */
interface PastLook {
  readonly finding: AuditFinding | null;
  readonly below: readonly string[];
  readonly row: Uint8Array | null;
}

const NOTHING_PAST: PastLook = { finding: null, below: [], row: null };
const TX_BYTES = 32;

/**
 * What of the store can be checked against roots, piece by piece: for the auditor in the background and for the command that checks
 * a store at rest. While blocks are being written a piece may be read half before and half after one: whoever audits a running
 * node looks again before believing a finding.
 */
export class StoreAudit {
  readonly #chain: ChainStore;
  readonly #store: Pick<Store, "get" | "range">;
  readonly #hasher: Hasher;
  readonly #chainId: Hash;
  readonly #setAt: (height: Height) => ValidatorSet | undefined;

  constructor(modules: {
    readonly chain: ChainStore;
    readonly store: Pick<Store, "get" | "range">;
    readonly hasher: Hasher;
    readonly chainId: Hash;
    /** The authorities that sign a height. */
    readonly setAt: (height: Height) => ValidatorSet | undefined;
  }) {
    this.#chain = modules.chain;
    this.#store = modules.store;
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

  /**
   * What the last block touched, for a start: the hash of each page that it changed made again from the page and compared with the page above,
   * up to the root and its header, and each object whose version it replaced compared with its leaf.
   */
  touched(): AuditFinding | null {
    const { height, stateRoot } = this.#chain.head;
    const header = height === 0 ? undefined : this.#chain.block(height)?.header;
    const found = (where: string, detail: string): AuditFinding => ({ what: "page", where, detail });
    if (height > 0 && header?.stateRoot !== stateRoot) return found("", "the last block is not there, or has another root");
    const { pages, history } = this.#chain.replaced(height);
    const read = new Map<string, Page | undefined>();
    const pageAt = (path: string): Page | undefined => {
      if (!read.has(path)) read.set(path, this.#page(path));
      return read.get(path);
    };
    try {
      if (toHex(pageAt("")?.top?.hash ?? EMPTY_HASH) !== stateRoot)
        return found("", "the tree has not the root of the last block");
      for (const path of pages) {
        if (path === "") continue;
        const above = pageAt(path.slice(0, -1))?.child(Number.parseInt(path.slice(-1), 16)) ?? null;
        const expected = above === null || above.leaf !== null ? undefined : above.hash;
        const hash = pageAt(path)?.top?.hash;
        const isSame = expected === undefined || hash === undefined ? expected === hash : equalBytes(expected, hash);
        if (!isSame) return found(path, "it has not the hash that stands above it");
      }
    } catch (error) {
      if (error instanceof StateCorruptError) return found("", error.message);
      throw error;
    }
    const entries = history.flatMap((row): readonly StoreEntry[] => {
      const { kind, id } = placeOfHistory(row);
      const value = this.#store.get(objectKey(kind, id));
      return value === undefined ? [] : [{ key: objectKey(kind, id), value }];
    });
    return this.objects(entries);
  }

  /** Stored objects (entries of the store as they are) against the leaves of the newest state; the first that differs. */
  objects(entries: readonly StoreEntry[]): AuditFinding | null {
    // One tree for all: the pages above are read once.
    const tree = new StateTree(this.#chain.pages, this.#hasher, LIMITS.proofCacheBytes);
    for (const { key, value } of entries) {
      const { texts, rest } = splitKey(key, 1);
      const [kind = ""] = texts;
      const where = `${kind} ${toHex(rest)}`;
      try {
        // The store's key of an object is a prefix and the state's own key.
        const { leaf } = prove(tree, stateKeyOf(key), this.#hasher);
        if (leaf === null || !equalBytes(leaf.keyHash, keyHashOf(stateKeyOf(key), this.#hasher)))
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
   * Older versions of objects (entries of the history as they are, in order) against the state tree of the block that made them, or of the
   * base if that is younger; the first of so many that differs. So the undos that lead there are looked at, too. What
   * was replaced by the same block, or is to be let go of, was in no state that is kept.
   */
  async history(entries: readonly StoreEntry[], count = entries.length): Promise<AuditFinding | null> {
    const past = new PastPages({ store: this.#store, chain: this.#chain, hasher: this.#hasher });
    for (const [index, { key, value }] of entries.slice(0, count).entries()) {
      const { kind, id, height } = placeOfHistory(key);
      const where = `${kind} ${id} ${height}`;
      const shownAt = Math.max(height, this.#chain.base);
      const replacedAt = this.#replacedAt(kind, id, entries[index + 1]);
      if (replacedAt !== undefined && replacedAt <= shownAt) continue;
      const detail = await this.#versionFault(past, kind, id, shownAt, value.subarray(TX_BYTES));
      // What was let go of meanwhile needs no looking at.
      if (detail !== null && this.#isKept(key)) return { what: "history", where, detail };
    }
    return null;
  }

  /**
   * A page of the state after a block, as undos tell it, against those right below it that the next block changed, the root page against the
   * block's header; and the pages to look at next. What the next block did not change is what it was after that: block by block down from
   * the newest state, no undo is left out. `row`: the next block's undo of what is not right, be it there or not; if that one is sound, a later
   * block's is wrong, and found there.
   */
  async pastPage(height: Height, path: string): Promise<PastLook> {
    const past = new PastPages({ store: this.#store, chain: this.#chain, hasher: this.#hasher });
    let astray = path;
    const found = (detail: string): PastLook => {
      // What was let go of meanwhile needs no looking at.
      if (height < this.#chain.base) return NOTHING_PAST;
      const finding = { what: "past", where: `${height} ${path}`, detail } as const;
      return { finding, below: [], row: pageUndoKey(astray, height + 1) };
    };
    try {
      const page = await past.page(path, height);
      const root = path === "" ? this.#chain.block(height)?.header.stateRoot : undefined;
      if (root !== undefined && toHex(page?.top?.hash ?? EMPTY_HASH) !== root)
        return found("the tree had not the root of the block");
      const next = page === undefined ? undefined : await past.page(path, height + 1);
      const below: string[] = [];
      for (let nibble = 0; nibble < CHILDREN; nibble++) {
        const [child, later] = [page?.child(nibble), next?.child(nibble)];
        if (child == null || child.leaf !== null || (later != null && equalBytes(child.hash, later.hash))) continue;
        astray = path + nibble.toString(16);
        const top = (await past.page(astray, height))?.top;
        if (top == null || top.leaf !== null || !equalBytes(top.hash, child.hash))
          return found(`page ${astray} had not the hash that stood above it`);
        below.push(astray);
      }
      return { finding: null, below, row: null };
    } catch (error) {
      if (error instanceof StateCorruptError) return found(error.message);
      throw error;
    }
  }

  /** With which block the next version came: the entry that follows, if it is of the same object, or what is there now. */
  #replacedAt(kind: string, id: Hash, following: StoreEntry | undefined): Height | undefined {
    const place = following === undefined ? undefined : placeOfHistory(following.key);
    if (place?.id === id && place.kind === kind) return place.height;
    const newest = this.#store.get(objectKey(kind, id));
    return newest === undefined ? undefined : placeOf(newest).height;
  }

  #isKept(key: Uint8Array): boolean {
    return this.#store.get(key) !== undefined;
  }

  async #versionFault(past: PastPages, kind: string, id: Hash, height: Height, encoding: Uint8Array): Promise<string | null> {
    try {
      const root = height === 0 ? null : this.#chain.block(height)?.header.stateRoot;
      const key = stateKey(kind, id);
      const pages = await past.at(height, [keyHashOf(key, this.#hasher)]);
      if (pages === undefined || root === undefined) return "the state of its height is not there";
      const tree = new StateTree(pages, this.#hasher, LIMITS.proofCacheBytes);
      if (root !== null && tree.root() !== root) return "the state of its height has not the root of the block";
      const value = encoding.length === 0 ? null : encoding;
      const proof = prove(tree, key, this.#hasher);
      return verifyProof(tree.root(), key, value, proof, this.#hasher) ? null : "the state of its height held another version";
    } catch (error) {
      if (error instanceof StateCorruptError || error instanceof StoreCorruptError) return error.message;
      throw error;
    }
  }

  /**
   * A block with its transactions and receipts against its own header, its id against its commit and, where that is stored, the block after
   * it, unless that is above `upTo`. Signatures are the answer, for whichever verifier is at hand. undefined: it is not stored.
   */
  block(
    height: Height,
    upTo: Height = Number.MAX_SAFE_INTEGER,
  ): { readonly finding: AuditFinding | null; readonly checks: readonly Check[] } | undefined {
    const found = (detail: string) => ({ finding: { what: "block", where: String(height), detail } as const, checks: [] });
    if (height < this.#chain.base) return undefined;
    try {
      const [block, commit] = [this.#chain.block(height), this.#chain.commit(height)];
      if (block === undefined && commit === undefined) return undefined;
      if (block === undefined || commit === undefined) return found("block or commit is missing");
      const id = blockId(block.header, this.#hasher.sha256);
      const detail = this.#blockFault(block, id, upTo);
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

  #blockFault({ header, pairs, lastCommit, evidence }: Block, id: BlockId, upTo: Height): string | null {
    const digest = this.#hasher.sha256;
    if (txRoot(pairs, digest) !== header.txRoot || pairs.length !== header.count) return "the transactions are not the header's";
    if (commitHash(lastCommit, digest) !== header.lastCommit) return "the parent's commit is not the header's";
    if (evidenceRoot(evidence, digest) !== header.evidenceRoot) return "the evidence is not the header's";
    const next = header.height < upTo ? this.#chain.block(header.height + 1) : undefined;
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
