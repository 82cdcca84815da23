import { decode } from "../codec/cbor.ts";
import { encode } from "../codec/schema.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import type { MonotonicClock } from "../ports/clock.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Transport } from "../ports/transport.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height, PublicKey } from "../types/scalars.ts";
import type { Envelope, TxPair } from "../types/transaction.ts";
import type { EventLoop } from "./event-loop.ts";
import { bodiesRequestSchema, bodiesResponseSchema } from "./messages.ts";

const RETRY_MS = 100;

interface FetcherModules {
  readonly loop: EventLoop;
  readonly transport: Transport;
  readonly clock: MonotonicClock;
  readonly hasher: Hasher;
}

/** Fetches the bodies a block lacks: of `first` (its proposer), then of everybody else, until all are there or the height is over. */
export class BodyFetcher {
  readonly #m: FetcherModules;

  constructor(modules: FetcherModules) {
    this.#m = modules;
  }

  /** `isWanted` false ends the search without an answer. `done` gets envelopes in the order of `pairs`; signatures unverified. */
  fetch(
    height: Height,
    pairs: readonly TxPair[],
    first: PublicKey | undefined,
    isWanted: () => boolean,
    done: (envelopes: readonly Envelope[]) => void,
  ): void {
    const found = new Map<string, Envelope>();
    let turn = 0;
    const ask = (): void => {
      if (!isWanted()) return;
      const missing = pairs.filter(({ id }) => !found.has(id)).slice(0, LIMITS.bodiesPerRequestMax);
      if (missing.length === 0) {
        done(pairs.map(({ id }) => found.get(id) as Envelope));
        return;
      }
      const peer = this.#peerFor(turn, first);
      turn += 1;
      if (peer === undefined) {
        this.#m.clock.after(RETRY_MS, this.#m.loop.callback(ask));
        return;
      }
      this.#m.transport.request(
        peer,
        "bodies",
        encode(bodiesRequestSchema, { height, pairs: missing }),
        this.#m.loop.callback((response: Uint8Array | null) => {
          const before = found.size;
          if (response !== null) this.#collect(response, missing, found);
          if (found.size > before) ask();
          else this.#m.clock.after(RETRY_MS, this.#m.loop.callback(ask));
        }),
      );
    };
    ask();
  }

  #collect(response: Uint8Array, asked: readonly TxPair[], found: Map<string, Envelope>): void {
    const decoded = decode(bodiesResponseSchema, response, LIMITS.responseBytesMax);
    if (!decoded.ok) return;
    const wanted = new Map(asked.map((pair) => [pair.id as string, pair.sigs]));
    for (const bytes of decoded.value) {
      const envelope = bytes.length === 0 ? undefined : decodeTransaction(bytes, this.#m.hasher.sha256);
      if (envelope?.ok && wanted.get(envelope.value.pair.id) === envelope.value.pair.sigs)
        found.set(envelope.value.pair.id, envelope.value);
    }
  }

  #peerFor(turn: number, first: PublicKey | undefined): PublicKey | undefined {
    const connected = this.#m.transport
      .peers()
      .map(({ nodeKey }) => nodeKey)
      .sort();
    if (turn === 0 && first !== undefined && connected.includes(first)) return first;
    return connected[turn % Math.max(1, connected.length)];
  }
}
