import { describe, expect, it } from "vitest";
import type { Call, Transition } from "../../../src/ledger/transition.ts";
import { TRANSITIONS } from "../../../src/ledger/transitions.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { COMMANDS, type GoodsTally, liveGoods } from "./goods-run.ts";

const SEEDS = Number(process.env.MODEL_SEEDS ?? 6);
const OPERATIONS = 160;

describe("goods beside a naive model (invariants 4, 23, 24)", () => {
  it("take the same operations, and stand as the model stands", () => {
    const tally: GoodsTally = { ok: new Set(), refused: new Set() };
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        liveGoods(seed, OPERATIONS, tally);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    expect(Object.keys(COMMANDS).filter((kind) => !tally.ok.has(kind))).toEqual([]);
    expect(Object.keys(COMMANDS).filter((kind) => !tally.refused.has(kind) && kind !== "finance.withdraw")).toEqual([]);
  });
});

type Mutable = { -readonly [K in keyof Transition]: Transition[K] };

const without = (transition: Mutable, index: number): void => {
  transition.requires = transition.requires.filter((_, at) => at !== index);
};

/** What went wrong in warehouses that are in the papers, and in contracts that were to prevent it. */
const BUGS: readonly (readonly [what: string, kind: string, seed: (transition: Mutable) => void])[] = [
  ["several receipts are issued on the same goods", "receipt.issue", (transition) => without(transition, 2)],
  ["goods leave that nobody let go", "receipt.gateOut", (transition) => without(transition, 1)],
  ["the lender lets go what the loan needs", "receipt.approveRelease", (transition) => without(transition, 3)],
  ["poor goods take the place of good ones", "receipt.substitute", (transition) => without(transition, 2)],
  ["a word of a device is repeated", "device.attest", (transition) => without(transition, 1)],
  [
    "the keeper clears its alarm alone",
    "alarm.clear",
    (transition) => {
      transition.requires = transition.requires.slice(0, 2);
      transition.signers = (body, { book }) => {
        const { zone } = book.get("alarm", (body as { readonly alarm: Hash }).alarm);
        return [book.get("zone", zone).operator];
      };
    },
  ],
  [
    "what is offered to a lender stays free for another",
    "receipt.apply",
    (transition) => {
      const { effect } = transition;
      transition.effect = (call) => {
        const touched = effect(call);
        const { book, body } = call as Call<{ readonly receipts: readonly Hash[] }>;
        for (const id of body.receipts)
          book.update("warehouseReceipt", book.get("warehouseReceipt", id), { position: "OPEN", ref: null });
        return touched;
      };
    },
  ],
];

describe("bugs put into the ledger's goods", () => {
  for (const [what, kind, seed] of BUGS) {
    it(`are seen: ${what}`, () => {
      const transition = TRANSITIONS.get(kind) as Mutable;
      const original = { ...transition };
      seed(transition);
      try {
        expect(() => {
          for (let run = 1; run <= 30; run++) liveGoods(run, OPERATIONS, { ok: new Set(), refused: new Set() });
        }).toThrow();
      } finally {
        Object.assign(transition, original);
      }
    });
  }
});
