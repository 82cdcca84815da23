import { Mempool } from "../../../src/mempool/mempool.ts";
import type { ChainStore } from "../../../src/node/chain-store.ts";
import { encodeMessage } from "../../../src/node/messages.ts";
import { PeerRequests } from "../../../src/node/peer-requests.ts";
import type { PeerInfo, RequestProtocol, Transport, TransportHandlers } from "../../../src/ports/transport.ts";
import type { PublicKey } from "../../../src/types/scalars.ts";

/** What a peer answers; undefined: nothing at all. `honest` is what a correct node would. */
export type Answering = (
  protocol: RequestProtocol,
  request: Uint8Array,
  honest: (request: Uint8Array) => Uint8Array | null,
) => Uint8Array | null | undefined;

export const honestly: Answering = (_, request, honest) => honest(request);

const NEVER_MS = 3_000;

/** A node's transport onto peers that live in this process: each has the chain, shows its commit, and answers as it likes. */
export class PeersInProcess implements Transport {
  readonly #peers: ReadonlyMap<PublicKey, Answering>;
  readonly #chain: ChainStore;
  readonly #requests: PeerRequests;
  readonly penalised: { readonly peer: PublicKey; readonly reason: string }[] = [];
  readonly asked = new Map<PublicKey, number>();
  /** Most requests that were under way at once. */
  atOnceMax = 0;
  #atOnce = 0;
  #handlers: TransportHandlers | null = null;

  constructor(chain: ChainStore, peers: ReadonlyMap<PublicKey, Answering>) {
    this.#peers = peers;
    this.#chain = chain;
    this.#requests = new PeerRequests({ store: chain, mempool: new Mempool(), proposed: () => undefined });
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    for (const peer of this.#peers.keys()) this.show(peer);
  }

  /** The peer connects and sends its newest commit. */
  show(peer: PublicKey): void {
    setImmediate(() => {
      const commit = this.#chain.commit(this.#chain.head.height);
      this.#handlers?.onConnected(peer);
      this.#handlers?.onConsensus(peer, encodeMessage("commit", commit as never));
    });
  }

  request(peer: PublicKey, protocol: RequestProtocol, request: Uint8Array, done: (response: Uint8Array | null) => void): void {
    this.asked.set(peer, (this.asked.get(peer) ?? 0) + 1);
    this.atOnceMax = Math.max(this.atOnceMax, ++this.#atOnce);
    const honest = (asked: Uint8Array) => this.#requests.answer(protocol, asked);
    const answer = this.#peers.get(peer)?.(protocol, request, honest);
    setTimeout(
      () => {
        this.#atOnce -= 1;
        done(answer ?? null);
      },
      answer === undefined ? NEVER_MS : 1,
    );
  }

  penalise(peer: PublicKey, reason: string): void {
    this.penalised.push({ peer, reason });
  }

  allow(): void {}
  publish(): void {}
  sendConsensus(): boolean {
    return true;
  }
  peers(): readonly PeerInfo[] {
    return [];
  }
}
