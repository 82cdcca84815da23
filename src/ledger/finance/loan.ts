import { amount, hash, list } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { isUnfrozen, roleOf } from "../conditions.ts";
import { schedule } from "../due.ts";
import { daySchema } from "../fields.ts";
import { bindGoods, freeGoods, goodsGatesOpen, goodsHeld, setGoods } from "../goods/security.ts";
import { namedId } from "../ids.ts";
import { PPM_PER_DAILY_BP } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { newNote } from "../receivables/notes.ts";
import { giveNotice } from "../receivables/notice.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { coverOf, gatesOpen, setNotes, voidDecisions } from "./application.ts";
import { spreadsEnough } from "./exposures.ts";
import { lineCovers, lineMoves } from "./limits.ts";
import { owed, releaseNote } from "./waterfall.ts";

type Loan = ObjectOf<"loan">;

const lenderOf = ({ loan }: { readonly loan: Hash }, { book }: Situation) => book.get("loan", loan).lender;
const principalOf = ({ loan }: { readonly loan: Hash }, { book }: Situation) => book.get("loan", loan).principal;

/** The borrower takes one lender's live terms; the other quotes are void and the notes committed to this loan. */
export const acceptDecision = transition({
  kind: "finance.accept",
  label: { zh: "接受融资条件", en: "accept the terms" },
  ground: "Civil Code art. 479, 667",
  signedBy: "borrower",
  body: { decision: hash },
  signers: ({ decision }, { book }) => [book.get("application", book.get("decision", decision).application).borrower],
  stake: ({ decision }, { book }) => book.get("decision", decision).amount,
  requires: [
    ({ body, book, timeMs }) => {
      const decision = book.get("decision", body.decision);
      require(decision.status === "LIVE" && decision.outcome === "APPROVED" && timeMs < decision.expiresMs, "DECISION_NOT_LIVE");
    },
    (call) => {
      const decision = call.book.get("decision", call.body.decision);
      const application = call.book.get("application", decision.application);
      gatesOpen(call, application.notes);
      goodsGatesOpen(call, application);
      require(decision.amount <= coverOf(call, application, decision.advanceBp), "FINANCE_CAP_EXCEEDED");
    },
    ({ body, book }) => {
      const decision = book.get("decision", body.decision);
      const { borrower, currency } = book.get("application", decision.application);
      lineCovers(book, { lender: decision.lender, borrower, currency }, decision.amount);
    },
    (call) => {
      const { application, lender } = call.book.get("decision", call.body.decision);
      spreadsEnough(call, lender, call.book.get("application", application).notes);
    },
  ],
  effect: (call) => {
    const { book, body, newId, timeMs, params, business, day } = call;
    const decision = book.get("decision", body.decision);
    const application = book.get("application", decision.application);
    const id = newId();
    const payByMs = timeMs + params.payByTtlMs;
    const { lender, amount: principal, ratePpm, tenorDays, advanceBp, recourse, security } = decision;
    const fees = (decision.fees ?? []).filter(({ payer }) => payer === application.borrower);
    const loan = book.add("loan", {
      id,
      application: application.id,
      decision: decision.id,
      lender,
      borrower: application.borrower,
      currency: application.currency,
      principal,
      outstanding: 0n,
      interestDue: 0n,
      interestPaid: 0n,
      accruedDay: day,
      ratePpm,
      tenorDays,
      startDay: day,
      penaltyPpm: business.penaltyDailyBp * PPM_PER_DAILY_BP,
      fee: fees.reduce((sum, { amount: fee }) => sum + fee, 0n),
      advanceBp,
      recourse,
      security,
      notes: application.notes,
      kind: application.kind,
      receipts: application.receipts,
      order: application.order,
      prepayment: application.prepayment,
      agreement: null,
      floor: 0n,
      marginMs: null,
      filing: null,
      instruction: null,
      payByMs,
      paidBy: null,
      writtenOff: 0n,
      demandedDay: null,
      status: "COMMITTED",
    });
    lineMoves(book, loan, principal);
    book.update("decision", decision, { status: "ACCEPTED" });
    voidDecisions(call, application, decision.id);
    book.update("application", application, { status: "ACCEPTED" });
    setNotes(call, application.notes, "COMMITTED", id);
    setGoods(call, loan, "COMMITTED", id);
    schedule(call, payByMs, "loan", id);
    return [id, application.id, decision.id];
  },
});

/** The lender instructs payment: filed, searched again after the filing and clean, within the cap. */
export const orderDisbursement = transition({
  kind: "loan.order",
  label: { zh: "放款指令", en: "order the disbursement" },
  ground: "Civil Code art. 768; 银发〔2025〕77号 art. 13, 14",
  signedBy: "lender",
  body: { loan: hash, search: hash, instruction: hash },
  signers: (body, situation) => [lenderOf(body, situation)],
  stake: principalOf,
  requires: [
    ({ body, book, timeMs }) => {
      const loan = book.get("loan", body.loan);
      require(loan.status === "COMMITTED", "WRONG_STATUS");
      require(timeMs < loan.payByMs, "DEADLINE_PASSED");
      require(loan.filing !== null, "FILING_MISSING");
    },
    ({ body, book, timeMs, params }) => {
      const loan = book.get("loan", body.loan);
      const filing = book.get("filing", loan.filing as Hash);
      const search = book.find("search", body.search);
      require(search !== undefined && search.subject === loan.borrower, "SEARCH_MISSING");
      // By the registry's own clock and by the record of the chain: a search that was ready before the filing proves nothing.
      const isAfter = search.timeMs >= filing.timeMs && search.recordedMs > filing.recordedMs;
      require(isAfter && search.timeMs > timeMs - params.searchTtlMs, "SEARCH_MISSING");
      const { roles } = book.get("party", search.by);
      require(search.by === loan.lender || roles.includes("VERIFIER") || roles.includes("REGISTRY"), "SEARCH_MISSING");
      require(search.hits === 0, "SEARCH_NOT_CLEAN");
    },
    (call) => {
      const loan = call.book.get("loan", call.body.loan);
      gatesOpen(call, loan.notes);
      goodsGatesOpen(call, loan);
      goodsHeld(call, loan);
      require(loan.principal <= coverOf(call, loan, loan.advanceBp), "FINANCE_CAP_EXCEEDED");
    },
  ],
  effect: ({ body, book }) => [
    book.update("loan", book.get("loan", body.loan), { status: "ORDERED", instruction: body.instruction }).id,
  ],
});

/** The settlement bank attests that the money went out: now the notes are pledged, or assigned to the lender, and the debtor notified. */
export const disbursed = transition({
  kind: "loan.disbursed",
  label: { zh: "确认放款", en: "attest the disbursement" },
  ground: "Civil Code art. 445, 679, 764; 银发〔2025〕77号 art. 14",
  signedBy: "a settlement bank",
  body: { loan: hash, bank: hash, reference: hash, amount: amount({ min: 1n }), valueDay: daySchema, evidence: hash },
  signers: ({ bank }) => [bank],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    (call) => roleOf(call, call.body.bank, "BANK"),
    ({ body, book }) => require(book.get("loan", body.loan).status === "ORDERED", "WRONG_STATUS"),
    ({ body, book }) => {
      // Fees that the borrower pays are kept back.
      const { principal, fee } = book.get("loan", body.loan);
      require(body.amount === principal - fee, "DISBURSEMENT_MISMATCH");
    },
    ({ body, book }) => require(book.find("bankReference", referenceId(body)) === undefined, "PAYMENT_DUPLICATE"),
    // Money that left before the terms were accepted did not leave for this loan.
    ({ body, book, day }) =>
      require(body.valueDay <= day && body.valueDay >= book.get("loan", body.loan).startDay, "DAY_OUT_OF_RANGE"),
  ],
  effect: (call) => {
    const { book, body } = call;
    const loan = book.get("loan", body.loan);
    book.create("bankReference", { id: referenceId(body), object: loan.id });
    const notes = loan.security === "PLEDGE" ? pledge(call, loan) : assign(call, loan);
    const change = {
      status: "ACTIVE",
      outstanding: loan.principal,
      startDay: body.valueDay,
      accruedDay: body.valueDay,
      notes,
    } as const;
    bindGoods(call, book.update("loan", loan, change));
    return [loan.id, ...notes];
  },
});

/** The lender lets notes go before the loan is paid off, if what stays still covers it. */
export const releaseNotes = transition({
  kind: "loan.release",
  label: { zh: "解除担保", en: "release the security" },
  ground: "Civil Code art. 393(3): the creditor waives security",
  signedBy: "lender",
  body: { loan: hash, notes: list(hash, { min: 1, max: 64, sortedBy: (note) => note }) },
  signers: (body, situation) => [lenderOf(body, situation)],
  stake: principalOf,
  requires: [
    ({ body, book }) => {
      const loan = book.get("loan", body.loan);
      // Notes bought without recourse are the lender's own: there is nobody to give them back to.
      const isSecurity = loan.security === "PLEDGE" || loan.recourse;
      require(loan.status === "ACTIVE" && isSecurity, "WRONG_STATUS");
      require(body.notes.every((note) => loan.notes.includes(note)), "NOT_FOUND");
      for (const note of body.notes) isUnfrozen(book.get("note", note));
    },
    (call) => {
      const loan = call.book.get("loan", call.body.loan);
      const notes = loan.notes.filter((note) => !call.body.notes.includes(note));
      require(owed(loan, call.day) <= coverOf(call, { ...loan, notes }, loan.advanceBp), "LOAN_OUTSTANDING");
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const loan = book.get("loan", body.loan);
    const freed = body.notes.map((note) => releaseNote(call, loan, note));
    const notes = loan.notes.filter((note) => !body.notes.includes(note));
    return [book.update("loan", loan, { notes }).id, ...freed];
  },
});

/** The payment did not go out. */
export const disbursementFailed = transition({
  kind: "loan.fail",
  label: { zh: "放款失败", en: "report a failed disbursement" },
  ground: "Civil Code art. 671",
  signedBy: "a settlement bank",
  body: { loan: hash, bank: hash, evidence: hash },
  signers: ({ bank }) => [bank],
  makers: ["ATTEST"],
  requires: [
    (call) => roleOf(call, call.body.bank, "BANK"),
    ({ body, book }) => require(book.get("loan", body.loan).status === "ORDERED", "WRONG_STATUS"),
  ],
  effect: (call) => voidLoan(call, call.book.get("loan", call.body.loan)),
});

/** Falls due: not paid out in time, so nothing stays encumbered. */
export function loanDue(situation: Situation, loan: Loan): void {
  if ((loan.status === "COMMITTED" || loan.status === "ORDERED") && situation.timeMs >= loan.payByMs) voidLoan(situation, loan);
}

export function referenceId({ bank, reference }: { readonly bank: Hash; readonly reference: Hash }): Hash {
  return namedId("bankReference", bank, reference);
}

function voidLoan(situation: Situation, loan: Loan): readonly Hash[] {
  const { book } = situation;
  setNotes(situation, loan.notes, "OPEN", null);
  freeGoods(situation, loan, "VOID");
  lineMoves(book, loan, -loan.principal);
  const filing = loan.filing === null ? undefined : book.find("filing", loan.filing);
  if (filing?.status === "ACTIVE") book.update("filing", filing, { status: "CANCELLED" });
  return [book.update("loan", loan, { status: "VOID" }).id, ...loan.notes];
}

function pledge(call: Call<unknown>, loan: Loan): readonly Hash[] {
  setNotes(call, loan.notes, "PLEDGED", loan.id);
  for (const [child, id] of loan.notes.entries()) giveNotice(call, id, loan.lender, "PLEDGE", child + 1);
  return loan.notes;
}

function assign(call: Call<unknown>, loan: Loan): readonly Hash[] {
  const { book } = call;
  return loan.notes.map((id, index) => {
    const note = book.get("note", id);
    const moved = newNote(call, note, { holder: loan.lender, position: "ASSIGNED", ref: loan.id }, 2 * index + 1);
    book.update("note", note, { position: "CONSUMED", ref: null, hold: null, dispute: null });
    giveNotice(call, moved, loan.lender, "ASSIGNMENT", 2 * index + 2);
    return moved;
  });
}
