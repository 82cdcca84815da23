import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Book } from "../../src/ledger/book.ts";
import { startOfDay } from "../../src/ledger/calendar.ts";
import { type DueTarget, isAnythingDue, schedule, workOff } from "../../src/ledger/due.ts";
import type { LedgerObject } from "../../src/ledger/objects.ts";
import type { Situation } from "../../src/ledger/transition.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { alliance, commitment, contractBody, DAY_MS, HOUR_MS, receivable, START_MS, terms, trade } from "./support/alliance.ts";
import { contractOf, deliveryBody, offered } from "./support/catalog.ts";
import { op } from "./support/chain.ts";
import { apply, commit, decide, file, mature } from "./support/finance.ts";
import { holds } from "./support/invariants.ts";

/** A queue on a state of its own. */
class Queue {
  readonly objects = new Map<string, LedgerObject>();
  reads = 0;

  schedule(items: readonly { readonly dueMs: number; readonly object: Hash }[]): void {
    const book = this.#book();
    for (const { dueMs, object } of items) schedule({ book }, dueMs, "offer", object);
    this.#adopt(book);
  }

  workOff(timeMs: number): readonly string[] {
    const done: string[] = [];
    const note = (_: Situation, object: Hash) => done.push(object);
    const book = this.#book();
    const handlers = { offer: note, application: note, decision: note, loan: note, receivable: note, delivery: note };
    workOff(
      { book, timeMs } as Situation,
      handlers as unknown as Record<DueTarget, (situation: Situation, object: Hash) => void>,
    );
    this.#adopt(book);
    return done;
  }

  isAnythingDue(timeMs: number): boolean {
    return isAnythingDue((kind, id) => this.objects.get(kind + id), timeMs);
  }

  #book(): Book {
    return new Book({
      get: (kind, id) => {
        this.reads += 1;
        return this.objects.get(kind + id);
      },
    });
  }

  #adopt(book: Book): void {
    book.commit(null);
    for (const { kind, id, after } of book.finish().changes) {
      if (after === undefined) this.objects.delete(kind + id);
      else this.objects.set(kind + id, after);
    }
  }
}

const id = (index: number) => commitment(`object ${index}`);
const MINUTE_MS = 60_000;

describe("the due queue", () => {
  it("gives each item when its minute has come, by time and id, and then holds nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 120 }), (minutes) => {
        const queue = new Queue();
        const items = minutes.map((minute, index) => ({
          dueMs: minute * MINUTE_MS - (index % 2) * 20_000,
          minute,
          object: id(index),
        }));
        queue.schedule(items);
        const expected = [...items].sort((a, b) => a.minute - b.minute || (a.object < b.object ? -1 : 1));
        expect(queue.workOff(2_500 * MINUTE_MS)).toEqual(
          expected.filter(({ minute }) => minute <= 2_500).map(({ object }) => object),
        );
        expect(queue.isAnythingDue(2_500 * MINUTE_MS)).toBe(false);
        expect(queue.workOff(5_000 * MINUTE_MS)).toEqual(
          expected.filter(({ minute }) => minute > 2_500).map(({ object }) => object),
        );
        expect([...queue.objects.keys()].filter((key) => !key.startsWith("dueDays"))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("is the same state in whatever order and in whatever blocks its items came", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...Array(200).keys()], { minLength: 200 }),
        fc.integer({ min: 1, max: 199 }),
        (order, cut) => {
          const items = (indices: readonly number[]) =>
            indices.map((index) => ({ dueMs: (1 + (index % 3)) * MINUTE_MS, object: id(index) }));
          const plain = new Queue();
          plain.schedule(items([...Array(200).keys()]));
          const other = new Queue();
          other.schedule(items(order.slice(0, cut)));
          other.schedule(items(order.slice(cut)));
          expect(new Map([...other.objects].sort())).toEqual(new Map([...plain.objects].sort()));
        },
      ),
      { numRuns: 15 },
    );
  });

  it("takes at most a block's share, and the rest in the next blocks, nothing twice and nothing lost", () => {
    const queue = new Queue();
    const count = 2 * LIMITS.dueItemsPerBlockMax + 7;
    queue.schedule([...Array(count).keys()].map((index) => ({ dueMs: MINUTE_MS, object: id(index) })));
    const taken = [queue.workOff(MINUTE_MS), queue.workOff(MINUTE_MS), queue.workOff(MINUTE_MS)];
    expect(taken.map((items) => items.length)).toEqual([1_000, 1_000, 7]);
    expect(taken.flat()).toEqual([...Array(count).keys()].map(id).sort());
    expect(queue.isAnythingDue(MINUTE_MS)).toBe(false);
  });

  it("reads what is due, not what waits", () => {
    const reads = [1_000, 8_000].map((waiting) => {
      const queue = new Queue();
      queue.schedule([...Array(waiting).keys()].map((index) => ({ dueMs: 90 * MINUTE_MS, object: id(index) })));
      queue.schedule([{ dueMs: 5 * MINUTE_MS, object: id(0) }]);
      queue.reads = 0;
      expect(queue.workOff(5 * MINUTE_MS)).toHaveLength(1);
      return queue.reads;
    });
    expect(reads[0]).toBeLessThan(12);
    expect(reads[1]).toBe(reads[0]);
  });

  it("looks at an object once for a moment, however often it was scheduled for it", () => {
    const queue = new Queue();
    queue.schedule([
      { dueMs: MINUTE_MS, object: id(1) },
      { dueMs: MINUTE_MS, object: id(1) },
    ]);
    expect(queue.workOff(MINUTE_MS)).toEqual([id(1)]);
  });
});

describe("what falls due", () => {
  it("an offer that nobody answers expires and the note is open", () => {
    const world = alliance();
    const { chain, supplier } = world;
    const offer = offered(world);
    const { note, expiresMs } = chain.read("offer", offer);
    chain.passTo(expiresMs - 1);
    expect(chain.read("offer", offer).status).toBe("PENDING");
    chain.passTo(expiresMs);
    expect(chain.refusal(op("note.acceptOffer", { offer }), supplier)).toMatch(/DEADLINE_PASSED|WRONG_STATUS/);
    chain.passTo(expiresMs + MINUTE_MS);
    expect(chain.read("offer", offer).status).toBe("EXPIRED");
    expect(chain.read("note", note)).toMatchObject({ position: "OPEN", ref: null });
  });

  it("an application expires with its decisions, and its notes are open", () => {
    const world = alliance();
    const { chain } = world;
    const { note } = receivable(world, 5_000n);
    const application = apply(world, [note], 4_000n);
    const decision = decide(world, application, 4_000n, { expiresMs: chain.read("application", application).expiresMs });
    chain.passTo(chain.read("application", application).expiresMs + MINUTE_MS);
    expect(chain.read("application", application).status).toBe("EXPIRED");
    expect(["EXPIRED", "VOID"]).toContain(chain.read("decision", decision).status);
    expect(chain.read("note", note).position).toBe("OPEN");
  });

  it("terms that nobody takes expire before their application", () => {
    const world = alliance();
    const { chain, seller } = world;
    const application = apply(world, [receivable(world, 5_000n).note], 4_000n);
    const decision = decide(world, application, 4_000n, { expiresMs: chain.timeMs + HOUR_MS });
    chain.pass(HOUR_MS + MINUTE_MS);
    expect(chain.read("decision", decision).status).toBe("EXPIRED");
    expect(chain.read("application", application).status).toBe("OPEN");
    expect(chain.refusal(op("finance.accept", { decision }), seller)).toBe("DECISION_NOT_LIVE");
    decide(world, application, 3_000n);
  });

  it("a commitment that is not paid out in time is void, filed or not, ordered or not", () => {
    for (const stage of ["committed", "filed", "ordered"]) {
      const world = alliance();
      const { chain, bank } = world;
      const { note } = receivable(world, 5_000n);
      const loan = commit(world, [note], 4_000n);
      if (stage !== "committed") {
        const search = file(world, loan);
        if (stage === "ordered") chain.act(op("loan.order", { loan, search, instruction: commitment("i") }), bank);
      }
      chain.passTo(chain.read("loan", loan).payByMs + MINUTE_MS);
      expect(chain.read("loan", loan).status).toBe("VOID");
      expect(chain.read("note", note)).toMatchObject({ position: "OPEN", ref: null });
      expect(chain.all("filing").every(({ status }) => status === "CANCELLED")).toBe(true);
      holds(chain);
    }
  });

  it("a proposal that nobody answers lapses and gives its invoice back", () => {
    for (const kind of ["receivable.issueBySeller", "receivable.issueByDebtor"] as const) {
      const world = alliance();
      const { chain, seller, debtor } = world;
      const traded = trade(world, 5_000n);
      const signer = kind === "receivable.issueBySeller" ? seller : debtor;
      const root = chain.act(op(kind, terms(world, traded, 5_000n)), signer).created();
      chain.passTo(chain.read("receivable", root).deadlineMs + MINUTE_MS);
      expect(chain.read("receivable", root).status).toBe("LAPSED");
      expect(chain.read("invoice", traded.invoice).used).toBe(0n);
    }
  });

  it("a proposal whose deadline and maturity fall into one minute is looked at once", () => {
    const world = alliance();
    const { chain, seller, debtor } = world;
    const traded = trade(world, 5_000n);
    // The next block is made at midnight in Beijing, so that 30 days later is the beginning of a day as well.
    chain.passTo(START_MS + 14 * HOUR_MS - 1_000);
    const maturityDay = Math.floor((chain.timeMs + 9 * HOUR_MS) / DAY_MS) + 30;
    const root = chain.act(op("receivable.issueBySeller", terms(world, traded, 5_000n, { maturityDay })), seller).created();
    expect(chain.read("receivable", root).deadlineMs).toBe(startOfDay(maturityDay));
    chain.act(op("receivable.confirm", { receivable: root, mode: "EXISTENCE", amount: 5_000n }), debtor);
    mature(world, root);
    expect(chain.read("receivable", root).status).toBe("MATURED");
  });

  it("a delivery on which the buyer is silent counts as accepted after the inspection period", () => {
    const world = alliance();
    const { chain, seller } = world;
    const contract = contractOf(world);
    const delivery = chain.act(op("delivery.record", deliveryBody(world, contract, 500n)), seller).created();
    const { inspectionDays } = contractBody(world);
    chain.pass(inspectionDays * DAY_MS);
    expect(chain.read("delivery", delivery).status).toBe("PENDING");
    chain.pass(14 * HOUR_MS);
    expect(chain.read("delivery", delivery)).toMatchObject({ status: "ACCEPTED", mode: "DEEMED", accepted: 500n });
    expect(chain.read("contract", contract).accepted).toBe(500n);
  });

  it("a receivable matures on its day and is overdue when the grace days are over", () => {
    const world = alliance();
    const { chain, debtor } = world;
    const { root } = receivable(world, 5_000n);
    const start = startOfDay(chain.read("receivable", root).maturityDay);
    const statusAt = (timeMs: number) => {
      chain.passTo(timeMs);
      return chain.read("receivable", root).status;
    };
    expect(statusAt(start - 1)).toBe("EFFECTIVE");
    expect(statusAt(start)).toBe("MATURED");
    expect(statusAt(start + 4 * DAY_MS - 1)).toBe("MATURED");
    expect(statusAt(start + 4 * DAY_MS)).toBe("OVERDUE");
    expect(chain.read("party", debtor.id).overdue).toBe(1);
    holds(chain);
  });
});
