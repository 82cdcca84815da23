import type { Evidence } from "../../types/block.ts";
import { memberObjectId, namedId, TURNS_ID } from "../ids.ts";
import type { Situation } from "../transition.ts";

/**
 * Recorded once; ends the authority's turns and governance vote at the next height. It stays in n, and its votes count, until governance
 * removes it. What was done with an earlier key, or before the members reinstated it, is recorded and ends nothing.
 */
export function recordEvidence({ book, height }: Situation, evidence: readonly Evidence[]): void {
  for (const { authority, height: at, round, kind } of evidence) {
    const id = evidenceId(authority, at, round, kind);
    if (book.find("evidence", id) !== undefined || book.find("member", memberObjectId(authority)) === undefined) continue;
    book.create("evidence", { id, authority, height: at, round, offence: kind, recorded: height });
    const turns = book.get("turns", TURNS_ID);
    const ends = (entry: (typeof turns.entries)[number]): boolean =>
      entry.member === authority && at >= entry.since && !entry.ended;
    if (turns.entries.some(ends))
      book.update("turns", turns, { entries: turns.entries.map((entry) => (ends(entry) ? { ...entry, ended: true } : entry)) });
  }
}

export function evidenceId(authority: string, height: number, round: number, kind: string) {
  return namedId("evidence", authority, String(height), String(round), kind);
}
