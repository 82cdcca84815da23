import type { Hash } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { namedId } from "../ids.ts";

export function pairId(seller: Hash, debtor: Hash, currency: string): Hash {
  return namedId("tradePair", seller, debtor, currency);
}

/** One party, or two of which each says that it belongs to the same group. */
export function areRelated(find: Book["find"], one: Hash, other: Hash): boolean {
  if (one === other) return true;
  const group = find("party", one)?.group;
  return group !== undefined && find("party", other)?.group === group;
}
