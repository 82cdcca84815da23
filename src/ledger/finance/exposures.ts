import type { Amount, Hash } from "../../types/scalars.ts";
import type { Slot } from "../book.ts";
import { require } from "../codes.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";

type Note = ObjectOf<"note">;
type Loan = ObjectOf<"loan">;

/** What of a lender's security one debtor owes, or all debtors together. */
interface Exposure {
  readonly lender: Hash;
  readonly debtor: Hash | null;
  readonly currency: string;
}

/**
 * Keeps for each lender how much of what is committed to its loans or secures them each debtor owes: a fold over the notes and loans that
 * a transaction changed, before it is committed. No transition knows of it, so none can forget it.
 */
export function recordExposures({ book }: Pick<Situation, "book">, changed: readonly Slot[]): void {
  const loans = new Map(changed.filter(({ kind }) => kind === "loan").map((slot) => [slot.id, slot]));
  const notes = changed.filter(({ kind }) => kind === "note");
  const deltas = new Map<Hash, { readonly of: Exposure; amount: Amount }>();
  const add = (note: Note, lender: Hash, amount: Amount): void => {
    const { debtor } = book.get("receivable", note.receivable);
    for (const of of [
      { lender, debtor, currency: note.currency },
      { lender, debtor: null, currency: note.currency },
    ]) {
      const id = exposureId(of);
      const known = deltas.get(id) ?? { of, amount: 0n };
      deltas.set(id, { of, amount: known.amount + amount });
    }
  };
  const loanBefore = (id: Hash): Loan => (loans.get(id)?.before as Loan | undefined) ?? book.get("loan", id);
  for (const { before, value } of notes) {
    const [was, is] = [before as Note | undefined, value as Note | undefined];
    if (was !== undefined && isBound(was)) add(was, loanBefore(was.ref as Hash).lender, -was.amount);
    if (is !== undefined && isBound(is)) add(is, book.get("loan", is.ref as Hash).lender, is.amount);
  }
  // A loan that changed hands took along the pledged notes, which themselves did not change.
  const touched = new Set(notes.map(({ id }) => id));
  for (const { before, value } of loans.values()) {
    const [was, is] = [before as Loan | undefined, value as Loan | undefined];
    if (was === undefined || is === undefined || was.lender === is.lender) continue;
    for (const note of is.notes.filter((id) => !touched.has(id)).map((id) => book.get("note", id))) {
      add(note, was.lender, -note.amount);
      add(note, is.lender, note.amount);
    }
  }
  for (const id of [...deltas.keys()].sort()) {
    const { of, amount } = deltas.get(id) as { of: Exposure; amount: Amount };
    if (amount === 0n) continue;
    const known = book.find("exposure", id);
    if (known === undefined) book.create("exposure", { id, ...of, amount });
    else book.update("exposure", known, { amount: known.amount + amount });
  }
}

/** With these notes no debtor owes more of the lender's security than the members allow; small sums matter to nobody. */
export function spreadsEnough({ book, business }: Situation, lender: Hash, notes: readonly Hash[]): void {
  const more = new Map<Hash, Amount>();
  let all: Amount = 0n;
  let currency = "";
  for (const note of notes.map((id) => book.get("note", id))) {
    const { debtor } = book.get("receivable", note.receivable);
    more.set(debtor, (more.get(debtor) ?? 0n) + note.amount);
    all += note.amount;
    currency = note.currency;
  }
  all += amountOf(book, { lender, debtor: null, currency });
  if (all <= BigInt(business.concentrationFreeMinorUnits)) return;
  for (const [debtor, amount] of more) {
    const owed = amount + amountOf(book, { lender, debtor, currency });
    require(owed * 10_000n <= all * BigInt(business.concentrationDebtorBp), "CONCENTRATION_EXCEEDED");
  }
}

function amountOf(book: Situation["book"], of: Exposure): Amount {
  return book.find("exposure", exposureId(of))?.amount ?? 0n;
}

function isBound({ position }: Note): boolean {
  return position === "COMMITTED" || position === "PLEDGED" || position === "ASSIGNED";
}

function exposureId({ lender, debtor, currency }: Exposure): Hash {
  return namedId("exposure", lender, debtor ?? "all", currency);
}
