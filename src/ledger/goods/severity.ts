import { LIMITS } from "../../types/limits.ts";
import type { ObjectOf } from "../objects.ts";

type Alarm = ObjectOf<"alarm">;

/** What a device reports in one window, beside its measure. */
export interface Signs {
  readonly tagsMissing: number;
  readonly crossings: number;
  readonly isDoorOpen: boolean;
  readonly isTampered: boolean;
  readonly clockOffsetMs: number;
  readonly hasVideoGap: boolean;
}

export interface Measure {
  /** What the books say is there. */
  readonly expected: number;
  readonly measured: number;
}

export interface Finding {
  readonly rule: Alarm["rule"];
  readonly severity: "WARN" | "CRITICAL";
}

/** The difference that a measure may show without meaning anything. */
export function toleranceOf(quantity: number): number {
  return Math.floor((quantity * LIMITS.goodsToleranceBp) / 10_000);
}

/** The worst that a reading says (domain.md §3.2), by rules that every node computes alike; null if all is well. */
export function judgeReading(signs: Signs, measure: Measure | null): Finding | null {
  if (signs.isTampered) return { rule: "TAMPER", severity: "CRITICAL" };
  if (Math.abs(signs.clockOffsetMs) > LIMITS.deviceClockOffsetMaxMs) return { rule: "CLOCK_OFFSET", severity: "CRITICAL" };
  if (signs.tagsMissing > 0) return { rule: "TAG_MISSING", severity: "CRITICAL" };
  if (signs.crossings > 0) return { rule: "FENCE_CROSSED", severity: "CRITICAL" };
  if (measure !== null && measure.measured < measure.expected - toleranceOf(measure.expected))
    return { rule: "QUANTITY_SHORT", severity: "CRITICAL" };
  if (measure !== null && measure.measured > measure.expected + toleranceOf(measure.expected))
    return { rule: "QUANTITY_OVER", severity: "WARN" };
  if (signs.isDoorOpen) return { rule: "DOOR_OPEN", severity: "WARN" };
  if (signs.hasVideoGap) return { rule: "VIDEO_GAP", severity: "WARN" };
  return null;
}

/** Silence: more than two intervals is a warning, more than six critical. */
export const HEARTBEATS = { warn: 2, critical: 6 } as const;

export function judgeSilence(silentMs: number, intervalMs: number): Finding | null {
  if (silentMs > HEARTBEATS.critical * intervalMs) return { rule: "HEARTBEAT", severity: "CRITICAL" };
  return silentMs > HEARTBEATS.warn * intervalMs ? { rule: "HEARTBEAT", severity: "WARN" } : null;
}
