import { XMLParser, XMLValidator } from "fast-xml-parser";
/** Far above any real invoice or bank message; what is larger is refused before it is parsed. */
export const DOCUMENT_BYTES_MAX = 4 * 1024 * 1024;
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

export type DocumentFault = "TOO_LARGE" | "NOT_XML" | "DTD" | "FIELD_MISSING";
/** Makes the error that a format's reader throws: each has codes of its own. */
export type Refuse = (fault: DocumentFault, detail: string) => Error;

/** An element: its text, attributes and children, by local name. */
export class Element {
  readonly #node: unknown;
  readonly #path: string;
  readonly #refuse: Refuse;

  constructor(node: unknown, path: string, refuse: Refuse) {
    this.#node = node;
    this.#path = path;
    this.#refuse = refuse;
  }

  /** The first child of that name; missing is a refusal. */
  child(name: string): Element {
    const found = this.maybe(name);
    if (found === undefined) throw this.#refuse("FIELD_MISSING", `${this.#path}/${name} is missing`);
    return found;
  }

  maybe(name: string): Element | undefined {
    return this.children(name)[0];
  }

  children(name: string): readonly Element[] {
    if (typeof this.#node !== "object" || this.#node === null || !Object.hasOwn(this.#node, name)) return [];
    const value = (this.#node as Record<string, unknown>)[name];
    return (Array.isArray(value) ? value : [value]).map((node) => new Element(node, `${this.#path}/${name}`, this.#refuse));
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

/** The root element of a well-formed document without a DTD. Throws what `refuse` makes. */
export function parseXml(bytes: Uint8Array, refuse: Refuse): { readonly name: string; readonly root: Element } {
  if (bytes.length > DOCUMENT_BYTES_MAX) throw refuse("TOO_LARGE", `more than ${DOCUMENT_BYTES_MAX} bytes`);
  const source = decodeUtf8(bytes);
  if (source === undefined) throw refuse("NOT_XML", "not UTF-8");
  // A document type could define entities that grow without bound; no document read here has one.
  if (/<!DOCTYPE|<!ENTITY/i.test(source)) throw refuse("DTD", "a document type is not taken");
  if (isTooDeep(source)) throw refuse("NOT_XML", `nested deeper than ${DEPTH_MAX}`);
  const parsed = parse(source);
  if (typeof parsed === "string") throw refuse("NOT_XML", parsed);
  const names = Object.keys(parsed).filter((name) => !name.startsWith("?"));
  const [name] = names;
  if (name === undefined || names.length !== 1) throw refuse("NOT_XML", "no single root element");
  return { name, root: new Element(parsed[name], name, refuse) };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The parsed document, or why it is none. */
function parse(source: string): Record<string, unknown> | string {
  try {
    const valid = XMLValidator.validate(source);
    return valid === true ? (parser.parse(source) as Record<string, unknown>) : `line ${valid.err.line}: ${valid.err.msg}`;
  } catch {
    return "not well-formed XML";
  }
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
