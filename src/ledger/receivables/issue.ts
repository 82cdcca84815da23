import { amount, choice, hash } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { startOfDay } from "../calendar.ts";
import { require } from "../codes.ts";
import { isOpen } from "../conditions.ts";
import { schedule } from "../due.ts";
import { programmeCovers, programmeMoves } from "../finance/limits.ts";
import { bearable, bornInto } from "../goods/lineage.ts";
import { PPM_PER_DAILY_BP } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { giveNotice } from "./notice.ts";
import { type Entry, type Poster, post } from "./postings.ts";
import { consumeInvoices, releaseInvoices, TERMS, type Terms, termsHold } from "./terms.ts";

type Receivable = ObjectOf<"receivable">;
const DAY_MS = 86_400_000;

/** The debtor promises; it takes effect when the seller accepts (签收): nobody is forced to take a certificate. */
export const issueByDebtor = transition({
  kind: "receivable.issueByDebtor",
  label: { zh: "债务人签发应收账款", en: "issue a receivable as debtor" },
  ground: "银发〔2025〕77号 art. 9, 11, 15; 《保障中小企业款项支付条例》 art. 11",
  signedBy: "debtor (the contract's buyer)",
  body: TERMS,
  signers: ({ contract }, { book }) => [book.get("contract", contract).buyer],
  stake: ({ face }) => face,
  requires: [
    termsHold,
    ({ body, book }) => require(book.get("party", book.get("contract", body.contract).buyer).overdue === 0, "DEBTOR_GATED"),
    ({ body, book, day }) => {
      // A large buyer may not stretch the term that the contract gives a small seller.
      const contract = book.get("contract", body.contract);
      const stretched = book.get("party", contract.buyer).size === "LARGE" && book.get("party", contract.seller).size === "SME";
      require(!stretched || body.maturityDay <= day + contract.payTermDays, "TENOR_EXCEEDED");
    },
    ({ body, book }) => {
      const { buyer, currency } = book.get("contract", body.contract);
      programmeCovers(book, buyer, currency, body.face);
    },
  ],
  effect: (call) => propose(call, "DEBTOR", call.timeMs + call.params.offerTtlMs),
});

export const issueBySeller = transition({
  kind: "receivable.issueBySeller",
  label: { zh: "债权人发起应收账款", en: "issue a receivable as seller" },
  ground: "Civil Code art. 761: receivables existing or future",
  signedBy: "seller",
  body: TERMS,
  signers: ({ contract }, { book }) => [book.get("contract", contract).seller],
  stake: ({ face }) => face,
  requires: [termsHold],
  effect: (call) => propose(call, "SELLER", call.timeMs + call.params.confirmDays * DAY_MS),
});

export const acceptIssue = transition({
  kind: "receivable.acceptIssue",
  label: { zh: "签收应收账款", en: "accept an issued receivable" },
  ground: "银发〔2025〕77号 art. 9; 《保障中小企业款项支付条例》 art. 15: no forced acceptance",
  signedBy: "seller",
  body: { receivable: hash },
  signers: ({ receivable }, { book }) => [book.get("receivable", receivable).seller],
  stake: ({ receivable }, { book }) => book.get("receivable", receivable).face,
  requires: [
    ({ body, book }) => isProposed(book.get("receivable", body.receivable), "DEBTOR"),
    ({ body, book, timeMs }) => require(timeMs < book.get("receivable", body.receivable).deadlineMs, "DEADLINE_PASSED"),
    ({ body, book, day }) => require(day < book.get("receivable", body.receivable).maturityDay, "MATURITY_PAST"),
    (call) => bearable(call, call.book.get("receivable", call.body.receivable)),
  ],
  effect: (call) => {
    const receivable = call.book.get("receivable", call.body.receivable);
    return makeEffective(call, receivable, receivable.face, "UNCONDITIONAL");
  },
});

/** Confirmation of the debt (确权): of its existence, with defences kept, or unconditionally; of less than the face, if so. */
export const confirm = transition({
  kind: "receivable.confirm",
  label: { zh: "确权", en: "confirm the debt" },
  ground: "Civil Code art. 763, 548; 担保解释 art. 61; 《保障中小企业款项支付条例》 art. 16",
  signedBy: "debtor",
  body: { receivable: hash, mode: choice("EXISTENCE", "UNCONDITIONAL"), amount: amount({ min: 1n }) },
  signers: ({ receivable }, { book }) => [book.get("receivable", receivable).debtor],
  stake: (body) => body.amount,
  requires: [
    ({ body, book }) => isProposed(book.get("receivable", body.receivable), "SELLER"),
    ({ body, book, timeMs }) => require(timeMs < book.get("receivable", body.receivable).deadlineMs, "DEADLINE_PASSED"),
    ({ body, book }) => require(body.amount <= book.get("receivable", body.receivable).face, "CONFIRMED_EXCEEDS_FACE"),
    ({ body, params }) => require(body.amount >= BigInt(params.noteMinorUnitsMin), "PART_TOO_SMALL"),
    ({ body, book, day }) => require(day < book.get("receivable", body.receivable).maturityDay, "MATURITY_PAST"),
    (call) => bearable(call, call.book.get("receivable", call.body.receivable)),
  ],
  effect: (call) => makeEffective(call, call.book.get("receivable", call.body.receivable), call.body.amount, call.body.mode),
});

/** The party whose answer is awaited says no. */
export const reject = transition({
  kind: "receivable.reject",
  label: { zh: "拒绝确权", en: "reject a receivable" },
  ground: "《保障中小企业款项支付条例》 art. 15, 16",
  signedBy: "whose answer is awaited: seller or debtor",
  body: { receivable: hash },
  signers: ({ receivable }, { book }) => {
    const { origin, seller, debtor } = book.get("receivable", receivable);
    return [origin === "DEBTOR" ? seller : debtor];
  },
  requires: [({ body, book }) => require(book.get("receivable", body.receivable).status === "PROPOSED", "WRONG_STATUS")],
  effect: (call) => close(call, call.book.get("receivable", call.body.receivable), "REJECTED"),
});

/** Who proposed takes it back before the answer. */
export const withdraw = transition({
  kind: "receivable.withdraw",
  label: { zh: "撤回应收账款", en: "withdraw a receivable" },
  ground: "Civil Code art. 475, 476: revocation of an offer",
  signedBy: "who proposed: seller or debtor",
  body: { receivable: hash },
  signers: ({ receivable }, { book }) => {
    const { origin, seller, debtor } = book.get("receivable", receivable);
    return [origin === "DEBTOR" ? debtor : seller];
  },
  requires: [({ body, book }) => require(book.get("receivable", body.receivable).status === "PROPOSED", "WRONG_STATUS")],
  effect: (call) => close(call, call.book.get("receivable", call.body.receivable), "WITHDRAWN"),
});

/** Undone by both, as long as nothing of it was moved, paid or diluted. `note`: its only leaf. */
export const cancel = transition({
  kind: "receivable.cancel",
  label: { zh: "注销应收账款", en: "cancel a receivable" },
  ground: "Civil Code art. 562: termination by agreement",
  signedBy: "seller; debtor",
  body: { receivable: hash, note: hash },
  signers: ({ receivable }, { book }) => {
    const { seller, debtor } = book.get("receivable", receivable);
    return [seller, debtor];
  },
  stake: ({ receivable }, { book }) => book.get("receivable", receivable).face,
  requires: [
    ({ body, book }) => require(book.get("receivable", body.receivable).status === "EFFECTIVE", "WRONG_STATUS"),
    ({ body, book, day }) => require(day < book.get("receivable", body.receivable).maturityDay, "MATURITY_PAST"),
    ({ body, book }) => {
      const receivable = book.get("receivable", body.receivable);
      const note = book.get("note", body.note);
      require(note.receivable === receivable.id, "NOT_FOUND");
      // Live in one leaf: a payment that was reversed leaves two.
      const isWhole = receivable.live === receivable.confirmed && receivable.leaves === 1;
      const untouched = isWhole && !receivable.moved && note.position === "OPEN" && note.holder === receivable.seller;
      require(untouched, "NOTE_MOVED");
      isOpen(note);
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const receivable = book.get("receivable", body.receivable);
    const note = book.get("note", body.note);
    book.update("note", note, { position: "CANCELLED", ref: null });
    releaseInvoices(call, receivable, receivable.confirmed);
    programmeMoves(call, receivable, -note.amount);
    post(
      call,
      receivable,
      [
        ["live", -note.amount],
        ["cancelled", note.amount],
      ],
      { status: "CANCELLED", leaves: 0 },
    );
    return [receivable.id, note.id];
  },
});

/** Falls due: an unanswered proposal lapses. */
export function proposalDue(situation: Situation, receivable: Receivable): void {
  if (receivable.status === "PROPOSED" && situation.timeMs >= receivable.deadlineMs) close(situation, receivable, "LAPSED");
}

function propose(call: Call<Terms>, origin: Receivable["origin"], deadlineMs: number) {
  const { body, book, day } = call;
  const contract = book.get("contract", body.contract);
  const id = call.newId();
  consumeInvoices(call, body.allocation);
  book.add("receivable", {
    id,
    seller: contract.seller,
    debtor: contract.buyer,
    currency: contract.currency,
    face: body.face,
    confirmed: 0n,
    issueDay: day,
    maturityDay: body.maturityDay,
    mode: "EXISTENCE",
    origin,
    contract: contract.id,
    document: body.document,
    allocation: body.allocation,
    status: "PROPOSED",
    deadlineMs,
    cutoffDays: call.params.cutoffDays,
    graceDays: call.params.graceDays,
    defaultDays: call.business.defaultDays,
    live: 0n,
    redeemed: 0n,
    diluted: 0n,
    cancelled: 0n,
    setoff: 0n,
    latePpm: call.business.penaltyDailyBp * PPM_PER_DAILY_BP,
    lateDue: 0n,
    latePaid: 0n,
    leaves: 0,
    moved: false,
    noticed: false,
    extensions: 0,
    guarantees: [],
    replaces: null,
  });
  programmeMoves(call, { origin, debtor: contract.buyer, currency: contract.currency }, body.face);
  schedule(call, deadlineMs, "receivable", id);
  return [id];
}

/** The debtor owes from here on: invariant 7, no debt without the debtor's signature. */
function makeEffective(call: Call<unknown>, receivable: Receivable, confirmed: bigint, mode: Receivable["mode"]) {
  const { book } = call;
  const note = call.newId();
  const { position, ref } = bornInto(call, receivable, note);
  book.add("note", {
    id: note,
    receivable: receivable.id,
    parent: null,
    depth: 0,
    currency: receivable.currency,
    amount: confirmed,
    holder: receivable.seller,
    position,
    ref,
    hold: null,
    dispute: null,
  });
  const allocation = releaseInvoices(call, receivable, receivable.face - confirmed);
  const entries: readonly Entry[] = [
    ["debtorLiability", -confirmed],
    ["live", confirmed],
  ];
  const moved = position !== "OPEN";
  post(call, receivable, entries, { status: "EFFECTIVE", mode, allocation, leaves: 1, deadlineMs: 0, moved });
  if (position === "PLEDGED") giveNotice(call, note, book.get("loan", ref as Hash).lender, "PLEDGE", "fresh");
  schedule(call, startOfDay(receivable.maturityDay), "receivable", receivable.id);
  schedule(call, startOfDay(receivable.maturityDay + receivable.graceDays + 1), "receivable", receivable.id);
  return [receivable.id, note];
}

function close(situation: Poster, receivable: Receivable, status: "REJECTED" | "WITHDRAWN" | "LAPSED") {
  releaseInvoices(situation, receivable, receivable.face);
  programmeMoves(situation, receivable, -receivable.face);
  return [situation.book.update("receivable", receivable, { status }).id];
}

function isProposed(receivable: Receivable, origin: Receivable["origin"]): void {
  require(receivable.status === "PROPOSED" && receivable.origin === origin, "WRONG_STATUS");
}
