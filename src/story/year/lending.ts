import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { planCheck } from "./checks.ts";
import { type Act, beginOf, type ScoreAnswer, type Scores } from "./diary.ts";
import { planPayout } from "./payout.ts";
import { basisPoints, isLate, type Leaf, lateOf, type Setting, signersOf, soleLeaf, type Trade } from "./setting.ts";

const HOUR_MS = 3_600_000;
/** Fewer days than this to the maturity are not worth a loan. */
const LEFT_DAYS_MIN = 10;
/** The loan ends so long after the note matures. Days. */
const TENOR_EXTRA_DAYS = 10;
/** What the engine may approve alone, and the least that is lent at all. Fen. */
const ENGINE_MAX: Amount = 150_000_000n;
const LEAST: Amount = 2_000_000n;
/** Officers lend no more of a note than this, which the engine does to firms that it knows. Basis points. */
const OFFICERS_SHARE_BP = 8_000;
const OFFICERS_ADVANCE_BP = 8_000;
/** How long a firm must have traded for its score to say no, not only nothing. Days. */
const KNOWN_AFTER_DAYS = 120;
const RATES_PPM = { A: 36_500, B: 39_500, C: 43_500, D: 52_000 } as const;
const OFFICERS_RATE_PPM = 48_000;
/** How much a forger adds to a score. */
const FORGED_POINTS = 120;
const REASONS_MAX = 4;
/** Of so many deliveries of firms that were never paid, one is lent on. */
const NEW_EACH = 3;
/** A debtor with so many receivables overdue gets no more credit, whoever the borrower is. */
const LATE_MAX = 3;
/** What closes an engine's way whatever the score (domain.md §4.3), and what it then leaves to officers. */
const GATES: ReadonlySet<string> = new Set([
  "DEBTOR_GATED",
  "RELATED_PARTIES",
  "TRADE_CIRCULAR",
  "TRADE_GRAPH_WIDE",
  "VELOCITY_EXCEEDED",
  "NEW_PAIR_CAPPED",
  "TICKET_OUT_OF_BAND",
  "INVOICE_STALE",
]);

/** An application on the first of two days of business in a row: what is agreed in the afternoon is paid out on the next day. */
export function planApplication(setting: Setting, trade: Trade, fromDay: number): void {
  const day = setting.calendar.pairFrom(fromDay + trade.plan.applyAfterDays);
  planCheck(setting, trade, day);
  setting.diary.at(day, "second", () => application(setting, trade, day));
}

function application(setting: Setting, trade: Trade, day: number): Act | null {
  const leaf = soleLeaf(trade);
  if (trade.phase !== "OPEN" || leaf === null || trade.maturityDay < day + LEFT_DAYS_MIN) return null;
  const { plan, supplier } = trade;
  // Who was never paid through the alliance has no line yet: most such firms wait, some ask officers.
  if (!setting.paid.has(supplier.index) && plan.number % NEW_EACH !== 0) return null;
  const asked = basisPoints(leaf.amount, plan.askedBp);
  const expiresMs = beginOf(day, "second") + 20 * HOUR_MS;
  const body = {
    lenders: [setting.bank.party],
    notes: [leaf.id],
    amount: asked,
    consent: setting.commit("consent", String(plan.number)),
    expiresMs,
  };
  trade.phase = "APPLIED";
  return {
    name: `application/${plan.number}`,
    keys: signersOf(setting, supplier, asked),
    ops: [op("finance.apply", body)],
    expected: "OK",
    done: (tx) => {
      setting.applicants.add(supplier.party);
      const id = objectId(tx, 0, 0);
      setting.diary.at(day, "third", (scores) => decision(setting, trade, { id, asked, leaf, day, expiresMs }, scores));
    },
  };
}

interface Asked {
  readonly id: Hash;
  readonly asked: Amount;
  readonly leaf: Leaf;
  readonly day: number;
  readonly expiresMs: number;
}

/** What the bank's engine says by the score that every node computes: it approves, says no, or leaves it to officers. */
function decision(setting: Setting, trade: Trade, asked: Asked, scores: Scores): Act {
  const { plan, supplier } = trade;
  const { day } = asked;
  const score = scores.get(supplier.party) ?? null;
  const terms = isLate(setting, trade.debtor, day) ? DEBTOR_LATE : termsOf(trade, asked, score);
  if (terms.outcome === "REFER" && score !== null && setting.forgeries > 0) return forgery(setting, trade, asked, score);
  return {
    name: `decision/${plan.number}`,
    keys: [setting.bank.engine],
    ops: [op("finance.decide", { ...offered(setting, trade, asked, terms), ...attestedBy(score) })],
    expected: "OK",
    ...(terms.outcome === "APPROVED" ? { orElse: GATES } : {}),
    done: (tx, code) => {
      const isGated = code !== "OK";
      if (isGated) setting.refuse({ day, what: GATED, code, platform: supplier.platform.member });
      if (terms.outcome === "REFER" || isGated) setting.diary.at(day, "fourth", () => officers(setting, trade, asked));
      else if (terms.outcome === "APPROVED") planPayout(setting, trade, { decision: objectId(tx, 0, 0), ...terms }, day);
      else planEnd(setting, trade, day);
    },
  };
}

/** Officers, maker and checker, look at what the engine leaves to them, and say why they approve although. */
function officers(setting: Setting, trade: Trade, asked: Asked): Act {
  const { plan, debtor } = trade;
  const { bank } = setting;
  const most = basisPoints(asked.leaf.amount, OFFICERS_SHARE_BP);
  const terms: Terms =
    lateOf(setting, debtor, asked.day) >= LATE_MAX
      ? { ...NOTHING, outcome: "DECLINE", reasons: ["DEBTOR_LATE"] }
      : {
          outcome: "APPROVED",
          amount: asked.asked < most ? asked.asked : most,
          ratePpm: OFFICERS_RATE_PPM,
          tenorDays: trade.maturityDay - asked.day + TENOR_EXTRA_DAYS,
          advanceBp: OFFICERS_ADVANCE_BP,
          reasons: ["OFFICERS"],
        };
  return {
    name: `officers/${plan.number}`,
    keys: [bank.maker, bank.checker],
    ops: [
      op("finance.decide", {
        ...offered(setting, trade, asked, terms),
        ...(terms.outcome === "APPROVED"
          ? { override: { reason: "OFFICERS", document: setting.commit("minutes", String(plan.number)) } }
          : {}),
      }),
    ],
    expected: "OK",
    done: (tx) => {
      if (terms.outcome === "APPROVED") planPayout(setting, trade, { decision: objectId(tx, 0, 0), ...terms }, asked.day);
      else planEnd(setting, trade, asked.day);
    },
  };
}

/** Somebody with the engine's key claims a better score than the ledger computes; then the officers decide. */
function forgery(setting: Setting, trade: Trade, asked: Asked, score: ScoreAnswer): Act {
  const { plan, supplier } = trade;
  setting.forgeries -= 1;
  const what = "a decision by a score that was made better";
  setting.refuse({ day: asked.day, what, code: "SCORE_MISMATCH", platform: supplier.platform.member });
  setting.diary.at(asked.day, "fourth", () => officers(setting, trade, asked));
  const terms = { ...NOTHING, outcome: "REFER", reasons: [] } as const;
  return {
    name: `forgery/${plan.number}`,
    keys: [setting.bank.engine],
    ops: [
      op("finance.decide", {
        ...offered(setting, trade, asked, terms),
        ...attestedBy({ ...score, score: score.score + FORGED_POINTS }),
      }),
    ],
    expected: "SCORE_MISMATCH",
  };
}

interface Terms {
  readonly outcome: "APPROVED" | "REFER" | "DECLINE";
  readonly amount: Amount;
  readonly ratePpm: number;
  readonly tenorDays: number;
  readonly advanceBp: number;
  readonly reasons: readonly string[];
}
const NOTHING = { amount: 0n, ratePpm: 0, tenorDays: 0, advanceBp: 0 } as const;
const DEBTOR_LATE: Terms = { ...NOTHING, outcome: "REFER", reasons: ["DEBTOR_LATE"] };
const GATED = "an approval by the engine over a closed gate";

/** The engine approves what score, line and advance rate allow, if that is most of what was asked. */
function termsOf({ maturityDay }: Trade, { asked, leaf, day }: Asked, score: ScoreAnswer | null): Terms {
  if (score === null) return { ...NOTHING, outcome: "REFER", reasons: ["NO_HISTORY"] };
  const { grade, reasons } = score;
  const tenorDays = maturityDay - day + TENOR_EXTRA_DAYS;
  const { advanceBp: most, tenorFreeDays, tenorCutBpPerDay, line, borrowed } = score.terms;
  const advanceBp = Math.max(0, most - tenorCutBpPerDay * Math.max(0, tenorDays - tenorFreeDays));
  const room = BigInt(line) - BigInt(borrowed);
  const amount = [asked, basisPoints(leaf.amount, advanceBp), room].reduce((least, each) => (each < least ? each : least));
  if (grade !== "E" && amount >= LEAST && amount * 4n >= asked * 3n && asked <= ENGINE_MAX)
    return { outcome: "APPROVED", amount, ratePpm: RATES_PPM[grade], tenorDays, advanceBp, reasons };
  if (grade === "E" && score.tenureDays >= KNOWN_AFTER_DAYS) return { ...NOTHING, outcome: "DECLINE", reasons };
  const first = asked > ENGINE_MAX ? "ABOVE_LIMIT" : line === "0" ? "NO_PAYMENTS_YET" : "ABOVE_LINE";
  return { ...NOTHING, outcome: "REFER", reasons: [first, ...reasons].slice(0, REASONS_MAX) };
}

function offered({ bank }: Setting, { plan }: Trade, { id, expiresMs }: Asked, terms: Terms) {
  const { recourse, security } = plan;
  const base = { application: id, lender: bank.party, recourse, security, policy: bank.party };
  return { ...base, ...terms, expiresMs: expiresMs - HOUR_MS };
}

function attestedBy(score: ScoreAnswer | null) {
  if (score === null) return {};
  const { policy, day, facts, score: points, grade } = score;
  return { attested: { mode: "A" as const, policy, day, facts, score: points, grade, model: null } };
}

/** What was declined stays reserved until it runs out over night. */
function planEnd(setting: Setting, trade: Trade, day: number): void {
  setting.diary.at(setting.calendar.after(day), "first", () => {
    trade.phase = "OPEN";
    return null;
  });
}
