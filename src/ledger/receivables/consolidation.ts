import { hash, list } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { isEffective, isOpen } from "../conditions.ts";
import { transition } from "../transition.ts";
import { newNote } from "./notes.ts";

/** Open notes of one receivable in one hand become one. It is as deep as the deepest, so that merging does not undo the limit. */
export const consolidate = transition({
  kind: "note.consolidate",
  label: { zh: "合并凭证", en: "consolidate notes" },
  ground: "Civil Code art. 545, read backwards: parts of one claim in one hand are one claim",
  signedBy: "holder",
  body: { notes: list(hash, { min: 2, max: 64, sortedBy: (note) => note }) },
  signers: ({ notes }, { book }) => [book.get("note", notes[0] as Hash).holder],
  stake: ({ notes }, { book }) => notes.reduce((sum, id) => sum + book.get("note", id).amount, 0n),
  requires: [
    ({ body, book }) => {
      const first = book.get("note", body.notes[0] as Hash);
      isEffective(book.get("receivable", first.receivable));
      for (const id of body.notes) {
        const note = book.get("note", id);
        isOpen(note);
        require(note.holder === first.holder, "NOT_HOLDER");
        require(note.receivable === first.receivable, "RECEIVABLES_DIFFER");
      }
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const notes = body.notes.map((id) => book.get("note", id));
    const first = book.get("note", body.notes[0] as Hash);
    const amount = notes.reduce((sum, note) => sum + note.amount, 0n);
    const depth = Math.max(...notes.map((note) => note.depth));
    const merged = newNote(call, first, { amount, depth }, 0);
    for (const note of notes) book.update("note", note, { position: "MERGED", ref: merged });
    const receivable = book.get("receivable", first.receivable);
    book.update("receivable", receivable, { leaves: receivable.leaves - notes.length + 1 });
    return [merged, ...body.notes];
  },
});
