import type { Block } from "../types/block.ts";
import type { BlockId, Hash, PublicKey } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { Execution } from "./block-executor.ts";

/** A block of the undecided height, as far as it is known here. */
export interface Candidate {
  readonly block: Block;
  envelopes: readonly Envelope[] | null;
  execution: Execution | null;
  /** Who sent its proposal: asked first for bodies. */
  readonly from: PublicKey | undefined;
}

/** The blocks of the undecided height by id. */
export class Candidates {
  readonly #byId = new Map<BlockId, Candidate>();

  has(id: BlockId): boolean {
    return this.#byId.has(id);
  }

  get(id: BlockId): Candidate | undefined {
    return this.#byId.get(id);
  }

  set(id: BlockId, candidate: Candidate): void {
    this.#byId.set(id, candidate);
  }

  /** From the log: a block, or the bodies of one that is known. */
  restore(id: BlockId, block: Block, envelopes: readonly Envelope[] | null): void {
    const known = this.#byId.get(id);
    if (known === undefined) this.#byId.set(id, { block, envelopes, execution: null, from: undefined });
    else if (envelopes !== null) known.envelopes = envelopes;
  }

  /** A transaction of any of them. */
  body(id: Hash): Envelope | undefined {
    for (const { envelopes } of this.#byId.values()) {
      const found = envelopes?.find(({ pair }) => pair.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Another height begins. */
  clear(): void {
    this.#byId.clear();
  }

  keepOnly(isNeeded: (id: BlockId) => boolean): void {
    for (const id of this.#byId.keys()) if (!isNeeded(id)) this.#byId.delete(id);
  }
}
