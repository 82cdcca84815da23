import { multiaddr } from "@multiformats/multiaddr";
import type { Libp2p } from "libp2p";
import type { Logger } from "../ports/observe.ts";
import { LIMITS } from "../types/limits.ts";
import type { PublicKey } from "../types/scalars.ts";
import { peerIdOf } from "./libp2p-identity.ts";

/** How often a dialler is to look who is missing. */
export const DIAL_CHECK_MS = 250;
const BACKOFF_MAX_MS = 4_000;
/** The peer with the higher key leaves the dialling to the other for so long, so that a pair has one connection. */
const YIELD_MS = 3_000;

interface Dial {
  busy: boolean;
  nextMs: number;
  backoffMs: number;
}

/** Dials one peer as often as makes sense, each with a back-off of its own. */
export class Libp2pDialler {
  readonly #libp2p: Pick<Libp2p, "dial">;
  readonly #self: PublicKey;
  readonly #logger: Logger;
  readonly #dials = new Map<PublicKey, Dial>();

  constructor(libp2p: Pick<Libp2p, "dial">, self: PublicKey, logger: Logger) {
    this.#libp2p = libp2p;
    this.#self = self;
    this.#logger = logger;
  }

  /** To be called for a peer that is not connected, again and again. */
  want(peer: PublicKey, addresses: readonly string[]): void {
    const nowMs = Date.now();
    let dial = this.#dials.get(peer);
    if (dial === undefined) {
      dial = { busy: false, nextMs: peer > this.#self ? nowMs : nowMs + YIELD_MS, backoffMs: DIAL_CHECK_MS };
      this.#dials.set(peer, dial);
    }
    if (!dial.busy && nowMs >= dial.nextMs) void this.#dial(peer, addresses, dial);
  }

  async #dial(peer: PublicKey, addresses: readonly string[], dial: Dial): Promise<void> {
    dial.busy = true;
    try {
      const peerId = peerIdOf(peer).toString();
      await this.#libp2p.dial(
        addresses.map((address) => multiaddr(`${address}/p2p/${peerId}`)),
        { signal: AbortSignal.timeout(LIMITS.requestTimeoutMs) },
      );
      dial.backoffMs = DIAL_CHECK_MS;
    } catch (error) {
      this.#logger.debug("a peer was not reached", { peer, error: String(error) });
      dial.backoffMs = Math.min(2 * dial.backoffMs, BACKOFF_MAX_MS);
    }
    dial.busy = false;
    // Spread out by a share of the wait, so that nodes that lost each other at once do not meet in step.
    dial.nextMs = Date.now() + dial.backoffMs * (0.75 + Math.random() / 2);
  }
}
