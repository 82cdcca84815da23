import { hash } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { isOpen } from "../conditions.ts";
import type { ObjectOf } from "../objects.ts";
import { type Situation, transition } from "../transition.ts";
import { moveNote } from "./notes.ts";

type Note = ObjectOf<"note">;

/**
 * A transfer was a mistake. Whoever signed it signs this, and the note goes back by a new transfer, as long as nothing was built on
 * it; nothing is struck out. It is no business of the market, so no cut-off stops it.
 */
export const correctTransfer = transition({
  kind: "note.returnTransfer",
  label: { zh: "退回转让", en: "return a transfer" },
  ground: "电子签名法 art. 5: the record stays as it was; Civil Code art. 147: an act by mistake",
  signedBy: "both who signed the transfer: the holder before it and the holder after it",
  body: { note: hash },
  signers: ({ note: id }, situation) => {
    const note = situation.book.get("note", id);
    return [note.holder, before(situation, note).holder];
  },
  stake: ({ note }, { book }) => book.get("note", note).amount,
  requires: [
    ({ body, book }) => isOpen(book.get("note", body.note)),
    (call) => {
      const note = call.book.get("note", call.body.note);
      const earlier = before(call, note);
      require(earlier.holder !== note.holder && earlier.amount === note.amount, "NOT_TRANSFERRED");
    },
  ],
  effect: (call) => {
    const note = call.book.get("note", call.body.note);
    return moveNote(call, note, before(call, note).holder);
  },
});

/** The note that it came from, or itself if it came from none. */
export function before({ book }: Pick<Situation, "book">, note: Note): Note {
  return note.parent === null ? note : book.get("note", note.parent);
}
