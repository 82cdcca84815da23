import { type FSWatcher, readFileSync, renameSync, watch, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { WallClock } from "../ports/clock.ts";
import type { TimeMs } from "../types/scalars.ts";

/** What the launcher writes: civil time `baseMs` was it when the machine's clock said `atMs`; it runs on from there. */
interface Drive {
  readonly baseMs: TimeMs;
  readonly atMs: number;
}

/** Where the system tells of a new file, looking for it is for the case that it once does not; else it is the only way. */
const POLL_WATCHED_MS = 1_000;
const POLL_MS = 20;

/** The one source of a driven clock (protocol.md §4 "Clocks"): a small file, replaced as a whole, forward only. */
export class DrivenClockSource implements WallClock {
  readonly #path: string;
  #drive: Drive;

  /**
   * Goes on from the file, if there is one, but never before `fromMs`. With `resumeMs` it takes the time up there instead, as if nothing had
   * passed since: right only while no node runs.
   */
  constructor(path: string, fromMs: TimeMs, resumeMs?: TimeMs) {
    this.#path = path;
    const stored = readDrive(path);
    const now = resumeMs ?? (stored === undefined ? 0 : read(stored));
    this.#drive = { baseMs: Math.max(now, fromMs), atMs: Date.now() };
    this.#write();
  }

  nowMs(): TimeMs {
    return read(this.#drive);
  }

  /** Jumps to `timeMs`; a time that lies behind is ignored. The caller sees to it that nothing is pending. */
  jumpTo(timeMs: TimeMs): void {
    if (timeMs <= this.nowMs()) return;
    this.#drive = { baseMs: timeMs, atMs: Date.now() };
    this.#write();
  }

  #write(): void {
    const aside = `${this.#path}.new`;
    writeFileSync(aside, JSON.stringify(this.#drive), { mode: 0o600 });
    renameSync(aside, this.#path);
  }
}

/**
 * A node's view of it. Never goes back, whatever the file says. The file is watched, since to look for it often enough would cost an idle
 * node as much as all else that it does.
 */
export class DrivenClock implements WallClock {
  readonly #path: string;
  #drive: Drive;
  #highestMs = 0;
  readonly #watcher: FSWatcher | null;
  readonly #timer: NodeJS.Timeout;

  /** Throws if the file is not there or not of its form. */
  constructor(path: string) {
    this.#path = path;
    const drive = readDrive(path);
    if (drive === undefined) throw new Error(`no driven clock at ${path}: the launcher writes it`);
    this.#drive = drive;
    this.#watcher = this.#watch();
    this.#timer = setInterval(() => this.#look(), this.#watcher === null ? POLL_MS : POLL_WATCHED_MS);
    this.#timer.unref();
    // What was written before it was watched.
    this.#look();
  }

  nowMs(): TimeMs {
    this.#highestMs = Math.max(this.#highestMs, read(this.#drive));
    return this.#highestMs;
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#drive = readDrive(this.#path) ?? this.#drive;
  }

  /** The folder, since the file is replaced; null where the system cannot. */
  #watch(): FSWatcher | null {
    try {
      const watcher = watch(dirname(this.#path), { persistent: false }, (_, name) => {
        if (name === null || name === basename(this.#path)) this.#look();
      });
      // From then on the timer has to do.
      watcher.on("error", () => watcher.close());
      return watcher;
    } catch {
      return null;
    }
  }
}

function read({ baseMs, atMs }: Drive): TimeMs {
  return baseMs + Math.max(0, Date.now() - atMs);
}

function readDrive(path: string): Drive | undefined {
  try {
    const { baseMs, atMs } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    return Number.isSafeInteger(baseMs) && Number.isSafeInteger(atMs)
      ? { baseMs: baseMs as number, atMs: atMs as number }
      : undefined;
  } catch {
    return undefined;
  }
}
