import { createHash } from "node:crypto";
import type { LegalId } from "../types/genesis.ts";
import { amountFrom, checked, currencyFrom, dayFrom, type Invoice, type InvoiceParty, InvoiceRefusal } from "./invoice.ts";
import type { Element } from "./xml.ts";

/** UNTDID 1001: commercial invoice, debit and prepayment variants, and the factored invoice. */
const TYPE_CODES: ReadonlySet<string> = new Set(["380", "382", "383", "384", "386", "388", "393", "395", "575", "623", "780"]);

/** UBL 2.1 under EN 16931 (Peppol BIS Billing 3). Throws InvoiceRefusal. */
export function readUblInvoice(root: Element, documentHash: string): Invoice {
  const number = root.child("ID").text;
  if (number === "" || number.length > 128)
    throw new InvoiceRefusal("INVOICE_NUMBER", `${root.path}/ID: expected a number (BT-1)`);
  const type = root.child("InvoiceTypeCode").text;
  if (!TYPE_CODES.has(type))
    throw new InvoiceRefusal(
      "INVOICE_NOT_PAYABLE",
      `${root.path}/InvoiceTypeCode: ${type.slice(0, 8)} makes no receivable (BT-3)`,
    );
  const currency = currencyFrom(root.child("DocumentCurrencyCode").text, `${root.path}/DocumentCurrencyCode`);
  const totals = root.child("LegalMonetaryTotal");
  const amount = (name: string): bigint => {
    const element = totals.child(name);
    if ((element.attribute("currencyID") ?? currency) !== currency)
      throw new InvoiceRefusal("INVOICE_CURRENCY", `${element.path}: another currency than the document's`);
    return amountFrom(element.text, currency, element.path);
  };
  const tax = taxOf(root, currency);
  // BR-CO-15: total with VAT = total without + VAT.
  if (amount("TaxExclusiveAmount") + tax !== amount("TaxInclusiveAmount"))
    throw new InvoiceRefusal("INVOICE_TOTALS", `${totals.path}: totals and tax do not add up (BR-CO-15)`);
  const total = amount("PayableAmount");
  const due = root.maybe("DueDate")?.text ?? root.at("PaymentMeans", "PaymentDueDate")?.text;
  const base = {
    format: "UBL" as const,
    number,
    issueDay: dayFrom(root.child("IssueDate").text, `${root.path}/IssueDate`),
    currency,
    total,
    tax: tax > total ? total : tax < 0n ? 0n : tax,
    seller: party(root.child("AccountingSupplierParty").child("Party")),
    buyer: party(root.child("AccountingCustomerParty").child("Party")),
    goods: root.at("InvoiceLine", "Item", "Name")?.text ?? "",
    documentHash,
  };
  return checked(due === undefined ? base : { ...base, dueDay: dayFrom(due, `${root.path}/DueDate`) });
}

/** The tax total in the document's currency (BT-110); without one there is no tax. */
function taxOf(root: Element, currency: string): bigint {
  for (const total of root.children("TaxTotal")) {
    const amount = total.child("TaxAmount");
    if ((amount.attribute("currencyID") ?? currency) === currency) return amountFrom(amount.text, currency, amount.path);
  }
  return 0n;
}

/**
 * The best identifier a party gives: legal registration (BT-30/47), VAT (BT-31/48), identifier (BT-29/46), electronic address
 * (BT-34/49). A valid invoice may name its buyer only by name: then the name's hash stands in, so that the same name is the same party.
 */
function party(element: Element): InvoiceParty {
  const name = element.at("PartyLegalEntity", "RegistrationName")?.text || element.at("PartyName", "Name")?.text || "";
  if (name === "") throw new InvoiceRefusal("INVOICE_FIELD_MISSING", `${element.path}: the party has no name (BT-27/44)`);
  const vat = element
    .children("PartyTaxScheme")
    .find((scheme) => scheme.at("TaxScheme", "ID")?.text === "VAT")
    ?.maybe("CompanyID");
  const candidates: readonly (readonly [string, Element | undefined])[] = [
    ["REG", element.at("PartyLegalEntity", "CompanyID")],
    ["VAT", vat],
    ["ID", element.at("PartyIdentification", "ID")],
    ["EAS", element.maybe("EndpointID")],
  ];
  for (const [kind, found] of candidates) {
    const value = (found?.text ?? "").replace(/\s+/g, "");
    if (value !== "" && /^[\x21-\x7e]{1,64}$/.test(value))
      return { name, legalId: { scheme: scheme(kind, found?.attribute("schemeID")), value } };
  }
  const hash = createHash("sha256").update(name.normalize("NFC").toUpperCase()).digest("hex").slice(0, 32);
  return { name, legalId: { scheme: "NAME", value: hash } };
}

/** "REG:0184" for a registration with an ISO 6523 scheme. */
function scheme(kind: string, schemeId: string | undefined): LegalId["scheme"] {
  return schemeId !== undefined && /^[A-Z0-9]{2,10}$/.test(schemeId) ? `${kind}:${schemeId}` : kind;
}
