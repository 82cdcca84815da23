import type { Day, Hash } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { dayOf } from "../calendar.ts";
import { require } from "../codes.ts";
import type { Change } from "../governance/change.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";

type Rotation = Extract<Change, { readonly kind: "rotateFingerprintKey" }>;
type Epoch = ObjectOf<"fingerprintEpochs">["epochs"][number];

/** Epochs that are remembered: more than an invoice could outlive. */
export const EPOCHS_MAX = 16;

const EPOCHS_ID = namedId("fingerprintEpochs");
/** Of a network that never voted on a key: the one its verifiers began with. */
const FIRST: Epoch = { epoch: 1, fromMs: 0, key: null };

export function fingerprintId(fingerprint: string): Hash {
  return namedId("fingerprint", fingerprint);
}

export function outsideClaimId(fingerprint: string): Hash {
  return namedId("outsideClaim", fingerprint);
}

function epochsOf(book: Pick<Book, "find">): readonly Epoch[] {
  return book.find("fingerprintEpochs", EPOCHS_ID)?.epochs ?? [FIRST];
}

/** What a verifier says that it computed under the alliance's keys. */
export interface Prints {
  readonly epoch: number;
  readonly fingerprint: Hash;
  readonly earlier: readonly Hash[];
  readonly issueDay: Day;
}

/**
 * All verifiers use the key of one epoch, and each looks under the keys of every earlier one that ended after the invoice was issued: else
 * an invoice could be registered once in each.
 */
export function printsComplete({ book }: Situation, { epoch, earlier, issueDay }: Omit<Prints, "fingerprint">): void {
  const epochs = epochsOf(book);
  require(epoch === (epochs.at(-1) as Epoch).epoch, "EPOCH_WRONG");
  const needed = epochs.filter((_, at) => {
    const next = epochs[at + 1];
    return next !== undefined && dayOf(next.fromMs) >= issueDay;
  });
  require(earlier.length === needed.length, "EPOCH_WRONG");
}

/** Nobody registered it, holds it or has seen it used outside. */
export function printsFree({ book, timeMs }: Situation, { fingerprint, earlier }: Pick<Prints, "fingerprint" | "earlier">): void {
  for (const print of [fingerprint, ...earlier]) {
    const known = book.find("fingerprint", fingerprintId(print));
    require(known === undefined || isLapsed({ book, timeMs }, known), "FINGERPRINT_USED");
    require(!isClaimedOutside(book, print), "FINGERPRINT_USED");
  }
}

/** Whether somebody saw it used where the alliance does not reach. */
export function isClaimedOutside(book: Pick<Book, "find">, fingerprint: Hash): boolean {
  return book.find("outsideClaim", outsideClaimId(fingerprint))?.status === "ACTIVE";
}

function isLapsed({ book, timeMs }: Pick<Situation, "book" | "timeMs">, { verification }: ObjectOf<"fingerprint">): boolean {
  if (verification === null) return false;
  const held = book.find("verification", verification);
  return held === undefined || timeMs >= held.expiresMs;
}

/** Keeps whose the fingerprint is now. */
export function keepPrint(
  book: Book,
  fingerprint: Hash,
  owner: { readonly invoice: Hash | null; readonly verification: Hash | null },
): void {
  const id = fingerprintId(fingerprint);
  const known = book.find("fingerprint", id);
  if (known === undefined) book.create("fingerprint", { id, ...owner });
  else book.update("fingerprint", known, owner);
}

/** Gives back what is held and not yet used; another verification that took its place keeps it. */
export function dropHeld(book: Book, { id, fingerprint }: Pick<ObjectOf<"verification">, "id" | "fingerprint">): void {
  const known = book.find("fingerprint", fingerprintId(fingerprint));
  if (known?.verification === id) book.remove("fingerprint", known.id);
  book.remove("verification", id);
}

/** Whether another record of the same parties, amount and day, or order and amount, is there; what is new is kept. */
export function likensTo(book: Book, invoice: Hash, likenesses: readonly Hash[]): boolean {
  let isAlike = false;
  for (const likeness of likenesses) {
    const id = namedId("similarity", likeness);
    if (book.find("fingerprint", id) !== undefined) isAlike = true;
    else book.create("fingerprint", { id, invoice, verification: null });
  }
  return isAlike;
}

export function isLikeness(book: Pick<Book, "find">, likeness: Hash): boolean {
  return book.find("fingerprint", namedId("similarity", likeness)) !== undefined;
}

// — the members' vote on the next key, of which the chain knows a commitment only —

export function mayRotate({ book }: Situation, { epoch }: Rotation): void {
  const epochs = book.find("fingerprintEpochs", EPOCHS_ID)?.epochs;
  const last = epochs?.at(-1)?.epoch ?? FIRST.epoch;
  // The first key of a network may be voted on as well, before any other.
  require(epoch === last + 1 || (epochs === undefined && epoch === FIRST.epoch), "EPOCH_WRONG");
}

export function rotate({ book, timeMs }: Situation, { epoch, key }: Rotation): void {
  const known = book.find("fingerprintEpochs", EPOCHS_ID);
  const earlier = known?.epochs ?? (epoch === FIRST.epoch ? [] : [FIRST]);
  const epochs = [...earlier, { epoch, fromMs: epoch === FIRST.epoch ? 0 : timeMs, key }].slice(-EPOCHS_MAX);
  if (known === undefined) book.create("fingerprintEpochs", { id: EPOCHS_ID, epochs });
  else book.update("fingerprintEpochs", known, { epochs });
}
