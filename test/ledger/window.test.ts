import fc from "fast-check";
import { expect, it } from "vitest";
import { usedIdsSinceMs, usedIdUntilMs, windowBefore } from "../../src/ledger/governance/window.ts";
import type { ObjectOf } from "../../src/ledger/objects.ts";
import type { ObjectView } from "../../src/state/view.ts";
import type { ChainParams } from "../../src/types/genesis.ts";
import { testGenesis } from "./support/alliance.ts";

type Param = ObjectOf<"param">;

const { params } = testGenesis().genesis;
const windowed = (txWindowMs: number): ChainParams => ({ ...params, txWindowMs });
const viewOf = (param: Param): ObjectView => ({ get: () => param });

/** What the members vote for with a block: most blocks change nothing. */
const blocks = fc.array(
  fc.record({ laterMs: fc.integer({ min: 1, max: 40 }), window: fc.option(fc.integer({ min: 1, max: 100 }), { freq: 3 }) }),
  { minLength: 1, maxLength: 40 },
);

it("whatever windows the members vote for, whoever goes by the state forgets no transaction that could come once more", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), blocks, (first, chain) => {
      let param = { values: windowed(first) } as Param;
      let timeMs = 1_000;
      const taken: { readonly timeMs: number; readonly notAfter: number }[] = [];
      for (const { laterMs, window } of chain) {
        timeMs += laterMs;
        // The latest that the window lets a transaction in this block last.
        taken.push({ timeMs, notAfter: timeMs + param.values.txWindowMs });
        const values = windowed(window ?? param.values.txWindowMs);
        const before = windowBefore(param, values, timeMs);
        param = { values, ...(before === undefined ? {} : { before }) } as Param;
        const view = viewOf(param);
        for (const each of taken) {
          if (each.notAfter <= timeMs) continue;
          expect(usedIdsSinceMs(view, timeMs)).toBeLessThanOrEqual(each.timeMs);
          expect(usedIdUntilMs(view, each.timeMs)).toBeGreaterThanOrEqual(each.notAfter);
        }
      }
    }),
  );
});

it("a window that was made longer asks for no blocks that were out of the one before", () => {
  const before = { txWindowMs: 10, lastMs: 1_000 };
  const view = viewOf({ values: windowed(100), before } as Param);
  const sinceMs = (nowMs: number) => usedIdsSinceMs(view, nowMs);
  expect([1_000, 1_010, 1_011, 1_101, 1_200].map(sinceMs)).toEqual([990, 1_000, 1_001, 1_001, 1_100]);
  expect([990, 1_000, 1_001].map((takenMs) => usedIdUntilMs(view, takenMs))).toEqual([1_000, 1_010, 1_101]);
});
