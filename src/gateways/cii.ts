import { type EnDocument, type Identifier, partyOf } from "./en16931.ts";
import { amountFrom, currencyFrom, dayFrom, InvoiceRefusal } from "./invoice.ts";
import { LOTS_MAX, ORDERS_MAX, referencesOf } from "./references.ts";
import type { Element } from "./xml.ts";

/** UN/CEFACT Cross Industry Invoice D16B under EN 16931. Throws InvoiceRefusal. */
export function readCii(root: Element, documentHash: string): EnDocument {
  const header = root.child("ExchangedDocument");
  const trade = root.child("SupplyChainTradeTransaction");
  const agreement = trade.child("ApplicableHeaderTradeAgreement");
  const settlement = trade.child("ApplicableHeaderTradeSettlement");
  const sum = settlement.child("SpecifiedTradeSettlementHeaderMonetarySummation");
  const currency = currencyFrom(settlement.child("InvoiceCurrencyCode").text, `${settlement.path}/InvoiceCurrencyCode`);
  const amount = (element: Element): bigint => {
    if ((element.attribute("currencyID") ?? currency) !== currency)
      throw new InvoiceRefusal("INVOICE_CURRENCY", `${element.path}: another currency than the document's`);
    return amountFrom(element.text, currency, element.path);
  };
  const optional = (element: Element | undefined): bigint => (element === undefined ? 0n : amount(element));
  // The tax may stand a second time in the accounting currency (BT-111).
  const tax = sum.children("TaxTotalAmount").find((each) => (each.attribute("currencyID") ?? currency) === currency);
  const lines = trade.children("IncludedSupplyChainTradeLineItem");
  const due = settlement.at("SpecifiedTradePaymentTerms", "DueDateDateTime");
  const payee = settlement.at("PayeeTradeParty", "Name")?.text;
  const preceding = settlement.at("InvoiceReferencedDocument", "IssuerAssignedID")?.text;
  return {
    format: "CII",
    number: header.child("ID").text,
    type: header.child("TypeCode").text,
    issueDay: day(header.child("IssueDateTime")),
    currency,
    totals: {
      lines: amount(sum.child("LineTotalAmount")),
      allowances: optional(sum.maybe("AllowanceTotalAmount")),
      charges: optional(sum.maybe("ChargeTotalAmount")),
      net: amount(sum.child("TaxBasisTotalAmount")),
      tax: optional(tax),
      gross: amount(sum.child("GrandTotalAmount")),
      paid: optional(sum.maybe("TotalPrepaidAmount")),
      rounding: optional(sum.maybe("RoundingAmount")),
      payable: amount(sum.child("DuePayableAmount")),
    },
    lineAmounts: lines.map((line) =>
      amount(
        line
          .child("SpecifiedLineTradeSettlement")
          .child("SpecifiedTradeSettlementLineMonetarySummation")
          .child("LineTotalAmount"),
      ),
    ),
    seller: party(agreement.child("SellerTradeParty")),
    buyer: party(agreement.child("BuyerTradeParty")),
    goods: lines[0]?.at("SpecifiedTradeProduct", "Name")?.text ?? "",
    orders: referencesOf(
      ["ContractReferencedDocument", "BuyerOrderReferencedDocument", "SellerOrderReferencedDocument"].map(
        (name) => agreement.at(name, "IssuerAssignedID")?.text,
      ),
      ORDERS_MAX,
    ),
    lots: referencesOf(
      lines.map((line) => line.at("SpecifiedTradeProduct", "IndividualTradeProductInstance", "BatchID")?.text),
      LOTS_MAX,
    ),
    documentHash,
    ...(due === undefined ? {} : { dueDay: day(due) }),
    ...(payee === undefined ? {} : { payee }),
    ...(preceding === undefined ? {} : { preceding }),
  };
}

/** A DateTimeString of UNTDID 2379 format 102, YYYYMMDD. */
function day(element: Element): number {
  const text = element.child("DateTimeString").text;
  const match = /^([0-9]{4})([0-9]{2})([0-9]{2})$/.exec(text);
  return dayFrom(match === null ? text : `${match[1]}-${match[2]}-${match[3]}`, element.path);
}

/** Legal registration (BT-30/47), VAT (BT-31/48), global and local identifier (BT-29/46), electronic address (BT-34/49). */
function party(element: Element) {
  const vat = element
    .children("SpecifiedTaxRegistration")
    .map((registration) => registration.maybe("ID"))
    .find((id) => id?.attribute("schemeID") === "VA");
  const identifier = (kind: Identifier["kind"], found: Element | undefined): Identifier => ({
    kind,
    scheme: kind === "VAT" ? undefined : found?.attribute("schemeID"),
    value: found?.text,
  });
  return partyOf(
    element.maybe("Name")?.text ?? "",
    [
      identifier("REG", element.at("SpecifiedLegalOrganization", "ID")),
      identifier("VAT", vat),
      identifier("ID", element.maybe("GlobalID")),
      identifier("ID", element.maybe("ID")),
      identifier("EAS", element.at("URIUniversalCommunication", "URIID")),
    ],
    element.path,
  );
}
