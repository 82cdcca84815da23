import { createHash } from "node:crypto";
import type { LegalId } from "../types/genesis.ts";
import { legalIdFault } from "../types/legal-id.ts";
import {
  type CreditNote,
  checked,
  checkedCredit,
  type Invoice,
  type InvoiceFormat,
  type InvoiceParty,
  InvoiceRefusal,
} from "./invoice.ts";

/** UNTDID 1001 (BT-3): commercial invoice, debit and prepayment variants, and the factored invoice 393. */
const INVOICE_TYPES: ReadonlySet<string> = new Set(["380", "382", "383", "384", "386", "388", "393", "395", "575", "623", "780"]);
/** UNTDID 1001 (BT-3): credit note, its variants, self-billed and factored. */
const CREDIT_TYPES: ReadonlySet<string> = new Set(["81", "83", "261", "381", "396", "532"]);
const FACTORED = "393";
/** ISO 6523: the LEI's own identifier scheme. */
const LEI_SCHEME = "0199";

/** The totals of EN 16931 in minor units: BT-106 to BT-115. */
export interface Totals {
  readonly lines: bigint;
  readonly allowances: bigint;
  readonly charges: bigint;
  readonly net: bigint;
  readonly tax: bigint;
  readonly gross: bigint;
  readonly paid: bigint;
  readonly rounding: bigint;
  readonly payable: bigint;
}

/** What the semantic model of EN 16931 says, in whichever syntax it was written. */
export interface EnDocument {
  readonly format: InvoiceFormat;
  /** BT-1. */
  readonly number: string;
  /** BT-3. */
  readonly type: string;
  /** BT-2, days since 1970-01-01. */
  readonly issueDay: number;
  /** BT-9. */
  readonly dueDay?: number;
  /** BT-5. */
  readonly currency: string;
  readonly totals: Totals;
  /** Net amount of each line (BT-131). */
  readonly lineAmounts: readonly bigint[];
  readonly seller: InvoiceParty;
  readonly buyer: InvoiceParty;
  /** BT-59, the name of a payee other than the seller. */
  readonly payee?: string;
  /** BT-25, the preceding invoice. */
  readonly preceding?: string;
  readonly goods: string;
  /** Order (BT-13), sales order (BT-14) and contract (BT-12). */
  readonly orders: readonly string[];
  /** Lots of the lines' items: of the syntax, beyond the standard's core. */
  readonly lots: readonly string[];
  readonly documentHash: string;
}

/** Throws InvoiceRefusal if a rule of the standard is broken. */
export function fromEn16931(document: EnDocument): Invoice | CreditNote {
  const { format, number, type, issueDay, dueDay, currency, totals, seller, buyer, payee, goods, documentHash } = document;
  if (number === "" || number.length > 128)
    throw new InvoiceRefusal("INVOICE_NUMBER", "expected a number of at most 128 characters (BT-1)");
  checkTotals(totals, document.lineAmounts);
  const shared = { format, number, issueDay, currency, seller, buyer, documentHash };
  if (CREDIT_TYPES.has(type)) {
    const note = { kind: "creditNote" as const, ...shared, total: totals.gross, tax: totals.tax };
    return checkedCredit(document.preceding === undefined ? note : { ...note, corrects: document.preceding });
  }
  if (!INVOICE_TYPES.has(type))
    throw new InvoiceRefusal("INVOICE_NOT_PAYABLE", `type ${type.slice(0, 8)} makes no receivable (BT-3)`);
  const warnings: string[] = [];
  if (payee !== undefined) warnings.push("names a payee other than the seller (BG-10): it may be assigned already");
  if (type === FACTORED) warnings.push("is a factored invoice (UNTDID 1001: 393)");
  const { payable, tax } = totals;
  return checked({
    kind: "invoice",
    ...shared,
    total: payable,
    // What was paid before may have covered tax: no more of it is left than is payable.
    tax: tax > payable ? payable : tax < 0n ? 0n : tax,
    goods,
    orders: document.orders,
    lots: document.lots,
    warnings,
    ...(dueDay === undefined ? {} : { dueDay }),
    ...(payee === undefined ? {} : { payee }),
  });
}

function checkTotals(totals: Totals, lineAmounts: readonly bigint[]): void {
  const { lines, allowances, charges, net, tax, gross, paid, rounding, payable } = totals;
  const rules: readonly (readonly [rule: string, holds: boolean, says: string])[] = [
    ["BR-CO-10", lineAmounts.reduce((sum, amount) => sum + amount, 0n) === lines, "the lines do not add up"],
    ["BR-CO-13", lines - allowances + charges === net, "lines, allowances and charges do not add up to the net total"],
    ["BR-CO-15", net + tax === gross, "net total and tax do not add up to the total"],
    ["BR-CO-16", gross - paid + rounding === payable, "total, payments and rounding do not add up to what is payable"],
  ];
  for (const [rule, holds, says] of rules) if (!holds) throw new InvoiceRefusal("INVOICE_TOTALS", `${says} (${rule})`);
}

/** An identifier as a document gives it: `kind` says which field it stood in, `scheme` what its schemeID says (ISO 6523). */
export interface Identifier {
  readonly kind: "REG" | "VAT" | "ID" | "EAS";
  readonly scheme: string | undefined;
  readonly value: string | undefined;
}

/**
 * The first usable identifier of a party, best first. A valid invoice may name its buyer only by name: then the name's hash
 * stands in, so that the same name is the same party. A legal entity identifier (LEI) is checked. Throws InvoiceRefusal.
 */
export function partyOf(name: string, identifiers: readonly Identifier[], where: string): InvoiceParty {
  if (name === "") throw new InvoiceRefusal("INVOICE_FIELD_MISSING", `${where}: the party has no name (BT-27/44)`);
  for (const { kind, scheme, value: raw } of identifiers) {
    const value = (raw ?? "").replace(/\s+/g, "");
    if (!/^[\x21-\x7e]{1,64}$/.test(value)) continue;
    if (scheme === LEI_SCHEME) return { name, legalId: leiOf(value, where) };
    return {
      name,
      legalId: { scheme: scheme !== undefined && /^[A-Z0-9]{2,10}$/.test(scheme) ? `${kind}:${scheme}` : kind, value },
    };
  }
  const hash = createHash("sha256").update(name.normalize("NFC").toUpperCase()).digest("hex").slice(0, 32);
  return { name, legalId: { scheme: "NAME", value: hash } };
}

function leiOf(value: string, where: string): LegalId {
  const legalId = { scheme: "LEI", value };
  const fault = legalIdFault(legalId);
  if (fault !== null) throw new InvoiceRefusal("INVOICE_LEGAL_ID", `${where}: "${value.slice(0, 32)}" is no LEI (${fault})`);
  return legalId;
}
