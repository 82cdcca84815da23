import { assert } from "../lib/assert.ts";
import { compareBytes, toHex } from "../lib/bytes.ts";
import type { Leaf, TreeHasher, TreeNode } from "./node-hash.ts";
import { pagesAbove, type Subtree, subtreeOf } from "./subtree.ts";

const HASH_BYTES = 32;
const LEAF_BYTES = 2 * HASH_BYTES;
const GROUPS = 256;
const FIRST_LEAVES = 16;
/** Parts of fewer leaves on average are not worth being told apart; and in one of so many there are never less than two. */
const PART_LEAVES_MIN = 256;

/**
 * A whole tree made at once, for a state that comes from elsewhere and not from the blocks before it: takes leaves in any order, 64 bytes
 * each, and when all are there makes every page once, from the bottom up. Of a key that is set again the last value counts.
 */
export class TreeBuild {
  readonly #hasher: TreeHasher;
  /** Leaves by the first byte of their key hashes, each group in the order in which they came. */
  readonly #groups = Array.from({ length: GROUPS }, () => new LeafList());
  #count = 0;

  constructor(hasher: TreeHasher) {
    this.#hasher = hasher;
  }

  set(leaf: Leaf): void {
    (this.#groups[leaf.keyHash[0] as number] as LeafList).push(leaf);
    this.#count += 1;
  }

  /** The tree in parts, one after the other in its order; what stands above all comes last, and its top is the whole tree's. */
  *parts(): Generator<Subtree> {
    const nibbles = this.#nibbles();
    const together = GROUPS / 16 ** nibbles;
    const tops = new Map<string, TreeNode>();
    for (let from = 0; from < GROUPS; from += together) {
      const prefix = toHex(Uint8Array.of(from)).slice(0, nibbles);
      const leaves = this.#groups.slice(from, from + together).flatMap((group) => group.ordered());
      const part = subtreeOf(prefix, leaves, this.#hasher);
      assert(part !== undefined, "a part of a tree has two leaves or more");
      yield part;
      if (part.top !== null) tops.set(prefix, part.top);
    }
    if (nibbles > 0) yield pagesAbove(tops, this.#hasher);
  }

  #nibbles(): number {
    if (this.#count >= 16 ** 2 * PART_LEAVES_MIN) return 2;
    return this.#count >= 16 * PART_LEAVES_MIN ? 1 : 0;
  }
}

/** Leaves one behind the other in one piece of memory: a million take what they are long. */
class LeafList {
  #memory = new Uint8Array(FIRST_LEAVES * LEAF_BYTES);
  #count = 0;

  push({ keyHash, valueHash }: Leaf): void {
    const at = this.#count * LEAF_BYTES;
    if (at === this.#memory.length) {
      const larger = new Uint8Array(2 * this.#memory.length);
      larger.set(this.#memory);
      this.#memory = larger;
    }
    this.#memory.set(keyHash, at);
    this.#memory.set(valueHash, at + HASH_BYTES);
    this.#count += 1;
  }

  /** By place in the tree; of several with one key the last. */
  ordered(): readonly Leaf[] {
    const leaves = Array.from({ length: this.#count }, (_, index) => this.#at(index));
    leaves.sort((left, right) => compareBytes(left.keyHash, right.keyHash));
    return leaves.filter(({ keyHash }, index) => {
      const next = leaves[index + 1];
      return next === undefined || compareBytes(next.keyHash, keyHash) !== 0;
    });
  }

  #at(index: number): Leaf {
    const at = index * LEAF_BYTES;
    return {
      keyHash: this.#memory.subarray(at, at + HASH_BYTES),
      valueHash: this.#memory.subarray(at + HASH_BYTES, at + LEAF_BYTES),
    };
  }
}
