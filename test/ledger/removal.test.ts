import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/codec/schema.ts";
import { KINDS } from "../../src/ledger/kinds.ts";
import type { ObjectOf } from "../../src/ledger/objects.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { Prng } from "../../src/lib/prng.ts";
import { BUSINESS_DEFAULTS } from "../../src/types/genesis.ts";
import type { Hash, TimeMs } from "../../src/types/scalars.ts";
import type { Envelope, Operation } from "../../src/types/transaction.ts";
import {
  type Alliance,
  alliance,
  allianceOn,
  commitment,
  DAY_MS,
  HOUR_MS,
  receivable,
  terms,
  trade,
} from "./support/alliance.ts";
import { op, type Signing, TestChain } from "./support/chain.ts";
import { attester, contestable, disputeBody, freezeBody, frozen, passDays } from "./support/changes.ts";
import { divided, mature, pay, paymentBody } from "./support/finance.ts";
import { encodes, everything, holds } from "./support/invariants.ts";

const document = commitment("document");
const MINUTE_MS = 60_000;

const world = (): Alliance => alliance({}, "none");

/** So many days later, and an hour more: the due queue takes a long chain of title in some minutes. */
function later(own: Alliance, days: number): void {
  own.chain.pass(days * DAY_MS);
  for (let block = 0; block < 12; block++) own.chain.pass(5 * MINUTE_MS);
}

function sound({ chain }: Alliance): void {
  holds(chain);
  encodes(chain);
}

function handedOn({ chain, seller, supplier }: Alliance, from: Hash, times: number): Hash {
  let note = from;
  for (let time = 0; time < times; time++) {
    const [holder, to] = time % 2 === 0 ? [seller, supplier] : [supplier, seller];
    note = chain.act(op("note.transfer", { note, to: to.id }), holder, to).created();
  }
  return note;
}

describe("what has ended leaves the state after 400 days", () => {
  it("a settled receivable goes with all of its notes; payment, references, invoice and fingerprint stay", () => {
    const own = world();
    const { chain } = own;
    const { root, notes, invoice } = divided(own, [1_000n, 2_000n, 3_000n]);
    const moved = handedOn(own, notes[0] as Hash, 20);
    const [second, third] = [notes[1] as Hash, notes[2] as Hash];
    mature(own, root);
    pay(own, [{ note: moved, amount: 1_000n }]);
    pay(own, [{ note: second, amount: 500n }]);
    passDays(own, 2);
    const rest = chain.all("note").find(({ parent, position }) => parent === second && position === "OPEN")?.id as Hash;
    pay(
      own,
      [rest, third].map((note) => ({ note, amount: chain.read("note", note).amount })),
    );
    expect(chain.read("receivable", root).status).toBe("SETTLED");
    const made = chain.all("note").length;
    later(own, 397);
    expect(chain.all("note").length).toBe(made);
    // What was paid first goes first, with all that it had come from; what the rest came from stays.
    later(own, 2);
    expect(chain.find("note", moved)).toBeUndefined();
    expect(chain.find("note", third)).toBeDefined();
    expect(chain.read("receivable", root)).toMatchObject({ status: "SETTLED", redeemed: 6_000n });
    sound(own);
    later(own, 2);
    expect(chain.all("note")).toEqual([]);
    expect(chain.all("receivable")).toEqual([]);
    expect([chain.all("payment").length, chain.all("bankReference").length]).toEqual([3, 3]);
    expect(chain.read("invoice", invoice).used).toBe(6_000n);
    expect(chain.all("fingerprint").length).toBe(1);
    sound(own);
    const body = { ...terms(own, { contract: chain.read("invoice", invoice).contract, invoice }, 1_000n) };
    expect(chain.refusal(op("receivable.issueBySeller", body), own.seller)).toBe("INVOICE_USED_UP");
    expect(chain.refusal(op("note.transfer", { note: moved, to: own.supplier.id }), own.seller, own.supplier)).toBe("NOT_FOUND");
    expect(chain.refusal(op("payment.attest", { ...paymentBody(own, [{ note: moved, amount: 1n }]) }), attester(own))).toBe(
      "NOT_FOUND",
    );
  });

  it("a proposal that came to nothing goes as well, and a receivable that was called off", () => {
    const own = world();
    const { chain, seller, debtor } = own;
    const traded = trade(own, 5_000n);
    const proposed = chain.act(op("receivable.issueBySeller", terms(own, traded, 5_000n)), seller).created();
    chain.act(op("receivable.reject", { receivable: proposed }), debtor);
    const { root, note } = receivable(own, 5_000n);
    chain.act(op("receivable.cancel", { receivable: root, note }), seller, debtor);
    const lapsed = chain.act(op("receivable.issueBySeller", terms(own, traded, 5_000n)), seller).created();
    passDays(own, 31);
    later(own, 368);
    expect(chain.read("receivable", lapsed).status).toBe("LAPSED");
    expect(chain.all("receivable").length).toBe(3);
    later(own, 1);
    expect(chain.all("receivable").map(({ id }) => id)).toEqual([lapsed]);
    later(own, 32);
    expect([...chain.all("receivable"), ...chain.all("note")]).toEqual([]);
    sound(own);
  });

  it("a day that was noted long ahead finds the receivable gone, and nothing comes of it", () => {
    const own = alliance({ business: { ...BUSINESS_DEFAULTS, defaultDays: 1_000 } }, "none");
    const { chain, debtor } = own;
    const { root, note } = receivable(own, 5_000n);
    mature(own, root);
    passDays(own, 5);
    expect(chain.read("receivable", root).status).toBe("OVERDUE");
    pay(own, [{ note, amount: 5_000n }]);
    later(own, 400);
    expect(chain.find("receivable", root)).toBeUndefined();
    later(own, 700);
    expect(chain.read("party", debtor.id).overdue).toBe(0);
    expect(chain.all("dueDays")[0]?.days).toEqual([]);
  });

  it("by the number of days that stands in the parameters", () => {
    const own = alliance({ business: { ...BUSINESS_DEFAULTS, terminalDays: 500 } }, "none");
    const { root, note } = receivable(own, 5_000n);
    mature(own, root);
    pay(own, [{ note, amount: 5_000n }]);
    later(own, 499);
    expect(own.chain.find("note", note)).toBeDefined();
    later(own, 1);
    expect(own.chain.find("note", note)).toBeUndefined();
  });
});

describe("what is still needed stays", () => {
  it("a receivable that is owed keeps all of its notes, however long ago some were paid", () => {
    const own = world();
    const { chain } = own;
    const { root, notes } = divided(own, [1_000n, 2_000n]);
    mature(own, root);
    pay(own, [{ note: notes[0] as Hash, amount: 1_000n }]);
    later(own, 900);
    expect(chain.all("note").length).toBe(3);
    expect(chain.read("receivable", root)).toMatchObject({ status: "DEFAULTED", live: 2_000n });
    pay(own, [{ note: notes[1] as Hash, amount: 2_000n }]);
    later(own, 400);
    expect(chain.all("note")).toEqual([]);
    expect(chain.find("receivable", root)).toBeUndefined();
    sound(own);
  });

  it("a note whose money lies in deposit stays until the order is over", () => {
    for (const ends of ["freeze.lift", "freeze.transfer"] as const) {
      const own = world();
      const { chain, court, supplier } = own;
      const { root, note } = receivable(own, 5_000n);
      const { freeze, held } = frozen(own, note, 2_000n);
      mature(own, root);
      pay(
        own,
        chain.all("note").flatMap(({ id, position, amount }) => (position === "OPEN" ? [{ note: id, amount }] : [])),
      );
      later(own, 800);
      expect(chain.all("note").map(({ id }) => id)).toContain(held);
      expect(chain.read("receivable", root).status).toBe("SETTLED");
      const body = { freeze, document };
      chain.act(ends === "freeze.lift" ? op(ends, body) : op(ends, { ...body, to: supplier.id }), court);
      later(own, 30);
      expect([...chain.all("note"), ...chain.all("receivable")]).toEqual([]);
      sound(own);
    }
  });

  it("a merged note goes after the one that it came into", () => {
    const own = world();
    const { chain, seller } = own;
    const { root, notes } = divided(own, [1_000n, 2_000n, 3_000n]);
    const merged = chain.act(op("note.consolidate", { notes: [...notes].sort() }), seller).created();
    mature(own, root);
    passDays(own, 300);
    pay(own, [{ note: merged, amount: 6_000n }]);
    later(own, 120);
    expect(chain.all("note").length).toBe(5);
    later(own, 280);
    sound(own);
    later(own, 30);
    expect([...chain.all("note"), ...chain.all("receivable")]).toEqual([]);
    sound(own);
  });

  it("a payment that was reversed brings its note's successor to life, which has a time of its own", () => {
    const own = world();
    const { chain } = own;
    const { root, note } = receivable(own, 5_000n);
    mature(own, root);
    pay(own, [{ note, amount: 5_000n }]);
    passDays(own, 20);
    chain.act(op("payment.reverse", { payment: chain.all("payment")[0]?.id as Hash, evidence: document }), attester(own));
    const again = chain.all("note").find(({ parent }) => parent === note)?.id as Hash;
    passDays(own, 100);
    pay(own, [{ note: again, amount: 5_000n }]);
    later(own, 399);
    expect(chain.all("note").length).toBe(2);
    later(own, 1);
    expect(chain.all("note")).toEqual([]);
    sound(own);
  });
});

/** Blocks as they were made, to be executed again. */
class RecordedChain extends TestChain {
  readonly blocks: { readonly timeMs: TimeMs; readonly transactions: readonly Envelope[] }[] = [];

  override block(transactions: readonly Envelope[], options: Parameters<TestChain["block"]>[1] = {}) {
    const outcome = super.block(transactions, options);
    this.blocks.push({ timeMs: this.timeMs, transactions });
    return outcome;
  }
}

const OVER = ["SETTLED", "CANCELLED", "REPLACED", "REJECTED", "WITHDRAWN", "LAPSED"];

interface Deal {
  readonly operation: Operation;
  readonly signings: readonly Signing[];
}

/** Some deal or other on a note; the ledger may refuse it. */
function someDeal(own: Alliance, random: Prng, note: ObjectOf<"note">): Deal | null {
  const { chain, seller, supplier, debtor, court } = own;
  const { id, amount, holder, receivable: root } = note;
  const part = random.chance(500) ? amount : amount / 2n + 1n;
  const holds = holder === supplier.id ? supplier : seller;
  const other = holds === seller ? supplier : seller;
  const same = chain.all("note").filter((each) => each.receivable === root && each.holder === holder && each.position === "OPEN");
  const orders = chain.all("freeze").filter(({ status }) => status === "ACTIVE");
  const disputes = chain.all("dispute").filter(({ status }) => status === "RAISED");
  const payments = chain.all("payment").filter(({ status }) => status === "ATTESTED");
  const by = (operation: Operation, ...signings: readonly Signing[]): Deal => ({ operation, signings });
  const deals: readonly (() => Deal | null)[] = [
    () => (amount < 2n ? null : by(op("note.split", { note: id, parts: [1n + amount / 3n, amount - amount / 3n - 1n] }), holds)),
    () => by(op("note.transfer", { note: id, to: other.id }), holds, other),
    () => (same.length < 2 ? null : by(op("note.consolidate", { notes: same.map((each) => each.id).sort() }), holds)),
    () => by(op("freeze.place", freezeBody(own, id, part)), court),
    () => (orders.length === 0 ? null : by(op("freeze.lift", { freeze: random.pick(orders).id, document }), court)),
    () => by(op("dispute.raise", disputeBody(id, part)), debtor),
    () => {
      if (disputes.length === 0) return null;
      return by(op("dispute.settle", { dispute: random.pick(disputes).id, upheld: 200n }), debtor, seller, supplier);
    },
    () => {
      if (payments.length === 0) return null;
      return by(op("payment.reverse", { payment: random.pick(payments).id, evidence: document }), attester(own));
    },
    () => by(op("receivable.cancel", { receivable: root, note: id }), seller, debtor),
    () => by(op("receivable.issueBySeller", terms(own, trade(own, 5_000n), 5_000n)), seller),
    () => by(op("payment.attest", paymentBody(own, [{ note: id, amount: part }])), attester(own)),
    () => by(op("payment.attest", paymentBody(own, [{ note: id, amount }])), attester(own)),
  ];
  return random.pick(deals)();
}

function somethingHappens(own: Alliance, random: Prng): void {
  const live = own.chain.all("note").filter(({ position }) => position === "OPEN");
  if (live.length === 0 || random.chance(200)) {
    const face = 5_000n + BigInt(random.below(5_000));
    if (random.chance(500)) receivable(own, face);
    else contestable(own, face);
    return;
  }
  const deal = someDeal(own, random, random.pick(live));
  if (deal !== null) own.chain.send(deal.operation, deal.signings);
}

function encodings(chain: TestChain): readonly string[] {
  return [...chain.objects]
    .map(([key, object]) => {
      const kind = key.slice(0, -64) as keyof typeof KINDS;
      return `${key} ${toHex(encode(KINDS[kind].schema, object))}`;
    })
    .sort();
}

describe("a history of deals", () => {
  it("loses from the state just what is over, keeps every invariant, and is the same when it is executed again", () => {
    fc.assert(
      fc.property(fc.noBias(fc.nat()), (seed) => {
        const own = allianceOn((identity) => new RecordedChain(identity, "none"));
        const { chain } = own;
        const random = new Prng(seed);
        /** Since when a root and everything of it is over. */
        const over = new Map<Hash, TimeMs>();
        for (let step = 0; step < 60; step++) {
          if (random.chance(400)) chain.pass((1 + random.below(45)) * DAY_MS + random.below(20) * HOUR_MS);
          somethingHappens(own, random);
          for (const { id, status } of chain.all("receivable")) {
            if (!OVER.includes(status)) over.delete(id);
            else if (!over.has(id)) over.set(id, chain.timeMs);
          }
          // Nothing goes too soon: a root whose last note ended a year and more ago may.
          for (const { id, live } of everything(chain, "receivable")) {
            if (chain.find("receivable", id) !== undefined) continue;
            expect(live).toBe(0n);
            expect(chain.timeMs - (over.get(id) ?? chain.timeMs)).toBeGreaterThan(400 * DAY_MS);
          }
          holds(chain);
        }
        // What waits for an answer lapses; each merging of merged notes may put them off once more.
        later(own, 31);
        later(own, 400);
        for (let month = 0; month < 6; month++) later(own, 31);
        holds(chain);
        encodes(chain);
        // And nothing stays too long: what is not owed, nor in deposit, is gone.
        const deposits = new Set(chain.all("freeze").flatMap(({ deposited, note }) => (deposited > 0n ? [note] : [])));
        const kept = new Set(everything(chain, "note").flatMap((note) => (deposits.has(note.id) ? [note.receivable] : [])));
        const expected = everything(chain, "receivable").filter(({ id, status }) => !OVER.includes(status) || kept.has(id));
        expect(new Set(chain.all("receivable").map(({ id }) => id))).toEqual(new Set(expected.map(({ id }) => id)));
        const again = new TestChain(chain.identity, "none");
        for (const { timeMs, transactions } of chain.blocks) {
          again.timeMs = timeMs - 1_000;
          again.block(transactions);
        }
        expect(encodings(again)).toEqual(encodings(chain));
      }),
      { numRuns: Number(process.env.REMOVAL_RUNS ?? 6), seed: 20_260_107 },
    );
  }, 120_000);
});
