import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { LAST_DAY } from "./calendar.ts";
import { type Act, beginOf } from "./diary.ts";
import { owedOn } from "./recourse.ts";
import { type Loan, type Setting, signersOf } from "./setting.ts";
import { priceAct, type Stock } from "./stocks.ts";

/** Of the goods' value, basis points: asked for, and at most lent. */
const ASKED_BP = 6_000n;
const ADVANCE_BP = 7_000;
const RATE_PPM = 45_000;
const TENOR_DAYS = 120;
const FILED_FOR_DAYS = 200;
/** When loans are repaid, in days after they were paid out. */
const REPAID_AFTER_DAYS = [35, 75] as const;
/** Of so many lots, one whose price falls twice, by so much each time; margin is called, and the borrower repays. */
const FALLING_EACH = 8;
const FALLEN_TO_BP = 8_200n;
const FALLS_AFTER_DAYS = 12;
/** And one of whose goods the keeper lets some go without the bank. */
const FETCHED_EACH = 10;
const FETCHED = "pledged goods let out by their keeper without the bank";
/** And one in whose zone tags are missing while its goods secure a loan. */
const ALARMED_EACH = 6;
const ALARM_AFTER_DAYS = 9;
const KG_PER_TONNE = 1_000n;

export interface Asked {
  readonly application: Hash;
  readonly principal: Amount;
  readonly expiresMs: number;
}

/** What a firm asks for on its goods, in whole yuan. */
export function askedOn({ receipted, price }: Stock): Amount {
  const value = (BigInt(receipted) * price) / KG_PER_TONNE;
  return ((value * ASKED_BP) / 10_000n / 100n) * 100n;
}

/**
 * Officers decide on goods, since a score says nothing of them. Terms that are taken in the afternoon are filed, pledged with the keeper's
 * signature and paid out on the next day; what is repaid later frees the goods, which leave by the gate.
 */
export function planStockLoan(setting: Setting, stock: Stock, asked: Asked, day: number): void {
  const { bank, diary, commit } = setting;
  const { nth } = stock;
  const body = {
    application: asked.application,
    lender: bank.party,
    outcome: "APPROVED" as const,
    amount: asked.principal,
    ratePpm: RATE_PPM,
    tenorDays: TENOR_DAYS,
    advanceBp: ADVANCE_BP,
    recourse: true,
    security: "PLEDGE" as const,
    policy: commit("credit policy on goods"),
    reasons: ["GOODS_IN_STORE"],
    expiresMs: asked.expiresMs,
  };
  diary.at(day, "fourth", () => ({
    name: `stockDecision/${nth}`,
    keys: [bank.maker, bank.checker],
    ops: [op("finance.decide", body)],
    expected: "OK",
    done: (tx) => diary.at(day, "afternoon", () => acceptance(setting, stock, asked.principal, objectId(tx, 0, 0), day)),
  }));
}

function acceptance(setting: Setting, stock: Stock, principal: Amount, decision: Hash, day: number): Act {
  return {
    name: `stockTerms/${stock.nth}`,
    keys: signersOf(setting, stock.owner, principal),
    ops: [op("finance.accept", { decision })],
    expected: "OK",
    done: (tx) => {
      const terms = { id: objectId(tx, 0, 0), principal, ratePpm: RATE_PPM, tenorDays: TENOR_DAYS };
      planPayout(setting, stock, { ...terms, startDay: day + 1, status: "ACTIVE" }, day + 1);
    },
  };
}

function planPayout(setting: Setting, stock: Stock, loan: Loan, day: number): void {
  const { diary, bank, commit } = setting;
  const { nth, owner } = stock;
  const filed = {
    loan: loan.id,
    number: commit("stock filing", String(nth)),
    timeMs: beginOf(day, "first"),
    untilDay: day + FILED_FOR_DAYS,
    proof: commit("stock filing proof", String(nth)),
  };
  const searched = {
    by: bank.party,
    subject: owner.party,
    hits: 0,
    result: commit("stock search after", String(nth)),
    timeMs: beginOf(day, "second"),
  };
  diary.at(day, "first", () => act(`stockFiling/${nth}`, [bank.engine], op("registry.file", filed)));
  diary.at(day, "second", () => pledge(setting, stock, loan));
  diary.at(day, "second", () => ({
    ...act(`stockSearchAfter/${nth}`, [bank.engine], op("registry.search", searched)),
    done: (tx) => {
      const ordered = { loan: loan.id, search: objectId(tx, 0, 0), instruction: commit("stock instruction", String(nth)) };
      diary.at(day, "third", () => act(`stockOrder/${nth}`, [bank.maker, bank.checker], op("loan.order", ordered)));
    },
  }));
  diary.at(day, "fourth", () => {
    const paid = { loan: loan.id, ...money(setting, "stock disbursement", nth, loan.principal, day) };
    return {
      ...act(`stockPaid/${nth}`, [bank.attester], op("loan.disbursed", paid)),
      done: () => planLife(setting, stock, loan, day),
    };
  });
}

/** Borrower, bank and keeper sign; the device shows that the goods are there. */
function pledge(setting: Setting, { nth, owner, warehouse }: Stock, loan: Loan): Act {
  const { bank, keysOf, commit } = setting;
  const body = { loan: loan.id, agreement: commit("tripartite agreement", String(nth)), devices: [warehouse.device] };
  const keys = [...signersOf(setting, owner, loan.principal), bank.maker, bank.checker, keysOf(warehouse.keeper).maker];
  const done = (): void => {
    warehouse.pledges += 1;
  };
  return { ...act(`pledge/${nth}`, keys, op("receipt.pledge", body)), done };
}

/** What befalls the goods while they secure the loan. */
function planLife(setting: Setting, stock: Stock, loan: Loan, day: number): void {
  const { calendar, diary, prng } = setting;
  const { nth, warehouse } = stock;
  if (nth % FETCHED_EACH === 0) diary.at(day, "afternoon", () => fetched(setting, stock, day));
  if (nth % ALARMED_EACH === 1) warehouse.alarmDays.add(calendar.from(day + ALARM_AFTER_DAYS));
  const isFalling = nth % FALLING_EACH === 3;
  const repaid = calendar.from(day + prng.between(...REPAID_AFTER_DAYS));
  planEnd(setting, stock, loan, isFalling ? fall(setting, stock, loan, day) : repaid);
}

/** The price falls until the goods do not cover the loan; answers the day on which the borrower repays it. */
function fall(setting: Setting, stock: Stock, loan: Loan, day: number): number {
  const { calendar, diary, bank } = setting;
  const once = calendar.from(day + FALLS_AFTER_DAYS);
  const twice = calendar.after(once);
  const fallen = (stock.price * FALLEN_TO_BP) / 10_000n;
  diary.at(once, "first", () => priceAct(setting, stock, fallen, once, "once"));
  diary.at(twice, "first", () => priceAct(setting, stock, (fallen * FALLEN_TO_BP) / 10_000n, twice, "twice"));
  diary.at(twice, "second", () => act(`margin/${stock.nth}`, [bank.engine], op("margin.call", { loan: loan.id })));
  return calendar.after(twice);
}

/** A loan that would be repaid after the year's end stays open, and its goods in store. */
function planEnd(setting: Setting, stock: Stock, loan: Loan, day: number): void {
  const { diary, bank } = setting;
  const { nth, owner, warehouse } = stock;
  if (day > LAST_DAY) return;
  const amount = owedOn(loan, day);
  const keys = [bank.attester, ...signersOf(setting, owner, amount)];
  diary.at(day, "second", () => {
    const paid = { loan: loan.id, ...money(setting, "stock repayment", nth, amount, day) };
    const done = (): void => {
      warehouse.pledges -= 1;
    };
    return { ...act(`stockRepaid/${nth}`, keys, op("loan.repay", paid)), done };
  });
  diary.at(day, "third", () => release(setting, stock));
  diary.at(day, "fourth", () => gateOut(setting, stock, day));
}

/** Goods in a frozen zone stay where they are, and so do those that no device sees leave. */
function release(setting: Setting, { nth, owner, warehouse, receipt, receipted }: Stock): Act | null {
  if (warehouse.alarms > 0 || !warehouse.isBound) return null;
  const request = op("receipt.requestRelease", { receipt, quantity: receipted });
  return act(`release/${nth}`, signersOf(setting, owner), request);
}

function gateOut(setting: Setting, { nth, warehouse, receipt, receipted }: Stock, day: number): Act | null {
  if (warehouse.alarms > 0 || !warehouse.isBound) return null;
  const exit = setting.commit("exit", String(nth), String(day));
  const out = op("receipt.gateOut", { receipt, quantity: receipted, device: warehouse.device, exit });
  return act(
    `gate/${nth}`,
    [setting.keysOf(warehouse.keeper).maker, setting.deviceOf(warehouse.keeper, String(warehouse.index))],
    out,
  );
}

function fetched(setting: Setting, { nth, owner, warehouse, receipt }: Stock, day: number): Act {
  const code = "RELEASE_NOT_APPROVED";
  setting.refuse({ day, what: FETCHED, code, platform: owner.platform.member });
  const exit = setting.commit("secret exit", String(nth));
  const out = op("receipt.gateOut", { receipt, quantity: 1_000, device: warehouse.device, exit });
  const keys = [setting.keysOf(warehouse.keeper).maker, setting.deviceOf(warehouse.keeper, String(warehouse.index))];
  return { ...act(`fetched/${nth}`, keys, out), expected: code };
}

function money({ bank, commit }: Setting, what: string, nth: number, amount: Amount, valueDay: number) {
  const [reference, evidence] = [commit(what, String(nth)), commit("camt.054", what, String(nth))];
  return { bank: bank.party, reference, amount, valueDay, evidence };
}

function act(name: string, keys: Act["keys"], operation: Act["ops"][number]): Act {
  return { name, keys, ops: [operation], expected: "OK" };
}
