import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { isUnfrozen } from "../conditions.ts";
import { shareOut } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { lateInterest, lateMoves } from "../receivables/late.ts";
import { type Call, transition } from "../transition.ts";
import { type Attested, attested, keepPayment, NOTES_PAID, paymentOf } from "./attestation.ts";
import type { Line } from "./redemption.ts";
import { payLoan, surplusTo } from "./waterfall.ts";

/** The debtor pays what stayed due when notes ended late; it goes where the money for the notes went. */
export const payLate = transition({
  kind: "payment.late",
  label: { zh: "逾期利息付款证明", en: "attest a payment of late interest" },
  ground: "《保障中小企业款项支付条例》 art. 17; Civil Code art. 583, 585: interest for late payment",
  signedBy: "a settlement bank",
  body: NOTES_PAID,
  signers: ({ bank }) => [bank],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    attested,
    ({ body }) => require(sumOf(body.lines) === body.amount, "LINES_DO_NOT_ADD_UP"),
    ({ body, book }) => {
      for (const line of body.lines) {
        const note = book.get("note", line.note);
        const { currency, debtor } = book.get("receivable", note.receivable);
        require(currency === body.currency, "CURRENCY_MISMATCH");
        require(debtor === body.payer, "PAYER_WRONG");
        // What an order kept in deposit is handed out first.
        isUnfrozen(note);
        require(line.amount <= (note.late?.due ?? 0n), "LATE_INTEREST_EXCEEDED");
      }
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const loans = new Map<Hash, Amount>();
    for (const line of body.lines) {
      const note = book.get("note", line.note);
      const { late } = movedDue(call, note, -line.amount);
      lateMoves(call, note.receivable, -line.amount, line.amount);
      const loan = late.loan === null ? null : book.get("loan", late.loan);
      if (loan?.status === "ACTIVE") loans.set(loan.id, (loans.get(loan.id) ?? 0n) + line.amount);
      else {
        const to = loan === null ? note.holder : surplusTo(loan);
        call.emit("allocation", { object: note.id, interest: line.amount, principal: 0n, rest: 0n, to });
      }
    }
    const payment = paymentOf(body);
    const paid = [...loans].map(([id, part]) => payLoan(call, book.get("loan", id), part, body.valueDay, payment));
    const { payer, currency, lines, amount: late } = body;
    keepPayment(call, { payer, currency, kind: "LATE", lines, late }, { redeemed: [], loans: paid });
    return [payment, ...lines.map(({ note }) => note), ...paid.flatMap(({ loan, freed }) => [loan, ...freed])];
  },
});

/** The bank took it back: the interest is due again. */
export function reverseLate(call: Call<unknown>, { lines }: Pick<ObjectOf<"payment">, "lines">): readonly Hash[] {
  for (const line of lines) {
    const note = call.book.get("note", line.note);
    movedDue(call, note, line.amount);
    lateMoves(call, note.receivable, line.amount, -line.amount);
  }
  return lines.map(({ note }) => note);
}

/** What of a payment is for being late is no more than the parts that it redeems have earned by its value date. */
export function lateHolds(call: Call<Attested & { readonly late?: Amount }>, lines: readonly Line[]): void {
  const { late = 0n } = call.body;
  require(late <= earned(call, lines).reduce((sum, { weight }) => sum + weight, 0n), "LATE_INTEREST_EXCEEDED");
}

/** Each line with its share of that, in proportion to what it has earned. */
export function withLate(call: Call<Attested & { readonly late?: Amount }>, lines: readonly Line[]): readonly Line[] {
  const { late = 0n } = call.body;
  if (late === 0n) return lines;
  const shares = shareOut(late, earned(call, lines));
  return lines.map((line, index) => ({ ...line, late: shares[index] as Amount }));
}

function earned({ book, body }: Call<Attested>, lines: readonly Line[]) {
  return lines.map(({ note, amount: part }) => {
    const root = book.get("receivable", book.get("note", note).receivable);
    return { key: note, weight: lateInterest(root, part, body.valueDay) };
  });
}

function movedDue({ book }: Call<unknown>, note: ObjectOf<"note">, change: Amount) {
  const late = { due: (note.late?.due ?? 0n) + change, loan: note.late?.loan ?? null };
  return { ...book.update("note", note, { late }), late };
}

function sumOf(lines: readonly Line[]): Amount {
  return lines.reduce((sum, line) => sum + line.amount, 0n);
}
