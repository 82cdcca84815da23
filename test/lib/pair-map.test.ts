import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PairMap, RecentPairMap } from "../../src/lib/pair-map.ts";

const kind = fc.constantFrom("note", "party", "offer");
const id = fc.nat({ max: 6 }).map(String);
const command = fc.record({ what: fc.constantFrom("set" as const, "get" as const, "delete" as const), kind, id });

describe("a map by kind and id", () => {
  it("is a map by both, also where one id is of several kinds", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const map = new PairMap<number>();
        const model = new Map<string, number>();
        for (const [at, { what, kind, id }] of commands.entries()) {
          const name = `${kind}/${id}`;
          if (what === "set") {
            map.set(kind, id, at);
            model.set(name, at);
          } else if (what === "delete") {
            map.delete(kind, id);
            model.delete(name);
          }
          expect(map.get(kind, id)).toBe(model.get(name));
          expect(map.size).toBe(model.size);
        }
        for (const [name, value] of model) expect(map.get(...(name.split("/") as [string, string]))).toBe(value);
      }),
    );
  });

  it("of what was used lately never answers what is not the newest value, nor forgets the more recent half", () => {
    const max = 8;
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const map = new RecentPairMap<number>(max);
        /** Least recently used first. */
        const model = new Map<string, number>();
        for (const [at, { what, kind, id }] of commands.entries()) {
          const name = `${kind}/${id}`;
          if (what === "delete") {
            map.delete(kind, id);
            model.delete(name);
            continue;
          }
          if (what === "set") map.set(kind, id, at);
          const newest = what === "set" ? at : model.get(name);
          const answer = map.get(kind, id);
          if (answer !== undefined) expect(answer).toBe(newest);
          if (what === "set" || [...model.keys()].slice(-max / 2).includes(name)) expect(answer).toBe(newest);
          if (answer === undefined) continue;
          model.delete(name);
          model.set(name, answer);
        }
      }),
    );
  });
});
