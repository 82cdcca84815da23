import { amount, hash, int, list } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { activeParty, expiresWithin } from "../conditions.ts";
import { schedule } from "../due.ts";
import { MONEY_MAX } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import type { Call } from "../transition.ts";

type Application = ObjectOf<"application">;

/** What every application says, whatever it offers as security. */
export const ASKING = {
  lenders: list(hash, { min: 1, max: 8, sortedBy: (lender) => lender }),
  amount: amount({ min: 1n, max: MONEY_MAX }),
  consent: hash,
  expiresMs: int(),
} as const;

export interface Asking {
  readonly lenders: readonly Hash[];
  readonly amount: Amount;
  readonly consent: Hash;
  readonly expiresMs: number;
}

/** The lenders are lenders, none of them asks itself, the consent to the use of data stands, and the application ends in time. */
export function askable(call: Call<Asking>, borrower: Hash): void {
  const { body, params } = call;
  for (const lender of body.lenders) activeParty(call, lender, "LENDER");
  require(!body.lenders.includes(borrower), "SAME_PARTY");
  consentStands(call, body.consent, borrower);
  expiresWithin(call, body.expiresMs, params.reserveTtlMs);
}

/** The hash of a document, or a consent on the chain; that one must stand, and be the borrower's. */
export function consentStands({ book, timeMs }: Call<unknown>, id: Hash, borrower: Hash): void {
  const consent = book.find("consent", id);
  if (consent === undefined) return;
  require(consent.status === "GRANTED" && timeMs < consent.untilMs && consent.party === borrower, "CONSENT_ENDED");
}

/** Opens the application; who calls this reserves what it offers. */
export function openApplication(
  call: Call<Asking>,
  what: Pick<Application, "borrower" | "currency" | "kind"> &
    Partial<Pick<Application, "notes" | "receipts" | "order" | "prepayment">>,
): Application {
  const { book, body, newId } = call;
  const { lenders, amount: asked, consent, expiresMs } = body;
  const nothing = { notes: [], receipts: [], order: null, prepayment: null };
  const terms = { lenders, amount: asked, consent, expiresMs };
  const application = { id: newId(), ...nothing, ...what, ...terms, decisions: [], status: "OPEN" } as const;
  schedule(call, expiresMs, "application", application.id);
  return book.add("application", application);
}
