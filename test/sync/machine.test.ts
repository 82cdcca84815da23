import { describe, expect, it } from "vitest";
import { type SyncEffect, type SyncInput, SyncMachine } from "../../src/sync/machine.ts";
import { LIMITS } from "../../src/types/limits.ts";

type Input = SyncInput<string, string>;
type Effect = SyncEffect<string, string>;

const COUNT = LIMITS.syncBlocksPerRequestMax;

function range(from: number, count: number, name = "block", bytes = 100) {
  return Array.from({ length: count }, (_, index) => ({ block: `${name} ${from + index}`, bytes }));
}

/** A machine whose checks all pass at once, unless the block's name begins with "bad"; applying is the test's to answer. */
function driven(height = 0) {
  const machine = new SyncMachine<string, string>(height);
  const step = (input: Input): readonly Effect[] => {
    const effects = [...machine.step(input)];
    for (let at = 0; at < effects.length; at++) {
      const effect = effects[at] as Effect;
      if (effect.kind !== "check") continue;
      const { peer, height: checked, block } = effect;
      effects.push(...machine.step({ kind: "checked", peer, height: checked, block: block.startsWith("bad") ? null : block }));
    }
    return effects;
  };
  const requests = (effects: readonly Effect[]) => effects.filter((effect) => effect.kind === "request");
  const applied = (effects: readonly Effect[]) => effects.flatMap((effect) => (effect.kind === "apply" ? [effect.block] : []));
  return { machine, step, requests, applied };
}

describe("catching up", () => {
  it("asks several peers at once for ranges that follow each other, and applies in order whoever answers first", () => {
    const { step, requests, applied } = driven();
    const asked = ["a", "b", "c"].flatMap((peer) => requests(step({ kind: "shown", peer, height: 1_000 })));
    expect(asked).toEqual([
      { kind: "request", peer: "a", from: 1, count: COUNT },
      { kind: "request", peer: "b", from: 1 + COUNT, count: COUNT },
      { kind: "request", peer: "c", from: 1 + 2 * COUNT, count: COUNT },
    ]);
    expect(applied(step({ kind: "answer", peer: "b", from: 1 + COUNT, blocks: range(1 + COUNT, COUNT) }))).toEqual([]);
    expect(applied(step({ kind: "answer", peer: "a", from: 1, blocks: range(1, COUNT) }))).toEqual(["block 1"]);
    for (let height = 1; height < 2 * COUNT; height++)
      expect(applied(step({ kind: "applied", height }))).toEqual([`block ${height + 1}`]);
  });

  it("checks ahead of the block being applied, but not everything at once, and goes on when half of that is used up", () => {
    const machine = new SyncMachine<string, string>(0);
    machine.step({ kind: "shown", peer: "a", height: 1_000 });
    const heights = (effects: readonly Effect[]) => effects.flatMap((effect) => (effect.kind === "check" ? [effect.height] : []));
    const first = heights(machine.step({ kind: "answer", peer: "a", from: 1, blocks: range(1, COUNT) }));
    const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    expect(first).toEqual(upTo(1, LIMITS.syncCheckAheadMax));
    const half = LIMITS.syncCheckAheadMax / 2;
    for (let height = 1; height <= half + 1; height++) {
      machine.step({ kind: "checked", peer: "a", height, block: `block ${height}` });
      const taken = heights(machine.step({ kind: "applied", height }));
      expect(taken).toEqual(height <= half ? [] : upTo(LIMITS.syncCheckAheadMax + 1, LIMITS.syncCheckAheadMax + height));
    }
  });

  it("checks what is next in turn however much behind it is checked, when another peer must give it", () => {
    const machine = new SyncMachine<string, string>(0);
    const heights = (effects: readonly Effect[]) => effects.flatMap((effect) => (effect.kind === "check" ? [effect.height] : []));
    machine.step({ kind: "shown", peer: "a", height: 1 });
    machine.step({ kind: "shown", peer: "b", height: 1_000 });
    expect(heights(machine.step({ kind: "answer", peer: "a", from: 1, blocks: range(1, 1) }))).toEqual([1]);
    machine.step({ kind: "answer", peer: "b", from: 2, blocks: range(2, COUNT) });
    machine.step({ kind: "checked", peer: "a", height: 1, block: null });
    const asked = machine.step({ kind: "answer", peer: "b", from: 2 + COUNT, blocks: range(2 + COUNT, COUNT) });
    expect(asked).toContainEqual({ kind: "request", peer: "b", from: 1, count: 1 });
    expect(heights(machine.step({ kind: "answer", peer: "b", from: 1, blocks: range(1, 1) }))).toEqual([1]);
  });

  it("keeps asking for one window beyond what is applied, and no more: whole ranges, not a block whenever one was applied", () => {
    const { step, requests } = driven();
    step({ kind: "shown", peer: "a", height: 100_000 });
    let last = 0;
    for (let from = 1; ; from += COUNT) {
      const [next] = requests(step({ kind: "answer", peer: "a", from, blocks: range(from, COUNT) }));
      if (next === undefined) break;
      last = next.from + next.count - 1;
    }
    expect(last).toBe(3 * COUNT);
    expect(requests(step({ kind: "applied", height: 1 }))).toEqual([
      { kind: "request", peer: "a", from: last + 1, count: COUNT },
    ]);
    step({ kind: "answer", peer: "a", from: last + 1, blocks: range(last + 1, COUNT) });
    for (let height = 2; height <= COUNT; height++) expect(requests(step({ kind: "applied", height }))).toEqual([]);
    expect(requests(step({ kind: "applied", height: COUNT + 1 }))).toHaveLength(1);
  });

  it("asks for no more while the bytes at hand are at their bound, except for what everything waits for", () => {
    const { step, requests } = driven();
    step({ kind: "shown", peer: "a", height: 1_000 });
    step({ kind: "shown", peer: "b", height: 1_000 });
    const full = LIMITS.syncBytesAheadMax;
    expect(requests(step({ kind: "answer", peer: "b", from: 1 + COUNT, blocks: range(1 + COUNT, 1, "block", full) }))).toEqual([
      { kind: "request", peer: "b", from: 1, count: COUNT },
    ]);
    expect(requests(step({ kind: "answer", peer: "b", from: 1, blocks: range(1, 2) }))).toEqual([]);
  });

  it("passes over a peer whose block does not check, drops all it sent, and fetches that elsewhere", () => {
    const { step, requests, applied } = driven();
    step({ kind: "shown", peer: "a", height: 2 * COUNT });
    step({ kind: "shown", peer: "b", height: 2 * COUNT });
    const lied = step({ kind: "answer", peer: "a", from: 1, blocks: [...range(1, 1), ...range(2, 1, "bad")] });
    expect(lied).toContainEqual({ kind: "penalise", peer: "a", reason: "sent a block that does not check" });
    const [asked] = requests(step({ kind: "answer", peer: "b", from: 1 + COUNT, blocks: range(1 + COUNT, COUNT) }));
    expect(asked).toMatchObject({ peer: "b", from: 1 });
    step({ kind: "applied", height: 1 });
    expect(applied(step({ kind: "answer", peer: "b", from: 1, blocks: range(1, COUNT, "true") }))).toEqual(["true 2"]);
  });

  it("finds a lie ahead of the liar's turn", () => {
    const { step } = driven();
    step({ kind: "shown", peer: "a", height: 1_000 });
    step({ kind: "shown", peer: "b", height: 1_000 });
    const early = step({ kind: "answer", peer: "b", from: 1 + COUNT, blocks: range(1 + COUNT, 1, "bad") });
    expect(early).not.toContainEqual({ kind: "penalise", peer: "b", reason: "sent a block that does not check" });
    // The blocks before it came, so that it is among those that are checked ahead.
    step({ kind: "answer", peer: "a", from: 1, blocks: range(1, COUNT) });
    const effects: Effect[] = [];
    for (let height = 1; height <= COUNT - 10; height++) effects.push(...step({ kind: "applied", height }));
    expect(effects).toContainEqual({ kind: "penalise", peer: "b", reason: "sent a block that does not check" });
  });

  it("asks who is quick for what a dawdler was asked for, and leaves the dawdler alone after that", () => {
    const { step, requests, applied } = driven();
    step({ kind: "shown", peer: "slow", height: 10 * COUNT });
    step({ kind: "shown", peer: "quick", height: 10 * COUNT });
    const [hedge] = requests(step({ kind: "answer", peer: "quick", from: 1 + COUNT, blocks: range(1 + COUNT, COUNT) }));
    expect(hedge).toEqual({ kind: "request", peer: "quick", from: 1, count: COUNT });
    expect(applied(step({ kind: "answer", peer: "quick", from: 1, blocks: range(1, COUNT) }))).toEqual(["block 1"]);
    const late = step({ kind: "answer", peer: "slow", from: 1, blocks: range(1, COUNT, "late") });
    expect(requests(late).filter(({ peer }) => peer === "slow")).toEqual([]);
  });

  it("tries everybody again when all have failed, although later blocks are at hand already", () => {
    const { step } = driven();
    step({ kind: "shown", peer: "a", height: 1 });
    step({ kind: "shown", peer: "b", height: 2 });
    step({ kind: "answer", peer: "b", from: 2, blocks: range(2, 1) });
    step({ kind: "answer", peer: "a", from: 1, blocks: null });
    const stuck = step({ kind: "answer", peer: "b", from: 1, blocks: null });
    expect(stuck).toContainEqual({ kind: "retryLater" });
    expect(step({ kind: "shown", peer: "b", height: 2 })).not.toContainEqual({ kind: "retryLater" });
    expect(step({ kind: "retry" })).toContainEqual({ kind: "request", peer: "a", from: 1, count: 1 });
    expect(step({ kind: "answer", peer: "a", from: 1, blocks: range(1, 1) })).toContainEqual({
      kind: "apply",
      height: 1,
      block: "block 1",
    });
  });

  it("fetches from others what a peer no longer keeps, and from that peer what it does", () => {
    const { step, requests } = driven(9);
    const [first] = requests(step({ kind: "shown", peer: "a", height: 200 }));
    expect(first).toMatchObject({ peer: "a", from: 10 });
    expect(step({ kind: "pruned", peer: "a", from: 10, base: 101 })).toContainEqual({
      kind: "request",
      peer: "a",
      from: 101,
      count: COUNT,
    });
    expect(requests(step({ kind: "shown", peer: "b", height: 200 }))).toEqual([
      { kind: "request", peer: "b", from: 10, count: COUNT },
    ]);
  });

  it("says so once when nobody keeps what follows any more, and goes on when somebody comes who does", () => {
    const { machine, step, requests, applied } = driven(9);
    step({ kind: "shown", peer: "a", height: 50 });
    step({ kind: "shown", peer: "b", height: 50 });
    step({ kind: "pruned", peer: "a", from: 10, base: 30 });
    expect(machine.cutOffAt).toBeNull();
    // The rest of both, which leads to nothing as long as the blocks between are missing.
    const asked = requests(step({ kind: "pruned", peer: "b", from: 10, base: 20 }));
    const effects = ["a", "b"].flatMap((peer) => {
      const from = peer === "a" ? 30 : 20;
      return step({ kind: "answer", peer, from, blocks: range(from, peer === "a" ? 21 : 10) });
    });
    expect([...asked, ...effects].filter(({ kind }) => kind === "cutOff")).toEqual([{ kind: "cutOff", height: 9, base: 20 }]);
    expect(machine.cutOffAt).toBe(9);
    expect(step({ kind: "retry" }).filter(({ kind }) => kind === "cutOff")).toEqual([]);
    expect(requests(step({ kind: "shown", peer: "c", height: 50 }))).toEqual([
      { kind: "request", peer: "c", from: 10, count: 10 },
    ]);
    expect(applied(step({ kind: "answer", peer: "c", from: 10, blocks: range(10, 10) }))).toEqual(["block 10"]);
    step({ kind: "applied", height: 10 });
    expect(machine.cutOffAt).toBeNull();
  });

  it("takes a base that is no reason to refuse for a refusal", () => {
    const { step, requests } = driven(9);
    step({ kind: "shown", peer: "a", height: 50 });
    expect(requests(step({ kind: "pruned", peer: "a", from: 10, base: 10 }))).toEqual([]);
    expect(requests(step({ kind: "retry" }))).toMatchObject([{ peer: "a", from: 10 }]);
  });

  it("asks whoever claims a height for blocks, but is behind only when a commit was shown", () => {
    const { machine, step, requests } = driven();
    expect(requests(step({ kind: "claimed", peer: "a", height: 5 }))).toEqual([
      { kind: "request", peer: "a", from: 1, count: 5 },
    ]);
    expect(machine.behind).toBe(false);
    step({ kind: "answer", peer: "a", from: 1, blocks: range(1, 5) });
    step({ kind: "shown", peer: "a", height: 5 });
    expect(machine.behind).toBe(true);
    const empty = driven();
    empty.step({ kind: "claimed", peer: "liar", height: 5 });
    empty.step({ kind: "answer", peer: "liar", from: 1, blocks: null });
    expect(empty.step({ kind: "retry" })).toEqual([]);
  });

  it("says so once when nothing shown is above it any more", () => {
    const { machine, step } = driven();
    step({ kind: "shown", peer: "a", height: 1 });
    step({ kind: "answer", peer: "a", from: 1, blocks: range(1, 1) });
    expect(step({ kind: "applied", height: 1 })).toContainEqual({ kind: "caughtUp" });
    expect(machine.behind).toBe(false);
    expect(step({ kind: "applied", height: 2 })).toEqual([]);
  });
});
