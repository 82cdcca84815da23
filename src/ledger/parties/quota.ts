import type { TxSigner } from "../../types/transaction.ts";
import { require } from "../codes.ts";
import { memberObjectId, namedId } from "../ids.ts";
import type { Situation } from "../transition.ts";

/**
 * Each party signs so many transactions a civil day, if members voted on a number: nobody fills the ledger with splits and disputes. Members
 * sign for many and answer for it to each other; they have no bound. What is refused counts for nothing, it is paid by the pool's own bounds.
 */
export function countsAgainstQuota({ book, day, business }: Situation, signers: readonly TxSigner[]): void {
  const most = business.transactionsPerDayMax;
  if (most === 0) return;
  for (const id of new Set(signers.map(({ party }) => party))) {
    const party = book.find("party", id);
    if (party === undefined || book.find("member", memberObjectId(party.sponsor))?.party === id) continue;
    const quota = namedId("quota", id);
    const known = book.find("quota", quota);
    const used = known?.day === day ? known.used : 0;
    require(used < most, "QUOTA_EXCEEDED", () => [
      { of: "quota", id, field: "used", value: String(used) },
      { of: "params", id: null, field: "transactionsPerDayMax", value: String(most) },
    ]);
    if (known === undefined) book.create("quota", { id: quota, party: id, day, used: 1 });
    else book.update("quota", known, { day, used: used + 1 });
  }
}
