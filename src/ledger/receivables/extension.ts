import { hash, list } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { isSettled, isUnfrozen } from "../conditions.ts";
import { daySchema } from "../fields.ts";
import { leavesNamed, newAmendment } from "../trade/consents.ts";
import { transition } from "../transition.ts";
import { mayPutOff } from "./put-off.ts";

/**
 * The debtor asks for a later maturity; it takes effect when every holder and lender has consented, and every guarantor whose guarantee
 * shall last longer too.
 */
export const extend = transition({
  kind: "receivable.extend",
  label: { zh: "展期", en: "extend the maturity" },
  ground: "Civil Code art. 543, 695; 银发〔2025〕77号 art. 11: the tenor counts from the issue",
  signedBy: "debtor; then each holder, lender and guarantor named, by amendment.consent",
  body: {
    receivable: hash,
    maturityDay: daySchema,
    notes: list(hash, { min: 1, max: 128, sortedBy: (note) => note }),
    guarantees: list(hash, { max: 8, sortedBy: (guarantee) => guarantee }),
  },
  signers: ({ receivable }, { book }) => [book.get("receivable", receivable).debtor],
  stake: ({ receivable }, { book }) => book.get("receivable", receivable).live,
  requires: [
    (call) => mayPutOff(call, call.book.get("receivable", call.body.receivable), call.body.maturityDay),
    (call) => leavesNamed(call, call.book.get("receivable", call.body.receivable), call.body.notes),
    ({ body, book }) => {
      for (const id of body.notes) {
        const note = book.get("note", id);
        isSettled(note);
        isUnfrozen(note);
      }
    },
    ({ body, book }) =>
      require(body.guarantees.every((id) => book.get("guarantee", id).receivable === body.receivable), "NOT_FOUND"),
  ],
  effect: (call) => {
    const { receivable: target, maturityDay, notes, guarantees } = call.body;
    const { debtor } = call.book.get("receivable", target);
    return newAmendment(call, { kind: "EXTENSION", target, notes, maturityDay, guarantees }, [debtor]);
  },
});
