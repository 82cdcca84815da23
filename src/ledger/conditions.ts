import type { Hash } from "../types/scalars.ts";
import { bankDaysBefore } from "./calendar.ts";
import { require } from "./codes.ts";
import type { ObjectOf } from "./objects.ts";
import type { Situation } from "./transition.ts";

/** Conditions that many rows of the transition table share, each with its one code. */

export function activeParty({ book }: Pick<Situation, "book">, id: Hash, role?: string): ObjectOf<"party"> {
  const party = book.get("party", id);
  require(party.status === "ACTIVE", "PARTY_INACTIVE");
  require(role === undefined || party.roles.includes(role), "ROLE_MISSING");
  return party;
}

/** Some signer's party has the role; the transition lets any such party attest. */
export function roleOf({ book }: Pick<Situation, "book">, party: Hash, role: string): void {
  require(book.get("party", party).roles.includes(role), "ROLE_MISSING");
}

/** Before the cut-off: a bank day before maturity, so that the debtor knows whom to pay (parameter cutoffDays, as of its birth). */
export function beforeCutoff(situation: Situation, receivable: ObjectOf<"receivable">): void {
  require(situation.day < bankDaysBefore(receivable.maturityDay, receivable.cutoffDays), "PAST_CUTOFF");
}

/** The debt exists and nothing is due yet. */
export function isEffective(receivable: ObjectOf<"receivable">): void {
  require(receivable.status === "EFFECTIVE", "WRONG_STATUS");
}

export function isOpen(note: ObjectOf<"note">): void {
  require(note.position === "OPEN", "NOTE_NOT_OPEN");
}

/** In (now, now + longest]. */
export function expiresWithin({ timeMs }: Situation, expiresMs: number, longestMs: number): void {
  require(expiresMs > timeMs && expiresMs <= timeMs + longestMs, "EXPIRY_OUT_OF_RANGE");
}

export function distinct(ids: readonly string[]): void {
  require(new Set(ids).size === ids.length, "LIST_REPEATS");
}
