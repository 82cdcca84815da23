import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import { planConflicts } from "./conflicts.ts";
import type { Act } from "./diary.ts";
import { planApplication } from "./lending.ts";
import { INSPECTION_DAYS } from "./opening.ts";
import { planPayment } from "./paying.ts";
import { isLate, platformOf, type Setting, signersOf, type Trade } from "./setting.ts";
import { planTransfer } from "./transfers.ts";

/** A debtor that does not pay is delivered to no more, from so many days on. */
const NOTICED_AFTER_DAYS = 30;
/** A tenor from here on is said a reason for. Days. */
const LONG_TENOR_DAYS = 150;
/** Of the trades in which an overdue debtor tries another certificate all the same. */
const TRIES_EVERY = 3;

/** A delivery, from the goods that leave to the receivable that its debtor has confirmed. */
export function planTrade(setting: Setting, trade: Trade): void {
  const { deliveryDay } = trade.plan;
  if (deliveryDay > trade.debtor.failsDay + NOTICED_AFTER_DAYS) return;
  setting.diary.at(deliveryDay, "first", () => delivery(setting, trade, deliveryDay));
}

function delivery(setting: Setting, trade: Trade, day: number): Act {
  const { plan, supplier, contract } = trade;
  const body = { contract, amount: plan.face, day, evidence: setting.commit("delivery", String(plan.number)) };
  return {
    name: `delivery/${plan.number}`,
    keys: signersOf(setting, supplier, plan.face),
    ops: [op("delivery.record", body)],
    expected: "OK",
    done: (tx) => {
      trade.delivery = objectId(tx, 0, 0);
      const accepted = plan.isDeemed ? day + INSPECTION_DAYS + 1 : day;
      if (!plan.isDeemed) setting.diary.at(day, "second", () => acceptance(setting, trade));
      const invoiced = setting.calendar.from(accepted + plan.invoiceAfterDays);
      // A debtor's certificate is taken the next day: offers stand for 72 hours.
      const invoiceDay = plan.origin === "DEBTOR" ? setting.calendar.pairFrom(invoiced) : invoiced;
      setting.diary.at(invoiceDay, "fourth", () => invoice(setting, trade, invoiceDay));
    },
  };
}

function acceptance(setting: Setting, { plan, debtor, delivery: id }: Trade): Act {
  const body = { delivery: id as NonNullable<typeof id>, amount: plan.face };
  return {
    name: `acceptance/${plan.number}`,
    keys: signersOf(setting, debtor, plan.face),
    ops: [op("delivery.accept", body)],
    expected: "OK",
  };
}

/** The keyed fingerprint of the invoice: the same wherever the invoice turns up. */
export function fingerprintOf(setting: Setting, { plan, supplier }: Trade) {
  return setting.commit("invoice", String(plan.number), supplier.legalId.value);
}

/** VAT of 13 % is in the price. */
export function taxOf(total: bigint): bigint {
  return (total * 13n) / 113n;
}

function invoice(setting: Setting, trade: Trade, day: number): Act {
  const { plan, supplier } = trade;
  const verifier = platformOf(setting, supplier);
  const body = {
    contract: trade.contract,
    total: plan.face,
    tax: taxOf(plan.face),
    issueDay: day,
    fingerprint: fingerprintOf(setting, trade),
    document: setting.commit("invoice document", String(plan.number)),
    verifier: verifier.party,
  };
  return {
    name: `invoice/${plan.number}`,
    keys: [...signersOf(setting, supplier, plan.face), verifier.attester],
    ops: [op("invoice.register", body)],
    expected: "OK",
    done: (tx) => {
      trade.invoice = objectId(tx, 0, 0);
      setting.diary.at(day, "afternoon", () => promise(setting, trade, day));
    },
  };
}

/** The debtor's certificate, if it may give one; else, or by plan, the seller's claim. */
function promise(setting: Setting, trade: Trade, day: number): Act {
  const { plan, debtor, supplier } = trade;
  if (plan.origin === "SELLER") return issue(setting, trade, day, "SELLER", "OK");
  if (!isLate(setting, debtor, day)) return issue(setting, trade, day, "DEBTOR", "OK");
  const nextDay = setting.calendar.after(day);
  if (plan.number % TRIES_EVERY !== 0) return issue(setting, trade, day, "SELLER", "OK");
  setting.diary.at(nextDay, "afternoon", () => issue(setting, trade, nextDay, "SELLER", "OK"));
  const what = "a new certificate of a debtor that is overdue";
  setting.refuse({ day, what, code: "DEBTOR_GATED", platform: supplier.platform.member });
  return issue(setting, trade, day, "DEBTOR", "DEBTOR_GATED");
}

function issue(setting: Setting, trade: Trade, day: number, origin: "SELLER" | "DEBTOR", expected: "OK" | "DEBTOR_GATED"): Act {
  const { plan, supplier, debtor, contract } = trade;
  const maturityDay = setting.calendar.from(day + plan.tenorDays);
  const terms = {
    contract,
    face: plan.face,
    maturityDay,
    document: setting.commit("promise", String(plan.number)),
    ...(plan.tenorDays < LONG_TENOR_DAYS ? {} : { tenorReason: setting.commit("tenor reason", String(plan.number)) }),
    allocation: [{ invoice: trade.invoice as NonNullable<Trade["invoice"]>, amount: plan.face }],
  };
  const isRefused = expected !== "OK";
  return {
    name: `${isRefused ? "gated" : "issue"}/${plan.number}`,
    keys: signersOf(setting, origin === "DEBTOR" ? debtor : supplier, plan.face),
    ops: [origin === "DEBTOR" ? op("receivable.issueByDebtor", terms) : op("receivable.issueBySeller", terms)],
    expected,
    ...(isRefused
      ? {}
      : {
          done: (tx: Parameters<typeof objectId>[0]) => {
            trade.receivable = objectId(tx, 0, 0);
            trade.maturityDay = maturityDay;
            trade.phase = "PROPOSED";
            const { calendar } = setting;
            const answerDay = origin === "DEBTOR" ? calendar.after(day) : calendar.after(day + plan.answerAfterDays - 1);
            setting.diary.at(answerDay, "first", () => answer(setting, trade, answerDay, origin));
          },
        }),
  };
}

/** The other side signs, and the debt stands. */
function answer(setting: Setting, trade: Trade, day: number, origin: "SELLER" | "DEBTOR"): Act {
  const { plan, supplier, debtor } = trade;
  const receivable = trade.receivable as NonNullable<Trade["receivable"]>;
  return {
    name: `answer/${plan.number}`,
    keys: signersOf(setting, origin === "DEBTOR" ? supplier : debtor, plan.face),
    ops: [
      origin === "DEBTOR"
        ? op("receivable.acceptIssue", { receivable })
        : op("receivable.confirm", { receivable, mode: plan.mode, amount: plan.face }),
    ],
    expected: "OK",
    done: (tx) => {
      trade.phase = "OPEN";
      trade.leaves = [{ id: objectId(tx, 0, 0), amount: plan.face, holder: supplier, dispute: null, freeze: null }];
      (setting.owedBy[debtor.index] as Trade[]).push(trade);
      planPayment(setting, trade);
      if (plan.purpose === "FINANCE") planApplication(setting, trade, day);
      if (plan.purpose === "TRANSFER" || plan.purpose === "EARLY") planTransfer(setting, trade, day);
      planConflicts(setting, trade, day);
    },
  };
}
