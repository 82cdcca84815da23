import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecentMap } from "../../src/lib/recent-map.ts";

const MAX = 8;

describe("a map of what was used lately", () => {
  it("never answers what is not the newest value, and has the more recent half for sure", () => {
    const key = fc.nat({ max: 20 });
    const command = fc.oneof(
      fc.record({ kind: fc.constant("set" as const), key }),
      fc.record({ kind: fc.constant("get" as const), key }),
      fc.record({ kind: fc.constant("delete" as const), key }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const map = new RecentMap<number, number>(MAX);
        /** Least recently used first. */
        const model = new Map<number, number>();
        for (const [at, { kind, key }] of commands.entries()) {
          const known = model.get(key);
          if (kind === "delete") {
            map.delete(key);
            model.delete(key);
            continue;
          }
          if (kind === "set") map.set(key, at);
          const answer = map.get(key);
          const newest = kind === "set" ? at : known;
          if (answer !== undefined) expect(answer).toBe(newest);
          if (kind === "set") expect(answer).toBe(at);
          else if ([...model.keys()].slice(-MAX / 2).includes(key)) expect(answer).toBe(known);
          if (answer !== undefined) {
            model.delete(key);
            model.set(key, answer);
          }
        }
      }),
    );
  });
});
