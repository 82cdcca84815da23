import type { Rules } from "../consensus/rules.ts";
import { Prng } from "../lib/prng.ts";
import { faultsTolerated } from "../types/validator-set.ts";
import { Adversary } from "./adversary.ts";
import type { Behaviour } from "./byzantine/behaviour.ts";
import { doubleVoter } from "./byzantine/double-voter.ts";
import { equivocatingProposer } from "./byzantine/equivocating-proposer.ts";
import { silent } from "./byzantine/silent.ts";
import { withholder } from "./byzantine/withholder.ts";
import { Checkers } from "./checkers.ts";
import { Scheduler } from "./scheduler.ts";
import { cheapScheme, ed25519Scheme } from "./virtual-crypto.ts";
import { VirtualNetwork } from "./virtual-network.ts";
import { Workload } from "./workload.ts";
import { GUILTY, type Machine, World } from "./world.ts";

/**
 * "changing": anything now and then. "harsh": most messages are lost and f authorities go for good. "adversarial": what is lost is
 * chosen by content, so that locks come apart as a play of adversary.ts has it.
 */
export type WeatherKind = "changing" | "harsh" | "adversarial";

export interface SimulationOptions {
  readonly seed: number;
  readonly authorities?: number;
  readonly rules?: Rules;
  readonly lyingDisks?: boolean;
  /** By default drawn from the seed. */
  readonly weather?: WeatherKind;
  /** By default drawn from the seed; null: everybody is correct. */
  readonly byzantine?: keyof typeof BEHAVIOURS | null;
}

export const BEHAVIOURS = { silent, withholder, doubleVoter, equivocatingProposer } as const satisfies Readonly<
  Record<string, Behaviour>
>;
const BEHAVIOUR_NAMES = Object.keys(BEHAVIOURS) as (keyof typeof BEHAVIOURS)[];
/** Of a thousand seeds with changing weather, how many have a faulty authority among the four. */
const BYZANTINE_PERMILLE = 400;

export interface SimulationResult {
  readonly seed: number;
  readonly heights: number;
  readonly events: number;
  readonly traceHash: string;
  readonly failure: string | null;
  readonly weather: WeatherKind;
  readonly byzantine: keyof typeof BEHAVIOURS | null;
  /** Whether evidence against the faulty authority was finalised. */
  readonly accused: boolean;
}

/** Transactions, and virtual time, in good weather before anything fails. */
const BRING_UP = 4;
const BRING_UP_MS = 2_000;
const FAULTS_MS = 20_000;
/** After healing the network must have finalised everything within this, in virtual time. */
const LIVENESS_MS = 120_000;
const EVENTS_MAX = 400_000;
/** One seed in so many runs with real signatures. */
const REAL_SIGNATURES_EVERY = 16;

/**
 * One network run, faults included, fixed by its seed: a safety phase in which anything may happen, then everything heals and a
 * liveness phase in which the network must converge and finalise all that was asked of it (TigerBeetle's two phases).
 */
export function runSimulation(options: SimulationOptions): SimulationResult {
  const random = new Prng(options.seed);
  const scheduler = new Scheduler();
  const checkers = new Checkers();
  const scheme = options.seed % REAL_SIGNATURES_EVERY === 0 ? ed25519Scheme : cheapScheme;
  const network = new VirtualNetwork(scheduler, random.fork(), (from, message) => checkers.onMessage(from, message));
  const weatherKind = options.weather ?? random.pick(["changing", "changing", "changing", "harsh", "adversarial"] as const);
  const drawn = weatherKind === "changing" && random.chance(BYZANTINE_PERMILLE) ? random.pick(BEHAVIOUR_NAMES) : null;
  const misdeed = options.byzantine === undefined ? drawn : options.byzantine;
  const base = {
    authorities: options.authorities ?? 4,
    scheme,
    lyingDisks: options.lyingDisks ?? false,
    byzantine: misdeed === null ? null : BEHAVIOURS[misdeed],
  };
  const world = new World(options.rules === undefined ? base : { ...base, rules: options.rules }, {
    scheduler,
    network,
    checkers,
    random: random.fork(),
  });
  checkers.watch(
    world.identity.chain,
    world.machines.map(({ name, authorityKey }) => ({ member: name, key: authorityKey })),
    scheme,
    world.machines.map(({ nodeKey }) => nodeKey),
    misdeed === null ? null : (world.machines[GUILTY] as Machine).name,
  );
  const workload = new Workload({ world, scheduler, checkers, random: random.fork(), scheme });
  const weather = new Weather(world, network, scheduler, random.fork(), weatherKind);

  for (const machine of world.machines) world.start(machine);
  const failed = (): boolean => checkers.failure !== null;
  const converged = (): boolean => workload.isDone && sameHeights(world, misdeed !== null);
  // A key that has never signed beside a chain that has blocks counts as one without memory, and that as a fault: first all sign.
  workload.plan(BRING_UP, BRING_UP_MS / 2);
  let enough = scheduler.run(BRING_UP_MS, EVENTS_MAX, failed);
  if (!failed() && enough) {
    workload.plan(30, FAULTS_MS);
    weather.begin(FAULTS_MS);
    enough = scheduler.run(BRING_UP_MS + FAULTS_MS, EVENTS_MAX, failed);
  }
  if (!failed() && enough) {
    weather.heal();
    workload.plan(5, 1_000);
    enough = scheduler.run(BRING_UP_MS + FAULTS_MS + LIVENESS_MS, EVENTS_MAX, () => failed() || converged());
    if (!failed() && enough && !converged()) {
      const heights = world.running
        .map(
          ({ name, node }) =>
            `${name} ${node?.head.height}/${node?.round} ${node?.mutedBecause ?? (node?.isSyncing ? "syncing" : "signs")}`,
        )
        .join(", ");
      checkers.fail(
        `liveness: ${workload.missing} transactions are not finalised ${LIVENESS_MS} ms after the network healed (${heights})`,
      );
    }
  }
  if (!enough) checkers.fail(`more than ${EVENTS_MAX} events: something goes round in circles`);
  return {
    seed: options.seed,
    heights: checkers.heights,
    events: scheduler.events,
    traceHash: scheduler.traceHash(),
    failure: checkers.failure,
    weather: weatherKind,
    byzantine: misdeed,
    accused: checkers.accused,
  };
}

/** A faulty authority may keep itself from catching up; everybody else must. */
function sameHeights(world: World, oneIsGuilty: boolean): boolean {
  const correct = world.running.filter((machine) => !oneIsGuilty || machine !== world.machines[GUILTY]);
  return new Set(correct.map(({ node }) => node?.head.height)).size === 1;
}

/** What goes wrong, drawn from the seed: loss, delay, partitions, cut links, slow disks, crashes. */
class Weather {
  readonly #world: World;
  readonly #network: VirtualNetwork;
  readonly #scheduler: Scheduler;
  readonly #random: Prng;
  readonly #kind: WeatherKind;
  #adversary: Adversary | null = null;
  readonly #gone = new Set<Machine>();
  #over = false;

  constructor(world: World, network: VirtualNetwork, scheduler: Scheduler, random: Prng, kind: WeatherKind) {
    this.#world = world;
    this.#network = network;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#kind = kind;
  }

  begin(untilMs: number): void {
    const { weather } = this.#network;
    if (this.#kind === "adversarial") {
      const { machines } = this.#world;
      const height = Math.max(...machines.map(({ node }) => node?.head.height ?? 0)) + this.#random.between(1, 3);
      const order = machines.map(({ nodeKey }) => nodeKey);
      const adversary = new Adversary(order, height, this.#random.fork());
      this.#adversary = adversary;
      weather.delayMaxMs = this.#random.pick([5, 20, 100]);
      this.#network.censor = (to, message) => adversary.drops(to, message);
      return;
    }
    weather.lossPermille = this.#kind === "harsh" ? this.#random.between(300, 600) : this.#random.pick([0, 0, 20, 100, 300]);
    weather.delayMaxMs = this.#random.pick([5, 20, 100, 400]);
    if (this.#kind === "harsh") {
      for (let left = faultsTolerated(this.#world.machines.length); left > 0; left--) {
        const machine = this.#random.pick(this.#world.machines.filter((each) => !this.#gone.has(each)));
        this.#gone.add(machine);
        this.#scheduler.at(this.#random.between(0, 2_000), "goes for good", () => this.#world.crash(machine));
      }
    }
    for (let atMs = this.#random.between(200, 1_500); atMs < untilMs; atMs += this.#random.between(200, 2_500)) {
      this.#scheduler.at(atMs, "weather", () => {
        if (!this.#over) this.#strike();
      });
    }
  }

  /** Everything works again, but for machines that are gone for good and, sometimes, one cut link. */
  heal(): void {
    this.#over = true;
    const lost = this.#adversary?.stop() ?? null;
    const { weather } = this.#network;
    weather.lossPermille = 0;
    weather.delayMaxMs = 20;
    this.#network.partition(null);
    const { machines } = this.#world;
    for (const left of machines)
      for (const right of machines) if (left !== right) this.#network.cut(left.nodeKey, right.nodeKey, false);
    if (this.#kind === "changing" && this.#random.chance(300)) {
      const [left, right] = [this.#random.pick(machines), this.#random.pick(machines)];
      if (left !== right) this.#network.cut(left.nodeKey, right.nodeKey, true);
    }
    for (const machine of machines) {
      if (machine.nodeKey !== lost) continue;
      this.#gone.add(machine);
      this.#world.crash(machine);
    }
    for (const machine of machines) {
      machine.disk.slowMs = 0;
      if (machine.node === null && !this.#gone.has(machine)) this.#world.start(machine);
    }
  }

  #strike(): void {
    const { machines } = this.#world;
    const machine = this.#random.pick(machines);
    switch (this.#random.below(7)) {
      case 0:
      case 1:
        this.#crash(machine);
        return;
      case 2: {
        const half = new Set(machines.filter(() => this.#random.chance(500)).map(({ nodeKey }) => nodeKey));
        const rest = new Set(machines.map(({ nodeKey }) => nodeKey).filter((key) => !half.has(key)));
        this.#network.partition([half, rest]);
        return;
      }
      case 3:
        this.#network.partition(null);
        return;
      case 4: {
        const other = this.#random.pick(machines);
        if (other !== machine) this.#network.cut(machine.nodeKey, other.nodeKey, this.#random.chance(600));
        return;
      }
      case 5:
        machine.disk.slowMs = this.#random.pick([0, 20, 200]);
        return;
      default:
        if (this.#kind === "changing" && this.#random.chance(100)) for (const each of machines) this.#crash(each);
    }
  }

  #crash(machine: Machine): void {
    if (machine.node === null || this.#gone.has(machine)) return;
    this.#world.crash(machine);
    this.#scheduler.at(this.#random.between(10, 4_000), "power back", () => {
      if (machine.node === null) this.#world.start(machine);
    });
  }
}
