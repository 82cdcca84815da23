import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refuseBankMessage } from "../../src/gateways/bank-message.ts";
import { readCamt } from "../../src/gateways/camt.ts";
import { writeCamt054 } from "../../src/gateways/camt054.ts";
import { type PaymentInitiation, writePain001 } from "../../src/gateways/pain001.ts";
import { parseXml } from "../../src/gateways/xml.ts";

const SAMPLES = process.env.ZHONGLIAN_SAMPLES;
const text = new TextEncoder();
const notification = readFileSync(join(import.meta.dirname, "samples/camt054.xml"), "utf8");

function codeOf(xml: string): string {
  const result = readCamt(text.encode(xml));
  return result.ok ? "OK" : result.error.code;
}

describe("a notification that is written", () => {
  it("reads back as the same movements, whatever they are", () => {
    const word = fc.string({ unit: fc.constantFrom(..."ab12 &<>\"'é押"), minLength: 1, maxLength: 20 });
    const plain = word.map((text) => text.replaceAll(/\s+/g, " ").trim()).filter((text) => text !== "");
    const movement = fc.record(
      {
        reference: fc.stringMatching(/^[A-Z][0-9]{6,20}$/),
        direction: fc.constantFrom("CREDIT" as const, "DEBIT" as const),
        status: fc.constantFrom("BOOKED" as const, "PENDING" as const, "INFORMATION" as const),
        reversal: fc.boolean(),
        currency: fc.constantFrom("CNY", "JPY", "EUR"),
        amount: fc.bigInt(1n, 10n ** 17n),
        valueDay: fc.integer({ min: 18_000, max: 30_000 }),
        endToEndId: fc.stringMatching(/^[0-9a-f]{32}$/),
        remittance: fc.array(plain, { maxLength: 3 }),
      },
      { requiredKeys: ["reference", "direction", "status", "reversal", "currency", "amount", "valueDay", "remittance"] },
    );
    const several = fc.uniqueArray(movement, { selector: ({ reference }) => reference, minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(several, (movements) => {
        const written = writeCamt054({ messageId: "M1", account: "6222000011112222333", createdMs: 0, movements });
        const read = readCamt(text.encode(written));
        expect(read.ok && read.value).toMatchObject([{ kind: "notification", account: "6222000011112222333", movements }]);
      }),
    );
  });
});

describe("bank notifications", () => {
  it("give each movement once, with its own reference, amount, value date and what it pays for", () => {
    const result = readCamt(text.encode(notification));
    expect(result.ok && result.value).toMatchObject([
      {
        kind: "notification",
        account: "6222000011112222333",
        movements: [
          {
            reference: "ZB20260901-0001",
            direction: "CREDIT",
            status: "BOOKED",
            reversal: false,
            currency: "CNY",
            amount: 81_750_000n,
            valueDay: Date.UTC(2026, 8, 1) / 86_400_000,
            endToEndId: "0c4f1e0e9be04fb6a1c5b5c0c3f0d7aa",
            remittance: ["sugar, august", "26422725146974493722"],
          },
          { reference: "ZB20260901-0002#1", direction: "DEBIT", amount: 1_000_000n, currency: "CNY" },
          { reference: "ZB20260901-0002#2", direction: "DEBIT", amount: 2_000_050n, currency: "CNY" },
          { reference: "ZB20260901-0003", status: "PENDING", reversal: true, currency: "JPY", amount: 6_875_000n },
        ],
      },
    ]);
  });

  it.each([
    ["OK", notification],
    ["BANK_NOT_XML", notification.slice(0, 700)],
    ["BANK_DTD", notification.replace("<Document", "<!DOCTYPE x []><Document")],
    ["BANK_FORMAT_UNKNOWN", "<Document><CstmrCdtTrfInitn/></Document>"],
    ["BANK_FIELD_MISSING", notification.replace(/<Sts>.*?<\/Sts>/, "")],
    ["BANK_AMOUNT", notification.replace('<Amt Ccy="CNY">817500.00', '<Amt Ccy="CNY">817500.001')],
    ["BANK_AMOUNT", notification.replace('<Amt Ccy="CNY">817500.00', '<Amt Ccy="CNY">-817500.00')],
    ["BANK_AMOUNT", notification.replace('<Amt Ccy="CNY">817500.00', '<Amt Ccy="XXY">817500.00')],
    ["BANK_DATE", notification.replaceAll("<Dt>2026-09-01", "<Dt>2026-02-30")],
    ["BANK_REFERENCE", notification.replace("<AcctSvcrRef>ZB20260901-0001</AcctSvcrRef>", "")],
    ["BANK_REFERENCE", notification.replace("ZB20260901-0003", "ZB20260901-0001")],
    ["BANK_TOTALS", notification.replace('<Amt Ccy="CNY">10000.00', '<Amt Ccy="CNY">10000.01')],
  ])("answer %s", (code, xml) => {
    expect(codeOf(xml)).toBe(code);
  });

  it("never throw, whatever is done to a file", () => {
    fc.assert(
      fc.property(fc.nat(notification.length - 1), fc.string({ maxLength: 12 }), fc.nat(40), (at, put, cut) => {
        expect(typeof codeOf(notification.slice(0, at) + put + notification.slice(at + cut))).toBe("string");
      }),
      { numRuns: 300 },
    );
  });

  if (SAMPLES !== undefined) {
    it("are read from further samples where they are at hand", () => {
      const read = (file: string) => readCamt(readFileSync(join(SAMPLES, "bank", file)));
      for (const file of ["camt054.v4.xml", "camt054.v8.xml"]) {
        const result = read(file);
        expect(result.ok && result.value[0]?.movements.map(({ amount, currency }) => [amount, currency])).toEqual([
          [310n, "CHF"],
          [320n, "CHF"],
          [320n, "CHF"],
        ]);
      }
      const statement = read("camt053.v8.xml");
      expect(statement.ok && statement.value[0]?.kind).toBe("statement");
    });
  }
});

describe("payment initiations", () => {
  const initiation: PaymentInitiation = {
    debtor: { name: "众链银行 & Söhne", account: "6222000011112222333", bic: "ZBNKCNBJ" },
    executionDay: Date.UTC(2026, 8, 1) / 86_400_000,
    createdMs: Date.UTC(2026, 8, 1, 2, 30),
    orders: [
      {
        endToEndId: "b".repeat(32),
        currency: "CNY",
        amount: 5_000_001n,
        creditor: { name: "<甲>", account: "1" },
        invoices: ["26422725146974493722"],
      },
      {
        endToEndId: "a".repeat(32),
        currency: "JPY",
        amount: 700n,
        creditor: { name: "B", account: "DE89370400440532013000" },
        invoices: [],
      },
      { endToEndId: "c".repeat(32), currency: "CNY", amount: 99n, creditor: { name: "C", account: "2" }, invoices: [] },
    ],
  };

  it("carry each order in its currency's own decimals, with sums per currency", () => {
    const { root } = parseXml(text.encode(writePain001(initiation)), refuseBankMessage);
    const body = root.child("CstmrCdtTrfInitn");
    expect(body.child("GrpHdr").child("NbOfTxs").text).toBe("3");
    const blocks = body.children("PmtInf").map((block) => ({
      sum: block.child("CtrlSum").text,
      orders: block
        .children("CdtTrfTxInf")
        .map((order) => [
          order.child("PmtId").child("EndToEndId").text[0],
          order.child("Amt").child("InstdAmt").attribute("Ccy"),
          order.child("Amt").child("InstdAmt").text,
          order.child("Cdtr").child("Nm").text,
        ]),
    }));
    expect(blocks).toEqual([
      {
        sum: "50001.00",
        orders: [
          ["b", "CNY", "50000.01", "<甲>"],
          ["c", "CNY", "0.99", "C"],
        ],
      },
      { sum: "700", orders: [["a", "JPY", "700", "B"]] },
    ]);
  });

  it("are one message for the same orders, in whatever order and however often they are written", () => {
    const id = (orders: PaymentInitiation["orders"]): string | undefined =>
      /<MsgId>([^<]*)/.exec(writePain001({ ...initiation, createdMs: 0, orders }))?.[1];
    expect(id([...initiation.orders].reverse())).toBe(id(initiation.orders));
    expect(id(initiation.orders.slice(1))).not.toBe(id(initiation.orders));
  });

  it("refuse what ISO 20022 cannot carry", () => {
    const [first] = initiation.orders;
    if (first === undefined) throw new Error("no order");
    expect(() => writePain001({ ...initiation, orders: [{ ...first, endToEndId: "a".repeat(36) }] })).toThrow("end-to-end");
    expect(() => writePain001({ ...initiation, orders: [{ ...first, amount: 0n }] })).toThrow("positive");
    expect(() => writePain001({ ...initiation, orders: [] })).toThrow("at least one");
  });
});
