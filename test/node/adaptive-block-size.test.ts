import { describe, expect, it } from "vitest";
import { AdaptiveBlockSize } from "../../src/node/adaptive-block-size.ts";

/** Full blocks, one after the other, each transaction at this cost. */
function settle(size: AdaptiveBlockSize, costMs: number, blocks = 30): AdaptiveBlockSize {
  for (let index = 0; index < blocks; index++) size.measured(size.count, size.count * costMs);
  return size;
}

describe("the size of blocks that a node proposes", () => {
  it("is what takes 120 ms at the cost of a transaction, whatever that is", () => {
    for (const [costMs, count] of [
      [0.1, 1_200],
      [0.4, 300],
      [1, 120],
    ] as const) {
      const settled = settle(new AdaptiveBlockSize(10_000), costMs).count;
      expect(Math.abs(settled - count)).toBeLessThan(0.05 * count);
    }
  });

  it("never leaves its bounds", () => {
    expect(settle(new AdaptiveBlockSize(10_000), 50).count).toBe(50);
    expect(settle(new AdaptiveBlockSize(700), 0.001).count).toBe(700);
    expect(settle(new AdaptiveBlockSize(10_000), 0).count).toBe(10_000);
  });

  it("shrinks within a few blocks when transactions become dear", () => {
    const size = settle(new AdaptiveBlockSize(10_000), 0.1);
    expect(settle(size, 1, 6).count).toBeLessThan(200);
  });

  it("is not made small for long by one stall of the machine", () => {
    const size = settle(new AdaptiveBlockSize(10_000), 0.4);
    size.measured(60, 500);
    expect(size.count).toBeGreaterThan(100);
    expect(settle(size, 0.4, 8).count).toBeGreaterThan(250);
  });

  it("learns nothing from small blocks, whose own cost is most of theirs, unless they take too long", () => {
    const size = settle(new AdaptiveBlockSize(10_000), 0.4);
    const before = size.count;
    for (let index = 0; index < 1_000; index++) size.measured(1, 15);
    expect(size.count).toBe(before);
    for (let index = 0; index < 20; index++) size.measured(20, 200);
    expect(size.count).toBe(50);
  });
});
