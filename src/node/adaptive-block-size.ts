/** Execution of a block may take this share of the propose timeout: every validator executes it again before it votes. */
const TARGET_MS = 120;
const COUNT_MIN = 50;
/** Below this many a block says little about what a transaction costs: its own cost covers it. */
const TELLING_COUNT = COUNT_MIN;
/** What a block weighs when the next has been measured. One stall of the machine must not make blocks small for long. */
const MEMORY = 0.7;

/**
 * How many transactions a block may hold so that no block outlasts its round (protocol.md §4): as many as take TARGET_MS at the cost
 * of the last blocks' transactions, each block weighing by its size. It limits only what this node proposes, so it need not be the same everywhere.
 */
export class AdaptiveBlockSize {
  readonly #countMax: number;
  #tookMs: number;
  #executed: number;

  /** Begins with a guess of the weight of one block: 1,000 transactions in the time they may take. */
  constructor(countMax: number) {
    this.#countMax = countMax;
    this.#tookMs = TARGET_MS;
    this.#executed = 1_000;
  }

  get count(): number {
    const affordable = Math.floor((TARGET_MS * this.#executed) / this.#tookMs);
    return Math.min(this.#countMax, Math.max(COUNT_MIN, affordable));
  }

  /** A block of `count` transactions was executed in `tookMs`. */
  measured(count: number, tookMs: number): void {
    if (count < TELLING_COUNT && tookMs <= TARGET_MS) return;
    this.#tookMs = this.#tookMs * MEMORY + Math.max(tookMs, 1);
    this.#executed = this.#executed * MEMORY + count;
  }
}
