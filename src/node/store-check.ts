import { concatBytes, toHex } from "../lib/bytes.ts";
import type { Check } from "../light/commit.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { StoreEntry, StoreSnapshot } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height } from "../types/scalars.ts";
import { blockKey, commitKey, pageKey, transactionKey } from "./chain-keys.ts";
import type { ChainStore } from "./chain-store.ts";
import { IndexAudit, type IndexReport } from "./index-audit.ts";
import { nameOfRow } from "./row-name.ts";
import type { AuditFinding, StoreAudit } from "./store-audit.ts";
import { allDerived, allHistory, allObjectsOfAllKinds, isDerivedKey, objectOfIndex, placeOfHistory } from "./store-keys.ts";

interface CheckModules {
  readonly chain: ChainStore;
  readonly audit: StoreAudit;
  readonly state: StoreSnapshot;
  readonly hasher: Hasher;
  readonly verify: (check: Check) => boolean;
  /** Rows whose checksum is wrong; the store gives the others as if these were not there. */
  readonly damaged?: readonly Uint8Array[];
  /** Of how many of the newest past states, and of the older versions of objects in them; all of them if not told. */
  readonly past?: number;
}

export interface StoreReport {
  readonly blocks: number;
  readonly pages: number;
  readonly objects: number;
  /** The lowest height whose past state was looked at. */
  readonly pastFrom: Height;
  readonly indexEntries: number;
  /** The same on every sound node at this height; null where objects are damaged, or indices not yet made. */
  readonly indexDigest: Hash | null;
  /** Of a node that has just joined by a snapshot: its first start makes them. */
  readonly areIndicesToBeMade: boolean;
  /** What is wrong, in words; at most so many. */
  readonly faults: readonly string[];
  /** Rows that are missing or wrong, as far as it can be told which. */
  readonly bad: readonly Uint8Array[];
  /** Whether nothing but indices and totals is wrong, which the objects make anew. */
  readonly isDerivedOnly: boolean;
}

const FAULTS_MAX = 100;
const NO_INDICES = { entries: 0, faults: [], digest: null } as const;

/** Looks at all of a store at rest, once: every page, object and block against the roots, every index and total against the objects. */
export class StoreCheck {
  readonly #m: CheckModules;
  readonly #faults: string[] = [];
  /** By its hex: a page's undo leads astray whatever is below. */
  readonly #bad = new Map<string, Uint8Array>();

  constructor(modules: CheckModules) {
    this.#m = modules;
  }

  async run(): Promise<StoreReport> {
    const damaged = this.#m.damaged ?? [];
    for (const key of damaged) {
      this.#fault(`${nameOfRow(key)}: its checksum is wrong`);
      this.#name(key);
    }
    const { pages, leaves } = this.#pages();
    const objects = await this.#objects();
    if (leaves !== objects) {
      this.#fault(`the state has ${leaves} leaves, the store ${objects} objects`);
      await this.#missingObjects();
    }
    const blocks = this.#blocks();
    // Of pages that lead astray no version can be told to be right.
    if (await this.#isPastSound()) await this.#history();
    const essential = this.#faults.length - damaged.filter(isDerivedKey).length;
    const areIndicesToBeMade = this.#m.chain.isRebuilding;
    // Of damaged objects no index can be told to be right.
    const indices = essential > 0 || areIndicesToBeMade ? NO_INDICES : await this.#indices();
    for (const fault of indices.faults) this.#fault(fault);
    return {
      blocks,
      pages,
      objects,
      pastFrom: this.#pastFrom,
      indexEntries: indices.entries,
      indexDigest: indices.digest,
      areIndicesToBeMade,
      faults: this.#faults,
      bad: [...this.#bad.values()],
      isDerivedOnly: essential === 0 && this.#faults.length > 0,
    };
  }

  get #pastFrom(): Height {
    const { base, head } = this.#m.chain;
    return Math.max(base, head.height - (this.#m.past ?? head.height));
  }

  #pages(): { readonly pages: number; readonly leaves: number } {
    const paths = [""];
    let [pages, leaves] = [0, 0];
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const looked = this.#attempt(`page ${path}`, () => this.#m.audit.page(path));
      if (looked === null) continue;
      this.#found(looked.finding, pageKey(path));
      pages += 1;
      leaves += looked.leaves;
      paths.push(...looked.below);
    }
    return { pages, leaves };
  }

  async #objects(): Promise<number> {
    const { to, ...range } = allObjectsOfAllKinds();
    let objects = 0;
    for (let { from } = range; ; ) {
      let entries: readonly StoreEntry[];
      try {
        entries = await this.#m.state.range({ from, to, limit: LIMITS.auditSliceObjects });
      } catch (error) {
        this.#damage("an object", error);
        return objects;
      }
      for (const entry of entries) this.#found(this.#m.audit.objects([entry]), entry.key);
      objects += entries.length;
      const last = entries.at(-1);
      if (last === undefined) return objects;
      from = concatBytes(last.key, Uint8Array.of(0));
    }
  }

  #blocks(): number {
    const { base, head } = this.#m.chain;
    const first = Math.max(1, base);
    for (let height = first; height <= head.height; height++) {
      const looked = this.#attempt(`block ${height}`, () => this.#m.audit.block(height) ?? "missing");
      if (looked === null) continue;
      if (looked === "missing") {
        this.#fault(`block ${height}: it is missing`);
        this.#name(blockKey(height), commitKey(height));
      } else if (looked.finding !== null) {
        this.#found(looked.finding, blockKey(height), commitKey(height), ...this.#transactionsOf(height));
      } else if (!looked.checks.every((check) => this.#m.verify(check))) {
        this.#fault(`block ${height}: its commit has a wrong signature`);
        this.#name(commitKey(height));
      }
    }
    return head.height - first + 1;
  }

  /** In slices that overlap by one, since an entry is judged beside the one that follows. */
  async #history(): Promise<void> {
    const { to, ...range } = allHistory();
    const pastFrom = this.#pastFrom;
    try {
      for (let { from } = range; ; ) {
        const entries = await this.#m.state.range({ from, to, limit: LIMITS.auditSliceObjects });
        const last = entries.at(-1);
        if (last === undefined) return;
        const isEnd = entries.length < LIMITS.auditSliceObjects;
        for (const [index, entry] of entries.slice(0, isEnd ? undefined : -1).entries()) {
          if (placeOfHistory(entry.key).height < pastFrom) continue;
          const finding = await this.#m.audit.history(entries.slice(index, index + 2), 1);
          this.#found(finding, entry.key);
        }
        if (isEnd) return;
        from = last.key;
      }
    } catch (error) {
      this.#damage("a past state", error);
    }
  }

  /** The states after all blocks but the last, as undos tell them: from the newest down, so that each rests on those looked at before. */
  async #isPastSound(): Promise<boolean> {
    const pastFrom = this.#pastFrom;
    let isSound = true;
    try {
      for (let height = this.#m.chain.head.height - 1; height >= pastFrom; height--) {
        const paths = [""];
        for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
          const { finding, below, row } = await this.#m.audit.pastPage(height, path);
          this.#found(finding, ...(row === null ? [] : [row]));
          isSound &&= finding === null;
          paths.push(...below);
        }
      }
    } catch (error) {
      this.#damage("a past state", error);
      isSound = false;
    }
    return isSound;
  }

  #transactionsOf(height: Height): readonly Uint8Array[] {
    const block = this.#attempt(`block ${height}`, () => this.#m.chain.block(height));
    return block?.pairs.map(({ id }) => transactionKey(id)) ?? [];
  }

  /** Leaves tell no names, but the entries of indices do: those of objects that are not there. */
  async #missingObjects(): Promise<void> {
    const { to, ...range } = allDerived("index");
    const missing = new Map<string, Uint8Array>();
    for (let { from } = range; ; ) {
      const entries = await this.#m.state.range({ from, to, limit: LIMITS.auditSliceObjects });
      for (const { key } of entries) {
        const named = objectOfIndex(key);
        if (this.#m.state.get(named) === undefined) missing.set(toHex(named), named);
      }
      const last = entries.at(-1);
      if (last === undefined) break;
      from = concatBytes(last.key, Uint8Array.of(0));
    }
    this.#name(...missing.values());
  }

  async #indices(): Promise<IndexReport | typeof NO_INDICES> {
    const { state, hasher } = this.#m;
    try {
      return await new IndexAudit({ state, hasher, pause: () => Promise.resolve() }).run();
    } catch (error) {
      this.#damage("an index", error);
      return NO_INDICES;
    }
  }

  #attempt<T>(what: string, look: () => T): T | null {
    try {
      return look();
    } catch (error) {
      this.#damage(what, error);
      return null;
    }
  }

  /** The store's own check of a record; any other fault is thrown on. */
  #damage(what: string, error: unknown): void {
    if ((error as { readonly code?: string }).code !== "STORE_CORRUPT") throw error;
    this.#fault(`${what}: ${(error as Error).message}`);
  }

  #found(finding: AuditFinding | null, ...rows: readonly Uint8Array[]): void {
    if (finding === null) return;
    this.#fault(`${finding.what} ${finding.where}: ${finding.detail}`);
    this.#name(...rows);
  }

  #name(...rows: readonly Uint8Array[]): void {
    for (const key of rows) this.#bad.set(toHex(key), key);
  }

  #fault(words: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(words);
  }
}
