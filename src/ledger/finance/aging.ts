import type { Amount, Hash } from "../../types/scalars.ts";
import type { Slot } from "../book.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { isLate } from "../receivables/ending.ts";
import type { Situation } from "../transition.ts";

type Receivable = ObjectOf<"receivable">;

/**
 * Keeps for each debtor how much it owes, and how much of that is overdue: a fold over the receivables that a transaction changed, before it
 * is committed. No transition knows of it, so none can forget it.
 */
export function recordAging({ book }: Pick<Situation, "book">, changed: readonly Slot[]): void {
  const deltas = new Map<Hash, { debtor: Hash; currency: string; live: Amount; behind: Amount }>();
  for (const { kind, before, value } of changed) {
    if (kind !== "receivable") continue;
    const [was, is] = [before as Receivable | undefined, value as Receivable | undefined];
    const { debtor, currency } = (is ?? was) as Receivable;
    const id = agingId(debtor, currency);
    const known = deltas.get(id) ?? { debtor, currency, live: 0n, behind: 0n };
    const live = known.live + liveOf(is) - liveOf(was);
    deltas.set(id, { debtor, currency, live, behind: known.behind + behindOf(is) - behindOf(was) });
  }
  for (const id of [...deltas.keys()].sort()) {
    const { live, behind, ...of } = deltas.get(id) as { debtor: Hash; currency: string; live: Amount; behind: Amount };
    if (live === 0n && behind === 0n) continue;
    const known = book.find("debtorAge", id);
    if (known === undefined) book.create("debtorAge", { id, ...of, live, behind });
    else book.update("debtorAge", known, { live: known.live + live, behind: known.behind + behind });
  }
}

/** More of what the debtor owes is overdue than members allow: then nothing that it owes is lent on (cross-ageing). */
export function isAged({ book, business }: Pick<Situation, "book" | "business">, debtor: Hash, currency: string): boolean {
  const known = book.find("debtorAge", agingId(debtor, currency));
  return known !== undefined && known.behind * 10_000n > known.live * BigInt(business.crossAgeBp);
}

function agingId(debtor: Hash, currency: string): Hash {
  return namedId("debtorAge", debtor, currency);
}

function liveOf(receivable: Receivable | undefined): Amount {
  return receivable?.live ?? 0n;
}

function behindOf(receivable: Receivable | undefined): Amount {
  return receivable !== undefined && isLate(receivable.status) ? receivable.live : 0n;
}
