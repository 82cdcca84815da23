import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";
import { type Fetched, FetchedBlocks } from "./fetched-blocks.ts";

/** Peers by any stable name; blocks are opaque, their checking is the shell's. */
export type SyncInput<Raw, Checked> =
  /** A peer showed a valid commit of this height. */
  | { readonly kind: "shown"; readonly peer: string; readonly height: Height }
  /** A peer says that it has this height, with a commit that cannot be judged from here: the authorities may have changed since. */
  | { readonly kind: "claimed"; readonly peer: string; readonly height: Height }
  | { readonly kind: "gone"; readonly peer: string }
  /** Consecutive blocks from `from`; null: refused, withheld or too late. */
  | { readonly kind: "answer"; readonly peer: string; readonly from: Height; readonly blocks: readonly Fetched<Raw>[] | null }
  /** It no longer keeps the blocks asked for, but those from `base` on. */
  | { readonly kind: "pruned"; readonly peer: string; readonly from: Height; readonly base: Height }
  /** What came of checking a block by itself; null: it cannot be the block of that height. */
  | { readonly kind: "checked"; readonly peer: string; readonly height: Height; readonly block: Checked | null }
  /** The chain has grown to this height, by whichever way. */
  | { readonly kind: "applied"; readonly height: Height }
  /** A block did not check on the state before it. */
  | { readonly kind: "refused"; readonly height: Height }
  /** Time to try peers again that did not answer. */
  | { readonly kind: "retry" };

export type SyncEffect<Raw, Checked> =
  | { readonly kind: "request"; readonly peer: string; readonly from: Height; readonly count: number }
  /** Check by itself, ahead of its turn: form, ids and signatures need no state. */
  | { readonly kind: "check"; readonly peer: string; readonly height: Height; readonly block: Raw }
  /** Check on the state and apply; one at a time, in order. */
  | { readonly kind: "apply"; readonly height: Height; readonly block: Checked }
  | { readonly kind: "penalise"; readonly peer: string; readonly reason: string }
  /** Every peer that has more says that it no longer keeps what follows here: blocks do not lead further. */
  | { readonly kind: "cutOff"; readonly height: Height; readonly base: Height }
  /** Nothing shown is above us any more. */
  | { readonly kind: "caughtUp" }
  | { readonly kind: "retryLater" };

interface Range {
  readonly from: Height;
  readonly count: number;
}

/**
 * How far ahead of the block being applied a range may begin. It is asked for as a whole: one that ended where the window does would be of
 * a single block each time the window moves, and a request of its own costs as much as several blocks.
 */
const WINDOW = 3 * LIMITS.syncBlocksPerRequestMax;

/**
 * Catches up (protocol.md §6): behind means that a peer has shown a valid commit above ours. Ranges are asked of several peers at
 * once, checked by themselves as they come, applied in order. Who lies, withholds or dawdles is passed over for another and tried
 * again only when nobody else is left.
 */
export class SyncMachine<Raw, Checked> {
  #height: Height;
  readonly #shown = new Map<string, Height>();
  readonly #claimed = new Map<string, Height>();
  readonly #asked = new Map<string, Range>();
  readonly #failed = new Set<string>();
  /** What peers that keep not all blocks begin with, as they say. */
  readonly #bases = new Map<string, Height>();
  readonly #fetched: FetchedBlocks<Raw, Checked>;
  /** Up to here all blocks are fetched or asked for: found once, and not for every block that is applied. */
  #coveredTo: Height = 0;
  #applying = false;
  #retrying = false;
  #behind = false;
  #cutOffAt: Height | null = null;

  constructor(height: Height) {
    this.#height = height;
    this.#fetched = new FetchedBlocks(height);
  }

  /** Whether a peer has shown more than we have. */
  get behind(): boolean {
    return this.#behind;
  }

  /** The height after which no peer keeps the blocks, as far as is known. */
  get cutOffAt(): Height | null {
    return this.#cutOffAt;
  }

  step(input: SyncInput<Raw, Checked>): readonly SyncEffect<Raw, Checked>[] {
    const effects: SyncEffect<Raw, Checked>[] = [];
    if (mayUncover(input)) this.#coveredTo = 0;
    switch (input.kind) {
      case "shown":
        raise(this.#shown, input.peer, input.height);
        break;
      case "claimed":
        raise(this.#claimed, input.peer, input.height);
        break;
      case "gone":
        for (const known of [this.#shown, this.#claimed, this.#asked, this.#failed, this.#bases]) known.delete(input.peer);
        break;
      case "answer":
        this.#onAnswer(input.peer, input.from, input.blocks, effects);
        break;
      case "pruned":
        if (this.#asked.get(input.peer)?.from !== input.from) break;
        this.#asked.delete(input.peer);
        // Not above what was asked for, it withholds what it has.
        if (input.base > input.from) raise(this.#bases, input.peer, input.base);
        else this.#failed.add(input.peer);
        break;
      case "checked":
        this.#onChecked(input.peer, input.height, input.block, effects);
        break;
      case "applied":
        this.#applying = false;
        if (input.height > this.#height) this.#height = input.height;
        this.#fetched.forgetUpTo(this.#height);
        break;
      case "refused": {
        this.#applying = false;
        const liar = this.#fetched.peerOf(input.height);
        if (liar !== undefined) this.#passOver(liar, effects);
        break;
      }
      case "retry":
        this.#retrying = false;
        this.#failed.clear();
        break;
    }
    this.#proceed(effects);
    return effects;
  }

  #onAnswer(peer: string, from: Height, blocks: readonly Fetched<Raw>[] | null, effects: SyncEffect<Raw, Checked>[]): void {
    const asked = this.#asked.get(peer);
    if (asked === undefined || asked.from !== from) return;
    this.#asked.delete(peer);
    if (blocks === null || blocks.length === 0) {
      this.#failed.add(peer);
      this.#claimed.delete(peer);
      effects.push({ kind: "penalise", peer, reason: "withheld blocks" });
      return;
    }
    for (const [index, block] of blocks.slice(0, asked.count).entries()) {
      if (from + index > this.#height) this.#fetched.add(from + index, peer, block);
    }
    // What another peer was asked for first, and this one gave: the other dawdles.
    for (const [other, range] of this.#asked) if (range.from === from) this.#failed.add(other);
    this.#hedge(peer, effects);
  }

  #onChecked(peer: string, height: Height, block: Checked | null, effects: SyncEffect<Raw, Checked>[]): void {
    if (this.#fetched.peerOf(height) !== peer) return;
    if (block === null) this.#passOver(peer, effects);
    else this.#fetched.setChecked(height, block);
  }

  /** Nothing that a liar sent is used. */
  #passOver(liar: string, effects: SyncEffect<Raw, Checked>[]): void {
    this.#fetched.forgetFrom(liar);
    this.#failed.add(liar);
    this.#claimed.delete(liar);
    effects.push({ kind: "penalise", peer: liar, reason: "sent a block that does not check" });
  }

  #proceed(effects: SyncEffect<Raw, Checked>[]): void {
    const target = Math.max(0, ...this.#shown.values());
    const wanted = Math.max(target, ...this.#claimed.values());
    if (target <= this.#height) {
      if (this.#behind) effects.push({ kind: "caughtUp" });
      this.#behind = false;
    } else this.#behind = true;
    if (wanted <= this.#height) {
      this.#fetched.clear();
      this.#coveredTo = 0;
      this.#cutOffAt = null;
      return;
    }
    for (const { height, peer, block } of this.#fetched.takeUnchecked(this.#height)) {
      effects.push({ kind: "check", peer, height, block });
    }
    const next = this.#fetched.checkedAt(this.#height + 1);
    if (next !== undefined && !this.#applying) {
      this.#applying = true;
      effects.push({ kind: "apply", height: this.#height + 1, block: next });
    }
    this.#request(wanted, effects);
  }

  #request(target: Height, effects: SyncEffect<Raw, Checked>[]): void {
    for (const peer of this.#willing()) {
      const first = Math.max(this.#height + 1, this.#bases.get(peer) ?? 0);
      const range = this.#gap(first, Math.min(target, this.#has(peer)));
      // Beyond the bound of bytes only the block that everything waits for is asked for.
      if (range === undefined || (this.#fetched.isFull && range.from !== this.#height + 1)) continue;
      this.#asked.set(peer, range);
      effects.push({ kind: "request", peer, ...range });
    }
    const stuck = this.#asked.size === 0 && !this.#applying && !this.#fetched.has(this.#height + 1);
    this.#noteCutOff(stuck, effects);
    if (stuck && !this.#retrying) {
      this.#retrying = true;
      effects.push({ kind: "retryLater" });
    }
  }

  #noteCutOff(stuck: boolean, effects: SyncEffect<Raw, Checked>[]): void {
    const bases = this.#ahead().map((peer) => this.#bases.get(peer) ?? 0);
    const base = Math.min(...bases);
    const isCutOff = stuck && bases.length > 0 && base > this.#height + 1;
    if (isCutOff && this.#cutOffAt !== this.#height) effects.push({ kind: "cutOff", height: this.#height, base });
    this.#cutOffAt = isCutOff ? this.#height : null;
  }

  /**
   * Everything waits for a range that another peer was asked for before this one gave a whole answer: this one is asked for it, too.
   * Needs no clock: a slow peer is one that others overtake.
   */
  #hedge(peer: string, effects: SyncEffect<Raw, Checked>[]): void {
    const first = this.#height + 1;
    if (this.#applying || this.#fetched.has(first) || this.#failed.has(peer) || this.#has(peer) < first) return;
    if ((this.#bases.get(peer) ?? 0) > first) return;
    const waitedFor = [...this.#asked.values()].filter(({ from, count }) => first >= from && first < from + count);
    const [range] = waitedFor;
    if (waitedFor.length !== 1 || range === undefined || range.from + range.count - 1 > this.#has(peer)) return;
    this.#asked.set(peer, range);
    effects.push({ kind: "request", peer, ...range });
  }

  #willing(): readonly string[] {
    return this.#known().filter((peer) => !this.#asked.has(peer) && !this.#failed.has(peer));
  }

  /** Who has more than we, willing or not. */
  #ahead(): readonly string[] {
    return this.#known().filter((peer) => this.#has(peer) > this.#height);
  }

  #known(): readonly string[] {
    return [...new Set([...this.#shown.keys(), ...this.#claimed.keys()])].sort();
  }

  #has(peer: string): Height {
    return Math.max(this.#shown.get(peer) ?? 0, this.#claimed.get(peer) ?? 0);
  }

  /** The first range within [from, to] that is neither fetched nor asked for, if it begins within the window. */
  #gap(from: Height, to: Height): Range | undefined {
    const asked = [...this.#asked.values()];
    const covered = (height: Height): boolean =>
      this.#fetched.has(height) || asked.some((range) => height >= range.from && height < range.from + range.count);
    const last = Math.min(to, this.#height + WINDOW);
    let first = from <= this.#coveredTo ? this.#coveredTo + 1 : from;
    while (first <= last && covered(first)) first++;
    if (from === this.#height + 1) this.#coveredTo = first - 1;
    if (first > last) return undefined;
    let count = 1;
    while (count < LIMITS.syncBlocksPerRequestMax && first + count <= to && !covered(first + count)) count++;
    return { from: first, count };
  }
}

/** Whether blocks that were fetched or asked for may be neither after it. */
function mayUncover(input: SyncInput<unknown, unknown>): boolean {
  return !(input.kind === "applied" || input.kind === "shown" || (input.kind === "checked" && input.block !== null));
}

function raise(heights: Map<string, Height>, peer: string, height: Height): void {
  if (height > (heights.get(peer) ?? 0)) heights.set(peer, height);
}
