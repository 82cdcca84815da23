import { amount, bool, choice, hash, int, list, optional, type Schema, text } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { LedgerRejection, require } from "../codes.ts";
import { activeParty, beforeCutoff, expiresWithin, hasSigned, isEffective, isOpen, isUnfrozen } from "../conditions.ts";
import { type Attested, attestedHolds, attestedSchema, policyInForce } from "../credit/attested.ts";
import { closedGates } from "../credit/gates.ts";
import { schedule } from "../due.ts";
import { freeGoods, goodsCover, type Secured } from "../goods/security.ts";
import { basisPoints, MONEY_MAX } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { isClaimedOutside } from "../trade/fingerprints.ts";
import { type Situation, transition } from "../transition.ts";
import { isAged } from "./aging.ts";
import { ASKING, consentStands, openApplication } from "./asking.ts";
import { feeSchema, overrideSchema } from "./objects.ts";

type Application = ObjectOf<"application">;
type Decision = ObjectOf<"decision">;

/** The holder asks lenders for finance on open notes, which are reserved until it ends: one encumbrance at a time. */
export const apply = transition({
  kind: "finance.apply",
  label: { zh: "申请融资", en: "apply for finance" },
  ground: "Civil Code art. 440(6), 761; data use with consent (PIPL art. 13)",
  signedBy: "holder of the notes",
  body: { ...ASKING, notes: list(hash, { min: 1, max: 64, sortedBy: (note) => note }) },
  signers: ({ notes }, { book }) => [book.get("note", notes[0] as Hash).holder],
  stake: (body) => body.amount,
  requires: [
    (call) => {
      for (const lender of call.body.lenders) activeParty(call, lender, "LENDER");
    },
    ({ body, book }) => require(!body.lenders.includes(book.get("note", body.notes[0] as Hash).holder), "SAME_PARTY"),
    (call) => consentStands(call, call.body.consent, call.book.get("note", call.body.notes[0] as Hash).holder),
    (call) => expiresWithin(call, call.body.expiresMs, call.params.reserveTtlMs),
    (call) => {
      const { book, body } = call;
      const first = book.get("note", body.notes[0] as Hash);
      const { currency } = book.get("receivable", first.receivable);
      let total: Amount = 0n;
      for (const id of body.notes) {
        const note = book.get("note", id);
        const receivable = book.get("receivable", note.receivable);
        require(note.holder === first.holder, "NOT_HOLDER");
        require(receivable.currency === currency, "CURRENCY_MISMATCH");
        require(!body.lenders.includes(receivable.debtor), "TRANSFER_TO_DEBTOR");
        isOpen(note);
        total += note.amount;
      }
      gatesOpen(call, body.notes);
      require(body.amount <= total, "FINANCE_CAP_EXCEEDED");
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const { notes } = body;
    const { holder: borrower, receivable } = book.get("note", notes[0] as Hash);
    const { currency } = book.get("receivable", receivable);
    const { id } = openApplication(call, { kind: "RECV", borrower, currency, notes });
    setNotes(call, notes, "RESERVED", id);
    for (const note of notes) markMoved(call, note);
    return [id, ...notes];
  },
});

export const withdrawApplication = transition({
  kind: "finance.withdraw",
  label: { zh: "撤回融资申请", en: "withdraw an application" },
  ground: "Civil Code art. 476",
  signedBy: "borrower",
  body: { application: hash },
  signers: ({ application }, { book }) => [book.get("application", application).borrower],
  requires: [({ body, book }) => require(book.get("application", body.application).status === "OPEN", "APPLICATION_CLOSED")],
  effect: (call) => closeApplication(call, call.book.get("application", call.body.application), "WITHDRAWN"),
});

/** A lender's answer, by its engine or its officers: terms that stand until they expire, a referral, or a refusal with reasons. */
export const decide = transition({
  kind: "finance.decide",
  label: { zh: "授信决定", en: "decide on an application" },
  ground: "银发〔2025〕77号 art. 13; the lender's own credit policy, named by its hash",
  signedBy: "lender",
  body: {
    application: hash,
    lender: hash,
    outcome: choice("APPROVED", "REFER", "DECLINE"),
    amount: amount({ max: MONEY_MAX }),
    ratePpm: int({ max: 1_000_000 }),
    tenorDays: int({ max: 3_660 }),
    advanceBp: int({ max: 10_000 }),
    recourse: bool,
    security: choice("PLEDGE", "ASSIGNMENT"),
    policy: hash,
    reasons: list(text({ min: 1, max: 32, pattern: /^[A-Za-z0-9_]+$/ }), { max: 4 }),
    /** Of a loan on these terms. Whoever is not named here is charged nothing. */
    fees: optional(list(feeSchema, { max: 4 })),
    expiresMs: int(),
    /** What an engine decided by; officers may decide without. */
    attested: optional(attestedSchema as Schema<Attested>),
    /** Why officers approve although a gate is closed, or score or model do not carry it. */
    override: optional(overrideSchema),
  },
  signers: ({ lender }) => [lender],
  stake: (body) => body.amount,
  makers: ["ENGINE"],
  requires: [
    (call) => {
      activeParty(call, call.body.lender, "LENDER");
    },
    ({ body, book }) => require(book.get("application", body.application).status === "OPEN", "APPLICATION_CLOSED"),
    ({ body, book }) => require(book.get("application", body.application).lenders.includes(body.lender), "LENDER_NOT_ASKED"),
    ({ body, book, timeMs }) => require(timeMs < book.get("application", body.application).expiresMs, "DEADLINE_PASSED"),
    ({ body, book }) => {
      const { decisions } = book.get("application", body.application);
      const standing = decisions.map((id) => book.get("decision", id)).find(({ lender }) => lender === body.lender);
      require(standing === undefined || standing.status !== "LIVE" || standing.outcome === "REFER", "DECISION_EXISTS");
    },
    (call) =>
      expiresWithin(call, call.body.expiresMs, call.book.get("application", call.body.application).expiresMs - call.timeMs),
    (call) => {
      const { body, book } = call;
      if (body.outcome !== "APPROVED") return;
      const application = book.get("application", body.application);
      require(body.amount > 0n, "AMOUNT_ZERO");
      require(body.amount <= application.amount, "AMOUNT_EXCEEDED");
      require(body.amount <= coverOf(call, application, body.advanceBp), "FINANCE_CAP_EXCEEDED");
      // Goods, receipts and orders are pledged; only a claim is bought.
      require(application.kind === "RECV" || body.security === "PLEDGE", "SECURITY_NOT_PLEDGE");
    },
    (call) => {
      const { body, book } = call;
      if (body.attested === undefined) return;
      const { borrower, currency } = book.get("application", body.application);
      const isOverridden = body.override !== undefined;
      attestedHolds(call, body.attested, { ...body, borrower, currency, isOverridden });
    },
    // An engine answers for nothing but a score; a referral decides nothing.
    (call) => {
      const { attested, outcome, lender } = call.body;
      const isAttested = attested !== undefined || outcome === "REFER";
      require(isAttested || !hasSigned(call, lender, "ENGINE"), "ATTESTATION_MISSING");
    },
    (call) => {
      const { override, outcome, lender } = call.body;
      if (override === undefined) return;
      require(outcome === "APPROVED" && hasSigned(call, lender, "CHECKER"), "OVERRIDE_UNSIGNED");
    },
    (call) => {
      const { body, book, day, timeMs } = call;
      if (body.outcome !== "APPROVED") return;
      const application = book.get("application", body.application);
      activeParty(call, application.borrower);
      if (body.override !== undefined) return;
      const { card } = book.get("riskPolicy", policyInForce(call, body.lender));
      const [closed] = closedGates({ find: book.find.bind(book), day, timeMs }, card, application);
      if (closed !== undefined) throw new LedgerRejection(closed);
    },
    ({ body, book, business }) => {
      const { borrower } = book.get("application", body.application);
      const most = new Map([
        [borrower, basisPoints(body.amount, business.feeBorrowerMaxBp)],
        [body.lender, basisPoints(body.amount, business.feeLenderMaxBp)],
      ]);
      for (const { payer, payee, amount: fee } of body.fees ?? []) {
        const left = (most.get(payer) ?? 0n) - fee;
        require(payer !== payee && left >= 0n, "FEE_NOT_ALLOWED");
        most.set(payer, left);
      }
    },
  ],
  effect: (call) => {
    const { book, body, newId } = call;
    const application = book.get("application", body.application);
    const id = newId();
    const { attested, override, ...terms } = body;
    const { score = null, grade = null, model } = attested ?? {};
    const asked = model === undefined || model === null ? null : { card: model.card, outQ: model.outQ };
    book.add("decision", { id, ...terms, score, grade, model: asked, override: override ?? null, status: "LIVE" });
    // One decision of each lender stands: a new one takes the place of its referral, or of what has run out.
    const others = application.decisions.filter((other) => {
      const standing = book.get("decision", other);
      if (standing.lender !== body.lender) return true;
      if (standing.status === "LIVE") book.update("decision", standing, { status: "VOID" });
      return false;
    });
    book.update("application", application, { decisions: [...others, id] });
    schedule(call, body.expiresMs, "decision", id);
    return [id, application.id];
  },
});

/** Falls due. */
export function applicationDue(situation: Situation, application: Application): void {
  if (application.status === "OPEN" && situation.timeMs >= application.expiresMs)
    closeApplication(situation, application, "EXPIRED");
}

/** Falls due: terms that nobody took. */
export function decisionDue({ book, timeMs }: Situation, decision: Decision): void {
  if (decision.status === "LIVE" && timeMs >= decision.expiresMs) book.update("decision", decision, { status: "EXPIRED" });
}

/**
 * What may be lent against: notes neither frozen nor in dispute, of receivables that are effective, that is, neither ended nor due, and of
 * debtors of whose debts not too much is overdue.
 */
export function eligible(situation: Situation, notes: readonly Hash[]): Amount {
  const { book } = situation;
  let total: Amount = 0n;
  for (const id of notes) {
    const note = book.get("note", id);
    const isFree = note.hold === null && note.dispute === null;
    const { status, debtor, currency } = book.get("receivable", note.receivable);
    if (isFree && status === "EFFECTIVE" && !isAged(situation, debtor, currency)) total += note.amount;
  }
  return total;
}

/** What may be owed on notes, goods and orders together: all that an application offers, or that secures a loan. */
export function coverOf(situation: Situation, secured: Secured & Pick<Application, "notes">, advanceBp: number): Amount {
  return basisPoints(eligible(situation, secured.notes), advanceBp) + goodsCover(situation, secured, advanceBp);
}

/** The gates that every step up to the order must pass again: time left, receivable effective, invoices still normal, nothing frozen. */
export function gatesOpen(situation: Situation, notes: readonly Hash[]): void {
  for (const id of notes) {
    const note = situation.book.get("note", id);
    const receivable = situation.book.get("receivable", note.receivable);
    isUnfrozen(note);
    beforeCutoff(situation, receivable);
    isEffective(receivable);
    invoicesNormal(situation, receivable);
  }
}

/** An unverified, red or void invoice backs no finance (domain: gates), nor one that is in doubt or claimed outside. */
export function invoicesNormal({ book }: Situation, receivable: ObjectOf<"receivable">): void {
  for (const { invoice, amount: used } of receivable.allocation) {
    if (used === 0n) continue;
    const { taxStatus, doubted, fingerprint } = book.get("invoice", invoice);
    require(taxStatus === "NORMAL", "INVOICE_NOT_NORMAL");
    require(!doubted, "INVOICE_DOUBTED");
    require(!isClaimedOutside(book, fingerprint), "FINGERPRINT_USED");
  }
}

export function setNotes(
  { book }: Situation,
  notes: readonly Hash[],
  position: ObjectOf<"note">["position"],
  ref: Hash | null,
): void {
  for (const id of notes) book.update("note", book.get("note", id), { position, ref });
}

/** Ends every decision on the application but one. */
export function voidDecisions({ book }: Situation, application: Application, except: Hash | null): void {
  for (const id of application.decisions) {
    const decision = book.get("decision", id);
    if (id !== except && decision.status === "LIVE") book.update("decision", decision, { status: "VOID" });
  }
}

function closeApplication(situation: Situation, application: Application, status: "WITHDRAWN" | "EXPIRED") {
  setNotes(situation, application.notes, "OPEN", null);
  freeGoods(situation, application, "VOID");
  voidDecisions(situation, application, null);
  return [situation.book.update("application", application, { status }).id, ...application.notes];
}

function markMoved({ book }: Situation, note: Hash): void {
  const receivable = book.get("receivable", book.get("note", note).receivable);
  if (!receivable.moved) book.update("receivable", receivable, { moved: true });
}
