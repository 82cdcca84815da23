/** How large a year is played: the whole one of 1,500 small firms, or a fraction of it for drills and tests. */
export interface YearSize {
  readonly suppliers: number;
  readonly debtors: number;
  readonly trades: number;
  readonly warehouses: number;
  /** Lots that come into warehouses and secure loans. */
  readonly stocks: number;
  /** For how many days each warehouse is watched. */
  readonly daysWatched: number;
  /** Attempts at fraud, of all kinds. */
  readonly frauds: number;
  readonly freezes: number;
  readonly redInvoices: number;
  readonly calendar: "FULL" | "SPARSE";
}

const WHOLE = {
  suppliers: 1_500,
  debtors: 60,
  trades: 15_300,
  warehouses: 350,
  stocks: 240,
  frauds: 240,
  freezes: 36,
  redInvoices: 12,
} as const;
/** Four debtors of each platform, one of which fails. */
const DEBTORS_MIN = 12;
/** From this fraction on the year is short of business, and is played on fewer days. */
const SPARSE_FROM = 10;
const [WHOLE_DAYS, SPARSE_DAYS] = [364, 3] as const;

/** `fraction`: the year is a `fraction`th of the whole one. */
export function yearSize(fraction: number): YearSize {
  const part = (whole: number, least: number): number => Math.max(least, Math.round(whole / fraction));
  return {
    suppliers: part(WHOLE.suppliers, 6),
    debtors: 3 * part(WHOLE.debtors / 3, DEBTORS_MIN / 3),
    trades: part(WHOLE.trades, 60),
    warehouses: part(WHOLE.warehouses, 3),
    stocks: part(WHOLE.stocks, 3),
    frauds: part(WHOLE.frauds, 24),
    freezes: part(WHOLE.freezes, 6),
    redInvoices: part(WHOLE.redInvoices, 2),
    daysWatched: fraction >= SPARSE_FROM ? SPARSE_DAYS : WHOLE_DAYS,
    calendar: fraction >= SPARSE_FROM ? "SPARSE" : "FULL",
  };
}
