import type { ObjectOf } from "../../../src/ledger/objects.ts";
import { commitment } from "../support/alliance.ts";
import type { TestChain } from "../support/chain.ts";
import type { Contract, Loan, Model, Note, Root } from "./model.ts";
import { isFiled, lineUsed, programmeUsed } from "./standing.ts";

const LIVE: ReadonlySet<string> = new Set(["OPEN", "OFFERED", "RESERVED", "COMMITTED", "PLEDGED", "ASSIGNED"]);
/** Ended one way or another: which of two moments of the same block came first is no business of the model. */
const ENDED: ReadonlySet<string> = new Set(["VOID", "EXPIRED", "ACCEPTED"]);

/** What of the chain the model speaks of, as text that two worlds can be compared by; note ids are left out, for the model knows only some. */
export function ofChain(chain: TestChain): Record<string, readonly string[]> {
  const liveNotes = chain.all("note").filter(({ position }) => LIVE.has(position));
  return sorted({
    contracts: chain
      .all("contract")
      .map((each) => contractText(each, each.payTermDays, each.status === "TERMINATED", each.relying)),
    deliveries: chain.all("delivery").map((each) => `${each.id} ${each.status}`),
    invoices: chain.all("invoice").map((each) => `${each.id} ${each.used} ${each.credited} ${each.taxStatus}`),
    roots: chain
      .all("receivable")
      .map(
        (each) =>
          `${each.id} ${each.status} ${each.confirmed} ${each.live} ${each.redeemed} ${each.cancelled} ${each.diluted} ${each.setoff} ${each.leaves} ${each.maturityDay} ${each.extensions} ${each.noticed} ${each.lateDue} ${each.latePaid}`,
      ),
    notes: liveNotes.map((note) => chainNoteText(chain, note)),
    disputes: chain.all("dispute").map((each) => `${each.id} ${each.status} ${each.upheld} ${each.loan}`),
    freezes: chain.all("freeze").map((each) => `${each.id} ${each.status} ${each.deposited}`),
    guarantees: chain.all("guarantee").map((each) => `${each.id} ${each.used} ${each.untilDay}`),
    amendments: chain.all("amendment").map((each) => `${each.id} ${each.status === "PENDING"} ${each.waiting.length}`),
    payments: chain.all("payment").flatMap((each) => (each.kind === "DEPOSIT" ? [] : [`${each.reference} ${each.status}`])),
    handedOut: chain.all("payment").flatMap((each) => (each.kind === "DEPOSIT" ? [`${each.reference} ${each.amount}`] : [])),
    offers: chain.all("offer").map((each) => `${each.id} ${each.status}`),
    applications: chain.all("application").map((each) => `${each.id} ${each.status}`),
    decisions: chain.all("decision").map((each) => `${each.id} ${ENDED.has(each.status) ? "ended" : each.status}`),
    loans: chain
      .all("loan")
      .map((each) => loanText(each.id, each, each.lender, each.writtenOff, each.demandedDay !== null, each.notes.length)),
    lines: chain
      .all("line")
      .flatMap(({ lender, borrower, used, limit }) =>
        used === 0n && limit === null ? [] : [`${lender} ${borrower} ${used} ${limit}`],
      ),
    programmes: chain
      .all("programme")
      .flatMap(({ debtor, used, limit }) => (used === 0n && limit === null ? [] : [`${debtor} ${used} ${limit}`])),
    consents: chain.all("consent").map(({ id, status }) => `${id} ${status === "REVOKED"}`),
    filings: chain.all("filing").map(({ number, status, untilDay }) => `${number} ${status === "ACTIVE"} ${untilDay}`),
    suspended: chain.all("party").flatMap(({ id, status }) => (status === "SUSPENDED" ? [id] : [])),
    overdue: chain.all("party").flatMap(({ id, overdue }) => (overdue === 0 ? [] : [`${id} ${overdue}`])),
  });
}

export function ofModel(model: Model): Record<string, readonly string[]> {
  return sorted({
    contracts: model.contracts.map((each) => {
      const owed = ["EFFECTIVE", "MATURED", "OVERDUE", "DEFAULTED"];
      const relying = model.roots.filter((root) => root.contract === each && root.noticed && owed.includes(root.status));
      return contractText(each, each.payDays, each.terminated, relying.length);
    }),
    deliveries: model.deliveries.map((each) => `${each.id} ${each.status}`),
    invoices: model.invoices.map((each) => `${each.id} ${each.used} ${each.credited} ${each.tax}`),
    roots: model.roots.map((each) => {
      const live = each.notes.reduce((sum, { amount }) => sum + amount, 0n);
      const lateDue = model.ended.filter(({ root }) => root === each).reduce((sum, { due }) => sum + due, 0n);
      return `${each.id} ${each.status} ${each.confirmed} ${live} ${each.redeemed} ${each.cancelled} ${each.diluted} ${each.setoff} ${each.notes.length} ${each.maturityDay} ${each.extensions} ${each.noticed} ${lateDue} ${each.latePaid}`;
    }),
    notes: model.notes.map(modelNoteText),
    disputes: model.disputes.map((each) => `${each.id} ${each.status} ${each.upheld} ${each.loan?.id ?? null}`),
    freezes: model.freezes.map((each) => `${each.id} ${each.status} ${each.deposited}`),
    guarantees: model.guarantees.map((each) => `${each.id} ${each.used} ${each.untilDay}`),
    amendments: model.amendments.map((each) => `${each.id} ${each.waiting.length > 0} ${each.waiting.length}`),
    handedOut: model.handedOut.map(({ order, amount }) => `${order.id} ${amount}`),
    payments: model.payments.map((each) => `${commitment(each.reference)} ${each.status}`),
    offers: model.offers.map((each) => `${each.id} ${each.status}`),
    applications: model.applications.map((each) => `${each.id} ${each.status}`),
    decisions: model.decisions.map((each) => `${each.id} ${each.live ? "LIVE" : "ended"}`),
    loans: model.loans.map((each) => loanText(each.id, each, each.lender.id, each.writtenOff, each.demanded, each.notes.length)),
    lines: linesOf(model),
    programmes: [...new Set(model.contracts.map(({ buyer }) => buyer)), ...model.standing.programmes.keys()]
      .filter((debtor, index, all) => all.indexOf(debtor) === index)
      .flatMap((debtor) => {
        const [used, limit] = [programmeUsed(model, debtor), model.standing.programmes.get(debtor) ?? null];
        return used === 0n && limit === null ? [] : [`${debtor.id} ${used} ${limit}`];
      }),
    consents: model.standing.consents.map(({ id, revoked }) => `${id} ${revoked}`),
    filings: model.loans.flatMap((loan) =>
      loan.filing === null ? [] : [`${commitment(loan.filing.number)} ${isFiled(loan)} ${loan.filing.untilDay}`],
    ),
    suspended: model.standing.newcomers.flatMap(({ firm, suspendedBy }) => (suspendedBy === null ? [] : [firm.id])),
    overdue: [...model.overdue].flatMap(([firm, count]) => (count === 0 ? [] : [`${firm.id} ${count}`])),
  });
}

function linesOf(model: Model): readonly string[] {
  const pairs = new Map(
    model.loans.map(({ lender, borrower }) => [`${lender.id} ${borrower.id}`, lineUsed(model, lender, borrower)]),
  );
  for (const name of model.standing.lines.keys()) if (!pairs.has(name)) pairs.set(name, 0n);
  return [...pairs].flatMap(([name, used]) => {
    const limit = model.standing.lines.get(name) ?? null;
    return used === 0n && limit === null ? [] : [`${name} ${used} ${limit}`];
  });
}

/** Gives the model the ids of notes that the ledger numbered by itself. Equal notes are as good as each other. */
export function learnNotes(chain: TestChain, model: Model): void {
  const taken = new Set(model.notes.map(({ id }) => id));
  const free = chain.all("note").filter(({ id, position }) => LIVE.has(position) && !taken.has(id));
  for (const note of model.notes) {
    if (note.id !== null) continue;
    const text = modelNoteText(note);
    const at = free.findIndex((each) => chainNoteText(chain, each) === text);
    if (at >= 0) note.id = (free.splice(at, 1)[0] as ObjectOf<"note">).id;
  }
  for (const payment of model.payments) {
    if (payment.redeemed.every(({ ended }) => ended.id !== null)) continue;
    const kept = chain.all("payment").find(({ reference }) => reference === commitment(payment.reference));
    for (const [index, { ended }] of payment.redeemed.entries()) ended.id = kept?.redeemed[index]?.note ?? null;
  }
}

function noteText(
  root: Root["id"],
  note: Pick<Note, "amount" | "depth"> & { readonly position: string },
  holder: string,
  why: string | null,
  hold: string | null,
  dispute: string | null,
  from: string | null,
): string {
  return `${root} ${note.amount} ${note.depth} ${note.position} ${holder} ${why} ${hold} ${dispute} ${from}`;
}

/** From whom it came by a transfer of the whole, too: two notes that are alike but for that are not as good as each other. */
function chainNoteText(chain: TestChain, note: ObjectOf<"note">): string {
  const parent = note.parent === null ? undefined : chain.find("note", note.parent);
  const from = parent !== undefined && parent.holder !== note.holder && parent.amount === note.amount ? parent.holder : null;
  return noteText(note.receivable, note, note.holder, note.ref, note.hold, note.dispute, from);
}

function modelNoteText(note: Note): string {
  const { root, holder, why, hold, dispute } = note;
  return noteText(root.id, note, holder.id, why?.id ?? null, hold?.id ?? null, dispute?.id ?? null, note.from?.id ?? null);
}

function contractText(
  contract: Pick<Contract, "id" | "total" | "delivered" | "accepted" | "invoiced">,
  payDays: number,
  isTerminated: boolean,
  relying: number,
): string {
  const { id, total, delivered, accepted, invoiced } = contract;
  return `${id} ${total} ${delivered} ${accepted} ${invoiced} ${payDays} ${isTerminated} ${relying}`;
}

function loanText(
  id: string,
  loan: Pick<Loan, "status" | "outstanding" | "interestDue" | "interestPaid" | "accruedDay">,
  lender: string,
  writtenOff: bigint,
  isDemanded: boolean,
  notes: number,
): string {
  const secured = loan.status === "ACTIVE" ? notes : 0;
  const { status, outstanding, interestDue, interestPaid } = loan;
  return `${id} ${status} ${outstanding} ${interestDue} ${interestPaid} ${lender} ${writtenOff} ${isDemanded} ${secured}`;
}

function sorted(lists: Record<string, readonly string[]>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, [...list].sort()]));
}
