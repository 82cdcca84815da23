import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";

/** A block as a peer sent it, and what it weighs. */
export interface Fetched<Raw> {
  readonly block: Raw;
  readonly bytes: number;
}

type State<Raw, Checked> =
  | { readonly kind: "raw"; readonly block: Raw }
  | { readonly kind: "checking" }
  | { readonly kind: "checked"; readonly block: Checked };

interface Entry<Raw, Checked> {
  readonly peer: string;
  readonly bytes: number;
  state: State<Raw, Checked>;
}

/** Blocks at hand that wait for those before them; those next in turn are checked ahead, the rest stays as it came. */
export class FetchedBlocks<Raw, Checked> {
  readonly #entries = new Map<Height, Entry<Raw, Checked>>();
  #bytes = 0;
  #forgottenTo: Height;

  constructor(height: Height) {
    this.#forgottenTo = height;
  }

  /** Whether so many bytes wait that no more should be asked for. */
  get isFull(): boolean {
    return this.#bytes >= LIMITS.syncBytesAheadMax;
  }

  has(height: Height): boolean {
    return this.#entries.has(height);
  }

  /** Who sent the block of this height, if it is at hand. */
  peerOf(height: Height): string | undefined {
    return this.#entries.get(height)?.peer;
  }

  checkedAt(height: Height): Checked | undefined {
    const state = this.#entries.get(height)?.state;
    return state?.kind === "checked" ? state.block : undefined;
  }

  add(height: Height, peer: string, { block, bytes }: Fetched<Raw>): void {
    if (this.#entries.has(height)) return;
    this.#entries.set(height, { peer, bytes, state: { kind: "raw", block } });
    this.#bytes += bytes;
  }

  setChecked(height: Height, block: Checked): void {
    const entry = this.#entries.get(height);
    if (entry?.state.kind === "checking") entry.state = { kind: "checked", block };
  }

  /**
   * Blocks behind `height` to be checked now, in order: no more ahead than keep the verifier busy; and, since to hand over each by itself
   * costs as much as some of its signatures, none as long as half as many are taken already.
   */
  *takeUnchecked(height: Height): Iterable<{ readonly height: Height; readonly peer: string; readonly block: Raw }> {
    let isDue = false;
    for (let next = height + 1; next <= height + LIMITS.syncCheckAheadMax; next++) {
      const entry = this.#entries.get(next);
      if (entry?.state.kind !== "raw") continue;
      isDue ||= next - height <= LIMITS.syncCheckAheadMax / 2;
      if (!isDue) return;
      const { block } = entry.state;
      entry.state = { kind: "checking" };
      yield { height: next, peer: entry.peer, block };
    }
  }

  forgetUpTo(height: Height): void {
    while (this.#forgottenTo < height) this.#remove(++this.#forgottenTo);
  }

  forgetFrom(peer: string): void {
    for (const [height, entry] of this.#entries) if (entry.peer === peer) this.#remove(height);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(height: Height): void {
    this.#bytes -= this.#entries.get(height)?.bytes ?? 0;
    this.#entries.delete(height);
  }
}
