import { commitSchema, headerSchema, pairLeaf } from "../codec/block.ts";
import { authorityChangeSchema, packHashes, proofDigest } from "../codec/proof.ts";
import { encode, type Json, type StructSchema } from "../codec/schema.ts";
import { encodeReceipt, eventSchema } from "../codec/transaction.ts";
import { inclusionProof } from "../crypto/merkle.ts";
import { KINDS, type Kind, type LedgerObject } from "../ledger/kinds.ts";
import { differencesOf, type ObjectJson, parentOf } from "../ledger/title.ts";
import { toHex } from "../lib/bytes.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Hasher } from "../ports/crypto.ts";
import { proveAll, verifyAll } from "../state/multi-proof.ts";
import { keyHashOf } from "../state/node-hash.ts";
import { prove, verifyProof } from "../state/proof.ts";
import { type PageReader, StateTree } from "../state/tree.ts";
import { stateKey } from "../state/view.ts";
import type { Block, Commit } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height, TxId } from "../types/scalars.ts";
import type { LedgerEvent, TxReceipt } from "../types/transaction.ts";
import type { ChainStore } from "./chain-store.ts";
import type { LedgerReader } from "./ledger-reader.ts";

export type ProofJson = { readonly [field: string]: Json };

export interface ProofRefusal {
  readonly code: "ID_INVALID" | "NOT_FOUND" | "BLOCK_NOT_FOUND" | "HISTORY_PRUNED" | "STATE_MOVING" | "PROOF_TOO_LARGE";
  readonly detail: string;
}

/** The tree's pages on the ways to these keys as they were after a block, undefined where they are not kept. */
type PagesAt = (height: Height, keyHashes: readonly Uint8Array[]) => Promise<PageReader | undefined>;

/** What a proof may be of: an object of a kind, or something in a block. */
export type ProofKind = Kind | "transaction" | "txReceipt" | "event";

interface Finalised {
  readonly block: Block;
  readonly commit: Commit;
}

/** What is shown, and the block that it is shown by. */
interface Shown extends Finalised {
  readonly fact: ProofJson;
}

interface Line {
  readonly id: Hash;
  readonly object: LedgerObject;
}

/** Tries at the state of the newest block, which the next one may be overwriting meanwhile. */
const ATTEMPTS_MAX = 40;
const EVENT_ID = /^([0-9a-f]{64})\/(0|[1-9][0-9]{0,3})$/;
const HASH = /^[0-9a-f]{64}$/;

/** Makes self-contained proofs (codec/README.md §7) out of what a node stores; whoever has the genesis checks them offline. */
export class ProofReader {
  readonly #chain: ChainStore;
  readonly #ledger: LedgerReader;
  readonly #hasher: Hasher;
  readonly #pagesAt: PagesAt;
  readonly #pause: () => Promise<void>;

  constructor(modules: {
    readonly chain: ChainStore;
    readonly ledger: LedgerReader;
    readonly hasher: Hasher;
    readonly pagesAt: PagesAt;
    /** A moment in which the block under way may become durable. */
    readonly pause: () => Promise<void>;
  }) {
    this.#chain = modules.chain;
    this.#ledger = modules.ledger;
    this.#hasher = modules.hasher;
    this.#pagesAt = modules.pagesAt;
    this.#pause = modules.pause;
  }

  /**
   * `height` is the block after which an object is shown, by default the newest; what is in a block has that block's. `since`: the height of a
   * header that whoever checks it trusts; the authorities' changes up to there are left out.
   */
  async prove(kind: ProofKind, id: string, height?: Height, since: Height = 0): Promise<Result<ProofJson, ProofRefusal>> {
    const shown = await this.#show(kind, id, height);
    return shown.ok ? this.#assemble(shown.value, since) : shown;
  }

  #show(kind: ProofKind, id: string, height: Height | undefined): Promise<Result<Shown, ProofRefusal>> {
    switch (kind) {
      case "transaction":
        return this.#proveTransaction(id, height);
      case "txReceipt":
      case "event":
        return this.#proveReceipt(kind, id, height);
      default:
        return this.#proveObject(kind, id, height);
    }
  }

  async #proveObject(kind: Kind, id: string, height: Height | undefined): Promise<Result<Shown, ProofRefusal>> {
    if (!HASH.test(id)) return idInvalid("64 lower-case hex digits");
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const at = height ?? this.#chain.head.height;
      const finalised = this.#finalised(at);
      if (!finalised.ok) return finalised;
      const shown = await this.#objectOf(kind, id as Hash, finalised.value.block);
      if (shown !== undefined) return ok({ fact: { v: 1, kind, id, ...shown }, ...finalised.value });
      await this.#pause();
    }
    return err({ code: "STATE_MOVING", detail: "blocks come faster than their state can be read: try again" });
  }

  /** undefined if the pages are not, or no longer, those of the block. */
  async #objectOf(kind: Kind, id: Hash, { header }: Block): Promise<ProofJson | undefined> {
    const lines = await this.#line(kind, id, header.height);
    const key = stateKey(kind, id);
    const keys = lines.length === 0 ? [key] : lines.map((line) => stateKey(kind, line.id));
    const pages = await this.#pagesAt(
      header.height,
      keys.map((each) => keyHashOf(each, this.#hasher)),
    );
    if (pages === undefined) return undefined;
    // Neither the node's cache of pages nor one of an earlier try: what is read now may be of the next block.
    const tree = new StateTree(pages, this.#hasher, LIMITS.proofCacheBytes);
    if (lines.length === 0) {
      const proof = prove(tree, key, this.#hasher);
      if (!verifyProof(header.stateRoot, key, null, proof, this.#hasher)) return undefined;
      const leaf = proof.leaf === null ? null : { keyHash: toHex(proof.leaf.keyHash), valueHash: toHex(proof.leaf.valueHash) };
      return { absent: { leaf, siblings: toHex(packHashes(proof.siblings)) } };
    }
    const { schema } = KINDS[kind];
    const entries = lines.map((line) => ({ key: stateKey(kind, line.id), value: encode(schema, line.object) }));
    const proof = proveAll(tree, keys, this.#hasher);
    if (proof === undefined || !verifyAll(header.stateRoot, entries, proof, this.#hasher)) return undefined;
    const [value, ...parents] = lines.map(({ object }) => schema.toJson(object) as ObjectJson) as [ObjectJson, ...ObjectJson[]];
    const struct = schema as unknown as StructSchema<unknown>;
    const title = parents.map((parent, index) => differencesOf([value, ...parents][index] as ObjectJson, parent, struct));
    const siblings = toHex(packHashes(proof.siblings));
    return { present: { value, ...(title.length === 0 ? {} : { title }), depths: proof.depths, siblings } };
  }

  /** The object and those it came from, nearest first; empty if it is not there. */
  async #line(kind: Kind, id: Hash, height: Height): Promise<readonly Line[]> {
    const lines: Line[] = [];
    for (let next: Hash | null = id; next !== null && lines.length <= LIMITS.proofTitleMax; ) {
      const stored = await this.#ledger.getAt(kind, next, height);
      if (stored === undefined) break;
      lines.push({ id: next, object: stored.object });
      next = parentOf(kind, stored.object);
    }
    return lines;
  }

  async #proveTransaction(id: string, height: Height | undefined): Promise<Result<Shown, ProofRefusal>> {
    if (!HASH.test(id)) return idInvalid("64 lower-case hex digits");
    const stored = this.#chain.transaction(id as TxId);
    if (stored === undefined || (height !== undefined && height !== stored.height)) return this.#notInBlock(stored?.height);
    const finalised = this.#finalised(stored.height);
    if (!finalised.ok) return finalised;
    const { index, body } = stored;
    const path = this.#pathOf(finalised.value.block.pairs.map(pairLeaf), index);
    return ok({ fact: { v: 1, kind: "transaction", id, transaction: { index, tx: toHex(body), path } }, ...finalised.value });
  }

  async #proveReceipt(kind: "txReceipt" | "event", id: string, height: Height | undefined): Promise<Result<Shown, ProofRefusal>> {
    const [, eventTx, eventNumber] = EVENT_ID.exec(id) ?? [];
    const tx = kind === "event" ? eventTx : id;
    if (tx === undefined || !HASH.test(tx))
      return idInvalid(kind === "event" ? "transaction id/number of the event in its receipt" : "64 lower-case hex digits");
    const stored = this.#chain.transaction(tx as TxId);
    if (stored === undefined || (height !== undefined && height !== stored.height)) return this.#notInBlock(stored?.height);
    const finalised = this.#finalised(stored.height);
    if (!finalised.ok) return finalised;
    const { pairs } = finalised.value.block;
    const receipts: TxReceipt[] = [];
    for (const pair of pairs) {
      const receipt = this.#chain.transaction(pair.id)?.receipt;
      if (receipt === undefined) return this.#pruned(stored.height);
      receipts.push(receipt);
    }
    const { index, receipt } = stored;
    const place = { index, sigs: (pairs[index] as { sigs: Hash }).sigs, txPath: this.#pathOf(pairs.map(pairLeaf), index) };
    const receiptPath = this.#pathOf(receipts.map(encodeReceipt), index);
    const events = receipt.events.map((event) => eventSchema.toJson(event as LedgerEvent));
    if (kind === "txReceipt")
      return ok({
        fact: { v: 1, kind, id, txReceipt: { ...place, code: receipt.code, events, receiptPath } },
        ...finalised.value,
      });
    const number = Number(eventNumber);
    const event = events[number];
    if (event === undefined)
      return err({ code: "NOT_FOUND", detail: `the receipt of this transaction has ${events.length} events` });
    const around = { before: events.slice(0, number), event, after: events.slice(number + 1) };
    return ok({ fact: { v: 1, kind, id, event: { ...place, code: receipt.code, ...around, receiptPath } }, ...finalised.value });
  }

  #pathOf(leaves: readonly Uint8Array[], index: number): string {
    return toHex(packHashes(inclusionProof(leaves, index, this.#hasher.sha256)));
  }

  /** Adds the authorities' changes from `since` up to the block, the block and its commit, and the digest. */
  async #assemble({ fact, block, commit }: Shown, since: Height): Promise<Result<ProofJson, ProofRefusal>> {
    const changes = await this.#chain.authorityChanges(block.header.height, LIMITS.proofChangesMax + 1, since + 1);
    if (changes.length > LIMITS.proofChangesMax)
      return err({
        code: "PROOF_TOO_LARGE",
        detail: `the authorities changed more than ${LIMITS.proofChangesMax} times since ${since}: name a later height that is trusted`,
      });
    const proof = {
      ...fact,
      changes: changes.map((change) => authorityChangeSchema.toJson(change)),
      header: headerSchema.toJson(block.header),
      commit: commitSchema.toJson(commit),
    };
    return ok({ ...proof, digest: proofDigest(proof, this.#hasher.sha256) });
  }

  /** A transaction that is not where it is looked for: nobody can say so of a node that has let go of blocks. */
  #notInBlock(height: Height | undefined): Result<never, ProofRefusal> {
    if (height !== undefined) return err({ code: "NOT_FOUND", detail: `this transaction is in block ${height}` });
    if (this.#chain.isWhole) return err({ code: "NOT_FOUND", detail: "no block here has this transaction" });
    const detail = `no block from ${this.#chain.base} on has this transaction; the blocks below are not kept here`;
    return err({ code: "HISTORY_PRUNED", detail });
  }

  #finalised(height: Height): Result<Finalised, ProofRefusal> {
    if (height > this.#chain.head.height || height === 0)
      return err({ code: "BLOCK_NOT_FOUND", detail: height === 0 ? "there is no block yet" : "this height is not decided" });
    if (height < this.#chain.base) return this.#pruned(height);
    const block = this.#chain.block(height);
    const commit = this.#chain.commit(height);
    return block === undefined || commit === undefined ? this.#pruned(height) : ok({ block, commit });
  }

  #pruned(height: Height): Result<never, ProofRefusal> {
    const detail = `this node no longer keeps what a proof at height ${height} takes: it keeps heights from ${this.#chain.base} on`;
    return err({ code: "HISTORY_PRUNED", detail });
  }
}

function idInvalid(expected: string): Result<never, ProofRefusal> {
  return err({ code: "ID_INVALID", detail: `params.id: expected ${expected}` });
}
