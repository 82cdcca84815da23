import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addMonths, bankDaysBefore, civilOf, dayOf, dayOfCivil, isWeekday, startOfDay } from "../../src/ledger/calendar.ts";

const day = (year: number, month: number, dayOfMonth: number) => dayOfCivil({ year, month, dayOfMonth });

describe("civil days in UTC+8", () => {
  it("change at 16:00 UTC", () => {
    const midnight = Date.UTC(2026, 2, 1, 16, 0, 0);
    expect(civilOf(dayOf(midnight - 1))).toEqual({ year: 2026, month: 3, dayOfMonth: 1 });
    expect(civilOf(dayOf(midnight))).toEqual({ year: 2026, month: 3, dayOfMonth: 2 });
    expect(startOfDay(dayOf(midnight))).toBe(midnight);
  });

  it("agree with the platform's calendar from 1970 to 2200", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 84_000 }), (days) => {
        const date = new Date(days * 86_400_000);
        const civil = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, dayOfMonth: date.getUTCDate() };
        expect(civilOf(days)).toEqual(civil);
        expect(dayOfCivil(civil)).toBe(days);
        expect(isWeekday(days)).toBe(date.getUTCDay() !== 0 && date.getUTCDay() !== 6);
      }),
    );
  });
});

describe("civil months", () => {
  it("are clamped to the end of the month", () => {
    expect(addMonths(day(2026, 1, 31), 1)).toBe(day(2026, 2, 28));
    expect(addMonths(day(2028, 1, 31), 1)).toBe(day(2028, 2, 29));
    expect(addMonths(day(2026, 8, 31), 6)).toBe(day(2027, 2, 28));
    expect(addMonths(day(2026, 12, 31), 12)).toBe(day(2027, 12, 31));
    expect(addMonths(day(2026, 6, 15), 6)).toBe(day(2026, 12, 15));
    expect(addMonths(day(2024, 2, 29), 12)).toBe(day(2025, 2, 28));
  });

  it("never leave the month that is meant", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80_000 }), fc.integer({ min: 0, max: 120 }), (from, months) => {
        const start = civilOf(from);
        const end = civilOf(addMonths(from, months));
        expect(end.year * 12 + end.month).toBe(start.year * 12 + start.month + months);
        expect(end.dayOfMonth).toBeLessThanOrEqual(start.dayOfMonth);
      }),
    );
  });
});

describe("bank days", () => {
  it("leave out Saturday and Sunday", () => {
    expect(bankDaysBefore(day(2026, 1, 12), 1)).toBe(day(2026, 1, 9));
    expect(bankDaysBefore(day(2026, 1, 14), 1)).toBe(day(2026, 1, 13));
    expect(bankDaysBefore(day(2026, 1, 14), 0)).toBe(day(2026, 1, 14));
  });
});
