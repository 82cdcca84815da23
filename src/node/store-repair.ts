import type { Kind } from "../ledger/kinds.ts";
import { concatBytes, toHex } from "../lib/bytes.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import { keyHashOf, valueHashOf } from "../state/node-hash.ts";
import { rootOf } from "../state/subtree.ts";
import { TreeBuild } from "../state/tree-build.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height } from "../types/scalars.ts";
import { isPageKey, isSharedKey, pageKey } from "./chain-keys.ts";
import type { ChainStore } from "./chain-store.ts";
import { IndexRebuild } from "./index-rebuild.ts";
import { encodingOf, readStoredObject } from "./object-store.ts";
import type { StoreReport } from "./store-check.ts";
import { allObjectsOfAllKinds, isHistoryKey, isObjectKey, splitKey, stateKeyOf } from "./store-keys.ts";

/** Where rows may be had: a backup, or a peer. Nobody is believed: what came of it is checked against the roots again. */
export interface RowSource {
  readonly name: string;
  /** As it was when the chain had this height; undefined if it is not there. */
  row(height: Height, key: Uint8Array): Promise<Uint8Array | undefined>;
}

interface RepairModules {
  readonly chain: ChainStore;
  readonly store: Store;
  /** Records whose checksum is wrong: nothing can be read past them. */
  readonly damaged: readonly Uint8Array[];
  readonly sources: readonly RowSource[];
  readonly hasher: Hasher;
  /** Looks at all of the store. */
  readonly check: () => Promise<StoreReport>;
}

export interface RepairReport {
  readonly height: Height;
  /** Rows that were fetched, by where from. */
  readonly fetched: Readonly<Record<string, number>>;
  readonly pagesMade: number;
  readonly indicesMade: boolean;
  /** What is wrong all the same. */
  readonly faults: readonly string[];
}

/** A block whose rows are all gone tells its transactions only once it is there again, and its place in the tree once that is. */
const ROUNDS_PER_SOURCE = 3;

/**
 * Mends a store at rest, and fetches only what is bad: rows that are the same on every node, from whoever has them; pages of the state tree,
 * indices and totals from the objects.
 */
export class StoreRepair {
  readonly #m: RepairModules;
  readonly #fetched = new Map<string, number>();
  readonly #mended = new Set<string>();
  #pagesMade = 0;

  constructor(modules: RepairModules) {
    this.#m = modules;
  }

  async run(): Promise<RepairReport> {
    const { damaged, sources, check } = this.#m;
    for (const source of sources)
      await this.#fetch(
        source,
        damaged.filter((key) => !this.#isMended(key)),
      );
    // What nobody has is gone: it would be in the way of all that is sound behind it.
    await this.#write(damaged.filter((key) => !this.#isMended(key)).map((key) => ({ key, value: null })));
    if (damaged.some(isPageKey)) await this.#makePages();
    let report = await check();
    // Without sources, too: what the objects tell needs nobody.
    if (report.bad.some(isPageKey)) {
      await this.#makePages();
      report = await check();
    }
    for (const source of sources) {
      for (let round = 0; round < ROUNDS_PER_SOURCE && report.bad.length > 0; round++) {
        await this.#fetch(source, report.bad);
        if (report.bad.some(isPageKey)) await this.#makePages();
        report = await check();
      }
    }
    const indicesMade = report.isDerivedOnly;
    if (indicesMade) {
      await new IndexRebuild({ store: this.#m.store, pause: () => Promise.resolve() }).run();
      report = await check();
    }
    return {
      height: this.#m.chain.head.height,
      fetched: Object.fromEntries(this.#fetched),
      pagesMade: this.#pagesMade,
      indicesMade,
      faults: report.faults,
    };
  }

  #isMended(key: Uint8Array): boolean {
    return this.#mended.has(toHex(key));
  }

  async #fetch(source: RowSource, keys: readonly Uint8Array[]): Promise<void> {
    const { height } = this.#m.chain.head;
    for (const key of keys) {
      if (!isSharedKey(key) && !isHistoryKey(key) && !isObjectKey(key)) continue;
      const value = await source.row(height, key).catch(() => undefined);
      if (value === undefined || !isReadable(key, value)) continue;
      await this.#write([{ key, value }]);
      this.#mended.add(toHex(key));
      this.#fetched.set(source.name, (this.#fetched.get(source.name) ?? 0) + 1);
    }
  }

  /** All pages, from the objects; none if those have not the root of the last block. */
  async #makePages(): Promise<void> {
    const { store, chain, hasher } = this.#m;
    const build = new TreeBuild(hasher);
    const { to, ...range } = allObjectsOfAllKinds();
    for (let { from } = range; ; ) {
      const entries = await store.range({ from, to, limit: LIMITS.auditSliceObjects });
      for (const { key, value } of entries)
        build.set({ keyHash: keyHashOf(stateKeyOf(key), hasher), valueHash: valueHashOf(encodingOf(value), hasher) });
      const last = entries.at(-1);
      if (last === undefined) break;
      from = concatBytes(last.key, Uint8Array.of(0));
    }
    const writes: StoreWrite[] = [];
    let root: Hash | null = null;
    for (const part of build.parts()) {
      for (const [path, page] of part.pages) writes.push({ key: pageKey(path), value: page.encode() });
      root = rootOf(part);
    }
    if (root !== chain.head.stateRoot) return;
    for (let at = 0; at < writes.length; at += LIMITS.rebuildSliceEntries)
      await this.#write(writes.slice(at, at + LIMITS.rebuildSliceEntries));
    this.#pagesMade += writes.length;
  }

  #write(batch: readonly StoreWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (batch.length === 0) resolve();
      else this.#m.store.write(batch, (fault) => (fault === null ? resolve() : reject(fault)));
    });
  }
}

/** What a source sends must at least have the form of an object; anything else the check of the blocks decodes. */
function isReadable(key: Uint8Array, value: Uint8Array): boolean {
  if (!isObjectKey(key)) return true;
  try {
    readStoredObject(splitKey(key, 1).texts[0] as Kind, value);
    return true;
  } catch {
    return false;
  }
}
