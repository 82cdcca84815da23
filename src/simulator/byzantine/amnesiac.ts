import type { Behaviour } from "./behaviour.ts";

/** A node as ours, but for its operator: log and guard are lost in every crash, and it is told to sign at once all the same. */
export const amnesiac: Behaviour = { forgets: true };
