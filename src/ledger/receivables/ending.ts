import type { Amount, Hash } from "../../types/scalars.ts";
import { programmeMoves } from "../finance/limits.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";
import { type Account, type Poster, post } from "./postings.ts";

type Receivable = ObjectOf<"receivable">;

/** Part of what is owed is so no longer: `ended` of its leaves with it. With the last leaf the receivable is settled. */
export function retire(situation: Poster, root: Hash, account: Account, amount: Amount, ended: number): Receivable {
  const receivable = situation.book.get("receivable", root);
  const leaves = receivable.leaves - ended;
  const entries = [
    ["live", -amount],
    [account, amount],
  ] as const;
  programmeMoves(situation, receivable, -amount);
  if (leaves > 0) return post(situation, receivable, entries, { leaves });
  forget(situation, receivable);
  return post(situation, receivable, entries, { leaves, status: "SETTLED" });
}

/** What has ended neither gates its debtor nor binds its contract. */
export function forget({ book }: Situation, receivable: Receivable): void {
  count({ book }, receivable, -1);
}

/** And what comes back to life does again. */
export function remember({ book }: Situation, receivable: Receivable): void {
  count({ book }, receivable, 1);
}

function count({ book }: Pick<Situation, "book">, { status, debtor, noticed, contract }: Receivable, change: 1 | -1): void {
  if (isLate(status)) {
    const party = book.get("party", debtor);
    book.update("party", party, { overdue: party.overdue + change });
  }
  if (noticed) {
    const relied = book.get("contract", contract);
    book.update("contract", relied, { relying: relied.relying + change });
  }
}

export function isLate(status: Receivable["status"]): boolean {
  return status === "OVERDUE" || status === "DEFAULTED";
}
