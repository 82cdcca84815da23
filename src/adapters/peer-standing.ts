import type { PublicKey } from "../types/scalars.ts";

/** So many faults within the window and a peer is refused for a while. */
const FAULTS_MAX = 50;
const WINDOW_MS = 60_000;
const BAN_MS = 30_000;

/** How peers behave; forgets with time, since a fault may be a bug of one release and not malice. */
export class PeerStanding {
  readonly #faults = new Map<PublicKey, { count: number; sinceMs: number }>();
  readonly #bannedUntilMs = new Map<PublicKey, number>();

  /** True if the peer is to be cut off now. */
  penalise(peer: PublicKey, nowMs: number): boolean {
    const known = this.#faults.get(peer);
    const entry = known === undefined || nowMs - known.sinceMs > WINDOW_MS ? { count: 0, sinceMs: nowMs } : known;
    entry.count += 1;
    this.#faults.set(peer, entry);
    if (entry.count < FAULTS_MAX) return false;
    this.#faults.delete(peer);
    this.#bannedUntilMs.set(peer, nowMs + BAN_MS);
    return true;
  }

  isBanned(peer: PublicKey, nowMs: number): boolean {
    return (this.#bannedUntilMs.get(peer) ?? 0) > nowMs;
  }
}
