import { XMLParser, XMLValidator } from "fast-xml-parser";
import { InvoiceRefusal } from "./invoice.ts";

/** Far above any real invoice; what is larger is refused before it is parsed. */
export const INVOICE_BYTES_MAX = 4 * 1024 * 1024;
const DEPTH_MAX = 40;
const ATTRIBUTE = "@";
const TEXT = "#text";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: ATTRIBUTE,
  textNodeName: TEXT,
  removeNSPrefix: true,
  // Amounts exceed what a number holds, and invoice numbers are not numbers.
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  processEntities: true,
  alwaysCreateTextNode: false,
});

/** An element: its text, attributes and children, by local name. */
export class Element {
  readonly #node: unknown;
  readonly #path: string;

  constructor(node: unknown, path: string) {
    this.#node = node;
    this.#path = path;
  }

  /** The first child of that name; missing is a refusal. */
  child(name: string): Element {
    const found = this.maybe(name);
    if (found === undefined) throw new InvoiceRefusal("INVOICE_FIELD_MISSING", `${this.#path}/${name} is missing`);
    return found;
  }

  maybe(name: string): Element | undefined {
    return this.children(name)[0];
  }

  children(name: string): readonly Element[] {
    if (typeof this.#node !== "object" || this.#node === null || !Object.hasOwn(this.#node, name)) return [];
    const value = (this.#node as Record<string, unknown>)[name];
    return (Array.isArray(value) ? value : [value]).map((node) => new Element(node, `${this.#path}/${name}`));
  }

  /** At the end of a path of children. */
  at(...names: readonly string[]): Element | undefined {
    return names.reduce<Element | undefined>((element, name) => element?.maybe(name), this);
  }

  get text(): string {
    if (typeof this.#node === "string") return this.#node;
    const text =
      typeof this.#node === "object" && this.#node !== null ? (this.#node as Record<string, unknown>)[TEXT] : undefined;
    return typeof text === "string" ? text : "";
  }

  attribute(name: string): string | undefined {
    const value =
      typeof this.#node === "object" && this.#node !== null
        ? (this.#node as Record<string, unknown>)[ATTRIBUTE + name]
        : undefined;
    return typeof value === "string" ? value : undefined;
  }

  get path(): string {
    return this.#path;
  }
}

/** The root element of a well-formed document without a DTD. Throws InvoiceRefusal. */
export function parseXml(bytes: Uint8Array): { readonly name: string; readonly root: Element } {
  if (bytes.length > INVOICE_BYTES_MAX) throw new InvoiceRefusal("INVOICE_TOO_LARGE", `more than ${INVOICE_BYTES_MAX} bytes`);
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InvoiceRefusal("INVOICE_NOT_XML", "not UTF-8");
  }
  // A document type could define entities that grow without bound; no invoice has one.
  if (/<!DOCTYPE|<!ENTITY/i.test(source)) throw new InvoiceRefusal("INVOICE_DTD", "a document type is not taken");
  if (isTooDeep(source)) throw new InvoiceRefusal("INVOICE_NOT_XML", `nested deeper than ${DEPTH_MAX}`);
  let parsed: Record<string, unknown>;
  try {
    const valid = XMLValidator.validate(source);
    if (valid !== true) throw new InvoiceRefusal("INVOICE_NOT_XML", `line ${valid.err.line}: ${valid.err.msg}`);
    parsed = parser.parse(source) as Record<string, unknown>;
  } catch (error) {
    throw error instanceof InvoiceRefusal ? error : new InvoiceRefusal("INVOICE_NOT_XML", "not well-formed XML");
  }
  const names = Object.keys(parsed).filter((name) => !name.startsWith("?"));
  const [name] = names;
  if (name === undefined || names.length !== 1) throw new InvoiceRefusal("INVOICE_NOT_XML", "no single root element");
  return { name, root: new Element(parsed[name], name) };
}

function isTooDeep(source: string): boolean {
  let depth = 0;
  for (const [tag] of source.matchAll(/<(?:\/|[A-Za-z_])[^>]*>/g)) {
    if (tag.startsWith("</")) depth -= 1;
    else if (!tag.endsWith("/>")) depth += 1;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}
