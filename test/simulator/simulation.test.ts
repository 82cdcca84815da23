import { describe, expect, it } from "vitest";
import { PLAY_NAMES } from "../../src/simulator/adversary.ts";
import { BEHAVIOUR_NAMES } from "../../src/simulator/byzantine/behaviours.ts";
import { Marks } from "../../src/simulator/marks.ts";
import { runSimulation } from "../../src/simulator/simulation.ts";
import { STRIKES, type Swarm } from "../../src/simulator/swarm.ts";

/** `npm run sim` runs as many as one likes; these are the same ones every time. */
const SEEDS = [1, 2];

/** `seen`: what the run must have been through, by the beginning of its mark. */
async function holds(seed: number, swarm: Partial<Swarm>, seen?: string): Promise<void> {
  const marks = new Marks();
  const { failure, heights } = await runSimulation({ seed, swarm, marks });
  expect(failure, `seed ${seed}`).toBeNull();
  expect(heights, `seed ${seed}`).toBeGreaterThanOrEqual(10);
  if (seen !== undefined) expect([...marks.counts.keys()].filter((mark) => mark.startsWith(seen))).not.toEqual([]);
}

describe("simulated networks", { timeout: 300_000 }, () => {
  it("keep agreement, durability and liveness in harsh weather", async () => {
    for (const seed of SEEDS) await holds(seed, { weather: "harsh" });
  });

  for (const play of PLAY_NAMES) {
    it(`keep agreement and liveness when it is played that ${play}`, async () => {
      for (const seed of SEEDS) await holds(seed, { weather: "adversarial", play }, "28 prevote for the block");
    });
  }

  it("prevote nil for what was proposed again with a proof older than their lock", async () => {
    await holds(1, { weather: "adversarial", play: "an old proof frees no lock" }, "28 prevote nil");
  });

  for (const strike of STRIKES) {
    it(`stand ${strike} alone, again and again`, async () => {
      await holds(7, { weather: "changing", byzantine: [], strikes: [strike] }, `struck: ${strike}`);
    });
  }

  for (const behaviour of BEHAVIOUR_NAMES) {
    it(`stand one authority of four that is ${behaviour}`, async () => {
      await holds(11, { weather: "changing", authorities: 4, byzantine: [behaviour] }, `${behaviour}: `);
    });
  }

  it("stand two of seven that misbehave together, beside a follower", async () => {
    await holds(5, { weather: "changing", authorities: 7, follower: true, byzantine: ["doubleVoter", "invalidBlocks"] });
  });

  it("change their authorities while anything may fail", async () => {
    const marks = new Marks();
    const swarm: Partial<Swarm> = { weather: "changing", authorities: 4, follower: true, governance: true };
    expect((await runSimulation({ seed: 2, swarm, marks })).failure).toBeNull();
    expect(marks.counts.get("the authorities changed") ?? 0).toBeGreaterThan(0);
  });

  it("join by snapshots of whom joined by a snapshot itself a while ago", async () => {
    await holds(66, { snapshots: true }, "joined by a snapshot");
  });

  it("work with one authority", () => holds(3, { authorities: 1, weather: "changing", byzantine: [], strikes: ["crash"] }));

  it("hold by real signatures as well", () => holds(4, { weather: "changing", authorities: 4, realSignatures: true }));

  it("finalise evidence against an authority that signs two things, and against nobody else", async () => {
    const swarm: Partial<Swarm> = { weather: "changing", authorities: 4, byzantine: ["doubleVoter"] };
    const accused = await Promise.all([1, 2, 3].map(async (seed) => (await runSimulation({ seed, swarm })).accused));
    expect(accused).toContainEqual(["member-0"]);
    expect((await runSimulation({ seed: 1, swarm: { ...swarm, byzantine: [] } })).accused).toEqual([]);
  });

  it("run the same way again for the same seed, and another way for another", async () => {
    const traceOf = async (seed: number): Promise<string> => (await runSimulation({ seed })).traceHash;
    const traces = [await traceOf(5), await traceOf(5), await traceOf(6)];
    expect(traces[1]).toBe(traces[0]);
    expect(traces[2]).not.toBe(traces[0]);
  });
});
