import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import type { Slot } from "../book.ts";
import { isLive } from "../conditions.ts";
import { schedule } from "../due.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";

type Note = ObjectOf<"note">;
type Receivable = ObjectOf<"receivable">;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What is still needed when its time has come is looked at again after so many days. */
const PUT_OFF_DAYS = 30;

/** Never effective, so no note was ever made of it. */
const NEVER_OWED: ReadonlySet<string> = new Set(["REJECTED", "WITHDRAWN", "LAPSED"]);
const OVER: ReadonlySet<string> = new Set(["SETTLED", "CANCELLED", "REPLACED"]);

/**
 * What ended leaves the state after `business.terminalDays` (protocol.md §7): a fold over what a transaction changed, so that no transition
 * has to think of it. Only the last notes of a chain of title are noted for it: those before them go when nothing came of them that is
 * still here. So no note ever lacks the one that it came from, and moving a note costs nothing more.
 */
export function recordEndings(situation: Situation, changed: readonly Slot[]): void {
  const { timeMs, business } = situation;
  const leavesMs = timeMs + business.terminalDays * DAY_MS;
  for (const { kind, id, before, value } of changed) {
    if (value === undefined) continue;
    if (kind === "note" && isLastEnded(before as Note | undefined, value as unknown as Note))
      schedule(situation, leavesMs, "endedNote", id);
    if (kind === "receivable" && isNeverOwed(value) && !isNeverOwed(before)) schedule(situation, leavesMs, "endedRoot", id);
  }
}

/**
 * Falls due: a note that ended, and after it each before it of which nothing is left; after the first of all, its receivable. A payment's
 * reversal may have given the note a successor since: then that one brings it here again.
 */
export function endedNoteDue(situation: Situation, id: Hash): void {
  const { book, timeMs } = situation;
  let next: Hash | null = id;
  for (let removed = 0; next !== null; removed += 1) {
    const note: Note | undefined = book.find("note", next);
    if (note === undefined || isLive(note) || partsOf(note) > 0) return;
    const waitMs = isNeeded(situation, note) ? PUT_OFF_DAYS * DAY_MS : removed === LIMITS.removalsPerDueItemMax ? MINUTE_MS : 0;
    if (waitMs > 0) {
      schedule(situation, timeMs + waitMs, "endedNote", note.id);
      return;
    }
    book.remove("note", note.id);
    // With its first note the last one of a receivable has gone.
    if (note.parent === null) book.remove("receivable", note.receivable);
    else forgetPart(situation, note.parent);
    next = note.parent;
  }
}

/** Falls due: a receivable that never was owed. */
export function endedRootDue({ book }: Situation, id: Hash): void {
  if (isNeverOwed(book.find("receivable", id))) book.remove("receivable", id);
}

function forgetPart({ book }: Situation, id: Hash): void {
  const parent = book.find("note", id);
  if (parent !== undefined) book.update("note", parent, { parts: Math.max(0, partsOf(parent) - 1) });
}

/** Of a consumed note: the notes that came of it and are still here. */
function partsOf({ position, parts }: Note): number {
  return position === "CONSUMED" ? (parts ?? 1) : 0;
}

/**
 * What is still owed keeps all of its notes. An order over money in deposit finds whose it is through the note; and a merged note goes
 * after the one that it came into.
 */
function isNeeded({ book }: Situation, { receivable, hold, position, ref }: Note): boolean {
  if (hold !== null || !isOver(book.find("receivable", receivable))) return true;
  return position === "MERGED" && ref !== null && book.find("note", ref) !== undefined;
}

function isOver(receivable: Receivable | undefined): boolean {
  return receivable !== undefined && receivable.live === 0n && OVER.has(receivable.status);
}

/** Ended by this change, and not by going on as others. */
function isLastEnded(before: Note | undefined, after: Note): boolean {
  return after.position !== "CONSUMED" && !isLive(after) && (before === undefined || isLive(before));
}

function isNeverOwed(object: Slot["value"]): boolean {
  return object !== undefined && NEVER_OWED.has((object as unknown as Receivable).status);
}
