import { amnesiac } from "./amnesiac.ts";
import type { Behaviour } from "./behaviour.ts";
import { doubleVoter } from "./double-voter.ts";
import { equivocatingProposer } from "./equivocating-proposer.ts";
import { forger } from "./forger.ts";
import { invalidBlocks } from "./invalid-blocks.ts";
import { replayer } from "./replayer.ts";
import { roundSpammer } from "./round-spammer.ts";
import { silent } from "./silent.ts";
import { syncLiar } from "./sync-liar.ts";
import { withholder } from "./withholder.ts";

export type BehaviourName =
  | "silent"
  | "withholder"
  | "doubleVoter"
  | "equivocatingProposer"
  | "amnesiac"
  | "roundSpammer"
  | "replayer"
  | "forger"
  | "invalidBlocks"
  | "syncLiar";

export const BEHAVIOURS: Readonly<Record<BehaviourName, Behaviour>> = {
  silent,
  withholder,
  doubleVoter,
  equivocatingProposer,
  amnesiac,
  roundSpammer,
  replayer,
  forger,
  invalidBlocks,
  syncLiar,
};

export const BEHAVIOUR_NAMES = Object.keys(BEHAVIOURS) as readonly BehaviourName[];
