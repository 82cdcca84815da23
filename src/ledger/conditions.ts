import type { Hash } from "../types/scalars.ts";
import { bankDaysBefore } from "./calendar.ts";
import { require } from "./codes.ts";
import { isBankDay } from "./governance/bank-days.ts";
import { keyId } from "./ids.ts";
import type { ObjectOf } from "./objects.ts";
import { ENDED_POSITIONS } from "./receivables/objects.ts";
import type { Call, Situation } from "./transition.ts";

/** Conditions that many rows of the transition table share, each with its one code. */

export function activeParty({ book }: Pick<Situation, "book">, id: Hash, role?: string): ObjectOf<"party"> {
  const party = book.get("party", id);
  require(party.status === "ACTIVE", "PARTY_INACTIVE");
  require(role === undefined || party.roles.includes(role), "ROLE_MISSING");
  return party;
}

/** Whether a key of this purpose has signed for the party. */
export function hasSigned({ book, signers }: Call<unknown>, party: Hash, purpose: ObjectOf<"key">["purpose"]): boolean {
  return signers.some((signer) => signer.party === party && book.find("key", keyId(signer.key))?.purpose === purpose);
}

/** Some signer's party has the role; the transition lets any such party attest. */
export function roleOf({ book }: Pick<Situation, "book">, party: Hash, role: string): void {
  require(book.get("party", party).roles.includes(role), "ROLE_MISSING");
}

/** Before the cut-off: a bank day before maturity, so that the debtor knows whom to pay (parameter cutoffDays, as of its birth). */
export function beforeCutoff(situation: Situation, receivable: ObjectOf<"receivable">): void {
  const cutoff = bankDaysBefore(receivable.maturityDay, receivable.cutoffDays, (day) => isBankDay(situation.book, day));
  require(situation.day < cutoff, "PAST_CUTOFF");
}

/** The debt exists and nothing is due yet. */
export function isEffective(receivable: ObjectOf<"receivable">): void {
  require(receivable.status === "EFFECTIVE", "WRONG_STATUS");
}

/** In its holder's free hand: not encumbered, not frozen, not in dispute. */
export function isOpen(note: ObjectOf<"note">): void {
  require(note.position === "OPEN", "NOTE_NOT_OPEN");
  isUnfrozen(note);
  require(note.dispute === null, "NOTE_DISPUTED");
}

/** A freeze comes before everything but its lifting, a compelled transfer and payment into deposit. */
export function isUnfrozen(note: ObjectOf<"note">): void {
  require(note.hold === null, "NOTE_FROZEN");
}

/** The debt exists: whether due or not, it is not paid off. */
export function isOwed(receivable: ObjectOf<"receivable">): void {
  require(["EFFECTIVE", "MATURED", "OVERDUE", "DEFAULTED"].includes(receivable.status), "WRONG_STATUS");
}

/** Not waiting for an answer and not spent: its holder, and the lender it secures, can speak for it. */
export function isSettled(note: ObjectOf<"note">): void {
  require(note.position === "OPEN" || note.position === "PLEDGED" || note.position === "ASSIGNED", "NOTE_NOT_OPEN");
}

export function isLive(note: ObjectOf<"note">): boolean {
  return !ENDED.has(note.position);
}

const ENDED: ReadonlySet<string> = new Set(ENDED_POSITIONS);

/** Whose consent a change to the note takes: its holder's, and its lender's if it secures a loan or is committed to one. */
export function interestedIn({ book }: Pick<Situation, "book">, note: ObjectOf<"note">): readonly Hash[] {
  if (!["COMMITTED", "PLEDGED", "ASSIGNED"].includes(note.position)) return [note.holder];
  const { lender } = book.get("loan", note.ref as Hash);
  return lender === note.holder ? [lender] : [note.holder, lender];
}

/** In (now, now + longest]. */
export function expiresWithin({ timeMs }: Situation, expiresMs: number, longestMs: number): void {
  require(expiresMs > timeMs && expiresMs <= timeMs + longestMs, "EXPIRY_OUT_OF_RANGE");
}

export function distinct(ids: readonly string[]): void {
  require(new Set(ids).size === ids.length, "LIST_REPEATS");
}
