import { describe, expect, it } from "vitest";
import { encode } from "../../src/codec/schema.ts";
import type { ObjectChange } from "../../src/ledger/book.ts";
import { KINDS, type ObjectOf } from "../../src/ledger/kinds.ts";
import { indexWrites } from "../../src/node/ledger-index.ts";
import { LedgerReader } from "../../src/node/ledger-reader.ts";
import { type Hash, ZERO_HASH } from "../../src/types/scalars.ts";
import { MemoryStore } from "./support/memory-store.ts";

type Note = ObjectOf<"note">;
const id = (number: number): Hash => number.toString(16).padStart(64, "0") as Hash;
const HOLDERS = 50;
const holder = (number: number): Hash => id(0xabc000 + (number % HOLDERS));
const TX = "7".repeat(64) as Hash;

function note(number: number, change: Partial<Note> = {}): Note {
  return {
    id: id(number),
    version: 1,
    receivable: id(0xdef000 + Math.floor(number / 100)),
    parent: null,
    depth: 0,
    currency: "CNY",
    amount: BigInt(number + 1),
    holder: holder(number),
    position: "OPEN",
    ref: null,
    hold: null,
    dispute: null,
    ...change,
  };
}

/** One block's changes, as the node writes them. */
function apply(store: MemoryStore, height: number, changes: readonly { before?: Note; after?: Note }[]): void {
  const net = changes.map(({ before, after }): ObjectChange => {
    const id = (after ?? before ?? note(0)).id;
    return { kind: "note", id, before, after };
  });
  const history = net.map(({ kind, id, after }) => ({ kind, id, tx: TX, after }));
  store.put(
    indexWrites(
      height,
      net,
      history,
      net.map(({ after }) => (after === undefined ? null : encode(KINDS.note.schema, after as Note))),
      (key) => store.get(key),
    ),
  );
}

function filled(count: number): { readonly store: MemoryStore; readonly reader: LedgerReader } {
  const store = new MemoryStore();
  apply(
    store,
    1,
    Array.from({ length: count }, (_, number) => ({ after: note(number) })),
  );
  return { store, reader: new LedgerReader(store) };
}

async function readsOf(count: number, read: (reader: LedgerReader) => Promise<unknown>): Promise<number> {
  const { store, reader } = filled(count);
  store.reads = 0;
  await read(reader);
  return store.reads;
}

describe("reads of the ledger", () => {
  const few = 1_000;
  const many = 100_000;

  it("cost what the answer has and not what the state has: a page, a filtered page, a summary, a history", async () => {
    const costs: readonly ((reader: LedgerReader) => Promise<unknown>)[] = [
      (reader) => reader.list({ kind: "note", where: {}, limit: 10 }),
      (reader) => reader.list({ kind: "note", where: { holder: holder(7) }, limit: 10 }),
      (reader) => reader.list({ kind: "note", where: { holder: holder(7), position: "OPEN" }, limit: 10 }),
      (reader) => reader.summary("all"),
      (reader) => reader.summary(holder(7)),
      (reader) => reader.history("note", id(7), 10),
      (reader) => reader.getAt("note", id(7), 1),
      (reader) => reader.notesOf(note(7).receivable),
    ];
    const { store, reader } = filled(few);
    const big = filled(many);
    for (const read of costs) {
      store.reads = 0;
      big.store.reads = 0;
      await read(reader);
      await read(big.reader);
      expect(store.reads).toBeGreaterThan(0);
      expect(big.store.reads).toBe(store.reads);
    }
  }, 120_000);

  it("pages through everything once, in order, whatever the size of a page", async () => {
    const { reader } = filled(1_000);
    const found: Hash[] = [];
    let cursor: string | undefined;
    do {
      const query = { kind: "note" as const, where: { holder: holder(3) }, limit: 7 };
      const page = await reader.list(cursor === undefined ? query : { ...query, cursor });
      if (!page.ok) throw new Error(page.error);
      found.push(...page.value.items.map(({ object }) => object.id as Hash));
      cursor = page.value.cursor;
    } while (cursor !== undefined);
    expect(found).toEqual(Array.from({ length: 20 }, (_, turn) => id(3 + turn * HOLDERS)));
  });

  it("refuse the cursor of another list and of another object", async () => {
    const { reader } = filled(100);
    const other = await reader.list({ kind: "note", where: { position: "OPEN" }, limit: 3 });
    const cursor = other.ok ? (other.value.cursor ?? "") : "";
    expect(cursor).not.toBe("");
    const fault = { ok: false, error: "CURSOR_INVALID" };
    expect(await reader.list({ kind: "note", where: { holder: holder(3) }, limit: 3, cursor })).toEqual(fault);
    expect(await reader.list({ kind: "note", where: {}, limit: 3, cursor })).toEqual(fault);
    expect(await reader.list({ kind: "note", where: {}, limit: 3, cursor: "zz" })).toEqual(fault);
    expect(await reader.history("note", id(1), 3, cursor)).toEqual(fault);
  });

  it("follow a change: index entries and totals move with the object", async () => {
    const { store, reader } = filled(100);
    const before = note(3);
    const after = note(3, { version: 2, position: "PLEDGED", ref: ZERO_HASH });
    apply(store, 2, [{ before, after }]);
    const pledged = await reader.list({ kind: "note", where: { position: "PLEDGED" }, limit: 10 });
    expect(pledged).toMatchObject({ ok: true, value: { items: [{ height: 2, object: { id: id(3), version: 2 } }] } });
    const open = await reader.list({ kind: "note", where: { position: "OPEN", holder: holder(3) }, limit: 10 });
    expect(open).toMatchObject({ ok: true, value: { items: [{ object: { id: id(3 + HOLDERS) } }] } });
    const lines = await reader.summary(holder(3));
    expect(lines).toContainEqual({ kind: "note", status: "PLEDGED", currency: "CNY", count: 1, amount: 4n });
    expect(lines).toContainEqual({ kind: "note", status: "OPEN", currency: "CNY", count: 1, amount: BigInt(4 + HOLDERS) });
  });

  it("answer an object as it was after any block, and not before it was there", async () => {
    const store = new MemoryStore();
    const reader = new LedgerReader(store);
    const first = note(1);
    const second = note(1, { version: 2, position: "OFFERED" });
    apply(store, 2, [{ after: first }]);
    apply(store, 5, [{ before: first, after: second }]);
    apply(store, 9, [{ before: second }]);
    const versions = await Promise.all(
      [1, 2, 4, 5, 8, 9].map(async (height) => (await reader.getAt("note", id(1), height))?.object.version),
    );
    expect(versions).toEqual([undefined, 1, 1, 2, 2, undefined]);
    const history = await reader.history("note", id(1), 10);
    expect(history).toMatchObject({
      ok: true,
      value: {
        items: [
          { height: 2, tx: TX },
          { height: 5, tx: TX },
          { height: 9, tx: TX, object: null },
        ],
      },
    });
  });

  it("find the history of objects whose id ends in the highest byte", async () => {
    const store = new MemoryStore();
    apply(store, 1, [{ after: note(0xff) }, { after: note(0xffff) }]);
    for (const number of [0xff, 0xffff]) {
      const history = await new LedgerReader(store).history("note", id(number), 10);
      expect(history).toMatchObject({ ok: true, value: { items: [{ height: 1 }] } });
    }
  });

  it("sum beyond what one amount may be", async () => {
    const store = new MemoryStore();
    const most = 2n ** 63n - 1n;
    apply(
      store,
      1,
      Array.from({ length: 20 }, (_, number) => ({ after: note(number, { amount: most, holder: id(1) }) })),
    );
    const [line] = await new LedgerReader(store).summary(id(1));
    expect(line?.amount).toBe(20n * most);
  });
});

describe("the count of reads", () => {
  it("is seen to grow where a read does scan", async () => {
    const scan = (limit: number) => readsOf(1_000, (reader) => reader.list({ kind: "note", where: {}, limit }));
    expect(await scan(500)).toBeGreaterThan(10 * (await scan(10)));
  });
});
