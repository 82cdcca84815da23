import type { Kind } from "../ledger/kinds.ts";
import { concatBytes, toHex } from "../lib/bytes.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { StoreEntry, StoreRange, StoreSnapshot, StoreWrite } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash } from "../types/scalars.ts";
import { addTotal, indexEntries, readTotal, type TotalSums, totalsOfObject } from "./ledger-index.ts";
import { readStoredObject } from "./object-store.ts";
import { allDerived, allObjectsOfAllKinds, splitKey } from "./store-keys.ts";

interface AuditModules {
  readonly state: StoreSnapshot;
  readonly hasher: Pick<Hasher, "sha256">;
  readonly pause: () => Promise<void>;
}

export interface IndexReport {
  readonly entries: number;
  readonly faults: readonly string[];
  /** Of all entries and totals, in the order of their keys: nodes at one height have the same, however each came by its own. */
  readonly digest: Hash;
}

/** Compares indices and totals with those that the objects make: the same entries, no more and no fewer, and the same sums. */
export class IndexAudit {
  readonly #state: StoreSnapshot;
  readonly #hasher: Pick<Hasher, "sha256">;
  readonly #pause: () => Promise<void>;

  #digest: Uint8Array = new Uint8Array(0);

  constructor(modules: AuditModules) {
    this.#state = modules.state;
    this.#hasher = modules.hasher;
    this.#pause = modules.pause;
  }

  async run(): Promise<IndexReport> {
    this.#digest = this.#hasher.sha256(new Uint8Array(0));
    const sums: TotalSums = new Map();
    let [expected, missing] = [0, 0];
    await this.#each(allObjectsOfAllKinds(), ({ key, value }) => {
      const { texts, rest } = splitKey(key, 1);
      const kind = texts[0] as Kind;
      const { object } = readStoredObject(kind, value);
      const writes: StoreWrite[] = [];
      indexEntries({ kind, id: toHex(rest) as Hash, before: undefined, after: object }, writes);
      for (const write of writes) if (this.#state.get(write.key) === undefined) missing += 1;
      expected += writes.length;
      for (const total of totalsOfObject(kind, object)) addTotal(sums, kind, total, 1);
    });
    const entries = await this.#each(allDerived("index"), (entry) => this.#digestRow(entry));
    const faults: string[] = [];
    if (missing > 0) faults.push(`${missing} of ${expected} index entries are missing`);
    if (entries !== expected - missing) faults.push(`${entries - (expected - missing)} index entries are of nothing`);
    let others = 0;
    for (const { key, count, sum } of sums.values()) {
      const stored = readTotal(this.#state.get(key));
      if (stored.count !== count || stored.sum !== sum) others += 1;
    }
    const known = new Set([...sums.values()].map(({ key }) => toHex(key)));
    await this.#each(allDerived("total"), (entry) => {
      const { count, sum } = readTotal(entry.value);
      // A sum that has come back to nothing is kept where it once was something.
      if (count === 0 && sum === 0n) return;
      if (!known.has(toHex(entry.key))) others += 1;
      this.#digestRow(entry);
    });
    if (others > 0) faults.push(`${others} totals are not those of the objects`);
    return { entries, faults, digest: toHex(this.#digest) as Hash };
  }

  #digestRow({ key, value }: StoreEntry): void {
    this.#digest = this.#hasher.sha256(concatBytes(this.#digest, this.#hasher.sha256(key), this.#hasher.sha256(value)));
  }

  /** Answers how many there are. */
  async #each(range: Omit<StoreRange, "limit">, look: (entry: StoreEntry) => void): Promise<number> {
    let count = 0;
    for (let { from } = range; ; ) {
      const entries = await this.#state.range({ from, to: range.to, limit: LIMITS.auditSliceObjects });
      for (const entry of entries) look(entry);
      count += entries.length;
      const last = entries.at(-1);
      if (last === undefined) return count;
      from = concatBytes(last.key, Uint8Array.of(0));
      await this.#pause();
    }
  }
}
