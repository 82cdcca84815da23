import { describe, expect, it } from "vitest";
import { BEHAVIOURS, runSimulation, type WeatherKind } from "../../src/simulator/simulation.ts";

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);

describe("simulated networks", () => {
  for (const weather of ["changing", "harsh", "adversarial"] satisfies WeatherKind[]) {
    it(`keep agreement, durability and liveness in ${weather} weather`, () => {
      for (const seed of SEEDS) expect(runSimulation({ seed, weather }).failure, `seed ${seed}`).toBeNull();
    });
  }

  for (const byzantine of Object.keys(BEHAVIOURS) as (keyof typeof BEHAVIOURS)[]) {
    it(`stand one authority of four that is a ${byzantine}`, () => {
      for (const seed of SEEDS)
        expect(runSimulation({ seed, weather: "changing", byzantine }).failure, `seed ${seed}`).toBeNull();
    });
  }

  it("finalise evidence against an authority that signs two things, and against nobody else", () => {
    const accused = SEEDS.filter((seed) => runSimulation({ seed, weather: "changing", byzantine: "doubleVoter" }).accused);
    expect(accused.length).toBeGreaterThan(SEEDS.length / 2);
    for (const seed of SEEDS) expect(runSimulation({ seed, weather: "harsh" }).accused).toBe(false);
  });

  it("work with one authority and with seven", () => {
    for (const authorities of [1, 7]) {
      const { failure, heights } = runSimulation({ seed: 3, authorities, weather: "changing", byzantine: null });
      expect(failure).toBeNull();
      expect(heights).toBeGreaterThan(0);
    }
  });

  it("run the same way again for the same seed, and another way for another", () => {
    const traces = [5, 5, 6].map((seed) => runSimulation({ seed }).traceHash);
    expect(traces[1]).toBe(traces[0]);
    expect(traces[2]).not.toBe(traces[0]);
  });

  it("make progress in every seed", () => {
    const heights = SEEDS.map((seed) => runSimulation({ seed }).heights);
    expect(Math.min(...heights)).toBeGreaterThan(0);
    expect(Math.max(...heights)).toBeGreaterThan(10);
  });
});
