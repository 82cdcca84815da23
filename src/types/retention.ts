import { LIMITS } from "./limits.ts";

/** What a node keeps of the past: blocks, receipts, versions of objects and what the state tree was. The newest state is always kept. */
export type Keep =
  | { readonly kind: "all" }
  | { readonly kind: "blocks"; readonly count: number }
  | { readonly kind: "days"; readonly days: number };

export const KEEP_ALL: Keep = { kind: "all" };

/** `all`, `last N blocks` or `last D days`; undefined if it is none of these, or fewer than may be. */
export function parseKeep(text: string): Keep | undefined {
  if (text === "all") return KEEP_ALL;
  const [, digits = "", unit] = /^last ([1-9][0-9]{0,9}) (blocks?|days?)$/.exec(text) ?? [];
  const count = Number(digits);
  if (unit === undefined) return undefined;
  if (unit.startsWith("day")) return { kind: "days", days: count };
  return count < LIMITS.keepBlocksMin ? undefined : { kind: "blocks", count };
}
