/** Execution of a block may take this share of the propose timeout: every validator executes it again before it votes. */
const TARGET_MS = 120;
const COUNT_MIN = 50;

/**
 * How many transactions a block may hold so that no block outlasts its round (protocol.md §4): follows the measured execution
 * time. It limits only what this node proposes, so it need not be the same everywhere.
 */
export class AdaptiveBlockSize {
  readonly #countMax: number;
  #count: number;

  constructor(countMax: number) {
    this.#countMax = countMax;
    this.#count = Math.min(1_000, countMax);
  }

  get count(): number {
    return this.#count;
  }

  /** Halves at once when a block took too long, grows by an eighth when a full one took little. */
  measured(count: number, tookMs: number): void {
    if (tookMs > TARGET_MS) this.#count = Math.max(COUNT_MIN, Math.min(this.#count, count) >> 1);
    else if (count >= this.#count && tookMs < TARGET_MS / 2)
      this.#count = Math.min(this.#countMax, this.#count + (this.#count >> 3));
  }
}
