import { writeSync } from "node:fs";

/** Where a node can be made to stand still: what is about to happen, or has just happened, on the way from a decision to stored state. */
const FILE_STEPS = ["begin", "torn", "written", "synced", "aside", "renamed", "replaced"] as const;
export type FileStep = (typeof FILE_STEPS)[number];
const STORE_STEPS = ["begin", "written", "told"] as const;
export type StoreStep = (typeof STORE_STEPS)[number];

export const FAILPOINTS: readonly string[] = [
  ...(["log", "guard"] as const).flatMap((file) => FILE_STEPS.map((step) => `${file}.${step}`)),
  ...STORE_STEPS.map((step) => `store.${step}`),
  "signer.signed",
];

/** What is written to standard error when one is reached. */
export const FAILPOINT_WORDS = "failpoint reached";

/**
 * Failpoints of drills, off unless the process was started with one: `ZHONGLIAN_FAILPOINT=name[:count]`. On reaching it for the count-th
 * time the process says so and stands still for ever, between two instructions of its only thread that writes and sends; whoever ordered
 * it kills it from outside. So a crash comes exactly there, and not in code that knows of it.
 */
export class Failpoints {
  readonly #name: string | null;
  #left: number;

  /** Throws for a name that there is not: a drill that never happens must not pass. */
  constructor(setting: string | undefined) {
    const [name = "", count = "1"] = (setting ?? "").split(":");
    this.#name = name === "" ? null : name;
    this.#left = Number(count);
    if (this.#name !== null && !FAILPOINTS.includes(this.#name))
      throw new Error(`there is no failpoint "${this.#name}"; there are ${FAILPOINTS.join(", ")}`);
    if (!Number.isSafeInteger(this.#left) || this.#left < 1) throw new Error("a failpoint's count is a whole number from 1");
  }

  /** Whether the next call of `reach` with this name stands still: for places that must prepare it. */
  isNext(name: string): boolean {
    return name === this.#name && this.#left === 1;
  }

  reach(name: string): void {
    if (name !== this.#name) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    writeSync(2, `${FAILPOINT_WORDS}: ${name}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}
