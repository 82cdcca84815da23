import { amount, hash, nullable } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { require } from "../codes.ts";
import { activeParty, roleOf } from "../conditions.ts";
import { currencySchema } from "../fields.ts";
import { namedId } from "../ids.ts";
import { MONEY_MAX } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { transition } from "../transition.ts";

type Line = Omit<ObjectOf<"line">, "version">;
type Programme = Omit<ObjectOf<"programme">, "version">;

/** A lender bounds what it lends to one borrower. What is lent already counts; null takes the bound away. */
export const setLine = transition({
  kind: "limit.line",
  label: { zh: "设定授信额度", en: "set a credit line" },
  ground: "商业银行授信工作尽职指引: lending within an approved line",
  signedBy: "lender",
  body: { lender: hash, borrower: hash, currency: currencySchema, limit: nullable(amount({ max: MONEY_MAX })) },
  signers: ({ lender }) => [lender],
  stake: ({ limit }) => limit ?? MONEY_MAX,
  requires: [
    (call) => {
      activeParty(call, call.body.lender, "LENDER");
      activeParty(call, call.body.borrower);
    },
  ],
  effect: ({ body, book }) => {
    const { lender, borrower, currency, limit } = body;
    return [keepLine(book, { ...lineOf(book, lender, borrower, currency), limit })];
  },
});

/** A bank bounds what a debtor promises by certificates; the debtor agrees. */
export const setProgramme = transition({
  kind: "limit.programme",
  label: { zh: "设定确权额度", en: "set a debtor's programme" },
  ground: "银发〔2025〕77号 art. 10: the bank examines what the core enterprise can pay",
  signedBy: "a settlement bank; debtor",
  body: { bank: hash, debtor: hash, currency: currencySchema, limit: nullable(amount({ max: MONEY_MAX })) },
  signers: ({ bank, debtor }) => [bank, debtor],
  stake: ({ limit }) => limit ?? MONEY_MAX,
  requires: [
    (call) => roleOf(call, call.body.bank, "BANK"),
    (call) => {
      activeParty(call, call.body.debtor, "DEBTOR");
    },
    ({ body, book }) => {
      const { bank } = programmeOf(book, body.debtor, body.currency);
      require(bank === null || bank === body.bank, "REFERENCE_TAKEN");
    },
  ],
  effect: ({ body, book }) => {
    const { bank, debtor, currency, limit } = body;
    return [keepProgramme(book, { ...programmeOf(book, debtor, currency), bank, limit })];
  },
});

export function lineCovers(book: Book, { lender, borrower, currency }: Omit<Line, "id" | "used" | "limit">, more: Amount): void {
  const { used, limit } = lineOf(book, lender, borrower, currency);
  require(limit === null || used + more <= limit, "LENDING_LINE_EXCEEDED");
}

/** Principal lent, or got back. */
export function lineMoves(book: Book, { lender, borrower, currency }: Omit<Line, "id" | "used" | "limit">, change: Amount): void {
  const line = lineOf(book, lender, borrower, currency);
  if (change !== 0n) keepLine(book, { ...line, used: line.used + change });
}

export function programmeCovers(book: Book, debtor: Hash, currency: string, more: Amount): void {
  const { used, limit } = programmeOf(book, debtor, currency);
  require(limit === null || used + more <= limit, "PROGRAMME_EXCEEDED");
}

/** What the debtor itself promised grows or ends; what sellers issued is not of the programme. */
export function programmeMoves(
  { book }: { readonly book: Book },
  { origin, debtor, currency }: Pick<ObjectOf<"receivable">, "origin" | "debtor" | "currency">,
  change: Amount,
): void {
  if (origin !== "DEBTOR" || change === 0n) return;
  const programme = programmeOf(book, debtor, currency);
  keepProgramme(book, { ...programme, used: programme.used + change });
}

function lineOf(book: Book, lender: Hash, borrower: Hash, currency: string): Line {
  const id = namedId("line", lender, borrower, currency);
  return book.find("line", id) ?? { id, lender, borrower, currency, used: 0n, limit: null };
}

function keepLine(book: Book, line: Line): Hash {
  const known = book.find("line", line.id);
  if (known === undefined) book.create("line", line);
  else book.update("line", known, { used: line.used, limit: line.limit });
  return line.id;
}

function programmeOf(book: Book, debtor: Hash, currency: string): Programme {
  const id = namedId("programme", debtor, currency);
  return book.find("programme", id) ?? { id, debtor, bank: null, currency, used: 0n, limit: null };
}

function keepProgramme(book: Book, programme: Programme): Hash {
  const known = book.find("programme", programme.id);
  if (known === undefined) book.create("programme", programme);
  else book.update("programme", known, { bank: programme.bank, used: programme.used, limit: programme.limit });
  return programme.id;
}
