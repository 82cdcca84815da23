import { expect, it } from "vitest";
import type { BehaviourName } from "../../src/simulator/byzantine/behaviours.ts";
import { Marks } from "../../src/simulator/marks.ts";
import { runSimulation } from "../../src/simulator/simulation.ts";
import type { Swarm } from "../../src/simulator/swarm.ts";

/**
 * What a run of seeds must have been through, at least so often: about a third of what it is now. Whoever changes the simulator sees
 * here what it does not reach any more; whoever adds a rule adds its mark.
 */
const LEAST: Readonly<Record<string, number>> = {
  "11 start of a height": 500,
  "16 valid value proposed again": 3,
  "18 something fresh to propose": 100,
  "19 fresh proposal": 100,
  "21 propose timer": 500,
  "22 prevote for the block": 400,
  "22 prevote nil": 3,
  "28 prevote for the block": 5,
  "34 prevote timer": 80,
  "38 lock and precommit": 400,
  "44 nil on a quorum of nil": 20,
  "47 precommit timer": 80,
  "49 decision in the current round": 400,
  "49 decision in another round": 2,
  "55 jump to a later round": 8,
  "57 nil at the propose timeout": 50,
  "61 nil at the prevote timeout": 30,
  "65 next round after the precommit timeout": 80,
  "evidence: two prevotes": 1,
  "validation asked for": 300,
  "the authorities changed": 2,
  "caught up": 20,
  "recovered the undecided height from the log": 5,
  "no memory of what was signed: following until further blocks are decided": 1,
};

/** The marks that fell less often than they should, with how often they did. */
function tooFew(marks: Marks, least: Readonly<Record<string, number>>): readonly string[] {
  const counted = Object.keys(least).map((mark) => [mark, marks.counts.get(mark) ?? 0] as const);
  return counted.filter(([mark, count]) => count < (least[mark] as number)).map(([mark, count]) => `${mark}: ${count}`);
}

/** Runs these seeds, in which nothing may fail, and counts what they go through. */
async function run(seeds: number, swarm: Partial<Swarm> = {}): Promise<Marks> {
  const marks = new Marks();
  for (let seed = 1; seed <= seeds; seed++)
    expect((await runSimulation({ seed, swarm, marks })).failure, `seed ${seed}`).toBeNull();
  return marks;
}

it("a run of seeds goes through every rule of consensus and every way of recovering", { timeout: 600_000 }, async () => {
  expect(tooFew(await run(20), LEAST)).toEqual([]);
});

it("the members vote each other in and out, for keys, parameters and rules, while anything may fail", {
  timeout: 600_000,
}, async () => {
  const swarm = {
    weather: "changing",
    authorities: 4,
    follower: true,
    governance: true,
    byzantine: [],
    strikes: ["crash", "crashInWrite", "partition"],
  } as const;
  const marks = await run(8, swarm);
  const voted = ["addAuthority", "addMember", "removeAuthority", "removeMember", "setAuthorityKey", "setParams", "switchFeature"];
  expect(voted.filter((kind) => !marks.counts.has(`the members voted: ${kind}`))).toEqual([]);
});

/** Whoever may lie in so many ways is run until each lie was told: what a swarm draws too seldom is seen here. */
const LIARS: readonly { readonly behaviour: BehaviourName; readonly lies: number; readonly swarm: Partial<Swarm> }[] = [
  { behaviour: "invalidBlocks", lies: 15, swarm: { follower: false, strikes: [], lossPermille: 0 } },
  { behaviour: "syncLiar", lies: 10, swarm: { follower: true, governance: false, strikes: ["lostDisk", "crash"] } },
  { behaviour: "forger", lies: 4, swarm: { strikes: [], lossPermille: 300 } },
];
const LIAR_SEEDS = 60;

it.each(LIARS)(
  "$behaviour tells each of its $lies lies, and is not believed",
  { timeout: 600_000 },
  async ({ behaviour, lies, swarm }) => {
    const marks = new Marks();
    const told = (): readonly string[] => [...marks.counts.keys()].filter((mark) => mark.startsWith(`${behaviour}: `));
    for (let seed = 1; told().length < lies && seed <= LIAR_SEEDS; seed++) {
      const { failure } = await runSimulation({
        seed,
        swarm: { weather: "changing", authorities: 4, byzantine: [behaviour], ...swarm },
        marks,
      });
      expect(failure, `seed ${seed}`).toBeNull();
    }
    expect(told().length, told().join()).toBe(lies);
  },
);

/** Of six seeds in which machines join by snapshots, one authority of four lies about them. */
const JOINING_LEAST: Readonly<Record<string, number>> = {
  "a snapshot is made": 50,
  "joining by a snapshot": 7,
  "joining by a snapshot goes on": 1,
  "joined by a snapshot": 6,
  "struck: a crash while joining": 4,
  "struck: lostDisk: to rejoin": 6,
  "snapshotLiar: a flipped bit": 2,
  "snapshotLiar: an answer cut short": 2,
  "snapshotLiar: no answer": 2,
};

it("machines that lost their disks join by snapshots, through liars, losses and crashes, and run the same way again", {
  timeout: 600_000,
}, async () => {
  const swarm = {
    weather: "changing",
    authorities: 4,
    follower: true,
    governance: false,
    byzantine: ["syncLiar"],
    snapshots: true,
  } as const;
  expect(tooFew(await run(6, swarm), JOINING_LEAST)).toEqual([]);
  // Two at once, since promises of one must not come between those of the other.
  const [one, other] = await Promise.all([1, 1].map((seed) => runSimulation({ seed, swarm })));
  expect(one?.traceHash).toBe(other?.traceHash);
});

/** Of six seeds in which nodes let go of blocks and a machine is away for long, in half of them one node keeps all. */
const LETTING_GO_LEAST: Readonly<Record<string, number>> = {
  "struck: away for long": 4,
  "told that blocks are no longer kept": 5,
  "cut off: joins anew": 2,
  "joined by a snapshot": 2,
  "the members voted: setParams": 1,
};

it("machines that were away for longer than others keep blocks join anew, or ask the one that keeps all", {
  timeout: 600_000,
}, async () => {
  const swarm = { weather: "changing", authorities: 4, follower: true, strikes: ["crash", "partition"] } as const;
  const recent = await run(3, { ...swarm, byzantine: [], snapshots: true, keeping: "recent" });
  const marks = await run(3, { ...swarm, byzantine: [], snapshots: true, keeping: "recent, one keeps all" });
  for (const [mark, count] of recent.counts) for (let left = count; left > 0; left--) marks.add(mark);
  expect(tooFew(marks, LETTING_GO_LEAST)).toEqual([]);
});
