import { freshObjectId, objectId } from "../../client/object-id.ts";
import { op, type SigningKey } from "../../client/transaction-builder.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import type { Act } from "./diary.ts";
import { planPaymentOn } from "./paying.ts";
import { basisPoints, type Leaf, type Setting, signersOf, soleLeaf, type Trade } from "./setting.ts";
import type { DisputePlan } from "./trades.ts";

/** Before the maturity there must be so many days left for a dispute to be raised. */
const LEFT_DAYS_MIN = 3;

/** A debtor that contests a part of what it owes, and what becomes of that. */
export function planConflicts(setting: Setting, trade: Trade, fromDay: number): void {
  const { dispute } = trade.plan;
  if (dispute === null) return;
  const day = setting.calendar.from(fromDay + dispute.raisedAfterDays);
  setting.diary.at(day, "fourth", () => raise(setting, trade, dispute, day));
}

function raise(setting: Setting, trade: Trade, dispute: DisputePlan, day: number): Act | null {
  if (day > trade.maturityDay - LEFT_DAYS_MIN) return null;
  const leaf = soleLeaf(trade);
  if (leaf === null || (trade.phase !== "OPEN" && trade.phase !== "LENT")) {
    // An application is under way: what is contested then ends it, and nobody would do that on purpose.
    const next = setting.calendar.after(day);
    setting.diary.at(next, "fourth", () => raise(setting, trade, dispute, next));
    return null;
  }
  const { plan, debtor } = trade;
  const amount = basisPoints(leaf.amount, dispute.shareBp);
  const body = { note: leaf.id, amount, reason: dispute.reason, evidence: setting.commit("dispute", String(plan.number)) };
  return {
    name: `dispute/${plan.number}`,
    keys: signersOf(setting, debtor, amount),
    ops: [op("dispute.raise", body)],
    expected: "OK",
    done: (tx) => {
      const id = objectId(tx, 0, 0);
      const contested = { ...leaf, id: freshObjectId(tx, 0, 0), amount, dispute: id };
      trade.leaves = [contested, { ...leaf, id: freshObjectId(tx, 0, 1), amount: leaf.amount - amount }];
      const answerDay = setting.calendar.after(day);
      setting.diary.at(answerDay, "fourth", () => respond(setting, trade, contestedOf(trade, id)));
      const settleDay = setting.calendar.after(Math.max(answerDay, day + dispute.settledAfterDays));
      setting.diary.at(settleDay, "fourth", () => settleDispute(setting, trade, contestedOf(trade, id), dispute, settleDay));
    },
  };
}

/** The note that carries the dispute now: it goes back to the seller as another one when the loan is paid. */
function contestedOf({ leaves }: Trade, id: Hash): Leaf {
  const leaf = leaves.find(({ dispute }) => dispute === id);
  if (leaf === undefined) throw new Error(`no note carries the dispute ${id}`);
  return leaf;
}

/** Who must speak for a note: its holder, and the bank where it secures a loan. `stake` decides how many keys. */
function speakersOf(setting: Setting, { phase, supplier }: Trade, leaf: Leaf, stake: Amount): readonly SigningKey[] {
  const { bank } = setting;
  if (leaf.holder === null) return [bank.maker, bank.checker];
  const holder = signersOf(setting, supplier, stake);
  return phase === "LENT" ? [...holder, bank.maker, bank.checker] : holder;
}

function respond(setting: Setting, trade: Trade, leaf: Leaf): Act {
  const { plan, supplier } = trade;
  const body = { dispute: leaf.dispute as Hash, response: setting.commit("response", String(plan.number)) };
  const keys = leaf.holder === null ? [setting.bank.maker] : signersOf(setting, supplier);
  return { name: `response/${plan.number}`, keys, ops: [op("dispute.respond", body)], expected: "OK" };
}

/** Debtor, holder and lender agree: a part falls away, the rest is owed as before; if the rest was paid meanwhile, it is paid next. */
function settleDispute(setting: Setting, trade: Trade, leaf: Leaf, plan: DisputePlan, day: number): Act {
  const { number } = trade.plan;
  const upheld = basisPoints(leaf.amount, plan.upheldBp);
  const body = { dispute: leaf.dispute as Hash, upheld };
  return {
    name: `settlement/${number}`,
    keys: [...signersOf(setting, trade.debtor, upheld), ...speakersOf(setting, trade, leaf, upheld)],
    ops: [op("dispute.settle", body)],
    expected: "OK",
    done: (tx) => {
      const rest = leaf.amount - upheld;
      const kept = upheld === 0n ? leaf.id : freshObjectId(tx, 0, 1);
      const others = trade.leaves.filter((each) => each !== leaf);
      trade.leaves = rest === 0n ? others : [...others, { ...leaf, id: kept, amount: rest, dispute: null }];
      const next = setting.calendar.after(day);
      if (rest > 0n && day >= trade.maturityDay && others.length === 0 && next < trade.debtor.failsDay)
        planPaymentOn(setting, trade, next);
    },
  };
}
