import type { Json, JsonSchema, Schema } from "../../src/codec/schema.ts";
import { encode } from "../../src/codec/schema.ts";
import { Prng } from "../../src/lib/prng.ts";

const WORDS = [
  "offer",
  "chunk",
  "CNY",
  "EUR",
  "a",
  "ab",
  "zbank",
  "SELLER",
  "COURT",
  "USCC",
  "REG:0184",
  "*",
  "note.split",
  "receivable.*",
  "A1",
  "x-1",
  "310000",
  "KGM",
  "live",
  "1",
  "0",
];
const INTEGERS = [0, 1, 2, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const AMOUNTS = ["0", "1", "100", "4294967296", "9007199254740993", "9223372036854775807", "-1", "-9223372036854775808"];
const LIST_MAX = 4;
const TRIES = 60;

/** An encoding of a random value of a schema: the schema's own JSON description is the grammar. Undefined if none was found. */
export function randomEncoding(schema: Schema<unknown>, random: Prng): Uint8Array | undefined {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      // Lists whose order matters are seldom in order by chance: shorter ones with each try.
      return encode(schema, schema.fromJson(draw(schema.jsonSchema, random, attempt), ""));
    } catch {
      // The next try is smaller.
    }
  }
  return undefined;
}

export function randomJson(schema: JsonSchema, seed: number): Json {
  return draw(schema, new Prng(seed), 0);
}

function draw(schema: JsonSchema, random: Prng, attempt: number): Json {
  if (Array.isArray(schema.oneOf)) return draw(random.pick(schema.oneOf as readonly JsonSchema[]), random, attempt);
  if (Array.isArray(schema.anyOf)) return draw(random.pick(schema.anyOf as readonly JsonSchema[]), random, attempt);
  if (Array.isArray(schema.enum)) return random.pick(schema.enum as readonly Json[]);
  switch (schema.type) {
    case "integer": {
      const [min, max] = [numberOf(schema.minimum, 0), numberOf(schema.maximum, Number.MAX_SAFE_INTEGER)];
      const fitting = INTEGERS.filter((each) => each >= min && each <= max);
      return random.chance(300) || fitting.length === 0
        ? min + random.below(Math.min(max - min, 1_000) + 1)
        : random.pick(fitting);
    }
    case "boolean":
      return random.chance(500);
    case "string":
      return textOf(schema, random);
    case "array": {
      const min = numberOf(schema.minItems, 0);
      const most = Math.max(min, Math.min(numberOf(schema.maxItems, LIST_MAX), attempt > TRIES / 2 ? min : LIST_MAX));
      const items = Array.from({ length: random.between(min, most) }, () => draw(schema.items as JsonSchema, random, attempt));
      const sorted = items.map((item) => JSON.stringify(item)).sort();
      return sorted.map((item) => JSON.parse(item) as Json);
    }
    case "object": {
      const required = new Set((schema.required ?? []) as readonly string[]);
      return Object.fromEntries(
        Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
          .filter(([name]) => required.has(name) || random.chance(500))
          .map(([name, field]) => [name, draw(field, random, attempt)]),
      );
    }
    default:
      return null;
  }
}

function textOf(schema: JsonSchema, random: Prng): string {
  const pattern = new RegExp(typeof schema.pattern === "string" ? schema.pattern : "");
  const [min, max] = [numberOf(schema.minLength, 0), numberOf(schema.maxLength, 256)];
  if (pattern.source.includes("0-9a-f")) {
    const exact = /\{(\d+)\}\$$/.exec(pattern.source)?.[1];
    const length = exact === undefined ? random.between(Math.ceil(min / 2), Math.min(max / 2, min / 2 + 40)) * 2 : Number(exact);
    return Array.from({ length }, () => random.below(16).toString(16)).join("");
  }
  const fits = (text: string): boolean => text.length >= min && text.length <= max && pattern.test(text);
  const fitting = [...WORDS, ...AMOUNTS].filter(fits);
  if (fitting.length > 0) return random.pick(fitting);
  return "a".repeat(Math.max(1, min));
}

function numberOf(value: Json | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
