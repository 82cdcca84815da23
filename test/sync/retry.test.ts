import { describe, expect, it } from "vitest";
import { SyncMachine } from "../../src/sync/machine.ts";

describe("catching up when every peer has failed once", () => {
  it("tries them again although later blocks are at hand already", () => {
    const machine = new SyncMachine<string>(0);
    machine.step({ kind: "shown", peer: "a", height: 1 });
    machine.step({ kind: "shown", peer: "b", height: 2 });
    machine.step({ kind: "answer", peer: "b", from: 2, blocks: ["second"] });
    machine.step({ kind: "answer", peer: "a", from: 1, blocks: null });
    const stuck = machine.step({ kind: "answer", peer: "b", from: 1, blocks: null });
    expect(stuck).toContainEqual({ kind: "retryLater" });
    expect(machine.step({ kind: "shown", peer: "b", height: 2 })).not.toContainEqual({ kind: "retryLater" });
    const again = machine.step({ kind: "retry" });
    expect(again).toContainEqual({ kind: "request", peer: "a", from: 1, count: 1 });
    expect(machine.step({ kind: "answer", peer: "a", from: 1, blocks: ["first"] })).toContainEqual({
      kind: "apply",
      height: 1,
      block: "first",
    });
  });
});
