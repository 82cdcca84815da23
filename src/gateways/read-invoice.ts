import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Result } from "../lib/result.ts";
import { readCii } from "./cii.ts";
import { readChineseInvoice } from "./einvoice-cn.ts";
import { fromEn16931 } from "./en16931.ts";
import { type CreditNote, type Invoice, InvoiceRefusal, type InvoiceResult, refusalsAsData, refuseInvoice } from "./invoice.ts";
import { readUbl } from "./ubl.ts";
import { DOCUMENT_BYTES_MAX, parseXml } from "./xml.ts";

const FILES_MAX = 10_000;
const DEPTH_MAX = 4;

/** The bytes of an invoice or credit note, in whichever format. */
export function readDocument(bytes: Uint8Array): Result<Invoice | CreditNote, InvoiceRefusal> {
  return refusalsAsData(() => {
    const { name, root } = parseXml(bytes, refuseInvoice);
    const documentHash = createHash("sha256").update(bytes).digest("hex");
    switch (name) {
      case "EInvoice":
        return readChineseInvoice(root, documentHash);
      case "Invoice":
      case "CreditNote":
        return fromEn16931(readUbl(root, name, documentHash));
      case "CrossIndustryInvoice":
        return fromEn16931(readCii(root, documentHash));
      default:
        throw new InvoiceRefusal("INVOICE_FORMAT_UNKNOWN", `<${name.slice(0, 40)}> is no invoice format that is read here`);
    }
  });
}

/** An invoice that can become a receivable; a red invoice or credit note is refused. */
export function readInvoice(bytes: Uint8Array): InvoiceResult {
  const read = readDocument(bytes);
  if (!read.ok) return read;
  const { value } = read;
  return value.kind === "invoice"
    ? { ok: true, value }
    : { ok: false, error: new InvoiceRefusal("INVOICE_NOT_PAYABLE", "a red invoice or credit note makes no receivable") };
}

export interface InvoiceFile {
  readonly file: string;
  readonly invoice: Invoice;
}

export interface InvoiceFolder {
  readonly invoices: readonly InvoiceFile[];
  readonly refused: readonly { readonly file: string; readonly refusal: InvoiceRefusal }[];
}

/** Every XML file below a folder, in the order of names. Throws if there is no such folder. */
export function readInvoiceFolder(folder: string): InvoiceFolder {
  const invoices: InvoiceFile[] = [];
  const refused: { file: string; refusal: InvoiceRefusal }[] = [];
  for (const path of xmlFiles(folder, DEPTH_MAX).slice(0, FILES_MAX)) {
    const file = relative(folder, path);
    const result = readInvoiceFile(path);
    if (result.ok) invoices.push({ file, invoice: result.value });
    else refused.push({ file, refusal: result.error });
  }
  return { invoices, refused };
}

/** One file; a large one is refused unread. Throws if it cannot be read. */
export function readInvoiceFile(path: string): InvoiceResult {
  if (statSync(path).size <= DOCUMENT_BYTES_MAX) return readInvoice(readFileSync(path));
  return { ok: false, error: new InvoiceRefusal("INVOICE_TOO_LARGE", `more than ${DOCUMENT_BYTES_MAX} bytes`) };
}

function xmlFiles(folder: string, depth: number): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((left, right) => (left.name < right.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return depth > 0 ? xmlFiles(path, depth - 1) : [];
    return entry.isFile() && /\.xml$/i.test(entry.name) ? [path] : [];
  });
}
