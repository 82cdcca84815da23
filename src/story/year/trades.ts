import type { Prng } from "../../lib/prng.ts";
import { type BusinessCalendar, FIRST_DAY, LAST_DAY } from "./calendar.ts";
import type { People } from "./people.ts";
import type { YearSize } from "./size.ts";

export const DISPUTE_REASONS = ["QTY", "QUALITY", "PRICE", "NOT_DELIVERED"] as const;

/** A contested part: how much, when it is raised and settled (days after the note is there), and how much of it is upheld. */
export interface DisputePlan {
  readonly reason: (typeof DISPUTE_REASONS)[number];
  readonly shareBp: number;
  readonly upheldBp: number;
  readonly raisedAfterDays: number;
  readonly settledAfterDays: number;
}

/** What will become of one delivery, as far as it does not depend on what the ledger and the bank say on the way. */
export interface TradePlan {
  readonly number: number;
  readonly supplier: number;
  readonly debtor: number;
  /** In fen, tax included. */
  readonly face: bigint;
  readonly deliveryDay: number;
  /** The buyer says nothing: the delivery counts as accepted when the inspection period ends. */
  readonly isDeemed: boolean;
  /** Days until the invoice, until the debtor's answer, and until money is asked for. */
  readonly invoiceAfterDays: number;
  readonly answerAfterDays: number;
  readonly applyAfterDays: number;
  readonly origin: "SELLER" | "DEBTOR";
  readonly mode: "EXISTENCE" | "UNCONDITIONAL";
  readonly tenorDays: number;
  readonly purpose: "FINANCE" | "HOLD" | "TRANSFER" | "EARLY";
  /** Of the face, in basis points. */
  readonly askedBp: number;
  readonly security: "PLEDGE" | "ASSIGNMENT";
  readonly recourse: boolean;
  /** After the maturity, if the debtor pays at all. */
  readonly lateDays: number;
  readonly dispute: DisputePlan | null;
  /** The borrower pays the loan back out of its own money, days after it has it. */
  readonly prepaidAfterDays: number | null;
  /** The bank books a payment that was none, and takes it back. */
  readonly isReversed: boolean;
  /** Whether the seller can buy the note back when its debtor does not pay. */
  readonly canBuyBack: boolean;
}

/** Permille and range, in thousands of yuan, of what one delivery is worth: tickets of small firms. */
const FACES = [
  [250, 60, 150],
  [350, 150, 350],
  [240, 350, 700],
  [125, 700, 1_200],
  [35, 1_200, 2_000],
] as const;
/** Permille and days: most within the 60 days of 《保障中小企业款项支付条例》 art. 9 from a large buyer, some as their trade has it. */
const TENORS = [
  [150, 30],
  [150, 45],
  [370, 60],
  [250, 90],
  [60, 120],
  [20, 180],
] as const;
const PURPOSES = [
  [800, "FINANCE"],
  [90, "HOLD"],
  [70, "TRANSFER"],
  [40, "EARLY"],
] as const;
const FEN_PER_THOUSAND = 100_000;
/** Of ten thousand receivables, how many are paid late, and by how many days: a debtor that is overdue with one gets no more credit. */
const PROMPT: readonly (readonly [share: number, from: number, to: number])[] = [
  [10, 31, 75],
  [30, 4, 30],
  [500, 1, 3],
];
const SLOW: typeof PROMPT = [
  [240, 31, 75],
  [720, 4, 30],
  [2_640, 1, 3],
];

/** The year's deliveries, in the order of their days. */
export function tradesOf(prng: Prng, people: People, size: YearSize, calendar: BusinessCalendar): readonly TradePlan[] {
  const trades = Array.from({ length: size.trades }, () => tradeOf(prng, people, calendar));
  trades.sort((left, right) => left.deliveryDay - right.deliveryDay);
  const known = new Set<number>();
  return trades.map((trade, number) => {
    // Nobody lends on a firm's first delivery: it waits for its money, and is known when that has come.
    const isFirst = !known.has(trade.supplier);
    known.add(trade.supplier);
    return { ...trade, number, purpose: isFirst && trade.purpose === "FINANCE" ? "HOLD" : trade.purpose };
  });
}

function tradeOf(prng: Prng, people: People, calendar: BusinessCalendar): Omit<TradePlan, "number"> {
  const supplier = prng.pick(people.suppliers);
  // The first customer takes most.
  const debtor = prng.chance(550) ? (supplier.debtors[0] as number) : prng.pick(supplier.debtors);
  const conduct = people.debtors[debtor]?.conduct ?? "PROMPT";
  const tenorDays = weighted(prng, TENORS, ([permille]) => permille)[1];
  const origin = prng.chance(350) ? "DEBTOR" : "SELLER";
  const mode = origin === "DEBTOR" || prng.chance(250) ? "UNCONDITIONAL" : "EXISTENCE";
  const purpose = weighted(prng, PURPOSES, ([permille]) => permille)[1];
  const isFinanced = purpose === "FINANCE";
  const security = prng.chance(700) ? "PLEDGE" : "ASSIGNMENT";
  return {
    supplier: supplier.index,
    debtor,
    face: faceOf(prng),
    deliveryDay: calendar.from(prng.between(FIRST_DAY + 1, LAST_DAY - 6)),
    isDeemed: prng.chance(60),
    invoiceAfterDays: prng.below(3),
    answerAfterDays: prng.between(1, 6),
    applyAfterDays: prng.between(1, 8),
    origin,
    mode,
    tenorDays,
    purpose,
    askedBp: prng.between(75, 85) * 100,
    security,
    recourse: security === "PLEDGE" || prng.chance(800),
    lateDays: lateDaysOf(prng, conduct === "SLOW" ? SLOW : PROMPT),
    dispute: mode === "EXISTENCE" && purpose !== "TRANSFER" && purpose !== "EARLY" && prng.chance(50) ? disputeOf(prng) : null,
    prepaidAfterDays: isFinanced && security === "PLEDGE" && prng.chance(40) ? prng.between(7, 25) : null,
    isReversed: prng.chance(4),
    canBuyBack: prng.chance(600),
  };
}

function faceOf(prng: Prng): bigint {
  const [, from, to] = weighted(prng, FACES, ([permille]) => permille);
  return BigInt(prng.between(from * FEN_PER_THOUSAND, to * FEN_PER_THOUSAND));
}

/** Most is paid on the day. */
function lateDaysOf(prng: Prng, ladder: typeof PROMPT): number {
  let draw = prng.below(10_000);
  for (const [share, from, to] of ladder) {
    draw -= share;
    if (draw < 0) return prng.between(from, to);
  }
  return 0;
}

function disputeOf(prng: Prng): DisputePlan {
  return {
    reason: prng.pick(DISPUTE_REASONS),
    shareBp: prng.between(5, 30) * 100,
    upheldBp: prng.pick([0, 2_500, 5_000, 10_000]),
    raisedAfterDays: prng.between(6, 20),
    settledAfterDays: prng.between(5, 60),
  };
}

function weighted<T>(prng: Prng, entries: readonly T[], permilleOf: (entry: T) => number): T {
  let draw = prng.below(1_000);
  for (const entry of entries) {
    draw -= permilleOf(entry);
    if (draw < 0) return entry;
  }
  return entries.at(-1) as T;
}
