/** The same memory as bytes, which come from outside and go there, and as words, which are copied four times as fast. */
export interface Words {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

export const WORD_BYTES = 4;
export const HASH_WORDS = 8;

export function newWords(count: number): Words {
  const words = new Int32Array(count);
  return { words, bytes: new Uint8Array(words.buffer) };
}

/** A hash has eight words. Written out, since this is done a hundred times for a key that changes. */
export function copyHash(from: Int32Array, fromAt: number, to: Int32Array, toAt: number): void {
  to[toAt] = from[fromAt] as number;
  to[toAt + 1] = from[fromAt + 1] as number;
  to[toAt + 2] = from[fromAt + 2] as number;
  to[toAt + 3] = from[fromAt + 3] as number;
  to[toAt + 4] = from[fromAt + 4] as number;
  to[toAt + 5] = from[fromAt + 5] as number;
  to[toAt + 6] = from[fromAt + 6] as number;
  to[toAt + 7] = from[fromAt + 7] as number;
}

export function equalHashes(left: Int32Array, leftAt: number, right: Int32Array, rightAt: number): boolean {
  for (let index = 0; index < HASH_WORDS; index++) if (left[leftAt + index] !== right[rightAt + index]) return false;
  return true;
}

/** For pieces longer than a few hashes. */
export function copyWords(from: Int32Array, fromAt: number, to: Int32Array, toAt: number, count: number): void {
  to.set(new Int32Array(from.buffer, fromAt * WORD_BYTES, count), toAt);
}

/** These words as bytes; to ask the memory for a part of itself would take half as long again. */
export function bytesAt({ bytes }: Words, at: number, words: number): Uint8Array {
  return new Uint8Array(bytes.buffer, at * WORD_BYTES, words * WORD_BYTES);
}

const SLAB_WORDS = 8 * 1024;

/** Memory for the many small things of one piece of work: all of it lives as long as any of them. */
export class Slabs {
  readonly #slabWords: number;
  #slab: Words | null = null;
  #used = 0;
  /** Where the piece last taken begins. */
  at = 0;

  constructor(slabWords: number = SLAB_WORDS) {
    this.#slabWords = slabWords;
  }

  /** The slab with so many zeroed words of their own, at `at`. */
  take(count: number): Words {
    if (this.#slab === null || this.#used + count > this.#slab.words.length) {
      this.#slab = newWords(Math.max(count, this.#slabWords));
      this.#used = 0;
    }
    this.at = this.#used;
    this.#used += count;
    return this.#slab;
  }
}
