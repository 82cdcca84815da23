import { hash, int, list, nullable, struct } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { FEATURES } from "../../types/score-features.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { namedId } from "../ids.ts";
import { type Call, transition } from "../transition.ts";
import { cardSchema, gradeSchema } from "./card.ts";
import { debtorGradeId } from "./features.ts";
import type { Scorecard } from "./scorecard.ts";

/** The alliance's own card, in the state from the genesis on; a lender's own takes its place for that lender. */
export const ALLIANCE_POLICY_ID = namedId("riskPolicy");

export function policyIdOf(lender: Hash): Hash {
  return namedId("riskPolicy", lender);
}

/** Owner and validator are two: whoever built a card or model does not vouch for it alone. */
function twoPeople({ body, book }: Call<{ readonly lender: Hash; readonly validator: Hash }>): void {
  activeParty({ book }, body.lender, "LENDER");
  activeParty({ book }, body.validator, "VERIFIER");
  require(body.lender !== body.validator, "SAME_PARTY");
}

/** A lender puts its own scorecard in force: fitted on its data, seen by a validator. The next version takes the place of this one. */
export const setRiskPolicy = transition({
  kind: "risk.policy",
  label: { zh: "设定风险政策", en: "set a lender's risk policy" },
  ground: "商业银行互联网贷款管理暂行办法 art. 37–40: models are validated independently before use",
  signedBy: "lender; an independent validator",
  body: { lender: hash, validator: hash, card: cardSchema },
  signers: ({ lender, validator }) => [lender, validator],
  requires: [twoPeople, ({ body }) => require(isSound(body.card), "CARD_UNSOUND")],
  effect: ({ book, body }) => {
    const id = policyIdOf(body.lender);
    const known = book.find("riskPolicy", id);
    const next = { lender: body.lender, validator: body.validator, card: body.card };
    return [known === undefined ? book.create("riskPolicy", { id, ...next }).id : book.update("riskPolicy", known, next).id];
  },
});

/** A lender says how good a debtor is, from 1 (best) to 6; the newest word holds. Features of all its suppliers read it. */
export const gradeDebtor = transition({
  kind: "risk.gradeDebtor",
  label: { zh: "评定债务人等级", en: "grade a debtor" },
  ground: "Basel CRE34: purchased receivables are rated by their obligors",
  signedBy: "lender",
  body: { lender: hash, debtor: hash, grade: int({ min: 1, max: 6 }) },
  signers: ({ lender }) => [lender],
  makers: ["ENGINE"],
  requires: [
    (call) => {
      activeParty(call, call.body.lender, "LENDER");
    },
    (call) => {
      activeParty(call, call.body.debtor);
    },
    ({ body }) => require(body.lender !== body.debtor, "SAME_PARTY"),
  ],
  effect: ({ book, body, day }) => {
    const id = debtorGradeId(body.debtor);
    const known = book.find("debtorGrade", id);
    const next = { debtor: body.debtor, grade: body.grade, by: body.lender, day };
    return [known === undefined ? book.create("debtorGrade", { id, ...next }).id : book.update("debtorGrade", known, next).id];
  },
});

/**
 * A model is named by the hash of its file and never run here: results of floating point differ between machines. Its card says what
 * its output means; who decides by it attests the output, and the ledger holds that against the card.
 */
export const registerModel = transition({
  kind: "model.register",
  label: { zh: "登记模型", en: "register a model" },
  ground: "商业银行互联网贷款管理暂行办法 art. 37–40; domain.md §4.4",
  signedBy: "lender; an independent validator",
  body: {
    lender: hash,
    validator: hash,
    onnx: hash,
    opset: int({ min: 1, max: 100 }),
    featureProgram: hash,
    inputSchema: hash,
    trainData: hash,
    metrics: hash,
    /** From the most likely to pay down: an output of at least `fromQ` (in 10⁻⁴) stands for the grade. */
    calibration: list(struct({ fromQ: int({ max: 10_000 }), grade: gradeSchema }), { min: 2, max: 8 }),
    guardBandQ: int({ max: 1_000 }),
    untilMs: nullable(int()),
  },
  signers: ({ lender, validator }) => [lender, validator],
  requires: [
    twoPeople,
    ({ body }) => require(descends(body.calibration.map(({ fromQ }) => fromQ)), "CARD_UNSOUND"),
    ({ body, timeMs }) => require(body.untilMs === null || body.untilMs > timeMs, "EXPIRY_OUT_OF_RANGE"),
  ],
  effect: ({ book, body, newId, timeMs }) => [
    book.add("modelCard", { id: newId(), ...body, fromMs: timeMs, status: "ACTIVE" }).id,
  ],
});

export const retireModel = transition({
  kind: "model.retire",
  label: { zh: "停用模型", en: "retire a model" },
  ground: "商业银行互联网贷款管理暂行办法 art. 41: a model that does not hold is taken out of use",
  signedBy: "lender",
  body: { model: hash },
  signers: ({ model }, { book }) => [book.get("modelCard", model).lender],
  requires: [({ body, book }) => require(book.get("modelCard", body.model).status === "ACTIVE", "WRONG_STATUS")],
  effect: ({ book, body }) => [book.update("modelCard", book.get("modelCard", body.model), { status: "RETIRED" }).id],
});

/** Every feature once and in order, bins that ascend to the end, grades and probabilities from the best down to zero. */
export function isSound({ tables, grades, pd }: Scorecard): boolean {
  return (
    tables.length === FEATURES.length &&
    tables.every(({ feature, bins }, index) => feature === FEATURES[index] && isAscending(bins.map(({ below }) => below))) &&
    descends(grades.map(({ from }) => from)) &&
    new Set(grades.map(({ grade }) => grade)).size === grades.length &&
    descends(pd.map(({ from }) => from))
  );
}

function isAscending(bounds: readonly (number | null)[]): boolean {
  return bounds.every((bound, index) => {
    const next = bounds[index + 1];
    return next === undefined ? bound === null : bound !== null && (next === null || bound < next);
  });
}

function descends(values: readonly number[]): boolean {
  return values.at(-1) === 0 && values.every((value, index) => index === 0 || value < (values[index - 1] as number));
}
