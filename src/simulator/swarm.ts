import type { Prng } from "../lib/prng.ts";
import { faultsTolerated } from "../types/validator-set.ts";
import { PLAY_NAMES, type PlayName } from "./adversary.ts";
import { BEHAVIOUR_NAMES, type BehaviourName } from "./byzantine/behaviours.ts";

/**
 * "changing": anything now and then. "harsh": most messages are lost and f authorities go for good. "adversarial": what is lost is
 * chosen by content, so that locks come apart as a play of adversary.ts has it.
 */
export type WeatherKind = "changing" | "harsh" | "adversarial";

/** What may strike while anything may fail. A seed draws some of them: most bugs need few kinds of trouble, but often. */
export const STRIKES = [
  "crash",
  "crashInWrite",
  "crashOfAll",
  "partition",
  "cutLink",
  "deafLink",
  "flappingLink",
  "slowDisk",
  "fullDisk",
  "slowNode",
  "clockJump",
  "lostDisk",
  "rottenDisk",
  "staleLog",
] as const;
export type Strike = (typeof STRIKES)[number];
/** A machine that these strike has lost what was durable: it counts among those that may be faulty. */
const LOSING: ReadonlySet<Strike> = new Set<Strike>(["lostDisk", "rottenDisk", "staleLog"]);

/** Everything about a run that is drawn from its seed before it begins. */
export interface Swarm {
  readonly weather: WeatherKind;
  readonly authorities: number;
  /** Whether one more machine, without a vote, is in the network. */
  readonly follower: boolean;
  /** Whether the members vote that machine in and out of the authorities while anything may fail. */
  readonly governance: boolean;
  /** How the first authorities misbehave, one after the other; at most f. */
  readonly byzantine: readonly BehaviourName[];
  readonly strikes: readonly Strike[];
  readonly lossPermille: number;
  readonly duplicatePermille: number;
  readonly delayMaxMs: number;
  /** Wall clocks are off by at most so much all the time. */
  readonly skewMaxMs: number;
  readonly realSignatures: boolean;
  /** Whether nodes make snapshots, and a machine that lost its disk, as one does now and then, joins by one. */
  readonly snapshots: boolean;
  readonly keeping: Keeping;
  /** What is played in adversarial weather. */
  readonly play: PlayName;
}

/** Which nodes let go of old blocks, so that whoever was away for long finds nobody who has the next, or one alone. */
export type Keeping = "all" | "recent" | "recent, one keeps all";

/** Whether every founding authority is to be counted on, but for crashes. */
export function isLoyal({ weather, byzantine, strikes, snapshots }: Swarm): boolean {
  return weather === "changing" && byzantine.length === 0 && !snapshots && !strikes.some((strike) => LOSING.has(strike));
}

/** One seed in so many runs with real signatures. */
const REAL_SIGNATURES_EVERY = 100;
const SEVEN_PERMILLE = 150;
const BYZANTINE_PERMILLE = 550;
const FOLLOWER_PERMILLE = 400;
const GOVERNANCE_PERMILLE = 500;
const STRIKE_PERMILLE = 450;
const SNAPSHOTS_PERMILLE = 250;
const FORGETTING_PERMILLE = 150;

/** `fixed` are not drawn. */
export function drawSwarm(seed: number, random: Prng, fixed: Partial<Swarm>): Swarm {
  const weather = fixed.weather ?? random.pick(["changing", "changing", "changing", "harsh", "adversarial"] as const);
  const isPlay = weather === "adversarial";
  const authorities = fixed.authorities ?? (!isPlay && random.chance(SEVEN_PERMILLE) ? 7 : 4);
  const guiltyMax = isPlay ? 0 : faultsTolerated(authorities);
  const guilty = guiltyMax > 0 && random.chance(BYZANTINE_PERMILLE) ? random.between(1, guiltyMax) : 0;
  const follower = fixed.follower ?? (!isPlay && random.chance(FOLLOWER_PERMILLE));
  const drawn: Swarm = {
    weather,
    authorities,
    follower,
    governance: follower && random.chance(GOVERNANCE_PERMILLE),
    byzantine: Array.from({ length: guilty }, () => random.pick(BEHAVIOUR_NAMES)),
    strikes: STRIKES.filter(() => random.chance(STRIKE_PERMILLE)),
    lossPermille: weather === "harsh" ? random.between(300, 600) : isPlay ? 0 : random.pick([0, 0, 20, 100, 300]),
    duplicatePermille: isPlay ? 0 : random.pick([0, 0, 10, 200]),
    delayMaxMs: random.pick(isPlay ? [5, 20, 100] : [5, 20, 100, 400]),
    skewMaxMs: random.pick([0, 300, 900]),
    realSignatures: seed % REAL_SIGNATURES_EVERY === 0,
    play: random.pick(PLAY_NAMES),
    snapshots: random.chance(SNAPSHOTS_PERMILLE) && !isPlay,
    keeping: "all",
  };
  const isForgetting = random.chance(FORGETTING_PERMILLE) && weather === "changing" && Object.keys(fixed).length === 0;
  const keeping = fixed.keeping ?? (isForgetting ? random.pick(["recent", "recent, one keeps all"] as const) : "all");
  return { ...(keeping === "all" ? drawn : forgetting(drawn, keeping)), ...fixed };
}

/**
 * Who finds no blocks any more joins anew, and does not sign before two further ones are decided: as if it had lost its disk. So nothing else
 * may cost a machine its memory or its vote.
 */
function forgetting(drawn: Swarm, keeping: Keeping): Swarm {
  const strikes = drawn.strikes.filter((strike) => !LOSING.has(strike));
  return { ...drawn, follower: true, governance: false, byzantine: [], strikes, snapshots: true, keeping };
}
