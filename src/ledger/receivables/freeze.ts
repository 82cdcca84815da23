import { amount, choice, hash, list } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { activeParty, isLive } from "../conditions.ts";
import { keepPayment, paymentOf } from "../finance/attestation.ts";
import { endWaiting } from "../finance/waiting.ts";
import { payLoan } from "../finance/waterfall.ts";
import { memberObjectId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { carvable, carve } from "./carve.ts";
import { newNote } from "./notes.ts";
import { giveNotice } from "./notice.ts";

type Freeze = ObjectOf<"freeze">;

/** Who orders: an authority by its own key, or, for one that has none, members who have its document before them. */
const ORDER = {
  kind: choice("COURT", "REGULATOR", "POLICE", "GOVERNANCE"),
  by: list(hash, { min: 1, max: LIMITS.signersMax, sortedBy: (party) => party }),
} as const;
interface Order {
  readonly kind: Freeze["kind"];
  readonly by: readonly Hash[];
}

function mayOrder({ body, book, business }: Call<Order>): void {
  const parties = body.by.map((party) => book.get("party", party));
  if (body.kind === "GOVERNANCE") {
    require(parties.length >= business.freezeMembersMin, "MEMBERS_TOO_FEW");
    for (const { id, sponsor } of parties) require(book.find("member", memberObjectId(sponsor))?.party === id, "ROLE_MISSING");
  } else for (const { roles } of parties) require(roles.includes(body.kind), "ROLE_MISSING");
}

const byOf = ({ freeze }: { readonly freeze: Hash }, { book }: Situation) => book.get("freeze", freeze).by;

function isActive({ body, book }: Call<{ readonly freeze: Hash }>): void {
  require(book.get("freeze", body.freeze).status === "ACTIVE", "WRONG_STATUS");
}

/**
 * Part of a note, or all of it, is frozen: offers and applications on it end, a loan committed to it is not paid out, and what the
 * debtor pays on it is kept in deposit.
 */
export const placeFreeze = transition({
  kind: "freeze.place",
  label: { zh: "冻结", en: "place a freeze" },
  ground: "民事诉讼法 art. 253; 民事强制执行: a claim is frozen in the debtor's hand",
  signedBy: "a court, regulator or police; or members enough to stand for one",
  body: { ...ORDER, note: hash, amount: amount({ min: 1n }), document: hash },
  signers: ({ by }) => by,
  stake: (body) => body.amount,
  requires: [
    mayOrder,
    ({ body, book }) => {
      const note = book.get("note", body.note);
      require(isLive(note), "NOTE_NOT_OPEN");
      require(note.hold === null || book.get("freeze", note.hold).kind === "CONTEST", "NOTE_FROZEN");
      // A dispute is about one note: what is contested is frozen whole or not at all.
      require(note.dispute === null || body.amount === note.amount, "NOTE_DISPUTED");
    },
    (call) => carvable(call, call.book.get("note", call.body.note), call.body.amount),
  ],
  effect: (call) => {
    const { book, body, newId } = call;
    const id = newId();
    const found = endWaiting(call, book.get("note", body.note));
    // An authority comes before who contests the title: that one is heard by it.
    if (found.hold !== null) letGo(call, book.get("freeze", found.hold));
    const note = book.get("note", found.id);
    const { kind, by, document, amount: frozen } = body;
    const base = { id, kind, by, document, amount: frozen, deposited: 0n, owner: note.holder, loan: null } as const;
    book.add("freeze", { ...base, note: note.id, status: "ACTIVE" });
    const { part } = carve(call, note, frozen, { hold: id });
    return part === note.id ? [id, part] : [id, note.id, part];
  },
});

/** The order ends, and what was kept goes to whom it would have gone. */
export const liftFreeze = transition({
  kind: "freeze.lift",
  label: { zh: "解除冻结", en: "lift a freeze" },
  ground: "民事诉讼法 art. 107: an order is lifted by who made it; Civil Code art. 570–574: deposit",
  signedBy: "who ordered it",
  body: { freeze: hash, document: hash },
  signers: byOf,
  requires: [isActive],
  effect: (call) => letGo(call, call.book.get("freeze", call.body.freeze)),
});

/** The order is carried out: what was frozen goes to the creditor whom it names, deposit and note. */
export const compelTransfer = transition({
  kind: "freeze.transfer",
  label: { zh: "强制划转", en: "transfer by court order" },
  ground: "最高人民法院执行规定 art. 45–53: execution on a claim against a third party",
  signedBy: "who ordered it",
  body: { freeze: hash, to: hash, document: hash },
  signers: byOf,
  requires: [
    isActive,
    // Who contests a title does not execute on it.
    ({ body, book }) => require(book.get("freeze", body.freeze).kind !== "CONTEST", "WRONG_STATUS"),
    (call) => {
      activeParty(call, call.body.to);
    },
    ({ body, book }) => {
      const note = book.get("note", book.get("freeze", body.freeze).note);
      // A lender's security comes before the executing creditor: it must be paid off or let the note go first.
      require(!isLive(note) || note.position === "OPEN", "NOTE_NOT_OPEN");
      require(book.get("freeze", body.freeze).loan === null, "NOTE_NOT_OPEN");
      require(book.get("receivable", note.receivable).debtor !== body.to, "TRANSFER_TO_DEBTOR");
      require(!isLive(note) || note.holder !== body.to, "TRANSFER_TO_SELF");
    },
  ],
  effect: (call) => handOver(call, call.book.get("freeze", call.body.freeze), call.body.to),
});

/** The hold ends; what lay in deposit goes to whom it would have gone. */
export function letGo(call: Call<unknown>, freeze: Freeze): readonly Hash[] {
  const { book } = call;
  const note = book.get("note", freeze.note);
  if (note.hold === freeze.id) book.update("note", note, { hold: null });
  book.update("freeze", freeze, { status: "LIFTED", deposited: 0n });
  return [freeze.id, note.id, ...handOut(call, freeze)];
}

/** The hold ends, and what was held goes to `to`, deposit and note. */
export function handOver(call: Call<unknown>, freeze: Freeze, to: Hash): readonly Hash[] {
  const { book } = call;
  const note = book.get("note", freeze.note);
  const ended = book.update("freeze", freeze, { status: "TRANSFERRED", deposited: 0n });
  if (freeze.deposited > 0n)
    call.emit("allocation", { object: freeze.id, interest: 0n, principal: 0n, rest: freeze.deposited, to });
  if (!isLive(note)) {
    if (note.hold === freeze.id) book.update("note", note, { hold: null });
    return [ended.id];
  }
  const moved = newNote(call, note, { holder: to, hold: null }, 0);
  book.update("note", note, { position: "CONSUMED", ref: null, hold: null, dispute: null });
  return [ended.id, note.id, moved, ...giveNotice(call, moved, note.holder, "COMPELLED", 1)];
}

/** What lay in deposit pays the loan that the note secured, if it still runs, or goes to the holder. */
function handOut(call: Call<unknown>, { id, note, by, document, deposited, loan: secured, owner }: Freeze): readonly Hash[] {
  if (deposited === 0n) return [];
  const { book, day: valueDay } = call;
  const loan = secured === null ? undefined : book.get("loan", secured);
  if (loan?.status === "ACTIVE") {
    const body = { bank: by[0] as Hash, reference: id, amount: deposited, valueDay, evidence: document };
    const paid = payLoan(call, loan, deposited, valueDay, paymentOf(body));
    const { debtor: payer, currency } = book.get("receivable", book.get("note", note).receivable);
    const payment = keepPayment({ ...call, body }, { payer, currency, kind: "DEPOSIT" }, { redeemed: [], loans: [paid] });
    return [payment, loan.id, ...paid.freed];
  }
  const to = loan === undefined ? owner : loan.borrower;
  call.emit("allocation", { object: id, interest: 0n, principal: 0n, rest: deposited, to });
  return [];
}
