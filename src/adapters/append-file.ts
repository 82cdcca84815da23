import fs, { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { AppendFile } from "../ports/append-file.ts";
import type { FileStep } from "./failpoints.ts";

/** Where drills may stop the process; off in production. */
export interface FilePoints {
  isNext(step: FileStep): boolean;
  reach(step: FileStep): void;
}

const NO_POINTS: FilePoints = { isNext: () => false, reach: () => undefined };

/**
 * The AppendFile port over a file. Writes go through the thread pool, one at a time; the bytes of appends that come while one runs
 * go with the next. Once a write failed nothing is reported durable any more.
 */
export class FileAppender implements AppendFile {
  readonly #path: string;
  readonly #points: FilePoints;
  readonly initial: Uint8Array;
  #fd: number;
  #pending: { readonly bytes: Uint8Array; readonly done: (fault: Error | null) => void }[] = [];
  #busy = false;
  #fault: Error | null = null;

  /** Opens or makes the file, mode 0600. */
  constructor(path: string, points: FilePoints = NO_POINTS) {
    this.#path = path;
    this.#points = points;
    this.#fd = openSync(path, "a+", 0o600);
    this.initial = new Uint8Array(readFileSync(path));
  }

  append(bytes: Uint8Array, done: (fault: Error | null) => void): void {
    this.#pending.push({ bytes, done });
    this.#flush();
  }

  replace(bytes: Uint8Array, done: (fault: Error | null) => void): void {
    // Rare and small: done at once, but answered later like everything else.
    let fault = this.#fault;
    try {
      if (fault === null) this.#replaceNow(bytes);
    } catch (error) {
      fault = error as Error;
      this.#fault = fault;
    }
    setImmediate(() => done(fault));
  }

  close(): void {
    closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#busy || this.#pending.length === 0) return;
    this.#busy = true;
    const batch = this.#pending;
    this.#pending = [];
    const finish = (fault: Error | null): void => {
      this.#busy = false;
      if (fault !== null) this.#fault = fault;
      for (const { done } of batch) done(this.#fault);
      this.#flush();
    };
    if (this.#fault !== null) {
      setImmediate(() => finish(this.#fault));
      return;
    }
    const fd = this.#fd;
    this.#points.reach("begin");
    if (this.#points.isNext("torn")) this.#writeTorn(batch);
    this.#points.reach("torn");
    fs.writev(
      fd,
      batch.map(({ bytes }) => bytes),
      (error, written) => {
        this.#points.reach("written");
        const expected = batch.reduce((sum, { bytes }) => sum + bytes.length, 0);
        if (error !== null) finish(error);
        else if (written !== expected) finish(new Error(`short write: ${written} of ${expected} bytes`));
        else
          fs.fdatasync(fd, (fault) => {
            this.#points.reach("synced");
            finish(fault);
          });
      },
    );
  }

  /** A drill: all but the last byte gets there. At any other place, the middle too, one record may end and the next begin. */
  #writeTorn(batch: readonly { readonly bytes: Uint8Array }[]): void {
    const whole = Buffer.concat(batch.map(({ bytes }) => bytes));
    writeSync(this.#fd, whole, 0, whole.length - 1);
  }

  #replaceNow(bytes: Uint8Array): void {
    const aside = `${this.#path}.new`;
    const fd = openSync(aside, "w", 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    this.#points.reach("aside");
    renameSync(aside, this.#path);
    this.#points.reach("renamed");
    const folder = openSync(dirname(this.#path), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    this.#points.reach("replaced");
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, "a", 0o600);
  }
}
