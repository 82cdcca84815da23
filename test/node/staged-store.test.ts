import { describe, expect, test } from "vitest";
import { StagedStore } from "../../src/node/staged-store.ts";
import type { Store, StoreWrite } from "../../src/ports/store.ts";
import { MemoryStore } from "./support/memory-store.ts";

const REWRITTEN = 0x70;
const ONCE = 0x69;

function keyOf(prefix: number, name: number): Uint8Array {
  return Uint8Array.of(prefix, name);
}

/** A store whose writes become durable when the test says so. */
class HeldStore extends MemoryStore implements Store {
  readonly batches: (readonly StoreWrite[])[] = [];
  #release: () => void = () => undefined;

  override write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void {
    this.batches.push(batch);
    this.#release = () => {
      this.put(batch);
      done(null);
    };
  }

  release(): void {
    this.#release();
  }
}

describe("what is staged in front of the store", () => {
  test("is read back at once, before and while it is written, and afterwards from the store", () => {
    for (const prefix of [REWRITTEN, ONCE]) {
      const store = new HeldStore();
      const staged = new StagedStore(store, new Set([REWRITTEN]));
      store.put([{ key: keyOf(prefix, 1), value: Uint8Array.of(9) }]);
      staged.stage([
        { key: keyOf(prefix, 1), value: Uint8Array.of(1) },
        { key: keyOf(prefix, 2), value: Uint8Array.of(2) },
      ]);
      expect(staged.get(keyOf(prefix, 1))).toEqual(Uint8Array.of(1));
      staged.flush(() => undefined);
      staged.stage([{ key: keyOf(prefix, 2), value: null }]);
      expect(staged.get(keyOf(prefix, 1))).toEqual(Uint8Array.of(1));
      expect(staged.get(keyOf(prefix, 2))).toBeUndefined();
      store.release();
      expect(staged.get(keyOf(prefix, 1))).toEqual(Uint8Array.of(1));
      expect(staged.get(keyOf(prefix, 2))).toBeUndefined();
      expect(store.get(keyOf(prefix, 2))).toEqual(Uint8Array.of(2));
    }
  });

  test("is found whether a row was asked for before the last write of it or after", () => {
    const staged = new StagedStore(new HeldStore(), new Set([REWRITTEN]));
    staged.stage([{ key: keyOf(ONCE, 1), value: Uint8Array.of(1) }]);
    expect(staged.get(keyOf(ONCE, 1))).toEqual(Uint8Array.of(1));
    staged.stage([{ key: keyOf(ONCE, 1), value: Uint8Array.of(2) }]);
    expect(staged.get(keyOf(ONCE, 1))).toEqual(Uint8Array.of(2));
  });

  test("leaves the last write of each key behind, in whichever order keys were written, asked for or not", () => {
    for (const isAsked of [false, true]) {
      const store = new HeldStore();
      const staged = new StagedStore(store, new Set([REWRITTEN]));
      for (let version = 0; version < 4; version++) {
        for (const prefix of [REWRITTEN, ONCE]) {
          staged.stage([
            { key: keyOf(prefix, version % 2), value: Uint8Array.of(version) },
            { key: keyOf(prefix, 7), value: version % 2 === 0 ? Uint8Array.of(version) : null },
          ]);
          if (isAsked) staged.get(keyOf(prefix, 0));
        }
      }
      staged.flush(() => undefined);
      store.release();
      for (const prefix of [REWRITTEN, ONCE]) {
        expect(store.get(keyOf(prefix, 0))).toEqual(Uint8Array.of(2));
        expect(store.get(keyOf(prefix, 1))).toEqual(Uint8Array.of(3));
        expect(store.get(keyOf(prefix, 7))).toBeUndefined();
      }
    }
  });

  test("goes to the disk once, where one block after another writes the same row", () => {
    const store = new HeldStore();
    const staged = new StagedStore(store, new Set([REWRITTEN]));
    for (let version = 0; version < 5; version++) staged.stage([{ key: keyOf(REWRITTEN, 1), value: Uint8Array.of(version) }]);
    staged.flush(() => undefined);
    expect(store.batches).toEqual([[{ key: keyOf(REWRITTEN, 1), value: Uint8Array.of(4) }]]);
  });
});
