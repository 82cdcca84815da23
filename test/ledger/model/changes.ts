import type { Firm } from "../support/firm.ts";
import {
  type Amendment,
  type Contract,
  type Dispute,
  FREE,
  type Freeze,
  type Guarantee,
  type Invoice,
  type Loan,
  type Model,
  monthsLater,
  type Note,
  type Payment,
  type Root,
  sum,
} from "./model.ts";
import { lineCovers } from "./standing.ts";

/** What changes, contests, guards and ends receivables and loans, told as plainly as the rest of the model. */

const LEAST = 100n;
const LEAVES = 1_024;
const LATE = ["OVERDUE", "DEFAULTED"];
const DUE = ["MATURED", ...LATE];

const isLive = (note: Note): boolean => note.root.notes.includes(note);
const securedBy = ({ position, why }: Note): Loan | null =>
  ["COMMITTED", "PLEDGED", "ASSIGNED"].includes(position) ? (why as Loan) : null;
const isAtRest = (note: Note): boolean => isLive(note) && ["OPEN", "PLEDGED", "ASSIGNED"].includes(note.position);
const isFree = (note: Note): boolean => note.hold === null && note.dispute === null;

export function interestedIn(note: Note): readonly Firm[] {
  const loan = securedBy(note);
  return [...new Set([note.holder, ...(loan === null ? [] : [loan.lender])])];
}

function canCarve(note: Note, amount: bigint): boolean {
  if (amount > note.amount) return false;
  if (amount === note.amount) return true;
  const loan = securedBy(note);
  if (loan !== null && loan.notes.length >= 128) return false;
  return amount >= LEAST && note.amount - amount >= LEAST && note.root.notes.length < LEAVES;
}

/** The part gets marks of its own; both parts live on. */
function carve(model: Model, note: Note, amount: bigint, mark: Partial<Note>): Note {
  if (amount === note.amount && mark.holder === undefined) {
    const loan = securedBy(note);
    Object.assign(note, mark);
    if (loan !== null && note.why !== loan) loan.notes = loan.notes.filter((other) => other !== note);
    return note;
  }
  const from = mark.holder !== undefined && amount === note.amount ? note.holder : null;
  const part: Note = { ...note, from, ...mark, id: null, amount };
  const rest: Note[] = amount < note.amount ? [{ ...note, from: null, id: null, amount: note.amount - amount }] : [];
  model.swap(note, [part, ...rest]);
  if (rest.length > 0) note.root.moved = true;
  return part;
}

// — disputes —

export function raiseDispute(model: Model, note: Note, amount: bigint): boolean {
  if (!isLive(note) || !isFree(note) || !canCarve(note, amount)) return false;
  const dispute: Dispute = { id: "", note, upheld: 0n, loan: null, status: "RECORDED" };
  model.disputes.push(dispute);
  if (note.root.mode === "UNCONDITIONAL") return true;
  dispute.status = "RAISED";
  model.stopWaiting(note);
  dispute.note = carve(model, note, amount, { dispute });
  return true;
}

const stands = ({ status }: Dispute): boolean => status === "RAISED" || status === "ANSWERED";

export function answerDispute(dispute: Dispute): boolean {
  if (!stands(dispute)) return false;
  dispute.status = "ANSWERED";
  return true;
}

export function endDispute(model: Model, dispute: Dispute, upheld: bigint, status: string): boolean {
  const { note } = dispute;
  if (!stands(dispute)) return false;
  if (status !== "WITHDRAWN" && (note.hold !== null || (upheld > 0n && !canCarve(note, upheld)))) return false;
  const loan = securedBy(note);
  dispute.loan = note.position === "COMMITTED" ? null : loan;
  dispute.status = status;
  dispute.upheld = upheld;
  note.dispute = null;
  if (upheld > 0n) model.cut(note, upheld, "diluted");
  return true;
}

// — set-off, consolidation, return —

export function setOff(model: Model, note: Note, amount: bigint, isFounded: boolean): boolean {
  if (!isAtRest(note) || !isFree(note) || !isFounded || !canCarve(note, amount)) return false;
  model.end(note, amount, securedBy(note), model.today, 0n);
  model.cut(note, amount, "setoff");
  return true;
}

export function consolidate(model: Model, notes: readonly Note[]): boolean {
  const first = notes[0] as Note;
  if (first.root.status !== "EFFECTIVE") return false;
  if (notes.some((note) => !isLive(note) || note.position !== "OPEN" || !isFree(note))) return false;
  if (notes.some(({ holder, root }) => holder !== first.holder || root !== first.root)) return false;
  const merged: Note = {
    ...first,
    from: null,
    id: null,
    amount: sum(notes),
    depth: Math.max(...notes.map(({ depth }) => depth)),
  };
  for (const note of notes) model.replace(note, note === first ? [merged] : []);
  return true;
}

export function returnTransfer(model: Model, note: Note): boolean {
  if (!isLive(note) || note.position !== "OPEN" || !isFree(note) || note.from === null) return false;
  model.move(note, note.from);
  return true;
}

// — freezing —

export function freeze(model: Model, note: Note, amount: bigint): boolean {
  if (!isLive(note) || note.hold !== null || !canCarve(note, amount)) return false;
  if (note.dispute !== null && amount < note.amount) return false;
  const order: Freeze = { id: "", note, deposited: 0n, loan: null, status: "ACTIVE" };
  model.freezes.push(order);
  model.stopWaiting(note);
  order.note = carve(model, note, amount, { hold: order });
  return true;
}

export function lift(model: Model, order: Freeze): boolean {
  if (order.status !== "ACTIVE") return false;
  order.status = "LIFTED";
  order.note.hold = null;
  if (order.deposited > 0n && order.loan?.status === "ACTIVE") {
    model.payLoan(order.loan, order.deposited, model.today, order);
    model.handedOut.push({ order, amount: order.deposited });
  }
  order.deposited = 0n;
  return true;
}

export function execute(model: Model, order: Freeze, to: Firm): boolean {
  const { note } = order;
  if (order.status !== "ACTIVE" || order.loan !== null || to === note.root.contract.buyer) return false;
  if (isLive(note) && (note.position !== "OPEN" || note.holder === to)) return false;
  order.status = "TRANSFERRED";
  order.deposited = 0n;
  if (!isLive(note)) return true;
  model.notify(note.root);
  model.replace(note, [{ ...note, id: null, holder: to, hold: null, from: note.holder }]);
  return true;
}

// — payments —

export function payEarly(model: Model, note: Note, paid: bigint, face: bigint, reference: string): boolean {
  if (!isLive(note) || note.position !== "OPEN" || !isFree(note) || note.root.status !== "EFFECTIVE") return false;
  if (paid > face || face > note.amount || face - paid > (face * 1_000n) / 10_000n) return false;
  if (!model.take(`bank ${reference}`)) return false;
  model.redeem([{ note, amount: face }], model.today, model.keep(reference, true));
  return true;
}

export function reverse(model: Model, payment: Payment): boolean {
  if (payment.status !== "ATTESTED" || !payment.reversible) return false;
  if (
    model.now > payment.recordedMs + 30 * 86_400_000 ||
    payment.redeemed.some(({ order }) => order !== null && order.status !== "ACTIVE")
  )
    return false;
  const { subrogation } = payment;
  if (subrogation !== null) {
    const { note, promise } = subrogation;
    if (!isLive(note) || note.position !== "OPEN" || !isFree(note) || note.holder !== promise.guarantor) return false;
  }
  if (payment.redeemed.some(({ ended, late }) => ended.due !== ended.earned - late)) return false;
  if (payment.loans.some(({ loan }) => loan.paidBy !== payment)) return false;
  payment.status = "REVERSED";
  for (const { ended, amount } of payment.interest) {
    ended.due += amount;
    ended.root.latePaid -= amount;
  }
  for (const { loan, interest, principal, interestBefore, accruedBefore, paidByBefore, freed } of payment.loans) {
    loan.status = "ACTIVE";
    loan.outstanding += principal;
    loan.principalPaid -= principal;
    loan.interestPaid -= interest;
    loan.interestDue = interestBefore;
    loan.accruedDay = accruedBefore;
    loan.paidBy = paidByBefore;
    const { security, recourse } = loan.decision;
    const owner = security === "ASSIGNMENT" && !recourse ? loan.lender : loan.borrower;
    for (const note of freed.filter((each) => isLive(each) && each.position === "OPEN" && each.holder === owner)) {
      if (security === "PLEDGE" || !recourse) {
        note.position = security === "PLEDGE" ? "PLEDGED" : "ASSIGNED";
        note.why = loan;
        loan.notes.push(note);
      } else {
        const again: Note = { ...note, id: null, holder: loan.lender, position: "ASSIGNED", why: loan, from: note.holder };
        model.replace(note, [again]);
        loan.notes.push(again);
      }
    }
  }
  for (const { root, amount, holder, depth, loan, order, late, ended } of payment.redeemed) {
    root.redeemed -= amount;
    root.latePaid -= late;
    model.ended.splice(model.ended.indexOf(ended), 1);
    if (order !== null) {
      order.deposited -= amount + late;
      if (order.deposited === 0n) order.loan = null;
    }
    if (order !== null && isLive(order.note)) {
      const { note } = order;
      model.swap(note, [{ ...note, id: null, amount: note.amount + amount, from: null }]);
      continue;
    }
    const leaf: Note = { ...FREE, ...belongs(loan, holder), id: null, root, amount, depth, hold: order };
    if (leaf.holder !== holder) leaf.from = holder;
    if (order !== null) order.note = leaf;
    root.notes.push(leaf);
    if (leaf.why !== null) loan?.notes.push(leaf);
    if (root.status === "SETTLED") reopen(model, root);
  }
  if (subrogation !== null) {
    const { note, promise, creditor, loan } = subrogation;
    const leaf: Note = { ...note, ...belongs(loan, creditor), id: null, from: note.holder };
    model.notify(note.root);
    model.replace(note, [leaf]);
    if (leaf.why !== null) loan?.notes.push(leaf);
    promise.used -= note.amount;
  }
  return true;
}

/** Where a note is that secured the loan: bound to it while it runs, and free after that. */
function belongs(loan: Loan | null, holder: Firm): Pick<Note, "position" | "why" | "holder"> {
  if (loan === null) return { position: "OPEN", why: null, holder };
  const { security, recourse } = loan.decision;
  if (loan.status !== "ACTIVE")
    return { position: "OPEN", why: null, holder: security === "ASSIGNMENT" && recourse ? loan.borrower : holder };
  if (security === "PLEDGE") return { position: "PLEDGED", why: loan, holder };
  return { position: "ASSIGNED", why: loan, holder: loan.lender };
}

function reopen(model: Model, root: Root): void {
  const late = model.today - root.maturityDay;
  root.status = late < 0 ? "EFFECTIVE" : late <= 3 ? "MATURED" : late <= 90 ? "OVERDUE" : "DEFAULTED";
  if (LATE.includes(root.status)) model.overdue.set(root.contract.buyer, model.overdueOf(root.contract.buyer) + 1);
}

// — recourse, resale, guarantees —

export function demand(loan: Loan, cause: Note | Dispute): boolean {
  if (loan.status !== "ACTIVE" || !loan.decision.recourse || loan.demanded) return false;
  const isNote = "amount" in cause;
  const isLate = isNote && loan.notes.includes(cause) && LATE.includes(cause.root.status);
  const isUpheld = !isNote && cause.loan === loan && cause.upheld > 0n;
  if (!isLate && !isUpheld) return false;
  loan.demanded = true;
  return true;
}

export function priceOf(model: Model, loan: Loan, note: Note): bigint {
  const all = sum(loan.notes);
  return all === 0n ? 1n : (model.owed(loan, model.today) * note.amount + all - 1n) / all;
}

export function buyBack(model: Model, loan: Loan, note: Note, amount: bigint, reference: string): boolean {
  if (loan.status !== "ACTIVE" || !loan.decision.recourse || !loan.notes.includes(note) || note.hold !== null) return false;
  if (amount !== priceOf(model, loan, note) || !model.take(`bank ${reference}`)) return false;
  const payment = model.keep(reference, true);
  const paid = model.payLoan(loan, amount, model.today, payment);
  payment.loans = [paid];
  if (loan.status !== "ACTIVE") return true;
  paid.freed = [model.free(loan, note)];
  loan.notes = loan.notes.filter((other) => other !== note);
  return true;
}

export function writeOff(model: Model, loan: Loan): boolean {
  if (loan.status !== "ACTIVE" || loan.writtenOff >= loan.outstanding) return false;
  const isLongOver = model.today > loan.startDay + loan.decision.tenorDays + 90;
  if (!isLongOver && !loan.notes.some(({ root }) => root.status === "DEFAULTED")) return false;
  loan.writtenOff = loan.outstanding;
  return true;
}

export function resell(model: Model, loan: Loan, to: Firm, isLender: boolean): boolean {
  if (loan.status !== "ACTIVE" || !isLender || to === loan.lender || to === loan.borrower) return false;
  if (loan.notes.some(({ hold }) => hold !== null)) return false;
  if (!lineCovers(model, to, loan.borrower, loan.outstanding)) return false;
  loan.lender = to;
  loan.notes = loan.notes.map((note) => {
    model.notify(note.root);
    if (note.position !== "ASSIGNED") return note;
    const moved: Note = { ...note, id: null, holder: to, from: note.holder };
    model.replace(note, [moved]);
    return moved;
  });
  return true;
}

export function guarantee(model: Model, root: Root, guarantor: Firm, cap: bigint, untilDay: number): boolean {
  if (!["EFFECTIVE", ...DUE].includes(root.status) || cap > sum(root.notes) || untilDay < model.today) return false;
  if (root.guarantees.length >= 8) return false;
  const promise: Guarantee = { id: "", root, guarantor, cap, used: 0n, untilDay };
  model.guarantees.push(promise);
  root.guarantees.push(promise);
  return true;
}

export function payGuarantee(
  model: Model,
  promise: Guarantee,
  note: Note,
  amount: bigint,
  guarantor: Firm,
  reference: string,
): boolean {
  if (note.root !== promise.root || model.today > promise.untilDay || promise.used + amount > promise.cap) return false;
  if (!DUE.includes(note.root.status) || !isAtRest(note) || !isFree(note) || note.holder === guarantor) return false;
  if (!canCarve(note, amount) || !model.take(`bank ${reference}`)) return false;
  const loan = securedBy(note);
  promise.used += amount;
  const creditor = note.holder;
  const got = carve(model, note, amount, { holder: guarantor, position: "OPEN", why: null });
  const payment = model.keep(reference, true);
  payment.subrogation = { note: got, promise, creditor, loan };
  if (loan !== null) payment.loans = [model.payLoan(loan, amount, model.today, payment)];
  model.notify(note.root);
  return true;
}

// — contracts and invoices —

const relying = (model: Model, contract: Contract): readonly Root[] =>
  model.roots.filter((root) => root.contract === contract && root.noticed && ["EFFECTIVE", ...DUE].includes(root.status));

export function reliers(model: Model, contract: Contract): readonly Note[] {
  return relying(model, contract).flatMap(({ notes }) => notes);
}

const same = (left: readonly Note[], right: readonly Note[]): boolean =>
  left.length === right.length && left.every((note) => right.includes(note));

function propose(
  model: Model,
  notes: readonly Note[],
  guarantors: readonly Firm[],
  signed: readonly Firm[],
  holds: () => boolean,
  apply: () => void,
): boolean {
  const concerned = new Set([...notes.flatMap(interestedIn), ...guarantors]);
  const asked = [...concerned].filter((firm) => !signed.includes(firm));
  const expiresMs = model.now + 30 * 86_400_000;
  const amendment: Amendment = { id: "", waiting: asked, asked, notes: [...notes], expiresMs, holds, signed, apply };
  model.amendments.push(amendment);
  if (asked.length === 0) apply();
  return true;
}

export function amend(model: Model, contract: Contract, total: bigint, payDays: number, notes: readonly Note[]): boolean {
  if (contract.terminated || contract.delivered > total) return false;
  const hurts = total < contract.total || payDays > contract.payDays;
  if (hurts && !same(notes, reliers(model, contract))) return false;
  const named = hurts ? notes : [];
  return propose(
    model,
    named,
    [],
    [contract.seller, contract.buyer],
    () => !contract.terminated && contract.delivered <= total && same(named, reliers(model, contract)),
    () => Object.assign(contract, { total, payDays }),
  );
}

export function terminate(model: Model, contract: Contract, notes: readonly Note[]): boolean {
  if (contract.terminated || !same(notes, reliers(model, contract))) return false;
  return propose(
    model,
    notes,
    [],
    [contract.seller, contract.buyer],
    () => !contract.terminated && same(notes, reliers(model, contract)),
    () => {
      contract.terminated = true;
    },
  );
}

export function extend(model: Model, root: Root, maturityDay: number, notes: readonly Note[], guarantor: Firm | null): boolean {
  const latest = monthsLater(root.issueDay, 12);
  const may = () =>
    root.status === "EFFECTIVE" &&
    model.today < root.maturityDay &&
    maturityDay > root.maturityDay &&
    maturityDay <= latest &&
    root.extensions < 1;
  if (!may() || !same(notes, root.notes) || notes.some((note) => !isAtRest(note) || note.hold !== null)) return false;
  // As they are now: a payment that is reversed adds to the root's own list.
  const all = [...notes];
  const prolonged = guarantor === null ? [] : [...root.guarantees];
  return propose(
    model,
    notes,
    prolonged.length === 0 || guarantor === null ? [] : [guarantor],
    [root.contract.buyer],
    () => may() && same(all, root.notes),
    () => {
      for (const promise of prolonged) promise.untilDay += maturityDay - root.maturityDay;
      root.maturityDay = maturityDay;
      root.extensions += 1;
    },
  );
}

export function consent(model: Model, amendment: Amendment, party: Firm): boolean {
  if (!amendment.waiting.includes(party) || model.now >= amendment.expiresMs) return false;
  if (amendment.waiting.length === 1) {
    const known = [...amendment.asked, ...amendment.signed];
    if (amendment.notes.some((note) => !isLive(note) || interestedIn(note).some((firm) => !known.includes(firm)))) return false;
    if (!amendment.holds()) return false;
  }
  amendment.waiting = amendment.waiting.filter((other) => other !== party);
  if (amendment.waiting.length === 0) amendment.apply();
  return true;
}

export function credit(model: Model, invoice: Invoice, amount: bigint, dilution: { note: Note; amount: bigint } | null): boolean {
  const free = invoice.total - invoice.credited - invoice.used;
  if (invoice.credited + amount > invoice.total) return false;
  if ((dilution?.amount ?? 0n) !== (amount > free ? amount - free : 0n)) return false;
  if (dilution !== null) {
    const use = dilution.note.root.uses.find((each) => each.invoice === invoice);
    if (!isAtRest(dilution.note) || !isFree(dilution.note) || !canCarve(dilution.note, dilution.amount)) return false;
    if (use === undefined || use.amount < dilution.amount) return false;
    use.amount -= dilution.amount;
    invoice.used -= dilution.amount;
    model.cut(dilution.note, dilution.amount, "diluted");
  }
  invoice.credited += amount;
  invoice.contract.invoiced -= amount;
  return true;
}
