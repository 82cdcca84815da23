import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";

/** Peers by any stable name; blocks are opaque, their checking is the shell's. */
export type SyncInput<Block> =
  /** A peer showed a valid commit of this height. */
  | { readonly kind: "shown"; readonly peer: string; readonly height: Height }
  | { readonly kind: "gone"; readonly peer: string }
  /** Consecutive blocks from `from`; null: refused, withheld or too late. */
  | { readonly kind: "answer"; readonly peer: string; readonly from: Height; readonly blocks: readonly Block[] | null }
  /** The block at this height is durable, by whichever way. */
  | { readonly kind: "applied"; readonly height: Height }
  /** A block did not check. */
  | { readonly kind: "refused"; readonly height: Height }
  /** Time to try peers again that did not answer. */
  | { readonly kind: "retry" };

export type SyncEffect<Block> =
  | { readonly kind: "request"; readonly peer: string; readonly from: Height; readonly count: number }
  /** Check and apply; one at a time, in order. */
  | { readonly kind: "apply"; readonly height: Height; readonly block: Block }
  | { readonly kind: "penalise"; readonly peer: string; readonly reason: string }
  /** Nothing shown is above us any more. */
  | { readonly kind: "caughtUp" }
  | { readonly kind: "retryLater" };

interface Fetched<Block> {
  readonly peer: string;
  readonly block: Block;
}

/** Blocks fetched ahead of the one being applied. */
const WINDOW = 4 * LIMITS.syncBlocksPerRequestMax;

/**
 * Catches up (protocol.md §6): behind means that a peer has shown a valid commit above ours. Ranges are asked of several peers at
 * once, applied in order; who lies, withholds or dawdles is passed over for another and tried again only when nobody else is left.
 */
export class SyncMachine<Block> {
  #height: Height;
  readonly #shown = new Map<string, Height>();
  readonly #asked = new Map<string, { readonly from: Height; readonly count: number }>();
  readonly #failed = new Set<string>();
  readonly #fetched = new Map<Height, Fetched<Block>>();
  #applying = false;
  #retrying = false;
  #behind = false;

  constructor(height: Height) {
    this.#height = height;
  }

  /** Whether a peer has shown more than we have. */
  get behind(): boolean {
    return this.#behind;
  }

  step(input: SyncInput<Block>): readonly SyncEffect<Block>[] {
    const effects: SyncEffect<Block>[] = [];
    switch (input.kind) {
      case "shown":
        if (input.height > (this.#shown.get(input.peer) ?? 0)) this.#shown.set(input.peer, input.height);
        break;
      case "gone":
        this.#shown.delete(input.peer);
        this.#asked.delete(input.peer);
        this.#failed.delete(input.peer);
        break;
      case "answer":
        this.#onAnswer(input.peer, input.from, input.blocks, effects);
        break;
      case "applied":
        this.#applying = false;
        if (input.height > this.#height) this.#height = input.height;
        for (const height of this.#fetched.keys()) if (height <= this.#height) this.#fetched.delete(height);
        break;
      case "refused":
        this.#onRefused(input.height, effects);
        break;
      case "retry":
        this.#retrying = false;
        this.#failed.clear();
        break;
    }
    this.#proceed(effects);
    return effects;
  }

  #onAnswer(peer: string, from: Height, blocks: readonly Block[] | null, effects: SyncEffect<Block>[]): void {
    const asked = this.#asked.get(peer);
    if (asked === undefined || asked.from !== from) return;
    this.#asked.delete(peer);
    if (blocks === null || blocks.length === 0) {
      this.#failed.add(peer);
      effects.push({ kind: "penalise", peer, reason: "withheld blocks" });
      return;
    }
    for (const [index, block] of blocks.slice(0, asked.count).entries()) {
      const height = from + index;
      if (height > this.#height && !this.#fetched.has(height)) this.#fetched.set(height, { peer, block });
    }
  }

  #onRefused(height: Height, effects: SyncEffect<Block>[]): void {
    this.#applying = false;
    const liar = this.#fetched.get(height)?.peer;
    if (liar === undefined) return;
    for (const [at, { peer }] of this.#fetched) if (peer === liar) this.#fetched.delete(at);
    this.#failed.add(liar);
    effects.push({ kind: "penalise", peer: liar, reason: "sent a block that does not check" });
  }

  #proceed(effects: SyncEffect<Block>[]): void {
    const target = Math.max(0, ...this.#shown.values());
    if (target <= this.#height) {
      if (this.#behind) effects.push({ kind: "caughtUp" });
      this.#behind = false;
      this.#fetched.clear();
      return;
    }
    this.#behind = true;
    const next = this.#fetched.get(this.#height + 1);
    if (next !== undefined && !this.#applying) {
      this.#applying = true;
      effects.push({ kind: "apply", height: this.#height + 1, block: next.block });
    }
    this.#request(target, effects);
  }

  #request(target: Height, effects: SyncEffect<Block>[]): void {
    const idle = [...this.#shown.keys()].filter((peer) => !this.#asked.has(peer)).sort();
    const willing = idle.filter((peer) => !this.#failed.has(peer));
    const end = Math.min(target, this.#height + WINDOW);
    for (const peer of willing) {
      const range = this.#gap(this.#height + 1, Math.min(end, this.#shown.get(peer) as Height));
      if (range === undefined) continue;
      this.#asked.set(peer, range);
      effects.push({ kind: "request", peer, ...range });
    }
    const stuck = this.#asked.size === 0 && !this.#applying && !this.#fetched.has(this.#height + 1);
    if (stuck && !this.#retrying) {
      this.#retrying = true;
      effects.push({ kind: "retryLater" });
    }
  }

  /** The first range within [from, to] that is neither fetched nor asked for. */
  #gap(from: Height, to: Height): { readonly from: Height; readonly count: number } | undefined {
    const covered = (height: Height): boolean =>
      this.#fetched.has(height) ||
      [...this.#asked.values()].some((asked) => height >= asked.from && height < asked.from + asked.count);
    let first = from;
    while (first <= to && covered(first)) first++;
    if (first > to) return undefined;
    let count = 1;
    while (count < LIMITS.syncBlocksPerRequestMax && first + count <= to && !covered(first + count)) count++;
    return { from: first, count };
  }
}
