import { blockId } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { headersPageSchema } from "../codec/snapshot.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Header } from "../types/block.ts";
import type { Checkpoint } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Height } from "../types/scalars.ts";
import { askForSnapshot, type SnapshotSources } from "./snapshot-sources.ts";

interface AncestorsModules {
  readonly checkpoint: Checkpoint;
  readonly sources: SnapshotSources;
  readonly hasher: Pick<Hasher, "sha256">;
}

/**
 * The blocks below a checkpoint, by the parents that headers name: whoever shows them, and whoever signed them, a chain of hashes leads to one
 * past only.
 */
export class CheckpointAncestors {
  readonly #m: AncestorsModules;
  /** From the checkpoint's own downwards. */
  readonly #ids: BlockId[];

  constructor(modules: AncestorsModules) {
    this.#m = modules;
    this.#ids = [modules.checkpoint.id];
  }

  /** Of a height up to the checkpoint's; null: nobody shows the way down to it at present, or it is too long. */
  async at(height: Height): Promise<BlockId | null> {
    const { checkpoint, sources } = this.#m;
    const index = checkpoint.height - height;
    if (index > LIMITS.checkpointAncestorsMax) return null;
    const silent = new Set<string>();
    while (this.#ids.length <= index) {
      const source = sources.names().find((name) => !silent.has(name));
      if (source === undefined) return null;
      if (!(await this.#extend(source))) silent.add(source);
    }
    return this.#ids[index] ?? null;
  }

  /** A page further down; false: this source has none, or none that leads on. */
  async #extend(source: string): Promise<boolean> {
    const { checkpoint, sources, hasher } = this.#m;
    const highest = checkpoint.height - this.#ids.length + 1;
    const response = await askForSnapshot(sources, source, "headers", checkpoint.height, highest);
    if (response === null) return false;
    const page = decode(headersPageSchema, response, LIMITS.responseBytesMax);
    const headers = page.ok ? (page.value as readonly Header[]) : [];
    const isLinked = headers.every((header) => {
      if (blockId(header, hasher.sha256) !== this.#ids.at(-1)) return false;
      this.#ids.push(header.parent);
      return true;
    });
    if (page.ok && isLinked) return true;
    sources.penalise(source, "snapshot: headers that do not lead to the checkpoint");
    return false;
  }
}
