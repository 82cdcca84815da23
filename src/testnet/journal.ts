import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Journal, StepRecord } from "../story/steps.ts";

/** The story's steps in a file of JSON lines; the last line of a step counts, a torn last line does not. */
export class FileJournal implements Journal {
  readonly #path: string;
  readonly #steps = new Map<string, StepRecord>();

  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, "utf8").split("\n")) {
      try {
        const { step, ...record } = JSON.parse(line) as StepRecord & { readonly step: string };
        this.#steps.set(step, record);
      } catch {
        // The line under way when the launcher was killed; its step is looked up on the chain again.
      }
    }
  }

  get(step: string): StepRecord | undefined {
    return this.#steps.get(step);
  }

  put(step: string, record: StepRecord): void {
    this.#steps.set(step, record);
    appendFileSync(this.#path, `${JSON.stringify({ step, ...record })}\n`, { mode: 0o600 });
  }
}
