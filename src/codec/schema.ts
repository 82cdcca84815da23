import { compareBytes, fromHex, toHex } from "../lib/bytes.ts";
import type { Amount, Brand, Hash, MemberId, PublicKey } from "../types/scalars.ts";
import { AMOUNT_MAX } from "../types/scalars.ts";
import { Writer } from "./writer.ts";

/** Any JSON value that presentation makes. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** The subset of JSON Schema that the OpenRPC document needs. */
export type JsonSchema = { readonly [key: string]: Json };

/** Why bytes or JSON do not fit a schema: a stable code, where, and what was expected. A rejection, caught at the edge. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  readonly code: SchemaErrorCode;
  readonly expected: string;
  #path: string;

  constructor(code: SchemaErrorCode, path: string, expected: string) {
    super();
    this.code = code;
    this.expected = expected;
    this.#path = path;
    this.#say();
  }

  get path(): string {
    return this.#path;
  }

  /** The same, of what holds the value: paths are made on the way out of a failure, and not at every field that is right. */
  under(place: string): this {
    this.#path = place + this.#path;
    this.#say();
    return this;
  }

  #say(): void {
    this.message = `${this.#path === "" ? "value" : this.#path}: expected ${this.expected}`;
  }
}

export type SchemaErrorCode = "WRONG_TYPE" | "OUT_OF_RANGE" | "WRONG_LENGTH" | "UNKNOWN_FIELD" | "MISSING_FIELD" | "WRONG_ORDER";

/**
 * One shape, declared once: its deterministic CBOR, its JSON presentation and its JSON Schema.
 * `read` takes what the decoder made of structurally checked bytes, and may change that in place; `read` and `fromJson` throw
 * {@link SchemaError}.
 */
export interface Schema<T> {
  readonly write: (writer: Writer, value: T) => void;
  readonly read: (cbor: unknown) => T;
  readonly toJson: (value: T) => Json;
  readonly fromJson: (json: unknown, path: string) => T;
  readonly jsonSchema: JsonSchema;
}

/** A struct field that may be absent; absent is `undefined`, never null. */
export interface OptionalField<T> {
  readonly optional: Schema<T>;
}

export type Infer<S> = S extends Schema<infer T> ? T : never;

type Field = Schema<never> | OptionalField<never>;
type Fields = { readonly [name: string]: Field };
type OptionalNames<F> = { [K in keyof F]: F[K] extends { readonly optional: unknown } ? K : never }[keyof F];
type FieldValue<S> = S extends { readonly optional: Schema<infer T> } ? T : S extends Schema<infer T> ? T : never;
/** The TypeScript type of a struct's declaration. */
export type StructValue<F> = { readonly [K in Exclude<keyof F, OptionalNames<F>>]: FieldValue<F[K]> } & {
  readonly [K in OptionalNames<F>]?: FieldValue<F[K]>;
};

export interface StructSchema<F> extends Schema<StructValue<F>> {
  readonly fields: F;
}

/** A safe integer in [min, max], by default 0 … 2^53−1. */
export function int(bounds: { readonly min?: number; readonly max?: number } = {}): Schema<number> {
  const min = bounds.min ?? 0;
  const max = bounds.max ?? Number.MAX_SAFE_INTEGER;
  const expected = `an integer from ${min} to ${max}`;
  const check = (value: unknown, path: string): number => {
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new SchemaError("WRONG_TYPE", path, expected);
    if (value < min || value > max) throw new SchemaError("OUT_OF_RANGE", path, expected);
    return value === 0 ? 0 : value;
  };
  return {
    write: (writer, value) => writer.integer(value),
    // The decoder makes a bigint of every integer in eight bytes, also of those that a number holds exactly, such as times.
    read: (cbor) => check(typeof cbor === "bigint" && BigInt.asIntN(54, cbor) === cbor ? Number(cbor) : cbor, ""),
    toJson: (value) => value,
    fromJson: check,
    jsonSchema: { type: "integer", minimum: min, maximum: max },
  };
}

/** Minor units as a bigint, by default 0 … 2^63−1; in JSON a decimal string. */
export function amount(bounds: { readonly min?: Amount; readonly max?: Amount } = {}): Schema<Amount> {
  const min = bounds.min ?? 0n;
  const max = bounds.max ?? AMOUNT_MAX;
  const expected = `an amount from ${min} to ${max}`;
  const inRange = (value: bigint, path: string): bigint => {
    if (value < min || value > max) throw new SchemaError("OUT_OF_RANGE", path, expected);
    return value;
  };
  return {
    write: (writer, value) => writer.integer(value),
    read: (cbor) => {
      if (typeof cbor === "bigint") return inRange(cbor, "");
      if (typeof cbor === "number" && Number.isSafeInteger(cbor)) return inRange(BigInt(cbor), "");
      throw new SchemaError("WRONG_TYPE", "", expected);
    },
    toJson: (value) => value.toString(),
    fromJson: (json, path) => {
      if (typeof json !== "string" || !/^(0|-?[1-9][0-9]{0,18})$/.test(json))
        throw new SchemaError("WRONG_TYPE", path, `${expected} as a decimal string`);
      return inRange(BigInt(json), path);
    },
    jsonSchema: { type: "string", pattern: "^(0|-?[1-9][0-9]{0,18})$", description: "minor units" },
  };
}

export const bool: Schema<boolean> = (() => {
  const check = (value: unknown, path: string): boolean => {
    if (typeof value !== "boolean") throw new SchemaError("WRONG_TYPE", path, "true or false");
    return value;
  };
  return {
    write: (writer: Writer, value: boolean) => writer.boolean(value),
    read: (cbor) => check(cbor, ""),
    toJson: (value: boolean) => value,
    fromJson: check,
    jsonSchema: { type: "boolean" },
  };
})();

const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Unicode text of at most `max` UTF-16 code units, well formed, without a byte order mark in front, optionally of a pattern (which
 * must be anchored).
 */
export function text<T extends string = string>(bounds: {
  readonly max: number;
  readonly min?: number;
  readonly pattern?: RegExp;
}): Schema<T> {
  const min = bounds.min ?? 0;
  const expected =
    bounds.pattern === undefined ? `text of ${min} to ${bounds.max} characters` : `text matching ${bounds.pattern.source}`;
  const check = (value: unknown, path: string): T => {
    if (typeof value !== "string" || !value.isWellFormed() || value.startsWith(BYTE_ORDER_MARK))
      throw new SchemaError("WRONG_TYPE", path, expected);
    if (value.length > bounds.max || value.length < min) throw new SchemaError("WRONG_LENGTH", path, expected);
    if (bounds.pattern !== undefined && !bounds.pattern.test(value)) throw new SchemaError("OUT_OF_RANGE", path, expected);
    return value as T;
  };
  return {
    write: (writer, value) => writer.text(value),
    read: (cbor) => check(cbor, ""),
    toJson: (value) => value,
    fromJson: check,
    jsonSchema: {
      type: "string",
      minLength: min,
      maxLength: bounds.max,
      ...(bounds.pattern === undefined ? {} : { pattern: bounds.pattern.source }),
    },
  };
}

/** A byte string; in JSON lower-case hex. */
export function bytes(bounds: { readonly min?: number; readonly max: number }): Schema<Uint8Array> {
  const inPlace = bytesInPlace(bounds);
  return { ...inPlace, read: (cbor) => new Uint8Array(inPlace.read(cbor)) };
}

/** A byte string that is read as a part of the message and keeps all of it alive: for large messages of which nothing is kept. */
export function bytesInPlace(bounds: { readonly min?: number; readonly max: number }): Schema<Uint8Array> {
  const min = bounds.min ?? 0;
  const expected = min === bounds.max ? `${min} bytes` : `${min} to ${bounds.max} bytes`;
  const inRange = (value: Uint8Array, path: string): Uint8Array => {
    if (value.length < min || value.length > bounds.max) throw new SchemaError("WRONG_LENGTH", path, expected);
    return value;
  };
  return {
    write: (writer, value) => writer.bytes(value),
    read: (cbor) => {
      if (!(cbor instanceof Uint8Array)) throw new SchemaError("WRONG_TYPE", "", expected);
      return inRange(cbor, "");
    },
    toJson: (value) => toHex(value),
    fromJson: (json, path) => {
      if (typeof json === "string" && json.length > 2 * bounds.max) throw new SchemaError("WRONG_LENGTH", path, expected);
      const value = typeof json === "string" ? fromHex(json) : undefined;
      if (value === undefined) throw new SchemaError("WRONG_TYPE", path, `${expected} as lower-case hex`);
      return inRange(value, path);
    },
    jsonSchema: { type: "string", pattern: "^([0-9a-f]{2})*$", minLength: 2 * min, maxLength: 2 * bounds.max },
  };
}

/** A byte string of exactly 32 bytes that is a hex string in memory and in JSON. */
function hex32<T extends Brand<string, string>>(what: string): Schema<T> {
  const expected = `${what}: 32 bytes`;
  return {
    write: (writer, value) => writer.hex(value),
    read: (cbor) => {
      if (!(cbor instanceof Uint8Array)) throw new SchemaError("WRONG_TYPE", "", expected);
      if (cbor.length !== 32) throw new SchemaError("WRONG_LENGTH", "", expected);
      return toHex(cbor) as T;
    },
    toJson: (value) => value,
    fromJson: (json, path) => {
      if (typeof json !== "string" || !/^[0-9a-f]{64}$/.test(json))
        throw new SchemaError("WRONG_TYPE", path, `${what}: 64 lower-case hex digits`);
      return json as T;
    },
    jsonSchema: { type: "string", pattern: "^[0-9a-f]{64}$", description: what },
  };
}

export const hash: Schema<Hash> = hex32<Hash>("hash or id");
export const publicKey: Schema<PublicKey> = hex32<PublicKey>("Ed25519 public key");
export const signature: Schema<Uint8Array> = bytes({ min: 64, max: 64 });
export const memberId: Schema<MemberId> = text<MemberId>({ max: 32, min: 2, pattern: /^[a-z][a-z0-9-]{1,31}$/ });

/** One of a closed list of words, written as text. */
export function choice<const Words extends readonly string[]>(...words: Words): Schema<Words[number]> {
  const expected = `one of ${words.join(", ")}`;
  const known: ReadonlySet<unknown> = new Set(words);
  const check = (value: unknown, path: string): Words[number] => {
    if (!known.has(value)) throw new SchemaError(typeof value === "string" ? "OUT_OF_RANGE" : "WRONG_TYPE", path, expected);
    return value as Words[number];
  };
  return {
    write: (writer, value) => writer.text(value),
    read: (cbor) => check(cbor, ""),
    toJson: (value) => value,
    fromJson: check,
    jsonSchema: { type: "string", enum: [...words] },
  };
}

export function nullable<T>(inner: Schema<T>): Schema<T | null> {
  return {
    write: (writer, value) => (value === null ? writer.null() : inner.write(writer, value)),
    read: (cbor) => (cbor === null ? null : inner.read(cbor)),
    toJson: (value) => (value === null ? null : inner.toJson(value)),
    fromJson: (json, path) => (json === null ? null : inner.fromJson(json, path)),
    jsonSchema: { anyOf: [inner.jsonSchema, { type: "null" }] },
  };
}

/** An array of `min` to `max` items; with `sortedBy`, strictly ascending by that key, so a set has one encoding. */
export function list<T>(
  item: Schema<T>,
  bounds: { readonly min?: number; readonly max: number; readonly sortedBy?: (value: T) => string },
): Schema<readonly T[]> {
  const min = bounds.min ?? 0;
  const expected = `a list of ${min} to ${bounds.max} items`;
  const sortedBy = bounds.sortedBy;
  const arrayOf = (value: unknown, path: string): unknown[] => {
    if (!Array.isArray(value)) throw new SchemaError("WRONG_TYPE", path, expected);
    if (value.length < min || value.length > bounds.max) throw new SchemaError("WRONG_LENGTH", path, expected);
    return value;
  };
  const inOrder = (items: readonly T[], path: string): readonly T[] => {
    if (sortedBy === undefined) return items;
    for (let index = 1; index < items.length; index++) {
      if (!(sortedBy(items[index - 1] as T) < sortedBy(items[index] as T)))
        throw new SchemaError("WRONG_ORDER", `${path}[${index}]`, "ascending order without duplicates");
    }
    return items;
  };
  return {
    write: (writer, values) => {
      writer.arrayHead(values.length);
      for (const value of values) item.write(writer, value);
    },
    read: (cbor) => {
      const items = arrayOf(cbor, "");
      let index = 0;
      try {
        for (; index < items.length; index++) items[index] = item.read(items[index]);
      } catch (error) {
        throw under(error, `[${index}]`);
      }
      return inOrder(items as T[], "");
    },
    toJson: (values) => values.map((value) => item.toJson(value)),
    fromJson: (json, path) =>
      inOrder(
        arrayOf(json, path).map((entry, index) => item.fromJson(entry, `${path}[${index}]`)),
        path,
      ),
    jsonSchema: { type: "array", items: item.jsonSchema, minItems: min, maxItems: bounds.max },
  };
}

export function optional<T>(inner: Schema<T>): OptionalField<T> {
  return { optional: inner };
}

interface FieldCodec {
  readonly name: string;
  readonly key: Uint8Array;
  readonly required: boolean;
  readonly schema: Schema<unknown>;
}

/** A map with fixed text keys, written in the bytewise order of their encodings; unknown keys are refused. */
export function struct<const F extends { readonly [K in keyof F]: Schema<FieldValue<F[K]>> | OptionalField<FieldValue<F[K]>> }>(
  fields: F,
): StructSchema<F> {
  const codecs = fieldCodecs(fields as unknown as Fields);
  const byName = new Map(codecs.map((codec) => [codec.name, codec]));
  const mapOf = (value: unknown, path: string): Record<string, unknown> => {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array)
      throw new SchemaError("WRONG_TYPE", path, "a map");
    return value as Record<string, unknown>;
  };
  const requireKnown = (names: readonly string[], path: string): void => {
    const unknown = names.find((name) => !byName.has(name));
    if (unknown !== undefined)
      throw new SchemaError(
        "UNKNOWN_FIELD",
        `${path}.${unknown.slice(0, 32)}`,
        `only ${codecs.map((codec) => codec.name).join(", ")}`,
      );
  };
  return {
    fields,
    write: (writer, value) => {
      const record = value as Record<string, unknown>;
      let present = 0;
      for (const codec of codecs) if (codec.required || record[codec.name] !== undefined) present++;
      writer.mapHead(present);
      for (const codec of codecs) {
        const entry = record[codec.name];
        if (!codec.required && entry === undefined) continue;
        writer.raw(codec.key);
        codec.schema.write(writer, entry);
      }
    },
    read: (cbor) => {
      const map = mapOf(cbor, "");
      // Both in the order of their encodings: a field stands where its codec does, or it is not there.
      const names = Object.keys(map);
      let taken = 0;
      let name = "";
      try {
        for (const codec of codecs) {
          name = codec.name;
          if (names[taken] === name) {
            map[name] = codec.schema.read(map[name]);
            taken += 1;
          } else if (codec.required) throw new SchemaError("MISSING_FIELD", "", "a value");
        }
      } catch (error) {
        requireKnown(names, "");
        throw under(error, `.${name}`);
      }
      if (taken !== names.length) {
        requireKnown(names, "");
        throw new SchemaError("WRONG_ORDER", "", "fields in the order of their encodings");
      }
      return map as StructValue<F>;
    },
    toJson: (value) => {
      const record = value as Record<string, unknown>;
      const json: Record<string, Json> = {};
      for (const name of Object.keys(fields)) {
        if (record[name] !== undefined) json[name] = (byName.get(name) as FieldCodec).schema.toJson(record[name]);
      }
      return json;
    },
    fromJson: (json, path) => {
      const map = mapOf(json, path);
      requireKnown(Object.keys(map), path);
      const parsed: Record<string, unknown> = {};
      for (const { name, required, schema } of codecs) {
        const entry = Object.hasOwn(map, name) ? map[name] : undefined;
        if (entry !== undefined) parsed[name] = schema.fromJson(entry, `${path}.${name}`);
        else if (required) throw new SchemaError("MISSING_FIELD", `${path}.${name}`, "a value");
      }
      return parsed as StructValue<F>;
    },
    jsonSchema: {
      type: "object",
      properties: Object.fromEntries(codecs.map((codec) => [codec.name, codec.schema.jsonSchema])),
      required: codecs.filter((codec) => codec.required).map((codec) => codec.name),
      additionalProperties: false,
    },
  };
}

/** The TypeScript type of a union's declaration: what `kind` says decides which fields there are. */
export type UnionValue<V> = { readonly [K in keyof V]: { readonly kind: K } & StructValue<V[K]> }[keyof V];

/** One of several maps, told apart by their field `kind`; each is a {@link struct} of its own with that field added. */
export function union<const V extends { readonly [kind: string]: Readonly<Record<string, unknown>> }>(
  variants: V,
): Schema<UnionValue<V>> {
  const kinds = Object.keys(variants);
  const expected = `a map whose kind is one of ${kinds.join(", ")}`;
  const byKind = new Map(
    kinds.map((kind) => [kind, struct({ kind: choice(kind), ...(variants[kind] as Record<string, Schema<never>>) })]),
  );
  const variantOf = (value: unknown, path: string): Schema<unknown> => {
    if (typeof value !== "object" || value === null) throw new SchemaError("WRONG_TYPE", path, expected);
    const kind = Object.hasOwn(value, "kind") ? (value as { readonly kind: unknown }).kind : undefined;
    const variant = typeof kind === "string" ? byKind.get(kind) : undefined;
    if (variant === undefined)
      throw new SchemaError(kind === undefined ? "MISSING_FIELD" : "OUT_OF_RANGE", `${path}.kind`, expected);
    return variant as unknown as Schema<unknown>;
  };
  return {
    write: (writer, value) => variantOf(value, "").write(writer, value),
    read: (cbor) => variantOf(cbor, "").read(cbor) as UnionValue<V>,
    toJson: (value) => variantOf(value, "").toJson(value),
    fromJson: (json, path) => variantOf(json, path).fromJson(json, path) as UnionValue<V>,
    jsonSchema: { oneOf: [...byKind.values()].map(({ jsonSchema }) => jsonSchema) },
  };
}

/** A value by its encoding, which is put in the value's place as it is; in JSON lower-case hex. For what is stored and sent again. */
export function encoded<T>(inner: Schema<T>): Schema<Uint8Array> {
  return {
    ...bytes({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    write: (writer, value) => writer.raw(value),
    read: (cbor) => encode(inner, inner.read(cbor)),
  };
}

/** What a value was refused for, as its holder's fault. */
function under(error: unknown, place: string): unknown {
  return error instanceof SchemaError ? error.under(place) : error;
}

function fieldCodecs(fields: Fields): readonly FieldCodec[] {
  const codecs = Object.entries(fields).map(([name, field]): FieldCodec => {
    const writer = new Writer(32);
    writer.text(name);
    const required = !("optional" in field);
    const schema = ("optional" in field ? field.optional : field) as unknown as Schema<unknown>;
    return { name, key: writer.finish(), required, schema };
  });
  return codecs.sort((left, right) => compareBytes(left.key, right.key));
}

/** One buffer for all encodings: nothing runs between the first byte and the copy at the end. */
const shared = new Writer(64 * 1024);

/** The deterministic encoding of a value. */
export function encode<T>(schema: Schema<T>, value: T): Uint8Array {
  shared.reset();
  schema.write(shared, value);
  return shared.finish();
}
