import { op } from "../../client/transaction-builder.ts";
import { FIRST_DAY, LAST_DAY } from "./calendar.ts";
import { type Act, beginOf } from "./diary.ts";
import { type Leaf, platformOf, type Setting, signersOf, soleLeaf, type Trade } from "./setting.ts";

const FROM_DAYS = 70;
const HOUR_MS = 3_600_000;

/** Invoices that their sellers void (红冲) after a receivable was made of them: the verifier tells, the ledger raises the alarm, finance is refused. */
export function planRedInvoices(setting: Setting, count: number): void {
  for (let nth = 0; nth < count; nth++) {
    const day = setting.calendar.from(setting.prng.between(FIRST_DAY + FROM_DAYS, LAST_DAY - 20));
    setting.diary.at(day, "first", () => voided(setting, nth, day));
  }
}

function voided(setting: Setting, nth: number, day: number): Act | null {
  const candidates = setting.trades.filter((trade) => {
    const isHeld = trade.plan.purpose === "HOLD" && trade.phase === "OPEN" && soleLeaf(trade)?.holder === trade.supplier;
    return isHeld && !trade.isVoided && trade.maturityDay > day + 7;
  });
  if (candidates.length === 0) return null;
  const trade = setting.prng.pick(candidates);
  // Now, and not when it is done: another one of this hour is not to choose it too.
  trade.isVoided = true;
  const verifier = platformOf(setting, trade.supplier);
  const body = {
    invoice: trade.invoice as NonNullable<Trade["invoice"]>,
    verifier: verifier.party,
    status: "RED" as const,
    checkedMs: beginOf(day, "first"),
  };
  return {
    name: `red/${nth}`,
    keys: [verifier.attester],
    ops: [op("invoice.attest", body)],
    expected: "OK",
    done: () => setting.diary.at(day, "third", () => financeAllTheSame(setting, trade, nth, day)),
  };
}

function financeAllTheSame(setting: Setting, trade: Trade, nth: number, day: number): Act | null {
  const leaf: Leaf | null = soleLeaf(trade);
  if (leaf === null) return null;
  const { platform } = trade.supplier;
  setting.refuse({ day, what: "finance on an invoice that was voided", code: "INVOICE_NOT_NORMAL", platform: platform.member });
  const body = {
    lenders: [setting.bank.party],
    notes: [leaf.id],
    amount: leaf.amount / 2n,
    consent: setting.commit("consent", "red", String(nth)),
    expiresMs: beginOf(day, "third") + HOUR_MS,
  };
  const keys = signersOf(setting, trade.supplier, leaf.amount / 2n);
  return { name: `redFinance/${nth}`, keys, ops: [op("finance.apply", body)], expected: "INVOICE_NOT_NORMAL" };
}
