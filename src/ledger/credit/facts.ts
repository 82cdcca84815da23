import { LIMITS } from "../../types/limits.ts";
import type { Amount, Day, Hash } from "../../types/scalars.ts";
import { AMOUNT_MAX } from "../../types/scalars.ts";
import type { Slot } from "../book.ts";
import { civilOf } from "../calendar.ts";
import { isLive } from "../conditions.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";
import { linkTrade } from "./links.ts";
import { areRelated, pairId } from "./pairs.ts";

export type Facts = ObjectOf<"creditFacts">;
type Month = Facts["months"][number];
type Receivable = ObjectOf<"receivable">;
type Note = ObjectOf<"note">;
type Pair = ObjectOf<"tradePair">;

/** Months that are kept: the present one and twelve before it, which cover the window of 365 days (domain: features). */
export const MONTHS_KEPT = 13;

export function factsId(party: Hash, currency: string): Hash {
  return namedId("creditFacts", party, currency);
}

/** Months since year 0, of a civil day. */
export function monthOf(day: Day): number {
  const { year, month } = civilOf(day);
  return year * 12 + month - 1;
}

/**
 * What a transaction, or what fell due, means for the trade credit (交易信用) of the sellers and borrowers in it: a fold over the
 * objects that it changed, so that no transition has to think of it and none can forget it. Counts settled facts only.
 */
export function recordFacts(situation: Situation, changed: readonly Slot[]): void {
  const ledger = new Tally(situation);
  for (const slot of changed) {
    switch (slot.kind) {
      case "invoice":
        ledger.invoice(slot.before as ObjectOf<"invoice"> | undefined, slot.value as ObjectOf<"invoice"> | undefined);
        break;
      case "receivable":
        ledger.receivable(slot.before as Receivable | undefined, slot.value as Receivable | undefined);
        break;
      case "note":
        ledger.note(slot.before as Note | undefined, slot.value as Note | undefined);
        break;
      case "loan":
        ledger.loan(slot.before as ObjectOf<"loan"> | undefined, slot.value as ObjectOf<"loan"> | undefined);
        break;
      default:
        break;
    }
  }
  ledger.write();
}

/** Facts under change: each party's and currency's once, however many objects speak of them. */
class Tally {
  readonly #situation: Situation;
  readonly #month: number;
  readonly #facts = new Map<Hash, Draft>();

  constructor(situation: Situation) {
    this.#situation = situation;
    this.#month = monthOf(situation.day);
  }

  /** An order is counted when its invoice is registered. */
  invoice(before: ObjectOf<"invoice"> | undefined, after: ObjectOf<"invoice"> | undefined): void {
    if (after === undefined) return;
    const credited = after.credited - (before?.credited ?? 0n);
    if (before !== undefined && credited === 0n) return;
    // Trade within a group says nothing of how a firm stands with others.
    const isRelated = this.#areRelated(after.seller, after.buyer);
    const draft = this.#of(after.seller, after.currency);
    if (!isRelated) draft.credited += credited;
    if (before !== undefined) return;
    const { day, book } = this.#situation;
    this.#trade(after.seller, after.buyer, after.currency, { orders: 1, invoiced: after.total, live: 0n, paid: 0n });
    linkTrade(book, day, after);
    if (isRelated) return;
    draft.month.orders += 1;
    draft.month.invoiced += after.total;
  }

  receivable(before: Receivable | undefined, after: Receivable | undefined): void {
    if (after === undefined || after.status === "PROPOSED") return;
    const live = after.live - (before?.live ?? 0n);
    const redeemed = after.redeemed - (before?.redeemed ?? 0n);
    const diluted = after.diluted + after.setoff - (before === undefined ? 0n : before.diluted + before.setoff);
    const confirmed = after.confirmed - (before?.confirmed ?? 0n);
    const [wasLate, isLate] = [isOverdue(before), isOverdue(after)];
    if (live === 0n && redeemed === 0n && diluted === 0n && confirmed === 0n && wasLate === isLate) return;
    const draft = this.#of(after.seller, after.currency);
    draft.expose(after.debtor, live);
    if (live !== 0n || redeemed !== 0n)
      this.#trade(after.seller, after.debtor, after.currency, { orders: 0, invoiced: 0n, live, paid: redeemed });
    if (isLate && !wasLate) draft.late(after.maturityDay, 1);
    else if (wasLate && !isLate) draft.late(after.maturityDay, -1);
    if (this.#areRelated(after.seller, after.debtor)) return;
    draft.diluted += diluted;
    if (confirmed > 0n) {
      draft.month.confirmed += confirmed;
      if (this.#isEvidenced(after)) draft.month.evidenced += confirmed;
    }
    const lateDays = this.#situation.day - after.maturityDay;
    if (redeemed > 0n) {
      draft.month.paid += redeemed;
      // What was overdue was counted as due when it became so.
      if (!wasLate) draft.month.due += redeemed;
      if (lateDays <= 0) draft.month.paidOnTime += redeemed;
      draft.month.delay += redeemed * BigInt(lateDays);
      draft.month.maxDpd = Math.max(draft.month.maxDpd, lateDays, 0);
    } else if (redeemed < 0n) {
      // A payment that the bank took back: whether it had been on time is not known any more, so it counts as if it had.
      draft.month.paid += redeemed;
      draft.month.paidOnTime += redeemed;
      if (!isLate) draft.month.due += redeemed;
    }
    if (isLate && !wasLate) draft.month.due += after.live;
    if (wasLate || isLate) draft.month.maxDpd = Math.max(draft.month.maxDpd, lateDays);
  }

  /** A part in dispute is a note of its own. */
  note(before: Note | undefined, after: Note | undefined): void {
    const delta = disputedIn(after) - disputedIn(before);
    if (delta === 0n || after === undefined) return;
    const root = this.#situation.book.find("receivable", after.receivable);
    if (root !== undefined) this.#of(root.seller, root.currency).disputed += delta;
  }

  loan(before: ObjectOf<"loan"> | undefined, after: ObjectOf<"loan"> | undefined): void {
    if (after === undefined) return;
    const lent = after.outstanding - (before?.outstanding ?? 0n);
    if (lent !== 0n) this.#of(after.borrower, after.currency).borrowed += lent;
  }

  write(): void {
    const { book } = this.#situation;
    for (const id of [...this.#facts.keys()].sort()) {
      const draft = this.#facts.get(id) as Draft;
      const next = draft.finish();
      if (draft.facts === undefined) book.create("creditFacts", { id, ...next });
      else book.update("creditFacts", draft.facts, next);
    }
  }

  /** What the seller has with one debtor. Sums that exceed an amount stay at the largest one. */
  #trade(seller: Hash, debtor: Hash, currency: string, add: Pick<Pair, "orders" | "invoiced" | "live" | "paid">): void {
    const { book, day } = this.#situation;
    const id = pairId(seller, debtor, currency);
    const known = book.find("tradePair", id);
    const sum = (field: "invoiced" | "live" | "paid"): Amount => bounded(noLess((known?.[field] ?? 0n) + add[field]));
    const next = { orders: (known?.orders ?? 0) + add.orders, invoiced: sum("invoiced"), live: sum("live"), paid: sum("paid") };
    if (known === undefined) book.create("tradePair", { id, seller, debtor, currency, firstDay: day, ...next });
    else book.update("tradePair", known, next);
  }

  #areRelated(one: Hash, other: Hash): boolean {
    const { book } = this.#situation;
    return areRelated(book.find.bind(book), one, other);
  }

  /** Contract and acceptance stand behind every invoice (invoice.register); what may be missing is the tax office's word. */
  #isEvidenced({ allocation }: Receivable): boolean {
    return allocation.every(({ invoice }) => this.#situation.book.find("invoice", invoice)?.taxStatus === "NORMAL");
  }

  #of(party: Hash, currency: string): Draft {
    const id = factsId(party, currency);
    const known = this.#facts.get(id);
    if (known !== undefined) return known;
    const draft = new Draft(this.#situation.book.find("creditFacts", id), {
      party,
      currency,
      day: this.#situation.day,
      month: this.#month,
    });
    this.#facts.set(id, draft);
    return draft;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Draft {
  readonly facts: Facts | undefined;
  readonly month: Mutable<Month>;
  readonly #about: { readonly party: Hash; readonly currency: string; readonly day: Day };
  readonly #earlier: readonly Month[];
  readonly #live: Map<Hash, Amount>;
  #others: Amount;
  #overdue: number;
  #overdueSince: Day | null;
  borrowed: Amount;
  disputed: Amount;
  /** Of this transaction: an invoice that is credited may dilute its receivable by the same money, which counts once. */
  diluted: Amount = 0n;
  credited: Amount = 0n;

  constructor(
    facts: Facts | undefined,
    about: { readonly party: Hash; readonly currency: string; readonly day: Day; readonly month: number },
  ) {
    this.facts = facts;
    this.#about = about;
    const kept = (facts?.months ?? []).filter(({ month }) => month > about.month - MONTHS_KEPT && month <= about.month);
    this.month = { ...(kept.find(({ month }) => month === about.month) ?? emptyMonth(about.month)) };
    this.#earlier = kept.filter(({ month }) => month !== about.month);
    this.#live = new Map(facts?.debtors.map(({ debtor, live }) => [debtor, live]));
    this.#others = facts?.others ?? 0n;
    this.#overdue = facts?.overdue ?? 0;
    this.#overdueSince = facts?.overdueSince ?? null;
    this.borrowed = facts?.borrowed ?? 0n;
    this.disputed = facts?.disputed ?? 0n;
  }

  /** A seller with more debtors than are told apart has its exposures well spread: the rest is one sum. */
  expose(debtor: Hash, delta: Amount): void {
    const known = this.#live.get(debtor);
    if (known === undefined && this.#live.size >= LIMITS.creditDebtorsMax) this.#others = noLess(this.#others + delta);
    else {
      const live = noLess((known ?? 0n) + delta);
      if (live === 0n) this.#live.delete(debtor);
      else this.#live.set(debtor, live);
    }
  }

  /** Since when something has been overdue: kept until nothing is, so that it errs to the cautious side. */
  late(maturityDay: Day, step: 1 | -1): void {
    this.#overdue = Math.max(0, this.#overdue + step);
    if (this.#overdue === 0) this.#overdueSince = null;
    else if (step === 1) this.#overdueSince = Math.min(this.#overdueSince ?? maturityDay, maturityDay);
  }

  finish(): Omit<Facts, "id" | "version"> {
    this.month.diluted += this.diluted > this.credited ? this.diluted : this.credited;
    const debtors = [...this.#live]
      .map(([debtor, live]) => ({ debtor, live: bounded(live) }))
      .sort((left, right) => (left.debtor < right.debtor ? -1 : 1));
    return {
      party: this.#about.party,
      currency: this.#about.currency,
      firstDay: this.facts?.firstDay ?? this.#about.day,
      months: [...this.#earlier, boundedMonth(this.month)],
      debtors,
      others: bounded(this.#others),
      disputed: bounded(noLess(this.disputed)),
      overdue: this.#overdue,
      overdueSince: this.#overdueSince,
      borrowed: bounded(noLess(this.borrowed)),
    };
  }
}

function disputedIn(note: Note | undefined): Amount {
  return note === undefined || note.dispute === null || !isLive(note) ? 0n : note.amount;
}

function isOverdue(receivable: Receivable | undefined): boolean {
  return receivable?.status === "OVERDUE" || receivable?.status === "DEFAULTED";
}

function emptyMonth(month: number): Month {
  return {
    month,
    orders: 0,
    invoiced: 0n,
    confirmed: 0n,
    evidenced: 0n,
    due: 0n,
    paid: 0n,
    paidOnTime: 0n,
    delay: 0n,
    maxDpd: 0,
    diluted: 0n,
  };
}

/** Sums over many amounts may leave what an object holds; a reversal may take back what an earlier month counted. */
function boundedMonth(month: Month): Month {
  const sums = {
    invoiced: month.invoiced,
    confirmed: month.confirmed,
    evidenced: month.evidenced,
    due: month.due,
    paid: month.paid,
    paidOnTime: month.paidOnTime,
    diluted: month.diluted,
  };
  const kept = Object.fromEntries(
    Object.entries(sums).map(([name, value]) => [name, bounded(noLess(value))]),
  ) as unknown as typeof sums;
  const delay = month.delay < -AMOUNT_MAX ? -AMOUNT_MAX : bounded(month.delay);
  return { ...month, ...kept, delay };
}

function bounded(amount: Amount): Amount {
  return amount > AMOUNT_MAX ? AMOUNT_MAX : amount;
}

function noLess(amount: Amount): Amount {
  return amount < 0n ? 0n : amount;
}
