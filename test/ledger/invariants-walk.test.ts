import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** A test file under test/, and a sentence in it. */
type Held = readonly [file: string, sentence: string];

const STEP: string = "ledger/model/invariants.ts";
const PLANTED = "ledger/model/mutations.test.ts";

/**
 * The 33 invariants of domain.md §6.4 and the tests that hold each. Those of `model/invariants.ts` are looked at over all objects after
 * every block of the random business of `model/run.ts`, beside the naive model; `mutations.test.ts` shows that each can be seen to break.
 */
const INVARIANTS: readonly (readonly [number: number, what: string, held: readonly Held[]])[] = [
  [
    1,
    "conservation",
    [
      [STEP, '"1 conservation"'],
      [PLANTED, "a note grows"],
    ],
  ],
  [
    2,
    "split identity",
    [
      [STEP, '"2 split identity"'],
      [PLANTED, "a consumed note is spent again"],
    ],
  ],
  [
    3,
    "singularity",
    [
      [STEP, '"3 singularity"'],
      [PLANTED, "a second chain of title begins"],
    ],
  ],
  [
    4,
    "one encumbrance",
    [
      [STEP, '"4 one encumbrance"'],
      ["ledger/encumbrance.test.ts", "describe("],
    ],
  ],
  [
    5,
    "invoice use",
    [
      [STEP, '"5 invoice use"'],
      ["ledger/threats.test.ts", "an invoice backs no more receivables than its amount"],
    ],
  ],
  [
    6,
    "authority",
    [
      ["ledger/table-2-3.test.ts", "takes effect, but not without any one of its signatures"],
      ["ledger/abuse.test.ts", "takes nobody else's signature for that of a party that must sign, no member's either"],
    ],
  ],
  [
    7,
    "no debt without debtor",
    [
      [STEP, "noDebtWithoutDebtor"],
      [PLANTED, "7 no debt without the debtor"],
    ],
  ],
  [
    8,
    "payment conservation",
    [
      [STEP, '"8 payment conservation"'],
      ["ledger/changes.test.ts", "leaves loan, receivable, debtor and title as they would be without it"],
    ],
  ],
  [
    9,
    "finance cap and identity",
    [
      [STEP, '"9 finance identity"'],
      ["ledger/support/refusals-finance.ts", "FINANCE_CAP_EXCEEDED"],
      ["ledger/support/refusals-loans.ts", "LENDING_LINE_EXCEEDED"],
    ],
  ],
  [
    10,
    "replay",
    [
      ["ledger/threats.test.ts", "the same again has no effect"],
      ["ledger/determinism.test.ts", "the order of independent transactions in a block does not show in the state"],
    ],
  ],
  [
    11,
    "determinism",
    [
      ["ledger/determinism.test.ts", "the same block on the same state gives the same changes, receipts and history"],
      ["node/snapshot.test.ts", "makes indices and totals that are those of a node that executed every block"],
      ["node/store-check.test.ts", "finds an object that is not the one the tree commits to"],
    ],
  ],
  [
    12,
    "cut-off and tenor",
    [
      [STEP, '"12 tenor"'],
      ["ledger/abuse.test.ts", "respects the cut-off if it is of the market"],
    ],
  ],
  [
    13,
    "terminal states, listed transitions",
    [
      [STEP, "what has ended stays ended"],
      ["ledger/model/model.test.ts", "goes from one status to another as the domain lists it, and all of that list is reached"],
    ],
  ],
  [
    14,
    "freeze dominance",
    [
      [STEP, '"14 freeze"'],
      ["ledger/abuse.test.ts", "leaves a frozen note alone"],
    ],
  ],
  [
    15,
    "order of notices and filings",
    [
      [STEP, "a notice stays as it arrived"],
      ["ledger/priority.test.ts", "is a strict weak order under either set of rules"],
      ["ledger/priority.test.ts", "a claim that comes later never changes how the earlier ones stand to each other"],
    ],
  ],
  [
    16,
    "security",
    [
      [STEP, '"16 security"'],
      [PLANTED, "a loan that is void is secured"],
    ],
  ],
  [
    17,
    "recourse",
    [
      [STEP, '"17 recourse"'],
      ["ledger/changes.test.ts", "lets the lender demand recourse, the borrower buy back and claim from the debtor itself"],
      ["ledger/life-cycle.test.ts", "without recourse the surplus and what is left of the note are the lender's"],
    ],
  ],
  [
    18,
    "dispute",
    [
      [STEP, '"18 dispute"'],
      ["ledger/changes.test.ts", "what is disputed backs no loan"],
    ],
  ],
  [
    19,
    "debtor gate",
    [
      [STEP, '"19 debtor gate"'],
      ["ledger/life-cycle.test.ts", "an overdue debtor may issue again"],
    ],
  ],
  [
    20,
    "nothing is stuck",
    [
      [STEP, "nothingIsStuck"],
      ["ledger/due.test.ts", "an application expires with its decisions"],
    ],
  ],
  [
    21,
    "guarantors",
    [
      [STEP, '"21 guarantees"'],
      ["ledger/changes.test.ts", "that pays holds what it paid"],
    ],
  ],
  [22, "amendment after notice", [["ledger/changes.test.ts", "takes effect with the last consent and not before"]]],
  [
    23,
    "receipts within the lot",
    [
      ["ledger/model/goods-run.ts", "receipts stand for no more than what is there"],
      ["ledger/model/goods-run.ts", "no more leaves than was let go"],
      ["ledger/model/goods.test.ts", "poor goods take the place of good ones"],
    ],
  ],
  [
    24,
    "devices",
    [
      ["ledger/model/goods-run.ts", "what is critical is frozen"],
      ["ledger/goods.test.ts", "that fall silent are warned of after two intervals"],
      ["ledger/model/goods.test.ts", "the keeper clears its alarm alone"],
    ],
  ],
  [25, "prepayment", [["ledger/model/prepayment.test.ts", "lets go no more than margin and repayments have paid"]]],
  [
    26,
    "score",
    [
      ["ledger/credit.test.ts", "is taken when every node computes the score that it attests"],
      ["ledger/credit.test.ts", "make better scores with payments on time and worse ones with late ones"],
    ],
  ],
  [
    27,
    "largest remainder",
    [
      ["ledger/money.test.ts", "adds up exactly, each share within one unit of its ideal"],
      ["ledger/money.test.ts", "does not depend on the order of the parts"],
    ],
  ],
  [28, "interest", [["ledger/money.test.ts", "grows with each of its factors and loses at most a unit by being split in time"]]],
  [
    29,
    "codec",
    [
      ["codec/hostile.test.ts", "describe("],
      ["fuzz/fuzz.test.ts", "come in at many places"],
    ],
  ],
  [
    30,
    "check digits",
    [
      ["types/legal-id.test.ts", "detects every single-character error"],
      ["types/currency.test.ts", "describe("],
    ],
  ],
  [31, "no plaintext", [["ledger/threats.test.ts", "the state holds no text but codes, numbers of law and names of members"]]],
  [32, "fees", [["ledger/support/refusals-loans.ts", "FEE_NOT_ALLOWED"]]],
  [
    33,
    "bounds",
    [
      [STEP, '"33 bounds"'],
      ["ledger/threats.test.ts", "dust is not split off"],
    ],
  ],
];

describe("an invariant of the domain reference", () => {
  it("has its number, from 1 to 33", () => {
    expect(INVARIANTS.map(([number]) => number)).toEqual(Array.from({ length: 33 }, (_, index) => index + 1));
  });

  it.each(INVARIANTS)("%i, %s, is held by the tests that are named for it", (_, __, held) => {
    expect(held.length).toBeGreaterThan(0);
    for (const [file, sentence] of held) {
      const path = new URL(`../${file}`, import.meta.url);
      expect(existsSync(path), file).toBe(true);
      expect(readFileSync(path, "utf8"), file).toContain(sentence);
    }
  });
});
