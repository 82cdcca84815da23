import { hash } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { require } from "../codes.ts";
import { interestedIn, isLive } from "../conditions.ts";
import type { ObjectOf } from "../objects.ts";
import { mayPutOff, putOff } from "../receivables/put-off.ts";
import { type Call, transition } from "../transition.ts";

type Amendment = ObjectOf<"amendment">;
type Contract = ObjectOf<"contract">;
const DAY_MS = 86_400_000;

/** One of those who were asked consents; with the last of them the amendment takes effect. */
export const consentToAmendment = transition({
  kind: "amendment.consent",
  label: { zh: "同意变更", en: "consent to an amendment" },
  ground: "Civil Code art. 545–547, 695, 765",
  signedBy: "a party that is asked",
  body: { amendment: hash, party: hash },
  signers: ({ party }) => [party],
  requires: [
    ({ body, book }) => require(book.get("amendment", body.amendment).waiting.includes(body.party), "CONSENT_NOT_ASKED"),
    ({ body, book, timeMs }) => require(timeMs < book.get("amendment", body.amendment).expiresMs, "DEADLINE_PASSED"),
    (call) => {
      const amendment = call.book.get("amendment", call.body.amendment);
      if (amendment.waiting.length === 1) stillHolds(call, amendment);
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const amendment = book.get("amendment", body.amendment);
    const waiting = amendment.waiting.filter((party) => party !== body.party);
    const consented = book.update("amendment", amendment, { waiting });
    if (waiting.length === 0) takeEffect(call, consented);
    return [amendment.id, amendment.target];
  },
});

/** Proposed by `signed`; those who hold the notes or lend on them, and the guarantors named, are asked, unless they signed. */
export function newAmendment(
  call: Call<unknown>,
  what: Pick<Amendment, "kind" | "target" | "notes"> & Partial<Pick<Amendment, "terms" | "maturityDay" | "guarantees">>,
  signed: readonly Hash[],
): readonly Hash[] {
  const { book, timeMs, params } = call;
  const id = call.newId();
  const guarantees = what.guarantees ?? [];
  const asked = concerned(book, what.notes, guarantees).filter((party) => !signed.includes(party));
  const amendment = book.add("amendment", {
    terms: null,
    maturityDay: null,
    ...what,
    id,
    guarantees,
    asked,
    waiting: asked,
    expiresMs: timeMs + params.confirmDays * DAY_MS,
    status: "PENDING",
  });
  if (asked.length === 0) takeEffect(call, amendment);
  return [id, what.target];
}

/** Less covered than before, or paid later than before. */
export function isDetrimental({ total, payTermDays }: Contract, terms: Pick<Contract, "total" | "payTermDays">): boolean {
  return terms.total < total || terms.payTermDays > payTermDays;
}

/** Every leaf of every receivable under the contract of which the debtor has notice. */
export function reliersNamed({ book }: Call<unknown>, contract: Contract, notes: readonly Hash[]): void {
  const named = leavesByRoot(book, notes);
  for (const [id, count] of named) {
    const root = book.get("receivable", id);
    require(root.contract === contract.id && root.noticed && root.leaves === count, "CLAIMS_INCOMPLETE");
  }
  require(named.size === contract.relying, "CLAIMS_INCOMPLETE");
}

/** Every leaf of the receivable. */
export function leavesNamed({ book }: Call<unknown>, receivable: ObjectOf<"receivable">, notes: readonly Hash[]): void {
  const named = leavesByRoot(book, notes);
  require(named.size === 1 && named.get(receivable.id) === receivable.leaves, "CLAIMS_INCOMPLETE");
}

function leavesByRoot(book: Book, notes: readonly Hash[]): ReadonlyMap<Hash, number> {
  const counts = new Map<Hash, number>();
  for (const id of notes) {
    const note = book.get("note", id);
    require(isLive(note), "CLAIMS_INCOMPLETE");
    counts.set(note.receivable, (counts.get(note.receivable) ?? 0) + 1);
  }
  return counts;
}

function concerned(book: Book, notes: readonly Hash[], guarantees: readonly Hash[]): readonly Hash[] {
  const parties = [
    ...notes.flatMap((id) => interestedIn({ book }, book.get("note", id))),
    ...guarantees.map((id) => book.get("guarantee", id).guarantor),
  ];
  return [...new Set(parties)].sort();
}

/** What was consented to is still there, and it concerns nobody else by now. */
function stillHolds(call: Call<unknown>, { kind, target, notes, guarantees, asked, terms, maturityDay }: Amendment): void {
  const { book } = call;
  for (const id of notes) require(isLive(book.get("note", id)), "AMENDMENT_STALE");
  let proposers: readonly Hash[];
  if (kind === "EXTENSION") {
    const receivable = book.get("receivable", target);
    mayPutOff(call, receivable, maturityDay ?? 0);
    leavesNamed(call, receivable, notes);
    proposers = [receivable.debtor];
  } else {
    const contract = book.get("contract", target);
    require(contract.status === "OPEN", "CONTRACT_CLOSED");
    require(contract.position === "OPEN", "AMENDMENT_STALE");
    require(terms === null || contract.delivered <= terms.total, "TERMS_BELOW_DELIVERED");
    reliersNamed(call, contract, notes);
    proposers = [contract.seller, contract.buyer];
  }
  const known = new Set([...asked, ...proposers]);
  require(concerned(book, notes, guarantees).every((party) => known.has(party)), "AMENDMENT_STALE");
}

function takeEffect(call: Call<unknown>, amendment: Amendment): void {
  const { book } = call;
  const { kind, target, terms, maturityDay, guarantees } = amendment;
  book.update("amendment", amendment, { status: "EFFECTIVE" });
  if (kind === "EXTENSION") putOff(call, book.get("receivable", target), maturityDay ?? 0, guarantees);
  else if (terms !== null) book.update("contract", book.get("contract", target), terms);
  else book.update("contract", book.get("contract", target), { status: "TERMINATED" });
}
