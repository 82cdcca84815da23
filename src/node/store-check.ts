import { concatBytes } from "../lib/bytes.ts";
import type { Check } from "../light/commit.ts";
import type { StoreEntry, StoreSnapshot } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { ChainStore } from "./chain-store.ts";
import { IndexAudit } from "./index-audit.ts";
import type { AuditFinding, StoreAudit } from "./store-audit.ts";
import { allObjectsOfAllKinds } from "./store-keys.ts";

interface CheckModules {
  readonly chain: ChainStore;
  readonly audit: StoreAudit;
  readonly state: StoreSnapshot;
  readonly verify: (check: Check) => boolean;
}

export interface StoreReport {
  readonly blocks: number;
  readonly pages: number;
  readonly objects: number;
  readonly indexEntries: number;
  /** What is wrong, in words; at most so many. */
  readonly faults: readonly string[];
  /** Whether nothing but indices and totals is wrong, which the objects make anew. */
  readonly isDerivedOnly: boolean;
}

const FAULTS_MAX = 100;

/** Looks at all of a store at rest, once: every page, object and block against the roots, every index and total against the objects. */
export class StoreCheck {
  readonly #m: CheckModules;
  readonly #faults: string[] = [];

  constructor(modules: CheckModules) {
    this.#m = modules;
  }

  async run(): Promise<StoreReport> {
    const { pages, leaves } = this.#pages();
    const objects = await this.#objects();
    if (leaves !== objects) this.#fault(`the state has ${leaves} leaves, the store ${objects} objects`);
    const blocks = this.#blocks();
    const essential = this.#faults.length;
    // Of damaged objects no index can be told to be right.
    const indices = essential > 0 ? { entries: 0, faults: [] } : await this.#indices();
    for (const fault of indices.faults) this.#fault(fault);
    return {
      blocks,
      pages,
      objects,
      indexEntries: indices.entries,
      faults: this.#faults,
      isDerivedOnly: essential === 0 && this.#faults.length > 0,
    };
  }

  #pages(): { readonly pages: number; readonly leaves: number } {
    const paths = [""];
    let [pages, leaves] = [0, 0];
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const looked = this.#attempt(`page ${path}`, () => this.#m.audit.page(path));
      if (looked === null) continue;
      this.#found(looked.finding);
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
      for (const entry of entries) this.#found(this.#m.audit.objects([entry]));
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
      if (looked === "missing") this.#fault(`block ${height}: it is missing`);
      else {
        this.#found(looked.finding);
        if (!looked.checks.every((check) => this.#m.verify(check)))
          this.#fault(`block ${height}: its commit has a wrong signature`);
      }
    }
    return head.height - first + 1;
  }

  async #indices(): Promise<{ readonly entries: number; readonly faults: readonly string[] }> {
    try {
      return await new IndexAudit({ state: this.#m.state, pause: () => Promise.resolve() }).run();
    } catch (error) {
      this.#damage("an index", error);
      return { entries: 0, faults: [] };
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

  #found(finding: AuditFinding | null): void {
    if (finding !== null) this.#fault(`${finding.what} ${finding.where}: ${finding.detail}`);
  }

  #fault(words: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(words);
  }
}
