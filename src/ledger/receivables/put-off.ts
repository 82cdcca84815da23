import type { Day, Hash } from "../../types/scalars.ts";
import { addMonths, startOfDay } from "../calendar.ts";
import { require } from "../codes.ts";
import { isEffective } from "../conditions.ts";
import { schedule } from "../due.ts";
import type { ObjectOf } from "../objects.ts";
import type { Call, Situation } from "../transition.ts";

type Receivable = ObjectOf<"receivable">;

/** Before the maturity, to a later day, within the longest tenor from the issue, and not too often. */
export function mayPutOff({ day, params, business }: Situation, receivable: Receivable, maturityDay: Day): void {
  isEffective(receivable);
  require(day < receivable.maturityDay, "MATURITY_PAST");
  require(maturityDay > receivable.maturityDay, "MATURITY_PAST");
  require(maturityDay <= addMonths(receivable.issueDay, params.tenorHardMonths), "TENOR_EXCEEDED");
  require(receivable.extensions < business.extensionsMax, "EXTENSIONS_EXCEEDED");
}

/** Guarantees whose guarantor consented last as much longer; the others keep their old period (art. 695). */
export function putOff(call: Call<unknown>, receivable: Receivable, maturityDay: Day, guarantees: readonly Hash[]): void {
  const { book } = call;
  const later = maturityDay - receivable.maturityDay;
  for (const id of guarantees) {
    const guarantee = book.get("guarantee", id);
    book.update("guarantee", guarantee, { untilDay: guarantee.untilDay + later });
  }
  book.update("receivable", receivable, { maturityDay, extensions: receivable.extensions + 1 });
  schedule(call, startOfDay(maturityDay), "receivable", receivable.id);
  schedule(call, startOfDay(maturityDay + receivable.graceDays + 1), "receivable", receivable.id);
}
