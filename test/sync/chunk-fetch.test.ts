import { describe, expect, it } from "vitest";
import { type ChunkEffect, ChunkFetch, type ChunkInput } from "../../src/sync/chunk-fetch.ts";

/** Runs until nothing is asked any more; `answer` is what each peer gives: right, wrong, or nothing. */
function fetchAll(count: number, peers: readonly string[], answer: (peer: string, chunk: number) => boolean | null) {
  const machine = new ChunkFetch(count);
  const seen: ChunkEffect[] = [];
  const queue: ChunkInput[] = peers.map((peer) => ({ kind: "source", peer }));
  for (let input = queue.shift(); input !== undefined && seen.length < 10_000; input = queue.shift()) {
    for (const effect of machine.step(input)) {
      seen.push(effect);
      if (effect.kind === "request") {
        const { peer, chunk } = effect;
        queue.push({ kind: "answer", peer, chunk, isRight: answer(peer, chunk) });
      }
      if (effect.kind === "retryLater" && seen.filter(({ kind }) => kind === "retryLater").length < 5)
        queue.push({ kind: "retry" });
    }
  }
  return { machine, seen, asked: (peer: string) => seen.filter((each) => each.kind === "request" && each.peer === peer).length };
}

describe("fetching chunks", () => {
  it("shares them among all who have them, each asked for once, and says once that all are there", () => {
    const { machine, seen, asked } = fetchAll(100, ["a", "b", "c"], () => true);
    const chunks = seen.flatMap((effect) => (effect.kind === "request" ? [effect.chunk] : []));
    expect([...chunks].sort((left, right) => left - right)).toEqual(Array.from({ length: 100 }, (_, chunk) => chunk));
    for (const peer of ["a", "b", "c"]) expect(asked(peer)).toBeGreaterThan(25);
    expect(machine.left).toBe(0);
    expect(seen.filter(({ kind }) => kind === "done")).toHaveLength(1);
  });

  it("fetches elsewhere at once what does not check, and asks the liar nothing more", () => {
    const { machine, seen, asked } = fetchAll(100, ["liar", "b"], (peer, chunk) => peer !== "liar" || chunk % 10 !== 4);
    expect(machine.left).toBe(0);
    expect(seen).toContainEqual({ kind: "penalise", peer: "liar", chunk: 4 });
    // Besides the lie, what came before it and the one request that was under way.
    expect(asked("liar")).toBeLessThan(10);
  });

  it("gives who did not answer another chance when nobody else is left, and liars none", () => {
    let failures = 3;
    const patient = fetchAll(5, ["slow"], () => (failures-- > 0 ? null : true));
    expect(patient.machine.left).toBe(0);
    const alone = fetchAll(5, ["liar"], () => false);
    expect(alone.machine.left).toBe(5);
    expect(alone.asked("liar")).toBeLessThanOrEqual(2);
    expect(alone.seen.filter(({ kind }) => kind === "retryLater").length).toBeGreaterThan(1);
  });

  it("asks for none that are here already", () => {
    const machine = new ChunkFetch(3, new Set([0, 2]));
    expect(machine.left).toBe(1);
    expect(machine.step({ kind: "source", peer: "a" })).toEqual([{ kind: "request", peer: "a", chunk: 1 }]);
    expect(machine.step({ kind: "answer", peer: "a", chunk: 1, isRight: true })).toEqual([{ kind: "done" }]);
    expect(new ChunkFetch(2, new Set([0, 1])).step({ kind: "source", peer: "a" })).toEqual([{ kind: "done" }]);
  });

  it("asks others for what was asked of a peer that is gone", () => {
    const machine = new ChunkFetch(3);
    machine.step({ kind: "source", peer: "a" });
    expect(machine.step({ kind: "source", peer: "b" })).toEqual([{ kind: "request", peer: "b", chunk: 2 }]);
    expect(machine.step({ kind: "gone", peer: "a" })).toEqual([{ kind: "request", peer: "b", chunk: 1 }]);
    expect(machine.step({ kind: "answer", peer: "a", chunk: 0, isRight: true })).toEqual([]);
    expect(machine.left).toBe(3);
  });
});
