import { assert } from "../../lib/assert.ts";
import type { Amount } from "../../types/scalars.ts";
import type { LedgerEvent } from "../../types/transaction.ts";
import type { ObjectOf } from "../objects.ts";
import { type EventKind, ledgerEvent, type Situation } from "../transition.ts";

type Receivable = ObjectOf<"receivable">;
export type Account = "debtorLiability" | "live" | "redeemed" | "diluted" | "cancelled" | "setoff";
export type Entry = readonly [Account, Amount];

/** Where events of something falling due go, which has no transaction. */
export interface Poster extends Situation {
  emit?: (kind: EventKind, data: unknown) => void;
}

/**
 * Double entry per root and currency: the deltas sum to zero, the debtor's liability standing against what the holders have. The
 * balances are kept in the root, so that conservation (invariant 1) is an identity of the ledger and not a sum over leaves.
 */
export function post(
  situation: Poster,
  receivable: Receivable,
  entries: readonly Entry[],
  change: Partial<Receivable> = {},
): Receivable {
  let sum = 0n;
  const balances: Record<Account, Amount> = {
    debtorLiability: -receivable.confirmed,
    live: receivable.live,
    redeemed: receivable.redeemed,
    diluted: receivable.diluted,
    cancelled: receivable.cancelled,
    setoff: receivable.setoff,
  };
  for (const [account, delta] of entries) {
    sum += delta;
    balances[account] += delta;
  }
  assert(sum === 0n, "postings sum to zero");
  assert(balances.live >= 0n && balances.debtorLiability <= 0n, "no balance turns");
  const { debtorLiability, ...holders } = balances;
  const updated = situation.book.update("receivable", receivable, { ...change, ...holders, confirmed: -debtorLiability });
  situation.emit?.("posting", {
    receivable: receivable.id,
    currency: receivable.currency,
    entries: entries.map(([account, delta]) => ({ account, delta })),
  });
  return updated;
}

/** Collects events where there is no call. */
export function poster(situation: Situation, events: LedgerEvent[]): Poster {
  return { ...situation, emit: (kind, data) => events.push(ledgerEvent(kind, data)) };
}
