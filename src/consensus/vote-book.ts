import type { BlockId, Round } from "../types/scalars.ts";
import type { Vote, VoteKind } from "../types/vote.ts";

/** The votes of one kind in one round. */
class Tally {
  /** Each authority's first. */
  readonly votes: (Vote | undefined)[];
  /** By block and authority: the first votes, and those of equivocators for other blocks that count. */
  readonly perBlock = new Map<BlockId | null, Map<number, Vote>>();
  total = 0;

  constructor(n: number) {
    this.votes = new Array<Vote | undefined>(n).fill(undefined);
  }
}

interface RoundVotes {
  readonly prevote: Tally;
  readonly precommit: Tally;
}

/** How many rounds behind the current one stay whole; those that carry a proof of lock stay as long as it is needed. */
const ROUNDS_KEPT = 2;

/**
 * The votes of one height: first vote per authority, round and kind, and beside it an equivocator's votes for other blocks that this
 * node knows. Those must count: another node may have locked with one of them, and can only be followed by who accepts its proof.
 * Bounded: blocks are known by signed proposals; of rounds ahead only each authority's highest is
 * kept (a correct authority never returns to an earlier one, and for jumping (55) the highest says it all); of rounds behind only the
 * last few and those that `keep` names. A quorum of precommits dropped with an old round is not lost: whoever decided answers
 * the status of a lower node with the commit itself.
 */
export class VoteBook {
  readonly #n: number;
  readonly #rounds = new Map<Round, RoundVotes>();
  readonly #highest: number[];

  constructor(n: number) {
    this.#n = n;
    this.#highest = new Array<number>(n).fill(-1);
  }

  /**
   * Adds a vote; answers the earlier one if the authority voted differently before, `"known"` if it is not news. `isKnown` tells of a
   * block whether a vote for it counts beside an earlier one.
   */
  add(vote: Vote, current: Round, isKnown: (block: BlockId) => boolean): Vote | "known" | "added" {
    const { round, kind, index, block } = vote;
    const held = this.#rounds.get(round)?.[kind];
    const earlier = held?.votes[index];
    if (held !== undefined && earlier !== undefined) {
      if (earlier.block === block) return "known";
      if (block !== null && isKnown(block)) count(held, vote);
      return earlier;
    }
    const highest = this.#highest[index] as number;
    if (round > current + 1 && round < highest) return "known";
    if (round > highest) {
      if (highest > current + 1) this.#forget(highest, index);
      this.#highest[index] = round;
    }
    const tally = this.#round(round)[kind];
    tally.votes[index] = vote;
    tally.total += 1;
    count(tally, vote);
    return "added";
  }

  count(round: Round, kind: VoteKind, block: BlockId | null): number {
    return this.#rounds.get(round)?.[kind].perBlock.get(block)?.size ?? 0;
  }

  has(round: Round, kind: VoteKind, block: BlockId | null, index: number): boolean {
    return this.#rounds.get(round)?.[kind].perBlock.get(block)?.has(index) ?? false;
  }

  total(round: Round, kind: VoteKind): number {
    return this.#rounds.get(round)?.[kind].total ?? 0;
  }

  /** The block that has at least `quorum` votes of this kind in this round; undefined if none; null is a quorum for nil. */
  winner(round: Round, kind: VoteKind, quorum: number): BlockId | null | undefined {
    const tally = this.#rounds.get(round)?.[kind];
    if (tally === undefined || tally.total < quorum) return undefined;
    for (const [block, votes] of tally.perBlock) if (votes.size >= quorum) return block;
    return undefined;
  }

  /** Votes held for a block, those of equivocators included, ascending by index. */
  votesFor(round: Round, kind: VoteKind, block: BlockId | null): readonly Vote[] {
    const votes = this.#rounds.get(round)?.[kind].perBlock.get(block);
    return votes === undefined ? [] : [...votes.values()].sort((left, right) => left.index - right.index);
  }

  /** First votes held, ascending by index. */
  votes(round: Round, kind: VoteKind): readonly Vote[] {
    return (this.#rounds.get(round)?.[kind].votes ?? []).filter((vote) => vote !== undefined);
  }

  /** Rounds in which any vote is held, ascending. */
  rounds(): readonly Round[] {
    return [...this.#rounds.keys()].sort((left, right) => left - right);
  }

  /** How many authorities have sent anything in this round or a later one. */
  reached(round: Round): number {
    return this.#highest.filter((highest) => highest >= round).length;
  }

  /** An authority's message that is not a vote was seen in this round. */
  saw(index: number, round: Round, current: Round): void {
    const highest = this.#highest[index] as number;
    if (round <= highest) return;
    if (highest > current + 1) this.#forget(highest, index);
    this.#highest[index] = round;
  }

  /** The highest round that at least `count` authorities have reached, −1 if none. */
  reachedBy(count: number): number {
    return [...this.#highest].sort((left, right) => right - left)[count - 1] ?? -1;
  }

  /** Whose votes are held: any, or those for one block. */
  bitmap(round: Round, kind: VoteKind, block?: BlockId): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.#n / 8));
    const votes = block === undefined ? this.votes(round, kind) : this.votesFor(round, kind, block);
    for (const { index } of votes) bits[index >> 3] = (bits[index >> 3] as number) | (1 << (index & 7));
    return bits;
  }

  /** Forgets rounds far behind, except those in `keep`. */
  prune(current: Round, keep: readonly number[]): void {
    for (const round of this.#rounds.keys()) {
      if (round < current - ROUNDS_KEPT && !keep.includes(round)) this.#rounds.delete(round);
    }
  }

  #round(round: Round): RoundVotes {
    let votes = this.#rounds.get(round);
    if (votes === undefined) {
      votes = { prevote: new Tally(this.#n), precommit: new Tally(this.#n) };
      this.#rounds.set(round, votes);
    }
    return votes;
  }

  #forget(round: Round, index: number): void {
    const votes = this.#rounds.get(round);
    if (votes === undefined) return;
    for (const tally of [votes.prevote, votes.precommit]) {
      const vote = tally.votes[index];
      if (vote === undefined) continue;
      tally.votes[index] = undefined;
      tally.total -= 1;
      for (const ofBlock of tally.perBlock.values()) ofBlock.delete(index);
    }
    if (votes.prevote.total + votes.precommit.total === 0) this.#rounds.delete(round);
  }
}

function count(tally: Tally, vote: Vote): void {
  const ofBlock = tally.perBlock.get(vote.block);
  if (ofBlock === undefined) tally.perBlock.set(vote.block, new Map([[vote.index, vote]]));
  else if (!ofBlock.has(vote.index)) ofBlock.set(vote.index, vote);
}
