import { describe, expect, it } from "vitest";
import type { ObjectOf } from "../../../src/ledger/objects.ts";
import type { Call, Transition } from "../../../src/ledger/transition.ts";
import { TRANSITIONS } from "../../../src/ledger/transitions.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import type { Modelled } from "./commands.ts";
import { live, newTally } from "./run.ts";

/**
 * Bugs of the kinds seen in public supply-chain-finance contracts (domain.md §6.4), put into the ledger one at a time: living beside the
 * model, none of them stays unseen for long.
 */
type Mutable = { -readonly [K in keyof Transition]: Transition[K] };
type AnyCall = Call<Readonly<Record<string, unknown>>>;

const noteOf = ({ book, body }: AnyCall): ObjectOf<"note"> => book.get("note", body.note as Hash);

/** As it was, and then something more. */
function andThen(transition: Mutable, more: (call: AnyCall) => void): void {
  const { effect } = transition;
  transition.effect = (call) => {
    const touched = effect(call);
    more(call as AnyCall);
    return touched;
  };
}

const without = (transition: Mutable, index: number): void => {
  transition.requires = transition.requires.filter((_, at) => at !== index);
};

const BUGS: readonly (readonly [what: string, kind: string, seed: (transition: Mutable) => void])[] = [
  [
    "a balance is zeroed before it is subtracted from",
    "payment.attest",
    (transition) =>
      andThen(transition, ({ book, body }) => {
        const [line] = body.lines as readonly { readonly note: Hash }[];
        const root = book.get("receivable", book.get("note", line?.note as Hash).receivable);
        book.update("receivable", root, { live: 0n });
      }),
  ],
  [
    "interest for being late stays due after it was paid",
    "payment.late",
    (transition) =>
      andThen(transition, ({ book, body }) => {
        const [line] = body.lines as readonly { readonly note: Hash; readonly amount: bigint }[];
        const root = book.get("receivable", book.get("note", line?.note as Hash).receivable);
        book.update("receivable", root, { lateDue: root.lateDue + (line?.amount ?? 0n) });
      }),
  ],
  [
    "the caller of a transfer is not checked",
    "note.transfer",
    (transition) => {
      transition.signers = (body) => [(body as { readonly to: Hash }).to];
    },
  ],
  [
    "anyone confirms a debt",
    "receivable.confirm",
    (transition) => {
      transition.signers = () => [];
    },
  ],
  [
    "parts are not held against the whole, and something underflows or is made of nothing",
    "note.split",
    (transition) => without(transition, 1),
  ],
  [
    "what is reserved is never marked as such",
    "finance.apply",
    (transition) =>
      andThen(transition, ({ book, body }) => {
        for (const id of body.notes as readonly Hash[])
          book.update("note", book.get("note", id), { position: "OPEN", ref: null });
      }),
  ],
  ["an endorsement is accepted that was never launched, or is over", "note.acceptOffer", (transition) => without(transition, 0)],
  [
    "anyone unlocks what is reserved for a lender",
    "finance.withdraw",
    (transition) => {
      transition.signers = () => [];
    },
  ],
  [
    "what is overdue cannot be paid any more",
    "payment.attest",
    (transition) => {
      transition.requires = [
        ...transition.requires,
        (call) => {
          const [line] = (call as AnyCall).body.lines as readonly { readonly note: Hash }[];
          const { receivable } = call.book.get("note", line?.note as Hash);
          if (call.book.get("receivable", receivable).status === "OVERDUE") call.book.get("note", receivable);
        },
      ];
    },
  ],
  [
    "a freeze forgets the note that it is about",
    "freeze.place",
    (transition) =>
      andThen(transition, (call) => {
        const note = call.book.find("note", noteOf(call).id);
        if (note?.hold != null) call.book.update("note", note, { hold: null });
      }),
  ],
  [
    "a reversal gives the money back and keeps the debt paid",
    "payment.reverse",
    (transition) => {
      transition.effect = ({ book, body }) => {
        const { payment } = body as { readonly payment: Hash };
        return [book.update("payment", book.get("payment", payment), { status: "REVERSED" }).id];
      };
    },
  ],
  [
    "a guarantor pays and gets nothing for it",
    "guarantee.pay",
    (transition) => {
      transition.effect = ({ book, body }) => {
        const { guarantee, amount } = body as { readonly guarantee: Hash; readonly amount: bigint };
        const promise = book.get("guarantee", guarantee);
        return [book.update("guarantee", promise, { used: promise.used + amount }).id];
      };
    },
  ],
  [
    "anyone lifts a freeze",
    "freeze.lift",
    (transition) => {
      transition.signers = () => [];
    },
  ],
  ["more is upheld of a dispute than was disputed", "dispute.settle", (transition) => without(transition, 1)],
];

const WORLDS_MAX = 25;
const BLOCKS = 200;

/** Which world sees it, or null. */
function firstToSee(transition: Mutable, seed: (transition: Mutable) => void): number | null {
  const original = { ...transition };
  try {
    seed(transition);
    for (let world = 1; world <= WORLDS_MAX; world++) {
      try {
        live(world, BLOCKS, newTally(), transition.kind as Modelled);
      } catch {
        return world;
      }
    }
    return null;
  } finally {
    Object.assign(transition, original);
  }
}

describe("a bug in the ledger is seen when", () => {
  for (const [what, kind, seed] of BUGS) {
    it(what, { timeout: 300_000 }, () => {
      expect(firstToSee(TRANSITIONS.get(kind) as Mutable, seed)).not.toBeNull();
    });
  }

  it("and without any of them nothing is", () => {
    for (let world = 1; world <= 3; world++) live(world, BLOCKS, newTally());
  });
});
