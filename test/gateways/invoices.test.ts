import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDocument, readInvoice, readInvoiceFolder } from "../../src/gateways/read-invoice.ts";
import { usccCheckCharacter } from "../../src/types/legal-id.ts";

const OWN = resolve(import.meta.dirname, "../../network-configs/local/invoices");
const SAMPLES = process.env.ZHONGLIAN_SAMPLES;
const text = new TextEncoder();
const steel = readFileSync(join(OWN, "05-steel.xml"), "utf8");
const polymer = readFileSync(join(OWN, "08-polymer-eur.xml"), "utf8");
const glassware = readFileSync(join(import.meta.dirname, "samples/glassware-cii.xml"), "utf8");

function codeOf(xml: string): string {
  const result = readInvoice(text.encode(xml));
  return result.ok ? "OK" : result.error.code;
}

function paidInFull(ubl: string): string {
  return ubl.replace(
    /<cbc:PayableAmount currencyID="EUR">([^<]*)/,
    '<cbc:PrepaidAmount currencyID="EUR">$1</cbc:PrepaidAmount><cbc:PayableAmount currencyID="EUR">0.00',
  );
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
    ["INVOICE_NOT_PAYABLE", () => paidInFull(polymer)],
    ["INVOICE_TOTALS", () => polymer.replace(/(<cbc:TaxInclusiveAmount currencyID="EUR">)[^<]*/, "$1184000.01")],
    ["INVOICE_TOTALS", () => steel.replace(/<ComTaxAm>[^<]*/, "<ComTaxAm>1.00")],
    ["INVOICE_TOTALS", () => steel.replace(/<Amount>[^<]*/, "<Amount>1.00")],
    ["INVOICE_NUMBER", () => steel.replace(/<InvoiceNumber>26/, "<InvoiceNumber>25")],
    ["INVOICE_NUMBER", () => steel.replace(/<InvoiceNumber>26[0-9]{2}/, "<InvoiceNumber>2699")],
    ["INVOICE_FIELD_MISSING", () => steel.replace(/<BuyerName>[^<]*/, "<BuyerName>")],
    ["INVOICE_TOTALS", () => polymer.replace(/(<cbc:LineExtensionAmount currencyID="EUR">)[^<]*/, "$11.00")],
    ["INVOICE_NOT_PAYABLE", () => glassware.replace("<ram:TypeCode>380", "<ram:TypeCode>381")],
    ["INVOICE_NOT_PAYABLE", () => glassware.replace("<ram:TypeCode>380", "<ram:TypeCode>999")],
    ["INVOICE_DATE", () => glassware.replace("20260803<", "20260231<")],
    ["INVOICE_DATE", () => glassware.replace("20261002<", "20260802<")],
    ["INVOICE_LEGAL_ID", () => glassware.replace("5493001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R13")],
    ["INVOICE_TOTALS", () => glassware.replace(/(<ram:GrandTotalAmount>)[^<]*/, "$11.00")],
    ["INVOICE_TOTALS", () => glassware.replace(/(<ram:DuePayableAmount>)[^<]*/, "$11.00")],
    ["INVOICE_TOTALS", () => glassware.replace(/(<ram:TaxBasisTotalAmount>)[^<]*/, "$11.00")],
    ["INVOICE_CURRENCY", () => glassware.replace("<ram:InvoiceCurrencyCode>CZK", "<ram:InvoiceCurrencyCode>CZX")],
    ["OK", () => glassware],
    ["OK", () => steel],
    ["OK", () => `\uFEFF${steel}`],
  ])("answers %s", (code, make) => {
    expect(codeOf(make())).toBe(code);
  });

  it("reads a Cross Industry Invoice: terms, totals after a payment, the legal entity, the payee", () => {
    const result = readDocument(text.encode(glassware));
    expect(result.ok && result.value).toMatchObject({
      kind: "invoice",
      format: "CII",
      number: "SK-2026-0803/7",
      currency: "CZK",
      total: 10_390_000n,
      tax: 2_490_000n,
      issueDay: Date.UTC(2026, 7, 3) / 86_400_000,
      dueDay: Date.UTC(2026, 9, 2) / 86_400_000,
      seller: { legalId: { scheme: "LEI", value: "5493001KJTIIGC8Y1R12" } },
      payee: "Factoring Morava a.s.",
      warnings: [expect.stringContaining("BG-10")],
    });
  });

  it("finds the orders and lots that an invoice names, however they are written, and none where a word stands for none", () => {
    const found = (xml: string) => {
      const read = readDocument(text.encode(xml));
      if (!read.ok || read.value.kind !== "invoice") throw new Error("expected an invoice");
      return [read.value.orders, read.value.lots];
    };
    const remark = (words: string): string => steel.replace(/<Remark>[^<]*/, `<Remark>${words}`);
    expect(found(steel)).toEqual([[], []]);
    expect(found(remark("合同编号：ht-2026/０７，订单号 PO 1；批号：b2 批次号: B1 仓单号：WR-9"))).toEqual([
      ["HT-2026/07", "PO"],
      ["B1", "B2", "WR-9"],
    ]);
    const withOrder = (order: string, contract: string): string =>
      polymer.replace(
        /(<cbc:DocumentCurrencyCode>[^<]*<\/cbc:DocumentCurrencyCode>)/,
        `$1<cac:OrderReference><cbc:ID>${order}</cbc:ID></cac:OrderReference>` +
          `<cac:ContractDocumentReference><cbc:ID>${contract}</cbc:ID></cac:ContractDocumentReference>`,
      );
    expect(found(withOrder("n/a", " po 47 "))).toEqual([["PO47"], []]);
    const lot =
      "<cac:ItemInstance><cac:LotIdentification><cbc:LotNumberID>L-1</cbc:LotNumberID></cac:LotIdentification></cac:ItemInstance>";
    expect(found(polymer.replace("</cac:Item>", `${lot}</cac:Item>`))[1]).toEqual(["L-1"]);
    const agreed = (more: string): string =>
      glassware.replace("</ram:ApplicableHeaderTradeAgreement>", `${more}</ram:ApplicableHeaderTradeAgreement>`);
    const referenced =
      "<ram:ContractReferencedDocument><ram:IssuerAssignedID>C 9</ram:IssuerAssignedID></ram:ContractReferencedDocument>";
    expect(found(agreed(referenced))[0]).toContain("C9");
    const batch = "<ram:IndividualTradeProductInstance><ram:BatchID>l-2</ram:BatchID></ram:IndividualTradeProductInstance>";
    expect(found(glassware.replace("</ram:SpecifiedTradeProduct>", `${batch}</ram:SpecifiedTradeProduct>`))[1]).toEqual(["L-2"]);
  });

  it("takes a red invoice for a credit note that names the invoice it takes back", () => {
    const red = steel
      .replaceAll(/<(TotalAmWithoutTax|TotalTaxAm|TotalTax-includedAmount|Amount|ComTaxAm|TotaltaxIncludedAmount)>/g, "<$1>-")
      .replace(/<Remark>[^<]*/, "<Remark>被红冲蓝字数电发票号码：26422725146974493722");
    expect(codeOf(red)).toBe("INVOICE_NOT_PAYABLE");
    const note = readDocument(text.encode(red));
    expect(note.ok && note.value).toMatchObject({ kind: "creditNote", total: 36_000_000n, corrects: "26422725146974493722" });
  });

  it("takes a credit note in UBL and in CII for what it is", () => {
    const ubl = polymer
      .replaceAll("Invoice>", "CreditNote>")
      .replace("<Invoice ", "<CreditNote ")
      .replaceAll("InvoiceTypeCode", "CreditNoteTypeCode")
      .replace(">380<", ">381<")
      .replaceAll("InvoiceLine", "CreditNoteLine");
    const cii = glassware.replace("<ram:TypeCode>380", "<ram:TypeCode>381");
    const notes = [ubl, cii].map((xml) => readDocument(text.encode(xml)));
    expect(notes.map((note) => note.ok && note.value)).toMatchObject([
      { kind: "creditNote", format: "UBL", total: 18_400_000n },
      { kind: "creditNote", format: "CII", total: 14_390_000n, corrects: "SK-2026-0710/2" },
    ]);
  });

  it("warns of an organisation code that breaks its own check inside a sound 统一社会信用代码", () => {
    const seller = /<SellerIdNum>(.{18})/.exec(steel)?.[1] as string;
    const digit = seller[16] === "1" ? "2" : "1";
    const broken = seller.slice(0, 16) + digit;
    const result = readInvoice(text.encode(steel.replace(seller, broken + usccCheckCharacter(broken))));
    expect(result.ok && result.value.warnings).toEqual([expect.stringContaining("organisation code")]);
    const sound = readInvoice(text.encode(steel));
    expect(sound.ok && sound.value.warnings).toEqual([]);
  });

  it("keeps amounts beyond 2^53 exact", () => {
    const huge = steel
      .replace(/<TotalAmWithoutTax>[^<]*/, "<TotalAmWithoutTax>90071992547409.93")
      .replace(/<TotalTaxAm>[^<]*/, "<TotalTaxAm>0.02")
      .replace(/<TotalTax-includedAmount>[^<]*/, "<TotalTax-includedAmount>90071992547409.95")
      .replace(/<Amount>[^<]*/, "<Amount>90071992547409.93")
      .replace(/<ComTaxAm>[^<]*/, "<ComTaxAm>0.02")
      .replace(/<TotaltaxIncludedAmount>[^<]*/, "<TotaltaxIncludedAmount>90071992547409.95");
    const result = readInvoice(text.encode(huge));
    expect(result.ok && result.value.total).toBe(9_007_199_254_740_995n);
  });

  it("never throws, whatever is done to a file", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(steel, polymer, glassware),
        fc.nat(),
        fc.string({ maxLength: 12 }),
        fc.nat(40),
        (xml, place, put, cut) => {
          const at = place % xml.length;
          expect(typeof codeOf(xml.slice(0, at) + put + xml.slice(at + cut))).toBe("string");
        },
      ),
      { numRuns: 300 },
    );
  });

  it("reads the folders of a folder, and names each file that it does not take", () => {
    const folder = mkdtempSync(join(tmpdir(), "zhonglian-invoices-"));
    try {
      mkdirSync(join(folder, "a/b"), { recursive: true });
      writeFileSync(join(folder, "a/b/steel.XML"), steel);
      writeFileSync(join(folder, "a/order.xml"), "<Order/>");
      writeFileSync(join(folder, "polymer.xml"), polymer);
      writeFileSync(join(folder, "README.md"), "no invoice");
      const { invoices, refused } = readInvoiceFolder(folder);
      expect(invoices.map(({ file }) => file)).toEqual(["a/b/steel.XML", "polymer.xml"]);
      expect(refused.map(({ file, refusal }) => [file, refusal.code])).toEqual([["a/order.xml", "INVOICE_FORMAT_UNKNOWN"]]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

// Public samples that are not part of the repository, where somebody has them at hand.
if (SAMPLES !== undefined) {
  it("reads every payable sample of a folder elsewhere", () => {
    const { invoices, refused } = readInvoiceFolder(join(SAMPLES, "invoices"));
    const count = (format: string): number => invoices.filter(({ invoice }) => invoice.format === format).length;
    expect([count("CN"), count("UBL"), count("CII")]).toEqual([12, 8, 3]);
    expect(refused.map(({ file, refusal }) => [file, refusal.code])).toEqual([
      [join("ubl", "ubl-tc434-creditnote1.xml"), "INVOICE_NOT_PAYABLE"],
    ]);
    expect(new Set(invoices.map(({ invoice }) => invoice.currency))).toEqual(new Set(["CNY", "DKK", "EUR", "NOK"]));
  });
}
