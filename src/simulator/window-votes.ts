import type { Scheduler } from "./scheduler.ts";
import { type VotingModules, voteFor } from "./voting.ts";

interface Modules extends VotingModules {
  readonly scheduler: Scheduler;
}

/** Around the first; none is so short that clients could not keep within it. */
const WINDOWS_MS = [3_000, 4_000, 5_000];
const VOTES_MAX = 3;
const FIRST_MAX_MS = 6_000;
const AGAIN_MAX_MS = 5_000;

/** Where nodes let go of old blocks the members vote now and then for a longer or shorter window of used ids. */
export function voteForWindows(modules: Modules): void {
  const { scheduler, random } = modules;
  const next = (delayMaxMs: number, left: number): void => {
    if (left === 0) return;
    scheduler.at(random.between(0, delayMaxMs), "window", () => {
      const change = { kind: "setParams", params: [{ name: "txWindowMs", value: random.pick(WINDOWS_MS) }] } as const;
      voteFor(modules, change, () => next(AGAIN_MAX_MS, left - 1));
    });
  };
  next(FIRST_MAX_MS, random.between(0, VOTES_MAX));
}
