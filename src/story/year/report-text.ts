import { formatMinorUnits } from "../../types/currency.ts";
import type { Amount } from "../../types/scalars.ts";
import { isBalanced } from "./books.ts";
import { isoDay } from "./calendar.ts";
import { GRADES, type Share, type YearReport } from "./report.ts";

/** What a banker reads at the end of the year. Money in yuan. */
export function reportText(report: YearReport): string {
  return [
    "",
    `  The alliance's year, to ${report.closingDay} (seed ${report.seed})`,
    `  ${"─".repeat(56)}`,
    `  ${report.transactions} transactions took effect, ${report.refused} attempts were refused; ${report.parties} parties`,
    "",
    "  Portfolio by platform",
    ...portfolio(report),
    "",
    "  Overdue, by days after the maturity",
    ...table(
      ["days", "receivables", "unpaid"],
      report.ladder.map(({ days, receivables, amount }) => [days, String(receivables), yuan(amount)]),
    ),
    "",
    "  Largest debtors, of all that is unpaid",
    ...shares(report.debtors),
    "",
    "  Largest borrowers, of all that is lent",
    ...shares(report.borrowers),
    "",
    `  Score migration, ${report.migration.from} (down) to ${report.migration.to} (across)`,
    ...table(
      ["", ...GRADES],
      GRADES.map((from) => [from, ...GRADES.map((to) => String(report.migration.counts[from]?.[to] ?? 0))]),
    ),
    "",
    ...counted("Receivables", report.receivables),
    ...counted("Decisions", report.decisions),
    ...counted("Payments", report.payments),
    ...counted("Disputes", report.disputes),
    ...counted("Court orders", report.freezes),
    `  Warehouses: ${report.attestations} attestations by their devices`,
    "",
    ...counted("Warehouse receipts", report.receipts),
    `  On receipts: ${report.stockLoans.loans} loans of ${yuan(report.stockLoans.lent)}, of which ${yuan(report.stockLoans.outstanding)} outstanding`,
    "",
    ...counted("Alarms", report.alarms),
    "  Refused",
    ...refused(report),
    "",
    "  Books, made anew from the ledger's objects",
    ...table(
      ["", "objects", "one side", "other side", "difference"],
      report.books.map(({ what, objects, left, right, difference }) => [
        what,
        String(objects),
        grouped(left.toString()),
        grouped(right.toString()),
        difference.toString(),
      ]),
    ),
    `  ${isBalanced(report.books) ? "the books balance to the fen" : "THE BOOKS DO NOT BALANCE"}`,
    "",
  ].join("\n");
}

/** As JSON: money in fen as decimal strings, days as ISO dates. */
export function reportJson(report: YearReport): object {
  const plain = JSON.parse(
    JSON.stringify(report, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value)),
  ) as Record<string, unknown>;
  return {
    ...plain,
    frauds: report.frauds.map(({ day, ...rest }) => ({ day: isoDay(day), ...rest })),
    balanced: isBalanced(report.books),
  };
}

function portfolio({ platforms }: YearReport): readonly string[] {
  const rows = platforms.map((each) => [
    `${each.platform} (${each.title})`,
    String(each.receivables),
    yuan(each.face),
    String(each.loans),
    yuan(each.lent),
    yuan(each.repaid),
    yuan(each.outstanding),
    yuan(each.overdue),
    yuan(each.writtenOff),
  ]);
  const sum = (pick: (each: YearReport["platforms"][number]) => Amount): string =>
    yuan(platforms.reduce((so, each) => so + pick(each), 0n));
  const count = (pick: (each: YearReport["platforms"][number]) => number): string =>
    String(platforms.reduce((so, each) => so + pick(each), 0));
  rows.push([
    "all",
    count(({ receivables }) => receivables),
    sum(({ face }) => face),
    count(({ loans }) => loans),
    sum(({ lent }) => lent),
    sum(({ repaid }) => repaid),
    sum(({ outstanding }) => outstanding),
    sum(({ overdue }) => overdue),
    sum(({ writtenOff }) => writtenOff),
  ]);
  const heads = ["platform", "receivables", "face", "loans", "lent", "repaid", "outstanding", "overdue", "written off"];
  const terms = platforms.map(
    ({ platform, ticket, tenorDays, rateBp, interest }) =>
      `  ${platform}: ${yuan(ticket)} a loan, ${tenorDays} days, ${(rateBp / 100).toFixed(2)} % a year; ${yuan(interest)} of interest`,
  );
  return [...table(heads, rows), ...terms];
}

function shares(all: readonly Share[]): readonly string[] {
  return table(
    ["amount", "share", "platform", ""],
    all.map(({ name, platform, amount, shareBp }) => [yuan(amount), `${(shareBp / 100).toFixed(2)} %`, platform, name]),
  );
}

function counted(title: string, counts: Readonly<Record<string, number>>): readonly string[] {
  return [
    `  ${title}: ${
      Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(", ") || "none"
    }`,
    "",
  ];
}

function refused({ frauds }: YearReport): readonly string[] {
  const kinds = new Map<string, number>();
  for (const { what, code } of frauds) kinds.set(`${what} [${code}]`, (kinds.get(`${what} [${code}]`) ?? 0) + 1);
  return [...kinds]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([kind, count]) => `  ${String(count).padStart(5)} × ${kind}`);
}

/** The first column to the left, the others to the right. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join("  ")}`.trimEnd();
  return [line(heads), ...rows.map(line)];
}

function yuan(amount: Amount): string {
  return grouped(formatMinorUnits(amount, "CNY"));
}

function grouped(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const grouping = whole.replace(/\B(?=([0-9]{3})+$)/g, ",");
  return fraction === undefined ? grouping : `${grouping}.${fraction}`;
}
