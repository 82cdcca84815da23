import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { type Act, beginOf } from "./diary.ts";
import { payOff } from "./recourse.ts";
import { type Loan, type Setting, signersOf, type Trade } from "./setting.ts";

/** A filing outlasts its loan. Days. */
const FILED_FOR_DAYS = 200;

export interface Approved {
  readonly decision: Hash;
  readonly amount: Amount;
  readonly ratePpm: number;
  readonly tenorDays: number;
}

/** Terms that the borrower takes in the afternoon; on the next day the bank files, searches, orders, and the money goes out. */
export function planPayout(setting: Setting, trade: Trade, approved: Approved, day: number): void {
  const { diary } = setting;
  const next = day + 1;
  diary.at(day, "afternoon", () => acceptance(setting, trade, approved, day));
  diary.at(next, "first", () => filing(setting, trade, next));
  diary.at(next, "second", () => search(setting, trade, next));
}

function acceptance(setting: Setting, trade: Trade, approved: Approved, day: number): Act {
  const { plan, supplier } = trade;
  const { decision, amount: principal, ratePpm, tenorDays } = approved;
  return {
    name: `acceptTerms/${plan.number}`,
    keys: signersOf(setting, supplier, principal),
    ops: [op("finance.accept", { decision })],
    expected: "OK",
    done: (tx) => {
      trade.loan = { id: objectId(tx, 0, 0), principal, ratePpm, tenorDays, startDay: null, status: "COMMITTED" };
      setting.committed.add(trade);
      setting.diary.at(day + 1, "fourth", () => disbursement(setting, trade, day + 1));
    },
  };
}

function filing(setting: Setting, trade: Trade, day: number): Act {
  const { plan } = trade;
  const { id: loan, tenorDays } = trade.loan as Loan;
  const body = {
    loan,
    number: setting.commit("filing", String(plan.number)),
    timeMs: beginOf(day, "first"),
    untilDay: day + tenorDays + FILED_FOR_DAYS,
    proof: setting.commit("filing proof", String(plan.number)),
  };
  return { name: `filing/${plan.number}`, keys: [setting.bank.engine], ops: [op("registry.file", body)], expected: "OK" };
}

/** Searched after the filing, so that nobody stands before it. */
function search(setting: Setting, trade: Trade, day: number): Act {
  const { plan, supplier } = trade;
  const { bank } = setting;
  const body = {
    by: bank.party,
    subject: supplier.party,
    hits: 0,
    result: setting.commit("search", String(plan.number)),
    timeMs: beginOf(day, "second"),
  };
  return {
    name: `search/${plan.number}`,
    keys: [bank.engine],
    ops: [op("registry.search", body)],
    expected: "OK",
    done: (tx) => setting.diary.at(day, "third", () => order(setting, trade, objectId(tx, 0, 0))),
  };
}

function order(setting: Setting, trade: Trade, clean: Hash): Act {
  const { bank } = setting;
  const { number } = trade.plan;
  const body = { loan: (trade.loan as Loan).id, search: clean, instruction: setting.commit("instruction", String(number)) };
  return { name: `order/${number}`, keys: [bank.maker, bank.checker], ops: [op("loan.order", body)], expected: "OK" };
}

function disbursement(setting: Setting, trade: Trade, day: number): Act {
  const { plan } = trade;
  const { bank } = setting;
  const loan = trade.loan as Loan;
  const body = {
    loan: loan.id,
    bank: bank.party,
    reference: setting.commit("disbursement", String(plan.number)),
    amount: loan.principal,
    valueDay: day,
    evidence: setting.commit("camt.054", "disbursement", String(plan.number)),
  };
  return {
    name: `disbursement/${plan.number}`,
    keys: [bank.attester],
    ops: [op("loan.disbursed", body)],
    expected: "OK",
    done: (tx) => {
      setting.committed.delete(trade);
      trade.loan = { ...loan, startDay: day, status: "ACTIVE" };
      trade.phase = "LENT";
      // An assigned note is a new one in the bank's hand; a pledged one stays where it is.
      if (plan.security === "ASSIGNMENT")
        trade.leaves = trade.leaves.map((leaf) => ({ ...leaf, id: objectId(tx, 0, 1), holder: null }));
      if (plan.prepaidAfterDays !== null) planPrepayment(setting, trade, setting.calendar.from(day + plan.prepaidAfterDays));
    },
  };
}

function planPrepayment(setting: Setting, trade: Trade, day: number): void {
  if (day < trade.maturityDay) setting.diary.at(day, "second", () => prepayment(setting, trade, day));
}

/** The borrower pays the loan back before the debtor pays: its note is free in the same transaction. */
function prepayment(setting: Setting, trade: Trade, day: number): Act | null {
  return payOff(setting, trade, day, "prepayment", (_leaf, body) => op("loan.repay", body));
}
