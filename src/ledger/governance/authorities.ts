import { LIMITS } from "../../types/limits.ts";
import type { Height, MemberId } from "../../types/scalars.ts";
import { faultsTolerated, quorum, type Validator, type ValidatorSet } from "../../types/validator-set.ts";
import type { Book } from "../book.ts";
import { readinessId, TURNS_ID } from "../ids.ts";
import type { Kind } from "../objects.ts";
import { validatorsOf } from "../validators.ts";
import type { Seat } from "./turns.ts";

/** What a set of authorities is worth: how many vote, how many must, how many may fail, how many have shown that they run. */
export interface Strength {
  readonly authorities: number;
  readonly quorum: number;
  readonly faultsTolerated: number;
  readonly live: number;
  /** Of them, those with a governance vote. */
  readonly voters: number;
}

/** As the book has it at this point of the block: the set of the next height, unless something later in the block changes it. */
export function authoritiesOf(book: Book): ValidatorSet {
  return validatorsOf({ get: (kind, id) => book.find(kind as Kind, id) });
}

export function seatOf(book: Book, member: MemberId): Seat | undefined {
  return book.get("turns", TURNS_ID).entries.find((entry) => entry.member === member);
}

/** Whether the member's vote counts in governance: it runs an authority, and nothing has ended its vote. */
export function mayVote(book: Book, member: MemberId): boolean {
  return seatOf(book, member)?.ended === false;
}

export function strengthOf(book: Book, height: Height, set: ValidatorSet): Strength {
  const n = set.length;
  return {
    authorities: n,
    quorum: n === 0 ? 0 : quorum(n),
    faultsTolerated: n === 0 ? 0 : faultsTolerated(n),
    live: set.filter((authority) => isLive(book, height, authority)).length,
    voters: set.filter(({ member }) => seatOf(book, member)?.ended !== true).length,
  };
}

/**
 * Live (protocol.md §5): a precommit recorded in the last blocks, or readiness shown with the key for one of them. Read from state
 * alone, which knows only the commits that blocks carried.
 */
function isLive(book: Book, height: Height, { member, key }: Validator): boolean {
  const since = height - LIMITS.livenessBlocks;
  const entry = seatOf(book, member);
  const isSameKey = authoritiesOf(book).some((now) => now.member === member && now.key === key);
  if (entry !== undefined && isSameKey && entry.seen > 0 && entry.seen > since) return true;
  const readiness = book.find("readiness", readinessId(key));
  return readiness !== undefined && readiness.member === member && readiness.height > since;
}
