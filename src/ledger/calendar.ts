import type { Day, TimeMs } from "../types/scalars.ts";

const DAY_MS = 86_400_000;
/** Civil days are those of UTC+8 (北京时间), which knows no summer time. */
const OFFSET_MS = 8 * 3_600_000;

/** The civil day a moment falls on. */
export function dayOf(timeMs: TimeMs): Day {
  return Math.floor((timeMs + OFFSET_MS) / DAY_MS);
}

/** The first moment of a civil day. */
export function startOfDay(day: Day): TimeMs {
  return day * DAY_MS - OFFSET_MS;
}

export interface CivilDate {
  readonly year: number;
  /** 1–12. */
  readonly month: number;
  /** 1–31. */
  readonly dayOfMonth: number;
}

/** Proleptic Gregorian calendar from days since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms"). */
export function civilOf(day: Day): CivilDate {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

export function dayOfCivil({ year, month, dayOfMonth }: CivilDate): Day {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + dayOfMonth - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** `months` civil months later, clamped to the month's end: 31 January + 1 month is 28 or 29 February. */
export function addMonths(day: Day, months: number): Day {
  const { year, month, dayOfMonth } = civilOf(day);
  const total = year * 12 + (month - 1) + months;
  const target = { year: Math.floor(total / 12), month: (((total % 12) + 12) % 12) + 1 };
  const next = target.month === 12 ? { year: target.year + 1, month: 1 } : { year: target.year, month: target.month + 1 };
  const length = dayOfCivil({ ...next, dayOfMonth: 1 }) - dayOfCivil({ ...target, dayOfMonth: 1 });
  return dayOfCivil({ ...target, dayOfMonth: Math.min(dayOfMonth, length) });
}

/** 1970-01-01 was a Thursday. Monday to Friday: what bank days are unless the members have said otherwise of a day. */
export function isWeekday(day: Day): boolean {
  const weekday = (((day + 3) % 7) + 7) % 7;
  return weekday < 5;
}

/** The day `count` bank days before `day`. */
export function bankDaysBefore(day: Day, count: number, isBankDay: (day: Day) => boolean = isWeekday): Day {
  let result = day;
  for (let left = count; left > 0; ) {
    result -= 1;
    if (isBankDay(result)) left -= 1;
  }
  return result;
}
