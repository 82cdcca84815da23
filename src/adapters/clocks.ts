import type { MonotonicClock, WallClock } from "../ports/clock.ts";

export const systemWallClock: WallClock = { nowMs: () => Date.now() };

/** Timers keep the process alive only as long as something else does. */
export const systemMonotonicClock: MonotonicClock = {
  nowMs: () => performance.now(),
  after: (delayMs, fire) => {
    setTimeout(fire, delayMs).unref();
  },
};
