import { describe, expect, it } from "vitest";
import type { LedgerObject } from "../../../src/ledger/kinds.ts";
import type { ObjectOf } from "../../../src/ledger/objects.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { alliance, receivable } from "../support/alliance.ts";
import { op, type TestChain } from "../support/chain.ts";
import { disputed, frozen, guaranteed } from "../support/changes.ts";
import { divided, lend, mature, pay } from "../support/finance.ts";
import { INVARIANTS, InvariantBroken, noDebtWithoutDebtor, see } from "./invariants.ts";

/** A world in which every kind of claim stands: an offer, an application's loan, a payment in part, a rejected proposal. */
function world(): { readonly chain: TestChain; readonly root: Hash; readonly debtor: Hash } {
  const alive = alliance({}, "none");
  const { chain, seller, supplier, debtor } = alive;
  const { root, notes } = divided(alive, [2_000n, 3_000n, 1_000n]);
  lend(alive, [notes[0] as Hash], 1_500n);
  chain.act(op("note.offer", { note: notes[1] as Hash, to: supplier.id, expiresMs: chain.timeMs + 3_600_000 }), seller);
  const due = receivable(alive, 4_000n, { maturityDay: chain.read("receivable", root).maturityDay - 60 });
  const waiting = receivable(alive, 7_000n);
  mature(alive, due.root);
  pay(alive, [{ note: due.note, amount: 1_500n }]);
  chain.act(op("note.offer", { note: waiting.note, to: supplier.id, expiresMs: chain.timeMs + 3_600_000 }), seller);
  disputed(alive);
  frozen(alive, receivable(alive, 3_000n).note, 1_000n);
  guaranteed(alive, waiting.root, 2_000n);
  return { chain, root, debtor: debtor.id };
}

/** One object changed behind the ledger's back. */
function tampered<
  K extends
    | "note"
    | "receivable"
    | "invoice"
    | "loan"
    | "payment"
    | "offer"
    | "dispute"
    | "freeze"
    | "guarantee"
    | "party"
    | "exposure"
    | "debtorAge",
>(
  chain: TestChain,
  kind: K,
  pick: (object: ObjectOf<K>) => boolean,
  change: (object: ObjectOf<K>) => Partial<ObjectOf<K>>,
): Pick<TestChain, "all"> {
  const target = chain.all(kind).find(pick);
  if (target === undefined) throw new Error(`no ${kind} to tamper with`);
  const changed = { ...target, ...change(target) } as unknown as LedgerObject;
  return {
    all: (asked) =>
      asked === (kind as string)
        ? (chain.all(kind).map((object) => (object === target ? changed : object)) as never)
        : chain.all(asked),
  };
}

const open = ({ position }: ObjectOf<"note">): boolean => position === "OPEN";

const any = (): boolean => true;

const MUTATIONS: readonly (readonly [invariant: string, what: string, tamper: (chain: TestChain) => Pick<TestChain, "all">])[] = [
  ["1 conservation", "a note grows", (chain) => tampered(chain, "note", open, ({ amount }) => ({ amount: amount + 1n }))],
  [
    "1 conservation",
    "a debt shrinks",
    (chain) =>
      tampered(
        chain,
        "receivable",
        ({ confirmed }) => confirmed > 0n,
        ({ confirmed }) => ({ confirmed: confirmed - 1n }),
      ),
  ],
  [
    "2 split identity",
    "a consumed note is spent again",
    (chain) =>
      tampered(
        chain,
        "note",
        ({ position }) => position === "CONSUMED",
        () => ({ position: "OPEN" as const }),
      ),
  ],
  [
    "2 split identity",
    "a child changes its tree",
    (chain) =>
      tampered(
        chain,
        "note",
        ({ parent }) => parent !== null,
        ({ id }) => ({ receivable: id }),
      ),
  ],
  [
    "3 singularity",
    "two notes share an id",
    (chain) =>
      tampered(
        chain,
        "note",
        ({ parent }) => parent !== null,
        ({ parent }) => ({ id: parent as Hash }),
      ),
  ],
  [
    "3 singularity",
    "a second chain of title begins",
    (chain) =>
      tampered(
        chain,
        "note",
        ({ parent }) => parent !== null,
        () => ({ parent: null }),
      ),
  ],
  [
    "4 one encumbrance",
    "an offered note is open as well",
    (chain) =>
      tampered(
        chain,
        "note",
        ({ position }) => position === "OFFERED",
        () => ({ position: "OPEN" as const }),
      ),
  ],
  [
    "4 one encumbrance",
    "two loans hold one note",
    (chain) =>
      tampered(
        chain,
        "offer",
        ({ status }) => status === "PENDING",
        () => ({ note: (chain.all("loan")[0] as ObjectOf<"loan">).notes[0] as Hash }),
      ),
  ],
  [
    "5 invoice use",
    "an invoice forgets what it backs",
    (chain) =>
      tampered(
        chain,
        "invoice",
        ({ used }) => used > 0n,
        () => ({ used: 0n }),
      ),
  ],
  [
    "5 invoice use",
    "a fingerprint comes twice",
    (chain) =>
      tampered(
        chain,
        "invoice",
        () => true,
        () => ({ fingerprint: (chain.all("invoice")[1] as ObjectOf<"invoice">).fingerprint }),
      ),
  ],
  [
    "8 payment conservation",
    "a payment is more than its lines",
    (chain) =>
      tampered(
        chain,
        "payment",
        () => true,
        ({ amount }) => ({ amount: amount + 1n }),
      ),
  ],
  [
    "8 late interest",
    "a receivable owes interest that no note earned",
    (chain) =>
      tampered(
        chain,
        "receivable",
        () => true,
        ({ lateDue }) => ({ lateDue: lateDue + 1n }),
      ),
  ],
  [
    "9 finance identity",
    "more is owed than was lent",
    (chain) =>
      tampered(
        chain,
        "loan",
        () => true,
        ({ principal }) => ({ outstanding: principal + 1n }),
      ),
  ],
  [
    "9 finance identity",
    "a repaid loan keeps a note",
    (chain) =>
      tampered(
        chain,
        "loan",
        () => true,
        () => ({ status: "REPAID" as const, outstanding: 0n, interestDue: 0n }),
      ),
  ],
  ["12 tenor", "a maturity runs away", (chain) => tampered(chain, "receivable", any, () => ({ maturityDay: 30_000 }))],
  [
    "14 freeze",
    "an order that is over holds on",
    (chain) => tampered(chain, "freeze", any, () => ({ status: "LIFTED" as const })),
  ],
  [
    "14 freeze",
    "a frozen note is offered",
    (chain) =>
      tampered(
        chain,
        "note",
        ({ hold }) => hold !== null,
        () => ({ position: "OFFERED" as const }),
      ),
  ],
  ["16 security", "a loan that is void is secured", (chain) => tampered(chain, "loan", any, () => ({ status: "VOID" as const }))],
  [
    "17 recourse",
    "the borrower is turned to without recourse",
    (chain) => tampered(chain, "loan", any, () => ({ recourse: false, demandedDay: 1 })),
  ],
  ["18 dispute", "more is disputed than is unpaid", (chain) => tampered(chain, "dispute", any, () => ({ amount: 1_000_000n }))],
  [
    "18 dispute",
    "a dispute is forgotten by its note",
    (chain) =>
      tampered(
        chain,
        "note",
        ({ dispute }) => dispute !== null,
        () => ({ dispute: null }),
      ),
  ],
  ["19 debtor gate", "the gate miscounts", (chain) => tampered(chain, "party", any, ({ overdue }) => ({ overdue: overdue + 1 }))],
  ["21 guarantees", "a guarantee is used that nobody paid", (chain) => tampered(chain, "guarantee", any, () => ({ used: 1n }))],
  [
    "9 concentration",
    "security is counted that is not there",
    (chain) => tampered(chain, "exposure", any, () => ({ amount: 1n })),
  ],
  ["19 ageing", "more is overdue than is owed late", (chain) => tampered(chain, "debtorAge", any, () => ({ behind: 1n }))],
  ["33 bounds", "leaves are without number", (chain) => tampered(chain, "receivable", any, () => ({ leaves: 1_025 }))],
];

describe("the invariants", () => {
  it("hold in a world where every kind of claim stands", () => {
    const sight = see(world().chain);
    for (const [name, check] of Object.entries(INVARIANTS)) expect(() => check(sight), name).not.toThrow();
  });

  for (const [invariant, what, tamper] of MUTATIONS) {
    it(`${invariant}: is seen to break when ${what}`, () => {
      const check = INVARIANTS[invariant] as (typeof INVARIANTS)[string];
      expect(() => check(see(tamper(world().chain)))).toThrow(InvariantBroken);
    });
  }

  it("every one has a mutation that breaks it", () => {
    expect(new Set(MUTATIONS.map(([name]) => name))).toEqual(new Set(Object.keys(INVARIANTS)));
  });

  it("7 no debt without the debtor: is seen to break when a debt grows by another's signature", () => {
    const { chain, root, debtor } = world();
    const before = new Map(chain.objects);
    expect(() => noDebtWithoutDebtor(before, chain, () => [])).not.toThrow();
    const grown = tampered(
      chain,
      "receivable",
      ({ id }) => id === root,
      ({ confirmed }) => ({ confirmed: confirmed + 1n }),
    );
    expect(() => noDebtWithoutDebtor(before, grown, () => [root])).toThrow(InvariantBroken);
    expect(() => noDebtWithoutDebtor(before, grown, () => [debtor])).not.toThrow();
  });
});
