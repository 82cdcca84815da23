import type { Effect } from "../consensus/messages.ts";
import type { Height } from "../types/scalars.ts";
import type { ConsensusLog } from "./consensus-log.ts";
import { decodeRecord, heightOf, type LogEntry } from "./log-records.ts";

/** What the log holds of a height, in order; nothing of a damaged log. */
export function loggedEntries(log: Pick<ConsensusLog, "records" | "corrupt">, height: Height): readonly LogEntry[] {
  if (log.corrupt) return [];
  return log.records.flatMap(({ payload }) => {
    const entry = decodeRecord(payload);
    return entry !== undefined && heightOf(entry) === height ? [entry] : [];
  });
}

/** Whether what was wanted during replay is to be carried out again: what has no logged answer and belongs to where the node stands. */
export function isStillWanted(effect: Effect, entries: readonly LogEntry[], round: number): boolean {
  switch (effect.kind) {
    case "build":
      return effect.round === round && !entries.some((entry) => entry.kind === "built" && entry.body.round === round);
    case "validate":
      return !entries.some((entry) => entry.kind === "validated" && entry.body.block === effect.block);
    case "timer":
    case "announce":
      return effect.round === round;
    case "signVote":
    case "signProposal":
    case "commit":
    case "evidence":
      return true;
  }
}
