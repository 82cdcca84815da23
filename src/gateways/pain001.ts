import { createHash } from "node:crypto";
import { XMLBuilder } from "fast-xml-parser";
import { formatMinorUnits } from "../types/currency.ts";
import { dateText } from "./day.ts";

/** An account and whose it is, from the local directory. Private. */
export interface BankAccount {
  readonly name: string;
  /** An IBAN, or the bank's own number. */
  readonly account: string;
  readonly bic?: string;
}

export interface PaymentOrder {
  /** At most 35 characters (Max35Text); comes back in the bank's notification. */
  readonly endToEndId: string;
  readonly currency: string;
  /** Minor units, positive. */
  readonly amount: bigint;
  readonly creditor: BankAccount;
  /** What is financed: the invoices' numbers. Private. */
  readonly invoices: readonly string[];
}

export interface PaymentInitiation {
  readonly debtor: BankAccount;
  readonly executionDay: number;
  readonly createdMs: number;
  readonly orders: readonly PaymentOrder[];
}

const TEXT_35 = /^[0-9A-Za-z/?:().,'+ -]{1,35}$/;
const NAME_CHARS_MAX = 140;
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@", textNodeName: "#text", format: true });

/**
 * An ISO 20022 customer credit transfer initiation, pain.001.001.09: one payment information block per currency. The message's id comes
 * from its orders, so that the same orders written twice are one message to the bank, which refuses the second.
 */
export function writePain001({ debtor, executionDay, createdMs, orders }: PaymentInitiation): string {
  if (orders.length === 0) throw new Error("a payment initiation has at least one order");
  for (const { endToEndId, amount } of orders) {
    if (!TEXT_35.test(endToEndId)) throw new Error(`"${endToEndId}" is no end-to-end id of ISO 20022`);
    if (amount <= 0n) throw new Error("an order's amount is positive");
  }
  const messageId = idOf(orders);
  const currencies = [...new Set(orders.map(({ currency }) => currency))].sort();
  const document = {
    "?xml": { "@version": "1.0", "@encoding": "UTF-8" },
    Document: {
      "@xmlns": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09",
      CstmrCdtTrfInitn: {
        GrpHdr: {
          MsgId: messageId,
          CreDtTm: new Date(createdMs).toISOString().slice(0, 19),
          NbOfTxs: String(orders.length),
          InitgPty: { Nm: nameOf(debtor) },
        },
        PmtInf: currencies.map((currency) => {
          const own = orders.filter((order) => order.currency === currency);
          return {
            PmtInfId: `${messageId.slice(0, 31)}-${currency}`,
            PmtMtd: "TRF",
            NbOfTxs: String(own.length),
            CtrlSum: formatMinorUnits(
              own.reduce((sum, { amount }) => sum + amount, 0n),
              currency,
            ),
            ReqdExctnDt: { Dt: dateText(executionDay) },
            Dbtr: { Nm: nameOf(debtor) },
            DbtrAcct: { Id: accountId(debtor), Ccy: currency },
            DbtrAgt: agent(debtor),
            CdtTrfTxInf: own.map(transfer),
          };
        }),
      },
    },
  };
  return builder.build(document) as string;
}

function transfer({ endToEndId, currency, amount, creditor, invoices }: PaymentOrder) {
  return {
    PmtId: { EndToEndId: endToEndId },
    Amt: { InstdAmt: { "@Ccy": currency, "#text": formatMinorUnits(amount, currency) } },
    CdtrAgt: agent(creditor),
    Cdtr: { Nm: nameOf(creditor) },
    CdtrAcct: { Id: accountId(creditor) },
    ...(invoices.length === 0
      ? {}
      : {
          RmtInf: {
            Strd: invoices.map((number) => ({ RfrdDocInf: { Tp: { CdOrPrtry: { Cd: "CINV" } }, Nb: number.slice(0, 35) } })),
          },
        }),
  };
}

function nameOf({ name }: BankAccount): string {
  return name.slice(0, NAME_CHARS_MAX);
}

function accountId({ account }: BankAccount) {
  return /^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$/.test(account) ? { IBAN: account } : { Othr: { Id: account } };
}

function agent({ bic }: BankAccount) {
  return { FinInstnId: bic === undefined ? { Othr: { Id: "NOTPROVIDED" } } : { BICFI: bic } };
}

function idOf(orders: readonly PaymentOrder[]): string {
  const digest = createHash("sha256");
  for (const { endToEndId, currency, amount } of [...orders].sort((left, right) => (left.endToEndId < right.endToEndId ? -1 : 1)))
    digest.update(`${endToEndId}\n${currency}\n${amount}\n`);
  return digest.digest("hex").slice(0, 32).toUpperCase();
}
