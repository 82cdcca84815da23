import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Attested } from "../../../src/ledger/credit/attested.ts";
import { creditScore, policyInForce } from "../../../src/ledger/credit/attested.ts";
import { factsId } from "../../../src/ledger/credit/facts.ts";
import { FIRST_CARD, type Scorecard } from "../../../src/ledger/credit/scorecard.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, receivable } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { applyBody, decideBody, mature, pay } from "./finance.ts";
import type { Firm } from "./firm.ts";

/** A book over the chain's present state, for functions that read one. */
export function bookOf({ chain }: Alliance) {
  return { book: { find: chain.find.bind(chain) } as never, day: dayOf(chain.timeMs) };
}

export function factsOf(world: Alliance, party: Firm = world.seller) {
  return world.chain.find("creditFacts", factsId(party.id, "CNY"));
}

export function scoreNow(world: Alliance, party: Firm = world.seller) {
  const situation = bookOf(world);
  return creditScore(situation, party.id, "CNY", policyInForce(situation, world.bank.id));
}

/** A seller with a history that scores well: rated debtor, `count` receivables paid on the day. */
export function goodHistory(world: Alliance, count: number): void {
  const { chain, bank, debtor } = world;
  chain.act(op("risk.gradeDebtor", { lender: bank.id, debtor: debtor.id, grade: 1 }), by(bank, bank.engine));
  const made = Array.from({ length: count }, () => receivable(world, 100_000n));
  mature(world, (made[0] as { root: Hash }).root);
  for (const { note } of made) pay(world, [{ note, amount: 100_000n }]);
}

/** What an honest engine attests at this moment. */
export function attestedNow(world: Alliance, change: Partial<Attested> = {}): Attested {
  const situation = bookOf(world);
  const score = scoreNow(world);
  return {
    mode: "A",
    policy: policyInForce(situation, world.bank.id),
    day: situation.day,
    facts: factsOf(world)?.version ?? 0,
    score: score?.score ?? 0,
    grade: score?.grade ?? "E",
    model: null,
    ...change,
  };
}

export function decideBodyBy(
  world: Alliance,
  application: Hash,
  attested: Attested,
  change: Partial<BodyOf<"finance.decide">> = {},
): BodyOf<"finance.decide"> {
  return { ...decideBody(world, application, 1_000n, { advanceBp: 5_000, ...change }), attested };
}

/** An open application of the seller on a new note. */
export function application(world: Alliance): Hash {
  const { note } = receivable(world, 100_000n);
  return world.chain.act(op("finance.apply", applyBody(world, [note], 50_000n)), world.seller).created();
}

/** The alliance's card, changed. */
export function card(change: Partial<Scorecard> = {}): Scorecard {
  return { ...FIRST_CARD, ...change };
}

export function modelBody(
  { bank, verifier }: Alliance,
  change: Partial<BodyOf<"model.register">> = {},
): BodyOf<"model.register"> {
  return {
    lender: bank.id,
    validator: verifier.id,
    onnx: commitment("model.onnx"),
    opset: 17,
    featureProgram: commitment("features"),
    inputSchema: commitment("inputs"),
    trainData: commitment("history"),
    metrics: commitment("auc"),
    calibration: [
      { fromQ: 9_000, grade: "A" },
      { fromQ: 6_000, grade: "C" },
      { fromQ: 0, grade: "E" },
    ],
    guardBandQ: 50,
    untilMs: null,
    ...change,
  };
}

export function registerModel(world: Alliance, change: Partial<BodyOf<"model.register">> = {}): Hash {
  const { chain, bank, verifier } = world;
  return chain.act(op("model.register", modelBody(world, change)), bank, verifier).created();
}
