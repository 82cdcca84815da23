import { concatBytes } from "../lib/bytes.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Height } from "../types/scalars.ts";

/** A machine's folder of snapshots: what is whole survives a crash, what is in the making does not. */
export class VirtualSnapshots {
  readonly #whole = new Map<Height, ReadonlyMap<string, Uint8Array>>();
  #making = new Map<string, Uint8Array>();
  /** Raised by a crash: what an earlier life has in the making is nobody's. */
  #life = 0;

  crash(): void {
    this.#life += 1;
    this.#making = new Map();
  }

  wipe(): void {
    this.crash();
    this.#whole.clear();
  }

  /** For one life of the machine. */
  files(): SnapshotFiles {
    const life = this.#life;
    const inLife = <T>(work: () => T): Promise<T> =>
      life === this.#life ? Promise.resolve(work()) : new Promise<T>(() => undefined);
    return {
      heights: () => inLife(() => [...this.#whole.keys()].sort((left, right) => left - right)),
      read: (height, name) => inLife(() => this.#whole.get(height)?.get(name)),
      begin: () =>
        inLife(() => {
          this.#making = new Map();
        }),
      append: (name, bytes) =>
        inLife(() => void this.#making.set(name, concatBytes(this.#making.get(name) ?? new Uint8Array(0), bytes))),
      readBack: (name) => inLife(() => this.#making.get(name) ?? new Uint8Array(0)),
      discard: (name) => inLife(() => void this.#making.delete(name)),
      complete: (height) =>
        inLife(() => {
          this.#whole.set(height, this.#making);
          this.#making = new Map();
        }),
      remove: (height) => inLife(() => void this.#whole.delete(height)),
    };
  }
}
