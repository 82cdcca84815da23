import { Prng } from "../lib/prng.ts";
import type { Height, MemberId } from "../types/scalars.ts";
import { BEHAVIOURS } from "./byzantine/behaviours.ts";
import { Checkers } from "./checkers.ts";
import { Governance } from "./governance.ts";
import { Marks } from "./marks.ts";
import { ReferenceChain } from "./reference-chain.ts";
import { Scheduler } from "./scheduler.ts";
import { drawSwarm, isLoyal, type Swarm } from "./swarm.ts";
import { cheapScheme, ed25519Scheme } from "./virtual-crypto.ts";
import { VirtualNetwork } from "./virtual-network.ts";
import { Weather } from "./weather.ts";
import { voteForWindows } from "./window-votes.ts";
import { Workload } from "./workload.ts";
import { type Machine, World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** What is not to be drawn from the seed. */
  readonly swarm?: Partial<Swarm>;
  /** Where to count what the run goes through. */
  readonly marks?: Marks;
}

export interface SimulationResult {
  readonly seed: number;
  readonly heights: number;
  readonly events: number;
  readonly traceHash: string;
  readonly failure: string | null;
  readonly swarm: Swarm;
  /** Against whom evidence is final. */
  readonly accused: readonly MemberId[];
  /** The most events that passed between two heights after everything had healed. */
  readonly eventsPerHeight: number;
}

/** Transactions, and virtual time, in good weather before anything fails. */
const BRING_UP = 4;
const BRING_UP_MS = 2_000;
const FAULTS = 16;
/** Where blocks are let go of, there are to be many. */
const FAULTS_OF_MANY = 28;
const FAULTS_MS = 14_000;
const AFTERWARDS = 5;
/** After healing the network must have finalised everything within this, in virtual time. */
const LIVENESS_MS = 120_000;
const EVENTS_MAX = 600_000;
/** No run is worth its name that has made fewer blocks: clients go on until there are so many. */
const HEIGHTS_MIN = 10;
const MORE_MS = 200;
/** After healing, per height and per pair of machines. */
const EVENTS_PER_HEIGHT_MAX = 300;

/**
 * One network run, faults included, fixed by its seed: a safety phase in which anything may happen, then everything heals and a
 * liveness phase in which the network must converge and finalise all that was asked of it (TigerBeetle's two phases).
 */
export async function runSimulation(options: SimulationOptions): Promise<SimulationResult> {
  const random = new Prng(options.seed);
  const scheduler = new Scheduler();
  const checkers = new Checkers();
  const marks = options.marks ?? new Marks();
  const swarm = drawSwarm(options.seed, random.fork(), options.swarm ?? {});
  // Snapshots are made and taken beside the event loop, by promises; whatever runs then runs before the next event.
  const settled = swarm.snapshots ? () => new Promise<void>((resolve) => setImmediate(resolve)) : null;
  const scheme = swarm.realSignatures ? ed25519Scheme : cheapScheme;
  const network = new VirtualNetwork(scheduler, random.fork(), (from, message) => checkers.onMessage(from, message));
  const world: World = new World(
    {
      authorities: swarm.authorities,
      follower: swarm.follower,
      byzantine: swarm.byzantine.map((name) => BEHAVIOURS[name]),
      scheme,
      snapshots: swarm.snapshots,
      keeping: swarm.keeping,
    },
    {
      scheduler,
      network,
      checkers,
      random: random.fork(),
      marks,
      reference: () => reference,
      ended: (machine) => weather.ended(machine),
    },
  );
  const reference = new ReferenceChain(world.identity, scheme);
  const workload = new Workload({ world, scheduler, checkers, reference, random: random.fork(), scheme });
  const weather = new Weather(swarm, { world, network, scheduler, random: random.fork(), marks });
  checkers.watch({
    reference,
    memberOf: world.memberOf,
    guilty: new Set(world.machines.filter(({ behaviour }) => behaviour !== null).map(({ name }) => name)),
    latestMs: () => world.latestMs,
  });

  let governance: Governance | null = null;
  weather.prepare();
  for (const machine of world.machines) world.start(machine);
  const failed = (): boolean => checkers.failure !== null;
  // A key that has never signed beside a chain that has blocks counts as one without memory, and that as a fault: first all sign.
  workload.plan(BRING_UP, BRING_UP_MS / 2);
  let enough = await scheduler.run(BRING_UP_MS, EVENTS_MAX, failed, settled);
  let pace = new Pace(scheduler);
  if (!failed() && enough) {
    workload.plan(swarm.keeping === "all" ? FAULTS : FAULTS_OF_MANY, FAULTS_MS);
    workload.planTrade(random.between(0, FAULTS_MS / 4));
    const joiner = world.machines.at(-1);
    if (swarm.governance && joiner !== undefined) {
      const mayBeSilent = isLoyal(swarm);
      governance = new Governance(joiner, { world, workload, scheduler, reference, random: random.fork(), marks, mayBeSilent });
      governance.begin(random.between(0, FAULTS_MS / 4));
    }
    if (swarm.keeping !== "all") voteForWindows({ world, workload, scheduler, reference, random: random.fork(), marks });
    weather.begin(FAULTS_MS);
    enough = await scheduler.run(BRING_UP_MS + FAULTS_MS, EVENTS_MAX, failed, settled);
  }
  if (!failed() && enough) {
    weather.heal();
    governance?.stop();
    workload.plan(AFTERWARDS, 1_000);
    pace = new Pace(scheduler);
    const more = (): void => {
      if (checkers.heights >= HEIGHTS_MIN) return;
      if (workload.isDone) workload.plan(1, MORE_MS);
      scheduler.at(MORE_MS, "more to do", more);
    };
    more();
    const converged = (): boolean => workload.isDone && checkers.heights >= HEIGHTS_MIN && sameHeights(world);
    const over = (): boolean => {
      if (failed() || converged()) return true;
      pace.look(checkers.heights);
      if (pace.eventsMost > EVENTS_PER_HEIGHT_MAX * world.machines.length ** 2)
        checkers.fail(`liveness: more than ${pace.eventsMost} events after healing and no further height (${state(world)})`);
      return failed();
    };
    enough = await scheduler.run(BRING_UP_MS + FAULTS_MS + LIVENESS_MS, EVENTS_MAX, over, settled);
    if (!failed() && enough && !converged()) {
      checkers.fail(
        `liveness: ${workload.missing} transactions are not finalised ${LIVENESS_MS} ms after the network healed (${state(world)})`,
      );
    }
  }
  if (!enough) checkers.fail(`liveness: more than ${EVENTS_MAX} events: something goes round in circles`);
  if (!failed()) {
    for (const { name, node, excuse } of correct(world)) {
      // A bit that nobody has read since it flipped is found when it is read, and not by looking here.
      if (node !== null && excuse !== "rotten") checkers.holdsAll(name, node);
    }
  }
  for (let left = checkers.changes; left > 0; left--) marks.add("the authorities changed");
  return {
    seed: options.seed,
    heights: checkers.heights,
    events: scheduler.events,
    traceHash: scheduler.traceHash(),
    failure: checkers.failure,
    swarm,
    accused: [...checkers.accused].sort(),
    eventsPerHeight: pace.eventsMost,
  };
}

/** How many events a height takes. */
class Pace {
  readonly #scheduler: Scheduler;
  #height: Height = 0;
  #since: number;
  eventsMost = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#since = scheduler.events;
  }

  look(height: Height): void {
    if (height !== this.#height) this.#since = this.#scheduler.events;
    this.#height = height;
    this.eventsMost = Math.max(this.eventsMost, this.#scheduler.events - this.#since);
  }
}

/** A faulty authority may keep itself from catching up; everybody else must. */
function sameHeights(world: World): boolean {
  if (world.machines.some(({ isJoining }) => isJoining)) return false;
  return new Set(correct(world).map(({ node }) => node?.head.height)).size === 1;
}

function correct(world: World): readonly Machine[] {
  return world.running.filter(({ behaviour }) => behaviour === null);
}

function state(world: World): string {
  return world.running
    .map(({ name, node }) => {
      const what = node?.mutedBecause ?? (node?.isSyncing ? "syncing" : "signs");
      return `${name} ${node?.head.height}/${node?.round} ${what}`;
    })
    .join(", ");
}
