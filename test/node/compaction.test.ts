import { describe, expect, it } from "vitest";
import { toHex } from "../../src/lib/bytes.ts";
import { Compaction } from "../../src/node/compaction.ts";
import type { Height } from "../../src/types/scalars.ts";

const ROWS_MIN = 100;

/** What is compacted while heights are let go of, as [first byte, from height] or the first byte alone. */
class Store {
  readonly chain = { head: { height: 1_000 } as never, base: 0 as Height, swept: 0 as Height };
  readonly compacted: string[] = [];
  readonly warned: string[] = [];
  fault: Error | null = null;
  readonly compaction = new Compaction(
    {
      chain: this.chain,
      store: {
        compact: ({ from, to }) => {
          this.compacted.push(`${toHex(from)}-${toHex(to)}`);
          return this.fault === null ? new Promise(() => undefined) : Promise.reject(this.fault);
        },
      },
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: (event) => void this.warned.push(event),
        error: () => undefined,
      },
    },
    ROWS_MIN,
  );

  letGo(to: Height, rows: number): readonly string[] {
    this.compacted.length = 0;
    this.chain.base = to;
    this.chain.swept = to;
    this.compaction.onDeleted(rows);
    return [...this.compacted];
  }
}

const byHeight = (from: Height, to: Height): readonly string[] => {
  const at = (height: Height): string => height.toString(16).padStart(16, "0");
  return ["62", "63", "64", "71"].map((prefix) => `${prefix}${at(from)}-${prefix}${at(to)}`);
};
const ANYWHERE = ["78-79", "6b-6c", "75-76", "68-69"];

describe("room that rows took is given back", () => {
  it("when there is enough of it: of rows by height each time, of the others when as many blocks went as are left", async () => {
    const store = new Store();
    expect(store.letGo(10, ROWS_MIN - 1)).toEqual([]);
    expect(store.letGo(20, 1)).toEqual(byHeight(0, 20));
    // Nothing is begun beside what is under way, and nothing is forgotten over it.
    expect(store.letGo(30, ROWS_MIN)).toEqual([]);
    const other = new Store();
    other.fault = new Error("no");
    expect(other.letGo(400, ROWS_MIN)).toEqual(byHeight(0, 400));
    await new Promise((resolve) => setImmediate(resolve));
    expect(other.warned).toEqual(["the store was not compacted"]);
    expect(other.letGo(499, ROWS_MIN)).toEqual(byHeight(400, 499));
    await new Promise((resolve) => setImmediate(resolve));
    expect(other.letGo(500, ROWS_MIN)).toEqual([...byHeight(499, 500), ...ANYWHERE]);
    await new Promise((resolve) => setImmediate(resolve));
    // From there on: 1000 − 600 are left, and 100 went.
    expect(other.letGo(600, ROWS_MIN)).toEqual(byHeight(500, 600));
    await new Promise((resolve) => setImmediate(resolve));
    expect(other.letGo(750, ROWS_MIN)).toEqual([...byHeight(600, 750), ...ANYWHERE]);
  });
});
