import { LIMITS } from "../types/limits.ts";
import type { Hash, TimeMs } from "../types/scalars.ts";
import { namedId } from "./ids.ts";
import type { ObjectOf } from "./kinds.ts";
import type { Situation } from "./transition.ts";

const MINUTE_MS = 60_000;
const MINUTES_PER_DAY = 1_440;
const DAYS_ID = namedId("dueDays");

export type DueTarget = ObjectOf<"dueItem">["target"];
type Due = (situation: Situation, object: Hash) => void;

/**
 * The due queue (protocol.md §7) as state objects: days that hold anything, minutes of a day, numbered items of a minute. Reading
 * what is due costs what is due, and no scan. An item says only "look at this object now": whether anything is to be done is
 * judged by the object itself, so nothing is ever taken out early.
 */
export function schedule({ book }: Pick<Situation, "book">, dueMs: TimeMs, target: DueTarget, object: Hash): void {
  const minute = Math.ceil(dueMs / MINUTE_MS);
  const day = Math.floor(minute / MINUTES_PER_DAY);
  const minuteId = namedId("dueMinute", String(minute));
  const bucket = book.find("dueMinute", minuteId);
  const index = bucket?.count ?? 0;
  book.create("dueItem", { id: itemId(minute, index), target, object });
  if (bucket !== undefined) {
    book.update("dueMinute", bucket, { count: index + 1 });
    return;
  }
  book.create("dueMinute", { id: minuteId, count: 1, done: 0 });
  const dayId = namedId("dueDay", String(day));
  const dayObject = book.find("dueDay", dayId);
  if (dayObject !== undefined) {
    book.update("dueDay", dayObject, { minutes: insert(dayObject.minutes, minute) });
    return;
  }
  book.create("dueDay", { id: dayId, minutes: [minute] });
  const days = book.find("dueDays", DAYS_ID);
  if (days === undefined) book.create("dueDays", { id: DAYS_ID, days: [day] });
  else book.update("dueDays", days, { days: insert(days.days, day) });
}

/** Works off what is due at the block's time, oldest first, at most a block's share; the rest stays for the next block. */
export function workOff(situation: Situation, handlers: Readonly<Record<DueTarget, Due>>): number {
  const { book, timeMs } = situation;
  let left: number = LIMITS.dueItemsPerBlockMax;
  for (;;) {
    const days = book.find("dueDays", DAYS_ID);
    const day = days?.days[0];
    if (days === undefined || day === undefined) return LIMITS.dueItemsPerBlockMax - left;
    const dayObject = book.get("dueDay", namedId("dueDay", String(day)));
    const minute = dayObject.minutes[0];
    if (minute === undefined || minute * MINUTE_MS > timeMs || left === 0) return LIMITS.dueItemsPerBlockMax - left;
    const bucket = book.get("dueMinute", namedId("dueMinute", String(minute)));
    let { done } = bucket;
    while (done < bucket.count && left > 0) {
      const item = book.get("dueItem", itemId(minute, done));
      book.remove("dueItem", item.id);
      handlers[item.target](situation, item.object);
      done += 1;
      left -= 1;
    }
    // A handler never schedules into a minute that is due: deadlines lie in the future.
    if (done < bucket.count) {
      book.update("dueMinute", bucket, { done });
      return LIMITS.dueItemsPerBlockMax;
    }
    book.remove("dueMinute", bucket.id);
    if (dayObject.minutes.length > 1) {
      book.update("dueDay", dayObject, { minutes: dayObject.minutes.slice(1) });
    } else {
      book.remove("dueDay", dayObject.id);
      book.update("dueDays", days, { days: days.days.slice(1) });
    }
  }
}

/** Whether anything waits for a moment up to `timeMs`: an idle chain wakes for it. */
export function isAnythingDue(find: (kind: "dueDays" | "dueDay", id: Hash) => unknown, timeMs: TimeMs): boolean {
  const day = (find("dueDays", DAYS_ID) as ObjectOf<"dueDays"> | undefined)?.days[0];
  if (day === undefined) return false;
  const minute = (find("dueDay", namedId("dueDay", String(day))) as ObjectOf<"dueDay"> | undefined)?.minutes[0];
  return minute !== undefined && minute * MINUTE_MS <= timeMs;
}

function itemId(minute: number, index: number): Hash {
  return namedId("dueItem", String(minute), String(index));
}

function insert(sorted: readonly number[], value: number): readonly number[] {
  const at = sorted.findIndex((other) => other > value);
  return at < 0 ? [...sorted, value] : [...sorted.slice(0, at), value, ...sorted.slice(at)];
}
