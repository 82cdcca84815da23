import { XMLBuilder } from "fast-xml-parser";
import { formatMinorUnits } from "../types/currency.ts";
import type { BankMovement } from "./bank-message.ts";
import { dateText } from "./day.ts";

export interface Notification {
  /** At most 35 characters; the bank's own. */
  readonly messageId: string;
  /** Of the account that the money moved on: an IBAN, or the bank's own number. */
  readonly account: string;
  readonly createdMs: number;
  readonly movements: readonly BankMovement[];
}

const STATUS = { BOOKED: "BOOK", PENDING: "PDNG", INFORMATION: "INFO" } as const;
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@", textNodeName: "#text", format: true });

/** What a bank's payment system tells of money that moved: ISO 20022 camt.054.001.08, of which `readCamt` makes the same movements. */
export function writeCamt054({ messageId, account, createdMs, movements }: Notification): string {
  const created = new Date(createdMs).toISOString().slice(0, 19);
  const id = /^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$/.test(account) ? { IBAN: account } : { Othr: { Id: account } };
  return builder.build({
    "?xml": { "@version": "1.0", "@encoding": "UTF-8" },
    Document: {
      "@xmlns": "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08",
      BkToCstmrDbtCdtNtfctn: {
        GrpHdr: { MsgId: messageId, CreDtTm: created },
        Ntfctn: { Id: messageId, CreDtTm: created, Acct: { Id: id }, Ntry: movements.map(entry) },
      },
    },
  }) as string;
}

function entry({ reference, direction, status, reversal, currency, amount, valueDay, ...context }: BankMovement) {
  const day = { Dt: dateText(valueDay) };
  const { endToEndId, remittance } = context;
  return {
    Amt: { "@Ccy": currency, "#text": formatMinorUnits(amount, currency) },
    CdtDbtInd: direction === "CREDIT" ? "CRDT" : "DBIT",
    ...(reversal ? { RvslInd: "true" } : {}),
    Sts: { Cd: STATUS[status] },
    BookgDt: day,
    ValDt: day,
    AcctSvcrRef: reference,
    BkTxCd: { Prtry: { Cd: "NTRF" } },
    NtryDtls: {
      TxDtls: {
        Refs: { EndToEndId: endToEndId ?? "NOTPROVIDED" },
        ...(remittance.length === 0 ? {} : { RmtInf: { Ustrd: remittance } }),
      },
    },
  };
}
