import { decode } from "../../../src/codec/cbor.ts";
import { encode } from "../../../src/codec/schema.ts";
import { KINDS, type Kind } from "../../../src/ledger/kinds.ts";
import type { ObjectOf } from "../../../src/ledger/objects.ts";
import type { TestChain } from "./chain.ts";

const LIVE: readonly ObjectOf<"note">["position"][] = ["OPEN", "OFFERED", "RESERVED", "COMMITTED", "PLEDGED", "ASSIGNED"];

const OWED: readonly string[] = ["EFFECTIVE", "MATURED", "OVERDUE", "DEFAULTED"];

/** What is in the state, and what has left it, as it was when it left. */
export function everything<K extends Kind>(chain: TestChain, kind: K): readonly ObjectOf<K>[] {
  const last = new Map<string, ObjectOf<K>>();
  for (const { kind: of, id, after } of chain.history) if (of === kind && after !== undefined) last.set(id, after as ObjectOf<K>);
  for (const object of chain.all(kind)) last.set(object.id, object);
  return [...last.values()];
}

/**
 * Invariants 1–5 of the domain reference, summed naively over every object that ever was; throws a sentence about the first that fails.
 */
export function holds(chain: TestChain): void {
  const notes = everything(chain, "note");
  const roots = everything(chain, "receivable");
  for (const root of roots) {
    const own = notes.filter(({ receivable }) => receivable === root.id);
    const live = own.filter(({ position }) => LIVE.includes(position));
    check(sum(live) === root.live, `live of ${root.id} is the sum of its leaves`);
    check(live.length === root.leaves, `leaves of ${root.id} are counted`);
    for (const [position, balance] of [
      ["REDEEMED", root.redeemed],
      ["DILUTED", root.diluted],
      ["SETOFF", root.setoff],
      ["CANCELLED", root.cancelled],
    ] as const)
      check(sum(own.filter((note) => note.position === position)) === balance, `${position} notes add up`);
    const held = root.live + root.redeemed + root.diluted + root.cancelled + root.setoff;
    check(held === root.confirmed, `what ${root.id} owes is what its holders have or had`);
  }
  const parents = new Map(notes.map((note) => [note.id, note]));
  for (const note of notes) {
    const children = notes.filter(({ parent }) => parent === note.id);
    if (note.position === "CONSUMED") check(sum(children) === note.amount, "children add up to the note that they came from");
    else if (note.position === "MERGED") {
      const into = parents.get(note.ref ?? note.id);
      const merged = notes.filter(({ position, ref }) => position === "MERGED" && ref === note.ref);
      check(into !== undefined && sum(merged) === into.amount, "merged notes add up to the note that they went into");
      check(
        children.every(({ id }) => id === note.ref),
        "a merged note has no other child",
      );
    } else check(children.length === 0, "only a consumed note has children");
    if (note.hold !== null)
      check(chain.find("freeze", note.hold)?.note === note.id, "an order is about the note that it freezes");
    if (note.dispute !== null) check(chain.find("dispute", note.dispute)?.note === note.id, "a dispute is about its note");
    if (note.parent !== null) check(parents.get(note.parent)?.receivable === note.receivable, "a tree has one root");
  }
  const [hereNotes, hereRoots] = [chain.all("note"), new Set(chain.all("receivable").map(({ id }) => id))];
  const here = new Set(hereNotes.map(({ id }) => id));
  for (const note of hereNotes) {
    check(note.parent === null || here.has(note.parent), "no note is without the one that it came from");
    check(hereRoots.has(note.receivable), "no note is without its receivable");
    const left = hereNotes.filter(({ parent }) => parent === note.id).length;
    check(note.position !== "CONSUMED" || left === (note.parts ?? 1), "a consumed note counts what of it is here");
  }
  for (const loan of chain.all("loan")) {
    const encumbered = notes.filter(({ ref }) => ref === loan.id).map(({ id }) => id);
    const expected = ["COMMITTED", "ORDERED", "ACTIVE"].includes(loan.status) ? loan.notes : [];
    check([...encumbered].sort().join() === [...expected].sort().join(), `notes of loan ${loan.id} point to it, and no others`);
    if (loan.status === "REPAID") check(loan.outstanding === 0n && loan.interestDue === 0n, "a repaid loan owes nothing");
  }
  for (const invoice of chain.all("invoice")) {
    let used = 0n;
    for (const { status, allocation } of roots) {
      if (["REJECTED", "WITHDRAWN", "LAPSED", "CANCELLED", "REPLACED"].includes(status)) continue;
      for (const part of allocation) if (part.invoice === invoice.id) used += part.amount;
    }
    check(used === invoice.used && used <= invoice.total - invoice.credited, `invoice ${invoice.id} is used once`);
  }
  for (const contract of chain.all("contract")) {
    const relying = chain
      .all("receivable")
      .filter((root) => root.contract === contract.id && root.noticed && OWED.includes(root.status));
    check(relying.length === contract.relying, "a contract counts the receivables that rely on it");
  }
  for (const line of chain.all("line")) {
    const lent = chain.all("loan").filter((loan) => loan.lender === line.lender && loan.borrower === line.borrower);
    const used = lent.reduce(
      (total, { status, principal, outstanding }) =>
        total + (status === "COMMITTED" || status === "ORDERED" ? principal : outstanding),
      0n,
    );
    check(used === line.used, "a line counts what is lent under it");
  }
  for (const programme of chain.all("programme")) {
    const own = chain.all("receivable").filter(({ debtor, origin }) => debtor === programme.debtor && origin === "DEBTOR");
    const used = own.reduce((total, { status, face, live }) => total + (status === "PROPOSED" ? face : live), 0n);
    check(used === programme.used, "a programme counts what its debtor promised");
  }
  for (const { id, cap, used } of chain.all("guarantee")) check(used <= cap, `guarantee ${id} is used within its cap`);
  for (const party of chain.all("party")) {
    const late = chain.all("receivable").filter(({ status }) => status === "OVERDUE" || status === "DEFAULTED");
    const overdue = late.filter(({ debtor }) => debtor === party.id).length;
    check(overdue === party.overdue, "the debtor gate counts what is overdue");
  }
}

/** Every object is what its schema says, and has one encoding. */
export function encodes(chain: TestChain): void {
  for (const kind of Object.keys(KINDS) as Kind[]) {
    for (const object of chain.all(kind)) {
      const bytes = encode(KINDS[kind].schema, object);
      const back = decode(KINDS[kind].schema, bytes, 1_000_000);
      check(
        back.ok && Buffer.compare(encode(KINDS[kind].schema, back.value), bytes) === 0,
        `${kind} ${object.id} has one encoding`,
      );
    }
  }
}

function sum(notes: readonly ObjectOf<"note">[]): bigint {
  return notes.reduce((total, { amount }) => total + amount, 0n);
}

function check(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(`does not hold: ${sentence}`);
}
