import { amount, choice, hash, optional } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { interestedIn, isSettled, isUnfrozen } from "../conditions.ts";
import { daySchema } from "../fields.ts";
import { transition } from "../transition.ts";
import { carvable, carve, securedLoan } from "./carve.ts";
import { retire } from "./ending.ts";
import { lateEnds } from "./late.ts";

/**
 * The debtor sets a claim of its own off against what it owes. It must have been due no later than the note, or come from the same
 * contract; holder and lender agree, or a court has decided.
 */
export const setOff = transition({
  kind: "note.setOff",
  label: { zh: "抵销", en: "set off" },
  ground: "Civil Code art. 549, 568",
  signedBy: "debtor, holder and lender, if it secures a loan; or a court in their stead",
  body: {
    note: hash,
    amount: amount({ min: 1n }),
    basis: choice("CLAIM_DUE", "SAME_CONTRACT"),
    claim: hash,
    claimDueDay: daySchema,
    court: optional(hash),
  },
  signers: ({ note: id, court }, situation) => {
    if (court !== undefined) return [court];
    const note = situation.book.get("note", id);
    return [situation.book.get("receivable", note.receivable).debtor, ...interestedIn(situation, note)];
  },
  stake: (body) => body.amount,
  requires: [
    ({ body, book }) =>
      require(body.court === undefined || book.get("party", body.court).roles.includes("COURT"), "ROLE_MISSING"),
    ({ body, book }) => {
      const note = book.get("note", body.note);
      isSettled(note);
      isUnfrozen(note);
      require(note.dispute === null, "NOTE_DISPUTED");
    },
    ({ body, book }) => {
      const { maturityDay } = book.get("receivable", book.get("note", body.note).receivable);
      require(body.basis === "SAME_CONTRACT" || body.claimDueDay <= maturityDay, "SETOFF_UNFOUNDED");
    },
    (call) => carvable(call, call.book.get("note", call.body.note), call.body.amount),
  ],
  effect: (call) => {
    const note = call.book.get("note", call.body.note);
    const secured = securedLoan(call.book, note)?.id ?? null;
    const { part, rest } = carve(call, note, call.body.amount, { position: "SETOFF", ref: null });
    retire(call, note.receivable, "setoff", call.body.amount, rest === null ? 1 : 0);
    lateEnds(call, part, secured, call.day, 0n);
    return rest === null ? [part] : [note.id, part, rest];
  },
});
