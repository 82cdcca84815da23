import type { Holdings, Step } from "../consensus/messages.ts";
import { encodeMessage, type StatusBody } from "./messages.ts";

/** Positions in this list are what the wire carries. */
const STEPS: readonly Step[] = ["propose", "prevote", "precommit"];

/** What this node holds of its height, as the message that asks a peer for the rest. */
export function holdingsMessage({ step, proposal, ...holdings }: Holdings): Uint8Array {
  return encodeMessage("status", { ...holdings, step: STEPS.indexOf(step), proposal: proposal ? 1 : 0 });
}

export function holdingsOf({ step, proposal, ...holdings }: StatusBody): Holdings {
  return { ...holdings, step: STEPS[step] ?? "propose", proposal: proposal === 1 };
}
