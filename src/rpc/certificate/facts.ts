import type { Json } from "../../codec/schema.ts";
import { civilOf, dayOf } from "../../ledger/calendar.ts";
import type { Label } from "../../ledger/labels/label.ts";
import { fieldLabel, wordLabel } from "../../ledger/labels/lookup.ts";
import type { ObjectJson } from "../../ledger/title.ts";
import { formatMinorUnits } from "../../types/currency.ts";
import type { TimeMs } from "../../types/scalars.ts";

/** Names of parties by id, from the node's own file; nothing of it is on the chain. */
export type Directory = ReadonlyMap<string, string>;

export interface FactLine {
  readonly label: Label;
  /** As it is to be read; the id or number that was proved stands in it unchanged. */
  readonly zh: string;
  readonly en: string;
}

/** An object's fields for people: money with its currency, days and times by the calendar, parties by name where one is known. */
export function factLines(object: ObjectJson, directory: Directory): readonly FactLine[] {
  return (
    Object.entries(object)
      // No time at all is written as zero.
      .filter(([field, value]) => value !== null && !(value === 0 && field.endsWith("Ms")))
      .map(([field, value]) => ({ label: fieldLabel(field), ...shown(field, value, object, directory) }))
  );
}

function shown(field: string, value: Json, object: ObjectJson, directory: Directory): Label {
  if (typeof value === "number" && field.endsWith("Day")) return same(dateText(value));
  if (typeof value === "number" && field.endsWith("Ms")) return same(timeText(value));
  if (typeof value === "boolean") return { zh: value ? "是" : "否", en: value ? "yes" : "no" };
  if (typeof value === "string") {
    const word = wordLabel(value);
    if (word !== undefined) return { zh: `${word.zh} (${value})`, en: word.en };
    if (typeof object.currency === "string" && /^-?[0-9]+$/.test(value)) return same(moneyText(value, object.currency));
    return same(named(value, directory));
  }
  if (Array.isArray(value)) return listed(field, value, object, directory);
  return same(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** A list, one item behind the other; an item that is a structure by its values. */
function listed(field: string, items: readonly Json[], object: ObjectJson, directory: Directory): Label {
  const each = items.flatMap((item) =>
    typeof item === "object" && item !== null && !Array.isArray(item) ? Object.values(item) : [item],
  );
  const texts = each.map((item) => shown(field, item, object, directory));
  return { zh: texts.map(({ zh }) => zh).join("; "), en: texts.map(({ en }) => en).join("; ") };
}

const same = (text: string): Label => ({ zh: text, en: text });

/** The name with the id behind it, so that what was proved is always there. */
export function named(id: string, directory: Directory): string {
  const name = directory.get(id);
  return name === undefined ? id : `${name} (${id})`;
}

/** "CNY 1,234.50". */
export function moneyText(minorUnits: string, currency: string): string {
  const [whole = "", fraction] = formatMinorUnits(BigInt(minorUnits), currency).split(".");
  const grouped = whole.replace(/\B(?=([0-9]{3})+$)/g, ",");
  return `${currency} ${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** A civil day, as the ledger counts them: 2026-01-07. */
export function dateText(day: number): string {
  const { year, month, dayOfMonth } = civilOf(day);
  return `${year}-${String(month).padStart(2, "0")}-${String(dayOfMonth).padStart(2, "0")}`;
}

/** A moment in Beijing time, to the second: 2026-01-07 10:00:00 UTC+8. */
export function timeText(timeMs: TimeMs): string {
  const ofDay = new Date(timeMs + 8 * 3_600_000).toISOString().slice(11, 19);
  return `${dateText(dayOf(timeMs))} ${ofDay} UTC+8`;
}
