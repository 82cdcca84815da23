import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Journal, StepRecord } from "../story/steps.ts";

/** The story's steps in a file of JSON lines; the last line of a step counts, a torn last line does not. */
export class FileJournal implements Journal {
  readonly #path: string;
  readonly #steps = new Map<string, StepRecord>();

  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    const text = readFileSync(path, "utf8");
    // What follows a torn line begins on a line of its own.
    if (text !== "" && !text.endsWith("\n")) appendFileSync(path, "\n");
    for (const line of text.split("\n")) {
      try {
        const { step, ...record } = JSON.parse(line) as StepRecord & { readonly step: string };
        this.#steps.set(step, record);
      } catch {
        // The line under way when the launcher was killed; its step is looked up on the chain again.
      }
    }
  }

  /** When the story last did something, by its own clock; undefined if it did nothing yet. */
  get lastMs(): number | undefined {
    return this.#steps.size === 0 ? undefined : Math.max(...[...this.#steps.values()].map(({ timeMs }) => timeMs));
  }

  get(step: string): StepRecord | undefined {
    return this.#steps.get(step);
  }

  put(step: string, record: StepRecord): void {
    this.#steps.set(step, record);
    appendFileSync(this.#path, `${JSON.stringify({ step, ...record })}\n`, { mode: 0o600 });
  }
}

/** Which stories were played to their end on a network: one name a line. */
export class PlayedStories {
  readonly #path: string;
  readonly #names: Set<string>;

  constructor(path: string) {
    this.#path = path;
    this.#names = new Set(existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : []);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    appendFileSync(this.#path, `${name}\n`, { mode: 0o600 });
  }
}
