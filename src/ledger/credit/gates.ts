import { compareText } from "../../lib/bytes.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Amount, Day, Hash, TimeMs } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { civilOf } from "../calendar.ts";
import type { ObjectOf } from "../objects.ts";
import { type Facts, factsId, monthOf } from "./facts.ts";
import { circularity } from "./links.ts";
import { areRelated, pairId } from "./pairs.ts";
import type { Scorecard } from "./scorecard.ts";

/** What an engine does not approve over, whatever the score; each is the code of the refusal and the word among a score's reasons. */
export const GATES = [
  "DEBTOR_GATED",
  "RELATED_PARTIES",
  "TRADE_CIRCULAR",
  "TRADE_GRAPH_WIDE",
  "VELOCITY_EXCEEDED",
  "NEW_PAIR_CAPPED",
  "TICKET_OUT_OF_BAND",
  "INVOICE_STALE",
] as const;
export type Gate = (typeof GATES)[number];

const HOUR_MS = 3_600_000;
/** Below this there is nothing usual to hold a month, or a ticket, against. */
const USUAL_MIN = 3;
const MONTHS_USUAL = 12;
const MONTH_DAYS = 30;

export interface GateSituation {
  /** Anything that answers as a book does: undefined for what is not there. */
  readonly find: Book["find"];
  readonly day: Day;
  readonly timeMs: TimeMs;
}

interface Pair {
  readonly seller: Hash;
  readonly debtor: Hash;
  /** The largest invoice behind the notes. */
  readonly largest: Amount;
}

/** The gates that are closed to an application for finance on these notes, in the order of {@link GATES}. Bounded by what an application may hold. */
export function closedGates(
  situation: GateSituation,
  { gates }: Pick<Scorecard, "gates">,
  { borrower, currency, notes }: Pick<ObjectOf<"application">, "borrower" | "currency" | "notes">,
): readonly Gate[] {
  const { find, timeMs } = situation;
  const closed = new Set<Gate>();
  const pairs = new Map<string, Pair>();
  for (const id of notes) {
    const note = find("note", id);
    const root = note === undefined ? undefined : find("receivable", note.receivable);
    if (root === undefined) continue;
    const { seller, debtor } = root;
    const key = seller + debtor;
    let largest = pairs.get(key)?.largest ?? 0n;
    for (const { invoice: each } of root.allocation) {
      const invoice = find("invoice", each);
      if (invoice === undefined) continue;
      if (invoice.total > largest) largest = invoice.total;
      const ageMs = timeMs - invoice.verifiedMs;
      if (gates.invoiceAgeHoursMax > 0 && ageMs > gates.invoiceAgeHoursMax * HOUR_MS) closed.add("INVOICE_STALE");
    }
    pairs.set(key, { seller, debtor, largest });
    if (!gates.relatedAllowed && areRelated(find, borrower, debtor)) closed.add("RELATED_PARTIES");
  }
  // More pairs than are looked at: a person looks.
  if (pairs.size > LIMITS.gatePairsMax) closed.add("TRADE_GRAPH_WIDE");
  const looked = [...pairs.keys()].sort().slice(0, LIMITS.gatePairsMax);
  for (const key of looked) for (const gate of closedToPair(situation, gates, pairs.get(key) as Pair, currency)) closed.add(gate);
  return GATES.filter((gate) => closed.has(gate));
}

/** The same, with no application in sight: as if the seller had sold each of its largest debtors another usual ticket. */
export function closedToTrade(situation: GateSituation, { gates }: Pick<Scorecard, "gates">, facts: Facts): readonly Gate[] {
  const { party, currency } = facts;
  const largest = [...facts.debtors]
    .sort((left, right) => (left.live === right.live ? compareText(left.debtor, right.debtor) : left.live > right.live ? -1 : 1))
    .slice(0, LIMITS.gatePairsMax);
  const closed = new Set<Gate>();
  for (const { debtor } of largest) {
    const pair = situation.find("tradePair", pairId(party, debtor, currency));
    const ticket = pair === undefined || pair.orders === 0 ? 0n : pair.invoiced / BigInt(pair.orders);
    for (const gate of closedToPair(situation, gates, { seller: party, debtor, largest: ticket }, currency)) closed.add(gate);
  }
  return GATES.filter((gate) => closed.has(gate));
}

function closedToPair(
  { find, day }: GateSituation,
  gates: Scorecard["gates"],
  { seller, debtor, largest }: Pair,
  currency: string,
): readonly Gate[] {
  const closed: Gate[] = [];
  if ((find("party", debtor)?.overdue ?? 0) > 0) closed.push("DEBTOR_GATED");
  if (!gates.relatedAllowed && areRelated(find, seller, debtor)) closed.push("RELATED_PARTIES");
  if (gates.cycleDays > 0) {
    const least = (largest * BigInt(gates.cycleShareBp)) / 10_000n;
    const found = circularity(find, { seller, buyer: debtor, currency, amount: largest }, day - gates.cycleDays, least);
    if (found !== "NONE") closed.push(found === "WIDE" ? "TRADE_GRAPH_WIDE" : "TRADE_CIRCULAR");
  }
  const facts = find("creditFacts", factsId(seller, currency));
  const velocity = facts === undefined ? null : velocityPercent(facts, day);
  if (gates.velocityPercentMax > 0 && velocity !== null && velocity > gates.velocityPercentMax) closed.push("VELOCITY_EXCEEDED");
  const pair = find("tradePair", pairId(seller, debtor, currency));
  if (pair === undefined) return closed;
  if (gates.newPairCapMinorUnits > 0n && pair.paid === 0n && pair.live > gates.newPairCapMinorUnits)
    closed.push("NEW_PAIR_CAPPED");
  if (gates.ticketPercentMax > 0 && isOutOfBand(pair, largest, gates.ticketPercentMax)) closed.push("TICKET_OUT_OF_BAND");
  return closed;
}

/**
 * What a seller invoiced in about the last 30 days, of its mean month within the twelve before this one, in percent; null if there are
 * fewer than three to make a mean of. Months are civil ones: of the last one that part counts which the present one has not replaced.
 */
export function velocityPercent({ firstDay, months }: Facts, day: Day): number | null {
  const month = monthOf(day);
  const count = Math.min(MONTHS_USUAL, month - monthOf(firstDay));
  if (count < USUAL_MIN) return null;
  const invoiced = (which: number): Amount => months.find((each) => each.month === which)?.invoiced ?? 0n;
  let sum = 0n;
  for (let back = 1; back <= count; back++) sum += invoiced(month - back);
  if (sum === 0n) return null;
  const left = BigInt(Math.max(0, MONTH_DAYS - civilOf(day).dayOfMonth));
  const recent = invoiced(month) * BigInt(MONTH_DAYS) + invoiced(month - 1) * left;
  const percent = (100n * recent * BigInt(count)) / (sum * BigInt(MONTH_DAYS));
  return Number(percent > 1_000_000n ? 1_000_000n : percent);
}

/** Far above the mean of the pair's other invoices: what unit prices would tell, which are private. */
function isOutOfBand({ orders, invoiced }: ObjectOf<"tradePair">, ticket: Amount, percentMax: number): boolean {
  const others = BigInt(orders - 1);
  if (orders <= USUAL_MIN) return false;
  return ticket * others * 100n > (invoiced - ticket) * BigInt(percentMax);
}
