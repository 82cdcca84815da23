import { type EnDocument, type Identifier, partyOf } from "./en16931.ts";
import { amountFrom, currencyFrom, dayFrom, InvoiceRefusal } from "./invoice.ts";
import { LOTS_MAX, ORDERS_MAX, referencesOf } from "./references.ts";
import type { Element } from "./xml.ts";

const ROOTS = {
  Invoice: { type: "InvoiceTypeCode", line: "InvoiceLine" },
  CreditNote: { type: "CreditNoteTypeCode", line: "CreditNoteLine" },
} as const;

/** UBL 2.1 invoice or credit note under EN 16931 (Peppol BIS Billing 3). Throws InvoiceRefusal. */
export function readUbl(root: Element, name: keyof typeof ROOTS, documentHash: string): EnDocument {
  const names = ROOTS[name];
  const currency = currencyFrom(root.child("DocumentCurrencyCode").text, `${root.path}/DocumentCurrencyCode`);
  const sum = root.child("LegalMonetaryTotal");
  const amount = (element: Element): bigint => {
    if ((element.attribute("currencyID") ?? currency) !== currency)
      throw new InvoiceRefusal("INVOICE_CURRENCY", `${element.path}: another currency than the document's`);
    return amountFrom(element.text, currency, element.path);
  };
  const optional = (field: string): bigint => {
    const element = sum.maybe(field);
    return element === undefined ? 0n : amount(element);
  };
  const lines = root.children(names.line);
  const due = root.maybe("DueDate")?.text ?? root.at("PaymentMeans", "PaymentDueDate")?.text;
  const payee = root.at("PayeeParty", "PartyName", "Name")?.text;
  const preceding = root.at("BillingReference", "InvoiceDocumentReference", "ID")?.text;
  return {
    format: "UBL",
    number: root.child("ID").text,
    type: root.child(names.type).text,
    issueDay: dayFrom(root.child("IssueDate").text, `${root.path}/IssueDate`),
    currency,
    totals: {
      lines: amount(sum.child("LineExtensionAmount")),
      allowances: optional("AllowanceTotalAmount"),
      charges: optional("ChargeTotalAmount"),
      net: amount(sum.child("TaxExclusiveAmount")),
      tax: taxOf(root, currency),
      gross: amount(sum.child("TaxInclusiveAmount")),
      paid: optional("PrepaidAmount"),
      rounding: optional("PayableRoundingAmount"),
      payable: amount(sum.child("PayableAmount")),
    },
    lineAmounts: lines.map((line) => amount(line.child("LineExtensionAmount"))),
    seller: party(root.child("AccountingSupplierParty").child("Party")),
    buyer: party(root.child("AccountingCustomerParty").child("Party")),
    goods: lines[0]?.at("Item", "Name")?.text ?? "",
    orders: referencesOf(
      [
        root.at("ContractDocumentReference", "ID"),
        root.at("OrderReference", "ID"),
        root.at("OrderReference", "SalesOrderID"),
      ].map((element) => element?.text),
      ORDERS_MAX,
    ),
    lots: referencesOf(
      lines.map((line) => line.at("Item", "ItemInstance", "LotIdentification", "LotNumberID")?.text),
      LOTS_MAX,
    ),
    documentHash,
    ...(due === undefined ? {} : { dueDay: dayFrom(due, `${root.path}/DueDate`) }),
    ...(payee === undefined ? {} : { payee }),
    ...(preceding === undefined ? {} : { preceding }),
  };
}

/** The tax total in the document's currency (BT-110); without one there is no tax. */
function taxOf(root: Element, currency: string): bigint {
  for (const total of root.children("TaxTotal")) {
    const amount = total.child("TaxAmount");
    if ((amount.attribute("currencyID") ?? currency) === currency) return amountFrom(amount.text, currency, amount.path);
  }
  return 0n;
}

/** Legal registration (BT-30/47), VAT (BT-31/48), identifier (BT-29/46), electronic address (BT-34/49). */
function party(element: Element) {
  const name = element.at("PartyLegalEntity", "RegistrationName")?.text || element.at("PartyName", "Name")?.text || "";
  const vat = element
    .children("PartyTaxScheme")
    .find((scheme) => scheme.at("TaxScheme", "ID")?.text === "VAT")
    ?.maybe("CompanyID");
  const identifier = (kind: Identifier["kind"], found: Element | undefined): Identifier => ({
    kind,
    scheme: found?.attribute("schemeID"),
    value: found?.text,
  });
  return partyOf(
    name,
    [
      identifier("REG", element.at("PartyLegalEntity", "CompanyID")),
      identifier("VAT", vat),
      identifier("ID", element.at("PartyIdentification", "ID")),
      identifier("EAS", element.maybe("EndpointID")),
    ],
    element.path,
  );
}
