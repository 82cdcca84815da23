import type { Prng } from "../lib/prng.ts";
import type { AppendFile } from "../ports/append-file.ts";
import type { Store, StoreEntry, StoreRange, StoreWrite } from "../ports/store.ts";
import type { Scheduler } from "./scheduler.ts";

interface Unsynced {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** What a machine keeps over a crash. `lies`: appends are reported durable at once and are lost in a crash. */
export class VirtualDisk {
  readonly #scheduler: Scheduler;
  readonly #random: Prng;
  readonly name: string;
  readonly lies: boolean;
  readonly #stored = new Map<string, Uint8Array>();
  readonly #files = new Map<string, Uint8Array>();
  /** Raised by a crash: what was under way for an earlier life never answers. */
  #life = 0;
  #unsynced: Unsynced[] = [];
  slowMs = 0;

  constructor(scheduler: Scheduler, random: Prng, name: string, lies: boolean) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.name = name;
    this.lies = lies;
  }

  /** Everything not reported durable may be gone, or torn. */
  crash(): void {
    this.#life += 1;
    const torn = new Set<string>();
    for (const { file, bytes } of this.#unsynced) {
      if (torn.has(file)) continue;
      // An honest disk has written any prefix; a lying one nothing of what it promised.
      const kept = this.lies ? 0 : this.#random.between(0, bytes.length);
      this.#files.set(file, joined(this.#files.get(file), bytes.subarray(0, kept)));
      if (kept < bytes.length) torn.add(file);
    }
    this.#unsynced = [];
  }

  put(file: string, bytes: Uint8Array): void {
    this.#files.set(file, bytes);
  }

  store(): Store {
    const life = this.#life;
    return {
      get: (key) => this.#stored.get(text(key)),
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
        this.#scheduler.at(this.#latency(), `${this.name} store`, () => {
          if (life !== this.#life) return;
          for (const { key, value } of batch as readonly StoreWrite[]) {
            if (value === null) this.#stored.delete(text(key));
            else this.#stored.set(text(key), value);
          }
          done(null);
        }),
    };
  }

  file(name: string): AppendFile {
    const life = this.#life;
    return {
      initial: this.#files.get(name) ?? new Uint8Array(0),
      append: (bytes, done) => {
        const entry = { file: name, bytes };
        this.#unsynced.push(entry);
        this.#scheduler.at(this.lies ? 0 : this.#latency(), `${this.name} ${name}`, () => {
          if (life !== this.#life) return;
          if (!this.lies) this.#makeDurable(entry);
          done(null);
        });
      },
      replace: (bytes, done) =>
        this.#scheduler.at(this.#latency(), `${this.name} ${name} replaced`, () => {
          if (life !== this.#life) return;
          this.#unsynced = this.#unsynced.filter(({ file }) => file !== name);
          this.#files.set(name, bytes);
          done(null);
        }),
    };
  }

  /** Files are synced in order: what was appended before is durable, too. */
  #makeDurable(entry: Unsynced): void {
    const upTo = this.#unsynced.indexOf(entry);
    const rest: Unsynced[] = [];
    for (const [index, each] of this.#unsynced.entries()) {
      if (each.file === entry.file && index <= upTo) this.#files.set(each.file, joined(this.#files.get(each.file), each.bytes));
      else rest.push(each);
    }
    this.#unsynced = rest;
  }

  #latency(): number {
    return this.#random.between(1, 3) + this.slowMs;
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

function joined(left: Uint8Array | undefined, right: Uint8Array): Uint8Array {
  const head = left ?? new Uint8Array(0);
  const both = new Uint8Array(head.length + right.length);
  both.set(head);
  both.set(right, head.length);
  return both;
}
