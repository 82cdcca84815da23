import { blockId, commitHash, evidenceRoot, headerSchema, txRoot, validatorsHash } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { DURATION_MS_MAX } from "../codec/genesis.ts";
import { encode } from "../codec/schema.ts";
import {
  type PairLists,
  pairListsSchema,
  type SnapshotOffer,
  snapshotOfferSchema,
  snapshotsRequestSchema,
} from "../codec/snapshot.ts";
import { paramsOf } from "../ledger/validators.ts";
import { assert } from "../lib/assert.ts";
import { finalityFault, followChanges, type Trusted, trustGenesis } from "../light/trust.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import type { TreeNode } from "../state/node-hash.ts";
import { pagesAbove } from "../state/subtree.ts";
import { ChunkFetch, type ChunkInput } from "../sync/chunk-fetch.ts";
import type { Block, Commit, Header } from "../types/block.ts";
import { authoritiesOf, type ChainIdentity, type Checkpoint } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height, PublicKey, Signature } from "../types/scalars.ts";
import { pageKey } from "./chain-keys.ts";
import { foundationWrites, usedIdWrite } from "./chain-store.ts";
import { leftIdsWrite } from "./left-ids.ts";
import { ObjectStore } from "./object-store.ts";
import { checkChunk } from "./snapshot-chunk.ts";

/** Whom a joiner asks, none of whom it believes: peers, or a folder with an exported snapshot. */
export interface SnapshotSources {
  /** Those that may be asked now. */
  names(): readonly string[];
  /** null: refused, or no answer in time. */
  ask(source: string, request: Uint8Array): Promise<Uint8Array | null>;
  /** It sent what no correct node sends. */
  penalise(source: string, reason: string): void;
}

interface JoinerModules {
  readonly identity: ChainIdentity;
  /** A block that the operator knows to be on the chain; null: trust comes from the genesis alone. */
  readonly checkpoint: Checkpoint | null;
  /** Empty; of use only when `join` has answered. */
  readonly store: Store;
  readonly sources: SnapshotSources;
  readonly hasher: Hasher;
  readonly verify: (key: PublicKey, message: Uint8Array, signature: Signature) => boolean;
  readonly logger: Logger;
  readonly pause: (delayMs: number) => Promise<void>;
}

interface Offered {
  readonly offer: SnapshotOffer;
  readonly id: BlockId;
  readonly sources: string[];
}

export type JoinFault = "NO_SNAPSHOT" | "CHECKPOINT_UNPROVEN" | "SNAPSHOT_GONE";

/** Why there is nothing to join by; the node may fetch all blocks instead. */
export class JoinError extends Error {
  override readonly name = "JoinError";
  readonly code: JoinFault;
  constructor(code: JoinFault, detail: string) {
    super(detail);
    this.code = code;
  }
}

const RETRY_MS = 500;
const RETRIES_MAX = 20;
const SETTLE_RETRIES = 2;

/**
 * Fills an empty store with the state of a recent block (protocol.md §6). The block is believed by its commit, the authorities by every
 * change since the genesis or the checkpoint, the state by the block's root, the used ids by the headers' links: no source is believed.
 */
export class SnapshotJoiner {
  readonly #m: JoinerModules;

  constructor(modules: JoinerModules) {
    this.#m = modules;
  }

  /** Answers the height joined at. Throws {@link JoinError}. */
  async join(): Promise<Height> {
    const { offer, id, sources } = await this.#choose();
    const block = offer.block as Block;
    const { height, stateRoot } = block.header;
    this.#m.logger.info("joining by a snapshot", { height, objects: offer.objects, sources: sources.length });
    await this.#fetchState(offer, stateRoot, sources);
    await this.#fetchUsedIds(block, sources);
    await this.#write(foundationWrites({ block, id, commit: offer.commit as Commit }, offer.changes));
    this.#m.logger.info("joined by a snapshot", { height, block: id });
    return height;
  }

  // — which snapshot —

  /** The highest that checks, with all who offer the same. */
  async #choose(): Promise<Offered> {
    const trusted = await this.#trusted();
    for (let retry = 0; retry < RETRIES_MAX; retry++) {
      const found = new Map<BlockId, Offered>();
      await Promise.all(this.#m.sources.names().map((source) => this.#considerOffer(source, trusted, found)));
      const [best] = [...found.values()].sort((left, right) => heightOf(right) - heightOf(left));
      // Who is connected first is not to be the only one: others get a moment.
      if (best !== undefined && (best.sources.length > 1 || retry >= SETTLE_RETRIES)) return best;
      await this.#m.pause(RETRY_MS);
    }
    throw new JoinError("NO_SNAPSHOT", "no peer offers a snapshot that checks");
  }

  async #considerOffer(source: string, trusted: Trusted, found: Map<BlockId, Offered>): Promise<void> {
    const response = await this.#ask(source, "offer", 0, 0);
    if (response === null) return;
    const decoded = decode(snapshotOfferSchema, response, LIMITS.responseBytesMax);
    const fault = decoded.ok ? this.#offerFault(decoded.value, trusted) : decoded.error.code;
    if (fault !== null || !decoded.ok) {
      this.#m.sources.penalise(source, `snapshot: ${fault}`);
      return;
    }
    const id = blockId(decoded.value.block.header as Header, this.#m.hasher.sha256);
    const same = found.get(id);
    if (same === undefined) found.set(id, { offer: decoded.value, id, sources: [source] });
    else if (same.offer.nibbles === decoded.value.nibbles) same.sources.push(source);
  }

  #offerFault({ block, commit, changes }: SnapshotOffer, trusted: Trusted): string | null {
    const engine = { verify: this.#m.verify, sha256: this.#m.hasher.sha256 };
    const { header, pairs, lastCommit, evidence } = block as Block;
    if (header.height <= trusted.height) return "BELOW_CHECKPOINT";
    const since = changes.filter((change) => change.header.height > trusted.height);
    const followed = followChanges(trusted, since, engine);
    if (!followed.ok) return followed.error.fault;
    const digest = this.#m.hasher.sha256;
    if (header.txRoot !== txRoot(pairs, digest)) return "TX_ROOT";
    // The block is kept as it came, and a store in which it is not its header's would be found to be damaged.
    if (header.lastCommit !== commitHash(lastCommit, digest)) return "LAST_COMMIT";
    if (header.evidenceRoot !== evidenceRoot(evidence, digest)) return "EVIDENCE_ROOT";
    return finalityFault(followed.value, header, commit as Commit, engine);
  }

  /** From the genesis, or from the checkpoint: keys of authorities that were removed before it can sign nothing that is believed. */
  async #trusted(): Promise<Trusted> {
    const { identity, checkpoint, sources } = this.#m;
    if (checkpoint === null) return trustGenesis(identity);
    for (let retry = 0; retry < RETRIES_MAX; retry++) {
      for (const source of sources.names()) {
        const [header, offer] = await Promise.all([
          this.#ask(source, "header", checkpoint.height, 0),
          this.#ask(source, "offer", 0, 0),
        ]);
        const trusted = header === null || offer === null ? null : this.#trustedBy(checkpoint, header, offer);
        if (trusted !== null) return trusted;
      }
      await this.#m.pause(RETRY_MS);
    }
    throw new JoinError("CHECKPOINT_UNPROVEN", `nobody shows the block of the checkpoint, height ${checkpoint.height}`);
  }

  /** The header is known by its id, and with it the authorities after it: by their hash. */
  #trustedBy(checkpoint: Checkpoint, headerBytes: Uint8Array, offerBytes: Uint8Array): Trusted | null {
    const { identity, hasher } = this.#m;
    const header = decode(headerSchema, headerBytes, LIMITS.requestBytesMax);
    const offer = decode(snapshotOfferSchema, offerBytes, LIMITS.responseBytesMax);
    if (!header.ok || !offer.ok || blockId(header.value as Header, hasher.sha256) !== checkpoint.id) return null;
    const sets = [authoritiesOf(identity.genesis), ...offer.value.changes.map(({ set }) => set)];
    const set = sets.find((each) => validatorsHash(each, hasher.sha256) === header.value.nextValidators);
    return set === undefined ? null : { chain: identity.chain, height: checkpoint.height, set };
  }

  // — the state —

  async #fetchState(offer: SnapshotOffer, stateRoot: Hash, sources: readonly string[]): Promise<void> {
    const { height } = offer.block.header;
    const tops = new Map<string, TreeNode>();
    const take = async (source: string, chunk: number): Promise<boolean | null> => {
      const bytes = await this.#ask(source, "chunk", height, chunk);
      if (bytes === null) return null;
      const prefix = offer.nibbles === 0 ? "" : chunk.toString(16).padStart(offer.nibbles, "0");
      const checked = checkChunk(bytes, prefix, stateRoot, height, this.#m.hasher);
      if (checked === undefined) return false;
      await this.#write(checked.writes);
      tops.set(prefix, checked.top);
      return true;
    };
    await this.#fetchAll(16 ** offer.nibbles, sources, take);
    const { top, pages } = pagesAbove(tops, this.#m.hasher);
    assert(top !== null, "a state is not empty");
    await this.#write([...pages].map(([path, page]) => ({ key: pageKey(path), value: page.encode() })));
  }

  #fetchAll(
    count: number,
    sources: readonly string[],
    take: (source: string, chunk: number) => Promise<boolean | null>,
  ): Promise<void> {
    const machine = new ChunkFetch(count);
    let retries = 0;
    return new Promise((resolve, reject) => {
      const step = (input: ChunkInput): void => {
        for (const effect of machine.step(input)) {
          switch (effect.kind) {
            case "request": {
              const { peer, chunk } = effect;
              take(peer, chunk)
                .then((isRight) => step({ kind: "answer", peer, chunk, isRight }))
                .catch(reject);
              break;
            }
            case "penalise":
              this.#m.logger.warn("a chunk does not check", { source: effect.peer, chunk: effect.chunk });
              this.#m.sources.penalise(effect.peer, "snapshot: a chunk that does not check");
              break;
            case "retryLater":
              retries += 1;
              if (retries > RETRIES_MAX) {
                reject(new JoinError("SNAPSHOT_GONE", `nobody has the rest of the snapshot: ${machine.left} chunks are missing`));
                break;
              }
              void this.#m.pause(RETRY_MS).then(() => step({ kind: "retry" }));
              break;
            case "done":
              resolve();
              break;
          }
        }
      };
      for (const peer of sources) step({ kind: "source", peer });
    });
  }

  // — used ids —

  /** Of every block that may hold an id that is still valid: back along the parents until past the window. */
  async #fetchUsedIds(block: Block, sources: readonly string[]): Promise<void> {
    const { txWindowMs } = paramsOf(new ObjectStore(this.#m.store));
    const sinceMs = block.header.timeMs - txWindowMs;
    let next: { readonly height: Height; readonly id: BlockId } | null = {
      height: block.header.height,
      id: blockId(block.header, this.#m.hasher.sha256),
    };
    for (let retries = 0; next !== null; ) {
      const lists: PairLists | null = await this.#pairLists(block.header.height, next, sources);
      if (lists === null) {
        retries += 1;
        if (retries > RETRIES_MAX) throw new JoinError("SNAPSHOT_GONE", `nobody has the pairs of block ${next.height}`);
        await this.#m.pause(RETRY_MS);
        continue;
      }
      await this.#write(lists.flatMap((list) => usedIdsWrites(list, block.header, txWindowMs)));
      const { height, timeMs, parent } = (lists.at(-1) as PairLists[number]).header;
      next = height === 1 || timeMs < sinceMs ? null : { height: height - 1, id: parent as BlockId };
    }
  }

  /** A run of blocks that ends in `from`, each the parent of the one before it, with the pairs that its header commits to. */
  async #pairLists(
    snapshot: Height,
    from: { readonly height: Height; readonly id: BlockId },
    sources: readonly string[],
  ): Promise<PairLists | null> {
    const digest = this.#m.hasher.sha256;
    for (const source of sources) {
      const response = await this.#ask(source, "pairs", snapshot, from.height);
      if (response === null) continue;
      const decoded = decode(pairListsSchema, response, LIMITS.responseBytesMax);
      let expected: string = from.id;
      const isSound =
        decoded.ok &&
        decoded.value.length > 0 &&
        decoded.value.every(({ header, pairs }) => {
          const isLinked = blockId(header as Header, digest) === expected;
          expected = header.parent;
          return isLinked && txRoot(pairs, digest) === header.txRoot;
        });
      if (decoded.ok && isSound) return decoded.value;
      this.#m.sources.penalise(source, "snapshot: pair lists that do not check");
    }
    return null;
  }

  #ask(source: string, what: string, height: Height, number: number): Promise<Uint8Array | null> {
    return this.#m.sources.ask(source, encode(snapshotsRequestSchema, { what, height, number }));
  }

  #write(batch: readonly StoreWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (batch.length === 0) resolve();
      else this.#m.store.write(batch, (fault) => (fault === null ? resolve() : reject(fault)));
    });
  }
}

function heightOf({ offer }: Offered): Height {
  return offer.block.header.height;
}

/** The block joined at names its transactions itself; of those before it, a row tells when they can be forgotten. */
function usedIdsWrites({ header, pairs }: PairLists[number], joined: Header, txWindowMs: number): readonly StoreWrite[] {
  const ids = pairs.map(({ id }) => id);
  const used = ids.map(usedIdWrite);
  if (header.height === joined.height || ids.length === 0) return used;
  // Under other parameters the window may have been any.
  const validMs = header.params === joined.params ? txWindowMs : DURATION_MS_MAX;
  return [...used, leftIdsWrite(header.height, header.timeMs + validMs, ids)];
}
