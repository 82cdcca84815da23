import type { Hash } from "../../types/scalars.ts";
import { startOfDay } from "../calendar.ts";
import { schedule } from "../due.ts";
import type { Situation } from "../transition.ts";
import { proposalDue } from "./issue.ts";

/** Falls due: a proposal lapses; what is effective matures; what is not settled after the grace days is overdue, and in default later. */
export function maturityDue(situation: Situation, id: Hash): void {
  const { book, day } = situation;
  // One that was paid or called off long before may have left the state.
  const receivable = book.find("receivable", id);
  if (receivable === undefined) return;
  if (receivable.status === "PROPOSED") {
    proposalDue(situation, receivable);
    return;
  }
  let current = receivable;
  if (current.status === "EFFECTIVE" && day >= current.maturityDay)
    current = book.update("receivable", current, { status: "MATURED" });
  if (current.status === "MATURED" && situation.timeMs >= startOfDay(current.maturityDay + current.graceDays + 1)) {
    current = book.update("receivable", current, { status: "OVERDUE" });
    const debtor = book.get("party", current.debtor);
    book.update("party", debtor, { overdue: debtor.overdue + 1 });
  }
  if (current.status !== "OVERDUE") return;
  const defaultMs = startOfDay(current.maturityDay + current.defaultDays + 1);
  if (situation.timeMs >= defaultMs) book.update("receivable", current, { status: "DEFAULTED" });
  else schedule(situation, defaultMs, "receivable", current.id);
}
