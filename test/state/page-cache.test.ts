import { describe, expect, it } from "vitest";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { Prng } from "../../src/lib/prng.ts";
import { leafNode } from "../../src/state/node-hash.ts";
import { Page } from "../../src/state/page.ts";
import { PageCache } from "../../src/state/page-cache.ts";
import { ALL_CHILDREN } from "../../src/state/page-shape.ts";

/** The least that a cache takes. */
const CHUNK_BYTES = 256 * 1024;

/** Two leaves to sixteen: between 300 bytes and 2 KB in memory. */
function randomPage(random: Prng): Page {
  const children = Array.from({ length: 16 }, (_, nibble) => {
    if (nibble >= 2 && random.below(3) === 0) return null;
    const hash = () => Uint8Array.from({ length: 32 }, () => random.below(256));
    return leafNode({ keyHash: hash(), valueHash: hash() }, nativeHasher);
  });
  return Page.of(children.slice(0, 2 + random.below(15)), nativeHasher);
}

/** Of the same children. */
function like(page: Page, random: Prng): Page {
  if (page.leaves === 0) return randomPage(random);
  const hash = () => Uint8Array.from({ length: 32 }, () => random.below(256));
  const children = Array.from({ length: 16 }, (_, nibble) =>
    (page.leaves >> nibble) & 1 ? leafNode({ keyHash: hash(), valueHash: hash() }, nativeHasher) : null,
  );
  return Page.of(children, nativeHasher);
}

const shown = (page: Page | undefined) =>
  page === undefined ? undefined : [toHex(page.encode()), toHex(page.top?.hash ?? new Uint8Array())];

/** Pages come, change and go at so many paths; answers how many of those that are there the cache still had in the end. */
function run(bytesMax: number, paths: readonly string[], steps: number) {
  const random = new Prng(7);
  const cache = new PageCache(bytesMax);
  const model = new Map<string, Page>();
  for (let step = 0; step < steps; step++) {
    const path = paths[random.below(paths.length)] as string;
    if (random.below(5) === 0) {
      cache.delete(path);
      model.delete(path);
    } else {
      const page = randomPage(random);
      cache.set(path, page);
      model.set(path, page);
    }
    const looked = paths[random.below(paths.length)] as string;
    const found = cache.get(looked);
    if (found !== undefined) expect(shown(found)).toEqual(shown(model.get(looked)));
  }
  let kept = 0;
  for (const path of paths) {
    const found = cache.get(path);
    if (found === undefined) continue;
    expect(shown(found)).toEqual(shown(model.get(path)));
    kept += 1;
  }
  return { kept, there: model.size };
}

/** Of one to eight nibbles and a number, so that some lie above others. */
function pathsOf(count: number): readonly string[] {
  const random = new Prng(5);
  const prefix = () => random.next().toString(16).padStart(8, "0").slice(random.below(8));
  return [...new Set(Array.from({ length: count }, (_, index) => prefix() + index.toString(16)))];
}

describe("the cache of pages", () => {
  it("has every page as it was last given, however often pages change their size, while all fit", () => {
    const { kept, there } = run(CHUNK_BYTES, pathsOf(120), 3_000);
    expect(there).toBeGreaterThan(80);
    expect(kept).toBe(there);
  });

  it("forgets pages when there are too many, and never answers an older one or one that is gone", () => {
    const { kept, there } = run(3 * CHUNK_BYTES, pathsOf(3_000), 8_000);
    expect(there).toBeGreaterThan(1_500);
    expect(kept).toBeGreaterThan(200);
    expect(kept).toBeLessThan(there);
  });

  it("puts a page over the one before only where that still stands, whatever moved, went or was forgotten in between", () => {
    for (const { bytes, count, isRoomy } of [
      { bytes: CHUNK_BYTES, count: 90, isRoomy: true },
      { bytes: 2 * CHUNK_BYTES, count: 700, isRoomy: false },
    ]) {
      const random = new Prng(11);
      const cache = new PageCache(bytes);
      const paths = pathsOf(count);
      const pages = Array.from({ length: 200 }, () => randomPage(random));
      const anyPage = () => pages[random.below(pages.length)] as Page;
      const model = new Map<string, Page>();
      const check = (path: string): void => {
        const found = cache.get(path);
        if (isRoomy || found !== undefined) expect(shown(found)).toEqual(shown(model.get(path)));
      };
      let over = 0;
      for (let step = 0; step < 250; step++) {
        const changing = new Set(Array.from({ length: 12 }, () => paths[random.below(count)] as string));
        const updates = [...changing].map((path) => {
          const before = cache.get(path) ?? Page.empty;
          const after = random.below(6) === 0 ? null : random.below(2) === 0 ? anyPage() : like(before, random);
          return { path, undo: null, before, after, changed: ALL_CHILDREN };
        });
        // Enough at times for the ring to come round.
        for (let others = random.below(3) * random.below(300); others > 0; others--) {
          const path = paths[random.below(count)] as string;
          const page = anyPage();
          if (random.below(8) === 0) {
            cache.delete(path);
            model.delete(path);
          } else if (!changing.has(path)) {
            cache.set(path, page);
            model.set(path, page);
          }
        }
        cache.adopt(updates);
        for (const { path, before, after } of updates) {
          if (after === null) model.delete(path);
          else model.set(path, after);
          const now = cache.get(path);
          if (now?.memory === before.memory && now.at === before.at) over += 1;
        }
        for (const path of changing) check(path);
      }
      for (const path of paths) check(path);
      expect(over).toBeGreaterThan(150);
    }
  });

  it("tells a path from those above and below it, and keeps none that is deeper than any will be", () => {
    const cache = new PageCache(CHUNK_BYTES);
    const random = new Prng(9);
    const paths = ["", "0", "00", "f", "00000000", "000000000", "00000000000f", "ffffffffffff"];
    const pages = paths.map(() => randomPage(random));
    for (const [index, path] of paths.entries()) cache.set(path, pages[index] as Page);
    for (const [index, path] of paths.entries()) expect(shown(cache.get(path))).toEqual(shown(pages[index]));
    cache.set("0000000000000", pages[0] as Page);
    expect(cache.get("0000000000000")).toBeUndefined();
  });
});
