import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Amount } from "../../types/scalars.ts";
import { type Act, beginOf } from "./diary.ts";
import type { Supplier } from "./people.ts";
import { basisPoints, type Leaf, type Setting, signersOf, soleLeaf, type Trade } from "./setting.ts";

const OFFERED_FOR_MS = 12 * 3_600_000;
/** Before the maturity there must be so many days left for a note to move or to be paid early. */
const LEFT_DAYS_MIN = 8;
/** A discount of so many basis points a year (of 360 days) for what is paid early. */
const DISCOUNT_BP = 450;

/** A note that its holder pays with, in part; or that its debtor pays before its time. */
export function planTransfer(setting: Setting, trade: Trade, fromDay: number): void {
  const day = setting.calendar.after(fromDay + trade.plan.applyAfterDays);
  if (trade.plan.purpose === "TRANSFER") setting.diary.at(day, "first", () => split(setting, trade, day));
  else setting.diary.at(day, "second", () => earlyPayment(setting, trade, day));
}

function movable(trade: Trade, day: number): Leaf | null {
  return trade.phase === "OPEN" && trade.maturityDay >= day + LEFT_DAYS_MIN ? soleLeaf(trade) : null;
}

function split(setting: Setting, trade: Trade, day: number): Act | null {
  const leaf = movable(trade, day);
  if (leaf === null) return null;
  const { plan, supplier } = trade;
  const first = basisPoints(leaf.amount, plan.askedBp) / 2n;
  const parts = [first, leaf.amount - first];
  return {
    name: `split/${plan.number}`,
    keys: signersOf(setting, supplier, leaf.amount),
    ops: [op("note.split", { note: leaf.id, parts })],
    expected: "OK",
    done: (tx) => {
      trade.leaves = parts.map((amount, child) => ({ ...leaf, id: objectId(tx, 0, child), amount }));
      const to = takerOf(setting, trade);
      if (to !== null) setting.diary.at(day, "fourth", () => offer(setting, trade, to, first, day));
    },
  };
}

/** Another firm of the platform, which supplies this one. */
function takerOf({ people }: Setting, { plan, supplier }: Trade): Supplier | null {
  const others = people.suppliers.filter(({ platform, index }) => platform === supplier.platform && index !== supplier.index);
  return others[plan.number % Math.max(1, others.length)] ?? null;
}

function offer(setting: Setting, trade: Trade, to: Supplier, amount: Amount, day: number): Act | null {
  const leaf = trade.leaves.find((each) => each.amount === amount && each.freeze === null);
  if (leaf === undefined) return null;
  const { plan, supplier } = trade;
  const body = { note: leaf.id, to: to.party, expiresMs: beginOf(day, "fourth") + OFFERED_FOR_MS };
  return {
    name: `offer/${plan.number}`,
    keys: signersOf(setting, supplier, amount),
    ops: [op("note.offer", body)],
    expected: "OK",
    done: (tx) => setting.diary.at(day, "afternoon", () => take(setting, trade, to, leaf, objectId(tx, 0, 0))),
  };
}

function take(setting: Setting, trade: Trade, to: Supplier, leaf: Leaf, id: ReturnType<typeof objectId>): Act {
  return {
    name: `take/${trade.plan.number}`,
    keys: signersOf(setting, to, leaf.amount),
    ops: [op("note.acceptOffer", { offer: id })],
    expected: "OK",
    done: (tx) => {
      const moved = { ...leaf, id: objectId(tx, 0, 0), holder: to };
      trade.leaves = trade.leaves.map((each) => (each === leaf ? moved : each));
    },
  };
}

/** The debtor pays before the maturity for a discount that the holder grants (art. 530). */
function earlyPayment(setting: Setting, trade: Trade, day: number): Act | null {
  const leaf = movable(trade, day);
  if (leaf === null || day >= trade.debtor.failsDay) return null;
  const { plan, supplier, debtor, maturityDay } = trade;
  const { bank } = setting;
  const discount = (leaf.amount * BigInt(DISCOUNT_BP * (maturityDay - day))) / 3_600_000n;
  const reference = setting.commit("early", String(plan.number));
  const body = {
    bank: bank.party,
    reference,
    amount: leaf.amount - discount,
    valueDay: day,
    evidence: setting.commit("camt.054", "early", String(plan.number)),
    note: leaf.id,
    face: leaf.amount,
  };
  return {
    name: `early/${plan.number}`,
    keys: [bank.attester, ...signersOf(setting, debtor, leaf.amount), ...signersOf(setting, supplier, leaf.amount)],
    ops: [op("payment.early", body)],
    expected: "OK",
    done: () => {
      trade.leaves = [];
      trade.paidReference = reference;
    },
  };
}
