import { blockId, txRoot, validatorsHash } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import type { AuthorityChange } from "../codec/proof.ts";
import { encode, hash, int, struct } from "../codec/schema.ts";
import { type PairLists, pairListsSchema } from "../codec/snapshot.ts";
import { changesDigest } from "../ledger/governance/turns.ts";
import { usedIdsSinceMs, usedIdUntilMs } from "../ledger/governance/window.ts";
import { TURNS_ID } from "../ledger/ids.ts";
import type { ObjectOf } from "../ledger/objects.ts";
import { validatorsOf } from "../ledger/validators.ts";
import { assert } from "../lib/assert.ts";
import { toHex } from "../lib/bytes.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import type { TreeNode } from "../state/node-hash.ts";
import { pagesAbove } from "../state/subtree.ts";
import { StateTree } from "../state/tree.ts";
import type { ObjectView } from "../state/view.ts";
import { ChunkFetch, type ChunkInput } from "../sync/chunk-fetch.ts";
import type { Block, Header } from "../types/block.ts";
import type { ChainIdentity, Checkpoint } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height, PublicKey, Signature } from "../types/scalars.ts";
import { JOINING_KEY, joinedChunkKey, pageKey } from "./chain-keys.ts";
import { foundationWrites, usedIdWrite } from "./chain-store.ts";
import { leftIdsWrite } from "./left-ids.ts";
import { ObjectStore } from "./object-store.ts";
import { checkChunk } from "./snapshot-chunk.ts";
import { type Begun, type Offered, SnapshotOffers } from "./snapshot-offers.ts";
import { askForSnapshot, JOIN_RETRIES_MAX, JOIN_RETRY_MS, JoinError, type SnapshotSources } from "./snapshot-sources.ts";
import { readRecord } from "./stored-record.ts";

interface JoinerModules {
  readonly identity: ChainIdentity;
  /** A block that the operator knows to be on the chain; null: trust comes from the genesis alone. */
  readonly checkpoint: Checkpoint | null;
  /** Empty, or what an interrupted joining left; of use only when `join` has answered. */
  readonly store: Store;
  readonly sources: SnapshotSources;
  readonly hasher: Hasher;
  readonly verify: (key: PublicKey, message: Uint8Array, signature: Signature) => boolean;
  readonly logger: Logger;
  readonly pause: (delayMs: number) => Promise<void>;
}

/** Of which snapshot the store holds chunks. There as long as they are not all there is. */
export const begunSchema = struct({ height: int(), block: hash, nibbles: int({ max: LIMITS.snapshotNibblesMax }) });

/** Whether a joining has begun to fill this store and not finished. */
export function isHalfJoined(store: Pick<Store, "get">): boolean {
  return store.get(JOINING_KEY) !== undefined;
}

/**
 * Fills an empty store with the state of a recent block (protocol.md §6). The block is believed by its commit, the authorities by every
 * change since the genesis and by the checkpoint, the state by the block's root, the used ids by the headers' links, and of the changes once
 * more each by the state, which commits to all of them: no source is believed. A chunk is written with the mark that it is here, so that a
 * joining that was interrupted goes on with the rest; the chain's head is written last, with all marks gone.
 */
export class SnapshotJoiner {
  readonly #m: JoinerModules;

  constructor(modules: JoinerModules) {
    this.#m = modules;
  }

  /** Answers the height joined at. Throws {@link JoinError}. */
  async join(): Promise<Height> {
    const { store, logger } = this.#m;
    const record = store.get(JOINING_KEY);
    const begun = record === undefined ? null : (readRecord(record, begunSchema) as Begun);
    const offered = await new SnapshotOffers(this.#m).choose(begun);
    const { block, id, commit } = offered;
    const { height } = block.header;
    if (begun !== null && (begun.block !== id || begun.nibbles !== offered.nibbles))
      throw new JoinError("SNAPSHOT_OTHER", `the snapshot of height ${begun.height}, which was begun, is not offered any more`);
    const sources = offered.ways.map(({ source }) => source);
    const marks = await this.#marks(offered);
    if (begun === null) await this.#write([{ key: JOINING_KEY, value: encode(begunSchema, { ...offered, height, block: id }) }]);
    logger.info(begun === null ? "joining by a snapshot" : "joining by a snapshot goes on", {
      height,
      objects: offered.objects,
      sources: sources.length,
      chunks: marks.length,
      here: marks.filter(({ isHere }) => isHere).length,
    });
    await this.#fetchState(offered, marks, sources);
    const changes = this.#changes(offered);
    await this.#fetchUsedIds(block, sources);
    const finished = [JOINING_KEY, ...marks.map(({ key }) => key)].map((key): StoreWrite => ({ key, value: null }));
    await this.#write([...foundationWrites({ block, id, commit }, changes), ...finished]);
    logger.info("joined by a snapshot", { height, block: id });
    return height;
  }

  // — the state —

  async #marks({ nibbles }: Offered): Promise<readonly Mark[]> {
    const count = 16 ** nibbles;
    const here = await this.#m.store.range({ from: joinedChunkKey(0), to: joinedChunkKey(count), limit: count });
    const known = new Set(here.map(({ key }) => toHex(key)));
    return Array.from({ length: count }, (_, chunk) => {
      const key = joinedChunkKey(chunk);
      return {
        chunk,
        key,
        prefix: nibbles === 0 ? "" : chunk.toString(16).padStart(nibbles, "0"),
        isHere: known.has(toHex(key)),
      };
    });
  }

  async #fetchState({ block }: Offered, marks: readonly Mark[], sources: readonly string[]): Promise<void> {
    const { height, stateRoot } = block.header;
    const { hasher, store } = this.#m;
    const take = async (source: string, chunk: number): Promise<boolean | null> => {
      const bytes = await askForSnapshot(this.#m.sources, source, "chunk", height, chunk);
      if (bytes === null) return null;
      const { prefix, key } = marks[chunk] as Mark;
      const writes = checkChunk(bytes, prefix, stateRoot, height, hasher);
      if (writes === undefined) return false;
      await this.#write([...writes, { key, value: new Uint8Array(0) }]);
      return true;
    };
    const here = marks.filter(({ isHere }) => isHere).map(({ chunk }) => chunk);
    await this.#fetchAll(new ChunkFetch(marks.length, new Set(here)), sources, take);
    const tree = new StateTree({ page: (path) => store.get(pageKey(path)) }, hasher);
    const tops = new Map(marks.map(({ prefix }) => [prefix, tree.page(prefix)?.top as TreeNode]));
    const { top, pages } = pagesAbove(tops, hasher);
    assert(top !== null, "a state is not empty");
    await this.#write([...pages].map(([path, page]) => ({ key: pageKey(path), value: page.encode() })));
  }

  /**
   * The way to the block's authorities that the state tells of. A list of changes can be signed and false: by authorities that are none any
   * more. With the block itself others may come after it, whom the state names.
   */
  #changes({ block, commit, ways }: Offered): readonly AuthorityChange[] {
    const { store, hasher, sources } = this.#m;
    const objects = new ObjectStore(store);
    const { changes: told } = objects.get("turns", TURNS_ID) as ObjectOf<"turns">;
    const digestOf = (changes: readonly AuthorityChange[]): Hash | undefined =>
      changes.reduce<Hash | undefined>(
        (digest, { header }) => changesDigest(digest, blockId(header as Header, hasher.sha256), hasher.sha256),
        undefined,
      );
    const isTrue = ({ changes }: Offered["ways"][number]): boolean => digestOf(changes) === told;
    for (const way of ways) if (!isTrue(way)) sources.penalise(way.source, "snapshot: CHANGES_UNPROVEN");
    const way = ways.find(isTrue);
    if (way === undefined)
      throw new JoinError("CHANGES_UNPROVEN", "nobody shows the changes of authorities that the state tells of");
    const { header } = block;
    if (header.nextValidators === header.validators) return way.changes;
    const set = validatorsOf(objects);
    assert(validatorsHash(set, hasher.sha256) === header.nextValidators, "a state has the authorities that its header announces");
    return [...way.changes, { header, commit, set }];
  }

  #fetchAll(
    machine: ChunkFetch,
    sources: readonly string[],
    take: (source: string, chunk: number) => Promise<boolean | null>,
  ): Promise<void> {
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
              if (retries > JOIN_RETRIES_MAX) {
                reject(new JoinError("SNAPSHOT_GONE", `nobody has the rest of the snapshot: ${machine.left} chunks are missing`));
                break;
              }
              void this.#m.pause(JOIN_RETRY_MS).then(() => step({ kind: "retry" }));
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

  /** Of every block that may hold an id that is still valid. */
  async #fetchUsedIds(block: Block, sources: readonly string[]): Promise<void> {
    for (let retries = 0; retries <= JOIN_RETRIES_MAX; retries++) {
      for (const source of sources) if (await this.#fetchUsedIdsFrom(source, block)) return;
      await this.#m.pause(JOIN_RETRY_MS);
    }
    throw new JoinError("SNAPSHOT_GONE", "nobody has the pairs of all blocks of the window");
  }

  /**
   * Back along the parents until past the window, all from one: how blocks are divided into answers is each source's own, and one that gives
   * fewer than it should must not lead to a block with which no other's answer begins. False: it has no more, or is not to be believed.
   */
  async #fetchUsedIdsFrom(source: string, block: Block): Promise<boolean> {
    const { hasher, sources, store } = this.#m;
    const objects = new ObjectStore(store);
    const joined = block.header;
    const sinceMs = usedIdsSinceMs(objects, joined.timeMs);
    let next = { height: joined.height, id: blockId(joined, hasher.sha256) };
    for (;;) {
      const response = await askForSnapshot(sources, source, "pairs", joined.height, next.height);
      if (response === null) return false;
      const lists = this.#linkedLists(response, next.id);
      if (lists === null) {
        sources.penalise(source, "snapshot: pair lists that do not check");
        return false;
      }
      await this.#write(lists.flatMap((list) => usedIdsWrites(list, joined.height, objects)));
      const { height, timeMs, parent } = (lists.at(-1) as PairLists[number]).header;
      if (height === 1 || timeMs < sinceMs) return true;
      next = { height: height - 1, id: parent as BlockId };
    }
  }

  /** A run of blocks downwards from the one with this id, each the parent of the one before it, with the pairs that its header commits to. */
  #linkedLists(response: Uint8Array, from: BlockId): PairLists | null {
    const digest = this.#m.hasher.sha256;
    const decoded = decode(pairListsSchema, response, LIMITS.responseBytesMax);
    if (!decoded.ok || decoded.value.length === 0) return null;
    let expected: string = from;
    const isSound = decoded.value.every(({ header, pairs }) => {
      const isLinked = blockId(header as Header, digest) === expected;
      expected = header.parent;
      return isLinked && txRoot(pairs, digest) === header.txRoot;
    });
    return isSound ? decoded.value : null;
  }

  #write(batch: readonly StoreWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (batch.length === 0) resolve();
      else this.#m.store.write(batch, (fault) => (fault === null ? resolve() : reject(fault)));
    });
  }
}

/** A chunk, and the row that says that all of it is here. */
interface Mark {
  readonly chunk: number;
  readonly key: Uint8Array;
  readonly prefix: string;
  readonly isHere: boolean;
}

/** The block joined at names its transactions itself; of those before it, a row tells when they can be forgotten. */
function usedIdsWrites({ header, pairs }: PairLists[number], joined: Height, state: ObjectView): readonly StoreWrite[] {
  const ids = pairs.map(({ id }) => id);
  const used = ids.map(usedIdWrite);
  if (header.height === joined || ids.length === 0) return used;
  return [...used, leftIdsWrite(header.height, usedIdUntilMs(state, header.timeMs), ids)];
}
