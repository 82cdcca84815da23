import { assert } from "../lib/assert.ts";
import { LIMITS } from "../types/limits.ts";
import type { TimeMs, TxId } from "../types/scalars.ts";
import type { Envelope, TxPair } from "../types/transaction.ts";

/** A pending transaction. `origin`: the member or "self" through which it came, whose turn it takes when a block is built. */
export interface Entry {
  readonly envelope: Envelope;
  readonly origin: string;
  /** Monotonic clock at arrival. */
  readonly arrivedMs: number;
}

export interface MempoolBounds {
  readonly countMax: number;
  readonly bytesMax: number;
}

export type Admission =
  | { readonly kind: "added"; readonly evicted: readonly TxId[] }
  | { readonly kind: "known" }
  | { readonly kind: "full" };

/** Own execution failed: goes last. Own execution threw: not proposed by this node any more. */
type Standing = "sound" | "failing" | "quarantined";

interface Held extends Entry {
  standing: Standing;
}

/** What one origin has pending. */
class Queue {
  /** Oldest first; a Map keeps insertion order and that is all that is used of it. */
  readonly held = new Map<TxId, Held>();
  /** Oldest first as well, with ids that are gone meanwhile: the newest is found without walking through all. */
  #order: TxId[] = [];

  add(id: TxId, held: Held): void {
    this.held.set(id, held);
    this.#order.push(id);
    if (this.#order.length > 2 * this.held.size + ORDER_SLACK) this.#order = [...this.held.keys()];
  }

  takeNewest(): TxId {
    for (;;) {
      const id = this.#order.pop();
      assert(id !== undefined, "a queue holds something, or is not kept");
      if (this.held.has(id)) return id;
    }
  }
}

const ORDER_SLACK = 64;

/**
 * Pending transactions in order of arrival per origin (protocol.md §2). Unique by id: of several validly signed bodies of one id
 * the first stays. Everything is bounded; nothing is kept of what was removed.
 */
export class Mempool {
  readonly #bounds: MempoolBounds;
  readonly #held = new Map<TxId, Held>();
  readonly #origins = new Map<string, Queue>();
  #bytes = 0;

  constructor(bounds: MempoolBounds = { countMax: LIMITS.mempoolTxMax, bytesMax: LIMITS.mempoolBytesMax }) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(id: TxId): boolean {
    return this.#held.has(id);
  }

  get(id: TxId): Envelope | undefined {
    return this.#held.get(id)?.envelope;
  }

  /** A full mempool evicts the newest of the largest holder until there is room, unless the newcomer would itself be that. */
  add(entry: Entry): Admission {
    const { id } = entry.envelope.pair;
    if (this.#held.has(id)) return { kind: "known" };
    const evicted: TxId[] = [];
    while (this.#held.size >= this.#bounds.countMax || this.#bytes + entry.envelope.bytes.length > this.#bounds.bytesMax) {
      const largest = this.#largestOrigin();
      if (largest === undefined || largest === entry.origin) return { kind: "full" };
      const newest = (this.#origins.get(largest) as Queue).takeNewest();
      this.remove([newest]);
      evicted.push(newest);
    }
    const held: Held = { ...entry, standing: "sound" };
    this.#held.set(id, held);
    let queue = this.#origins.get(entry.origin);
    if (queue === undefined) {
      queue = new Queue();
      this.#origins.set(entry.origin, queue);
    }
    queue.add(id, held);
    this.#bytes += entry.envelope.bytes.length;
    return { kind: "added", evicted };
  }

  remove(ids: readonly TxId[]): void {
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held === undefined) continue;
      this.#held.delete(id);
      this.#bytes -= held.envelope.bytes.length;
      const queue = this.#origins.get(held.origin) as Queue;
      queue.held.delete(id);
      if (queue.held.size === 0) this.#origins.delete(held.origin);
    }
  }

  /** Removes and names what no block of this time or a later one may hold. */
  expire(blockTimeMs: TimeMs): readonly Envelope[] {
    const expired: Envelope[] = [];
    for (const { envelope } of this.#held.values()) if (envelope.tx.notAfter < blockTimeMs) expired.push(envelope);
    this.remove(expired.map(({ pair }) => pair.id));
    return expired;
  }

  /** For a block of this time: turns over origins, oldest first within each; the failing come last and are counted apart. */
  take(bounds: {
    readonly countMax: number;
    readonly bytesMax: number;
    readonly failingMax: number;
    readonly blockTimeMs: TimeMs;
  }): readonly Envelope[] {
    const taken: Envelope[] = [];
    let bytes = 0;
    const fits = ({ envelope }: Held): boolean =>
      envelope.tx.notAfter >= bounds.blockTimeMs &&
      taken.length < bounds.countMax &&
      bytes + envelope.bytes.length <= bounds.bytesMax;
    for (const standing of ["sound", "failing"] as const) {
      let left = standing === "sound" ? bounds.countMax : bounds.failingMax;
      const queues = [...this.#origins.keys()].sort().map((origin) => (this.#origins.get(origin) as Queue).held.values());
      for (let turn = 0; queues.length > 0 && left > 0 && taken.length < bounds.countMax; turn = (turn + 1) % queues.length) {
        turn %= queues.length;
        const next = (queues[turn] as Iterator<Held>).next();
        if (next.done === true) {
          queues.splice(turn, 1);
          turn -= 1;
          if (queues.length === 0) break;
          continue;
        }
        if (next.value.standing !== standing || !fits(next.value)) continue;
        taken.push(next.value.envelope);
        bytes += next.value.envelope.bytes.length;
        left -= 1;
      }
    }
    return taken;
  }

  /** Own execution of these failed. */
  demote(ids: readonly TxId[]): void {
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held?.standing === "sound") held.standing = "failing";
    }
  }

  /** Own execution of this one threw: it is not proposed by this node again. */
  quarantine(id: TxId): void {
    const held = this.#held.get(id);
    if (held !== undefined) held.standing = "quarantined";
  }

  /** Whether there is anything this node would propose. */
  get hasWork(): boolean {
    for (const held of this.#held.values()) if (held.standing !== "quarantined") return true;
    return false;
  }

  /** Pairs that arrived before `arrivedBeforeMs`, oldest first, at most `max`; from one origin if named. */
  pending(arrivedBeforeMs: number, max: number, origin?: string): readonly TxPair[] {
    const pairs: TxPair[] = [];
    const source = origin === undefined ? this.#held.values() : (this.#origins.get(origin)?.held.values() ?? []);
    for (const held of source) {
      if (pairs.length >= max || held.arrivedMs >= arrivedBeforeMs) break;
      pairs.push(held.envelope.pair);
    }
    return pairs;
  }

  #largestOrigin(): string | undefined {
    let largest: string | undefined;
    let size = 0;
    for (const origin of [...this.#origins.keys()].sort()) {
      const { size: own } = (this.#origins.get(origin) as Queue).held;
      if (own > size) {
        largest = origin;
        size = own;
      }
    }
    return largest;
  }
}
