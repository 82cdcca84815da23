import { LIMITS } from "../types/limits.ts";
import type { Round } from "../types/scalars.ts";
import type { Step } from "./messages.ts";

/** Linear in the round, capped, reset per height (protocol.md §4). */
export function timeoutMs(step: Step, round: Round): number {
  const linear =
    step === "propose"
      ? LIMITS.proposeTimeoutMs + LIMITS.proposeTimeoutStepMs * round
      : LIMITS.voteTimeoutMs + LIMITS.voteTimeoutStepMs * round;
  return Math.min(linear, LIMITS.timeoutMaxMs);
}
