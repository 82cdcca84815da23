import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { SideBySide } from "../../src/agents/side-by-side.ts";

/** Work that says when it begins, and ends when it is told to. */
function gate() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => (): Promise<void> => {
    begun.push(name);
    return new Promise((end) => ends.set(name, end));
  };
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await turn();
  };
  return { begun, work, end };
}

describe("work side by side", () => {
  it("goes on at once for different keys, and in turn for the same", async () => {
    const { begun, work, end } = gate();
    const desk = new SideBySide(10);
    await desk.begin("a", work("a1"));
    await desk.begin("a", work("a2"));
    const { done } = await desk.begin("b", work("b1"));
    await turn();
    expect(begun).toEqual(["a1", "b1"]);
    await end("b1");
    await done;
    expect(begun).toEqual(["a1", "b1"]);
    await end("a1");
    expect(begun).toEqual(["a1", "b1", "a2"]);
  });

  it("waits for room, whatever the keys are", async () => {
    const { begun, work, end } = gate();
    const desk = new SideBySide(2);
    await desk.begin("a", work("a"));
    await desk.begin("b", work("b"));
    const third = desk.begin("c", work("c"));
    await turn();
    expect(begun).toEqual(["a", "b"]);
    await end("a");
    await third;
    await turn();
    expect(begun).toEqual(["a", "b", "c"]);
  });

  it("lets what comes after a failure under the same key fail with it, and nothing else; and then begins anew", async () => {
    const { begun, work } = gate();
    const desk = new SideBySide(10);
    const failed = await desk.begin("a", () => Promise.reject(new Error("no node answers")));
    const after = await desk.begin("a", work("a2"));
    await desk.begin("b", work("b1"));
    await expect(failed.done).rejects.toThrow("no node answers");
    await expect(after.done).rejects.toThrow("no node answers");
    await desk.begin("a", work("a3"));
    await turn();
    expect(begun).toEqual(["b1", "a3"]);
  });
});
