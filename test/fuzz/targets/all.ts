import type { Target } from "../target.ts";
import { documentTargets } from "./documents.ts";
import { fileTargets } from "./files.ts";
import { peerTarget } from "./peers.ts";
import { proofTarget } from "./proofs.ts";
import { rpcTarget } from "./rpc.ts";
import { settingsTargets } from "./settings.ts";
import { storedTargets } from "./stored.ts";
import { streamTargets } from "./streams.ts";
import { structureTargets } from "./structures.ts";

/** How often a target is chosen: those that run whole nodes cost a thousand times what a decoder costs. */
export interface Weighted {
  readonly target: Target;
  readonly weight: number;
}

export function allTargets(seed: number): readonly Weighted[] {
  return [
    ...structureTargets().map((target) => ({ target, weight: 100 })),
    ...fileTargets().map((target) => ({ target, weight: 50 })),
    ...storedTargets().map((target) => ({ target, weight: 50 })),
    ...streamTargets().map((target) => ({ target, weight: 50 })),
    ...settingsTargets().map((target) => ({ target, weight: 5 })),
    ...documentTargets().map((target) => ({ target, weight: 10 })),
    { target: proofTarget(), weight: 10 },
    { target: rpcTarget(seed), weight: 40 },
    { target: peerTarget(seed), weight: 40 },
  ];
}
