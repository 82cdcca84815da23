import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readInvoice, readInvoiceFolder } from "../../src/gateways/read-invoice.ts";

const OWN = resolve(import.meta.dirname, "../../network-configs/local/invoices");
const SAMPLES = process.env.ZHONGLIAN_SAMPLES;
const text = new TextEncoder();
const steel = readFileSync(join(OWN, "05-steel.xml"), "utf8");
const polymer = readFileSync(join(OWN, "08-polymer-eur.xml"), "utf8");

function codeOf(xml: string): string {
  const result = readInvoice(text.encode(xml));
  return result.ok ? "OK" : result.error.code;
}

describe("e-invoices", () => {
  it("reads every sample of the repository, in minor units of its own currency", () => {
    const { invoices, refused } = readInvoiceFolder(OWN);
    expect(refused).toEqual([]);
    expect(invoices.map(({ file, invoice }) => [file, invoice.currency, invoice.total])).toEqual([
      ["01-sugar.xml", "CNY", 81_750_000n],
      ["02-sugar.xml", "CNY", 215_820_000n],
      ["03-silk.xml", "CNY", 118_800_000n],
      ["04-steel.xml", "CNY", 11_999_000_000n],
      ["05-steel.xml", "CNY", 36_000_000n],
      ["06-chemicals.xml", "CNY", 32_400_000n],
      ["07-plastics.xml", "CNY", 11_800_036n],
      ["08-polymer-eur.xml", "EUR", 18_400_000n],
      ["09-yarn-jpy.xml", "JPY", 6_875_000n],
    ]);
  });

  it.each([
    ["INVOICE_NOT_XML", () => steel.slice(0, 500)],
    ["INVOICE_NOT_XML", () => "no xml at all"],
    ["INVOICE_NOT_XML", () => "<a>".repeat(100) + "</a>".repeat(100)],
    ["INVOICE_DTD", () => steel.replace("<EInvoice>", '<!DOCTYPE x [<!ENTITY a "aaaa">]><EInvoice>')],
    ["INVOICE_FORMAT_UNKNOWN", () => "<Order><ID>1</ID></Order>"],
    ["INVOICE_FIELD_MISSING", () => steel.replace(/<TotalTaxAm>.*<\/TotalTaxAm>/, "")],
    ["INVOICE_NUMBER", () => steel.replace(/<InvoiceNumber>[0-9]{20}/, "<InvoiceNumber>12")],
    ["INVOICE_DATE", () => steel.replace(/<IssueTime>[^<]*/, "<IssueTime>2026-02-30")],
    ["INVOICE_AMOUNT", () => steel.replace(/<TotalTaxAm>[^<]*/, "<TotalTaxAm>41415.931")],
    ["INVOICE_AMOUNT", () => steel.replace(/<TotalTaxAm>[^<]*/, "<TotalTaxAm>1e9")],
    ["INVOICE_TOTALS", () => steel.replace(/<TotalTaxAm>[^<]*/, "<TotalTaxAm>41415.94")],
    ["INVOICE_LEGAL_ID", () => steel.replace(/<SellerIdNum>.{18}/, "<SellerIdNum>91110000100000001X")],
    ["INVOICE_SAME_PARTY", () => steel.replace(/<BuyerIdNum>.{18}/, `<BuyerIdNum>${/<SellerIdNum>(.{18})/.exec(steel)?.[1]}`)],
    ["INVOICE_CURRENCY", () => polymer.replaceAll("EUR", "XYZ")],
    ["INVOICE_NOT_PAYABLE", () => polymer.replace(/<cbc:InvoiceTypeCode>380/, "<cbc:InvoiceTypeCode>381")],
    ["INVOICE_NOT_PAYABLE", () => polymer.replace(/(<cbc:PayableAmount currencyID="EUR">)[^<]*/, "$10.00")],
    ["INVOICE_TOTALS", () => polymer.replace(/(<cbc:TaxInclusiveAmount currencyID="EUR">)[^<]*/, "$1184000.01")],
    ["OK", () => steel],
    ["OK", () => `\uFEFF${steel}`],
  ])("answers %s", (code, make) => {
    expect(codeOf(make())).toBe(code);
  });

  it("refuses a red invoice, whose amounts are negative", () => {
    const red = steel
      .replace(/<TotalAmWithoutTax>/, "<TotalAmWithoutTax>-")
      .replace(/<TotalTaxAm>/, "<TotalTaxAm>-")
      .replace(/<TotalTax-includedAmount>/, "<TotalTax-includedAmount>-")
      .replace(/<TotaltaxIncludedAmount>/, "<TotaltaxIncludedAmount>-");
    expect(codeOf(red)).toBe("INVOICE_NOT_PAYABLE");
  });

  it("keeps amounts beyond 2^53 exact", () => {
    const huge = steel
      .replace(/<TotalAmWithoutTax>[^<]*/, "<TotalAmWithoutTax>90071992547409.93")
      .replace(/<TotalTaxAm>[^<]*/, "<TotalTaxAm>0.02")
      .replace(/<TotalTax-includedAmount>[^<]*/, "<TotalTax-includedAmount>90071992547409.95")
      .replace(/<TotaltaxIncludedAmount>[^<]*/, "<TotaltaxIncludedAmount>90071992547409.95");
    const result = readInvoice(text.encode(huge));
    expect(result.ok && result.value.total).toBe(9_007_199_254_740_995n);
  });

  it("never throws, whatever is done to a file", () => {
    fc.assert(
      fc.property(fc.nat(steel.length - 1), fc.string({ maxLength: 12 }), fc.nat(40), (at, put, cut) => {
        expect(typeof codeOf(steel.slice(0, at) + put + steel.slice(at + cut))).toBe("string");
      }),
      { numRuns: 300 },
    );
  });

  it.runIf(SAMPLES !== undefined && existsSync(SAMPLES ?? ""))("reads further samples where they are at hand", () => {
    const { invoices, refused } = readInvoiceFolder(join(SAMPLES as string, "invoices"));
    expect(invoices.filter(({ invoice }) => invoice.format === "CN")).toHaveLength(12);
    expect(invoices.filter(({ invoice }) => invoice.format === "UBL")).toHaveLength(8);
    expect(refused.filter(({ file }) => file.startsWith("ubl")).map(({ refusal }) => refusal.code)).toEqual([
      "INVOICE_NOT_PAYABLE",
    ]);
    expect(new Set(invoices.map(({ invoice }) => invoice.currency))).toEqual(new Set(["CNY", "DKK", "EUR", "NOK"]));
  });
});
