import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Hash } from "../../types/scalars.ts";
import { FIRST_DAY, LAST_DAY } from "./calendar.ts";
import type { Act } from "./diary.ts";
import { type Leaf, type Setting, soleLeaf, type Trade } from "./setting.ts";

/** There are notes to freeze from here on, and the last orders come so long before the year's end. Days. */
const FROM_DAYS = 60;
const UNTIL_DAYS = 40;
/** Days that the note has yet to run, and for which an order stands. */
const LEFT_DAYS_MIN = 25;
const LIFTED_AFTER_DAYS = 14;
const LIFTED_AFTER_PAYMENT_DAYS = 10;

/**
 * Orders of courts, brought to the chain by the platforms together, since no court of this story has a key. In turn: lifted, left
 * standing until the debtor has paid into deposit, or carried out in favour of a creditor. Where a bank has lent on the note the order is lifted.
 */
export function planFreezes(setting: Setting, count: number): void {
  for (let nth = 0; nth < count; nth++) {
    const day = setting.calendar.from(setting.prng.between(FIRST_DAY + FROM_DAYS, LAST_DAY - UNTIL_DAYS));
    setting.diary.at(day, "afternoon", () => placed(setting, nth, day));
  }
}

function placed(setting: Setting, nth: number, day: number): Act | null {
  const wanted = nth % 2 === 0 ? "LENT" : "OPEN";
  // Where a bank has lent, the order is lifted before the debtor pays: what lies in deposit pays a loan outside the bank's own books.
  const leastDay = wanted === "LENT" ? setting.calendar.after(day + LIFTED_AFTER_DAYS) : day + LEFT_DAYS_MIN;
  const candidates = setting.trades.filter(
    (trade) =>
      trade.phase === wanted &&
      soleLeaf(trade) !== null &&
      trade.maturityDay > leastDay &&
      isQuiet(trade) &&
      !setting.ordered.has(trade),
  );
  if (candidates.length === 0) return null;
  const trade = setting.prng.pick(candidates);
  setting.ordered.add(trade);
  const leaf = soleLeaf(trade) as Leaf;
  const body = {
    kind: "GOVERNANCE" as const,
    by: platformParties(setting),
    note: leaf.id,
    amount: leaf.amount,
    document: setting.commit("court order", String(nth)),
  };
  return {
    name: `freeze/${nth}`,
    keys: platformKeys(setting),
    ops: [op("freeze.place", body)],
    expected: "OK",
    done: (tx) => {
      const freeze = objectId(tx, 0, 0);
      trade.leaves = [{ ...leaf, freeze }];
      if (wanted === "OPEN" && nth % 3 === 0) planExecution(setting, trade, nth, freeze, day + LIFTED_AFTER_DAYS);
      else if (wanted === "OPEN" && nth % 3 === 1)
        planLift(setting, trade, nth, freeze, trade.maturityDay + LIFTED_AFTER_PAYMENT_DAYS);
      else planLift(setting, trade, nth, freeze, day + LIFTED_AFTER_DAYS);
    },
  };
}

/** Nothing else is planned that an order would come between. */
function isQuiet({ plan }: Trade): boolean {
  return plan.dispute === null && !plan.isReversed && (plan.purpose === "HOLD" || plan.purpose === "FINANCE");
}

function platformParties(setting: Setting): readonly Hash[] {
  return [...setting.platforms.values()].map(({ party }) => party).sort();
}

function platformKeys(setting: Setting) {
  return [...setting.platforms.values()].map(({ maker }) => maker);
}

function planLift(setting: Setting, trade: Trade, nth: number, freeze: Hash, fromDay: number): void {
  const day = setting.calendar.from(fromDay);
  setting.diary.at(day, "fourth", (): Act => {
    const body = { freeze, document: setting.commit("court release", String(nth)) };
    return {
      name: `lift/${nth}`,
      keys: platformKeys(setting),
      ops: [op("freeze.lift", body)],
      expected: "OK",
      done: () => {
        trade.leaves = trade.leaves.map((leaf) => (leaf.freeze === freeze ? { ...leaf, freeze: null } : leaf));
      },
    };
  });
}

/** The note goes to the creditor whom the court names: another firm. */
function planExecution(setting: Setting, trade: Trade, nth: number, freeze: Hash, fromDay: number): void {
  const day = setting.calendar.from(fromDay);
  setting.diary.at(day, "fourth", (): Act | null => {
    const { suppliers } = setting.people;
    const creditor = suppliers.find(({ index }) => index !== trade.supplier.index);
    if (creditor === undefined) return null;
    const body = { freeze, to: creditor.party, document: setting.commit("execution", String(nth)) };
    return {
      name: `execution/${nth}`,
      keys: platformKeys(setting),
      ops: [op("freeze.transfer", body)],
      expected: "OK",
      done: (tx) => {
        trade.leaves = trade.leaves.map((leaf) => ({ ...leaf, id: objectId(tx, 0, 0), holder: creditor, freeze: null }));
      },
    };
  });
}
