import type { JsonSchema } from "../../src/codec/schema.ts";

const ANNOTATIONS: ReadonlySet<string> = new Set(["description", "x-indexed"]);

/** What is wrong with a value by a JSON Schema of the part that the OpenRPC document uses; a keyword that is none of it is an error. */
export function faults(
  value: unknown,
  schema: JsonSchema,
  components: Readonly<Record<string, JsonSchema>>,
  path = "$",
): string[] {
  const check = (inner: unknown, given: unknown, at = path): string[] => faults(given, inner as JsonSchema, components, at);
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(`${path}: ${what}`);
  };
  const record = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  for (const [keyword, rule] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword)) continue;
    switch (keyword) {
      case "$ref": {
        const component = components[String(rule).replace("#/components/schemas/", "")];
        if (component === undefined) throw new Error(`${path}: no component ${String(rule)}`);
        found.push(...check(component, value));
        break;
      }
      case "type":
        must(isOfType(value, rule as string), `is no ${String(rule)}`);
        break;
      case "const":
        must(value === rule, `is not ${String(rule)}`);
        break;
      case "enum":
        must((rule as readonly unknown[]).includes(value), `is none of ${String(rule)}`);
        break;
      case "pattern":
        must(typeof value !== "string" || new RegExp(rule as string, "u").test(value), `does not match ${String(rule)}`);
        break;
      case "minLength":
        must(typeof value !== "string" || value.length >= (rule as number), `is shorter than ${String(rule)}`);
        break;
      case "maxLength":
        must(typeof value !== "string" || value.length <= (rule as number), `is longer than ${String(rule)}`);
        break;
      case "minimum":
        must(typeof value !== "number" || value >= (rule as number), `is less than ${String(rule)}`);
        break;
      case "maximum":
        must(typeof value !== "number" || value <= (rule as number), `is more than ${String(rule)}`);
        break;
      case "minItems":
        must(!Array.isArray(value) || value.length >= (rule as number), `has fewer than ${String(rule)} items`);
        break;
      case "maxItems":
        must(!Array.isArray(value) || value.length <= (rule as number), `has more than ${String(rule)} items`);
        break;
      case "maxProperties":
        must(record === null || Object.keys(record).length <= (rule as number), `has more than ${String(rule)} fields`);
        break;
      case "items":
        if (Array.isArray(value)) found.push(...value.flatMap((item, index) => check(rule, item, `${path}[${index}]`)));
        break;
      case "properties":
        for (const [name, inner] of Object.entries(rule as JsonSchema))
          if (record !== null && Object.hasOwn(record, name)) found.push(...check(inner, record[name], `${path}.${name}`));
        break;
      case "required":
        for (const name of rule as readonly string[]) must(record === null || Object.hasOwn(record, name), `lacks ${name}`);
        break;
      case "additionalProperties": {
        if (rule !== false) throw new Error(`${path}: additionalProperties other than false`);
        const known = schema.properties as JsonSchema;
        for (const name of Object.keys(record ?? {})) must(Object.hasOwn(known, name), `has ${name}, which is not described`);
        break;
      }
      case "allOf":
        for (const inner of rule as readonly unknown[]) found.push(...check(inner, value));
        break;
      case "anyOf":
      case "oneOf": {
        const each = (rule as readonly unknown[]).map((inner) => check(inner, value));
        const fitting = each.filter((inner) => inner.length === 0).length;
        must(
          keyword === "anyOf" ? fitting > 0 : fitting === 1,
          `fits ${fitting} of ${keyword}: ${each.flat().slice(0, 6).join("; ")}`,
        );
        break;
      }
      default:
        throw new Error(`${path}: the keyword ${keyword} is not known here`);
    }
  }
  return found;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isSafeInteger(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
    default:
      throw new Error(`no type ${type}`);
  }
}
