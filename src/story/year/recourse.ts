import { freshObjectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Amount, TxId } from "../../types/scalars.ts";
import { LAST_DAY } from "./calendar.ts";
import type { Act } from "./diary.ts";
import { type Leaf, type Loan, type Setting, signersOf, soleLeaf, type Trade } from "./setting.ts";

/** Days after the maturity: the bank turns to the seller, the seller buys back, the bank writes off what is in default. */
const DEMANDED_AFTER_DAYS = 10;
const BOUGHT_BACK_AFTER_DAYS = 20;
const WRITTEN_OFF_AFTER_DAYS = 92;
/** Five basis points a day, of the 360 days by which loans count: the penalty from the end of a loan's tenor on. */
const PENALTY_PPM = 180_000n;

/** What a borrower owes on a day, by its own books: principal and simple interest, ACT/360, rounded once. Only while nothing was paid. */
export function owedOn({ principal, ratePpm, tenorDays, startDay }: Loan, day: number): Amount {
  const days = day - (startDay ?? day);
  const late = Math.max(0, days - tenorDays);
  const ppmDays = BigInt(ratePpm) * BigInt(days) + PENALTY_PPM * BigInt(late);
  return principal + (principal * ppmDays + 180_000_000n) / 360_000_000n;
}

/** The debtor will not pay. */
export function planRecourse(setting: Setting, trade: Trade): void {
  const { diary, calendar } = setting;
  const demandDay = calendar.from(trade.maturityDay + DEMANDED_AFTER_DAYS);
  const backDay = calendar.after(Math.max(demandDay, trade.maturityDay + BOUGHT_BACK_AFTER_DAYS - 1));
  const lossDay = calendar.after(Math.max(backDay, trade.maturityDay + WRITTEN_OFF_AFTER_DAYS - 1));
  if (trade.plan.recourse) diary.at(demandDay, "fourth", () => demand(setting, trade));
  if (trade.plan.recourse && trade.plan.canBuyBack) diary.at(backDay, "fourth", () => buyBack(setting, trade, backDay));
  if (lossDay <= LAST_DAY) diary.at(lossDay, "fourth", () => writeOff(setting, trade));
}

/** The loan and the one note that secures it; null if there is none, or it is not as simple as that. */
function securedLoan(trade: Trade): { readonly loan: Loan; readonly leaf: Leaf } | null {
  const leaf = soleLeaf(trade);
  return trade.loan?.status === "ACTIVE" && leaf !== null ? { loan: trade.loan, leaf } : null;
}

function demand(setting: Setting, trade: Trade): Act | null {
  const secured = securedLoan(trade);
  if (secured === null) return null;
  const { bank } = setting;
  const body = { loan: secured.loan.id, cause: secured.leaf.id };
  return {
    name: `demand/${trade.plan.number}`,
    keys: [bank.maker, bank.checker],
    ops: [op("loan.demand", body)],
    expected: "OK",
  };
}

function buyBack(setting: Setting, trade: Trade, day: number): Act | null {
  return payOff(setting, trade, day, "buyback", ({ id: note }, body) => op("loan.buyBack", { ...body, note }));
}

/** The borrower pays all that the loan owes through the bank: the note is its own again in the same transaction. */
export function payOff(
  setting: Setting,
  trade: Trade,
  day: number,
  name: string,
  operation: (leaf: Leaf, body: Parameters<typeof op<"loan.repay">>[1]) => ReturnType<typeof op>,
): Act | null {
  const secured = securedLoan(trade);
  if (secured === null) return null;
  const { plan, supplier } = trade;
  const { bank } = setting;
  const { loan, leaf } = secured;
  const amount = owedOn(loan, day);
  const body = {
    bank: bank.party,
    reference: setting.commit(name, String(plan.number)),
    amount,
    valueDay: day,
    evidence: setting.commit("camt.054", name, String(plan.number)),
    loan: loan.id,
  };
  return {
    name: `${name}/${plan.number}`,
    keys: [bank.attester, ...signersOf(setting, supplier, amount)],
    ops: [operation(leaf, body)],
    expected: "OK",
    done: (tx: TxId) => {
      // An assigned note comes back as a new one; a pledge just ends.
      trade.leaves = [{ ...leaf, id: leaf.holder === null ? freshObjectId(tx, 0, 0) : leaf.id, holder: supplier }];
      trade.loan = { ...loan, status: "REPAID" };
      trade.phase = "OPEN";
    },
  };
}

function writeOff(setting: Setting, trade: Trade): Act | null {
  const secured = securedLoan(trade);
  if (secured === null) return null;
  const { bank } = setting;
  return {
    name: `writeoff/${trade.plan.number}`,
    keys: [bank.maker, bank.checker],
    ops: [op("loan.writeOff", { loan: secured.loan.id })],
    expected: "OK",
  };
}
