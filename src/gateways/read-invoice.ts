import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { readChineseInvoice } from "./einvoice-cn.ts";
import { type Invoice, InvoiceRefusal, type InvoiceResult, refusalsAsData } from "./invoice.ts";
import { readUblInvoice } from "./ubl.ts";
import { INVOICE_BYTES_MAX, parseXml } from "./xml.ts";

const FILES_MAX = 10_000;
const DEPTH_MAX = 4;

/** An invoice file's bytes, in whichever format. */
export function readInvoice(bytes: Uint8Array): InvoiceResult {
  return refusalsAsData(() => {
    const { name, root } = parseXml(bytes);
    const documentHash = createHash("sha256").update(bytes).digest("hex");
    switch (name) {
      case "EInvoice":
        return readChineseInvoice(root, documentHash);
      case "Invoice":
        return readUblInvoice(root, documentHash);
      case "CreditNote":
        throw new InvoiceRefusal("INVOICE_NOT_PAYABLE", "a credit note makes no receivable");
      default:
        throw new InvoiceRefusal("INVOICE_FORMAT_UNKNOWN", `<${name.slice(0, 40)}> is no invoice format that is read here`);
    }
  });
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
  if (statSync(path).size <= INVOICE_BYTES_MAX) return readInvoice(readFileSync(path));
  return { ok: false, error: new InvoiceRefusal("INVOICE_TOO_LARGE", `more than ${INVOICE_BYTES_MAX} bytes`) };
}

function xmlFiles(folder: string, depth: number): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((left, right) => (left.name < right.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return depth > 0 ? xmlFiles(path, depth - 1) : [];
    return entry.isFile() && /\.xml$/i.test(entry.name) ? [path] : [];
  });
}
