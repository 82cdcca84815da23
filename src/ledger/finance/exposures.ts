import type { Amount, Hash } from "../../types/scalars.ts";
import type { Slot } from "../book.ts";
import { require } from "../codes.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";

type Note = ObjectOf<"note">;
type Loan = ObjectOf<"loan">;

/** What of a lender's security one debtor owes, or the debtors of a group, or all together. */
type Exposure = Pick<ObjectOf<"exposure">, "lender" | "debtor" | "group" | "currency">;
type OfDebtor = Exposure & { readonly debtor: Hash };

/**
 * Keeps for each lender how much of what is committed to its loans or secures them each debtor owes: a fold over the notes and loans that
 * a transaction changed, before it is committed. No transition knows of it, so none can forget it.
 */
export function recordExposures({ book }: Pick<Situation, "book">, changed: readonly Slot[]): void {
  const loans = new Map(changed.filter(({ kind }) => kind === "loan").map((slot) => [slot.id, slot]));
  const notes = changed.filter(({ kind }) => kind === "note");
  const deltas = new Map<Hash, { readonly of: OfDebtor; amount: Amount }>();
  const add = (note: Note, lender: Hash, amount: Amount): void => {
    const { debtor } = book.get("receivable", note.receivable);
    const of = { lender, debtor, group: groupOf(book, debtor), currency: note.currency };
    const id = exposureId(of);
    deltas.set(id, { of, amount: (deltas.get(id)?.amount ?? 0n) + amount });
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
  const sums = summed(book, [...deltas.values()]);
  for (const id of [...sums.keys()].sort()) {
    const { of, amount } = sums.get(id) as { of: Exposure; amount: Amount };
    if (amount === 0n) continue;
    const known = book.find("exposure", id);
    if (known === undefined) book.create("exposure", { id, ...of, amount });
    else book.update("exposure", known, { amount: known.amount + amount, group: of.group });
  }
}

/**
 * The changes of debtors, and what they make of the sums of their groups and of all. A debtor that went to another group since it was counted
 * takes along what it owed.
 */
function summed(
  book: Situation["book"],
  deltas: readonly { readonly of: OfDebtor; readonly amount: Amount }[],
): ReadonlyMap<Hash, { readonly of: Exposure; readonly amount: Amount }> {
  const sums = new Map<Hash, { readonly of: Exposure; readonly amount: Amount }>();
  const count = (of: Exposure, amount: Amount): void => {
    const id = exposureId(of);
    sums.set(id, { of, amount: (sums.get(id)?.amount ?? 0n) + amount });
  };
  for (const { of, amount } of deltas) {
    if (amount === 0n) continue;
    const { lender, currency, group } = of;
    const sum = { lender, debtor: null, currency };
    const known = book.find("exposure", exposureId(of));
    const before = known?.group ?? null;
    count(of, amount);
    count({ ...sum, group: null }, amount);
    if (before !== null && before !== group) count({ ...sum, group: before }, -(known?.amount ?? 0n));
    if (group !== null) count({ ...sum, group }, amount + (before === group ? 0n : (known?.amount ?? 0n)));
  }
  return sums;
}

/** With these notes neither a debtor nor a group of debtors owes more of the lender's security than members allow; small sums matter to nobody. */
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
  const amountOf = (debtor: Hash | null, group: Hash | null): Amount =>
    book.find("exposure", exposureId({ lender, debtor, group, currency }))?.amount ?? 0n;
  all += amountOf(null, null);
  if (all <= BigInt(business.concentrationFreeMinorUnits)) return;
  const groups = new Map<Hash, Amount>();
  for (const [debtor, amount] of more) {
    const known = book.find("exposure", exposureId({ lender, debtor, group: null, currency }));
    const owed = amount + (known?.amount ?? 0n);
    require(owed * 10_000n <= all * BigInt(business.concentrationDebtorBp), "CONCENTRATION_EXCEEDED");
    const group = groupOf(book, debtor);
    // What is counted in the group's sum already is not counted again.
    if (group !== null) groups.set(group, (groups.get(group) ?? 0n) + (known?.group === group ? amount : owed));
  }
  for (const [group, amount] of groups)
    require((amount + amountOf(null, group)) * 10_000n <= all * BigInt(business.concentrationGroupBp), "CONCENTRATION_EXCEEDED");
}

/** The group that the debtor says it belongs to. */
function groupOf(book: Situation["book"], debtor: Hash): Hash | null {
  return (book.get("party", debtor).group as Hash | undefined) ?? null;
}

function isBound({ position }: Note): boolean {
  return position === "COMMITTED" || position === "PLEDGED" || position === "ASSIGNED";
}

function exposureId({ lender, debtor, group, currency }: Exposure): Hash {
  if (debtor === null && group !== null) return namedId("exposure", lender, "group", group, currency);
  return namedId("exposure", lender, debtor ?? "all", currency);
}
