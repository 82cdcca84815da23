import type { Prng } from "../lib/prng.ts";
import { faultsTolerated } from "../types/validator-set.ts";
import { Absence } from "./absence.ts";
import { Adversary } from "./adversary.ts";
import type { Marks } from "./marks.ts";
import { Rejoining } from "./rejoining.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Strike, Swarm } from "./swarm.ts";
import type { Target } from "./virtual-disk.ts";
import type { VirtualNetwork } from "./virtual-network.ts";
import { isOn, type Machine, type World } from "./world.ts";

/** Cuts a link so often and mends it again. */
const FLAPS = 6;
const EVENTS_TO_CRASH_MAX = 200;

/** What goes wrong, drawn from the seed, and how it ends. */
export class Weather {
  readonly #world: World;
  readonly #network: VirtualNetwork;
  readonly #scheduler: Scheduler;
  readonly #random: Prng;
  readonly #marks: Marks;
  readonly #swarm: Swarm;
  /** Machines that may lose what they had stored: no more than may be faulty, those that misbehave included. */
  readonly #frail: readonly Machine[];
  readonly #gone = new Set<Machine>();
  #adversary: Adversary | null = null;
  #over = false;

  constructor(
    swarm: Swarm,
    modules: {
      readonly world: World;
      readonly network: VirtualNetwork;
      readonly scheduler: Scheduler;
      readonly random: Prng;
      readonly marks: Marks;
    },
  ) {
    this.#swarm = swarm;
    this.#world = modules.world;
    this.#network = modules.network;
    this.#scheduler = modules.scheduler;
    this.#random = modules.random;
    this.#marks = modules.marks;
    const correct = this.#machines.filter(({ behaviour }) => behaviour === null);
    const authorities = correct.filter(({ isAuthority }) => isAuthority);
    const spare = faultsTolerated(swarm.authorities) - swarm.byzantine.length;
    // Whoever may become an authority is to be counted on.
    const frail: Machine[] = swarm.governance ? [] : correct.filter(({ isAuthority }) => !isAuthority);
    for (let left = spare; left > 0; left--) frail.push(this.#random.pick(authorities.filter((each) => !frail.includes(each))));
    this.#frail = frail;
  }

  /** Clocks are never quite right. */
  prepare(): void {
    const { skewMaxMs } = this.#swarm;
    for (const machine of this.#machines) this.#world.setSkew(machine, this.#random.between(-skewMaxMs, skewMaxMs));
  }

  begin(untilMs: number): void {
    const { weather } = this.#network;
    const { lossPermille, duplicatePermille, delayMaxMs, byzantine, strikes } = this.#swarm;
    Object.assign(weather, { lossPermille, duplicatePermille, delayMaxMs });
    for (const machine of this.#machines) if (machine.behaviour?.forgets) this.#crashOften(machine);
    if (this.#swarm.weather === "adversarial") {
      const height = Math.max(...this.#machines.map(({ node }) => node?.head.height ?? 0)) + this.#random.between(1, 3);
      const order = this.#machines.map(({ nodeKey }) => nodeKey);
      const adversary = new Adversary(order, height, this.#swarm.play);
      this.#adversary = adversary;
      this.#network.censor = (to, message) => adversary.drops(to, message);
      return;
    }
    if (this.#swarm.weather === "harsh" && byzantine.length === 0) {
      for (const machine of this.#frail) {
        if (!machine.isAuthority) continue;
        this.#gone.add(machine);
        this.#scheduler.at(this.#random.between(0, 2_000), "goes for good", () => {
          if (isOn(machine)) this.#world.crash(machine);
        });
      }
    }
    if (this.#swarm.keeping !== "all") this.#absence().begin();
    else if (this.#swarm.snapshots) this.#rejoining().begin(untilMs);
    if (strikes.length === 0) return;
    for (let atMs = this.#random.between(200, 1_500); atMs < untilMs; atMs += this.#random.between(200, 2_500)) {
      this.#scheduler.at(atMs, "weather", () => {
        if (!this.#over) this.#strike(this.#random.pick(strikes));
      });
    }
  }

  /** Everything works again, but for machines that are gone for good and, sometimes, one cut link. */
  heal(): void {
    this.#over = true;
    const lost = this.#adversary?.stop() ?? null;
    Object.assign(this.#network.weather, { lossPermille: 0, duplicatePermille: 0, delayMaxMs: 20 });
    this.#network.mend();
    if (this.#swarm.weather === "changing" && this.#random.chance(300)) {
      const [left, right] = [this.#random.pick(this.#machines), this.#random.pick(this.#machines)];
      if (left !== right) this.#network.cut(left.nodeKey, right.nodeKey, true);
    }
    for (const machine of this.#machines) {
      if (machine.nodeKey !== lost) continue;
      this.#gone.add(machine);
      this.#world.crash(machine);
    }
    this.prepare();
    for (const machine of this.#machines) {
      machine.disk.slowMs = 0;
      machine.disk.trap = null;
      this.#empty(machine);
      if (machine.excuse === "rotten" && !isOn(machine)) this.#world.replaceDisk(machine);
      this.#powerOn(machine);
    }
  }

  /** A node ended by itself: its operator looks after it. */
  ended(machine: Machine): void {
    this.#scheduler.at(this.#random.between(100, 2_000), "operator", () => {
      if (machine.excuse === "rotten") this.#world.replaceDisk(machine);
      this.#empty(machine);
      this.#powerOn(machine);
    });
  }

  get #machines(): readonly Machine[] {
    return this.#world.machines;
  }

  #strike(strike: Strike): void {
    const machine = this.#random.pick(this.#machines);
    const other = this.#random.pick(this.#machines.filter((each) => each !== machine));
    switch (strike) {
      case "crash":
        // Events come in bursts of one instant: only by counting them does the power go between any two.
        this.#scheduler.afterEvents(this.#random.between(1, EVENTS_TO_CRASH_MAX), () => {
          if (!this.#over && this.#crash(machine)) this.#struck(strike);
        });
        return;
      case "crashInWrite": {
        const target = this.#random.pick<Target>(["log", "log", "guard", "store"]);
        const moment = this.#random.pick(["issued", "durable"] as const);
        const spring = (): void => {
          if (this.#crash(machine)) this.#struck(`${strike}: ${target} ${moment}`);
        };
        if (isOn(machine)) machine.disk.trap = { target, moment, spring };
        return;
      }
      case "crashOfAll":
        if (!this.#random.chance(400)) return;
        for (const each of this.#machines) this.#crash(each);
        this.#struck(strike);
        return;
      case "partition": {
        const keys = this.#machines.map(({ nodeKey }) => nodeKey);
        const some = new Set(keys.filter(() => this.#random.chance(500)));
        this.#network.partition([some, new Set(keys.filter((key) => !some.has(key)))]);
        if (some.size > 0 && some.size < keys.length) this.#struck(strike);
        this.#later(() => this.#network.partition(null));
        return;
      }
      case "cutLink":
        this.#struck(strike);
        this.#network.cut(machine.nodeKey, other.nodeKey, true);
        this.#later(() => this.#network.cut(machine.nodeKey, other.nodeKey, false));
        return;
      case "deafLink":
        this.#struck(strike);
        this.#network.deafen(machine.nodeKey, other.nodeKey, true);
        this.#later(() => this.#network.deafen(machine.nodeKey, other.nodeKey, false));
        return;
      case "flappingLink":
        this.#struck(strike);
        this.#flap(machine, other, 2 * FLAPS);
        return;
      case "slowDisk":
        this.#struck(strike);
        machine.disk.slowMs = this.#random.pick([20, 200, 1_000]);
        this.#later(() => {
          machine.disk.slowMs = 0;
        });
        return;
      case "fullDisk":
        this.#struck(strike);
        machine.disk.isFull = true;
        machine.excuse ??= "full";
        // What was free again is written to again: only then is the node without excuse.
        this.#later(() => this.#empty(machine));
        return;
      case "slowNode":
        this.#struck(strike);
        this.#network.lag(machine.nodeKey, this.#random.pick([50, 300, 2_000]));
        this.#later(() => this.#network.lag(machine.nodeKey, 0));
        return;
      case "clockJump":
        this.#struck(strike);
        this.#world.setSkew(machine, machine.skewMs + this.#random.pick([-600_000, -5_000, -1_500, 1_500, 5_000, 600_000]));
        this.#later(() => this.#world.setSkew(machine, this.#random.between(-this.#swarm.skewMaxMs, this.#swarm.skewMaxMs)));
        return;
      case "lostDisk":
        if (this.#random.chance(500)) this.#lose(strike, (victim) => this.#world.replaceDisk(victim));
        else this.#loseUnheard(strike);
        return;
      case "rottenDisk": {
        const target = this.#random.pick<Target>(["log", "guard", "store"]);
        this.#lose(`${strike}: ${target}`, (victim) => {
          victim.excuse = "rotten";
          victim.disk.rot(target);
        });
        return;
      }
      case "staleLog":
        this.#lose(strike, (victim) => victim.disk.truncate("log"));
        return;
    }
  }

  #absence(): Absence {
    return new Absence({
      scheduler: this.#scheduler,
      random: this.#random.fork(),
      marks: this.#marks,
      machines: this.#machines,
      isOver: () => this.#over,
      powerOff: (machine) => {
        if (!isOn(machine)) return false;
        this.#world.crash(machine);
        return true;
      },
      powerOn: (machine) => this.#powerOn(machine),
    });
  }

  #rejoining(): Rejoining {
    return new Rejoining({
      scheduler: this.#scheduler,
      random: this.#random.fork(),
      marks: this.#marks,
      isOver: () => this.#over,
      loseDisk: () => this.#lose("lostDisk: to rejoin", (victim) => this.#world.replaceDisk(victim)),
      crash: (machine) => void this.#crash(machine),
    });
  }

  /** Strikes a machine that may lose what it stored, while it is off. Answers which. */
  #lose(how: string, harm: (machine: Machine) => void): Machine | null {
    if (this.#frail.length === 0) return null;
    const machine = this.#random.pick(this.#frail);
    if (this.#gone.has(machine)) return null;
    if (isOn(machine)) this.#world.crash(machine);
    harm(machine);
    this.#struck(how);
    this.#scheduler.at(this.#random.between(10, 2_000), "power back", () => this.#powerOn(machine));
    return machine;
  }

  /** For a while nobody hears anybody, so that nothing is decided; a disk is lost with what its machine signed in that height. */
  #loseUnheard(strike: Strike): void {
    const { weather } = this.#network;
    weather.lossPermille = 1_000;
    this.#scheduler.at(this.#random.between(600, 2_500), "heard again", () => {
      if (this.#over) return;
      weather.lossPermille = this.#swarm.lossPermille;
      this.#lose(`${strike}: unheard`, (victim) => this.#world.replaceDisk(victim));
    });
  }

  #empty(machine: Machine): void {
    machine.disk.isFull = false;
    if (machine.excuse === "full") machine.excuse = null;
  }

  #later(end: () => void): void {
    this.#scheduler.at(this.#random.between(300, 6_000), "better weather", () => {
      if (!this.#over) end();
    });
  }

  #flap(left: Machine, right: Machine, left0: number): void {
    if (this.#over) return;
    this.#network.cut(left.nodeKey, right.nodeKey, left0 % 2 === 0 && left0 > 0);
    if (left0 > 0) this.#scheduler.at(this.#random.between(5, 300), "flap", () => this.#flap(left, right, left0 - 1));
  }

  #crashOften(machine: Machine): void {
    this.#scheduler.at(this.#random.between(200, 1_500), "forgets", () => {
      if (this.#over) return;
      this.#crash(machine);
      this.#crashOften(machine);
    });
  }

  /** Whether there was anything to crash. */
  #crash(machine: Machine): boolean {
    if (!isOn(machine) || this.#gone.has(machine)) return false;
    this.#world.crash(machine);
    this.#scheduler.at(this.#random.between(10, this.#random.pick([50, 4_000])), "power back", () => this.#powerOn(machine));
    return true;
  }

  /** What struck somebody, and not what only might have. */
  #struck(how: string): void {
    this.#marks.add(`struck: ${how}`);
  }

  #powerOn(machine: Machine): void {
    if (!isOn(machine) && !this.#gone.has(machine)) this.#world.start(machine);
  }
}
