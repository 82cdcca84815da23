import type { Field, FieldOptions } from "./field.ts";

/** Something that can go wrong on a machine or between machines, done to a running network on purpose. */
export interface Fault {
  /** Stable; what `--only` takes. */
  readonly name: string;
  readonly does: string;
  /** What must hold beyond the common checks. */
  readonly holds: string;
  readonly field?: FieldOptions;
  /** Why it cannot be tried on this machine; null if it can. */
  readonly obstacle?: () => string | null;
  /** Called on a network under load; leaves every node running, or starting to. */
  readonly run: (field: Field) => Promise<void>;
}
