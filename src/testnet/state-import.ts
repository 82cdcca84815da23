import { encode } from "../codec/schema.ts";
import type { HistoryEntry, ObjectChange } from "../ledger/book.ts";
import { KINDS } from "../ledger/kinds.ts";
import { assert } from "../lib/assert.ts";
import { concatBytes } from "../lib/bytes.ts";
import { pageKey } from "../node/chain-keys.ts";
import { indexWrites } from "../node/ledger-index.ts";
import { encodingOf, type ObjectStore } from "../node/object-store.ts";
import { allObjectsOfAllKinds, objectKey, stateKeyOf } from "../node/store-keys.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import { keyHashOf, valueHashOf } from "../state/node-hash.ts";
import { rootOf } from "../state/subtree.ts";
import { TreeBuild } from "../state/tree-build.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height } from "../types/scalars.ts";

interface ImportModules {
  readonly store: Store;
  readonly hasher: Hasher;
  /** Of the block whose state it becomes: that of the last change of all that is put. */
  readonly height: Height;
  readonly objects: Pick<ObjectStore, "adopt">;
}

/** Writes a large state to a store that already holds a small one: objects with their indices and totals as they come, then the tree. */
export class StateImport {
  readonly #m: ImportModules;
  readonly #tree: TreeBuild;

  constructor(modules: ImportModules) {
    this.#m = modules;
    this.#tree = new TreeBuild(modules.hasher);
  }

  /** Takes what the store holds into the tree. */
  async begin(): Promise<void> {
    const { to, ...range } = allObjectsOfAllKinds();
    for (let { from } = range; ; ) {
      const entries = await this.#m.store.range({ from, to, limit: LIMITS.auditSliceObjects });
      for (const { key, value } of entries) this.#toTree(key, encodingOf(value));
      const last = entries.at(-1);
      if (last === undefined) return;
      from = concatBytes(last.key, Uint8Array.of(0));
    }
  }

  /** Objects that are new, or other than they were; none is removed. */
  async put(changes: readonly ObjectChange[]): Promise<void> {
    const { height, store, objects } = this.#m;
    const encodings = changes.map(({ kind, id, after }) => {
      assert(after !== undefined, "an import removes nothing");
      const encoding = encode(KINDS[kind].schema, after);
      this.#toTree(objectKey(kind, id), encoding);
      return encoding;
    });
    const history = changes.map(({ kind, id, after }): HistoryEntry => ({ kind, id, tx: null, after }));
    await this.#write(indexWrites(height, changes, history, encodings, (key) => store.get(key)));
    for (const { kind, id, after } of changes) objects.adopt(kind, id, after);
  }

  /** Answers the root of the whole state. */
  async finish(): Promise<Hash> {
    let root: Hash | null = null;
    for (const part of this.#tree.parts()) {
      await this.#write([...part.pages].map(([path, page]) => ({ key: pageKey(path), value: page.encode() })));
      root = rootOf(part);
    }
    assert(root !== null, "a tree has at least one part");
    return root;
  }

  #toTree(key: Uint8Array, encoding: Uint8Array): void {
    const { hasher } = this.#m;
    this.#tree.set({ keyHash: keyHashOf(stateKeyOf(key), hasher), valueHash: valueHashOf(encoding, hasher) });
  }

  #write(batch: readonly StoreWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (batch.length === 0) resolve();
      else this.#m.store.write(batch, (fault) => (fault === null ? resolve() : reject(fault)));
    });
  }
}
