import type { LedgerJson } from "../../client/client.ts";
import { compareText } from "../../lib/bytes.ts";
import type { Amount } from "../../types/scalars.ts";
import { type Balance, balances } from "./books.ts";
import { isoDay, LAST_DAY } from "./calendar.ts";
import { fen, type Rows, Sums, total } from "./ledger-rows.ts";
import { type Company, type People, PLATFORMS } from "./people.ts";
import type { Grades, Played } from "./player.ts";
import type { Refusal } from "./setting.ts";

export interface PlatformFigures {
  readonly platform: string;
  readonly title: string;
  readonly suppliers: number;
  readonly receivables: number;
  readonly face: Amount;
  readonly loans: number;
  readonly lent: Amount;
  readonly repaid: Amount;
  readonly interest: Amount;
  readonly outstanding: Amount;
  readonly writtenOff: Amount;
  readonly overdue: Amount;
  /** Averages: fen; days and basis points a year, weighted by what was lent. */
  readonly ticket: Amount;
  readonly tenorDays: number;
  readonly rateBp: number;
}

export interface Rung {
  readonly days: string;
  readonly receivables: number;
  readonly amount: Amount;
}

export interface Share {
  readonly name: string;
  readonly platform: string;
  readonly amount: Amount;
  readonly shareBp: number;
}

export interface Migration {
  readonly from: string;
  readonly to: string;
  /** Counts by grade at the beginning (A…E, "-" for none) and at the end. */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The closing report. The same seed makes the same one: nothing in it depends on heights, ids or how long anything took. */
export interface YearReport {
  readonly seed: string;
  readonly closingDay: string;
  readonly transactions: number;
  readonly refused: number;
  readonly parties: number;
  readonly platforms: readonly PlatformFigures[];
  readonly ladder: readonly Rung[];
  readonly debtors: readonly Share[];
  readonly borrowers: readonly Share[];
  readonly migration: Migration;
  readonly decisions: Readonly<Record<string, number>>;
  readonly receivables: Readonly<Record<string, number>>;
  readonly disputes: Readonly<Record<string, number>>;
  readonly freezes: Readonly<Record<string, number>>;
  readonly payments: Readonly<Record<string, number>>;
  /** Words of the warehouses' devices. */
  readonly attestations: number;
  /** Receipts on goods by position, and loans that they secured. */
  readonly receipts: Readonly<Record<string, number>>;
  readonly stockLoans: { readonly loans: number; readonly lent: Amount; readonly outstanding: Amount };
  readonly alarms: Readonly<Record<string, number>>;
  readonly frauds: readonly Refusal[];
  readonly books: readonly Balance[];
}

/** Days after the maturity, both included; the first is within the days of grace. */
const RUNGS = [
  [1, 3],
  [4, 30],
  [31, 60],
  [61, 90],
  [91, Number.MAX_SAFE_INTEGER],
] as const;
const LARGEST = 10;
export const GRADES = ["A", "B", "C", "D", "E", "-"] as const;

export interface ReportModules {
  readonly seed: string;
  readonly people: People;
  readonly rows: Rows;
  readonly played: Played;
  readonly refusals: readonly Refusal[];
}

export function yearReport({ seed, people, rows, played, refusals }: ReportModules): YearReport {
  const lent = rows.loan.filter(({ status }) => status === "ACTIVE" || status === "REPAID");
  return {
    seed,
    closingDay: isoDay(LAST_DAY),
    transactions: played.committed,
    refused: played.refused,
    parties: rows.party.length,
    platforms: PLATFORMS.map(({ member, title }) => platformFigures(member, title, people, rows, lent)),
    ladder: ladderOf(rows.receivable),
    debtors: largest(
      people.debtors,
      Sums.from(rows.receivable, fieldOf("debtor"), (row) => fen(row, "live")),
    ),
    borrowers: largest(
      people.suppliers,
      Sums.from(lent, fieldOf("borrower"), (row) => fen(row, "outstanding")),
    ),
    migration: migrationOf(played.surveys),
    decisions: counts(
      rows.decision,
      ({ outcome, grade, score }) => `${outcome as string} ${score === null ? "by officers" : (grade as string)}`,
    ),
    receivables: counts(rows.receivable, fieldOf("status")),
    disputes: counts(rows.dispute, fieldOf("status")),
    freezes: counts(rows.freeze, fieldOf("status")),
    payments: counts(rows.payment, ({ kind, status }) => `${kind as string} ${status as string}`),
    receipts: counts(rows.warehouseReceipt, fieldOf("position")),
    stockLoans: stockLoansOf(lent),
    attestations: rows.attestation.reduce((sum, { seq }) => sum + (seq as number), 0),
    alarms: {
      ...counts(rows.alarm, ({ rule, severity, status }) => `${rule as string} ${severity as string} ${status as string}`),
      ...counts(
        rows.invoice.filter((row) => row.taxStatus === "RED" && fen(row, "used") > 0n),
        () => "INVOICE_VOIDED behind a receivable",
      ),
    },
    frauds: [...refusals].sort((left, right) => left.day - right.day || compareText(left.what, right.what)),
    books: balances(rows),
  };
}

function platformFigures(
  member: string,
  title: string,
  people: People,
  rows: Rows,
  lent: readonly LedgerJson[],
): PlatformFigures {
  const own = new Set(people.suppliers.filter(({ platform }) => platform.member === member).map(({ party }) => party as string));
  const receivables = rows.receivable.filter(({ seller, confirmed }) => own.has(seller as string) && confirmed !== "0");
  const loans = lent.filter(({ borrower }) => own.has(borrower as string));
  const principal = total(loans, "principal");
  const weighted = (field: string): number =>
    principal === 0n
      ? 0
      : Number(loans.reduce((sum, row) => sum + fen(row, "principal") * BigInt(row[field] as number), 0n) / principal);
  const outstanding = total(loans, "outstanding");
  const late = receivables.filter(({ status }) => status === "OVERDUE" || status === "DEFAULTED");
  return {
    platform: member,
    title,
    suppliers: own.size,
    receivables: receivables.length,
    face: total(receivables, "confirmed"),
    loans: loans.length,
    lent: principal,
    repaid: principal - outstanding,
    interest: total(loans, "interestPaid"),
    outstanding,
    writtenOff: total(loans, "writtenOff"),
    overdue: total(late, "live"),
    ticket: loans.length === 0 ? 0n : principal / BigInt(loans.length),
    tenorDays: weighted("tenorDays"),
    rateBp: Math.floor(weighted("ratePpm") / 100),
  };
}

function stockLoansOf(lent: readonly LedgerJson[]): YearReport["stockLoans"] {
  const own = lent.filter(({ kind }) => kind === "RECEIPT");
  return { loans: own.length, lent: total(own, "principal"), outstanding: total(own, "outstanding") };
}

function ladderOf(receivables: readonly LedgerJson[]): readonly Rung[] {
  return RUNGS.map(([from, to]) => {
    const late = receivables.filter((row) => {
      const days = LAST_DAY - (row.maturityDay as number);
      return fen(row, "live") > 0n && days >= from && days <= to;
    });
    const days = to === Number.MAX_SAFE_INTEGER ? `over ${from - 1}` : `${from}–${to}`;
    return { days, receivables: late.length, amount: total(late, "live") };
  });
}

function largest(companies: readonly Company[], sums: Sums): readonly Share[] {
  const all = companies.reduce((sum, { party }) => sum + sums.of(party), 0n);
  return companies
    .map(({ name, platform, party, legalId }) => ({
      name,
      platform: platform.member,
      amount: sums.of(party),
      code: legalId.value,
    }))
    .filter(({ amount }) => amount > 0n)
    .sort((left, right) =>
      left.amount === right.amount ? compareText(left.code, right.code) : left.amount > right.amount ? -1 : 1,
    )
    .slice(0, LARGEST)
    .map(({ name, platform, amount }) => ({ name, platform, amount, shareBp: Number((amount * 10_000n) / all) }));
}

/** From the first survey to the last. */
function migrationOf(surveys: ReadonlyMap<number, Grades>): Migration {
  const days = [...surveys.keys()].sort((left, right) => left - right);
  const [first, last] = [days[0] ?? LAST_DAY, days.at(-1) ?? LAST_DAY];
  const [before, after] = [surveys.get(first) ?? "", surveys.get(last) ?? ""];
  const table: Record<string, Record<string, number>> = {};
  for (const from of GRADES) table[from] = Object.fromEntries(GRADES.map((to) => [to, 0]));
  for (let index = 0; index < before.length; index++) {
    const row = table[before.charAt(index)] as Record<string, number>;
    row[after.charAt(index)] = (row[after.charAt(index)] ?? 0) + 1;
  }
  return { from: isoDay(first), to: isoDay(last), counts: table };
}

/** By name, in the order of the names. */
function counts(rows: readonly LedgerJson[], nameOf: (row: LedgerJson) => string): Readonly<Record<string, number>> {
  const found = new Map<string, number>();
  for (const row of rows) found.set(nameOf(row), (found.get(nameOf(row)) ?? 0) + 1);
  return Object.fromEntries([...found].sort(([left], [right]) => compareText(left, right)));
}

function fieldOf(field: string): (row: LedgerJson) => string {
  return (row) => row[field] as string;
}
