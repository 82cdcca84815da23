import type { Json, StructSchema } from "../codec/schema.ts";
import type { Hash } from "../types/scalars.ts";
import type { Kind } from "./objects.ts";

/** An object in its JSON presentation, of which two are compared field by field. */
export type ObjectJson = { readonly [field: string]: Json };

/** The object of the same kind that was consumed for this one; null for the first of its line, and for kinds that have none. */
export function parentOf(kind: Kind, object: object): Hash | null {
  return kind === "note" && "parent" in object ? (object.parent as Hash | null) : null;
}

/** The fields in which a parent differs from its child, in the structure's order; null for an optional one it has not. Its id the child says. */
export function differencesOf(child: ObjectJson, parent: ObjectJson, schema: StructSchema<unknown>): ObjectJson {
  const differences: Record<string, Json> = {};
  for (const name of Object.keys(schema.fields as object)) {
    const value = parent[name] ?? null;
    if (name !== "id" && JSON.stringify(value) !== JSON.stringify(child[name] ?? null)) differences[name] = value;
  }
  return differences;
}

/** The parent that {@link differencesOf} was made from. */
export function parentFrom(child: ObjectJson, id: Hash, differences: ObjectJson, schema: StructSchema<unknown>): ObjectJson {
  const parent: Record<string, Json> = {};
  for (const [name, field] of Object.entries(schema.fields as Readonly<Record<string, object>>)) {
    const value = name === "id" ? id : Object.hasOwn(differences, name) ? differences[name] : child[name];
    if (value !== undefined && !(value === null && "optional" in field)) parent[name] = value;
  }
  return parent;
}

/** Through how many hands a line went: a note that was divided stays in the hand it was in. */
export function handsOf(line: readonly ObjectJson[]): number {
  return line.filter(({ holder }, index) => index === 0 || line[index - 1]?.holder !== holder).length;
}
