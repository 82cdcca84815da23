import { describe, expect, it } from "vitest";
import type { JsonSchema } from "../../src/codec/schema.ts";
import { KINDS } from "../../src/ledger/kinds.ts";
import { FIELD_LABELS } from "../../src/ledger/labels/fields.ts";
import { KIND_LABELS } from "../../src/ledger/labels/kinds.ts";
import { WORD_LABELS } from "../../src/ledger/labels/words.ts";
import { TRANSITIONS } from "../../src/ledger/transitions.ts";

const fields = new Set<string>();
const words = new Set<string>();
for (const { schema, public: isListed } of Object.values(KINDS)) if (isListed) collect(schema.jsonSchema);
for (const { body } of TRANSITIONS.values()) collect(body.jsonSchema);

function collect(schema: JsonSchema): void {
  for (const word of (schema.enum as readonly string[] | undefined) ?? []) words.add(word);
  if (typeof schema.const === "string") words.add(schema.const);
  for (const [field, below] of Object.entries((schema.properties as Record<string, JsonSchema> | undefined) ?? {})) {
    fields.add(field);
    collect(below);
  }
  if (schema.items !== undefined) collect(schema.items as JsonSchema);
  for (const variants of [schema.oneOf, schema.anyOf])
    for (const variant of (variants as JsonSchema[] | undefined) ?? []) collect(variant);
}

describe("labels, for pages", () => {
  it("name every operation in Chinese and English, no two alike", () => {
    for (const language of ["zh", "en"] as const) {
      const said = [...TRANSITIONS.values()].map(({ label }) => label[language]);
      expect(said.filter((label) => label.trim() === "")).toEqual([]);
      expect(new Set(said).size).toBe(TRANSITIONS.size);
    }
  });

  it("name every kind, field and word of a closed list, and nothing that is not there", () => {
    expect([...KIND_LABELS.keys()].sort()).toEqual(Object.keys(KINDS).sort());
    expect([...FIELD_LABELS.keys()].sort()).toEqual([...fields].sort());
    expect([...WORD_LABELS.keys()].sort()).toEqual([...words].sort());
  });

  it("hold Chinese in Chinese, and none in English", () => {
    const all = [KIND_LABELS, FIELD_LABELS, WORD_LABELS].flatMap((table) => [...table]);
    expect(all.filter(([, { zh }]) => !/\p{Script=Han}/u.test(zh))).toEqual([]);
    expect(all.filter(([, { en }]) => /\p{Script=Han}/u.test(en))).toEqual([]);
  });
});
