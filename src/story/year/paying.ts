import { freshObjectId, paymentId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Hash, TxId } from "../../types/scalars.ts";
import type { Act } from "./diary.ts";
import { owedOn, planRecourse } from "./recourse.ts";
import type { Leaf, Loan, Setting, Trade } from "./setting.ts";

/** After so many days the bank finds that it booked a payment which was none. */
const REVERSED_AFTER_DAYS = 5;

/** The debtor pays at maturity, later, or never. */
export function planPayment(setting: Setting, trade: Trade): void {
  const payDay = setting.calendar.from(trade.maturityDay + trade.plan.lateDays);
  if (payDay >= trade.debtor.failsDay) planRecourse(setting, trade);
  else planPaymentOn(setting, trade, payDay);
}

export function planPaymentOn(setting: Setting, trade: Trade, day: number): void {
  setting.diary.at(day, "second", () => payment(setting, trade, day));
}

/** What is contested is not paid: it waits for the dispute's end. */
function payment(setting: Setting, trade: Trade, day: number): Act | null {
  const paid = trade.leaves.filter(({ dispute }) => dispute === null);
  if (paid.length === 0) return null;
  const { plan, debtor } = trade;
  const { bank } = setting;
  const name = `payment/${plan.number}/${day}`;
  const lines = paid.map(({ id, amount }) => ({ note: id, amount })).sort((left, right) => (left.note < right.note ? -1 : 1));
  const amount = lines.reduce((sum, line) => sum + line.amount, 0n);
  const reference = setting.commit(name);
  const body = {
    bank: bank.party,
    reference,
    payer: debtor.party,
    currency: "CNY",
    amount,
    valueDay: day,
    lines,
    evidence: setting.commit("camt.054", name),
  };
  const isFirst = trade.paidReference === null;
  return {
    name,
    keys: [bank.attester],
    ops: [op("payment.attest", body)],
    expected: "OK",
    done: (tx) => {
      const before = trade.loan;
      setting.paid.add(trade.supplier.index);
      settle(trade, paid, amount, day, tx);
      trade.paidReference = reference;
      if (plan.isReversed && isFirst && paid.length === 1 && trade.leaves.length === 0 && paid[0]?.freeze === null) {
        const reversalDay = setting.calendar.from(day + REVERSED_AFTER_DAYS);
        setting.diary.at(reversalDay, "first", () => reversal(setting, trade, paid[0] as Leaf, before, body, reversalDay));
      }
    },
  };
}

/** The notes are redeemed; what secured a loan pays that first, unless an authority has it kept in deposit. */
function settle(trade: Trade, paid: readonly Leaf[], amount: bigint, day: number, tx: TxId): void {
  trade.leaves = trade.leaves.filter((leaf) => !paid.includes(leaf));
  const { loan } = trade;
  if (loan === null || (loan.status !== "ACTIVE" && loan.status !== "PART")) return;
  // After a first payment that was too small only the ledger knows what is owed; the rest of what is contested pays less than that.
  const isRepaid = loan.status === "ACTIVE" && amount >= owedOn(loan, day);
  trade.loan = { ...loan, status: isRepaid ? "REPAID" : "PART" };
  if (!isRepaid) return;
  trade.phase = "OPEN";
  // What was assigned and not paid, being in dispute, goes back to the seller as a new note.
  trade.leaves = trade.leaves.map((leaf, nth) =>
    leaf.holder === null && trade.plan.recourse ? { ...leaf, id: freshObjectId(tx, 0, nth), holder: trade.supplier } : leaf,
  );
}

/** Compensated, not undone: the note lives again, the loan owes what it owed; the debtor's real payment comes on the next day. */
function reversal(
  setting: Setting,
  trade: Trade,
  leaf: Leaf,
  loan: Loan | null,
  paid: { readonly bank: Hash; readonly reference: Hash },
  day: number,
): Act {
  const { plan } = trade;
  const { bank } = setting;
  const body = { payment: paymentId(paid.bank, paid.reference), evidence: setting.commit("reversal", String(plan.number)) };
  return {
    name: `reversal/${plan.number}`,
    keys: [bank.attester],
    ops: [op("payment.reverse", body)],
    expected: "OK",
    done: (tx: TxId) => {
      trade.leaves = [{ ...leaf, id: freshObjectId(tx, 0, 0) }];
      trade.loan = loan;
      if (loan?.status === "ACTIVE") trade.phase = "LENT";
      planPaymentOn(setting, trade, setting.calendar.after(day));
    },
  };
}
