import { amountFrom, checked, chineseId, dayFrom, type Invoice, InvoiceRefusal } from "./invoice.ts";
import type { Element } from "./xml.ts";

/**
 * China's fully digital e-invoice (数电票) in its XML. The number is TaxSupervisionInfo/InvoiceNumber, the amount
 * TotalTax-includedAmount (with the hyphen); amounts stay text until they are minor units. Throws InvoiceRefusal.
 */
export function readChineseInvoice(root: Element, documentHash: string): Invoice {
  const data = root.child("EInvoiceData");
  const supervision = root.child("TaxSupervisionInfo");
  const number = supervision.child("InvoiceNumber").text;
  if (!/^[0-9]{20}$/.test(number))
    throw new InvoiceRefusal("INVOICE_NUMBER", `${supervision.path}/InvoiceNumber: expected 20 digits`);
  const basic = data.child("BasicInformation");
  const amount = (name: string): bigint => amountFrom(basic.child(name).text, "CNY", `${basic.path}/${name}`);
  const net = amount("TotalAmWithoutTax");
  const tax = amount("TotalTaxAm");
  const total = amount("TotalTax-includedAmount");
  if (net + tax !== total) throw new InvoiceRefusal("INVOICE_TOTALS", `${basic.path}: net and tax do not add up to the total`);
  const items = data.children("IssuItemInformation");
  const lines = items.reduce(
    (sum, item) => sum + amountFrom(item.child("TotaltaxIncludedAmount").text, "CNY", `${item.path}/TotaltaxIncludedAmount`),
    0n,
  );
  if (items.length > 0 && lines !== total)
    throw new InvoiceRefusal("INVOICE_TOTALS", `${data.path}: the lines do not add up to the total`);
  const party = (place: string, prefix: string) => {
    const info = data.child(place);
    return {
      legalId: chineseId(info.child(`${prefix}IdNum`).text, `${info.path}/${prefix}IdNum`),
      name: info.child(`${prefix}Name`).text,
    };
  };
  return checked({
    format: "CN",
    number,
    issueDay: dayFrom(supervision.child("IssueTime").text, `${supervision.path}/IssueTime`),
    currency: "CNY",
    total,
    tax,
    seller: party("SellerInformation", "Seller"),
    buyer: party("BuyerInformation", "Buyer"),
    goods: items[0]?.maybe("ItemName")?.text ?? "",
    documentHash,
  });
}
