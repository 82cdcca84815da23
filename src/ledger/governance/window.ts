import type { ObjectView } from "../../state/view.ts";
import type { ChainParams } from "../../types/genesis.ts";
import type { TimeMs } from "../../types/scalars.ts";
import { PARAM_ID } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";

type Param = ObjectOf<"param">;

/**
 * How long a used id matters (protocol.md §2): a block may hold a transaction as long as its notAfter allows, and that was bounded by the
 * window in force when a block took it, not by the one in force now. So when the members vote for another window, the state remembers the
 * one before. Blocks up to `lastMs` were judged by it, or by a shorter one.
 */
export function windowBefore({ values, before }: Param, after: ChainParams, timeMs: TimeMs): Param["before"] {
  if (values.txWindowMs === after.txWindowMs) return before;
  // The one before that, as long as a transaction that it let in may still come.
  const isOver = before === undefined || before.lastMs + before.txWindowMs < timeMs;
  return { txWindowMs: Math.max(values.txWindowMs, isOver ? 0 : before.txWindowMs), lastMs: timeMs };
}

/** A block after `nowMs` can hold no transaction once more that a block before this time has taken. */
export function usedIdsSinceMs(view: ObjectView, nowMs: TimeMs): TimeMs {
  const { values, before } = paramIn(view);
  if (before === undefined) return nowMs - values.txWindowMs;
  const sinceMs = nowMs - before.txWindowMs;
  return sinceMs <= before.lastMs ? sinceMs : Math.max(nowMs - values.txWindowMs, before.lastMs + 1);
}

/** After this time no block can hold a transaction once more that one of `takenMs` has taken. */
export function usedIdUntilMs(view: ObjectView, takenMs: TimeMs): TimeMs {
  const { values, before } = paramIn(view);
  return takenMs + (before !== undefined && takenMs <= before.lastMs ? before.txWindowMs : values.txWindowMs);
}

function paramIn(view: ObjectView): Param {
  return view.get("param", PARAM_ID) as Param;
}
