import { CodedError } from "../lib/coded-error.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { minorUnitsOf, parseDecimal } from "../types/currency.ts";
import type { LegalId } from "../types/genesis.ts";
import { legalIdFault, normaliseUscc } from "../types/legal-id.ts";
import { dayFrom as dayOfText } from "./day.ts";
import type { Refuse } from "./xml.ts";

export interface InvoiceParty {
  readonly legalId: LegalId;
  /** Private: for the local directory, never for the chain. */
  readonly name: string;
}

export type InvoiceFormat = "CN" | "UBL" | "CII";

/** An e-invoice in the shape the alliance needs, whatever format it came in. */
export interface Invoice {
  readonly kind: "invoice";
  readonly format: InvoiceFormat;
  /** Private: only its keyed fingerprint goes on the chain. */
  readonly number: string;
  /** Days since 1970-01-01. */
  readonly issueDay: number;
  readonly dueDay?: number;
  readonly currency: string;
  /** What is payable, tax included, in minor units. */
  readonly total: bigint;
  readonly tax: bigint;
  readonly seller: InvoiceParty;
  readonly buyer: InvoiceParty;
  readonly goods: string;
  /** Numbers of the orders and contracts that it is for, and of the lots that it sells, as far as it names them. Private. */
  readonly orders: readonly string[];
  readonly lots: readonly string[];
  /** Who is to be paid if it is not the seller (EN 16931 BG-10): somebody has bought this invoice already. Private. */
  readonly payee?: string;
  /** What does not stand in the way of a receivable, but a lender should see. */
  readonly warnings: readonly string[];
  /** SHA-256 of the file, hex. */
  readonly documentHash: string;
}

/** A red invoice (红字发票) or credit note: takes from an earlier invoice, and makes no receivable. */
export interface CreditNote {
  readonly kind: "creditNote";
  readonly format: InvoiceFormat;
  readonly number: string;
  readonly issueDay: number;
  readonly currency: string;
  /** What it takes back, tax included: positive, in minor units. */
  readonly total: bigint;
  readonly tax: bigint;
  readonly seller: InvoiceParty;
  readonly buyer: InvoiceParty;
  /** Number of the invoice that it corrects, if it says. Private. */
  readonly corrects?: string;
  readonly documentHash: string;
}

export type InvoiceFault =
  | "INVOICE_TOO_LARGE"
  | "INVOICE_NOT_XML"
  | "INVOICE_DTD"
  | "INVOICE_FORMAT_UNKNOWN"
  | "INVOICE_FIELD_MISSING"
  | "INVOICE_NUMBER"
  | "INVOICE_DATE"
  | "INVOICE_CURRENCY"
  | "INVOICE_AMOUNT"
  | "INVOICE_TOTALS"
  | "INVOICE_LEGAL_ID"
  | "INVOICE_SAME_PARTY"
  | "INVOICE_NOT_PAYABLE";

/** Why a file is no invoice that could become a receivable. */
export class InvoiceRefusal extends CodedError<InvoiceFault> {
  override readonly name = "InvoiceRefusal";
}

export const refuseInvoice: Refuse = (fault, detail) => new InvoiceRefusal(`INVOICE_${fault}`, detail);

export type InvoiceResult = Result<Invoice, InvoiceRefusal>;

/** Runs a reader; its refusals become data, anything else is a bug and goes on. */
export function refusalsAsData<T>(read: () => T): Result<T, InvoiceRefusal> {
  try {
    return ok(read());
  } catch (error) {
    if (error instanceof InvoiceRefusal) return err(error);
    throw error;
  }
}

/** "2026-08-14" or "2026-08-14 10:00:00" as days since 1970-01-01. Throws InvoiceRefusal. */
export function dayFrom(text: string, where: string): number {
  const day = dayOfText(text);
  if (day === undefined) throw new InvoiceRefusal("INVOICE_DATE", `${where}: "${text.slice(0, 32)}" is no date`);
  return day;
}

export function amountFrom(text: string, currency: string, where: string): bigint {
  const amount = parseDecimal(text, currency);
  if (amount === undefined || amount > 2n ** 63n - 1n || amount < -(2n ** 63n)) {
    throw new InvoiceRefusal("INVOICE_AMOUNT", `${where}: "${text.slice(0, 40)}" is no amount of ${currency}`);
  }
  return amount;
}

export function currencyFrom(text: string, where: string): string {
  if (minorUnitsOf(text) === undefined)
    throw new InvoiceRefusal("INVOICE_CURRENCY", `${where}: ISO 4217 does not list "${text.slice(0, 8)}"`);
  return text;
}

export function chineseId(raw: string, where: string): LegalId {
  const value = normaliseUscc(raw);
  const fault = legalIdFault({ scheme: "USCC", value });
  if (fault !== null)
    throw new InvoiceRefusal("INVOICE_LEGAL_ID", `${where}: "${raw.slice(0, 32)}" is no 统一社会信用代码 (${fault})`);
  return { scheme: "USCC", value };
}

/** Checks that hold for every invoice, whatever its format. */
export function checked(invoice: Invoice): Invoice {
  if (invoice.total <= 0n) throw new InvoiceRefusal("INVOICE_NOT_PAYABLE", "nothing is payable: it makes no receivable");
  checkParties(invoice);
  if (invoice.dueDay !== undefined && invoice.dueDay < invoice.issueDay)
    throw new InvoiceRefusal("INVOICE_DATE", "it is due before it was issued");
  return invoice;
}

export function checkedCredit(note: CreditNote): CreditNote {
  if (note.total <= 0n) throw new InvoiceRefusal("INVOICE_AMOUNT", "a credit note that takes nothing back");
  checkParties(note);
  return note;
}

function checkParties({ total, tax, seller, buyer }: Pick<Invoice, "total" | "tax" | "seller" | "buyer">): void {
  if (tax > total || tax < 0n) throw new InvoiceRefusal("INVOICE_TOTALS", "the tax exceeds what is payable");
  if (seller.legalId.scheme === buyer.legalId.scheme && seller.legalId.value === buyer.legalId.value)
    throw new InvoiceRefusal("INVOICE_SAME_PARTY", "seller and buyer are the same");
}
