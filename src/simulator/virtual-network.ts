import type { Prng } from "../lib/prng.ts";
import type { PeerInfo, Transport, TransportHandlers } from "../ports/transport.ts";
import type { PublicKey } from "../types/scalars.ts";
import type { Scheduler } from "./scheduler.ts";

interface Endpoint {
  readonly key: PublicKey;
  readonly handlers: TransportHandlers;
  allowed: ReadonlySet<PublicKey>;
  /** Raised when the node starts anew: what was sent to an earlier life is lost. */
  readonly life: number;
}

export interface NetworkWeather {
  delayMinMs: number;
  delayMaxMs: number;
  lossPermille: number;
  /** Messages that come twice: a peer may send the same again at any time. */
  duplicatePermille: number;
}

/** Watches what leaves a node, before the network can lose it. */
export type Tap = (from: PublicKey, message: Uint8Array) => void;
/** Says of a consensus message that it is to be lost on its way. */
export type Censor = (to: PublicKey, message: Uint8Array) => boolean;

const REQUEST_TIMEOUT_MS = 2_000;

/** Links between virtual nodes: ordered for consensus, unordered for the rest; cuts and partitions disconnect, a deaf way does not. */
export class VirtualNetwork {
  readonly #scheduler: Scheduler;
  readonly #random: Prng;
  readonly #tap: Tap;
  readonly #endpoints = new Map<PublicKey, Endpoint>();
  readonly #cut = new Set<string>();
  /** Ways on which nothing arrives although both ends believe to be connected. */
  readonly #deaf = new Set<string>();
  readonly #lagMs = new Map<PublicKey, number>();
  readonly #lastArrival = new Map<string, number>();
  readonly #linked = new Set<string>();
  readonly #peers = new Map<PublicKey, readonly PublicKey[]>();
  #groups: readonly ReadonlySet<PublicKey>[] | null = null;
  #lives = 0;
  censor: Censor = () => false;
  readonly weather: NetworkWeather = { delayMinMs: 1, delayMaxMs: 10, lossPermille: 0, duplicatePermille: 0 };

  constructor(scheduler: Scheduler, random: Prng, tap: Tap) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#tap = tap;
  }

  transport(key: PublicKey): Transport {
    let own: Endpoint | null = null;
    let allowed: ReadonlySet<PublicKey> = new Set();
    const isCurrent = (): boolean => own !== null && this.#endpoints.get(key) === own;
    return {
      start: (handlers) => {
        own = { key, handlers, allowed, life: ++this.#lives };
        this.#endpoints.set(key, own);
        this.#relink();
      },
      allow: (peers) => {
        allowed = peers;
        if (own !== null) own.allowed = peers;
        this.#relink();
      },
      sendConsensus: (peer, message) => {
        if (!isCurrent() || !this.#isUp(key, peer)) return false;
        this.#tap(key, message);
        if (this.#isLost(key, peer) || this.censor(peer, message)) return false;
        const pair = key + peer;
        for (let copies = this.#copies(); copies > 0; copies--) {
          const arrival = Math.max(this.#lastArrival.get(pair) ?? 0, this.#scheduler.nowMs + this.#delay(peer));
          this.#lastArrival.set(pair, arrival);
          const delayMs = arrival - this.#scheduler.nowMs;
          this.#deliver(key, peer, delayMs, "consensus", (handlers) => handlers.onConsensus(key, message));
        }
        return true;
      },
      publish: (message) => {
        if (!isCurrent()) return;
        for (const peer of this.#peersOf(key)) {
          if (this.#isLost(key, peer)) continue;
          for (let copies = this.#copies(); copies > 0; copies--)
            this.#deliver(key, peer, this.#delay(peer), "gossip", (handlers) => handlers.onGossip(key, message));
        }
      },
      request: (peer, protocol, request, done) => {
        let answered = false;
        const answer = (response: Uint8Array | null): void => {
          if (answered || !isCurrent()) return;
          answered = true;
          done(response);
        };
        this.#scheduler.at(REQUEST_TIMEOUT_MS, `${name(key)} request over`, () => answer(null));
        if (!isCurrent() || !this.#isUp(key, peer) || this.#isLost(key, peer)) return;
        this.#deliver(key, peer, this.#delay(peer), protocol, (handlers) =>
          handlers.onRequest(key, protocol, request, (response) => {
            if (!this.#isLost(peer, key))
              this.#deliver(peer, key, this.#delay(key), `${protocol} answer`, () => answer(response));
          }),
        );
      },
      penalise: (peer, reason) => this.#scheduler.note(`${name(key)} penalises ${name(peer)}: ${reason}`),
      peers: (): readonly PeerInfo[] =>
        this.#peersOf(key).map((nodeKey) => ({
          nodeKey,
          peerId: nodeKey,
          address: "/virtual",
          direction: "outbound",
          latencyMs: null,
        })),
    };
  }

  /** The machine is off. */
  down(key: PublicKey): void {
    this.#endpoints.delete(key);
    this.#relink();
  }

  /** Nodes of different groups do not reach each other; null heals. */
  partition(groups: readonly ReadonlySet<PublicKey>[] | null): void {
    this.#groups = groups;
    this.#relink();
  }

  /** One link, until it is mended. */
  cut(left: PublicKey, right: PublicKey, isCut: boolean): void {
    if (isCut) this.#cut.add(pairName(left, right));
    else this.#cut.delete(pairName(left, right));
    this.#relink();
  }

  /** One direction of a link loses everything and nobody is told: the asymmetric partition. */
  deafen(from: PublicKey, to: PublicKey, isDeaf: boolean): void {
    if (isDeaf) this.#deaf.add(from + to);
    else this.#deaf.delete(from + to);
  }

  /** Everything reaches this node so much later: it is slow, or paused. */
  lag(key: PublicKey, lagMs: number): void {
    this.#lagMs.set(key, lagMs);
  }

  /** All links work, both ways, at once. */
  mend(): void {
    this.#groups = null;
    this.#cut.clear();
    this.#deaf.clear();
    this.#lagMs.clear();
    this.#relink();
  }

  #isLost(from: PublicKey, to: PublicKey): boolean {
    return this.#random.chance(this.weather.lossPermille) || this.#deaf.has(from + to);
  }

  #copies(): number {
    return this.weather.duplicatePermille > 0 && this.#random.chance(this.weather.duplicatePermille) ? 2 : 1;
  }

  #peersOf(key: PublicKey): readonly PublicKey[] {
    return this.#peers.get(key) ?? [];
  }

  #isUp(left: PublicKey, right: PublicKey): boolean {
    return this.#linked.has(pairName(left, right));
  }

  #canLink(left: Endpoint, right: Endpoint): boolean {
    if (this.#cut.has(pairName(left.key, right.key)) || !left.allowed.has(right.key) || !right.allowed.has(left.key))
      return false;
    return this.#groups === null || this.#groups.some((group) => group.has(left.key) && group.has(right.key));
  }

  /** Brings connections in line with who is up and reachable, and tells both ends. */
  #relink(): void {
    const endpoints = [...this.#endpoints.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
    const wanted = new Map<string, readonly [Endpoint, Endpoint]>();
    for (const [index, left] of endpoints.entries()) {
      for (const right of endpoints.slice(index + 1)) {
        if (this.#canLink(left, right)) wanted.set(pairName(left.key, right.key), [left, right]);
      }
    }
    const peers = new Map<PublicKey, PublicKey[]>(endpoints.map(({ key }) => [key, []]));
    for (const [left, right] of wanted.values()) {
      peers.get(left.key)?.push(right.key);
      peers.get(right.key)?.push(left.key);
    }
    this.#peers.clear();
    for (const [key, own] of peers) this.#peers.set(key, own.sort());
    for (const pair of [...this.#linked]) {
      if (wanted.has(pair)) continue;
      this.#linked.delete(pair);
      const [left, right] = [pair.slice(0, 64), pair.slice(64)] as [PublicKey, PublicKey];
      for (const [one, other] of [
        [left, right],
        [right, left],
      ] as const) {
        this.#deliver(other, one, 1, "disconnected", (handlers) => handlers.onDisconnected(other), false);
      }
    }
    for (const [pair, [left, right]] of wanted) {
      if (this.#linked.has(pair)) continue;
      this.#linked.add(pair);
      this.#deliver(right.key, left.key, this.#delay(left.key), "connected", (handlers) => handlers.onConnected(right.key));
      this.#deliver(left.key, right.key, this.#delay(right.key), "connected", (handlers) => handlers.onConnected(left.key));
    }
  }

  #deliver(
    from: PublicKey,
    to: PublicKey,
    delayMs: number,
    what: string,
    hand: (handlers: TransportHandlers) => void,
    needsLink = true,
  ): void {
    const life = this.#endpoints.get(to)?.life;
    this.#scheduler.at(delayMs, `${name(from)}>${name(to)} ${what}`, () => {
      const endpoint = this.#endpoints.get(to);
      if (endpoint === undefined || endpoint.life !== life || (needsLink && !this.#isUp(from, to))) return;
      hand(endpoint.handlers);
    });
  }

  #delay(to: PublicKey): number {
    return this.#random.between(this.weather.delayMinMs, this.weather.delayMaxMs) + (this.#lagMs.get(to) ?? 0);
  }
}

function pairName(left: PublicKey, right: PublicKey): string {
  return left < right ? left + right : right + left;
}

function name(key: PublicKey): string {
  return key.slice(0, 4);
}
