import { describe, expect, it } from "vitest";
import { type Rules, TENDERMINT } from "../../src/consensus/rules.ts";
import { runSimulation, type SimulationOptions } from "../../src/simulator/simulation.ts";

/** One deliberate mistake each: what the simulator must see, and in which weather. */
const FAULTS: readonly {
  readonly name: string;
  readonly fault: Pick<SimulationOptions, "rules" | "lyingDisks" | "weather">;
  readonly seen: RegExp;
}[] = [
  {
    name: "a fresh proposal is prevoted without a look at the lock",
    fault: { weather: "adversarial", rules: broken({ mayPrevoteFresh: () => true, mayPrevoteAgain: () => true }) },
    seen: /agreement|a decided block|signed two/,
  },
  {
    name: "half of the authorities count as a quorum",
    fault: { weather: "changing", rules: broken({ quorum: (n) => Math.ceil(n / 2) }) },
    seen: /COMMIT_NO_QUORUM|agreement/,
  },
  {
    name: "a lock never yields to a newer one",
    fault: { weather: "adversarial", rules: broken({ mayPrevoteAgain: ({ round, block }, id) => round === -1 || block === id }) },
    seen: /liveness/,
  },
  {
    name: "a valid value is never proposed again",
    fault: { weather: "adversarial", rules: broken({ proposeAgain: () => null }) },
    seen: /liveness/,
  },
  {
    name: "votes leave before what they rest on is on disk",
    fault: { weather: "changing", lyingDisks: true },
    seen: /signed two different messages|liveness|agreement|came back with/,
  },
];
const SEEDS_MAX = 40;

describe("the simulator catches", () => {
  for (const { name, fault, seen } of FAULTS) {
    it(`a node in which ${name}, and passes the same seeds without that`, () => {
      const { weather } = fault;
      let seed = 1;
      let failure: string | null = null;
      for (; seed <= SEEDS_MAX && failure === null; seed++) failure = runSimulation({ seed, byzantine: null, ...fault }).failure;
      expect(failure).toMatch(seen);
      for (let same = 1; same < seed; same++)
        expect(runSimulation({ seed: same, byzantine: null, ...(weather === undefined ? {} : { weather }) }).failure).toBeNull();
    });
  }
});

function broken(rules: Partial<Rules>): Rules {
  return { ...TENDERMINT, ...rules };
}
