import { assert } from "../../lib/assert.ts";
import { compareText } from "../../lib/bytes.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash, TimeMs } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { require } from "../codes.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";
import type { Finding } from "./severity.ts";

type Zone = ObjectOf<"zone">;
type Alarm = ObjectOf<"alarm">;

export function zoneId(warehouse: Hash, name: string): Hash {
  return namedId("zone", warehouse, name);
}

/** An alarm that is critical keeps all goods of its zone where they are. Repayment is never kept. */
export function isFrozen(zone: Zone, timeMs: TimeMs): boolean {
  return zone.frozen === "HARD" || (zone.frozen === "SOFT" && timeMs < zone.softUntilMs);
}

export function goodsFree({ book, timeMs }: Situation, zone: Hash): void {
  require(!isFrozen(book.get("zone", zone), timeMs), "GOODS_FROZEN");
}

/** Opens an alarm in the zone, unless there are so many that one more says nothing; what is critical freezes in any case. */
export function openAlarm(
  situation: Situation,
  zone: Zone,
  id: Hash,
  { rule, severity }: Finding,
  from: Pick<Alarm, "source" | "by" | "evidence">,
): Hash | null {
  const { book, timeMs } = situation;
  const isKept = zone.alarms.length < LIMITS.alarmsPerZoneMax;
  if (isKept) book.create("alarm", { id, zone: zone.id, rule, severity, ...from, openedMs: timeMs, status: "OPEN" });
  const alarms = isKept ? [...zone.alarms, id].sort(compareText) : zone.alarms;
  const freeze = severity === "CRITICAL" ? freezeBy(book, zone, from.source, timeMs) : {};
  if (isKept || severity === "CRITICAL") book.update("zone", zone, { alarms, ...freeze });
  return isKept ? id : null;
}

/** A warning has become critical. */
export function escalate({ book, timeMs }: Situation, alarm: Alarm, { rule }: Finding): void {
  const zone = book.get("zone", alarm.zone);
  book.update("alarm", alarm, { rule, severity: "CRITICAL" });
  book.update("zone", zone, freezeBy(book, zone, alarm.source, timeMs));
}

/** The alarm is over; with the last critical one the zone is free again. A hard freeze stays hard until then. */
export function closeAlarm({ book }: Pick<Situation, "book">, alarm: Alarm, status: "RESUMED" | "CLEARED"): void {
  const zone = book.get("zone", alarm.zone);
  book.update("alarm", alarm, { status });
  const alarms = zone.alarms.filter((id) => id !== alarm.id);
  const sources = new Set(criticals(book, alarms).map(({ source }) => source));
  const frozen = sources.size === 0 ? "NONE" : sources.size === 1 && zone.frozen === "SOFT" ? "SOFT" : "HARD";
  book.update("zone", zone, { alarms, frozen });
}

/** One more or fewer receipt in the zone is pledged to the lender. */
export function countPledge({ book }: Pick<Situation, "book">, id: Hash, lender: Hash, change: 1 | -1): void {
  const zone = book.get("zone", id);
  const receipts = (zone.lenders.find((each) => each.lender === lender)?.receipts ?? 0) + change;
  const others = zone.lenders.filter((each) => each.lender !== lender);
  const lenders = receipts === 0 ? others : [...others, { lender, receipts }];
  assert(lenders.length <= LIMITS.lendersPerZoneMax, "who pledges in a zone asked for room before");
  book.update("zone", zone, { lenders: lenders.sort((one, other) => compareText(one.lender, other.lender)) });
}

/** So many lenders rely on a zone that all of them can still sign together. */
export function hasRoomFor({ book }: Pick<Situation, "book">, zone: Hash, lender: Hash): boolean {
  const { lenders } = book.get("zone", zone);
  return lenders.length < LIMITS.lendersPerZoneMax || lenders.some((each) => each.lender === lender);
}

/** Two kinds of device, or a device and a person, freeze until cleared; one source alone for a day, so that a broken sensor stops nobody for long. */
function freezeBy(
  book: Book,
  zone: Zone,
  source: Alarm["source"],
  timeMs: TimeMs,
): Partial<Pick<Zone, "frozen" | "softUntilMs">> {
  if (zone.frozen === "HARD") return {};
  const isConfirmed = criticals(book, zone.alarms).some((other) => other.source !== source);
  return isConfirmed ? { frozen: "HARD" } : { frozen: "SOFT", softUntilMs: timeMs + LIMITS.softFreezeMs };
}

function criticals(book: Book, alarms: readonly Hash[]): readonly Alarm[] {
  return alarms.map((id) => book.get("alarm", id)).filter(({ severity }) => severity === "CRITICAL");
}
