import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Mempool } from "../../src/mempool/mempool.ts";
import type { Hash, TxId } from "../../src/types/scalars.ts";
import type { Envelope } from "../../src/types/transaction.ts";

const idOf = (number: number): TxId => number.toString(16).padStart(64, "0") as TxId;

function envelope(number: number, size = 100, notAfter = 1_000): Envelope {
  const bytes = new Uint8Array(size);
  return { pair: { id: idOf(number), sigs: "" as Hash }, tx: { notAfter } as Envelope["tx"], bytes };
}

const entry = (number: number, origin: string, size?: number, notAfter?: number) => ({
  envelope: envelope(number, size, notAfter),
  origin,
  arrivedMs: number,
});

const numbers = (envelopes: readonly Envelope[]): readonly number[] => envelopes.map(({ pair }) => Number.parseInt(pair.id, 16));
const room = { countMax: 1_000, bytesMax: 1_000_000, failingMax: 10, blockTimeMs: 0 };

describe("the mempool", () => {
  it("takes turns over members, oldest first within each, so that none waits behind another's crowd", () => {
    const pool = new Mempool();
    for (let number = 0; number < 50; number++) pool.add(entry(number, "crowd"));
    pool.add(entry(100, "small"));
    pool.add(entry(101, "small"));
    expect(numbers(pool.take({ ...room, countMax: 5 }))).toEqual([0, 100, 1, 101, 2]);
  });

  it("evicts the newest of the largest holder when it is full, and nobody for the largest itself", () => {
    const pool = new Mempool({ countMax: 4, bytesMax: 10_000 });
    for (let number = 0; number < 4; number++) pool.add(entry(number, "crowd"));
    expect(pool.add(entry(9, "crowd"))).toEqual({ kind: "full" });
    expect(pool.add(entry(10, "small"))).toEqual({ kind: "added", evicted: [idOf(3)] });
    expect(pool.add(entry(10, "small"))).toEqual({ kind: "known" });
    expect(numbers(pool.take(room))).toEqual([0, 10, 1, 2]);
  });

  it("evicts as many as a large newcomer takes", () => {
    const pool = new Mempool({ countMax: 100, bytesMax: 1_000 });
    for (let number = 0; number < 10; number++) pool.add(entry(number, "crowd", 100));
    expect(pool.add(entry(20, "small", 250))).toEqual({ kind: "added", evicted: [idOf(9), idOf(8), idOf(7)] });
    expect(pool.bytes).toBe(950);
  });

  it("puts what failed last, within its share, and never proposes what threw", () => {
    const pool = new Mempool();
    for (let number = 0; number < 6; number++) pool.add(entry(number, "a"));
    pool.demote([idOf(0), idOf(1), idOf(2)]);
    pool.quarantine(idOf(3));
    expect(numbers(pool.take({ ...room, failingMax: 2 }))).toEqual([4, 5, 0, 1]);
    pool.remove([0, 1, 2, 4, 5].map(idOf));
    expect([pool.hasWork, pool.size]).toEqual([false, 1]);
  });

  it("forgets what no later block may hold, and offers nothing that the next may not", () => {
    const pool = new Mempool();
    pool.add(entry(1, "a", 100, 500));
    pool.add(entry(2, "a", 100, 501));
    expect(numbers(pool.take({ ...room, blockTimeMs: 501 }))).toEqual([2]);
    expect(numbers(pool.expire(500))).toEqual([]);
    expect(numbers(pool.expire(501))).toEqual([1]);
    expect(pool.size).toBe(1);
  });

  it("keeps its bounds and its sums, whatever happens", () => {
    const commands = fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constant("add" as const),
          number: fc.nat({ max: 60 }),
          origin: fc.constantFrom("a", "b", "c"),
          size: fc.integer({ min: 1, max: 400 }),
          notAfter: fc.nat({ max: 10 }),
        }),
        fc.record({
          kind: fc.constantFrom("remove" as const, "demote" as const, "quarantine" as const),
          number: fc.nat({ max: 60 }),
        }),
        fc.record({ kind: fc.constant("expire" as const), number: fc.nat({ max: 10 }) }),
        fc.record({ kind: fc.constant("take" as const), number: fc.nat({ max: 10 }) }),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(commands, (all) => {
        const pool = new Mempool({ countMax: 12, bytesMax: 2_000 });
        const model = new Map<TxId, { readonly size: number; readonly notAfter: number }>();
        const spoilt = new Set<TxId>();
        for (const command of all) {
          const id = idOf(command.number);
          switch (command.kind) {
            case "add": {
              const { size, notAfter } = command;
              const outcome = pool.add(entry(command.number, command.origin, size, notAfter));
              expect(outcome.kind === "known").toBe(model.has(id));
              if (outcome.kind !== "added") break;
              for (const gone of outcome.evicted) {
                expect(model.delete(gone)).toBe(true);
                spoilt.delete(gone);
              }
              model.set(id, { size, notAfter });
              break;
            }
            case "remove":
              pool.remove([id]);
              model.delete(id);
              spoilt.delete(id);
              break;
            case "demote":
              pool.demote([id]);
              break;
            case "quarantine":
              pool.quarantine(id);
              if (model.has(id)) spoilt.add(id);
              break;
            case "expire":
              for (const { pair } of pool.expire(command.number)) {
                expect(model.get(pair.id)?.notAfter).toBeLessThan(command.number);
                model.delete(pair.id);
                spoilt.delete(pair.id);
              }
              break;
            case "take": {
              const taken = pool.take({ ...room, blockTimeMs: command.number, failingMax: 100 }).map(({ pair }) => pair.id);
              const fit = [...model].filter(([each, { notAfter }]) => notAfter >= command.number && !spoilt.has(each));
              expect([...taken].sort()).toEqual(fit.map(([each]) => each).sort());
              break;
            }
          }
          expect(pool.size).toBe(model.size);
          expect(pool.bytes).toBe([...model.values()].reduce((sum, { size }) => sum + size, 0));
          expect(pool.size <= 12 && pool.bytes <= 2_000).toBe(true);
          expect(pool.hasWork).toBe(model.size > spoilt.size);
          expect(pool.pending(Number.POSITIVE_INFINITY, 100)).toHaveLength(model.size);
        }
      }),
    );
  });
});
