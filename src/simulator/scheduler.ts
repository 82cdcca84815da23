import { createHash } from "node:crypto";
import { Heap } from "../lib/heap.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly label: string;
  readonly run: () => void;
}

/** Virtual time: events in order of time, then of being scheduled. Nothing here waits. */
export class Scheduler {
  readonly #queue = new Heap<Event>((left, right) => left.atMs - right.atMs || left.order - right.order);
  readonly #trace = createHash("sha256");
  #nowMs = 0;
  #order = 0;
  #events = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  get events(): number {
    return this.#events;
  }

  /** `label` goes into the trace, by which two runs are seen to be equal. */
  at(delayMs: number, label: string, run: () => void): void {
    this.#queue.push({ atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, label, run });
  }

  /** Runs until virtual time `untilMs`, or until `done`; false if neither came within `eventsMax`. */
  run(untilMs: number, eventsMax: number, done: () => boolean = () => false): boolean {
    for (let left = eventsMax; left > 0; left--) {
      if (done()) return true;
      const next = this.#queue.peek();
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = untilMs;
        return true;
      }
      this.#queue.pop();
      this.#nowMs = next.atMs;
      this.#events += 1;
      this.note(next.label);
      next.run();
    }
    return false;
  }

  note(what: string): void {
    this.#trace.update(`${this.#nowMs.toFixed(3)} ${what}\n`);
  }

  traceHash(): string {
    return this.#trace.copy().digest("hex");
  }
}
