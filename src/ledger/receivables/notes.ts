import { amount, hash, int, list, optional } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { activeParty, beforeCutoff, expiresWithin, isEffective, isOpen } from "../conditions.ts";
import { schedule } from "../due.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { giveNotice } from "./notice.ts";

type Note = ObjectOf<"note">;

const holderOf = ({ note }: { readonly note: Hash }, { book }: Situation) => book.get("note", note).holder;
const amountOf = ({ note }: { readonly note: Hash }, { book }: Situation) => book.get("note", note).amount;

/** The note is open and its root lets notes move: effective, before the cut-off. */
function movable(call: Call<{ readonly note: Hash }>): void {
  const note = call.book.get("note", call.body.note);
  const receivable = call.book.get("receivable", note.receivable);
  isOpen(note);
  // First, since a receivable that has matured is past its cut-off as well, and that is what people understand.
  beforeCutoff(call, receivable);
  isEffective(receivable);
}

/** `to` may hold the note: active, another than the holder and than the debtor. */
function admits(call: Call<{ readonly note: Hash; readonly to: Hash }>): void {
  const note = call.book.get("note", call.body.note);
  activeParty(call, call.body.to);
  require(call.body.to !== note.holder, "TRANSFER_TO_SELF");
  require(call.body.to !== call.book.get("receivable", note.receivable).debtor, "TRANSFER_TO_DEBTOR");
}

/** The holder divides a note; the parts add up to it, and it is consumed. */
export const split = transition({
  kind: "note.split",
  label: { zh: "拆分凭证", en: "split a note" },
  ground: "Civil Code art. 545: a claim may be assigned in part",
  signedBy: "holder",
  body: { note: hash, parts: list(amount({ min: 1n }), { min: 2, max: LIMITS.splitPartsMax }) },
  signers: (body, situation) => [holderOf(body, situation)],
  stake: amountOf,
  requires: [
    movable,
    ({ body, book }) =>
      require(body.parts.reduce((sum, part) => sum + part, 0n) === book.get("note", body.note).amount, "PARTS_DO_NOT_ADD_UP"),
    (call) => dividesInto(call, call.book.get("note", call.body.note), call.body.parts),
  ],
  effect: (call) => {
    const { book, body, newId } = call;
    divide(call, book.get("note", body.note), body.parts, 0);
    return [body.note, ...body.parts.map((_, child) => newId(child))];
  },
});

/** Parts of a note by its holder's will: no dust, not too deep, not too many. */
function dividesInto({ book, params }: Situation, note: Note, parts: readonly Amount[]): void {
  require(parts.every((part) => part >= BigInt(params.noteMinorUnitsMin)), "PART_TOO_SMALL");
  require(note.depth < params.splitDepthMax, "DEPTH_EXCEEDED");
  const { leaves } = book.get("receivable", note.receivable);
  require(leaves - 1 + parts.length <= params.notesPerRootMax, "NOTES_EXCEEDED");
}

/** The holder offers the note, or part of it, to another party; it stays reserved until the answer or the deadline. */
export const offer = transition({
  kind: "note.offer",
  label: { zh: "发出转让要约", en: "offer a note" },
  ground: "Civil Code art. 545, 546",
  signedBy: "holder",
  body: { note: hash, to: hash, expiresMs: int(), amount: optional(amount({ min: 1n })) },
  signers: (body, situation) => [holderOf(body, situation)],
  stake: amountOf,
  requires: [
    movable,
    admits,
    (call) => expiresWithin(call, call.body.expiresMs, call.params.offerTtlMs),
    (call) => {
      const note = call.book.get("note", call.body.note);
      const part = call.body.amount ?? note.amount;
      require(part <= note.amount, "AMOUNT_EXCEEDED");
      if (part < note.amount) dividesInto(call, note, [part, note.amount - part]);
    },
  ],
  effect: (call) => {
    const { book, body, newId } = call;
    const whole = book.get("note", body.note);
    const part = body.amount ?? whole.amount;
    const note = part < whole.amount ? book.get("note", divide(call, whole, [part, whole.amount - part], 1)) : whole;
    const id = newId();
    book.add("offer", { id, note: note.id, from: note.holder, to: body.to, expiresMs: body.expiresMs, status: "PENDING" });
    book.update("note", note, { position: "OFFERED", ref: id });
    schedule(call, body.expiresMs, "offer", id);
    return note === whole ? [id, note.id] : [id, note.id, whole.id];
  },
});

export const acceptOffer = transition({
  kind: "note.acceptOffer",
  label: { zh: "接受转让要约", en: "accept an offer" },
  ground: "Civil Code art. 546; 合同编通则解释 art. 50: arrival of notice by the record of the system",
  signedBy: "the party it was offered to",
  body: { offer: hash },
  signers: (body, { book }) => [book.get("offer", body.offer).to],
  stake: (body, { book }) => book.get("note", book.get("offer", body.offer).note).amount,
  requires: [
    ({ body, book }) => require(book.get("offer", body.offer).status === "PENDING", "WRONG_STATUS"),
    ({ body, book, timeMs }) => require(timeMs < book.get("offer", body.offer).expiresMs, "DEADLINE_PASSED"),
    (call) =>
      beforeCutoff(
        call,
        call.book.get("receivable", call.book.get("note", call.book.get("offer", call.body.offer).note).receivable),
      ),
    (call) => {
      activeParty(call, call.book.get("offer", call.body.offer).to);
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const pending = book.get("offer", body.offer);
    book.update("offer", pending, { status: "ACCEPTED" });
    return [pending.id, ...moveNote(call, book.get("note", pending.note), pending.to)];
  },
});

export const rejectOffer = transition({
  kind: "note.rejectOffer",
  label: { zh: "拒绝转让要约", en: "reject an offer" },
  ground: "Civil Code art. 478: an offer lapses when it is refused",
  signedBy: "the party it was offered to",
  body: { offer: hash },
  signers: (body, { book }) => [book.get("offer", body.offer).to],
  requires: [({ body, book }) => require(book.get("offer", body.offer).status === "PENDING", "WRONG_STATUS")],
  effect: (call) => endOffer(call, call.book.get("offer", call.body.offer), "REJECTED"),
});

export const withdrawOffer = transition({
  kind: "note.withdrawOffer",
  label: { zh: "撤回转让要约", en: "withdraw an offer" },
  ground: "Civil Code art. 476: revocation of an offer",
  signedBy: "the party that offered",
  body: { offer: hash },
  signers: (body, { book }) => [book.get("offer", body.offer).from],
  requires: [({ body, book }) => require(book.get("offer", body.offer).status === "PENDING", "WRONG_STATUS")],
  effect: (call) => endOffer(call, call.book.get("offer", call.body.offer), "WITHDRAWN"),
});

/** Offer and acceptance in one: both sign. */
export const transfer = transition({
  kind: "note.transfer",
  label: { zh: "转让凭证", en: "transfer a note" },
  ground: "Civil Code art. 545, 546",
  signedBy: "holder; new holder",
  body: { note: hash, to: hash },
  signers: (body, situation) => [holderOf(body, situation), body.to],
  stake: amountOf,
  requires: [movable, admits],
  effect: (call) => moveNote(call, call.book.get("note", call.body.note), call.body.to),
});

/** Falls due: an offer that nobody answered. */
export function offerDue(situation: Situation, pending: ObjectOf<"offer">): void {
  if (pending.status === "PENDING" && situation.timeMs >= pending.expiresMs) endOffer(situation, pending, "EXPIRED");
}

/** Consumed by its parts, numbered from `child` on; answers the first. */
function divide(call: Call<unknown>, note: Note, parts: readonly Amount[], child: number): Hash {
  const { book } = call;
  const receivable = book.get("receivable", note.receivable);
  for (const [index, part] of parts.entries()) newNote(call, note, { amount: part, depth: note.depth + 1 }, child + index);
  book.update("note", note, { position: "CONSUMED", ref: null, parts: parts.length });
  book.update("receivable", receivable, { leaves: receivable.leaves - 1 + parts.length, moved: true });
  return call.newId(child);
}

function endOffer({ book }: Situation, pending: ObjectOf<"offer">, status: "REJECTED" | "WITHDRAWN" | "EXPIRED") {
  const note = book.get("note", pending.note);
  book.update("note", note, { position: "OPEN", ref: null });
  return [book.update("offer", pending, { status }).id, note.id];
}

/** The note is consumed and a new leaf of the same amount and depth is the new holder's; the debtor is notified by the record itself. */
export function moveNote(call: Call<unknown>, note: Note, to: Hash): readonly Hash[] {
  const { book } = call;
  const moved = newNote(call, note, { holder: to }, 0);
  book.update("note", note, { position: "CONSUMED", ref: null });
  return [note.id, moved, ...giveNotice(call, moved, note.holder, "TRANSFER", 1)];
}

/** Children of parent have one fate each; an order or a dispute that one of them carries on follows it. */
export function newNote(
  call: Call<unknown>,
  parent: Note,
  change: Partial<Pick<Note, "amount" | "depth" | "holder" | "position" | "ref" | "hold" | "dispute">>,
  child: number | "fresh",
): Hash {
  const id = child === "fresh" ? call.freshId() : call.newId(child);
  const { receivable, depth, currency, amount: value, holder, hold, dispute } = parent;
  const { book } = call;
  const made = book.add("note", {
    id,
    receivable,
    parent: parent.id,
    depth,
    currency,
    amount: value,
    holder,
    position: "OPEN",
    ref: null,
    hold,
    dispute,
    ...change,
  });
  if (made.hold !== null) book.update("freeze", book.get("freeze", made.hold), { note: id });
  if (made.dispute !== null) book.update("dispute", book.get("dispute", made.dispute), { note: id });
  return id;
}
