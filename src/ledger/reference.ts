import type { JsonSchema } from "../codec/schema.ts";
import { CODES } from "./codes.ts";
import { KINDS, type Kind } from "./kinds.ts";
import { KIND_LABELS } from "./labels/kinds.ts";
import { EVENTS } from "./transition.ts";
import { TRANSITIONS } from "./transitions.ts";

/** What stands above this line in README.md is written by hand, what stands below is made from the declarations. */
export const REFERENCE_MARKER = "<!-- Made from the declarations by reference.ts: do not edit below this line. -->";

/** The lower part of README.md: operations, objects, events and codes. A test holds the file against it. */
export function reference(): string {
  return [
    REFERENCE_MARKER,
    "",
    "# Reference",
    "",
    "`npx vitest run test/ledger/reference.test.ts -u` writes this part anew.",
    "Bytes are hex in JSON, amounts decimal strings of minor units; a field with `?` may be left out.",
    "",
    "## Operations",
    "",
    "Keys of purpose MAKER and CHECKER count for every operation, by the party's policy; other purposes count as makers where named.",
    "",
    ...table(
      ["operation", "中文", "signed by", "also makers", "ground"],
      [...TRANSITIONS.values()].map(({ kind, label, signedBy, makers, ground }) => [
        `\`${kind}\``,
        label.zh,
        signedBy,
        makers.join(", "),
        ground,
      ]),
    ),
    "",
    "### Bodies",
    "",
    ...table(
      ["operation", "body"],
      [...TRANSITIONS.values()].map(({ kind, body }) => [`\`${kind}\``, `\`${shape(body.jsonSchema)}\``]),
    ),
    "",
    "## Objects",
    "",
    "Kinds without public lists are internal: they make uniqueness and due work readable without a scan.",
    "",
    ...table(
      ["object", "中文", "public", "indexed fields", "fields"],
      (Object.keys(KINDS) as Kind[]).map((kind) => {
        const { schema, public: isPublic, indices } = KINDS[kind];
        const label = KIND_LABELS.get(kind)?.zh ?? "";
        return [
          `\`${kind}\``,
          label,
          isPublic ? "yes" : "no",
          Object.keys(indices).join(", "),
          `\`${shape(schema.jsonSchema)}\``,
        ];
      }),
    ),
    "",
    "## Events",
    "",
    ...table(
      ["event", "data"],
      Object.entries(EVENTS).map(([kind, schema]) => [`\`${kind}\``, `\`${shape(schema.jsonSchema)}\``]),
    ),
    "",
    "## Codes",
    "",
    ...table(
      ["number", "code", "meaning"],
      Object.entries(CODES).map(([name, [number, message]]) => [String(number), `\`${name}\``, message]),
    ),
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** A JSON Schema as one line: what a reader needs to know of a shape. */
function shape(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return schema.enum.join(" / ");
  if (Array.isArray(schema.oneOf)) return schema.oneOf.map((variant) => shape(variant as JsonSchema)).join(" or ");
  if (Array.isArray(schema.anyOf)) return `${shape(schema.anyOf[0] as JsonSchema)} or null`;
  switch (schema.type) {
    case "object": {
      const required = new Set(schema.required as readonly string[]);
      const fields = Object.entries(schema.properties as Record<string, JsonSchema>);
      return `{${fields.map(([name, field]) => `${name}${required.has(name) ? "" : "?"}: ${shape(field)}`).join(", ")}}`;
    }
    case "array":
      return `[${shape(schema.items as JsonSchema)}] ${schema.minItems}–${schema.maxItems}`;
    case "integer":
      return "integer";
    case "boolean":
      return "boolean";
    default:
      return typeof schema.description === "string" ? schema.description : "text";
  }
}
