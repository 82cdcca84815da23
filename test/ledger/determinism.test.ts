import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/codec/schema.ts";
import type { ObjectChange } from "../../src/ledger/book.ts";
import { KINDS } from "../../src/ledger/kinds.ts";
import type { OperationKind } from "../../src/ledger/transitions.ts";
import { TRANSITIONS } from "../../src/ledger/transitions.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Hash } from "../../src/types/scalars.ts";
import type { Envelope } from "../../src/types/transaction.ts";
import { alliance, commitment, DAY_MS, HOUR_MS, receivable, terms, trade } from "./support/alliance.ts";
import { CATALOG } from "./support/catalog.ts";
import { op } from "./support/chain.ts";
import { freezeBody, guaranteeBody, setOffBody } from "./support/changes.ts";
import { divided, lend, mature, pay } from "./support/finance.ts";

/** What the state tree is made from. */
function encodings(changes: readonly ObjectChange[]): readonly string[] {
  return changes.map(
    ({ kind, id, after }) => `${kind} ${id} ${after === undefined ? "-" : toHex(encode(KINDS[kind].schema, after))}`,
  );
}

/** A world with unrelated receivables, and one transaction on each; one of them fails. */
function independent() {
  const world = alliance();
  const { chain, seller, supplier, debtor, bank } = world;
  const notes = [1, 2, 3, 4, 5, 6].map((index) => receivable(world, BigInt(index) * 1_000n).note);
  const [first, second, third, fourth, fifth, sixth] = notes as [Hash, Hash, Hash, Hash, Hash, Hash];
  const expiresMs = chain.timeMs + 5 * HOUR_MS;
  const consent = commitment("consent");
  const traded = trade(world, 5_000n);
  const transactions = [
    chain.sign(op("note.split", { note: first, parts: [400n, 600n] }), [seller], { salt: "a" }),
    chain.sign(op("note.offer", { note: second, to: supplier.id, expiresMs }), [seller], { salt: "b" }),
    chain.sign(op("note.offer", { note: third, to: supplier.id, expiresMs }), [seller], { salt: "c" }),
    chain.sign(op("note.transfer", { note: fourth, to: supplier.id }), [seller, supplier], { salt: "d" }),
    chain.sign(op("finance.apply", { lenders: [bank.id], notes: [fifth], amount: 1_000n, consent, expiresMs }), [seller], {
      salt: "e",
    }),
    chain.sign(op("receivable.issueBySeller", terms(world, traded, 5_000n)), [seller], { salt: "f" }),
    chain.sign(op("note.split", { note: sixth, parts: [4_000n, 2_001n] }), [seller], { salt: "g" }),
    chain.sign(op("party.policy", { party: debtor.id, policy: [] }), [debtor], { salt: "h" }),
  ];
  return { chain, transactions };
}

describe("determinism", () => {
  it("the same block on the same state gives the same changes, receipts and history", () => {
    const { chain, transactions } = independent();
    const once = chain.execute(transactions, chain.timeMs + 1_000);
    const again = chain.execute(transactions, chain.timeMs + 1_000);
    expect(again).toEqual(once);
    expect(encodings(again.changes)).toEqual(encodings(once.changes));
  });

  it("the order of independent transactions in a block does not show in the state, due queue and versions included", () => {
    const { chain, transactions } = independent();
    const expected = chain.execute(transactions, chain.timeMs + 1_000);
    expect(expected.receipts.filter(({ code }) => code !== 0)).toHaveLength(1);
    fc.assert(
      fc.property(fc.shuffledSubarray([...transactions.keys()], { minLength: transactions.length }), (order) => {
        const outcome = chain.execute(
          order.map((index) => transactions[index] as Envelope),
          chain.timeMs + 1_000,
        );
        expect(encodings(outcome.changes)).toEqual(encodings(expected.changes));
        expect(outcome.receipts).toEqual(order.map((index) => expected.receipts[index]));
      }),
      { numRuns: 25 },
    );
  });

  it("nor does that of transactions on different notes of one receivable, which share its counters and its contract's", () => {
    const world = alliance({}, "none");
    const { chain, seller, supplier, debtor, guarantor, court } = world;
    const { root, notes } = divided(world, [1_000n, 2_000n, 3_000n, 4_000n]);
    const [first, second, third, fourth] = notes as [Hash, Hash, Hash, Hash];
    const promise = guaranteeBody(world, root, 500n);
    const transactions = [
      chain.sign(op("note.transfer", { note: first, to: supplier.id }), [seller, supplier], { salt: "a" }),
      chain.sign(op("note.transfer", { note: second, to: supplier.id }), [seller, supplier], { salt: "b" }),
      chain.sign(op("freeze.place", freezeBody(world, third, 1_000n)), [court], { salt: "c" }),
      chain.sign(op("note.setOff", setOffBody(world, fourth, 500n)), [debtor, seller], { salt: "d" }),
      chain.sign(op("guarantee.attach", { ...promise, cap: 400n }), [guarantor], { salt: "e" }),
      chain.sign(op("guarantee.attach", promise), [guarantor], { salt: "f" }),
    ];
    const outcomeOf = (order: readonly number[]) => {
      const { changes, receipts } = chain.execute(
        order.map((index) => transactions[index] as Envelope),
        chain.timeMs + 1_000,
      );
      expect(receipts.every(({ code }) => code === 0)).toBe(true);
      // Whether a guarantor hears of a transfer depends on which came first, and should.
      return encodings(changes.filter(({ kind }) => kind !== "notice"));
    };
    const expected = outcomeOf([...transactions.keys()]);
    fc.assert(
      fc.property(fc.shuffledSubarray([...transactions.keys()], { minLength: transactions.length }), (order) => {
        expect(outcomeOf(order)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it("changes come sorted by kind and id, net over the block, starting from the parent's state", () => {
    const { chain, transactions } = independent();
    const { changes } = chain.execute(transactions, chain.timeMs + 1_000);
    const keys = changes.map(({ kind, id }) => `${kind} ${id}`);
    expect(keys).toEqual([...keys].sort());
    expect(new Set(keys).size).toBe(keys.length);
    for (const { kind, id, before, after } of changes) {
      expect(before).toBe(chain.get(kind, id));
      expect(after).not.toBe(before);
    }
  });

  it("executing changes nothing of the state that it reads: its objects are values", () => {
    const world = alliance();
    const { chain } = world;
    const { root, notes } = divided(world, [3_000n, 3_000n]);
    lend(world, notes, 2_000n);
    mature(world, root);
    for (const object of chain.objects.values()) deepFreeze(object);
    for (const note of chain.all("note").filter(({ position }) => position === "PLEDGED"))
      pay(world, [{ note: note.id, amount: note.amount }]);
    chain.pass(10 * DAY_MS);
    expect(chain.read("receivable", root).status).toBe("SETTLED");
  });

  it("versions only rise", () => {
    let seen = 0;
    for (const kind of TRANSITIONS.keys()) {
      const world = alliance({}, "none");
      const { operation, signings } = CATALOG[kind as OperationKind](world);
      world.chain.act(operation, ...signings);
      const last = new Map<string, number>();
      for (const { kind, id, after } of world.chain.history) {
        const previous = last.get(kind + id) ?? 0;
        seen += 1;
        if (after === undefined) last.delete(kind + id);
        else last.set(kind + id, after.version);
        if (after !== undefined && previous > 0) expect(after.version, `${kind} ${id}`).toBeGreaterThan(previous);
      }
    }
    expect(seen).toBeGreaterThan(1_000);
  });

  it("a bug in one transition is laid at the door of its transaction", () => {
    const { chain, transactions } = independent();
    const broken = transactions[3];
    if (broken === undefined) throw new Error("there are eight transactions");
    const view = {
      get: (kind: string, id: Hash) => {
        const object = chain.get(kind, id);
        if (kind !== "note" || object === undefined || !("amount" in object) || object.amount !== 4_000n) return object;
        return Object.defineProperty({ ...object }, "position", {
          get: () => {
            throw new TypeError("a broken object");
          },
        });
      },
    };
    const run = () => chain.execute(transactions, chain.timeMs + 1_000, [], view);
    expect(run).toThrowError(expect.objectContaining({ name: "TransitionBug", tx: broken.pair.id }));
  });
});

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
