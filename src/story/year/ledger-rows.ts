import type { LedgerJson } from "../../client/client.ts";
import type { Amount } from "../../types/scalars.ts";

/** Who reads the ledger page by page: a client, or a test. */
export interface LedgerSource {
  ledgerAll(kind: string): Promise<readonly LedgerJson[]>;
}

const KINDS = [
  "party",
  "invoice",
  "receivable",
  "note",
  "loan",
  "payment",
  "dispute",
  "freeze",
  "decision",
  "line",
  "programme",
  "creditFacts",
  "alarm",
  "attestation",
  "lot",
  "warehouseReceipt",
] as const;
export type RowKind = (typeof KINDS)[number];

/** Everything that the books are made from, as the ledger has it at the year's end. */
export type Rows = Readonly<Record<RowKind, readonly LedgerJson[]>>;

export async function readRows(source: LedgerSource): Promise<Rows> {
  const rows: Partial<Record<RowKind, readonly LedgerJson[]>> = {};
  for (const kind of KINDS) rows[kind] = await source.ledgerAll(kind);
  return rows as Rows;
}

/** Money is a decimal string in the node's answers. */
export function fen(row: LedgerJson | Readonly<Record<string, unknown>>, field: string): Amount {
  return BigInt(row[field] as string);
}

export function total(rows: readonly LedgerJson[], field: string): Amount {
  return rows.reduce((sum, row) => sum + fen(row, field), 0n);
}

/** Sums by a name: of an object, a party, a status. */
export class Sums {
  readonly #sums = new Map<string, Amount>();

  add(name: string, amount: Amount): void {
    this.#sums.set(name, this.of(name) + amount);
  }

  of(name: string): Amount {
    return this.#sums.get(name) ?? 0n;
  }

  get names(): readonly string[] {
    return [...this.#sums.keys()];
  }

  static from(rows: readonly LedgerJson[], nameOf: (row: LedgerJson) => string, amountOf: (row: LedgerJson) => Amount): Sums {
    const sums = new Sums();
    for (const row of rows) sums.add(nameOf(row), amountOf(row));
    return sums;
  }
}
