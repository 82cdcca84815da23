import { addMonths } from "../../../src/ledger/calendar.ts";
import type { LedgerObject } from "../../../src/ledger/kinds.ts";
import type { ObjectOf } from "../../../src/ledger/objects.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import type { Envelope, TxReceipt } from "../../../src/types/transaction.ts";
import type { TestChain } from "../support/chain.ts";

type Note = ObjectOf<"note">;
const LIVE: ReadonlySet<string> = new Set(["OPEN", "OFFERED", "RESERVED", "COMMITTED", "PLEDGED", "ASSIGNED"]);

export class InvariantBroken extends Error {}

function must(holds: boolean, sentence: string): void {
  if (!holds) throw new InvariantBroken(sentence);
}

/** Everything that an invariant may look at, gathered once. */
export interface Sight {
  readonly notes: readonly Note[];
  readonly children: ReadonlyMap<Hash, readonly Note[]>;
  readonly ofRoot: ReadonlyMap<Hash, readonly Note[]>;
  readonly roots: readonly ObjectOf<"receivable">[];
  readonly invoices: readonly ObjectOf<"invoice">[];
  readonly loans: readonly ObjectOf<"loan">[];
  readonly offers: readonly ObjectOf<"offer">[];
  readonly applications: readonly ObjectOf<"application">[];
  readonly payments: readonly ObjectOf<"payment">[];
  readonly parties: readonly ObjectOf<"party">[];
  readonly disputes: readonly ObjectOf<"dispute">[];
  readonly freezes: readonly ObjectOf<"freeze">[];
  readonly guarantees: readonly ObjectOf<"guarantee">[];
  readonly exposures: readonly ObjectOf<"exposure">[];
  readonly ages: readonly ObjectOf<"debtorAge">[];
}

export function see(chain: Pick<TestChain, "all">): Sight {
  const notes = chain.all("note");
  return {
    notes,
    children: grouped(notes, ({ parent }) => parent),
    ofRoot: grouped(notes, ({ receivable }) => receivable),
    roots: chain.all("receivable"),
    invoices: chain.all("invoice"),
    loans: chain.all("loan"),
    offers: chain.all("offer"),
    applications: chain.all("application"),
    payments: chain.all("payment"),
    parties: chain.all("party"),
    disputes: chain.all("dispute"),
    freezes: chain.all("freeze"),
    guarantees: chain.all("guarantee"),
    exposures: chain.all("exposure"),
    ages: chain.all("debtorAge"),
  };
}

/** Invariants of the domain reference §6.4, by its numbers, each over all objects. 6, 10 and 11 are about transactions and runs. */
export const INVARIANTS: Readonly<Record<string, (sight: Sight) => void>> = {
  "1 conservation": ({ roots, ofRoot }) => {
    for (const root of roots) {
      const own = ofRoot.get(root.id) ?? [];
      const live = total(own.filter(({ position }) => LIVE.has(position)));
      const redeemed = total(own.filter(({ position }) => position === "REDEEMED"));
      const cancelled = total(own.filter(({ position }) => position === "CANCELLED"));
      const diluted = total(own.filter(({ position }) => position === "DILUTED"));
      const setoff = total(own.filter(({ position }) => position === "SETOFF"));
      must(live + redeemed + diluted + cancelled + setoff === root.confirmed, "what is owed is what holders have or had");
      must(live === root.live && redeemed === root.redeemed && cancelled === root.cancelled, "balances are sums of notes");
      must(diluted === root.diluted && setoff === root.setoff, "balances are sums of notes");
    }
  },
  "2 split identity": ({ notes, children }) => {
    const byId = new Map(notes.map((note) => [note.id, note]));
    for (const note of notes) {
      const own = children.get(note.id) ?? [];
      if (note.position === "CONSUMED") {
        must(total(own) === note.amount, "children and retired part add up to their parent");
        must(own.length === (note.parts ?? 1), "a consumed note counts its children");
      } else if (note.position === "MERGED") {
        const merged = notes.filter(({ position, ref }) => position === "MERGED" && ref === note.ref);
        must(total(merged) === byId.get(note.ref ?? note.id)?.amount, "merged notes add up to the one that they went into");
        must(
          own.every(({ id }) => id === note.ref),
          "a merged note has no other child",
        );
        continue;
      } else must(own.length === 0, "only what was consumed has children");
      for (const child of own) {
        must(child.receivable === note.receivable && child.depth <= 10, "a tree has one root and bounded depth");
        must(child.depth === note.depth || child.depth === note.depth + 1, "depth grows by splitting only");
      }
    }
  },
  "3 singularity": ({ notes, roots, ofRoot }) => {
    must(new Set(notes.map(({ id }) => id)).size === notes.length, "no two notes share an id");
    for (const root of roots) {
      const own = ofRoot.get(root.id) ?? [];
      const origins = own.filter(({ parent }) => parent === null).length;
      must(origins === (root.confirmed > 0n ? 1 : 0), "a root has one chain of title");
      must(own.filter(({ position }) => LIVE.has(position)).length === root.leaves, "leaves are counted");
      must(
        own.every(({ holder }) => holder !== root.debtor),
        "nobody owes himself",
      );
    }
  },
  "4 one encumbrance": ({ notes, loans, offers, applications }) => {
    const claims = new Map<Hash, string[]>();
    const claim = (note: Hash, by: string): void => {
      claims.set(note, [...(claims.get(note) ?? []), by]);
    };
    for (const { id, note, status } of offers) if (status === "PENDING") claim(note, id);
    for (const { id, notes: reserved, status } of applications)
      if (status === "OPEN") for (const note of reserved) claim(note, id);
    for (const { id, notes: secured, status } of loans) {
      if (["COMMITTED", "ORDERED", "ACTIVE"].includes(status)) for (const note of secured) claim(note, id);
    }
    for (const note of notes) {
      const by = claims.get(note.id) ?? [];
      const isEncumbered = LIVE.has(note.position) && note.position !== "OPEN";
      must(by.length === (isEncumbered ? 1 : 0), "an encumbered note has one claim, and no other note has any");
      must(note.position === "MERGED" || note.ref === (by[0] ?? null), "the note names the claim on it");
    }
  },
  "5 invoice use": ({ invoices, roots }) => {
    for (const invoice of invoices) {
      const used = roots
        .filter(({ status }) => !["REJECTED", "WITHDRAWN", "LAPSED", "CANCELLED", "REPLACED"].includes(status))
        .flatMap(({ allocation }) => allocation)
        .filter((part) => part.invoice === invoice.id)
        .reduce((sum, { amount }) => sum + amount, 0n);
      must(used === invoice.used && used <= invoice.total - invoice.credited, "an invoice is used once, and within its amount");
    }
    must(new Set(invoices.map(({ fingerprint }) => fingerprint)).size === invoices.length, "a fingerprint is unique");
  },
  "8 payment conservation": ({ payments, notes }) => {
    const byId = new Map(notes.map((note) => [note.id, note]));
    for (const { lines, amount, discount, late, kind } of payments) {
      if (kind === "LOAN" || kind === "BUYBACK" || kind === "DEPOSIT") continue;
      const paid = lines.reduce((sum, line) => sum + line.amount, 0n);
      must(paid === (kind === "LATE" ? late : amount + discount - late), "lines add up to the payment");
      must(kind !== "LATE" || late === amount, "lines add up to the payment");
      if (kind === "LATE") continue;
      for (const line of lines) must(line.amount <= (byId.get(line.note)?.amount ?? 0n), "no note is redeemed beyond its amount");
    }
    const names = payments.map(({ bank, reference }) => bank + reference);
    must(new Set(names).size === names.length, "a bank's reference is used once");
  },
  "8 late interest": ({ roots, ofRoot, payments, notes }) => {
    const rootOf = new Map(notes.map(({ id, receivable }) => [id, receivable]));
    const paid = new Map<Hash | undefined, bigint>();
    for (const { lines, redeemed, kind, status } of payments) {
      const parts = kind === "LATE" ? lines.map(({ note, amount }) => ({ note, late: amount })) : redeemed;
      if (status === "ATTESTED")
        for (const { note, late } of parts) paid.set(rootOf.get(note), (paid.get(rootOf.get(note)) ?? 0n) + late);
    }
    for (const { id, lateDue, latePaid } of roots) {
      const due = (ofRoot.get(id) ?? []).reduce((sum, { late }) => sum + (late?.due ?? 0n), 0n);
      must(due === lateDue && lateDue >= 0n, "what is due for being late is due on notes that ended late");
      must(latePaid === (paid.get(id) ?? 0n), "what was paid for being late was attested");
    }
  },
  "9 finance identity": ({ loans }) => {
    for (const loan of loans) {
      must(loan.outstanding >= 0n && loan.interestDue >= 0n && loan.outstanding <= loan.principal, "no balance turns");
      if (loan.status === "ACTIVE") must(loan.outstanding + loan.interestDue >= 0n, "an active loan has a balance");
      if (loan.status === "REPAID")
        must(
          loan.outstanding === 0n && loan.interestDue === 0n && loan.notes.length === 0,
          "a repaid loan owes and holds nothing",
        );
      if (loan.status === "VOID") must(loan.outstanding === 0n && loan.interestPaid === 0n, "what was not paid out is not owed");
    }
  },
  "12 tenor": ({ roots }) => {
    for (const { issueDay, maturityDay, extensions } of roots) {
      must(maturityDay <= addMonths(issueDay, 12), "no maturity lies beyond the longest tenor, extensions included");
      must(extensions <= 1, "a maturity is put off once");
    }
  },
  "14 freeze": ({ freezes, notes }) => {
    const held = new Map(notes.flatMap((note) => (note.hold === null ? [] : [[note.hold, note] as const])));
    must(held.size === notes.filter(({ hold }) => hold !== null).length, "an order holds one note");
    for (const { id, status, note, deposited } of freezes) {
      const own = held.get(id);
      must(own === undefined || (status === "ACTIVE" && own.id === note), "only an order that stands holds a note, its own");
      must(status === "ACTIVE" || deposited === 0n, "nothing stays in deposit when an order is over");
    }
    const kept = new Set(freezes.filter(({ deposited }) => deposited > 0n).map(({ id }) => id));
    for (const note of held.values()) {
      const isKept = note.position === "REDEEMED" && kept.has(note.hold as Hash);
      must(LIVE.has(note.position) || isKept, "what is frozen is live, or lies in deposit");
      must(note.position !== "OFFERED" && note.position !== "RESERVED", "nothing waits on what is frozen");
    }
  },
  "16 security": ({ loans, notes }) => {
    const secured = new Set(
      notes.filter(({ position }) => position === "PLEDGED" || position === "ASSIGNED").map(({ ref }) => ref),
    );
    for (const { id, status, outstanding, interestDue } of loans) {
      must(!secured.has(id) || status === "ACTIVE", "only a loan that runs is secured");
      must(status !== "ACTIVE" || outstanding + interestDue > 0n, "a loan that runs has a balance");
    }
  },
  "17 recourse": ({ loans }) => {
    for (const { recourse, demandedDay } of loans) must(recourse || demandedDay === null, "no recourse is demanded without any");
  },
  "18 dispute": ({ disputes, notes }) => {
    const byDispute = new Map(notes.flatMap((note) => (note.dispute === null ? [] : [[note.dispute, note] as const])));
    for (const { id, status, amount, upheld } of disputes) {
      const note = byDispute.get(id);
      const stands = status === "RAISED" || status === "ANSWERED";
      must(stands === (note !== undefined), "a dispute that stands is about a note, and no other is");
      must(note === undefined || (note.amount === amount && LIVE.has(note.position)), "what is disputed is unpaid");
      must(upheld <= amount, "no more is upheld than was disputed");
    }
  },
  "19 debtor gate": ({ parties, roots }) => {
    for (const { id, overdue } of parties) {
      const late = roots.filter(({ debtor, status }) => debtor === id && (status === "OVERDUE" || status === "DEFAULTED"));
      must(late.length === overdue, "the gate counts what is late");
    }
  },
  "21 guarantees": ({ guarantees, payments }) => {
    const paid = payments
      .filter(({ kind, status }) => kind === "GUARANTEE" && status === "ATTESTED")
      .reduce((sum, { amount }) => sum + amount, 0n);
    must(guarantees.reduce((sum, { used }) => sum + used, 0n) === paid, "guarantees are used by what guarantors paid");
    for (const { used, cap } of guarantees) must(used <= cap, "a guarantee is used within its cap");
  },
  "9 concentration": ({ exposures, notes, loans, roots }) => {
    const byLoan = new Map(loans.map((loan) => [loan.id, loan]));
    const byRoot = new Map(roots.map((root) => [root.id, root]));
    const bound = notes.filter(({ position }) => ["COMMITTED", "PLEDGED", "ASSIGNED"].includes(position));
    for (const { lender, debtor, group, amount } of exposures) {
      if (debtor === null && group !== null) {
        const of = exposures.filter((each) => each.debtor !== null && each.lender === lender && each.group === group);
        must(of.reduce((sum, each) => sum + each.amount, 0n) === amount, "a group owes what its debtors owe");
        continue;
      }
      const own = bound.filter(({ ref, receivable }) => {
        const isOfDebtor = debtor === null || byRoot.get(receivable)?.debtor === debtor;
        return byLoan.get(ref as Hash)?.lender === lender && isOfDebtor;
      });
      must(total(own) === amount, "what secures a lender's loans is counted by debtor");
    }
    must(bound.length === 0 || exposures.length > 0, "what secures a loan is counted");
  },
  "19 ageing": ({ ages, roots }) => {
    for (const { debtor, currency, live, behind } of ages) {
      const own = roots.filter((root) => root.debtor === debtor && root.currency === currency);
      const late = own.filter(({ status }) => status === "OVERDUE" || status === "DEFAULTED");
      const sum = (of: typeof own): bigint => of.reduce((all, root) => all + root.live, 0n);
      must(sum(own) === live && sum(late) === behind, "a debtor's age is that of what it owes");
    }
    must(ages.length > 0 || roots.every(({ live }) => live === 0n), "what is owed has an age");
  },
  "33 bounds": ({ roots, notes }) => {
    for (const { leaves } of roots) must(leaves <= 1_024, "a receivable has a bounded number of notes");
    for (const { depth } of notes) must(depth <= 10, "notes are split only so deep");
  },
};

/** 13 and 15: what has ended stays ended, and a notice stays as it arrived. */
export function endedStaysEnded(before: ReadonlyMap<string, LedgerObject>, chain: Pick<TestChain, "all">): void {
  for (const root of chain.all("receivable")) {
    const earlier = before.get(`receivable${root.id}`) as ObjectOf<"receivable"> | undefined;
    const isOver = ["REJECTED", "WITHDRAWN", "LAPSED", "CANCELLED", "REPLACED"].includes(earlier?.status ?? "");
    must(!isOver || root.status === earlier?.status, "what has ended stays ended");
  }
  for (const note of chain.all("note")) {
    const earlier = before.get(`note${note.id}`) as ObjectOf<"note"> | undefined;
    must(earlier === undefined || LIVE.has(earlier.position) || !LIVE.has(note.position), "no spent note lives again");
    must(earlier === undefined || (earlier.amount === note.amount && earlier.holder === note.holder), "a note is a value");
  }
  for (const notice of chain.all("notice")) {
    const earlier = before.get(`notice${notice.id}`) as ObjectOf<"notice"> | undefined;
    const { height, timeMs, to, note } = earlier ?? notice;
    const isSame = height === notice.height && timeMs === notice.timeMs && to === notice.to && note === notice.note;
    must(isSame, "a notice stays as it arrived");
  }
}

/** 20: when every deadline has passed nothing waits any more. */
export function nothingIsStuck(chain: Pick<TestChain, "all">): void {
  for (const { position } of chain.all("note")) {
    const waits = position === "OFFERED" || position === "RESERVED" || position === "COMMITTED";
    must(!waits, "a note is open, secures a loan that runs, or has ended");
  }
  for (const { status } of chain.all("receivable")) must(status !== "PROPOSED", "no proposal waits for ever");
}

/** 7: a debtor's liability rises only by a transaction that the debtor signed. */
export function noDebtWithoutDebtor(
  before: ReadonlyMap<string, LedgerObject>,
  chain: Pick<TestChain, "all">,
  signersOf: (changed: ObjectOf<"receivable">) => readonly Hash[],
): void {
  for (const root of chain.all("receivable")) {
    const earlier = before.get(`receivable${root.id}`) as ObjectOf<"receivable"> | undefined;
    if (root.confirmed > (earlier?.confirmed ?? 0n)) must(signersOf(root).includes(root.debtor), "no debt without the debtor");
  }
}

/** After a block: all of them. */
export function checkStep(
  chain: TestChain,
  before: ReadonlyMap<string, LedgerObject>,
  envelopes: readonly Envelope[],
  receipts: readonly TxReceipt[],
): void {
  const sight = see(chain);
  for (const check of Object.values(INVARIANTS)) check(sight);
  const byId = new Map(envelopes.map(({ pair, tx }, index) => [pair.id as string, { tx, code: receipts[index]?.code }]));
  endedStaysEnded(before, chain);
  noDebtWithoutDebtor(before, chain, ({ id, origin }) => {
    const entries = chain.history.filter((entry) => entry.kind === "receivable" && entry.id === id && byId.has(entry.tx ?? ""));
    const own = entries.flatMap((entry) => byId.get(entry.tx ?? "")?.tx.signers.map(({ party }) => party) ?? []);
    if (origin === "SELLER") return own;
    // Issued by the debtor, and effective since the seller accepted: the debtor's signature is on the issue.
    return chain.history
      .filter((entry) => entry.kind === "receivable" && entry.id === id)
      .slice(0, 1)
      .map(({ after }) => (after as ObjectOf<"receivable">).debtor);
  });
}

function total(notes: readonly Note[]): bigint {
  return notes.reduce((sum, { amount }) => sum + amount, 0n);
}

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K | null): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
