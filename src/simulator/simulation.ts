import type { Rules } from "../consensus/rules.ts";
import { Prng } from "../lib/prng.ts";
import { faultsTolerated } from "../types/validator-set.ts";
import { Checkers } from "./checkers.ts";
import { Scheduler } from "./scheduler.ts";
import { cheapScheme, ed25519Scheme } from "./virtual-crypto.ts";
import { VirtualNetwork } from "./virtual-network.ts";
import { Workload } from "./workload.ts";
import { type Machine, World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly authorities?: number;
  readonly rules?: Rules;
  readonly lyingDisks?: boolean;
  /** How hard the fault phase is: "harsh" loses most messages and leaves f authorities down for good. */
  readonly weather?: "changing" | "harsh";
}

export interface SimulationResult {
  readonly seed: number;
  readonly heights: number;
  readonly events: number;
  readonly traceHash: string;
  readonly failure: string | null;
}

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
  const base = { authorities: options.authorities ?? 4, scheme, lyingDisks: options.lyingDisks ?? false };
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
  );
  const workload = new Workload({ world, scheduler, checkers, random: random.fork(), scheme });
  const weather = new Weather(world, network, scheduler, random.fork(), options.weather ?? "changing");

  for (const machine of world.machines) world.start(machine);
  workload.plan(30, FAULTS_MS);
  weather.begin(FAULTS_MS);
  const failed = (): boolean => checkers.failure !== null;
  let enough = scheduler.run(FAULTS_MS, EVENTS_MAX, failed);
  if (!failed() && enough) {
    weather.heal();
    workload.plan(5, 1_000);
    const converged = (): boolean => workload.isDone && sameHeights(world);
    enough = scheduler.run(FAULTS_MS + LIVENESS_MS, EVENTS_MAX, () => failed() || converged());
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
  };
}

function sameHeights(world: World): boolean {
  return new Set(world.running.map(({ node }) => node?.head.height)).size === 1;
}

/** What goes wrong, drawn from the seed: loss, delay, partitions, cut links, slow disks, crashes. */
class Weather {
  readonly #world: World;
  readonly #network: VirtualNetwork;
  readonly #scheduler: Scheduler;
  readonly #random: Prng;
  readonly #kind: "changing" | "harsh";
  readonly #gone = new Set<Machine>();
  #over = false;

  constructor(world: World, network: VirtualNetwork, scheduler: Scheduler, random: Prng, kind: "changing" | "harsh") {
    this.#world = world;
    this.#network = network;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#kind = kind;
  }

  begin(untilMs: number): void {
    const { weather } = this.#network;
    weather.lossPermille = this.#kind === "harsh" ? this.#random.between(300, 600) : this.#random.pick([0, 0, 20, 100, 300]);
    weather.delayMaxMs = this.#random.pick([5, 20, 100, 400]);
    if (this.#kind === "harsh") {
      for (let left = faultsTolerated(this.#world.machines.length); left > 0; left--) {
        const machine = this.#random.pick(this.#world.running);
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
