import type { Offence } from "../consensus/messages.ts";
import type { Evidence } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height, MemberId } from "../types/scalars.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import type { Proposal, Vote } from "../types/vote.ts";

/** Evidence that waits for a block of this node's; what any block recorded is dropped. Bounded by what one block holds. */
export class EvidencePool {
  #waiting: Evidence[] = [];

  /** For the block of this height. Whoever is no member any more, and what is too long ago, is let go. */
  pending(height: Height, isMember: (name: MemberId) => boolean): readonly Evidence[] {
    this.#waiting = this.#waiting.filter((evidence) => isRecent(evidence, height) && isMember(evidence.authority));
    return this.#waiting.slice(0, LIMITS.evidencePerBlockMax);
  }

  /** Two different messages of one authority for a slot, as evidence; null if there is no room or no such authority. */
  add({ kind, first, second }: Offence, set: ValidatorSet): Evidence | null {
    const authority = set[first.index]?.member;
    if (authority === undefined || this.#waiting.length >= LIMITS.evidencePerBlockMax) return null;
    const { height, round } = first;
    const evidence: Evidence = { authority, height, round, kind, first: choiceOf(first), second: choiceOf(second) };
    this.#waiting.push(evidence);
    return evidence;
  }

  forget(recorded: readonly Evidence[]): void {
    const names = new Set(recorded.map(nameOf));
    this.#waiting = this.#waiting.filter((evidence) => !names.has(nameOf(evidence)));
  }
}

/** Whether a block of `height` may still record it (protocol.md §4). */
export function isRecent(evidence: Pick<Evidence, "height">, height: Height): boolean {
  return evidence.height <= height && evidence.height >= height - LIMITS.evidenceAgeHeightsMax;
}

function choiceOf(said: Vote | Proposal): Evidence["first"] {
  return { block: said.block, validRound: "validRound" in said ? said.validRound : null, sig: said.sig };
}

function nameOf({ authority, height, round, kind }: Evidence): string {
  return `${authority}/${height}/${round}/${kind}`;
}
