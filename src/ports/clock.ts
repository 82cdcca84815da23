import type { TimeMs } from "../types/scalars.ts";

/** Civil time: block time, notAfter, and nothing else (protocol.md §4 "Clocks"). May jump; a driven clock is one of these. */
export interface WallClock {
  nowMs(): TimeMs;
}

/** Time that only runs forward; every timer, every heartbeat. Timers are never cancelled: what answers a stale one is ignored. */
export interface MonotonicClock {
  /** Milliseconds from an arbitrary origin. */
  nowMs(): number;
  /** Calls `fire` once, not before `delayMs` from now, never synchronously. */
  after(delayMs: number, fire: () => void): void;
}
