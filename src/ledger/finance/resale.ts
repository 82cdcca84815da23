import { hash } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { activeParty, isUnfrozen } from "../conditions.ts";
import { newNote } from "../receivables/notes.ts";
import { giveNotice } from "../receivables/notice.ts";
import { transition } from "../transition.ts";
import { lineCovers, lineMoves } from "./limits.ts";

/** One lender takes a loan over from another, and with it what secures it (再保理). The filing keeps its rank. */
export const resell = transition({
  kind: "loan.resell",
  label: { zh: "再转让(再保理)", en: "resell a loan" },
  ground: "Civil Code art. 545, 547: accessory rights follow the claim",
  signedBy: "lender; new lender",
  body: { loan: hash, to: hash },
  signers: ({ loan, to }, { book }) => [book.get("loan", loan).lender, to],
  stake: ({ loan }, { book }) => book.get("loan", loan).outstanding,
  requires: [
    (call) => {
      activeParty(call, call.body.to, "LENDER");
    },
    ({ body, book }) => require(book.get("loan", body.loan).status === "ACTIVE", "WRONG_STATUS"),
    ({ body, book }) => {
      const { lender, borrower } = book.get("loan", body.loan);
      require(body.to !== lender && body.to !== borrower, "SAME_PARTY");
    },
    ({ body, book }) => {
      const { receipts, prepayment } = book.get("loan", body.loan);
      // The keeper holds goods for the lender that it signed with.
      require(receipts.length === 0 && prepayment === null, "KEEPER_MISSING");
    },
    ({ body, book }) => {
      for (const id of book.get("loan", body.loan).notes) {
        const note = book.get("note", id);
        isUnfrozen(note);
        require(book.get("receivable", note.receivable).debtor !== body.to, "TRANSFER_TO_DEBTOR");
      }
    },
    ({ body, book }) => {
      const loan = book.get("loan", body.loan);
      lineCovers(book, { ...loan, lender: body.to }, loan.outstanding);
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const loan = book.get("loan", body.loan);
    const notes = loan.notes.map((id): Hash => {
      const note = book.get("note", id);
      if (note.position !== "ASSIGNED") return id;
      const moved = newNote(call, note, { holder: body.to, position: "ASSIGNED", ref: loan.id }, "fresh");
      book.update("note", note, { position: "CONSUMED", ref: null, dispute: null });
      return moved;
    });
    lineMoves(book, loan, -loan.outstanding);
    lineMoves(book, { ...loan, lender: body.to }, loan.outstanding);
    book.update("loan", loan, { lender: body.to, notes });
    for (const id of notes) giveNotice(call, id, body.to, "RESALE", "fresh");
    return [loan.id, ...notes];
  },
});
