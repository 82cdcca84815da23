import { describe, expect, it } from "vitest";
import { Prng } from "../../src/lib/prng.ts";
import { Checkers } from "../../src/simulator/checkers.ts";
import { Marks } from "../../src/simulator/marks.ts";
import { ReferenceChain } from "../../src/simulator/reference-chain.ts";
import { Scheduler } from "../../src/simulator/scheduler.ts";
import { cheapScheme as scheme } from "../../src/simulator/virtual-crypto.ts";
import { VirtualNetwork } from "../../src/simulator/virtual-network.ts";
import { Workload } from "../../src/simulator/workload.ts";
import { type Machine, World } from "../../src/simulator/world.ts";

const EVENTS_MAX = 400_000;
const SEEDS = Array.from({ length: 6 }, (_, index) => index + 1);

/** Four authorities in fair weather. */
function calmNetwork(seed: number) {
  const random = new Prng(seed);
  const scheduler = new Scheduler();
  const checkers = new Checkers();
  const marks = new Marks();
  const network = new VirtualNetwork(scheduler, random.fork(), (from, message) => checkers.onMessage(from, message));
  const options = { authorities: 4, follower: false, byzantine: [], scheme };
  const world: World = new World(options, { scheduler, network, checkers, random: random.fork(), marks });
  const reference = new ReferenceChain(world.identity, scheme);
  const workload = new Workload({ world, scheduler, checkers, reference, random: random.fork(), scheme });
  checkers.watch({ reference, memberOf: world.memberOf, guilty: new Set(), latestMs: () => world.latestMs });
  for (const machine of world.machines) world.start(machine);
  const run = (forMs: number, until: () => boolean = () => false): void => {
    scheduler.run(scheduler.nowMs + forMs, EVENTS_MAX, () => checkers.failure !== null || until());
    expect(checkers.failure).toBeNull();
  };
  /** So many transactions, until all are final. */
  const work = (count: number): void => {
    workload.plan(count, 500);
    run(120_000, () => workload.isDone);
    expect(workload.isDone).toBe(true);
  };
  return { world, network, checkers, marks, workload, run, work };
}

describe("an authority that may not sign for a while", { timeout: 300_000 }, () => {
  it("signs what it was asked for once it may: a height that stood still for two of them goes on", () => {
    for (const seed of SEEDS) {
      const { world, checkers, workload, run, work } = calmNetwork(seed);
      work(3);
      const suspended = world.machines.slice(1, 3).map(({ node }) => node);
      for (const node of suspended) node?.suspend("the disk is full");
      const before = checkers.heights;
      workload.plan(3, 200);
      run(5_000);
      expect(checkers.heights - before).toBeLessThanOrEqual(1);
      expect(suspended.map((node) => node?.mutedBecause)).toEqual(["the disk is full", "the disk is full"]);
      for (const node of suspended) node?.suspend(null);
      run(60_000, () => workload.isDone);
      expect(workload.isDone, `seed ${seed}`).toBe(true);
    }
  });

  it("has heard before where a quorum of the others stand, or those it hears if for long there are no more", () => {
    for (const heard of [1, 2]) {
      const { world, run, work } = calmNetwork(1);
      work(2);
      for (const machine of world.machines) world.crash(machine);
      const [first, ...others] = world.machines as [Machine, ...Machine[]];
      world.start(first);
      run(30_000);
      expect(first.node?.mutedBecause).toMatch(/not known/);
      for (const machine of others.slice(0, heard)) world.start(machine);
      run(3_000);
      expect(first.node?.isSigning).toBe(heard === 2);
      run(10_000);
      expect(first.node?.isSigning).toBe(true);
      for (const machine of others.slice(heard)) world.start(machine);
      work(2);
    }
  });
});

describe("an authority whose disk is lost in the middle of a height", { timeout: 300_000 }, () => {
  it("signs nothing until two blocks more are decided than the others had, and nothing twice", () => {
    for (const seed of SEEDS) {
      const { world, network, workload, run, work } = calmNetwork(seed);
      work(3);
      const machine = world.machines[seed % 4] as Machine;
      // What it says now is said, though nobody hears it: the height stays undecided.
      network.weather.lossPermille = 1_000;
      workload.plan(3, 200);
      run(2_000);
      const [standing] = world.machines.filter((other) => other !== machine).map(({ node }) => node?.head.height ?? 0);
      world.replaceDisk(machine);
      network.weather.lossPermille = 0;
      world.start(machine);
      run(60_000, () => workload.isDone);
      for (let round = 0; round < 10 && machine.node?.isSigning !== true; round++) {
        expect(machine.node?.mutedBecause).toMatch(/no memory|not known/);
        work(1);
      }
      expect(machine.node?.isSigning, `seed ${seed}: ${machine.node?.mutedBecause}`).toBe(true);
      expect(machine.node?.head.height).toBeGreaterThanOrEqual((standing ?? 0) + 2);
    }
  });
});

describe("an authority whose disk was restored from a copy", { timeout: 300_000 }, () => {
  it("notices by its own signatures, signs nothing twice, and signs again after following", () => {
    let noticed = 0;
    for (const seed of SEEDS) {
      const { world, marks, work } = calmNetwork(seed);
      work(3);
      const machine = world.machines[seed % 4] as Machine;
      const copy = machine.disk.image();
      work(6);
      world.crash(machine);
      world.restoreDisk(machine, copy);
      // What clients ask for meanwhile is waiting when it comes back.
      work(3);
      world.start(machine);
      for (let round = 0; round < 10 && machine.node?.isSigning !== true; round++) work(2);
      expect(machine.node?.isSigning, `seed ${seed}: ${machine.node?.mutedBecause}`).toBe(true);
      if ((marks.counts.get(FORGOTTEN) ?? 0) > 0) noticed += 1;
    }
    expect(noticed).toBe(SEEDS.length);
  });
});

const FORGOTTEN = "no memory of what was signed: others hold what this node's guard does not";
