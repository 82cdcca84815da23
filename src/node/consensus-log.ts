import { concatBytes } from "../lib/bytes.ts";
import type { AppendFile } from "../ports/append-file.ts";
import type { Hasher } from "../ports/crypto.ts";
import { frame, type LogRecord, parseLog } from "./framed-log.ts";

/** Beyond this the file is started anew at the next height; until then old heights stay in front and recovery skips them. */
const ROTATE_BYTES = 32 << 20;

/**
 * The write-ahead log of the undecided height (protocol.md §4 "Order of duties"): every input that the consensus machine consumes,
 * in order, and the blocks it speaks of. Records are buffered; `whenDurable` runs actions, in order, once every record appended
 * before them is on disk. That is the whole contract "persist, then send": the event loop never blocks on it.
 */
export class ConsensusLog {
  readonly #file: AppendFile;
  readonly #sha256: Hasher["sha256"];
  readonly #fatal: (error: Error) => void;
  #sequence = 0;
  /** Up to which record the file is on disk. */
  #durable = 0;
  #fileBytes: number;
  #buffer: { readonly sequence: number; readonly payload: Uint8Array }[] = [];
  #writing = false;
  /** Actions waiting for the buffer, and those waiting for the write under way. */
  #waiting: (() => void)[] = [];
  #failed = false;
  /** What the file held when it was opened, its torn tail cut off. */
  readonly records: readonly LogRecord[];
  /** Damage to what had been durable: the node has no memory of this height. */
  readonly corrupt: boolean;
  #torn: boolean;
  readonly #sound: Uint8Array;

  constructor(modules: { readonly file: AppendFile; readonly hasher: Hasher; readonly fatal: (error: Error) => void }) {
    this.#file = modules.file;
    this.#sha256 = modules.hasher.sha256;
    this.#fatal = modules.fatal;
    const parsed = parseLog(modules.file.initial, this.#sha256);
    this.records = parsed.records;
    this.corrupt = parsed.corrupt;
    this.#torn = parsed.soundBytes < modules.file.initial.length;
    this.#sound = modules.file.initial.subarray(0, parsed.soundBytes);
    this.#sequence = parsed.records.at(-1)?.sequence ?? 0;
    this.#durable = this.#sequence;
    this.#fileBytes = parsed.soundBytes;
  }

  append(payload: Uint8Array): void {
    this.#sequence += 1;
    this.#buffer.push({ sequence: this.#sequence, payload });
  }

  /** Runs at once if nothing is outstanding. After a failed write nothing runs any more. */
  whenDurable(action: () => void): void {
    if (this.#failed) return;
    if (this.#buffer.length === 0 && !this.#writing && this.#waiting.length === 0) {
      action();
      return;
    }
    this.#waiting.push(action);
    this.#flush();
  }

  /** A new height begins and nothing of the old one is needed: starts the file anew once it has grown. */
  rotate(): void {
    if (this.#fileBytes < ROTATE_BYTES || this.#writing || this.#buffer.length > 0 || this.#failed) return;
    this.#sequence = 0;
    this.#durable = 0;
    this.#fileBytes = 0;
    this.#torn = false;
    this.#writing = true;
    this.#file.replace(new Uint8Array(0), (fault) => this.#written(fault, []));
  }

  #flush(): void {
    if (this.#writing || this.#failed) return;
    const actions = this.#waiting;
    this.#waiting = [];
    const frames = this.#buffer.map(({ sequence, payload }) => frame(sequence, payload, this.#sha256, this.#durable));
    const upTo = this.#sequence;
    const bytes = concatBytes(...frames);
    this.#buffer = [];
    this.#writing = true;
    if (bytes.length === 0) {
      this.#written(null, actions);
      return;
    }
    this.#fileBytes += bytes.length;
    const done = (fault: Error | null): void => {
      if (fault === null) this.#durable = upTo;
      this.#written(fault, actions);
    };
    if (this.#torn) {
      this.#torn = false;
      this.#file.replace(concatBytes(this.#sound, bytes), done);
    } else {
      this.#file.append(bytes, done);
    }
  }

  #written(fault: Error | null, actions: readonly (() => void)[]): void {
    if (fault !== null) {
      this.#failed = true;
      this.#fatal(new Error("the consensus log could not be written", { cause: fault }));
      return;
    }
    // Still "writing" while they run, so that what they ask for queues up behind them.
    for (const action of actions) action();
    this.#writing = false;
    if (this.#waiting.length > 0) this.#flush();
  }
}
