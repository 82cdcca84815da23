import { concatBytes } from "../../../src/lib/bytes.ts";
import type { SnapshotFiles } from "../../../src/ports/snapshot-files.ts";

/** Snapshots in memory. */
export class MemorySnapshots implements SnapshotFiles {
  readonly whole = new Map<number, Map<string, Uint8Array>>();
  #making = new Map<string, Uint8Array>();

  heights() {
    return Promise.resolve([...this.whole.keys()].sort((left, right) => left - right));
  }

  read(height: number, name: string) {
    return Promise.resolve(this.whole.get(height)?.get(name));
  }

  begin() {
    this.#making = new Map();
    return Promise.resolve();
  }

  append(name: string, bytes: Uint8Array) {
    this.#making.set(name, concatBytes(this.#making.get(name) ?? new Uint8Array(0), bytes));
    return Promise.resolve();
  }

  readBack(name: string) {
    return Promise.resolve(this.#making.get(name) ?? new Uint8Array(0));
  }

  discard(name: string) {
    this.#making.delete(name);
    return Promise.resolve();
  }

  complete(height: number) {
    this.whole.set(height, this.#making);
    return Promise.resolve();
  }

  remove(height: number) {
    this.whole.delete(height);
    return Promise.resolve();
  }
}
