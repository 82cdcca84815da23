import { compareText } from "../../lib/bytes.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Amount, Day, Hash } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";

type Links = ObjectOf<"tradeLinks">;
type Side = Links["sold"];

export function linksId(party: Hash, currency: string): Hash {
  return namedId("tradeLinks", party, currency);
}

/** An invoice is an edge of the graph of trade, from its seller to its buyer. */
export function linkTrade(
  book: Book,
  day: Day,
  { seller, buyer, currency, total }: Pick<ObjectOf<"invoice">, "seller" | "buyer" | "currency" | "total">,
): void {
  change(book, seller, currency, ({ sold }) => ({ sold: withEdge(sold, buyer, day, total) }));
  change(book, buyer, currency, ({ bought }) => ({ bought: withEdge(bought, seller, day, total) }));
}

function change(
  book: Book,
  party: Hash,
  currency: string,
  make: (links: Pick<Links, "sold" | "bought">) => Partial<Links>,
): void {
  const id = linksId(party, currency);
  const known = book.find("tradeLinks", id);
  const empty = { sold: { to: [], moreDay: null }, bought: { to: [], moreDay: null } };
  if (known === undefined) book.create("tradeLinks", { id, party, currency, ...empty, ...make(empty) });
  else book.update("tradeLinks", known, make(known));
}

/**
 * Of too many counterparties those with the smallest ids stay, not the latest: so the outcome does not depend on the order in which a
 * block tells of them, and a search that would have to look at more says so by `moreDay`.
 */
function withEdge({ to, moreDay }: Side, party: Hash, day: Day, amount: Amount): Side {
  const since = day - LIMITS.tradeLinkDays;
  const known = to.find((edge) => edge.party === party);
  const most = known !== undefined && known.most > amount ? known.most : amount;
  const others = to.filter((edge) => edge.party !== party && edge.day >= since);
  const all = [...others, { party, day, most }].sort((left, right) => compareText(left.party, right.party));
  const isTooMany = all.length > LIMITS.tradeLinksMax;
  return { to: all.slice(0, LIMITS.tradeLinksMax), moreDay: isTooMany ? day : moreDay };
}

export interface Sale {
  readonly seller: Hash;
  readonly buyer: Hash;
  readonly currency: string;
  readonly amount: Amount;
}

/**
 * Whether what the seller sold finds its way back to it (循环贸易): over at most four parties, since `sinceDay`, each time with at least
 * `leastAmount`. The middle is met from both ends, so that at most 66 objects are read. "WIDE": somebody on the way has more
 * counterparties than are kept, so nothing can be said.
 */
export function circularity(
  find: Book["find"],
  { seller, buyer, currency }: Sale,
  sinceDay: Day,
  leastAmount: Amount,
): "NONE" | "WIDE" | "CIRCULAR" {
  const linksOf = (party: Hash): Links | undefined => find("tradeLinks", linksId(party, currency));
  const recent = (side: Side | undefined): readonly Hash[] =>
    (side?.to ?? []).filter(({ day, most }) => day >= sinceDay && most >= leastAmount).map(({ party }) => party);
  const isWide = (side: Side | undefined): boolean => side !== undefined && side.moreDay !== null && side.moreDay >= sinceDay;
  const sold = linksOf(buyer)?.sold;
  const second = recent(sold);
  if (second.includes(seller)) return "CIRCULAR";
  if (second.length === 0) return isWide(sold) ? "WIDE" : "NONE";
  const bought = linksOf(seller)?.bought;
  const last = new Set(recent(bought));
  if (second.some((party) => last.has(party))) return "CIRCULAR";
  let wide = isWide(sold) || isWide(bought);
  for (const party of second) {
    const third = linksOf(party)?.sold;
    if (recent(third).some((next) => last.has(next))) return "CIRCULAR";
    wide ||= isWide(third);
  }
  return wide ? "WIDE" : "NONE";
}
