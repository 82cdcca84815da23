import { headerSchema } from "../codec/block.ts";
import { encode } from "../codec/schema.ts";
import {
  changesPageSchema,
  type PairLists,
  pairListsSchema,
  type SnapshotOffer,
  snapshotChunkSchema,
  snapshotOfferSchema,
} from "../codec/snapshot.ts";
import type { Kind } from "../ledger/kinds.ts";
import { compareBytes, concatBytes, toHex } from "../lib/bytes.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Store, StoreSnapshot } from "../ports/store.ts";
import { keyHashOf } from "../state/node-hash.ts";
import { siblingsOf } from "../state/subtree.ts";
import { StateTree } from "../state/tree.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height, TimeMs } from "../types/scalars.ts";
import { pageKey } from "./chain-keys.ts";
import type { ChainStore } from "./chain-store.ts";
import { encodingOf } from "./object-store.ts";
import { allObjectsOfAllKinds, splitKey, stateKeyOf } from "./store-keys.ts";

interface MakerModules {
  readonly store: Pick<Store, "snapshot">;
  readonly chain: ChainStore;
  readonly files: SnapshotFiles;
  readonly hasher: Hasher;
  readonly logger: Logger;
  /** Since when blocks may have taken a transaction that one after this time could hold once more. */
  readonly usedIdsSinceMs: (nowMs: TimeMs) => TimeMs;
  /** A while in which the node does everything else. */
  readonly pause: () => Promise<void>;
  /** Leaves in a chunk, as far as they spread evenly; fewer than the usual where states are small. */
  readonly chunkLeaves?: number;
  readonly changesPerPage?: number;
}

export const OFFER = "offer";

export function chunkName(chunk: number): string {
  return `chunk-${chunk}`;
}

/** The changes of authorities from this one on, counted from the genesis. */
export function changesName(first: number): string {
  return `changes-${first}`;
}

/** The pair lists from this height downwards. */
export function pairsName(from: Height): string {
  return `pairs-${from}`;
}

/** One answer holds the lists of a piece; a pair takes so many bytes: two hashes with their heads and names. */
const PAIRS_BYTES_MAX = LIMITS.responseBytesMax - 64 * 1024;
const PAIR_BYTES = 80;

/** Objects are sorted by these many nibbles of their place in the tree first: by so many files. */
const BUCKET_NIBBLES = 2;
const BUCKET_BYTES = 64 * 1024;
/** Of an object in a bucket's file: its place in the tree, then the lengths of its key and its encoding. */
const PLACE_BYTES = 32;
const HEAD_BYTES = PLACE_BYTES + 8;

interface Leaf {
  readonly place: Uint8Array;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * Makes snapshots beside the event loop: reads the store as it was after a block, sorts the objects by their place in the tree into files,
 * and makes a chunk of each. The store's own snapshot is held only while it is read. Works in small slices with pauses in between, so
 * that blocks and readers hardly notice.
 */
export class SnapshotMaker {
  readonly #m: MakerModules;
  #making = false;

  constructor(modules: MakerModules) {
    this.#m = modules;
  }

  /** Of the newest block, which must be durable and nothing beyond it under way. Does nothing while one is being made. */
  async make(): Promise<Height | null> {
    const { height } = this.#m.chain.head;
    if (this.#making || height === 0) return null;
    this.#making = true;
    const state = this.#m.store.snapshot();
    try {
      if (!(await this.#makeOf(state, height))) return null;
      const heights = await this.#m.files.heights();
      for (const old of heights.slice(0, -LIMITS.snapshotsKept)) await this.#m.files.remove(old);
      return height;
    } finally {
      this.#making = false;
      await state.close();
    }
  }

  async #makeOf(state: StoreSnapshot, height: Height): Promise<boolean> {
    const { files, chain, logger } = this.#m;
    const block = chain.block(height);
    const commit = chain.commit(height);
    if (block === undefined || commit === undefined) return false;
    await files.begin();
    const changes = await this.#changes(height);
    if (changes === null) {
      logger.error("no snapshot is made: the authorities changed too often for a joiner to follow", {
        height,
        code: "CHANGES_TOO_MANY",
      });
      return false;
    }
    if (!(await this.#pairLists(height, this.#m.usedIdsSinceMs(block.header.timeMs)))) {
      logger.info("no snapshot is made: this node joined by one, and lacks blocks of the window of used ids", { height });
      return false;
    }
    const objects = await this.#sort(state);
    const nibbles = nibblesFor(objects, this.#m.chunkLeaves ?? LIMITS.snapshotChunkLeaves);
    const tree = new StateTree({ page: (path) => state.get(pageKey(path)) }, this.#m.hasher);
    for (const buckets of bucketsOf(nibbles)) {
      const leaves: Leaf[] = [];
      for (const bucket of buckets) {
        leaves.push(...leavesOf(await files.readBack(bucketName(bucket))));
        await files.discard(bucketName(bucket));
      }
      leaves.sort((left, right) => compareBytes(left.place, right.place));
      for (const [prefix, own] of byPrefix(leaves, nibbles)) {
        const siblings = siblingsOf(tree, prefix);
        // Few leaves, by chance, at this very prefix: the next snapshot will do.
        if (siblings === undefined) throw new Error(`the state has no branch at ${prefix}`);
        await files.append(chunkName(prefix === "" ? 0 : Number.parseInt(prefix, 16)), encodeChunk(siblings, own));
        await this.#m.pause();
      }
    }
    const offer = { block, commit, changes, nibbles, objects } as unknown as SnapshotOffer;
    await files.append(OFFER, encode(snapshotOfferSchema, offer));
    await files.complete(height);
    logger.info("a snapshot is made", { height, objects, chunks: 16 ** nibbles });
    return true;
  }

  /** How many there are, page by page; null if they are more than a joiner takes. */
  async #changes(height: Height): Promise<number | null> {
    const limit = this.#m.changesPerPage ?? LIMITS.snapshotChangesPerPage;
    let [count, bytes, from] = [0, 0, 0];
    for (;;) {
      const page = await this.#m.chain.authorityChanges(height, limit, from);
      const last = page.at(-1);
      if (last === undefined) return count;
      const encoded = encode(changesPageSchema, page);
      await this.#m.files.append(changesName(count), encoded);
      count += page.length;
      bytes += encoded.length;
      if (count > LIMITS.snapshotChangesMax || bytes > LIMITS.snapshotChangesBytesMax) return null;
      from = last.header.height + 1;
      await this.#m.pause();
    }
  }

  /** Of every block that may hold an id that is still valid, and of one more, which shows that there are no others. False if one is not kept. */
  async #pairLists(height: Height, sinceMs: number): Promise<boolean> {
    let lists: PairLists[number][] = [];
    let bytes = 0;
    let from = height;
    const close = async (next: Height): Promise<void> => {
      if (lists.length > 0) await this.#m.files.append(pairsName(from), encode(pairListsSchema, lists));
      lists = [];
      bytes = 0;
      from = next;
      await this.#m.pause();
    };
    for (let at = height; at > 0; at--) {
      const block = this.#m.chain.block(at);
      if (block === undefined) return false;
      const { header, pairs } = block;
      const size = encode(headerSchema, header).length + PAIR_BYTES * pairs.length;
      if (bytes + size > PAIRS_BYTES_MAX || lists.length === LIMITS.snapshotPairListsMax) await close(at);
      lists.push({ header, pairs } as unknown as PairLists[number]);
      bytes += size;
      if (header.timeMs < sinceMs) break;
    }
    await close(0);
    return true;
  }

  /** Every object into the file of its bucket. Answers how many there are. */
  async #sort(state: StoreSnapshot): Promise<number> {
    const { to, ...range } = allObjectsOfAllKinds();
    const buffers = new Map<number, { parts: Uint8Array[]; bytes: number }>();
    let { from } = range;
    let objects = 0;
    for (;;) {
      const entries = await state.range({ from, to, limit: LIMITS.snapshotSliceObjects });
      for (const { key, value } of entries) {
        const leaf = { place: this.#placeOf(key), key, value: encodingOf(value) };
        const bucket = leaf.place[0] as number;
        const buffer = buffers.get(bucket) ?? { parts: [], bytes: 0 };
        buffers.set(bucket, buffer);
        const part = framed(leaf);
        buffer.parts.push(part);
        buffer.bytes += part.length;
        if (buffer.bytes < BUCKET_BYTES) continue;
        await this.#m.files.append(bucketName(bucket), concatBytes(...buffer.parts));
        buffers.delete(bucket);
      }
      objects += entries.length;
      const last = entries.at(-1);
      if (last === undefined || entries.length < LIMITS.snapshotSliceObjects) break;
      from = concatBytes(last.key, Uint8Array.of(0));
      await this.#m.pause();
    }
    for (const [bucket, { parts }] of buffers) await this.#m.files.append(bucketName(bucket), concatBytes(...parts));
    return objects;
  }

  #placeOf(key: Uint8Array): Uint8Array {
    return keyHashOf(stateKeyOf(key), this.#m.hasher);
  }
}

/** So many that a chunk holds not many more leaves than that on average. */
function nibblesFor(objects: number, chunkLeaves: number): number {
  let nibbles = 0;
  while (nibbles < LIMITS.snapshotNibblesMax && objects / 16 ** nibbles > chunkLeaves) nibbles += 1;
  return nibbles;
}

/** Buckets whose leaves are sorted together: those of one chunk, or one bucket that makes several. */
function bucketsOf(nibbles: number): readonly (readonly number[])[] {
  const together = 16 ** Math.max(0, BUCKET_NIBBLES - nibbles);
  const count = 16 ** BUCKET_NIBBLES;
  return Array.from({ length: count / together }, (_, group) =>
    Array.from({ length: together }, (__, index) => group * together + index),
  );
}

function byPrefix(leaves: readonly Leaf[], nibbles: number): ReadonlyMap<string, readonly Leaf[]> {
  const groups = new Map<string, Leaf[]>();
  for (const leaf of leaves) {
    const prefix = toHex(leaf.place.subarray(0, Math.ceil(nibbles / 2))).slice(0, nibbles);
    const group = groups.get(prefix);
    if (group === undefined) groups.set(prefix, [leaf]);
    else group.push(leaf);
  }
  return groups;
}

function encodeChunk(siblings: readonly Uint8Array[], leaves: readonly Leaf[]): Uint8Array {
  return encode(snapshotChunkSchema, { siblings, leaves: leaves.map(({ key, value }) => ({ ...namesOf(key), value })) });
}

function namesOf(key: Uint8Array): { readonly kind: Kind; readonly id: Uint8Array } {
  const { texts, rest } = splitKey(key, 1);
  return { kind: texts[0] as Kind, id: rest };
}

function bucketName(bucket: number): string {
  return `bucket-${bucket}`;
}

function framed({ place, key, value }: Leaf): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + key.length + value.length);
  const view = new DataView(bytes.buffer);
  bytes.set(place);
  view.setUint32(PLACE_BYTES, key.length);
  view.setUint32(PLACE_BYTES + 4, value.length);
  bytes.set(key, HEAD_BYTES);
  bytes.set(value, HEAD_BYTES + key.length);
  return bytes;
}

function leavesOf(bytes: Uint8Array): readonly Leaf[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const leaves: Leaf[] = [];
  for (let at = 0; at < bytes.length; ) {
    const keyAt = at + HEAD_BYTES;
    const valueAt = keyAt + view.getUint32(at + PLACE_BYTES);
    const end = valueAt + view.getUint32(at + PLACE_BYTES + 4);
    leaves.push({
      place: bytes.subarray(at, at + PLACE_BYTES),
      key: bytes.subarray(keyAt, valueAt),
      value: bytes.subarray(valueAt, end),
    });
    at = end;
  }
  return leaves;
}
