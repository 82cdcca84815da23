import { createHash } from "node:crypto";
import {
  type BankMessage,
  BankMessageRefusal,
  type BankMessageResult,
  type BankMovement,
  bankAmount,
  refuseBankMessage,
} from "./bank-message.ts";
import { dayFrom } from "./day.ts";
import { type Element, parseXml } from "./xml.ts";

const KINDS = {
  BkToCstmrDbtCdtNtfctn: { kind: "notification", part: "Ntfctn" },
  BkToCstmrStmt: { kind: "statement", part: "Stmt" },
} as const;
const REFERENCE_CHARS_MAX = 64;
const MOVEMENTS_MAX = 100_000;

/** ISO 20022 camt.054 (debit and credit notification) and camt.053 (statement), versions 02 to 13: one message per account. */
export function readCamt(bytes: Uint8Array): BankMessageResult {
  try {
    return { ok: true, value: read(bytes) };
  } catch (error) {
    if (error instanceof BankMessageRefusal) return { ok: false, error };
    throw error;
  }
}

function read(bytes: Uint8Array): readonly BankMessage[] {
  const { name, root } = parseXml(bytes, refuseBankMessage);
  const documentHash = createHash("sha256").update(bytes).digest("hex");
  for (const [element, { kind, part }] of Object.entries(KINDS)) {
    const body = name === "Document" ? root.maybe(element) : undefined;
    if (body === undefined) continue;
    const messageId = body.child("GrpHdr").child("MsgId").text;
    return body.children(part).map((account) => ({
      kind,
      messageId,
      account: accountOf(account.child("Acct")),
      movements: movementsOf(account),
      documentHash,
    }));
  }
  throw new BankMessageRefusal("BANK_FORMAT_UNKNOWN", `<${name.slice(0, 40)}> is no camt.053 or camt.054`);
}

function accountOf(account: Element): string {
  const id = account.child("Id");
  return id.maybe("IBAN")?.text ?? id.child("Othr").child("Id").text;
}

function movementsOf(account: Element): readonly BankMovement[] {
  const movements = account.children("Ntry").flatMap(movementsOfEntry);
  if (movements.length > MOVEMENTS_MAX) throw new BankMessageRefusal("BANK_TOO_LARGE", `more than ${MOVEMENTS_MAX} movements`);
  const seen = new Set<string>();
  for (const { reference } of movements) {
    if (seen.has(reference)) throw new BankMessageRefusal("BANK_REFERENCE", `the reference "${reference}" stands twice`);
    seen.add(reference);
  }
  return movements;
}

/** An entry is one movement, or a batch of several, each with details of its own. */
function movementsOfEntry(entry: Element): readonly BankMovement[] {
  const whole = moneyOf(entry.child("Amt"));
  const reference = entry.maybe("AcctSvcrRef")?.text ?? "";
  const base = {
    status: statusOf(entry.child("Sts")),
    reversal: entry.maybe("RvslInd")?.text === "true",
    valueDay: dayOf(entry),
  };
  const direction = directionOf(entry);
  const details = entry.children("NtryDtls").flatMap((part) => part.children("TxDtls"));
  if (details.length <= 1) {
    const [detail] = details;
    const own = detail?.at("Refs", "AcctSvcrRef")?.text;
    return [{ ...base, direction, ...whole, reference: sound(own ?? reference, entry), ...contextOf(detail) }];
  }
  const parts = details.map((detail, index) => {
    const amount = detail.maybe("Amt") ?? detail.child("AmtDtls").child("TxAmt").child("Amt");
    const own = detail.at("Refs", "AcctSvcrRef")?.text;
    return {
      ...base,
      direction: detail.maybe("CdtDbtInd") === undefined ? direction : directionOf(detail),
      ...moneyOf(amount),
      reference: sound(own ?? `${reference}#${index + 1}`, entry),
      ...contextOf(detail),
    };
  });
  // In another currency the bank has converted, and the sums say nothing.
  const comparable = parts.every((part) => part.currency === whole.currency && part.direction === direction);
  if (comparable && parts.reduce((sum, { amount }) => sum + amount, 0n) !== whole.amount)
    throw new BankMessageRefusal("BANK_TOTALS", `${entry.path}: the batch's parts do not add up to the entry "${reference}"`);
  return parts;
}

function moneyOf(element: Element): { readonly currency: string; readonly amount: bigint } {
  const currency = element.attribute("Ccy") ?? "";
  return { currency, amount: bankAmount(element.text, currency, element.path) };
}

function directionOf(element: Element): BankMovement["direction"] {
  const text = element.child("CdtDbtInd").text;
  if (text === "CRDT") return "CREDIT";
  if (text === "DBIT") return "DEBIT";
  throw new BankMessageRefusal("BANK_FIELD_MISSING", `${element.path}/CdtDbtInd: expected CRDT or DBIT`);
}

/** A code inside the element since version 08, the element's own text before. */
function statusOf(element: Element): BankMovement["status"] {
  const code = element.maybe("Cd")?.text ?? element.text;
  return code === "BOOK" ? "BOOKED" : code === "PDNG" ? "PENDING" : "INFORMATION";
}

/** The value date, or the booking date where the bank gives none. */
function dayOf(entry: Element): number {
  const date = entry.maybe("ValDt") ?? entry.child("BookgDt");
  const element = date.maybe("Dt") ?? date.child("DtTm");
  const day = dayFrom(element.text);
  if (day === undefined) throw new BankMessageRefusal("BANK_DATE", `${element.path}: "${element.text.slice(0, 32)}" is no date`);
  return day;
}

function contextOf(detail: Element | undefined): Pick<BankMovement, "endToEndId" | "remittance"> {
  const endToEndId = detail?.at("Refs", "EndToEndId")?.text;
  const information = detail?.children("RmtInf") ?? [];
  const remittance = information.flatMap((part) => [
    ...part.children("Ustrd").map(({ text }) => text),
    ...part
      .children("Strd")
      .flatMap((structured) => [
        ...structured.children("RfrdDocInf").map((document) => document.maybe("Nb")?.text ?? ""),
        structured.at("CdtrRefInf", "Ref")?.text ?? "",
      ]),
  ]);
  const given = { remittance: remittance.filter((text) => text !== "") };
  return endToEndId === undefined || endToEndId === "NOTPROVIDED" ? given : { ...given, endToEndId };
}

/** A reference that can serve as a key: without one, the same money could be attested twice. */
function sound(reference: string, entry: Element): string {
  if (reference === "" || reference.startsWith("#") || reference.length > REFERENCE_CHARS_MAX)
    throw new BankMessageRefusal("BANK_REFERENCE", `${entry.path}: an entry without the bank's reference (AcctSvcrRef)`);
  return reference;
}
