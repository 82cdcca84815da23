import { amount, hash } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { isEffective, isOpen } from "../conditions.ts";
import { basisPoints } from "../money.ts";
import { transition } from "../transition.ts";
import { ATTESTATION, attested, keepPayment, paymentOf, touched } from "./attestation.ts";
import { redeem } from "./redemption.ts";

/** The debtor pays before the maturity, less a discount that the holder grants; the note is redeemed at its face. */
export const payEarly = transition({
  kind: "payment.early",
  label: { zh: "提前付款", en: "pay early at a discount" },
  ground: "Civil Code art. 530: performance before it is due; the discount is a price, no dilution",
  signedBy: "a settlement bank; debtor; holder",
  body: { ...ATTESTATION, note: hash, face: amount({ min: 1n }) },
  signers: ({ bank, note }, { book }) => {
    const { receivable, holder } = book.get("note", note);
    return [bank, book.get("receivable", receivable).debtor, holder];
  },
  stake: ({ face }) => face,
  makers: ["ATTEST"],
  requires: [
    attested,
    ({ body, book }) => isOpen(book.get("note", body.note)),
    ({ body, book }) => isEffective(book.get("receivable", book.get("note", body.note).receivable)),
    ({ body, book }) => require(body.amount <= body.face && body.face <= book.get("note", body.note).amount, "AMOUNT_EXCEEDED"),
    ({ body, business }) =>
      require(body.face - body.amount <= basisPoints(body.face, business.earlyDiscountMaxBp), "DISCOUNT_EXCEEDED"),
  ],
  effect: (call) => {
    const { body, book } = call;
    const note = book.get("note", body.note);
    const { debtor: payer, currency } = book.get("receivable", note.receivable);
    const lines = [{ note: note.id, amount: body.face }];
    const redemption = redeem(call, lines, body.valueDay, paymentOf(body));
    const what = { payer, currency, kind: "EARLY", discount: body.face - body.amount, lines } as const;
    return touched(keepPayment(call, what, redemption), redemption);
  },
});
