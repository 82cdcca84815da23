import { type Sha256, taggedHash } from "../../crypto/hash.ts";
import { assert } from "../../lib/assert.ts";
import { fromHex } from "../../lib/bytes.ts";
import type { Commit, Header } from "../../types/block.ts";
import { LIMITS } from "../../types/limits.ts";
import type { BlockId, Hash, Height, MemberId, Round } from "../../types/scalars.ts";
import { proposerIndex } from "../../types/validator-set.ts";
import type { Book } from "../book.ts";
import { TURNS_ID } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";

type Turns = ObjectOf<"turns">;
export type Seat = Turns["entries"][number];

/** What a block tells about the height before it: all that the turn table is made from. */
export interface ParentTurn {
  /** Of the commit that the block carries; 0 at height 1. */
  readonly round: Round;
  /** The parent header's proposer and its id; null at height 1. */
  readonly proposer: MemberId | null;
  readonly block: BlockId | null;
  /** Whose precommits the commit holds: positions in the parent height's set. */
  readonly signers: readonly number[];
  /** Whether the authorities after it are others. */
  readonly isChange: boolean;
}

/** From a commit as a block carries it, so that every node has the same; `parent` is null at height 1. */
export function parentTurn(
  { round, block, sigs }: Commit,
  parent: Pick<Header, "proposer" | "validators" | "nextValidators"> | null,
): ParentTurn {
  const signers = sigs.map(({ index }) => index);
  if (parent === null) return { round, proposer: null, block: null, signers, isChange: false };
  return { round, proposer: parent.proposer, block, signers, isChange: parent.validators !== parent.nextValidators };
}

/** An authority that has done nothing yet. */
export function seat(member: MemberId, since: Height): Seat {
  return { member, misses: 0, restUntil: 0, ended: false, seen: 0, since };
}

/** Positions that take turns at `height`: those that neither rest nor are ended. */
export function activeAt(turns: Turns, height: Height): readonly number[] {
  return turns.entries.flatMap((entry, index) => (entry.ended || entry.restUntil >= height ? [] : [index]));
}

/**
 * The turn table (protocol.md §4): made only from commits carried in blocks. A commit of round r > 0 sends the proposers of the
 * rounds below r to rest for n·2^k heights, k their consecutive misses; a committed block of one's own clears k. The same commits tell
 * who is live, and by which blocks the authorities changed.
 */
export function takeTurn(book: Book, height: Height, parent: ParentTurn, digest: Sha256): void {
  const turns = book.get("turns", TURNS_ID);
  let entries = turns.entries;
  if (parent.proposer !== null) {
    entries = restMissed(turns, height, parent.round, parent.proposer);
    entries = noteSigners(entries, turns.order, height - 1, parent.signers);
  }
  const waymarks = parent.block === null ? turns.waymarks : mark(turns.waymarks, height - 1, parent.block);
  const changes = parent.isChange && parent.block !== null ? changesDigest(turns.changes, parent.block, digest) : turns.changes;
  // Who took turns at this height, for judging its missed rounds when the next block carries its commit.
  const active = activeAt({ ...turns, entries }, height);
  const order = entries.map(({ member }) => member);
  const isSame =
    waymarks === turns.waymarks &&
    changes === turns.changes &&
    active.join() === turns.active.join() &&
    order.join() === turns.order.join() &&
    entries.every((entry, index) => entry === turns.entries[index]);
  if (!isSame) book.update("turns", turns, { entries, order, active, waymarks, ...(changes === undefined ? {} : { changes }) });
}

/**
 * Of the changes of authorities until then and one more. The state commits to all of them by this: whoever has it need not believe a list of
 * them for its signatures, which authorities that were removed since could make under another list.
 */
export function changesDigest(before: Hash | undefined, block: BlockId, digest: Sha256): Hash {
  const bytes = fromHex((before ?? "") + block);
  assert(bytes !== undefined, "hashes are hex");
  return taggedHash("changes", bytes, digest);
}

/** The table of the authorities that the members now have, in member order; who stays keeps what is known of it. */
export function reseat(book: Book, seats: readonly Seat[]): void {
  book.update("turns", book.get("turns", TURNS_ID), { entries: seats });
}

function restMissed(turns: Turns, height: Height, parentRound: Round, proposer: MemberId): readonly Seat[] {
  const n = turns.order.length;
  const missed = new Set<MemberId>();
  for (let round = 0; round < Math.min(parentRound, 2 * n); round++)
    missed.add(turns.order[proposerIndex(height - 1, round, n, turns.active)] as MemberId);
  return turns.entries.map((entry) => {
    if (entry.member === proposer) return entry.misses > 0 ? { ...entry, misses: 0 } : entry;
    if (!missed.has(entry.member)) return entry;
    const misses = entry.misses + 1;
    return { ...entry, misses, restUntil: height + n * 2 ** Math.min(misses, LIMITS.restShiftMax) };
  });
}

/** A precommit of `height` counts for the key that its authority has had since. */
function noteSigners(
  entries: readonly Seat[],
  order: readonly MemberId[],
  height: Height,
  signers: readonly number[],
): readonly Seat[] {
  const signed = new Set(signers.map((index) => order[index]));
  return entries.map((entry) => {
    const isNews = entry.seen === 0 || entry.seen + LIMITS.livenessStepBlocks <= height;
    return isNews && height >= entry.since && signed.has(entry.member) ? { ...entry, seen: height } : entry;
  });
}

/** The first block, and from there one in every ten, as long as readiness may name it. */
function mark(waymarks: Turns["waymarks"], height: Height, block: BlockId): Turns["waymarks"] {
  if (!isWaymark(height)) return waymarks;
  return [...waymarks.filter((earlier) => earlier.height > height - LIMITS.livenessBlocks), { height, block }];
}

export function isWaymark(height: Height): boolean {
  return height % LIMITS.livenessStepBlocks === 1;
}
