import type { Prng } from "../lib/prng.ts";
import type { Marks } from "./marks.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Machine } from "./world.ts";

interface RejoiningModules {
  readonly scheduler: Scheduler;
  readonly random: Prng;
  readonly marks: Marks;
  /** Whether everything is to heal. */
  readonly isOver: () => boolean;
  /** A machine that may, if there is one, loses its disk and gets its power back. */
  readonly loseDisk: () => Machine | null;
  /** The power goes, and comes back. */
  readonly crash: (machine: Machine) => void;
}

const LOOKS_MAX = 40;
const LOOK_MS = 50;
/** A joining takes some dozens of events on its own machine, among those of all. */
const EVENTS_TO_CRASH_MAX = 120;

/** Now and then a machine loses its disk, so that it joins by a snapshot; and its power again and again while it does. */
export class Rejoining {
  readonly #m: RejoiningModules;

  constructor(modules: RejoiningModules) {
    this.#m = modules;
  }

  begin(untilMs: number): void {
    const { scheduler, random } = this.#m;
    for (let atMs = random.between(1_000, 4_000); atMs < untilMs; atMs += random.between(2_000, 6_000))
      scheduler.at(atMs, "rejoin", () => this.#strike());
  }

  #strike(): void {
    if (this.#m.isOver()) return;
    const machine = this.#m.loseDisk();
    if (machine !== null) this.#interrupt(machine, this.#m.random.between(0, 3), LOOKS_MAX);
  }

  #interrupt(machine: Machine, times: number, looks: number): void {
    const { scheduler, random, marks, isOver, crash } = this.#m;
    if (times === 0 || looks === 0) return;
    scheduler.at(LOOK_MS, "rejoin", () => {
      if (isOver()) return;
      if (!machine.isJoining) {
        this.#interrupt(machine, times, looks - 1);
        return;
      }
      scheduler.afterEvents(random.between(1, EVENTS_TO_CRASH_MAX), () => {
        if (isOver()) return;
        if (machine.isJoining) {
          marks.add("struck: a crash while joining");
          crash(machine);
        }
        this.#interrupt(machine, times - 1, LOOKS_MAX);
      });
    });
  }
}
