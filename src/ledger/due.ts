import { compareText } from "../lib/bytes.ts";
import { RecentMap } from "../lib/recent-map.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, TimeMs } from "../types/scalars.ts";
import type { Book } from "./book.ts";
import { namedId } from "./ids.ts";
import type { ObjectOf } from "./objects.ts";
import type { Situation } from "./transition.ts";

const MINUTE_MS = 60_000;
const MINUTES_PER_DAY = 1_440;
const DAYS_ID = namedId("dueDays");
/** A bucket that holds more is divided by the next hex digit of its objects' ids. */
const BUCKET_ITEMS_MAX = 32;
const NIBBLES = "0123456789abcdef";
/** Objects that are scheduled one after the other lead through the same buckets, and a bucket is found by more hashing than reading. */
const bucketIds = new RecentMap<string, Hash>(16_384);

type Bucket = ObjectOf<"dueBucket">;
type Item = Bucket["items"][number];
export type DueTarget = Item["target"];
type Due = (situation: Situation, object: Hash) => void;

/**
 * The due queue (protocol.md §7) as state objects: days that hold anything, minutes of a day, and for each minute a tree of small
 * buckets by object id. Reading what is due costs what is due, and no scan; a minute in which a hundred thousand receivables mature
 * costs each of them a few small objects. The objects depend on what is scheduled and not on the order in which it was. An item
 * says only "look at this object now": whether anything is to be done is judged by the object itself, so nothing is ever taken out.
 */
export function schedule({ book }: Pick<Situation, "book">, dueMs: TimeMs, target: DueTarget, object: Hash): void {
  const minute = Math.ceil(dueMs / MINUTE_MS);
  const root = bucketOf(book, minute, "");
  const item = { target, object };
  if (isScheduled(book, minute, item)) return;
  insertItem(book, minute, "", root, item);
  if (root !== undefined) return;
  const day = Math.floor(minute / MINUTES_PER_DAY);
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

/** Works off what is due at the block's time by (minute, id), at most a block's share; the rest stays for the next block. */
export function workOff(situation: Situation, handlers: Readonly<Record<DueTarget, Due>>): number {
  const { book, timeMs } = situation;
  let left: number = LIMITS.dueItemsPerBlockMax;
  for (;;) {
    const days = book.find("dueDays", DAYS_ID);
    const day = days?.days[0];
    if (days === undefined || day === undefined) break;
    const dayObject = book.get("dueDay", namedId("dueDay", String(day)));
    const minute = dayObject.minutes[0] as number;
    if (minute * MINUTE_MS > timeMs || left === 0) break;
    const items = takeItems(book, minute, "", left);
    for (const { target, object } of items) handlers[target](situation, object);
    left -= items.length;
    if (bucketOf(book, minute, "") !== undefined) break;
    removeMinute(book, day, minute);
  }
  return LIMITS.dueItemsPerBlockMax - left;
}

/** Whether anything waits for a moment up to `timeMs`: an idle chain wakes for it. */
export function isAnythingDue(find: (kind: "dueDays" | "dueDay", id: Hash) => unknown, timeMs: TimeMs): boolean {
  const day = (find("dueDays", DAYS_ID) as ObjectOf<"dueDays"> | undefined)?.days[0];
  if (day === undefined) return false;
  const minute = (find("dueDay", namedId("dueDay", String(day))) as ObjectOf<"dueDay"> | undefined)?.minutes[0];
  return minute !== undefined && minute * MINUTE_MS <= timeMs;
}

/** A deadline and a maturity of one object may fall into the same minute: one look is enough for both. */
function isScheduled(book: Book, minute: number, item: Item): boolean {
  for (let prefix = ""; ; prefix += item.object.charAt(prefix.length)) {
    const bucket = bucketOf(book, minute, prefix);
    if (bucket === undefined) return false;
    if (!bucket.divided) return bucket.items.some((other) => compareItems(other, item) === 0);
  }
}

/** Every bucket on the way down counts the item, so that its version, too, depends on what is there and not on the order. */
function insertItem(book: Book, minute: number, prefix: string, bucket: Bucket | undefined, item: Item): void {
  if (bucket === undefined) {
    book.create("dueBucket", { id: bucketId(minute, prefix), count: 1, divided: false, items: [item] });
    return;
  }
  const count = bucket.count + 1;
  if (bucket.divided) {
    book.update("dueBucket", bucket, { count });
    insertBelow(book, minute, prefix, item);
    return;
  }
  const at = bucket.items.findIndex((other) => compareItems(other, item) > 0);
  const items = at < 0 ? [...bucket.items, item] : [...bucket.items.slice(0, at), item, ...bucket.items.slice(at)];
  if (items.length <= BUCKET_ITEMS_MAX) {
    book.update("dueBucket", bucket, { count, items });
    return;
  }
  book.update("dueBucket", bucket, { count, divided: true, items: [] });
  for (const each of items) insertBelow(book, minute, prefix, each);
}

function insertBelow(book: Book, minute: number, prefix: string, item: Item): void {
  const below = prefix + item.object.charAt(prefix.length);
  insertItem(book, minute, below, bucketOf(book, minute, below), item);
}

/** Takes up to `most` items out, in the order of their ids. */
function takeItems(book: Book, minute: number, prefix: string, most: number): readonly Item[] {
  const bucket = bucketOf(book, minute, prefix);
  if (bucket === undefined || most === 0) return [];
  if (!bucket.divided) {
    const taken = bucket.items.slice(0, most);
    if (taken.length === bucket.items.length) book.remove("dueBucket", bucket.id);
    else book.update("dueBucket", bucket, { count: bucket.count - taken.length, items: bucket.items.slice(taken.length) });
    return taken;
  }
  const taken: Item[] = [];
  for (const nibble of NIBBLES) taken.push(...takeItems(book, minute, prefix + nibble, most - taken.length));
  if (taken.length === bucket.count) book.remove("dueBucket", bucket.id);
  else book.update("dueBucket", bucket, { count: bucket.count - taken.length });
  return taken;
}

function removeMinute(book: Book, day: number, minute: number): void {
  // Read again: what fell due may have scheduled something in other minutes of the same day.
  const dayObject = book.get("dueDay", namedId("dueDay", String(day)));
  const minutes = dayObject.minutes.filter((other) => other !== minute);
  if (minutes.length > 0) {
    book.update("dueDay", dayObject, { minutes });
    return;
  }
  book.remove("dueDay", dayObject.id);
  const days = book.get("dueDays", DAYS_ID);
  book.update("dueDays", days, { days: days.days.filter((other) => other !== day) });
}

function bucketOf(book: Book, minute: number, prefix: string): Bucket | undefined {
  return book.find("dueBucket", bucketId(minute, prefix));
}

function bucketId(minute: number, prefix: string): Hash {
  const name = `${minute}/${prefix}`;
  const known = bucketIds.get(name);
  if (known !== undefined) return known;
  const id = namedId("dueBucket", String(minute), prefix);
  bucketIds.set(name, id);
  return id;
}

function compareItems(left: Item, right: Item): number {
  return compareText(left.object, right.object) || compareText(left.target, right.target);
}

function insert(sorted: readonly number[], value: number): readonly number[] {
  const at = sorted.findIndex((other) => other > value);
  return at < 0 ? [...sorted, value] : [...sorted.slice(0, at), value, ...sorted.slice(at)];
}
