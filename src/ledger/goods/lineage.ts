import { assert } from "../../lib/assert.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";

/**
 * One encumbrance along order → goods → receipt → receivable → cash: the first note of a receivable is born into whatever has its order, an
 * application or a loan, and there is no moment in which it could be sold or pledged to another. Goods do the same (receipt.ts), and what is
 * paid on the note goes the way of that loan (finance/waterfall.ts).
 */
export function bornInto(
  { book }: Pick<Situation, "book">,
  { contract }: ObjectOf<"receivable">,
  note: Hash,
): Pick<ObjectOf<"note">, "position" | "ref"> {
  const { position, ref } = book.get("contract", contract);
  switch (position) {
    case "OPEN":
      return { position, ref: null };
    case "RESERVED": {
      const application = book.get("application", ref as Hash);
      book.update("application", application, { notes: [...application.notes, note].sort() });
      return { position, ref };
    }
    case "COMMITTED":
    case "PLEDGED": {
      const loan = book.get("loan", ref as Hash);
      book.update("loan", loan, { notes: [...loan.notes, note].sort() });
      return { position, ref };
    }
    case "PREPAID":
      assert(false, "nothing is delivered, invoiced or owed under a contract that is paid in advance");
  }
}

/** There is room for one more note in whatever has the order. */
export function bearable({ book }: Pick<Situation, "book">, { contract }: ObjectOf<"receivable">): void {
  const { position, ref } = book.get("contract", contract);
  if (position === "RESERVED")
    require(book.get("application", ref as Hash).notes.length < LIMITS.notesPerApplicationMax, "NOTES_EXCEEDED");
  if (position === "COMMITTED" || position === "PLEDGED")
    require(book.get("loan", ref as Hash).notes.length < LIMITS.notesPerLoanMax, "NOTES_EXCEEDED");
}
