import type { Prng } from "../lib/prng.ts";
import type { Marks } from "./marks.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Machine } from "./world.ts";

interface AbsenceModules {
  readonly scheduler: Scheduler;
  readonly random: Prng;
  readonly marks: Marks;
  readonly machines: readonly Machine[];
  /** Whether everything is to heal. */
  readonly isOver: () => boolean;
  readonly powerOff: (machine: Machine) => boolean;
  readonly powerOn: (machine: Machine) => void;
}

const AUTHORITY_PERMILLE = 350;
const LEAVES_MAX_MS = 1_500;
const AWAY_MIN_MS = 8_500;
const AWAY_MAX_MS = 12_000;

/** A machine is off for so long that the others may have let go of the blocks that it lacks. */
export class Absence {
  readonly #m: AbsenceModules;

  constructor(modules: AbsenceModules) {
    this.#m = modules;
  }

  begin(): void {
    const { scheduler, random, machines } = this.#m;
    // Without an authority the chain stands still as soon as another is off, too: then nobody lets go of anything.
    const machine = random.chance(AUTHORITY_PERMILLE) ? random.pick(machines) : (machines.at(-1) as Machine);
    scheduler.at(random.between(0, LEAVES_MAX_MS), "away", () => this.#leave(machine));
  }

  #leave(machine: Machine): void {
    const { scheduler, random, marks, isOver, powerOff, powerOn } = this.#m;
    if (isOver() || !powerOff(machine)) return;
    marks.add("struck: away for long");
    scheduler.at(random.between(AWAY_MIN_MS, AWAY_MAX_MS), "back", () => powerOn(machine));
  }
}
