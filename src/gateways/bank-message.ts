import { CodedError } from "../lib/coded-error.ts";
import type { Result } from "../lib/result.ts";
import { parseDecimal } from "../types/currency.ts";
import type { Refuse } from "./xml.ts";

export type BankMessageFault =
  | "BANK_TOO_LARGE"
  | "BANK_NOT_XML"
  | "BANK_DTD"
  | "BANK_FIELD_MISSING"
  | "BANK_FORMAT_UNKNOWN"
  | "BANK_AMOUNT"
  | "BANK_DATE"
  | "BANK_REFERENCE"
  | "BANK_TOTALS";

/** Why a bank's file is not taken; nothing of it is used then. */
export class BankMessageRefusal extends CodedError<BankMessageFault> {
  override readonly name = "BankMessageRefusal";
}

export const refuseBankMessage: Refuse = (fault, detail) => new BankMessageRefusal(`BANK_${fault}`, detail);

/** One movement on an account, as its bank reports it. */
export interface BankMovement {
  /** The bank's own reference (AcctSvcrRef), with the position in a batch behind it: unique at the bank, so nothing counts twice. */
  readonly reference: string;
  readonly direction: "CREDIT" | "DEBIT";
  /** Only what is booked is money. */
  readonly status: "BOOKED" | "PENDING" | "INFORMATION";
  /** Takes back an earlier movement (RvslInd). */
  readonly reversal: boolean;
  readonly currency: string;
  /** Minor units, positive. */
  readonly amount: bigint;
  /** Days since 1970-01-01. */
  readonly valueDay: number;
  /** What the payer's order was called; a payment order of ours carries the loan's id here. */
  readonly endToEndId?: string;
  /** Document numbers and texts that came with the money. Private. */
  readonly remittance: readonly string[];
}

export interface BankMessage {
  /** camt.054: what just happened; camt.053: a statement to reconcile with. */
  readonly kind: "notification" | "statement";
  readonly messageId: string;
  /** The account's own identification (IBAN or another). Private. */
  readonly account: string;
  readonly movements: readonly BankMovement[];
  /** SHA-256 of the file, hex: the evidence of what is attested from it. */
  readonly documentHash: string;
}

export type BankMessageResult = Result<readonly BankMessage[], BankMessageRefusal>;

export function bankAmount(text: string, currency: string, where: string): bigint {
  const amount = parseDecimal(text, currency);
  if (amount === undefined || amount < 0n || amount >= 2n ** 63n)
    throw new BankMessageRefusal("BANK_AMOUNT", `${where}: "${text.slice(0, 40)}" is no amount of ${currency.slice(0, 8)}`);
  return amount;
}
