import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { policyInForce } from "../../src/ledger/credit/attested.ts";
import { type Facts, monthOf } from "../../src/ledger/credit/facts.ts";
import { closedGates, velocityPercent } from "../../src/ledger/credit/gates.ts";
import { circularity, linksId } from "../../src/ledger/credit/links.ts";
import { FIRST_CARD } from "../../src/ledger/credit/scorecard.ts";
import type { Kind } from "../../src/ledger/objects.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { alliance, DAY_MS, receivable } from "./support/alliance.ts";
import { op } from "./support/chain.ts";
import { bookOf, card, factsOf } from "./support/credit.ts";
import { mature, pay } from "./support/finance.ts";
import { approval, circle, overridden, related, sells, trader } from "./support/gates.ts";

const name = (serial: number): Hash => serial.toString(16).padStart(64, "0") as Hash;

/** A graph of trade in which every sale was of 100 on day 10. */
function graph(sales: readonly (readonly [seller: number, buyer: number])[], wide: readonly number[] = []) {
  const side = (others: readonly number[], more: boolean) => ({
    to: [...others].sort((left, right) => left - right).map((each) => ({ party: name(each), day: 10, most: 100n })),
    moreDay: more ? 10 : null,
  });
  const parties = new Set([...sales.flat(), ...wide]);
  const objects = new Map<string, unknown>(
    [...parties].map((party) => [
      linksId(name(party), "CNY"),
      {
        sold: side(
          sales.filter(([seller]) => seller === party).map(([, buyer]) => buyer),
          wide.includes(party),
        ),
        bought: side(
          sales.filter(([, buyer]) => buyer === party).map(([seller]) => seller),
          wide.includes(party),
        ),
      },
    ]),
  );
  let reads = 0;
  const find = ((_: Kind, id: Hash) => {
    reads += 1;
    return objects.get(id);
  }) as never;
  return { find, reads: () => reads };
}

const sale = { seller: name(1), buyer: name(2), currency: "CNY", amount: 100n };

describe("the search for circular trade", () => {
  it("finds every circle of up to four parties and none of five", () => {
    expect(circularity(graph([[1, 2]]).find, sale, 0, 1n)).toBe("NONE");
    expect(
      circularity(
        graph([
          [1, 2],
          [2, 1],
        ]).find,
        sale,
        0,
        1n,
      ),
    ).toBe("CIRCULAR");
    expect(
      circularity(
        graph([
          [1, 2],
          [2, 3],
          [3, 1],
        ]).find,
        sale,
        0,
        1n,
      ),
    ).toBe("CIRCULAR");
    expect(
      circularity(
        graph([
          [1, 2],
          [2, 3],
          [3, 4],
          [4, 1],
        ]).find,
        sale,
        0,
        1n,
      ),
    ).toBe("CIRCULAR");
    expect(
      circularity(
        graph([
          [1, 2],
          [2, 3],
          [3, 4],
          [4, 5],
          [5, 1],
        ]).find,
        sale,
        0,
        1n,
      ),
    ).toBe("NONE");
  });

  it("agrees with a walk over every path, on small graphs of any shape", () => {
    const edges = fc.array(fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })), { maxLength: 14 });
    fc.assert(
      fc.property(edges, (drawn) => {
        const sales = [...drawn.filter(([from, to]) => from !== to), [1, 2] as [number, number]];
        let reached = new Set([2]);
        let comesBack = false;
        for (let step = 0; step < 3; step++) {
          reached = new Set(sales.filter(([from]) => reached.has(from)).map(([, to]) => to));
          comesBack ||= reached.has(1);
        }
        expect(circularity(graph(sales).find, sale, 0, 1n)).toBe(comesBack ? "CIRCULAR" : "NONE");
      }),
    );
  });

  it("passes over sales that are too old or too small to be the same goods", () => {
    const round = graph([
      [1, 2],
      [2, 1],
    ]).find;
    expect(circularity(round, sale, 11, 1n)).toBe("NONE");
    expect(circularity(round, sale, 10, 101n)).toBe("NONE");
  });

  it("says so if somebody has more counterparties than are kept, and reads few objects whatever there are", () => {
    expect(circularity(graph([[1, 2]], [2]).find, sale, 0, 1n)).toBe("WIDE");
    expect(circularity(graph([[1, 2]], [2]).find, sale, 11, 1n)).toBe("NONE");
    // The seller's own many suppliers matter only if the buyer sells anything.
    expect(circularity(graph([[1, 2]], [1]).find, sale, 0, 1n)).toBe("NONE");
    expect(
      circularity(
        graph(
          [
            [1, 2],
            [2, 3],
          ],
          [1],
        ).find,
        sale,
        0,
        1n,
      ),
    ).toBe("WIDE");
    const many = Array.from({ length: LIMITS.tradeLinksMax }, (_, index) => [2, 100 + index] as const);
    const wide = graph([[1, 2], ...many]);
    expect(circularity(wide.find, sale, 0, 1n)).toBe("NONE");
    expect(wide.reads()).toBeLessThanOrEqual(LIMITS.tradeLinksMax + 2);
  });
});

describe("trade links and pairs", () => {
  it("keep the counterparties of a party, so many and no more, whatever the order in which they came", () => {
    const world = alliance({}, "none");
    const buyers = Array.from({ length: 3 }, (_, index) => trader(world, index));
    for (const buyer of [...buyers, ...buyers]) sells(world, world.seller, buyer, 1_000n);
    const links = world.chain.read("tradeLinks", linksId(world.seller.id, "CNY"));
    expect(links.sold.to.map(({ party }) => party)).toEqual(buyers.map(({ id }) => id).sort());
    expect(links.bought.to).toEqual([]);
    expect(world.chain.read("tradeLinks", linksId((buyers[0] as { id: Hash }).id, "CNY")).bought.to).toHaveLength(1);
  });

  it("forget a counterparty after a quarter", () => {
    const world = alliance({}, "none");
    const [first, second] = [trader(world, 0), trader(world, 1)];
    sells(world, world.seller, first, 1_000n);
    world.chain.pass((LIMITS.tradeLinkDays + 1) * DAY_MS);
    sells(world, world.seller, second, 1_000n);
    const { sold } = world.chain.read("tradeLinks", linksId(world.seller.id, "CNY"));
    expect(sold.to.map(({ party }) => party)).toEqual([second.id]);
  });

  it("count what is open and what was paid between two", () => {
    const world = alliance();
    const { root, note } = receivable(world, 600_000n);
    receivable(world, 400_000n);
    expect(world.chain.all("tradePair")).toMatchObject([{ orders: 2, invoiced: 1_000_000n, live: 1_000_000n, paid: 0n }]);
    mature(world, root);
    pay(world, [{ note, amount: 600_000n }]);
    expect(world.chain.all("tradePair")).toMatchObject([{ live: 400_000n, paid: 600_000n }]);
  });

  it("of related parties count for no score, though what they owe each other is followed", () => {
    const world = alliance();
    related(world);
    const { root, note } = receivable(world, 600_000n);
    mature(world, root);
    world.chain.pass(10 * DAY_MS);
    expect(factsOf(world)).toMatchObject({ months: [{ orders: 0 }, { due: 0n }], overdue: 1 });
    pay(world, [{ note, amount: 600_000n }]);
    const facts = factsOf(world) as Facts;
    expect(facts.months.every(({ orders, paid, due, confirmed }) => orders === 0 && paid + due + confirmed === 0n)).toBe(true);
    expect([facts.debtors, facts.overdue]).toEqual([[], 0]);
  });
});

describe("velocity", () => {
  const facts = (invoiced: readonly bigint[], day: number): Facts =>
    ({
      firstDay: day - 31 * (invoiced.length - 1),
      months: invoiced.map((each, index) => ({ month: monthOf(day) - (invoiced.length - 1 - index), invoiced: each })),
    }) as unknown as Facts;
  /** 2026-06-30, a month's end: nothing of the month before is left. */
  const END = Date.UTC(2026, 5, 30) / DAY_MS;

  it("is the last thirty days of a usual month, and nothing without three months to make one of", () => {
    expect(velocityPercent(facts([100n, 100n, 100n, 100n], END), END)).toBe(100);
    expect(velocityPercent(facts([100n, 100n, 100n, 301n], END), END)).toBe(301);
    expect(velocityPercent(facts([100n, 100n, 100n], END), END)).toBeNull();
    expect(velocityPercent(facts([0n, 0n, 0n, 100n], END), END)).toBeNull();
  });

  it("counts of the last month what this one has not replaced yet", () => {
    const tenth = Date.UTC(2026, 5, 10) / DAY_MS;
    expect(velocityPercent(facts([100n, 100n, 100n, 0n], tenth), tenth)).toBe(66);
  });
});

describe("gates", () => {
  it("stand open for ordinary trade, and several may be closed at once", () => {
    const world = alliance();
    const { note } = receivable(world, 100_000n);
    const asked = { borrower: world.seller.id, currency: "CNY", notes: [note] };
    const now = () => ({ find: world.chain.find.bind(world.chain) as never, day: bookOf(world).day, timeMs: world.chain.timeMs });
    expect(closedGates(now(), FIRST_CARD, asked)).toEqual([]);
    related(world);
    world.chain.pass(2 * DAY_MS);
    expect(closedGates(now(), FIRST_CARD, asked)).toEqual(["RELATED_PARTIES", "INVOICE_STALE"]);
    const off = { ...FIRST_CARD.gates, relatedAllowed: true, invoiceAgeHoursMax: 0 };
    expect(closedGates(now(), { gates: off }, asked)).toEqual([]);
  });

  it("are those of the lender's own card", () => {
    const world = alliance();
    const { chain, bank, verifier } = world;
    related(world);
    const gates = { ...FIRST_CARD.gates, relatedAllowed: true };
    chain.act(op("risk.policy", { lender: bank.id, validator: verifier.id, card: card({ gates }) }), bank, verifier);
    expect(policyInForce(bookOf(world), bank.id)).not.toBe(policyInForce(bookOf(world), world.lender.id));
    expect(approval(world, [receivable(world, 100_000n).note])).toBe("OK");
  });

  it("open when the trade that comes back is much smaller", () => {
    const world = alliance();
    expect(approval(world, [circle(world, 1, 79_999n)])).toBe("OK");
  });

  it("are passed with a checker who says why, which stays with the decision", () => {
    const world = alliance();
    related(world);
    const decision = overridden(world, [receivable(world, 100_000n).note]);
    expect(world.chain.read("decision", decision)).toMatchObject({ outcome: "APPROVED", override: { reason: "KNOWN_CUSTOMER" } });
  });
});
