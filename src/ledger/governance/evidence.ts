import type { Evidence } from "../../types/block.ts";
import { memberObjectId, namedId, TURNS_ID } from "../ids.ts";
import type { Situation } from "../transition.ts";

/** Recorded once; ends the authority's turns at the next height. It stays in n, and its votes count, until governance removes it. */
export function recordEvidence({ book, height }: Situation, evidence: readonly Evidence[]): void {
  for (const { authority, height: at, round, kind } of evidence) {
    const id = evidenceId(authority, at, round, kind);
    if (book.find("evidence", id) !== undefined || book.find("member", memberObjectId(authority)) === undefined) continue;
    book.create("evidence", { id, authority, height: at, round, offence: kind, recorded: height });
    const turns = book.get("turns", TURNS_ID);
    const entries = turns.entries.map((entry) => (entry.member === authority ? { ...entry, ended: true } : entry));
    book.update("turns", turns, { entries });
  }
}

export function evidenceId(authority: string, height: number, round: number, kind: string) {
  return namedId("evidence", authority, String(height), String(round), kind);
}
