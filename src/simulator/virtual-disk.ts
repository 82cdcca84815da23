import { concatBytes } from "../lib/bytes.ts";
import type { Prng } from "../lib/prng.ts";
import { StoreCorruptError } from "../node/stored-record.ts";
import type { AppendFile } from "../ports/append-file.ts";
import type { Store, StoreEntry, StoreRange, StoreWrite } from "../ports/store.ts";
import type { Scheduler } from "./scheduler.ts";

interface Unsynced {
  readonly file: FileName;
  readonly bytes: Uint8Array;
}

export interface DiskImage {
  readonly stored: ReadonlyMap<string, Uint8Array>;
  readonly files: ReadonlyMap<FileName, readonly Uint8Array[]>;
}

export type FileName = "log" | "guard";
export type Target = FileName | "store";

/** Cuts the power at one moment of a write: under way, or durable while nobody was told yet. */
export interface Trap {
  readonly target: Target;
  readonly moment: "issued" | "durable";
  readonly spring: () => void;
}

/** A device writes sectors in any order; a record seldom ends where one does. */
const SECTOR_BYTES = 128;

/** The disk is full, or writing to it failed. */
export class DiskFault extends Error {
  override readonly name = "DiskFault";
  readonly code = "ENOSPC";
}

/** What a machine keeps over a crash. */
export class VirtualDisk {
  readonly #scheduler: Scheduler;
  readonly #random: Prng;
  readonly name: string;
  readonly #stored = new Map<string, Uint8Array>();
  /** Records that are not what was written: the adapter's checksum tells, and a read throws. */
  readonly #rotten = new Set<string>();
  /** In the pieces they were written in. */
  readonly #files = new Map<FileName, Uint8Array[]>();
  /** Raised by a crash: what was under way for an earlier life never answers. */
  #life = 0;
  #unsynced: Unsynced[] = [];
  /** When the last write asked for will be done. */
  readonly #doneMs = new Map<Target, number>();
  #trap: Trap | null = null;
  slowMs = 0;
  /** Writes fail, some of them after they took effect: a fault is a doubt. */
  isFull = false;

  constructor(scheduler: Scheduler, random: Prng, name: string) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.name = name;
  }

  set trap(trap: Trap | null) {
    this.#trap = trap;
  }

  /** Everything not reported durable may be gone, torn, or garbage. */
  crash(): void {
    this.#life += 1;
    this.#trap = null;
    this.#doneMs.clear();
    const torn = new Set<FileName>();
    for (const { file, bytes } of this.#unsynced) {
      if (torn.has(file)) continue;
      const left = this.#torn(bytes);
      this.#append(file, left);
      if (left !== bytes) torn.add(file);
    }
    this.#unsynced = [];
  }

  put(file: FileName, bytes: Uint8Array): void {
    this.#files.set(file, [bytes]);
  }

  /** A copy of all that is on it, as a backup holds it. */
  image(): DiskImage {
    return { stored: new Map(this.#stored), files: new Map([...this.#files].map(([name, parts]) => [name, [...parts]])) };
  }

  /** Everything as it was. */
  restore({ stored, files }: DiskImage): void {
    this.wipe();
    for (const [key, value] of stored) this.#stored.set(key, value);
    for (const [name, parts] of files) this.#files.set(name, [...parts]);
  }

  /** A new, empty disk. */
  wipe(): void {
    this.#life += 1;
    this.#doneMs.clear();
    this.#stored.clear();
    this.#rotten.clear();
    this.#files.clear();
    this.#unsynced = [];
    this.#trap = null;
    this.isFull = false;
  }

  /** One bit of what was durable changes; nothing if there is nothing. */
  rot(target: Target): void {
    const keys = [...this.#stored.keys()].sort();
    const key = target === "store" && keys.length > 0 ? this.#random.pick(keys) : undefined;
    const bytes = target === "store" ? this.#stored.get(key ?? "") : this.#content(target as FileName);
    if (bytes === undefined || bytes.length === 0) return;
    const rotten = bytes.slice();
    const at = this.#random.below(rotten.length);
    rotten[at] = (rotten[at] as number) ^ (1 << this.#random.below(8));
    if (target === "store") {
      this.#stored.set(key as string, rotten);
      this.#rotten.add(key as string);
    } else this.put(target, rotten);
  }

  /** What the chain's store holds is gone, and nothing else: a folder that its program deleted. */
  clearStore(): void {
    this.#stored.clear();
    this.#rotten.clear();
  }

  /** What was durable at the end of a file is gone, as if it had been torn: the file is older than it should be. */
  truncate(file: FileName): void {
    const bytes = this.#content(file);
    this.put(file, bytes.slice(0, this.#random.between(Math.floor(bytes.length / 2), bytes.length)));
  }

  /** Whether these bytes are durable in the file; what was written last is looked at first. */
  holds(file: FileName, bytes: Uint8Array): boolean {
    const sought = Buffer.from(bytes);
    const pieces = this.#files.get(file) ?? [];
    return (
      pieces.findLastIndex(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length).includes(sought)) >= 0
    );
  }

  store(): Store {
    const life = this.#life;
    return {
      get: (key) => {
        if (this.#rotten.has(text(key))) throw new StoreCorruptError("a stored record does not have its checksum");
        return this.#stored.get(text(key));
      },
      range: (range) => Promise.resolve(rangeOf(this.#stored, range)),
      snapshot: () => {
        const still = new Map(this.#stored);
        return {
          get: (key) => still.get(text(key)),
          range: (range) => Promise.resolve(rangeOf(still, range)),
          close: () => Promise.resolve(),
        };
      },
      write: (batch, done) =>
        this.#write("store", life, done, () => {
          for (const { key, value } of batch as readonly StoreWrite[]) {
            this.#rotten.delete(text(key));
            if (value === null) this.#stored.delete(text(key));
            else this.#stored.set(text(key), value);
          }
        }),
      compact: () => Promise.resolve(),
    };
  }

  file(name: FileName): AppendFile {
    const life = this.#life;
    return {
      initial: this.#content(name),
      append: (bytes, done) => {
        const entry = { file: name, bytes };
        this.#unsynced.push(entry);
        this.#write(name, life, done, () => this.#makeDurable(entry));
      },
      replace: (bytes, done) =>
        this.#write(name, life, done, () => {
          this.#unsynced = this.#unsynced.filter(({ file }) => file !== name);
          this.put(name, bytes);
        }),
    };
  }

  #write(target: Target, life: number, done: (fault: Error | null) => void, apply: () => void): void {
    this.#springs(target, "issued");
    const { nowMs } = this.#scheduler;
    // A write never overtakes the one before it, though the disk be quick again.
    const doneMs = Math.max(nowMs + this.#random.between(1, 3) + this.slowMs, this.#doneMs.get(target) ?? 0);
    this.#doneMs.set(target, doneMs);
    this.#scheduler.at(doneMs - nowMs, `${this.name} ${target}`, () => {
      if (life !== this.#life) return;
      if (!this.isFull || this.#random.chance(300)) apply();
      if (this.isFull) {
        done(new DiskFault(`no space for ${target}`));
        return;
      }
      // Durable, but the power goes before anybody hears of it.
      if (this.#springs(target, "durable")) return;
      done(null);
    });
  }

  #springs(target: Target, moment: Trap["moment"]): boolean {
    const trap = this.#trap;
    if (trap === null || trap.target !== target || trap.moment !== moment) return false;
    this.#trap = null;
    this.#scheduler.soon(trap.spring);
    return true;
  }

  /** Of an unsynced write: any prefix, any sectors, or garbage behind a prefix. */
  #torn(bytes: Uint8Array): Uint8Array {
    switch (this.#random.below(4)) {
      case 0:
        return bytes;
      case 1: {
        const some = bytes.slice();
        for (let from = 0; from < some.length; from += SECTOR_BYTES)
          if (this.#random.chance(500)) some.fill(0, from, from + SECTOR_BYTES);
        return some;
      }
      case 2: {
        const garbage = bytes.slice();
        for (let at = this.#random.below(bytes.length); at < garbage.length; at++) garbage[at] = this.#random.below(256);
        return garbage;
      }
      default:
        return bytes.slice(0, this.#random.between(0, bytes.length));
    }
  }

  /** Files are synced in order: what was appended before is durable, too. */
  #makeDurable(entry: Unsynced): void {
    const upTo = this.#unsynced.indexOf(entry);
    const rest: Unsynced[] = [];
    for (const [index, each] of this.#unsynced.entries()) {
      if (each.file === entry.file && index <= upTo) this.#append(each.file, each.bytes);
      else rest.push(each);
    }
    this.#unsynced = rest;
  }

  #append(file: FileName, bytes: Uint8Array): void {
    const pieces = this.#files.get(file);
    if (pieces === undefined) this.#files.set(file, [bytes]);
    else pieces.push(bytes);
  }

  #content(file: FileName): Uint8Array {
    return concatBytes(...(this.#files.get(file) ?? []));
  }
}

function rangeOf(stored: ReadonlyMap<string, Uint8Array>, { from, to, limit, reverse }: StoreRange): readonly StoreEntry[] {
  const keys = [...stored.keys()].filter((key) => key >= text(from) && key < text(to)).sort();
  if (reverse === true) keys.reverse();
  return keys.slice(0, limit).map((key) => ({
    key: Uint8Array.from(key, (letter) => letter.charCodeAt(0)),
    value: stored.get(key) as Uint8Array,
  }));
}

function text(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}
