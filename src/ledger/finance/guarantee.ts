import { amount, hash } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { activeParty, isOwed, isSettled, isUnfrozen } from "../conditions.ts";
import { daySchema } from "../fields.ts";
import { carvable, carve } from "../receivables/carve.ts";
import { giveNotice } from "../receivables/notice.ts";
import { transition } from "../transition.ts";
import { ATTESTATION, attested, keepPayment, paymentOf } from "./attestation.ts";
import { payLoan } from "./waterfall.ts";

const GUARANTEES_MAX = 8;

/** A guarantor answers for a receivable up to a cap; whoever holds a note of it may turn to it. */
export const attachGuarantee = transition({
  kind: "guarantee.attach",
  label: { zh: "提供保证", en: "attach a guarantee" },
  ground: "Civil Code art. 681, 547: accessory rights follow the notes",
  signedBy: "guarantor",
  body: { guarantor: hash, receivable: hash, cap: amount({ min: 1n }), untilDay: daySchema, document: hash },
  signers: ({ guarantor }) => [guarantor],
  stake: ({ cap }) => cap,
  requires: [
    (call) => {
      activeParty(call, call.body.guarantor, "GUARANTOR");
    },
    ({ body, book }) => isOwed(book.get("receivable", body.receivable)),
    ({ body, book }) => require(body.guarantor !== book.get("receivable", body.receivable).debtor, "SAME_PARTY"),
    ({ body, book }) => require(body.cap <= book.get("receivable", body.receivable).live, "AMOUNT_EXCEEDED"),
    ({ body, day }) => require(body.untilDay >= day, "DAY_OUT_OF_RANGE"),
    ({ body, book }) =>
      require(book.get("receivable", body.receivable).guarantees.length < GUARANTEES_MAX, "GUARANTEES_EXCEEDED"),
  ],
  effect: ({ body, book, newId }) => {
    const id = newId();
    const receivable = book.get("receivable", body.receivable);
    book.add("guarantee", { id, ...body, used: 0n });
    // Sorted: which of two guarantees of one block came first does not show.
    const guarantees = [...receivable.guarantees, id].sort();
    return [id, book.update("receivable", receivable, { guarantees }).id];
  },
});

/** The guarantor pays in the debtor's stead and becomes the creditor of what it paid (subrogation). */
export const payGuarantee = transition({
  kind: "guarantee.pay",
  label: { zh: "保证人代偿", en: "pay under a guarantee" },
  ground: "Civil Code art. 700: the guarantor's recourse",
  signedBy: "a settlement bank; guarantor",
  body: { ...ATTESTATION, guarantee: hash, note: hash },
  signers: ({ bank, guarantee }, { book }) => [bank, book.get("guarantee", guarantee).guarantor],
  stake: (body) => body.amount,
  makers: ["ATTEST"],
  requires: [
    attested,
    ({ body, book }) =>
      require(book.get("note", body.note).receivable === book.get("guarantee", body.guarantee).receivable, "NOT_FOUND"),
    ({ body, book, day }) => require(day <= book.get("guarantee", body.guarantee).untilDay, "GUARANTEE_ENDED"),
    ({ body, book }) => {
      const { cap, used } = book.get("guarantee", body.guarantee);
      require(used + body.amount <= cap, "GUARANTEE_EXHAUSTED");
    },
    ({ body, book }) => {
      const { status } = book.get("receivable", book.get("note", body.note).receivable);
      require(["MATURED", "OVERDUE", "DEFAULTED"].includes(status), "NOT_MATURED");
    },
    ({ body, book }) => {
      const note = book.get("note", body.note);
      isSettled(note);
      isUnfrozen(note);
      require(note.dispute === null, "NOTE_DISPUTED");
      require(note.holder !== book.get("guarantee", body.guarantee).guarantor, "TRANSFER_TO_SELF");
    },
    (call) => carvable(call, call.book.get("note", call.body.note), call.body.amount),
  ],
  effect: (call) => {
    const { book, body } = call;
    const guarantee = book.get("guarantee", body.guarantee);
    const note = book.get("note", body.note);
    const secured = note.position === "OPEN" ? null : note.ref;
    const { part } = carve(call, note, body.amount, { holder: guarantee.guarantor, position: "OPEN", ref: null });
    book.update("guarantee", guarantee, { used: guarantee.used + body.amount });
    const loans = secured === null ? [] : [payLoan(call, book.get("loan", secured), body.amount, body.valueDay, paymentOf(body))];
    if (secured === null)
      call.emit("allocation", { object: note.id, interest: 0n, principal: 0n, rest: body.amount, to: note.holder });
    const lines = [{ note: part, amount: body.amount }];
    const what = {
      payer: guarantee.guarantor,
      currency: note.currency,
      kind: "GUARANTEE",
      lines,
      guarantee: guarantee.id,
    } as const;
    const payment = keepPayment(call, what, { redeemed: [], loans });
    return [payment, guarantee.id, part, ...giveNotice(call, part, guarantee.guarantor, "SUBROGATION", "fresh")];
  },
});
