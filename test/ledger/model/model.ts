import type { Firm } from "../support/firm.ts";
import { lineCovers, programmeCovers, Standing } from "./standing.ts";

/**
 * The receivables business as plainly as it can be told: records in lists, found by looking through them, written from the domain
 * reference and not from the ledger, of which it imports nothing. Every operation answers whether it took effect.
 */

const MINUTE = 60_000;
const DAY = 86_400_000;
const TTL = { offer: 72 * 3_600_000, reserve: 24 * 3_600_000, payBy: 24 * 3_600_000, search: 24 * 3_600_000 };
const CONFIRM_DAYS = 30;
const GRACE_DAYS = 3;
const DEFAULT_DAYS = 90;
/** Five basis points a day, as a rate of the year of 360 days. */
const PENALTY_PPM = 180_000n;
const LEAST = 100n;
/** A note that nothing weighs on. */
export const FREE = { position: "OPEN", why: null, hold: null, dispute: null, from: null } as const;

export type Position = "OPEN" | "OFFERED" | "RESERVED" | "COMMITTED" | "PLEDGED" | "ASSIGNED";

export interface Contract {
  id: string;
  seller: Firm;
  buyer: Firm;
  total: bigint;
  delivered: bigint;
  accepted: bigint;
  invoiced: bigint;
  payDays: number;
  inspectionDays: number;
  terminated: boolean;
}
export interface Delivery {
  id: string;
  contract: Contract;
  amount: bigint;
  accepted: bigint;
  dueMs: number;
  status: "PENDING" | "ACCEPTED" | "REJECTED";
}
export interface Invoice {
  id: string;
  contract: Contract;
  total: bigint;
  credited: bigint;
  used: bigint;
  tax: "NORMAL" | "UNVERIFIED" | "RED" | "VOID";
  checkedMs: number;
}
export interface Root {
  id: string;
  contract: Contract;
  origin: "SELLER" | "DEBTOR";
  mode: "EXISTENCE" | "UNCONDITIONAL";
  face: bigint;
  confirmed: bigint;
  redeemed: bigint;
  cancelled: bigint;
  diluted: bigint;
  setoff: bigint;
  latePaid: bigint;
  status: string;
  deadlineMs: number;
  issueDay: number;
  maturityDay: number;
  extensions: number;
  noticed: boolean;
  guarantees: Guarantee[];
  uses: { invoice: Invoice; amount: bigint }[];
  moved: boolean;
  /** Live leaves. */
  notes: Note[];
}
export interface Note {
  /** null until it is looked up on the chain. */
  id: string | null;
  root: Root;
  amount: bigint;
  holder: Firm;
  depth: number;
  position: Position;
  why: Offer | Application | Loan | null;
  hold: Freeze | null;
  dispute: Dispute | null;
  /** Whose it was before a transfer of the whole, while that can be returned. */
  from: Firm | null;
}
export interface Dispute {
  id: string;
  note: Note;
  upheld: bigint;
  loan: Loan | null;
  status: string;
}
export interface Freeze {
  id: string;
  note: Note;
  deposited: bigint;
  loan: Loan | null;
  status: string;
}
export interface Guarantee {
  id: string;
  root: Root;
  guarantor: Firm;
  cap: bigint;
  used: bigint;
  untilDay: number;
}
/** An amendment that waits for consents. */
export interface Amendment {
  id: string;
  waiting: Firm[];
  asked: Firm[];
  notes: Note[];
  expiresMs: number;
  /** Whether it could still take effect, apart from who is asked. */
  holds: () => boolean;
  signed: readonly Firm[];
  apply: () => void;
}
export interface Paid {
  loan: Loan;
  interest: bigint;
  principal: bigint;
  interestBefore: bigint;
  accruedBefore: number;
  paidByBefore: object | null;
  freed: Note[];
}
/** What of a note ended by payment or set-off: its interest for being late runs no more. */
export interface Ended {
  /** null until it is looked up on the chain. */
  id: string | null;
  root: Root;
  amount: bigint;
  earned: bigint;
  due: bigint;
  holder: Firm;
  loan: Loan | null;
  /** The order that keeps all of its money. */
  held: Freeze | null;
}
export interface Payment {
  id: string;
  reference: string;
  recordedMs: number;
  reversible: boolean;
  status: "ATTESTED" | "REVERSED";
  redeemed: {
    root: Root;
    amount: bigint;
    holder: Firm;
    depth: number;
    loan: Loan | null;
    order: Freeze | null;
    late: bigint;
    ended: Ended;
  }[];
  /** Of interest alone: what it was paid on. */
  interest: { ended: Ended; amount: bigint }[];
  /** What a guarantor got for it, by which guarantee, and whose it was. */
  subrogation: { note: Note; promise: Guarantee; creditor: Firm; loan: Loan | null } | null;
  loans: Paid[];
}
/** What a payment is for: part of a note, and interest for its being late. */
export interface Line {
  readonly note: Note;
  readonly amount: bigint;
  readonly late?: bigint;
}
export interface Offer {
  id: string;
  note: Note;
  from: Firm;
  to: Firm;
  expiresMs: number;
  status: string;
}
export interface Application {
  id: string;
  borrower: Firm;
  lenders: Firm[];
  notes: Note[];
  amount: bigint;
  expiresMs: number;
  open: boolean;
  status: string;
}
export interface Decision {
  id: string;
  application: Application;
  lender: Firm;
  outcome: string;
  amount: bigint;
  ratePpm: number;
  tenorDays: number;
  advanceBp: number;
  recourse: boolean;
  security: "PLEDGE" | "ASSIGNMENT";
  expiresMs: number;
  live: boolean;
}
export interface Loan {
  id: string;
  decision: Decision;
  lender: Firm;
  borrower: Firm;
  notes: Note[];
  paidBy: object | null;
  writtenOff: bigint;
  demanded: boolean;
  status: string;
  payByMs: number;
  startDay: number;
  filing: { timeMs: number; recordedMs: number; number: string; untilDay: number; by: Firm } | null;
  outstanding: bigint;
  interestDue: bigint;
  interestPaid: bigint;
  principalPaid: bigint;
  accruedDay: number;
}
export interface Search {
  id: string;
  subject: Firm;
  hits: number;
  timeMs: number;
  recordedMs: number;
}

export class Model {
  now = 0;
  block = 0;
  readonly contracts: Contract[] = [];
  readonly deliveries: Delivery[] = [];
  readonly invoices: Invoice[] = [];
  readonly roots: Root[] = [];
  readonly offers: Offer[] = [];
  readonly applications: Application[] = [];
  readonly decisions: Decision[] = [];
  readonly loans: Loan[] = [];
  readonly searches: Search[] = [];
  readonly disputes: Dispute[] = [];
  readonly freezes: Freeze[] = [];
  readonly guarantees: Guarantee[] = [];
  readonly amendments: Amendment[] = [];
  readonly payments: Payment[] = [];
  readonly ended: Ended[] = [];
  /** What orders that were lifted paid to loans out of deposit. */
  readonly handedOut: { readonly order: Freeze; readonly amount: bigint }[] = [];
  readonly standing = new Standing();
  readonly names = new Set<string>();
  readonly overdue = new Map<Firm, number>();
  /** From which amount on a firm's note operations need its checker. */
  readonly checkedFrom = new Map<Firm, bigint>();

  get today(): number {
    return Math.floor((this.now + 8 * 3_600_000) / DAY);
  }

  get notes(): Note[] {
    return this.roots.flatMap((root) => root.notes);
  }

  /** A name is taken once. */
  take(name: string): boolean {
    if (this.names.has(name)) return false;
    this.names.add(name);
    return true;
  }

  overdueOf(firm: Firm): number {
    return this.overdue.get(firm) ?? 0;
  }

  // — time —

  /** What happens by itself before the transactions of a block at `now`; deadlines are looked at by the minute. */
  tick(now: number): void {
    this.now = now;
    this.block += 1;
    const isPast = (moment: number): boolean => now >= Math.ceil(moment / MINUTE) * MINUTE;
    for (const delivery of this.deliveries)
      if (delivery.status === "PENDING" && isPast(delivery.dueMs)) this.accept(delivery, delivery.amount);
    for (const root of this.roots) {
      if (root.status === "PROPOSED" && isPast(root.deadlineMs)) this.endRoot(root, "LAPSED");
      if (root.status === "EFFECTIVE" && this.today >= root.maturityDay) root.status = "MATURED";
      if (root.status === "MATURED" && this.today > root.maturityDay + GRACE_DAYS) {
        root.status = "OVERDUE";
        this.overdue.set(root.contract.buyer, this.overdueOf(root.contract.buyer) + 1);
      }
      if (root.status === "OVERDUE" && this.today > root.maturityDay + DEFAULT_DAYS) root.status = "DEFAULTED";
    }
    for (const offer of this.offers) if (offer.status === "PENDING" && isPast(offer.expiresMs)) this.stopOffer(offer, "EXPIRED");
    for (const application of this.applications)
      if (application.open && isPast(application.expiresMs)) this.close(application, "EXPIRED");
    for (const decision of this.decisions) if (isPast(decision.expiresMs)) decision.live = false;
    for (const loan of this.loans)
      if ((loan.status === "COMMITTED" || loan.status === "ORDERED") && isPast(loan.payByMs)) this.void(loan);
  }

  // — trade —

  deliver(contract: Contract, amount: bigint, day: number): boolean {
    if (contract.terminated) return false;
    if (day > this.today || day < this.today - 366 || contract.delivered + amount > contract.total) return false;
    contract.delivered += amount;
    const lastDay = Math.max(day + contract.inspectionDays, this.today);
    this.deliveries.push({
      id: "",
      contract,
      amount,
      accepted: 0n,
      dueMs: (lastDay + 1) * DAY - 8 * 3_600_000,
      status: "PENDING",
    });
    return true;
  }

  acceptDelivery(delivery: Delivery, amount: bigint): boolean {
    if (delivery.status !== "PENDING" || amount > delivery.amount) return false;
    this.accept(delivery, amount);
    return true;
  }

  rejectDelivery(delivery: Delivery): boolean {
    if (delivery.status !== "PENDING") return false;
    delivery.status = "REJECTED";
    delivery.contract.delivered -= delivery.amount;
    return true;
  }

  registerInvoice(contract: Contract, total: bigint, fingerprint: string, verified: boolean): boolean {
    if (contract.terminated) return false;
    if (contract.invoiced + total > contract.accepted || !this.take(`fingerprint ${fingerprint}`)) return false;
    contract.invoiced += total;
    this.invoices.push({
      id: "",
      contract,
      total,
      credited: 0n,
      used: 0n,
      tax: verified ? "NORMAL" : "UNVERIFIED",
      checkedMs: verified ? this.now : 0,
    });
    return true;
  }

  attest(invoice: Invoice, tax: Invoice["tax"], checkedMs: number): boolean {
    if (checkedMs > this.now || checkedMs <= invoice.checkedMs) return false;
    invoice.tax = tax;
    invoice.checkedMs = checkedMs;
    return true;
  }

  // — receivables —

  issue(origin: Root["origin"], contract: Contract, uses: Root["uses"], tenor: number, hasReason: boolean): boolean {
    if (contract.terminated) return false;
    const face = uses.reduce((sum, use) => sum + use.amount, 0n);
    const maturityDay = this.today + tenor;
    if (uses.some(({ invoice }) => invoice.contract !== contract || invoice.tax === "RED" || invoice.tax === "VOID"))
      return false;
    if (uses.some(({ invoice, amount }) => invoice.used + invoice.credited + amount > invoice.total)) return false;
    if (new Set(uses.map(({ invoice }) => invoice)).size !== uses.length) return false;
    if (face < LEAST || tenor <= 0 || maturityDay > monthsLater(this.today, 12)) return false;
    if (maturityDay > monthsLater(this.today, 6) && !hasReason) return false;
    if (origin === "DEBTOR" && (this.overdueOf(contract.buyer) > 0 || tenor > contract.payDays)) return false;
    if (origin === "DEBTOR" && !programmeCovers(this, contract.buyer, face)) return false;
    for (const use of uses) use.invoice.used += use.amount;
    const patience = origin === "DEBTOR" ? TTL.offer : CONFIRM_DAYS * DAY;
    this.roots.push({
      id: "",
      contract,
      origin,
      mode: "EXISTENCE",
      face,
      confirmed: 0n,
      latePaid: 0n,
      redeemed: 0n,
      cancelled: 0n,
      diluted: 0n,
      setoff: 0n,
      issueDay: this.today,
      extensions: 0,
      noticed: false,
      guarantees: [],
      status: "PROPOSED",
      deadlineMs: this.now + patience,
      maturityDay,
      uses: uses.map((use) => ({ ...use })),
      moved: false,
      notes: [],
    });
    return true;
  }

  answer(root: Root, by: Root["origin"], amount: bigint, mode: Root["mode"] = "UNCONDITIONAL"): boolean {
    if (root.status !== "PROPOSED" || root.origin !== by || this.now >= root.deadlineMs) return false;
    if (amount > root.face || amount < LEAST || this.today >= root.maturityDay) return false;
    this.giveBack(root, root.face - amount);
    root.confirmed = amount;
    root.status = "EFFECTIVE";
    root.mode = mode;
    root.notes = [{ ...FREE, id: null, root, amount, holder: root.contract.seller, depth: 0 }];
    return true;
  }

  endProposal(root: Root, status: "REJECTED" | "WITHDRAWN"): boolean {
    if (root.status !== "PROPOSED") return false;
    this.endRoot(root, status);
    return true;
  }

  cancel(root: Root, note: Note): boolean {
    const whole = root.notes.length === 1 && root.notes[0] === note && note.position === "OPEN";
    if (root.status !== "EFFECTIVE" || this.today >= root.maturityDay || !whole) return false;
    if (note.amount !== root.confirmed || note.hold !== null || note.dispute !== null) return false;
    if (root.moved || note.holder !== root.contract.seller) return false;
    root.status = "CANCELLED";
    root.cancelled = note.amount;
    root.notes = [];
    this.giveBack(root, root.confirmed);
    return true;
  }

  // — notes —

  split(note: Note, parts: readonly bigint[]): boolean {
    if (!this.isMovable(note) || parts.reduce((sum, part) => sum + part, 0n) !== note.amount) return false;
    if (parts.some((part) => part < LEAST) || note.depth >= 10) return false;
    note.root.moved = true;
    const children = parts.map((amount): Note => ({ ...note, id: null, amount, depth: note.depth + 1, from: null }));
    this.replace(note, children);
    return true;
  }

  offer(note: Note, to: Firm, expiresMs: number): boolean {
    if (!this.isMovable(note) || !this.mayHold(note, to)) return false;
    if (expiresMs <= this.now || expiresMs > this.now + TTL.offer) return false;
    const offer: Offer = { id: "", note, from: note.holder, to, expiresMs, status: "PENDING" };
    this.offers.push(offer);
    note.position = "OFFERED";
    note.why = offer;
    return true;
  }

  acceptOffer(offer: Offer): boolean {
    if (offer.status !== "PENDING" || this.now >= offer.expiresMs || !this.isBeforeCutoff(offer.note.root)) return false;
    offer.status = "ACCEPTED";
    this.move(offer.note, offer.to);
    return true;
  }

  endOffer(offer: Offer, status: "REJECTED" | "WITHDRAWN"): boolean {
    if (offer.status !== "PENDING") return false;
    this.stopOffer(offer, status);
    return true;
  }

  transfer(note: Note, to: Firm): boolean {
    if (!this.isMovable(note) || !this.mayHold(note, to)) return false;
    this.move(note, to);
    return true;
  }

  // — finance —

  apply(borrower: Firm, notes: readonly Note[], lenders: readonly Firm[], amount: bigint, expiresMs: number): boolean {
    if (expiresMs <= this.now || expiresMs > this.now + TTL.reserve || lenders.includes(borrower)) return false;
    if (notes.some(({ hold, dispute }) => hold !== null || dispute !== null)) return false;
    if (notes.some((note) => note.holder !== borrower || note.position !== "OPEN" || !note.root.notes.includes(note)))
      return false;
    if (notes.some((note) => lenders.includes(note.root.contract.buyer)) || !this.gates(notes)) return false;
    if (amount > sum(notes)) return false;
    const application: Application = {
      id: "",
      borrower,
      lenders: [...lenders],
      notes: [...notes],
      amount,
      expiresMs,
      open: true,
      status: "OPEN",
    };
    this.applications.push(application);
    for (const note of notes) this.bind(note, "RESERVED", application);
    return true;
  }

  withdrawApplication(application: Application): boolean {
    if (!application.open) return false;
    this.close(application, "WITHDRAWN");
    return true;
  }

  decide(terms: Omit<Decision, "id" | "live">): boolean {
    const { application, lender, outcome, amount, advanceBp, expiresMs } = terms;
    if (!application.open || !application.lenders.includes(lender) || this.now >= application.expiresMs) return false;
    const standing = this.decisions.find((other) => other.application === application && other.lender === lender && other.live);
    if (standing !== undefined && standing.outcome !== "REFER") return false;
    if (expiresMs <= this.now || expiresMs > application.expiresMs) return false;
    if (outcome === "APPROVED") {
      if (amount <= 0n || amount > application.amount) return false;
      if (amount > (this.worth(application.notes) * BigInt(advanceBp)) / 10_000n) return false;
    }
    if (standing !== undefined) standing.live = false;
    this.decisions.push({ ...terms, id: "", live: true });
    return true;
  }

  acceptTerms(decision: Decision): boolean {
    const { application } = decision;
    if (!decision.live || decision.outcome !== "APPROVED" || this.now >= decision.expiresMs || !application.open) return false;
    if (!this.gates(application.notes)) return false;
    if (decision.amount > (this.worth(application.notes) * BigInt(decision.advanceBp)) / 10_000n) return false;
    if (!lineCovers(this, decision.lender, application.borrower, decision.amount)) return false;
    const loan: Loan = {
      id: "",
      decision,
      lender: decision.lender,
      paidBy: null,
      writtenOff: 0n,
      demanded: false,
      borrower: application.borrower,
      notes: [...application.notes],
      status: "COMMITTED",
      payByMs: this.now + TTL.payBy,
      startDay: this.today,
      filing: null,
      outstanding: 0n,
      interestDue: 0n,
      interestPaid: 0n,
      principalPaid: 0n,
      accruedDay: this.today,
    };
    this.loans.push(loan);
    for (const other of this.decisions) if (other.application === application) other.live = false;
    application.open = false;
    application.status = "ACCEPTED";
    for (const note of loan.notes) this.bind(note, "COMMITTED", loan);
    return true;
  }

  search(subject: Firm, hits: number, timeMs: number): boolean {
    if (timeMs > this.now || timeMs <= this.now - TTL.search) return false;
    this.searches.push({ id: "", subject, hits, timeMs, recordedMs: this.now });
    return true;
  }

  file(loan: Loan, number: string, timeMs: number, untilDay: number): boolean {
    if (loan.status !== "COMMITTED" || loan.filing !== null) return false;
    if (timeMs > this.now || timeMs <= this.now - DAY || untilDay < this.today + loan.decision.tenorDays) return false;
    if (!this.take(`filing ${number}`)) return false;
    loan.filing = { timeMs, recordedMs: this.now, number, untilDay, by: loan.lender };
    return true;
  }

  order(loan: Loan, search: Search): boolean {
    if (loan.status !== "COMMITTED" || this.now >= loan.payByMs || loan.filing === null) return false;
    if (search.subject !== loan.borrower || search.hits > 0) return false;
    if (search.timeMs < loan.filing.timeMs || search.recordedMs <= loan.filing.recordedMs) return false;
    if (search.timeMs <= this.now - TTL.search || !this.gates(loan.notes)) return false;
    if (loan.decision.amount > (this.worth(loan.notes) * BigInt(loan.decision.advanceBp)) / 10_000n) return false;
    loan.status = "ORDERED";
    return true;
  }

  disburse(loan: Loan, amount: bigint, reference: string, valueDay: number): boolean {
    if (loan.status !== "ORDERED" || amount !== loan.decision.amount) return false;
    if (valueDay > this.today || valueDay < loan.startDay || !this.take(`bank ${reference}`)) return false;
    loan.status = "ACTIVE";
    loan.outstanding = amount;
    loan.startDay = valueDay;
    loan.accruedDay = valueDay;
    for (const { root } of loan.notes) this.notify(root);
    if (loan.decision.security === "PLEDGE") for (const note of loan.notes) note.position = "PLEDGED";
    else {
      loan.notes = loan.notes.map((note) => {
        const moved: Note = { ...note, id: null, holder: loan.lender, position: "ASSIGNED", from: note.holder };
        this.replace(note, [moved]);
        return moved;
      });
    }
    return true;
  }

  failDisbursement(loan: Loan): boolean {
    if (loan.status !== "ORDERED") return false;
    this.void(loan);
    return true;
  }

  release(loan: Loan, freed: readonly Note[]): boolean {
    const { decision } = loan;
    if (loan.status !== "ACTIVE" || (decision.security === "ASSIGNMENT" && !decision.recourse)) return false;
    if (freed.some((note) => !loan.notes.includes(note) || note.hold !== null)) return false;
    const kept = loan.notes.filter((note) => !freed.includes(note));
    if (this.owed(loan, this.today) > (this.worth(kept) * BigInt(decision.advanceBp)) / 10_000n) return false;
    for (const note of freed) this.free(loan, note);
    loan.notes = kept;
    return true;
  }

  owed(loan: Loan, day: number): bigint {
    const days = BigInt(Math.max(0, day - loan.accruedDay));
    const lateDays = BigInt(Math.max(0, day - Math.max(loan.accruedDay, loan.startDay + loan.decision.tenorDays)));
    const weight = BigInt(loan.decision.ratePpm) * days + PENALTY_PPM * lateDays;
    const grown = (loan.outstanding * weight + 180_000_000n) / 360_000_000n;
    return loan.outstanding + loan.interestDue + grown;
  }

  repay(loan: Loan, amount: bigint, reference: string, valueDay: number): boolean {
    if (!this.isRecent(valueDay) || loan.status !== "ACTIVE" || amount > this.owed(loan, valueDay)) return false;
    if (!this.take(`bank ${reference}`)) return false;
    const payment = this.keep(reference, true);
    payment.loans = [this.payLoan(loan, amount, valueDay, payment)];
    return true;
  }

  pay(lines: readonly Line[], late: bigint, payer: Firm, reference: string, valueDay: number): boolean {
    if (!this.isRecent(valueDay)) return false;
    for (const { note, amount } of lines) {
      if (!this.isPayable(note.root, payer) || !note.root.notes.includes(note)) return false;
      if (note.position === "COMMITTED" || note.dispute !== null || amount > note.amount) return false;
    }
    const withLate = this.withLate(lines, late, valueDay);
    if (withLate === null || !this.take(`bank ${reference}`)) return false;
    this.redeem(withLate, valueDay, this.keep(reference, true));
    return true;
  }

  /** What was due for being late when notes ended, and not paid then. */
  payLate(lines: readonly { ended: Ended; amount: bigint }[], payer: Firm, reference: string, valueDay: number): boolean {
    if (!this.isRecent(valueDay)) return false;
    // What a reversal brought back to life has not ended.
    if (lines.some(({ ended }) => !this.ended.includes(ended))) return false;
    for (const { ended, amount } of lines)
      if (ended.root.contract.buyer !== payer || ended.held?.status === "ACTIVE" || amount > ended.due) return false;
    if (!this.take(`bank ${reference}`)) return false;
    const payment = this.keep(reference, true);
    payment.interest = [...lines];
    const paid = new Map<Loan, bigint>();
    for (const { ended, amount } of lines) {
      ended.due -= amount;
      ended.root.latePaid += amount;
      const { loan } = ended;
      if (loan?.status === "ACTIVE") paid.set(loan, (paid.get(loan) ?? 0n) + amount);
    }
    payment.loans = [...paid].map(([loan, amount]) => this.payLoan(loan, amount, valueDay, payment));
    return true;
  }

  /** `named`: the notes that the bank names, by id; they must be all leaves of the root. */
  payProRata(
    root: Root,
    named: readonly Note[],
    amount: bigint,
    late: bigint,
    payer: Firm,
    reference: string,
    valueDay: number,
  ): boolean {
    if (amount <= 0n) return false;
    if (!this.isRecent(valueDay) || !this.isPayable(root, payer)) return false;
    if (named.length !== root.notes.length || named.some((note) => !root.notes.includes(note))) return false;
    const payable = named.filter(({ dispute }) => dispute === null);
    if (named.some(({ position }) => position === "COMMITTED") || amount > sum(payable)) return false;
    const byId = payable.sort((left, right) => ((left.id ?? "") < (right.id ?? "") ? -1 : 1));
    const shares = share(
      amount,
      byId.map((note) => note.amount),
    );
    const lines = byId.map((note, index) => ({ note, amount: shares[index] as bigint })).filter((line) => line.amount > 0n);
    const withLate = this.withLate(lines, late, valueDay);
    if (withLate === null || !this.take(`bank ${reference}`)) return false;
    this.redeem(withLate, valueDay, this.keep(reference, true));
    return true;
  }

  /** Five ten-thousandths a day, from the maturity on once the days of grace are over. */
  earned(root: Root, amount: bigint, day: number): bigint {
    const days = day - root.maturityDay;
    return days > GRACE_DAYS ? (amount * BigInt(days) * 10n + 10_000n) / 20_000n : 0n;
  }

  /** null if more is paid for being late than the lines have earned. */
  withLate(lines: readonly Line[], late: bigint, day: number): readonly Line[] | null {
    const earned = lines.map(({ note, amount }) => this.earned(note.root, amount, day));
    if (late > earned.reduce((all, each) => all + each, 0n)) return null;
    const shares = late === 0n ? [] : share(late, earned);
    return lines.map((line, index) => ({ ...line, late: shares[index] ?? 0n }));
  }

  // — helpers —

  accept(delivery: Delivery, amount: bigint): void {
    delivery.status = "ACCEPTED";
    delivery.accepted = amount;
    delivery.contract.accepted += amount;
    delivery.contract.delivered -= delivery.amount - amount;
  }

  endRoot(root: Root, status: string): void {
    root.status = status;
    this.giveBack(root, root.face);
  }

  giveBack(root: Root, amount: bigint): void {
    let left = amount;
    for (const use of [...root.uses].reverse()) {
      const back = use.amount < left ? use.amount : left;
      use.amount -= back;
      use.invoice.used -= back;
      left -= back;
    }
  }

  isBeforeCutoff(root: Root): boolean {
    let day = root.maturityDay - 1;
    // Days since Thursday 1970-01-01: 2 is a Saturday, 3 a Sunday.
    while (day % 7 === 2 || day % 7 === 3) day -= 1;
    return this.today < day;
  }

  isMovable(note: Note): boolean {
    const { root } = note;
    if (note.hold !== null || note.dispute !== null) return false;
    return root.notes.includes(note) && note.position === "OPEN" && root.status === "EFFECTIVE" && this.isBeforeCutoff(root);
  }

  mayHold(note: Note, to: Firm): boolean {
    return to !== note.holder && to !== note.root.contract.buyer;
  }

  replace(note: Note, children: readonly Note[]): void {
    note.root.notes = note.root.notes.filter((other) => other !== note).concat(children);
    for (const child of children) {
      if (child.hold !== null) child.hold.note = child;
      if (child.dispute !== null) child.dispute.note = child;
    }
  }

  move(note: Note, to: Firm): void {
    this.notify(note.root);
    this.replace(note, [{ ...note, id: null, holder: to, position: "OPEN", why: null, from: note.holder }]);
  }

  bind(note: Note, position: Position, why: Note["why"]): void {
    note.position = position;
    note.why = why;
    note.root.moved = true;
  }

  stopOffer(offer: Offer, status: string): void {
    offer.status = status;
    offer.note.position = "OPEN";
    offer.note.why = null;
  }

  close(application: Application, status: string): void {
    application.open = false;
    application.status = status;
    for (const decision of this.decisions) if (decision.application === application) decision.live = false;
    for (const note of application.notes) {
      note.position = "OPEN";
      note.why = null;
    }
  }

  void(loan: Loan): void {
    loan.status = "VOID";
    for (const note of loan.notes) {
      note.position = "OPEN";
      note.why = null;
    }
  }

  gates(notes: readonly Note[]): boolean {
    return notes.every(
      ({ root, hold }) =>
        hold === null &&
        root.status === "EFFECTIVE" &&
        this.isBeforeCutoff(root) &&
        root.uses.every(({ invoice, amount }) => amount === 0n || invoice.tax === "NORMAL"),
    );
  }

  worth(notes: readonly Note[]): bigint {
    return sum(notes.filter(({ root, hold, dispute }) => root.status === "EFFECTIVE" && hold === null && dispute === null));
  }

  isRecent(day: number): boolean {
    return day <= this.today && day >= this.today - 30;
  }

  isPayable(root: Root, payer: Firm): boolean {
    return root.contract.buyer === payer && ["MATURED", "OVERDUE", "DEFAULTED"].includes(root.status);
  }

  notify(root: Root): void {
    root.moved = true;
    root.noticed = true;
  }

  keep(reference: string, reversible: boolean): Payment {
    const payment: Payment = {
      id: "",
      reference,
      recordedMs: this.now,
      reversible,
      status: "ATTESTED",
      redeemed: [],
      interest: [],
      loans: [],
      subrogation: null,
    };
    this.payments.push(payment);
    return payment;
  }

  /** An offer or application has no future: something comes before it. */
  stopWaiting(note: Note): void {
    if (note.position === "OFFERED") this.stopOffer(note.why as Offer, "EXPIRED");
    if (note.position === "RESERVED") this.close(note.why as Application, "EXPIRED");
  }

  /** Part of a note, or all of it, ends; what stays is a note of its own. Loans forget what they no longer hold. */
  cut(note: Note, amount: bigint, account: "redeemed" | "diluted" | "setoff"): void {
    const { root } = note;
    const rest: Note[] = amount < note.amount ? [{ ...note, id: null, amount: note.amount - amount, from: null }] : [];
    this.swap(note, rest);
    root[account] += amount;
    this.settle(root);
  }

  /** A note gives way to others, in its loan too. */
  swap(note: Note, children: readonly Note[]): void {
    const loan = ["COMMITTED", "PLEDGED", "ASSIGNED"].includes(note.position) ? (note.why as Loan) : null;
    this.replace(note, children);
    if (loan !== null)
      loan.notes = loan.notes.filter((other) => other !== note).concat(children.filter(({ why }) => why === loan));
  }

  settle(root: Root): void {
    if (root.notes.length > 0) return;
    if (root.status === "OVERDUE" || root.status === "DEFAULTED")
      this.overdue.set(root.contract.buyer, this.overdueOf(root.contract.buyer) - 1);
    root.status = "SETTLED";
  }

  end(note: Note, amount: bigint, loan: Loan | null, day: number, late: bigint): Ended {
    const { root, holder, hold } = note;
    const earned = this.earned(root, amount, day);
    const isWhole = amount === note.amount;
    const held = isWhole ? hold : null;
    const ended: Ended = { id: isWhole ? note.id : null, root, amount, earned, due: earned - late, holder, loan, held };
    root.latePaid += late;
    this.ended.push(ended);
    return ended;
  }

  redeem(lines: readonly Line[], valueDay: number, payment: Payment): void {
    const paid = new Map<Loan, bigint>();
    for (const { note, amount, late = 0n } of lines) {
      this.stopWaiting(note);
      const { root, holder, depth, hold } = note;
      const loan = note.position === "PLEDGED" || note.position === "ASSIGNED" ? (note.why as Loan) : null;
      const ended = this.end(note, amount, loan, valueDay, late);
      payment.redeemed.push({ root, amount, holder, depth, loan, order: hold, late, ended });
      this.cut(note, amount, "redeemed");
      if (hold !== null) {
        hold.deposited += amount + late;
        hold.loan = loan;
      } else if (loan !== null) paid.set(loan, (paid.get(loan) ?? 0n) + amount + late);
    }
    payment.loans = [...paid].map(([loan, amount]) => this.payLoan(loan, amount, valueDay, payment));
  }

  payLoan(loan: Loan, amount: bigint, valueDay: number, by: object): Paid {
    const { interestDue: interestBefore, accruedDay: accruedBefore, paidBy: paidByBefore } = loan;
    const interest = this.owed(loan, valueDay) - loan.outstanding;
    const toInterest = amount < interest ? amount : interest;
    const toPrincipal = amount - toInterest < loan.outstanding ? amount - toInterest : loan.outstanding;
    loan.interestDue = interest - toInterest;
    loan.interestPaid += toInterest;
    loan.outstanding -= toPrincipal;
    loan.principalPaid += toPrincipal;
    loan.accruedDay = Math.max(loan.accruedDay, valueDay);
    loan.paidBy = by;
    const paid: Paid = {
      loan,
      interest: toInterest,
      principal: toPrincipal,
      interestBefore,
      accruedBefore,
      paidByBefore,
      freed: [],
    };
    if (loan.outstanding > 0n || loan.interestDue > 0n) return paid;
    loan.status = "REPAID";
    paid.freed = loan.notes.map((note) => this.free(loan, note));
    loan.notes = [];
    return paid;
  }

  free(loan: Loan, note: Note): Note {
    if (note.position === "ASSIGNED" && loan.decision.recourse) {
      const back: Note = { ...note, id: null, holder: loan.borrower, position: "OPEN", why: null, from: loan.lender };
      this.replace(note, [back]);
      return back;
    }
    note.position = "OPEN";
    note.why = null;
    return note;
  }
}

/** By the largest remainder; the parts are in the order of their ids. */
function share(amount: bigint, weights: readonly bigint[]): readonly bigint[] {
  const total = weights.reduce((all, weight) => all + weight, 0n);
  const shares = weights.map((weight) => (amount * weight) / total);
  let left = amount - shares.reduce((all, each) => all + each, 0n);
  const remainder = (index: number): bigint => (amount * (weights[index] as bigint)) % total;
  const order = weights
    .map((_, index) => index)
    .sort((one, other) => (remainder(one) === remainder(other) ? one - other : remainder(one) > remainder(other) ? -1 : 1));
  for (const index of order) {
    if (left === 0n) break;
    shares[index] = (shares[index] as bigint) + 1n;
    left -= 1n;
  }
  return shares;
}

export function sum(notes: readonly Note[]): bigint {
  return notes.reduce((total, { amount }) => total + amount, 0n);
}

/** The same day of the month, or the month's last. */
export function monthsLater(day: number, months: number): number {
  const date = new Date(day * DAY);
  const wanted = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const length = new Date(Date.UTC(wanted.getUTCFullYear(), wanted.getUTCMonth() + 1, 0)).getUTCDate();
  return Math.round(wanted.getTime() / DAY) + Math.min(date.getUTCDate(), length) - 1;
}
