import type { Attested } from "../../../src/ledger/credit/attested.ts";
import { policyIdOf } from "../../../src/ledger/credit/cards.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import { type Alliance, commitment } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { application, attestedNow, card, decideBodyBy, goodHistory, modelBody, registerModel } from "./credit.ts";
import type { Refused } from "./refused.ts";

function decided(
  world: Alliance,
  attested: (now: Attested) => Partial<Attested>,
  change: Partial<BodyOf<"finance.decide">> = {},
) {
  const applied = application(world);
  const now = attestedNow(world);
  const body = decideBodyBy(world, applied, { ...now, ...attested(now) }, change);
  return world.chain.refusal(op("finance.decide", body), by(world.bank, world.bank.engine));
}

const same = (): Partial<Attested> => ({});

export const CREDIT_REFUSALS: readonly Refused[] = [
  [
    "an attested score is the one that the ledger computes",
    "SCORE_MISMATCH",
    (world) => decided(world, ({ score }) => ({ score: score + 1 })),
  ],
  [
    "an attested grade is the score's own",
    "SCORE_MISMATCH",
    (world) => decided(world, ({ grade }) => ({ grade: grade === "A" ? "B" : "A" })),
  ],
  ["a firm without a history is not approved by a score", "SCORE_TOO_LOW", (world) => decided(world, same)],
  [
    "features are of the facts as they stand",
    "VERSION_MISMATCH",
    (world) => decided(world, ({ facts }) => ({ facts: facts + 1 })),
  ],
  ["features are of today or yesterday", "DAY_OUT_OF_RANGE", (world) => decided(world, ({ day }) => ({ day: day - 2 }))],
  [
    "the scorecard is the one in force for the lender",
    "POLICY_NOT_IN_FORCE",
    (world) => decided(world, () => ({ policy: policyIdOf(world.bank.id) })),
  ],
  [
    "an advance stays within what the grade allows",
    "ADVANCE_TOO_HIGH",
    (world) => {
      goodHistory(world, 3);
      return decided(world, same, { advanceBp: 9_001 });
    },
  ],
  [
    "a borrower owes no more than its line",
    "LINE_EXCEEDED",
    (world) => {
      goodHistory(world, 3);
      // Paid lately: 300,000; grade C multiplies by two thirds of that.
      const applied = application(world);
      world.chain.act(
        op("risk.policy", {
          lender: world.bank.id,
          validator: world.verifier.id,
          card: card({ grades: card().grades.map((grade) => ({ ...grade, capMinorUnits: 999n })) }),
        }),
        world.bank,
        world.verifier,
      );
      const body = decideBodyBy(world, applied, attestedNow(world));
      return world.chain.refusal(op("finance.decide", body), by(world.bank, world.bank.engine));
    },
  ],
  ["mode B names a model", "MODEL_NOT_IN_FORCE", (world) => decided(world, () => ({ mode: "B" }))],
  [
    "a retired model decides nothing",
    "MODEL_NOT_IN_FORCE",
    (world) => {
      const model = registerModel(world);
      world.chain.act(op("model.retire", { model }), world.bank);
      return decided(world, () => ({ mode: "B", model: { card: model, outQ: 9_500, runtime: commitment("runtime") } }));
    },
  ],
  [
    "a model's output near a cut-off is referred",
    "SCORE_TOO_LOW",
    (world) => {
      goodHistory(world, 3);
      const model = registerModel(world);
      return decided(world, () => ({ mode: "B", model: { card: model, outQ: 6_040, runtime: commitment("runtime") } }));
    },
  ],
  [
    "the worse of scorecard and model counts",
    "SCORE_TOO_LOW",
    (world) => {
      goodHistory(world, 3);
      const model = registerModel(world);
      return decided(world, () => ({ mode: "B", model: { card: model, outQ: 100, runtime: commitment("runtime") } }));
    },
  ],
  [
    "a card has every feature once",
    "CARD_UNSOUND",
    ({ chain, bank, verifier }) =>
      chain.refusal(
        op("risk.policy", { lender: bank.id, validator: verifier.id, card: card({ tables: card().tables.slice(1) }) }),
        bank,
        verifier,
      ),
  ],
  [
    "a model's calibration descends to zero",
    "CARD_UNSOUND",
    (world) => {
      const body = modelBody(world, {
        calibration: [
          { fromQ: 9_000, grade: "A" },
          { fromQ: 10, grade: "E" },
        ],
      });
      return world.chain.refusal(op("model.register", body), world.bank, world.verifier);
    },
  ],
  [
    "a lender's card is validated by a verifier",
    "ROLE_MISSING",
    ({ chain, bank, lender }) =>
      chain.refusal(op("risk.policy", { lender: bank.id, validator: lender.id, card: card() }), bank, lender),
  ],
  [
    "only lenders grade debtors",
    "ROLE_MISSING",
    ({ chain, platform, debtor }) =>
      chain.refusal(op("risk.gradeDebtor", { lender: platform.id, debtor: debtor.id, grade: 2 }), platform),
  ],
  [
    "a model ends in the future",
    "EXPIRY_OUT_OF_RANGE",
    (world) =>
      world.chain.refusal(op("model.register", modelBody(world, { untilMs: world.chain.timeMs })), world.bank, world.verifier),
  ],
  [
    "a model is retired once",
    "WRONG_STATUS",
    (world) => {
      const model = registerModel(world);
      world.chain.act(op("model.retire", { model }), world.bank);
      return world.chain.refusal(op("model.retire", { model }), world.bank);
    },
  ],
  [
    "nobody looks into others' scores but lenders",
    "ROLE_MISSING",
    ({ chain, supplier, seller }) =>
      chain.refusal(op("risk.snapshot", { by: supplier.id, party: seller.id, currency: "CNY" }), supplier),
  ],
  [
    "there is no score of a firm without facts",
    "NOT_FOUND",
    ({ chain, seller }) => chain.refusal(op("risk.snapshot", { by: seller.id, party: seller.id, currency: "CNY" }), seller),
  ],
];
