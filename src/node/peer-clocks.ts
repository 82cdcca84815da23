import type { PublicKey, TimeMs } from "../types/scalars.ts";

/** How far the peers' wall clocks are from this node's, as each last said. */
export class PeerClocks {
  readonly #offsets = new Map<PublicKey, number>();

  onTime(peer: PublicKey, saidMs: TimeMs, nowMs: TimeMs): void {
    this.#offsets.set(peer, nowMs - saidMs);
  }

  onGone(peer: PublicKey): void {
    this.#offsets.delete(peer);
  }

  /** By how much this node is ahead of the median of its peers, which no minority of them can move far; 0 without peers. */
  aheadMs(): number {
    const sorted = [...this.#offsets.values()].sort((left, right) => left - right);
    if (sorted.length === 0) return 0;
    const middle = sorted.length >> 1;
    const upper = sorted[middle] as number;
    return sorted.length % 2 === 1 ? upper : Math.round((upper + (sorted[middle - 1] as number)) / 2);
  }
}
