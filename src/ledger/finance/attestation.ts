import { amount, hash, list, struct } from "../../codec/schema.ts";
import type { Amount, Day, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { roleOf } from "../conditions.ts";
import { currencySchema, daySchema } from "../fields.ts";
import { paymentId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import type { Call } from "../transition.ts";
import { referenceId } from "./loan.ts";
import type { Line, Redemption } from "./redemption.ts";

/** What a bank says about any money that moved. */
export const ATTESTATION = {
  bank: hash,
  reference: hash,
  amount: amount({ min: 1n }),
  valueDay: daySchema,
  evidence: hash,
} as const;

/** What it says about a debtor's money for notes. */
export const NOTES_PAID = {
  ...ATTESTATION,
  payer: hash,
  currency: currencySchema,
  lines: list(struct({ note: hash, amount: amount({ min: 1n }) }), { min: 1, max: 64, sortedBy: ({ note }) => note }),
} as const;

export interface Attested {
  readonly bank: Hash;
  readonly reference: Hash;
  readonly amount: Amount;
  readonly valueDay: Day;
  readonly evidence: Hash;
}

/** Days back that a bank may date its attestation. */
const VALUE_DAYS_MAX = 30;

export function attested(call: Call<Attested>): void {
  const { body, day } = call;
  roleOf(call, body.bank, "BANK");
  require(call.book.find("bankReference", referenceId(body)) === undefined, "PAYMENT_DUPLICATE");
  require(body.valueDay <= day && body.valueDay >= day - VALUE_DAYS_MAX, "DAY_OUT_OF_RANGE");
}

export function paymentOf({ bank, reference }: Attested): Hash {
  return paymentId(bank, reference);
}

/** Keeps the payment, under its bank's reference, with what became of it. */
export function keepPayment(
  call: Call<Attested>,
  what: Pick<ObjectOf<"payment">, "payer" | "currency" | "kind"> & {
    readonly discount?: Amount;
    readonly late?: Amount;
    readonly lines?: readonly Line[];
    readonly guarantee?: Hash;
  },
  { redeemed, loans }: Pick<Redemption, "redeemed" | "loans">,
): Hash {
  const { bank, reference, amount: paid, valueDay, evidence } = call.body;
  const id = paymentId(bank, reference);
  const { payer, currency, kind, discount = 0n, late = 0n, lines = [], guarantee } = what;
  call.book.create("bankReference", { id: referenceId(call.body), object: id });
  call.book.create("payment", {
    id,
    bank,
    reference,
    payer,
    currency,
    amount: paid,
    kind,
    discount,
    late,
    valueDay,
    recordedMs: call.timeMs,
    lines,
    redeemed,
    loans,
    status: "ATTESTED",
    evidence,
    ...(guarantee === undefined ? {} : { guarantee }),
  });
  return id;
}

/** Ids for the operation's event. */
export function touched(payment: Hash, { redeemed, rests, loans }: Redemption): readonly Hash[] {
  return [payment, ...redeemed.map(({ note }) => note), ...rests, ...loans.flatMap(({ loan, freed }) => [loan, ...freed])];
}
