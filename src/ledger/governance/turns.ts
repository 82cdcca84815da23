import { LIMITS } from "../../types/limits.ts";
import type { Height, MemberId, Round } from "../../types/scalars.ts";
import { proposerIndex } from "../../types/validator-set.ts";
import type { Book } from "../book.ts";
import { TURNS_ID } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";

type Turns = ObjectOf<"turns">;

/** What a block tells about the height before it. */
export interface ParentTurn {
  /** Of the commit that the block carries; 0 at height 1. */
  readonly round: Round;
  /** The parent header's proposer; null at height 1. */
  readonly proposer: MemberId | null;
}

/** Positions that take turns at `height`: those that neither rest nor are ended. */
export function activeAt(turns: Turns, height: Height): readonly number[] {
  return turns.entries.flatMap((entry, index) => (entry.ended || entry.restUntil >= height ? [] : [index]));
}

/**
 * The turn table (protocol.md §4): made only from commits carried in blocks. A commit of round r > 0 sends the proposers of the
 * rounds below r to rest for n·2^k heights, k their consecutive misses; a committed block of one's own clears k.
 */
export function takeTurn(book: Book, height: Height, parent: ParentTurn): void {
  const turns = book.get("turns", TURNS_ID);
  const n = turns.entries.length;
  const entries = turns.entries.map((entry) => ({ ...entry }));
  if (parent.proposer !== null) {
    const missed = new Set<number>();
    for (let round = 0; round < Math.min(parent.round, 2 * n); round++)
      missed.add(proposerIndex(height - 1, round, n, turns.active));
    for (const index of [...missed].sort((left, right) => left - right)) {
      const entry = entries[index] as Turns["entries"][number];
      if (entry.member === parent.proposer) continue;
      const misses = entry.misses + 1;
      entries[index] = { ...entry, misses, restUntil: height + n * 2 ** Math.min(misses, LIMITS.restShiftMax) };
    }
    const own = entries.findIndex(({ member }) => member === parent.proposer);
    const entry = entries[own];
    if (entry !== undefined && entry.misses > 0) entries[own] = { ...entry, misses: 0 };
  }
  // Who took turns at this height, for judging its missed rounds when the next block carries its commit.
  const active = activeAt(turns, height);
  const changed = active.join() !== turns.active.join() || entries.some((entry, index) => !same(entry, turns.entries[index]));
  if (changed) book.update("turns", turns, { entries, active });
}

function same(left: Turns["entries"][number], right: Turns["entries"][number] | undefined): boolean {
  return right !== undefined && left.misses === right.misses && left.restUntil === right.restUntil && left.ended === right.ended;
}
