import type { SigningKey } from "../../client/transaction-builder.ts";
import type { Prng } from "../../lib/prng.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import type { MemberActor } from "../cast.ts";
import type { BusinessCalendar } from "./calendar.ts";
import type { Diary } from "./diary.ts";
import type { Company, Debtor, People, Supplier } from "./people.ts";
import type { TradePlan } from "./trades.ts";

/** The keys of a firm: who prepares and who releases (制单, 复核). */
export interface FirmKeys {
  readonly maker: SigningKey;
  readonly checker: SigningKey;
}

/** From this stake on a firm's checker signs as well: what each of them registers as its key policy. Fen. */
export const CHECKED_FROM: Amount = 50_000_000n;

/** A live note of a trade's receivable. */
export interface Leaf {
  readonly id: Hash;
  readonly amount: Amount;
  /** null: the bank, to which it is assigned. */
  readonly holder: Company | null;
  readonly dispute: Hash | null;
  readonly freeze: Hash | null;
}

export interface Loan {
  readonly id: Hash;
  readonly principal: Amount;
  readonly ratePpm: number;
  readonly tenorDays: number;
  /** When the money went out; null until then. */
  readonly startDay: number | null;
  /** PART: something was paid on it, and not all of it. */
  readonly status: "COMMITTED" | "ACTIVE" | "PART" | "REPAID";
}

/** A trade as it goes on: what the ledger said of each step. */
export interface Trade {
  readonly plan: TradePlan;
  readonly supplier: Supplier;
  readonly debtor: Debtor;
  contract: Hash;
  /** OPEN: an effective receivable whose notes are in their holders' free hands. */
  phase: "PLANNED" | "PROPOSED" | "OPEN" | "APPLIED" | "LENT";
  delivery: Hash | null;
  invoice: Hash | null;
  receivable: Hash | null;
  maturityDay: number;
  leaves: readonly Leaf[];
  loan: Loan | null;
  /** Its invoice was voided (红冲) after the receivable was made of it. */
  isVoided: boolean;
  /** The newest payment by the debtor: the bank's reference, as a commitment. */
  paidReference: Hash | null;
}

/** Everything that a step of the year is drawn up from. */
export interface Setting {
  readonly people: People;
  readonly calendar: BusinessCalendar;
  readonly diary: Diary;
  readonly bank: MemberActor;
  readonly platforms: ReadonlyMap<string, MemberActor>;
  readonly keysOf: (company: Company) => FirmKeys;
  /** The key of a keeper's device, by the device's name. */
  readonly deviceOf: (company: Company, name: string) => SigningKey;
  /** A commitment to something private: a number, a document, a bank's reference. */
  readonly commit: (...parts: readonly string[]) => Hash;
  /** Of each debtor, by index. */
  readonly owedBy: readonly Trade[][];
  readonly trades: readonly Trade[];
  /** Counts what was tried and refused. */
  readonly refuse: (refusal: Refusal) => void;
  /** For what is chosen on the way. */
  readonly prng: Prng;
  /** Forged scores that wait for a case in which the bank's engine would refer. */
  forgeries: number;
  /** Trades on which a court's order came: one is enough. */
  readonly ordered: Set<Trade>;
  /** Suppliers, by index, whom a debtor has paid. */
  readonly paid: Set<number>;
  /** Trades whose loan is agreed and not paid out. */
  readonly committed: Set<Trade>;
  /** Whose invoices a platform asks the tax authority about again, by day and platform. */
  readonly checks: Map<string, Trade[]>;
  /** Parties whose score the engine wants, in the third hour of the day. */
  readonly applicants: Set<Hash>;
}

/** An attempt that the ledger refused. */
export interface Refusal {
  readonly day: number;
  readonly what: string;
  readonly code: string;
  readonly platform: string;
}

export function platformOf(setting: Setting, company: Company): MemberActor {
  return setting.platforms.get(company.platform.member) as MemberActor;
}

/** Who signs for a firm, by its own policy: the maker, and from a certain stake on the checker too. */
export function signersOf(setting: Setting, company: Company, stake: Amount = 0n): readonly SigningKey[] {
  const { maker, checker } = setting.keysOf(company);
  return stake >= CHECKED_FROM ? [maker, checker] : [maker];
}

/** Whether something that the debtor owes is overdue: past its maturity and the three days of grace, by the ledger's rule. */
export function isLate(setting: Setting, debtor: Debtor, day: number): boolean {
  return (setting.owedBy[debtor.index] as readonly Trade[]).some((trade) => isOverdue(trade, day));
}

/** How many of the debtor's receivables are overdue. */
export function lateOf(setting: Setting, debtor: Debtor, day: number): number {
  return (setting.owedBy[debtor.index] as readonly Trade[]).filter((trade) => isOverdue(trade, day)).length;
}

/** The only note of the receivable, neither contested nor frozen; null if it is not as simple as that. */
export function soleLeaf({ leaves }: Trade): Leaf | null {
  const [leaf] = leaves;
  return leaf !== undefined && leaves.length === 1 && leaf.dispute === null && leaf.freeze === null ? leaf : null;
}

export const GRACE_DAYS = 3;

export function isOverdue(trade: Trade, day: number): boolean {
  return trade.leaves.length > 0 && day > trade.maturityDay + GRACE_DAYS;
}

export function basisPoints(amount: Amount, bp: number): Amount {
  return (amount * BigInt(bp)) / 10_000n;
}
