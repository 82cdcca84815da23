import { describe, expect, it } from "vitest";
import { PeerClocks } from "../../src/node/peer-clocks.ts";
import type { PublicKey } from "../../src/types/scalars.ts";

describe("the clocks of the peers", () => {
  const peer = (name: string): PublicKey => name as PublicKey;

  it("say nothing while there is no peer", () => {
    const clocks = new PeerClocks();
    expect(clocks.aheadMs()).toBe(0);
    clocks.onTime(peer("a"), 5_000, 1_000);
    expect(clocks.aheadMs()).toBe(-4_000);
    clocks.onGone(peer("a"));
    expect(clocks.aheadMs()).toBe(0);
  });

  it("are taken by their median, which one liar does not move", () => {
    const clocks = new PeerClocks();
    clocks.onTime(peer("a"), 1_000, 1_010);
    clocks.onTime(peer("b"), 1_000, 1_020);
    clocks.onTime(peer("liar"), 9_000_000, 1_000);
    expect(clocks.aheadMs()).toBe(10);
    clocks.onTime(peer("c"), 1_000, 1_030);
    expect(clocks.aheadMs()).toBe(15);
  });

  it("count by what each last said", () => {
    const clocks = new PeerClocks();
    clocks.onTime(peer("a"), 0, 300_000);
    clocks.onTime(peer("a"), 300_000, 300_005);
    expect(clocks.aheadMs()).toBe(5);
  });
});
