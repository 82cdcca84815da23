/** Civil days of UTC+8, counted since 1970-01-01 as the ledger counts them. */
const DAY_MS = 86_400_000;

/** 1 January 2026, a Thursday, and the last day of that year. */
export const FIRST_DAY = Date.UTC(2026, 0, 1) / DAY_MS;
export const LAST_DAY = Date.UTC(2026, 11, 31) / DAY_MS;

/** Public holidays of 2026 on which no business is done (国务院办公厅 publishes them each autumn); the working weekends are left out. */
const HOLIDAYS: readonly (readonly [from: string, to: string])[] = [
  ["2026-01-01", "2026-01-03"],
  ["2026-02-15", "2026-02-23"],
  ["2026-04-04", "2026-04-06"],
  ["2026-05-01", "2026-05-05"],
  ["2026-06-19", "2026-06-21"],
  ["2026-09-25", "2026-09-27"],
  ["2026-10-01", "2026-10-07"],
];

/** On which days business is done. A small year does its business on two days of every fourth week, so that few days are played. */
export class BusinessCalendar {
  readonly #open: ReadonlySet<number>;

  constructor(kind: "FULL" | "SPARSE") {
    const open = new Set<number>();
    // Days beyond the year's end as well: what is agreed in December falls due in spring.
    for (let day = FIRST_DAY; day <= LAST_DAY + 400; day++) {
      const weekday = (day + 3) % 7;
      if (kind === "FULL" ? weekday < 5 && !isHoliday(day) : weekday >= 1 && weekday <= 2 && Math.floor((day + 3) / 7) % 4 === 0)
        open.add(day);
    }
    this.#open = open;
  }

  isOpen(day: number): boolean {
    return this.#open.has(day);
  }

  /** The day itself, or the first after it on which business is done. */
  from(day: number): number {
    let open = day;
    while (!this.isOpen(open)) open += 1;
    return open;
  }

  /** The first day after this one on which business is done. */
  after(day: number): number {
    return this.from(day + 1);
  }

  /** The first from `day` on after which business is done on the very next day too: what is begun there is finished within 24 hours. */
  pairFrom(day: number): number {
    let open = this.from(day);
    while (!this.isOpen(open + 1)) open = this.after(open);
    return open;
  }
}

export function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function isHoliday(day: number): boolean {
  const iso = isoDay(day);
  return HOLIDAYS.some(([from, to]) => iso >= from && iso <= to);
}
