import { choice, hash, list } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { startOfDay } from "../calendar.ts";
import { require } from "../codes.ts";
import { isEffective, isOpen } from "../conditions.ts";
import { schedule } from "../due.ts";
import { memberObjectId } from "../ids.ts";
import { transition } from "../transition.ts";
import { newNote } from "./notes.ts";
import { post } from "./postings.ts";

/**
 * Change of medium: the old record ceases to have effect and another of the same terms takes its place, with a statement of the change.
 * Holders, debtor and the platform that kept the old one sign; the invoices stay used once.
 */
export const replaceReceivable = transition({
  kind: "receivable.replace",
  label: { zh: "换签应收账款", en: "replace a receivable" },
  ground: "UNCITRAL MLETR art. 17, 18: change of medium",
  signedBy: "debtor; every holder; the platform that sponsors the seller",
  body: {
    receivable: hash,
    notes: list(hash, { min: 1, max: 6, sortedBy: (note) => note }),
    medium: choice("PAPER", "PLATFORM"),
    statement: hash,
  },
  signers: ({ receivable, notes }, { book }) => {
    const { debtor, seller } = book.get("receivable", receivable);
    const platform = book.get("member", memberObjectId(book.get("party", seller).sponsor)).party;
    return [...new Set([debtor, platform, ...notes.map((id) => book.get("note", id).holder)])];
  },
  stake: ({ receivable }, { book }) => book.get("receivable", receivable).live,
  requires: [
    ({ body, book }) => isEffective(book.get("receivable", body.receivable)),
    ({ body, book }) => {
      // What was paid, credited or set off in part ends in the medium in which that happened.
      const { live, confirmed } = book.get("receivable", body.receivable);
      require(live === confirmed, "WRONG_STATUS");
    },
    ({ body, book }) => {
      for (const id of body.notes) {
        const note = book.get("note", id);
        require(note.receivable === body.receivable, "CLAIMS_INCOMPLETE");
        isOpen(note);
      }
      require(body.notes.length === book.get("receivable", body.receivable).leaves, "CLAIMS_INCOMPLETE");
    },
  ],
  effect: (call) => {
    const { book, body, newId } = call;
    const old = book.get("receivable", body.receivable);
    const id = newId();
    const { version: _, ...terms } = old;
    const owed = old.live;
    post(
      call,
      old,
      [
        ["live", -owed],
        ["cancelled", owed],
      ],
      { status: "REPLACED", leaves: 0 },
    );
    book.add("receivable", { ...terms, id, face: owed, confirmed: 0n, live: 0n, document: body.statement, replaces: old.id });
    for (const guarantee of old.guarantees) book.update("guarantee", book.get("guarantee", guarantee), { receivable: id });
    // One chain of title: the whole, and what the holders have of it.
    const first = book.get("note", body.notes[0] as Hash);
    const { version: __, ...kept } = first;
    const whole = book.add("note", {
      ...kept,
      id: newId(1),
      receivable: id,
      parent: null,
      depth: 0,
      amount: owed,
      holder: old.seller,
    });
    const leaves = body.notes.map((each, index): Hash => {
      const { amount, depth, holder } = book.get("note", each);
      book.update("note", book.get("note", each), { position: "CANCELLED", ref: null });
      return newNote(call, whole, { amount, depth, holder }, index + 2);
    });
    book.update("note", whole, { position: "CONSUMED", parts: leaves.length });
    post(call, book.get("receivable", id), [
      ["debtorLiability", -owed],
      ["live", owed],
    ]);
    schedule(call, startOfDay(old.maturityDay), "receivable", id);
    schedule(call, startOfDay(old.maturityDay + old.graceDays + 1), "receivable", id);
    return [old.id, id, ...leaves];
  },
});
