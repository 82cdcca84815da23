import type { Day, Hash } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { civilOf, isWeekday } from "../calendar.ts";
import { require } from "../codes.ts";
import { namedId } from "../ids.ts";
import type { Situation } from "../transition.ts";
import type { Change } from "./change.ts";

type SetBankDays = Extract<Change, { readonly kind: "setBankDays" }>;

/** Monday to Friday, except as the members have said of the year. */
export function isBankDay(book: Pick<Book, "find">, day: Day): boolean {
  const said = book.find("bankDays", bankDaysId(civilOf(day).year));
  return isWeekday(day) ? !said?.closed.includes(day) : said?.open.includes(day) === true;
}

export function areOfTheYear(_: Situation, { year, closed, open }: SetBankDays): void {
  require([...closed, ...open].every((day) => civilOf(day).year === year), "DAY_OUT_OF_RANGE");
  require(closed.every(isWeekday) && !open.some(isWeekday), "DAY_OUT_OF_RANGE");
}

export function setBankDays({ book }: Situation, { year, closed, open }: SetBankDays): void {
  const id = bankDaysId(year);
  const known = book.find("bankDays", id);
  if (known === undefined) book.create("bankDays", { id, year, closed, open });
  else book.update("bankDays", known, { closed, open });
}

function bankDaysId(year: number): Hash {
  return namedId("bankDays", String(year));
}
