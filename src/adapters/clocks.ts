import type { MonotonicClock, WallClock } from "../ports/clock.ts";

export const systemWallClock: WallClock = { nowMs: () => Date.now() };

/** Timers keep the process alive only as long as something else does. */
export const systemMonotonicClock: MonotonicClock = {
  nowMs: () => performance.now(),
  after: (delayMs, fire) => {
    // A timer takes a millisecond at least; what came from the network has its turn before an immediate, too.
    if (delayMs <= 0) setImmediate(fire).unref();
    else setTimeout(fire, delayMs).unref();
  },
};
