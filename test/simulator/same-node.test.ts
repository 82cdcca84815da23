import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = join(import.meta.dirname, "../../src");
const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const sources = new Map(FILES.map((file) => [file, readFileSync(join(SRC, file), "utf8")]));

/** Each part that decides what a node does, where it lives, and words of which only that one place may have the class. */
const ONLY_ONE: readonly (readonly [part: string, home: string, ofThatKind: RegExp])[] = [
  ["event loop", "node/event-loop.ts", /class \w*(EventLoop|Dispatcher|Reactor)\b/],
  ["block executor", "node/block-executor.ts", /class \w*Executor\b/],
  ["chain store", "node/chain-store.ts", /class \w*(ChainStore|BlockStore)\b/],
  ["consensus machine", "consensus/machine.ts", /class \w*(ConsensusMachine|Tendermint\w*)\b/],
  ["consensus driver", "node/consensus-driver.ts", /class \w*ConsensusDriver\b/],
  ["double-sign guard", "node/double-sign-guard.ts", /class \w*(SignGuard|Guard)\b/],
  ["mempool", "mempool/mempool.ts", /class \w*Mempool\b/],
  ["node", "node/node.ts", /class (Full|Validator|Virtual|Simulated)?Node\b/],
];

describe("the simulator runs the production node", () => {
  for (const [part, home, ofThatKind] of ONLY_ONE) {
    it(`there is one ${part}, and it is ${home}`, () => {
      const found = [...sources].filter(([, text]) => ofThatKind.test(text)).map(([file]) => file);
      expect(found).toEqual([home]);
    });
  }

  it("the simulated world starts node/node.ts with nothing of it replaced but the ports", () => {
    const world = sources.get("simulator/world.ts") ?? "";
    expect(world).toMatch(/import \{ Node \} from "\.\.\/node\/node\.ts"/);
    expect(world).toMatch(/new Node\(/);
  });

  it("no file of the simulator steps a machine, executes a block or writes a store by itself", () => {
    const own = [...sources].filter(([file]) => file.startsWith("simulator/"));
    expect(own.length).toBeGreaterThan(5);
    for (const [file, text] of own) {
      // The reference chain executes blocks to judge what nodes made of them; it is part of none.
      const forbidden = /\.step\(|ConsensusMachine|BlockExecutor|new EventLoop|new ChainStore/;
      expect(text, file).not.toMatch(forbidden);
      if (file !== "simulator/reference-chain.ts") expect(text, file).not.toMatch(/executeBlock/);
    }
  });
});
