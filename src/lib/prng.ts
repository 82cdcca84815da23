/** A seeded source of numbers (SplitMix32 steps): the same seed, the same sequence, on every machine. Not for keys. */
export class Prng {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 32 bits. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** 0 … bound − 1. */
  below(bound: number): number {
    return this.next() % bound;
  }

  /** min … max, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True in `permille` of a thousand draws. */
  chance(permille: number): boolean {
    return this.below(1_000) < permille;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** A sequence of its own, so that what one part draws does not shift another's. */
  fork(): Prng {
    return new Prng(this.next());
  }
}
