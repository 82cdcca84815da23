import { createHash } from "node:crypto";
import { Heap } from "../lib/heap.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly label: string;
  readonly run: () => void;
}

/** Notes are hashed in pieces of this many characters: a call for each would cost more than all of the rest of them. */
const TRACE_CHARS = 16_384;

/** Virtual time: events in order of time, then of being scheduled. Nothing here waits. */
export class Scheduler {
  readonly #queue = new Heap<Event>((left, right) => left.atMs - right.atMs || left.order - right.order);
  readonly #trace = createHash("sha256");
  #notes = "";
  #soon: (() => void)[] = [];
  #countdowns: { left: number; readonly run: () => void }[] = [];
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

  /** Between the event that runs now and whatever comes next: where a power cut falls. */
  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Between two events, so many from now, whatever their times are. */
  afterEvents(count: number, run: () => void): void {
    this.#countdowns.push({ left: count, run });
  }

  /**
   * Runs until virtual time `untilMs`, or until `done`; false if neither came within `eventsMax`. `settled` is waited for after each event:
   * until then promises that it kept have called whoever waits for them. Without it nothing may wait for a promise.
   */
  async run(
    untilMs: number,
    eventsMax: number,
    done: () => boolean = () => false,
    settled: (() => Promise<void>) | null = null,
  ): Promise<boolean> {
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
      if (settled !== null) await settled();
      if (this.#countdowns.length > 0) this.#countDown();
      while (this.#soon.length > 0) for (const run of this.#soon.splice(0)) run();
    }
    return false;
  }

  #countDown(): void {
    for (const countdown of this.#countdowns) {
      countdown.left -= 1;
      if (countdown.left === 0) this.soon(countdown.run);
    }
    this.#countdowns = this.#countdowns.filter(({ left }) => left > 0);
  }

  note(what: string): void {
    this.#notes += `${this.#nowMs} ${what}\n`;
    if (this.#notes.length >= TRACE_CHARS) this.#flush();
  }

  traceHash(): string {
    this.#flush();
    return this.#trace.copy().digest("hex");
  }

  #flush(): void {
    this.#trace.update(this.#notes);
    this.#notes = "";
  }
}
