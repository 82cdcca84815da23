import { assert } from "../lib/assert.ts";
import { compareBytes } from "../lib/bytes.ts";
import { leafHash, type TreeHasher } from "./node-hash.ts";
import type { Page } from "./page.ts";
import type { TreeChange } from "./tree.ts";
import { HASH_WORDS, newWords, WORD_BYTES, type Words } from "./words.ts";

/** Key hash, value hash and the hash of both. */
const RECORD_WORDS = 3 * HASH_WORDS;
const RECORD_BYTES = RECORD_WORDS * WORD_BYTES;
const HASH_BYTES = HASH_WORDS * WORD_BYTES;

/** Leaves of an update by number, hashed, in one piece of memory: the changes by place in the tree, then those that move. */
export class LeafRecords {
  /** How many changes there are. */
  readonly changes: number;
  readonly #isRemoval: Uint8Array;
  #memory: Words;
  #count: number;

  constructor(changes: readonly TreeChange[], hasher: Pick<TreeHasher, "sha256">) {
    const sorted = inOrder(changes);
    this.changes = sorted.length;
    this.#count = sorted.length;
    this.#isRemoval = new Uint8Array(sorted.length);
    this.#memory = newWords(2 * RECORD_WORDS * sorted.length);
    for (let record = 0; record < sorted.length; record++) this.#put(record, sorted[record] as TreeChange, hasher);
  }

  #put(record: number, { keyHash, valueHash }: TreeChange, hasher: Pick<TreeHasher, "sha256">): void {
    const { bytes } = this.#memory;
    const at = record * RECORD_BYTES;
    bytes.set(keyHash, at);
    if (valueHash === null) {
      this.#isRemoval[record] = 1;
      return;
    }
    bytes.set(valueHash, at + HASH_BYTES);
    leafHash(this.#memory, record * RECORD_WORDS, hasher, record * RECORD_WORDS + 2 * HASH_WORDS);
  }

  isRemoval(record: number): boolean {
    return this.#isRemoval[record] === 1;
  }

  /** Which child of the page at this depth the record's key is below. */
  nibbleAt(record: number, depth: number): number {
    const byte = this.#memory.bytes[record * RECORD_BYTES + (depth >> 1)] as number;
    return depth % 2 === 0 ? byte >> 4 : byte & 15;
  }

  compareKeys(left: number, right: number): number {
    const { bytes } = this.#memory;
    const [leftAt, rightAt] = [left * RECORD_BYTES, right * RECORD_BYTES];
    for (let index = 0; index < HASH_BYTES; index++) {
      const difference = (bytes[leftAt + index] as number) - (bytes[rightAt + index] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** Whether a record is of the same key as a leaf in a page. */
  isOf(record: number, page: Page, nibble: number): boolean {
    return page.hasKey(nibble, this.#memory.words, record * RECORD_WORDS);
  }

  /** A leaf that stands in a page and moves. */
  addFrom(page: Page, nibble: number): number {
    const record = this.#count++;
    if (this.#memory.words.length < this.#count * RECORD_WORDS) {
      const larger = newWords(2 * this.#count * RECORD_WORDS);
      larger.words.set(this.#memory.words);
      this.#memory = larger;
    }
    page.copyLeaf(nibble, this.#memory.words, record * RECORD_WORDS);
    return record;
  }

  putTo(page: Page, nibble: number, record: number): void {
    page.putLeaf(nibble, this.#memory.words, record * RECORD_WORDS);
  }
}

/**
 * By place in the tree. One number of the first bytes and the index sorts ten times as fast as a comparison of keys and tells nearly all of
 * them apart.
 */
function inOrder(changes: readonly TreeChange[]): readonly TreeChange[] {
  const count = 2 ** Math.ceil(Math.log2(changes.length + 1));
  /** Of 48 bits as many as there is room for in 53, beside the index. */
  const coarser = Math.max(1, count / 2 ** 5);
  const numbers = new Float64Array(changes.length);
  for (let index = 0; index < numbers.length; index++) {
    numbers[index] = Math.floor(firstBytes((changes[index] as TreeChange).keyHash) / coarser) * count + index;
  }
  numbers.sort();
  const sorted: TreeChange[] = [];
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at] as number;
    sorted.push(changes[number - Math.floor(number / count) * count] as TreeChange);
  }
  for (let at = 1; at < sorted.length; at++) {
    for (let to = at; to > 0; to--) {
      const [left, right] = [sorted[to - 1] as TreeChange, sorted[to] as TreeChange];
      const order = compareBytes(left.keyHash, right.keyHash);
      assert(order !== 0, "a key changes once per update");
      if (order < 0) break;
      sorted[to - 1] = right;
      sorted[to] = left;
    }
  }
  return sorted;
}

function firstBytes(keyHash: Uint8Array): number {
  let first = 0;
  for (let index = 0; index < 6; index++) first = first * 256 + (keyHash[index] as number);
  return first;
}
