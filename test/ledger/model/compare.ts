import type { ObjectOf } from "../../../src/ledger/objects.ts";
import type { TestChain } from "../support/chain.ts";
import type { Loan, Model, Note, Root } from "./model.ts";

const LIVE: ReadonlySet<string> = new Set(["OPEN", "OFFERED", "RESERVED", "COMMITTED", "PLEDGED", "ASSIGNED"]);
/** Ended one way or another: which of two moments of the same block came first is no business of the model. */
const ENDED: ReadonlySet<string> = new Set(["VOID", "EXPIRED", "ACCEPTED"]);

/** What of the chain the model speaks of, as text that two worlds can be compared by; note ids are left out, for the model knows only some. */
export function ofChain(chain: TestChain): Record<string, readonly string[]> {
  const liveNotes = chain.all("note").filter(({ position }) => LIVE.has(position));
  return sorted({
    contracts: chain.all("contract").map((each) => `${each.id} ${each.delivered} ${each.accepted} ${each.invoiced}`),
    deliveries: chain.all("delivery").map((each) => `${each.id} ${each.status}`),
    invoices: chain.all("invoice").map((each) => `${each.id} ${each.used} ${each.taxStatus}`),
    roots: chain
      .all("receivable")
      .map(
        (each) => `${each.id} ${each.status} ${each.confirmed} ${each.live} ${each.redeemed} ${each.cancelled} ${each.leaves}`,
      ),
    notes: liveNotes.map((note) => noteText(note.receivable, note, note.holder, note.ref)),
    offers: chain.all("offer").map((each) => `${each.id} ${each.status}`),
    applications: chain.all("application").map((each) => `${each.id} ${each.status}`),
    decisions: chain.all("decision").map((each) => `${each.id} ${ENDED.has(each.status) ? "ended" : each.status}`),
    loans: chain.all("loan").map((each) => loanText(each.id, each)),
    overdue: chain.all("party").flatMap(({ id, overdue }) => (overdue === 0 ? [] : [`${id} ${overdue}`])),
  });
}

export function ofModel(model: Model): Record<string, readonly string[]> {
  return sorted({
    contracts: model.contracts.map((each) => `${each.id} ${each.delivered} ${each.accepted} ${each.invoiced}`),
    deliveries: model.deliveries.map((each) => `${each.id} ${each.status}`),
    invoices: model.invoices.map((each) => `${each.id} ${each.used} ${each.tax}`),
    roots: model.roots.map((each) => {
      const live = each.notes.reduce((sum, { amount }) => sum + amount, 0n);
      return `${each.id} ${each.status} ${each.confirmed} ${live} ${each.redeemed} ${each.cancelled} ${each.notes.length}`;
    }),
    notes: model.notes.map((note) => noteText(note.root.id, note, note.holder.id, note.why?.id ?? null)),
    offers: model.offers.map((each) => `${each.id} ${each.status}`),
    applications: model.applications.map((each) => `${each.id} ${each.status}`),
    decisions: model.decisions.map((each) => `${each.id} ${each.live ? "LIVE" : "ended"}`),
    loans: model.loans.map((each) => loanText(each.id, each)),
    overdue: [...model.overdue].flatMap(([firm, count]) => (count === 0 ? [] : [`${firm.id} ${count}`])),
  });
}

/** Gives the model the ids of notes that the ledger numbered by itself. Equal notes are as good as each other. */
export function learnNotes(chain: TestChain, model: Model): void {
  const taken = new Set(model.notes.map(({ id }) => id));
  const free = chain.all("note").filter(({ id, position }) => LIVE.has(position) && !taken.has(id));
  for (const note of model.notes) {
    if (note.id !== null) continue;
    const text = noteText(note.root.id, note, note.holder.id, note.why?.id ?? null);
    const at = free.findIndex((each) => noteText(each.receivable, each, each.holder, each.ref) === text);
    if (at >= 0) note.id = (free.splice(at, 1)[0] as ObjectOf<"note">).id;
  }
}

function noteText(
  root: Root["id"],
  note: Pick<Note, "amount" | "depth"> & { readonly position: string },
  holder: string,
  why: string | null,
): string {
  return `${root} ${note.amount} ${note.depth} ${note.position} ${holder} ${why}`;
}

function loanText(id: string, loan: Pick<Loan, "status" | "outstanding" | "interestDue" | "interestPaid">): string {
  return `${id} ${loan.status} ${loan.outstanding} ${loan.interestDue} ${loan.interestPaid}`;
}

function sorted(lists: Record<string, readonly string[]>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, [...list].sort()]));
}
