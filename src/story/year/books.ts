import type { LedgerJson } from "../../client/client.ts";
import type { Amount } from "../../types/scalars.ts";
import { fen, type Rows, Sums } from "./ledger-rows.ts";

/** Two sums that must be one, each made from other objects; compared object by object and not only in total. */
export interface Balance {
  readonly what: string;
  readonly left: Amount;
  readonly right: Amount;
  /** How many objects were compared, and by how much they differ, each difference counted without its sign. */
  readonly objects: number;
  readonly difference: Amount;
}

const ENDED = new Set(["REDEEMED", "CONSUMED", "CANCELLED", "DILUTED", "SETOFF", "MERGED"]);
/** Receivables that use nothing of their invoices any more. */
const RELEASED = new Set(["REJECTED", "WITHDRAWN", "LAPSED", "CANCELLED"]);
const PAID_OUT = new Set(["ACTIVE", "REPAID"]);

/** The books, made anew from notes, payments and loans, against what the ledger keeps as balances. */
export function balances(rows: Rows): readonly Balance[] {
  const live = rows.note.filter(({ position }) => !ENDED.has(position as string));
  const attested = rows.payment.filter(({ status }) => status === "ATTESTED");
  const paidOut = rows.loan.filter(({ status }) => PAID_OUT.has(status as string));
  const byReceivable = ({ receivable }: LedgerJson): string => receivable as string;
  const byId = ({ id }: LedgerJson): string => id;
  const paidOnLoans = partsOf(attested, "loans");
  return [
    compare(
      "receivables: confirmed = live + redeemed + diluted + cancelled + set off",
      Sums.from(rows.receivable, byId, (row) => fen(row, "confirmed")),
      Sums.from(rows.receivable, byId, (row) =>
        ["live", "redeemed", "diluted", "cancelled", "setoff"].reduce((sum, account) => sum + fen(row, account), 0n),
      ),
    ),
    compare(
      "live balance of receivables = their live notes",
      Sums.from(rows.receivable, byId, (row) => fen(row, "live")),
      Sums.from(live, byReceivable, (row) => fen(row, "amount")),
    ),
    compare(
      "redeemed balance of receivables = lines of the payments that stand",
      Sums.from(rows.receivable, byId, (row) => fen(row, "redeemed")),
      redeemedBy(rows, attested),
    ),
    compare(
      "diluted balance of receivables = what disputes upheld",
      Sums.from(rows.receivable, byId, (row) => fen(row, "diluted")),
      Sums.from(rows.dispute, byReceivable, (row) => fen(row, "upheld")),
    ),
    compare(
      "invoices used = receivables made of them",
      Sums.from(rows.invoice, byId, (row) => fen(row, "used")),
      allocated(rows.receivable.filter(({ status }) => !RELEASED.has(status as string))),
    ),
    compare(
      "principal paid out = outstanding + principal in payments",
      Sums.from(paidOut, byId, (row) => fen(row, "principal")),
      merged(
        Sums.from(paidOut, byId, (row) => fen(row, "outstanding")),
        Sums.from(paidOnLoans, loanOf, (part) => fen(part, "principal")),
      ),
    ),
    compare(
      "interest that loans got = interest in payments",
      Sums.from(paidOut, byId, (row) => fen(row, "interestPaid")),
      Sums.from(paidOnLoans, loanOf, (part) => fen(part, "interest")),
    ),
    compare(
      "goods in live receipts on a lot = its receipts (kilograms)",
      Sums.from(rows.lot, byId, (row) => fen(row, "receipted")),
      Sums.from(
        rows.warehouseReceipt.filter(({ position }) => position !== "GONE" && position !== "VOID"),
        ({ lot }) => lot as string,
        (row) => fen(row, "quantity"),
      ),
    ),
    compare(
      "lines used = principal of loans agreed and running",
      Sums.from(rows.line, borrowerOf, (row) => fen(row, "used")),
      Sums.from(rows.loan, borrowerOf, owedOf),
    ),
    compare(
      "debt in the credit facts = outstanding of loans",
      Sums.from(
        rows.creditFacts,
        ({ party }) => party as string,
        (row) => fen(row, "borrowed"),
      ),
      Sums.from(paidOut, borrowerOf, (row) => fen(row, "outstanding")),
    ),
    compare(
      "debtors' programmes = certificates proposed and unpaid",
      Sums.from(rows.programme, debtorOf, (row) => fen(row, "used")),
      Sums.from(
        rows.receivable.filter(({ origin }) => origin === "DEBTOR"),
        debtorOf,
        (row) => (row.status === "PROPOSED" ? fen(row, "face") : fen(row, "live")),
      ),
    ),
    compare(
      "overdue receivables by debtor = the gate's count (pieces)",
      Sums.from(rows.party, byId, ({ overdue }) => BigInt(overdue as number)),
      Sums.from(rows.receivable, debtorOf, ({ status }) => (status === "OVERDUE" || status === "DEFAULTED" ? 1n : 0n)),
    ),
  ];
}

/** Nothing differs by a fen. */
export function isBalanced(all: readonly Balance[]): boolean {
  return all.every(({ difference }) => difference === 0n);
}

function compare(what: string, left: Sums, right: Sums): Balance {
  const names = new Set([...left.names, ...right.names]);
  let [leftTotal, rightTotal, difference] = [0n, 0n, 0n];
  for (const name of names) {
    const [one, other] = [left.of(name), right.of(name)];
    leftTotal += one;
    rightTotal += other;
    difference += one > other ? one - other : other - one;
  }
  return { what, left: leftTotal, right: rightTotal, objects: names.size, difference };
}

function merged(...all: readonly Sums[]): Sums {
  const sums = new Sums();
  for (const each of all) for (const name of each.names) sums.add(name, each.of(name));
  return sums;
}

/** What stands in a list field of these objects, one after the other. */
function partsOf(rows: readonly LedgerJson[], field: string): readonly LedgerJson[] {
  return rows.flatMap((row) => row[field] as readonly LedgerJson[]);
}

function redeemedBy({ note }: Rows, payments: readonly LedgerJson[]): Sums {
  const receivableOf = new Map(note.map(({ id, receivable }) => [id as string, receivable as string]));
  return Sums.from(
    partsOf(payments, "lines"),
    (line) => receivableOf.get(line.note as string) ?? "",
    (line) => fen(line, "amount"),
  );
}

function allocated(receivables: readonly LedgerJson[]): Sums {
  return Sums.from(
    partsOf(receivables, "allocation"),
    ({ invoice }) => invoice as string,
    (part) => fen(part, "amount"),
  );
}

/** What of a loan takes up its borrower's line. */
function owedOf(loan: LedgerJson): Amount {
  if (loan.status === "COMMITTED" || loan.status === "ORDERED") return fen(loan, "principal");
  return loan.status === "VOID" ? 0n : fen(loan, "outstanding");
}

const loanOf = ({ loan }: LedgerJson): string => loan as string;
const borrowerOf = ({ borrower }: LedgerJson): string => borrower as string;
const debtorOf = ({ debtor }: LedgerJson): string => debtor as string;
