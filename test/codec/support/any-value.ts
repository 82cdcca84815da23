import { type Schema, SchemaError } from "../../../src/codec/schema.ts";
import { Writer } from "../../../src/codec/writer.ts";
import { compareBytes } from "../../../src/lib/bytes.ts";

/** Whatever the structural check lets through, as JavaScript has it: the widest schema there can be, to test the decoder by itself. */
export type AnyValue = null | boolean | bigint | string | Uint8Array | readonly AnyValue[] | { readonly [key: string]: AnyValue };

function write(writer: Writer, value: AnyValue): void {
  if (value === null) writer.null();
  else if (typeof value === "boolean") writer.boolean(value);
  else if (typeof value === "bigint") writer.integer(value);
  else if (typeof value === "string") writer.text(value);
  else if (value instanceof Uint8Array) writer.bytes(value);
  else if (isList(value)) {
    writer.arrayHead(value.length);
    for (const item of value) write(writer, item);
  } else {
    const entries = Object.entries(value).map(([key, entry]) => ({ key: encodeKey(key), entry }));
    writer.mapHead(entries.length);
    for (const { key, entry } of entries.sort((left, right) => compareBytes(left.key, right.key))) {
      writer.raw(key);
      write(writer, entry);
    }
  }
}

function isList(value: object): value is readonly AnyValue[] {
  return Array.isArray(value);
}

function read(cbor: unknown): AnyValue {
  if (cbor === null || typeof cbor === "boolean" || typeof cbor === "bigint" || typeof cbor === "string") return cbor;
  if (typeof cbor === "number" && Number.isSafeInteger(cbor)) return BigInt(cbor);
  if (cbor instanceof Uint8Array) return new Uint8Array(cbor);
  if (Array.isArray(cbor)) return cbor.map(read);
  if (typeof cbor === "object" && Object.getPrototypeOf(cbor) === Object.prototype)
    return Object.fromEntries(Object.entries(cbor).map(([key, entry]) => [key, read(entry)]));
  throw new SchemaError("WRONG_TYPE", "", "what deterministic CBOR can hold");
}

/** With a writer of its own: `encode` has only one. */
function encodeKey(key: string): Uint8Array {
  const writer = new Writer();
  writer.text(key);
  return writer.finish();
}

export const anyValue: Schema<AnyValue> = {
  write,
  read,
  toJson: () => null,
  fromJson: () => null,
  jsonSchema: {},
};
