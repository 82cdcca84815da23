import { organisationCodeFault } from "../types/legal-id.ts";
import {
  amountFrom,
  type CreditNote,
  checked,
  checkedCredit,
  chineseId,
  dayFrom,
  type Invoice,
  InvoiceRefusal,
} from "./invoice.ts";
import { lotsInRemark, ordersInRemark } from "./references.ts";
import type { Element } from "./xml.ts";

/** GB/T 2260: the first two digits of a place's code, as the invoice's number carries those of its tax bureau. */
const PROVINCES = /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])$/;
/** How a red invoice names the one that it takes back: 被红冲蓝字数电发票号码. */
const CORRECTS = /被红冲蓝字(?:数电)?(?:发)?票号码[：:]?\s*([0-9]{20})/;

/**
 * China's fully digital e-invoice (数电票) in its XML. The number is TaxSupervisionInfo/InvoiceNumber, the amount
 * TotalTax-includedAmount (with the hyphen); amounts stay text until they are minor units. Negative totals make it a red invoice
 * (红字发票). Throws InvoiceRefusal.
 */
export function readChineseInvoice(root: Element, documentHash: string): Invoice | CreditNote {
  const data = root.child("EInvoiceData");
  const supervision = root.child("TaxSupervisionInfo");
  const issueTime = supervision.child("IssueTime");
  const issueDay = dayFrom(issueTime.text, issueTime.path);
  const number = supervision.child("InvoiceNumber").text;
  checkNumber(number, issueTime.text, `${supervision.path}/InvoiceNumber`);
  const { total, tax } = totalsOf(data);
  const seller = party(data.child("SellerInformation"), "Seller");
  const buyer = party(data.child("BuyerInformation"), "Buyer");
  const shared = {
    format: "CN" as const,
    number,
    issueDay,
    currency: "CNY",
    seller: seller.party,
    buyer: buyer.party,
    documentHash,
  };
  const remark = data.at("AdditionalInformation", "Remark")?.text ?? "";
  if (total < 0n) {
    const corrects = CORRECTS.exec(remark)?.[1];
    const note = { kind: "creditNote" as const, ...shared, total: -total, tax: -tax };
    return checkedCredit(corrects === undefined ? note : { ...note, corrects });
  }
  return checked({
    kind: "invoice",
    ...shared,
    total,
    tax,
    goods: data.children("IssuItemInformation")[0]?.maybe("ItemName")?.text ?? "",
    orders: ordersInRemark(remark),
    lots: lotsInRemark(remark),
    warnings: [...seller.warnings, ...buyer.warnings],
  });
}

/** Two digits of the year, two of the province, one of the channel, fifteen of a serial. */
function checkNumber(number: string, issueTime: string, where: string): void {
  if (!/^[0-9]{20}$/.test(number)) throw new InvoiceRefusal("INVOICE_NUMBER", `${where}: expected 20 digits`);
  if (number.slice(0, 2) !== issueTime.slice(2, 4))
    throw new InvoiceRefusal("INVOICE_NUMBER", `${where}: the number's year is not that of its issue`);
  if (!PROVINCES.test(number.slice(2, 4)))
    throw new InvoiceRefusal("INVOICE_NUMBER", `${where}: ${number.slice(2, 4)} is no province (GB/T 2260)`);
}

/** Totals in fen: net and tax add up to the total, and so do the lines' to each of them. */
function totalsOf(data: Element): { readonly total: bigint; readonly tax: bigint } {
  const basic = data.child("BasicInformation");
  const net = fen(basic.child("TotalAmWithoutTax"));
  const tax = fen(basic.child("TotalTaxAm"));
  const total = fen(basic.child("TotalTax-includedAmount"));
  if (net + tax !== total) throw new InvoiceRefusal("INVOICE_TOTALS", `${basic.path}: net and tax do not add up to the total`);
  const items = data.children("IssuItemInformation");
  for (const [name, expected] of [
    ["Amount", net],
    ["ComTaxAm", tax],
    ["TotaltaxIncludedAmount", total],
  ] as const) {
    const sum = items.reduce((so, item) => so + fen(item.child(name)), 0n);
    if (items.length > 0 && sum !== expected)
      throw new InvoiceRefusal("INVOICE_TOTALS", `${data.path}: the lines' ${name} do not add up to the total`);
  }
  return { total, tax };
}

function fen(element: Element): bigint {
  return amountFrom(element.text, "CNY", element.path);
}

function party(info: Element, prefix: "Seller" | "Buyer") {
  const element = info.child(`${prefix}IdNum`);
  const legalId = chineseId(element.text, element.path);
  const name = info.child(`${prefix}Name`).text;
  if (name === "") throw new InvoiceRefusal("INVOICE_FIELD_MISSING", `${info.path}/${prefix}Name is empty`);
  // GB 11714 inside GB 32100: older codes are in use that break it, so it only warns.
  const warnings = organisationCodeFault(legalId.value)
    ? [`${element.path}: the organisation code's own check digit is wrong`]
    : [];
  return { party: { name, legalId }, warnings };
}
