import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { keyHashOf } from "../../src/state/node-hash.ts";
import { Page } from "../../src/state/page.ts";
import { PageBefore } from "../../src/state/page-undo.ts";
import { pageWrites, StateTree, type TreeChange } from "../../src/state/tree.ts";

type Stored = ReadonlyMap<string, string>;

const key = (number: number) => keyHashOf(Uint8Array.of(number), nativeHasher);

/** Changes of a block, by number of the key: a value, or null for a key that goes. */
const block = fc.dictionary(fc.nat({ max: 60 }).map(String), fc.option(fc.nat({ max: 255 })), { minKeys: 1, maxKeys: 25 });

/** What the pages are after each block, and by path what each block put aside, the oldest first. */
function grown(blocks: readonly Readonly<Record<string, number | null>>[]) {
  const pages = new Map<string, Uint8Array>();
  const tree = new StateTree({ page: (path) => pages.get(path) }, nativeHasher);
  const undos = new Map<string, { readonly height: number; readonly undo: Uint8Array }[]>();
  const states: Stored[] = [new Map()];
  for (const [index, changed] of blocks.entries()) {
    const height = index + 1;
    const changes = Object.entries(changed).map(
      ([name, value]): TreeChange => ({
        keyHash: key(Number(name)),
        valueHash: value === null ? null : new Uint8Array(32).fill(value),
      }),
    );
    const update = tree.update(changes, height);
    for (const { path, undo } of update.pages) {
      const own = undos.get(path) ?? [];
      undos.set(path, own);
      own.push({ height, undo: (undo as Uint8Array).slice() });
    }
    for (const { path, bytes } of pageWrites(update)) {
      if (bytes === null) pages.delete(path);
      else pages.set(path, bytes.slice());
    }
    tree.adopt(update);
    // The root page of an empty tree is stored, and is nothing.
    const there = [...pages].filter(([, bytes]) => Page.decode(bytes, nativeHasher).top !== null);
    states.push(new Map(there.map(([path, bytes]) => [path, toHex(bytes)])));
  }
  return { pages, undos, states };
}

describe("what pages were", () => {
  it("is told by the undos of every block since, of pages that change, come, go and come again", () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 40 }), (blocks) => {
        const { pages, undos, states } = grown(blocks);
        for (const [height, state] of states.entries()) {
          for (const [path, own] of undos) {
            const before = new PageBefore();
            for (const each of own) if (each.height > height) before.add(each.undo, nativeHasher);
            const newest = pages.get(path);
            const page = before.over(newest === undefined ? undefined : Page.decode(newest, nativeHasher), nativeHasher);
            expect(page === undefined ? undefined : toHex(page.encode()), `page ${path} after ${height}`).toBe(state.get(path));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
