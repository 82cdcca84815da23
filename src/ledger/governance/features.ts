import type { ObjectView } from "../../state/view.ts";
import type { Height } from "../../types/scalars.ts";
import { FEATURES_ID, featureId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";

/**
 * Features that this version knows. A later version whose rules differ adds its name here and looks at `featuresOf` wherever they do, so
 * that it follows the old rules below the height that the members voted for and the new ones from there on.
 */
export const KNOWN_FEATURES: ReadonlySet<string> = new Set<string>();

export interface Switched {
  readonly name: string;
  /** First height under the new rules. */
  readonly height: Height;
}

/** All that were ever voted for, by name. */
export function featuresOf(view: ObjectView): readonly Switched[] {
  const { names } = view.get("features", FEATURES_ID) as ObjectOf<"features">;
  return names.map((name) => view.get("feature", featureId(name)) as ObjectOf<"feature">);
}

/** The first that is or will be active and is not among `known`; null if there is none. */
export function unknownFeature(view: ObjectView, known: ReadonlySet<string>): Switched | null {
  const unknown = featuresOf(view).filter(({ name }) => !known.has(name));
  return [...unknown].sort((left, right) => left.height - right.height)[0] ?? null;
}
