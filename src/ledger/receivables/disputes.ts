import { amount, choice, hash } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { interestedIn, isLive, isUnfrozen } from "../conditions.ts";
import { endWaiting } from "../finance/waiting.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { carvable, carve } from "./carve.ts";
import { retire } from "./ending.ts";

type Dispute = ObjectOf<"dispute">;

const noteOf = ({ dispute }: { readonly dispute: Hash }, { book }: Situation) =>
  book.get("note", book.get("dispute", dispute).note);

function stands({ body, book }: Call<{ readonly dispute: Hash }>): void {
  const { status } = book.get("dispute", body.dispute);
  require(status === "RAISED" || status === "ANSWERED", "WRONG_STATUS");
}

/**
 * The debtor contests a part of a note, which is carved out: that part backs no new finance and is not payable until the dispute ends,
 * all else stays payable. Who confirmed unconditionally has waived its defences: the dispute is recorded and changes nothing.
 */
export const raiseDispute = transition({
  kind: "dispute.raise",
  label: { zh: "提出争议", en: "raise a dispute" },
  ground: "Civil Code art. 548; 《保障中小企业款项支付条例》 art. 15: the undisputed part is paid",
  signedBy: "debtor",
  body: {
    note: hash,
    amount: amount({ min: 1n }),
    reason: choice("QTY", "QUALITY", "PRICE", "NOT_DELIVERED", "DUPLICATE", "ALREADY_PAID", "FORGED", "TAX_RED", "OTHER"),
    evidence: hash,
  },
  signers: ({ note }, { book }) => [book.get("receivable", book.get("note", note).receivable).debtor],
  stake: (body) => body.amount,
  requires: [
    ({ body, book }) => {
      const note = book.get("note", body.note);
      require(isLive(note), "NOTE_NOT_OPEN");
      require(note.dispute === null, "NOTE_DISPUTED");
      isUnfrozen(note);
    },
    ({ body, book, day, business }) => {
      const { maturityDay } = book.get("receivable", book.get("note", body.note).receivable);
      require(day <= maturityDay + business.disputeDays, "DEADLINE_PASSED");
    },
    (call) => carvable(call, call.book.get("note", call.body.note), call.body.amount),
  ],
  effect: (call) => {
    const { book, body, newId } = call;
    const found = book.get("note", body.note);
    const { id: receivable, mode, debtor: by } = book.get("receivable", found.receivable);
    const id = newId();
    const { amount: contested, reason, evidence } = body;
    const base = {
      id,
      receivable,
      note: found.id,
      by,
      amount: contested,
      reason,
      evidence,
      response: null,
      upheld: 0n,
      loan: null,
    };
    if (mode === "UNCONDITIONAL") return [book.add("dispute", { ...base, status: "RECORDED" }).id, found.id];
    const note = endWaiting(call, found);
    book.add("dispute", { ...base, status: "RAISED" });
    const { part } = carve(call, note, contested, { dispute: id });
    if (part === note.id) return [id, note.id];
    return [id, note.id, part];
  },
});

export const respondToDispute = transition({
  kind: "dispute.respond",
  label: { zh: "答复争议", en: "respond to a dispute" },
  ground: "Civil Code art. 621: notice of defects and answer",
  signedBy: "holder",
  body: { dispute: hash, response: hash },
  signers: (body, situation) => [noteOf(body, situation).holder],
  requires: [stands],
  effect: ({ body, book }) => {
    const { response } = body;
    return [book.update("dispute", book.get("dispute", body.dispute), { response, status: "ANSWERED" }).id];
  },
});

export const withdrawDispute = transition({
  kind: "dispute.withdraw",
  label: { zh: "撤回争议", en: "withdraw a dispute" },
  ground: "Civil Code art. 548: a defence may be waived",
  signedBy: "debtor",
  body: { dispute: hash },
  signers: ({ dispute }, { book }) => [book.get("dispute", dispute).by],
  requires: [stands],
  effect: (call) => resolve(call, call.book.get("dispute", call.body.dispute), 0n, "WITHDRAWN"),
});

/** Debtor and creditor agree what of the disputed part falls away; the rest is owed as before. */
export const settleDispute = transition({
  kind: "dispute.settle",
  label: { zh: "和解", en: "settle a dispute" },
  ground: "Civil Code art. 543, 582: variation by agreement",
  signedBy: "debtor; holder; lender, if it secures a loan",
  body: { dispute: hash, upheld: amount() },
  signers: (body, situation) => {
    const { by } = situation.book.get("dispute", body.dispute);
    return [by, ...interestedIn(situation, noteOf(body, situation))];
  },
  stake: ({ upheld }) => upheld,
  requires: [stands, mayUphold],
  effect: (call) => resolve(call, call.book.get("dispute", call.body.dispute), call.body.upheld, "SETTLED"),
});

/** An arbitrator or court decides it. */
export const awardDispute = transition({
  kind: "dispute.award",
  label: { zh: "裁决争议", en: "award on a dispute" },
  ground: "仲裁法 art. 57; 民事诉讼法 art. 155: an award or judgment in force",
  signedBy: "an arbitrator or court",
  body: { dispute: hash, authority: hash, upheld: amount(), document: hash },
  signers: ({ authority }) => [authority],
  stake: ({ upheld }) => upheld,
  requires: [
    ({ body, book }) => {
      const { roles } = book.get("party", body.authority);
      require(roles.includes("ARBITRATOR") || roles.includes("COURT"), "ROLE_MISSING");
    },
    stands,
    mayUphold,
  ],
  effect: (call) => resolve(call, call.book.get("dispute", call.body.dispute), call.body.upheld, "AWARDED"),
});

function mayUphold(call: Call<{ readonly dispute: Hash; readonly upheld: Amount }>): void {
  const note = noteOf(call.body, call);
  isUnfrozen(note);
  if (call.body.upheld > 0n) carvable(call, note, call.body.upheld);
}

/** What is upheld dilutes the debt, what is rejected is owed as before: both together are what was disputed. */
function resolve(call: Call<unknown>, dispute: Dispute, upheld: Amount, status: "WITHDRAWN" | "SETTLED" | "AWARDED") {
  const { book } = call;
  const note = book.get("note", dispute.note);
  const isEncumbered = note.position === "PLEDGED" || note.position === "ASSIGNED";
  const ended = book.update("dispute", dispute, { upheld, status, loan: isEncumbered ? note.ref : null });
  if (upheld === 0n) return [ended.id, book.update("note", note, { dispute: null }).id];
  const { part, rest } = carve(call, note, upheld, { position: "DILUTED", ref: null, dispute: null }, { dispute: null });
  retire(call, note.receivable, "diluted", upheld, rest === null ? 1 : 0);
  return [ended.id, part];
}
