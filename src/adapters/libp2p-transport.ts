import { createHash } from "node:crypto";
import { type GossipSub, gossipsub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import type { Connection, PeerId, Stream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { createLibp2p, type Libp2p } from "libp2p";
import { concatBytes } from "../lib/bytes.ts";
import { CodedError } from "../lib/coded-error.ts";
import type { Logger } from "../ports/observe.ts";
import type { PeerInfo, RequestProtocol, Transport, TransportHandlers } from "../ports/transport.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, PublicKey } from "../types/scalars.ts";
import { frame } from "./frames.ts";
import { DIAL_CHECK_MS, Libp2pDialler } from "./libp2p-dialler.ts";
import { nodeKeyOf, peerIdOf, privateKeyOf } from "./libp2p-identity.ts";
import { ask, RequestDesk, read } from "./libp2p-requests.ts";
import { PeerStanding } from "./peer-standing.ts";
import { yamuxWithLazyWindows } from "./yamux-windows.ts";

export interface TransportOptions {
  readonly chain: Hash;
  /** The node key's 32-byte seed. */
  readonly seed: Uint8Array;
  readonly self: PublicKey;
  readonly listen: readonly string[];
  /** Where peers may be found: multiaddrs without peer ids. Asked anew before each dial, since members change. */
  readonly addresses: Pick<ReadonlyMap<PublicKey, readonly string[]>, "get">;
  /** Links refused on purpose, for drills and tests. */
  readonly blocked?: Pick<ReadonlySet<PublicKey>, "has">;
  readonly logger: Logger;
}

interface Services extends Record<string, unknown> {
  readonly pubsub: GossipSub;
  readonly ping: { ping(peer: PeerId): Promise<number> };
  readonly identify: { identify(connection: Connection): Promise<unknown> };
}

interface Link {
  readonly stream: Stream;
  queue: Uint8Array[];
  queuedBytes: number;
  /** Whether the queue is looked at when this turn of the event loop is over. */
  scheduled: boolean;
}

/** A fault of the machine at start, with a stable code. */
export class TransportError extends CodedError<"ADDRESS_IN_USE" | "ADDRESS_UNUSABLE"> {
  override readonly name = "TransportError";
}

const QUEUE_BYTES_MAX = 16 * 1024 * 1024;
const PUBLISHING_BYTES_MAX = 8 * 1024 * 1024;
const PING_INTERVAL_MS = 10_000;
const GOSSIP_CHECK_MS = 2_000;
const REQUESTS: readonly RequestProtocol[] = ["blocks", "bodies", "snapshots"];

/**
 * The network: TCP, Noise, Yamux; only node keys of the member table get in, at dial, at accept and live. One ordered stream in each direction of
 * a pair carries consensus, gossipsub carries transactions without relaying (validation that never says "accept", so that a batch
 * travels once per link), and requests have a stream each.
 */
export class Libp2pTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #logger: Logger;
  #libp2p: Libp2p<Services> | null = null;
  #dialler: Libp2pDialler | null = null;
  #handlers: TransportHandlers | null = null;
  #allowed: ReadonlySet<PublicKey> = new Set();
  readonly #links = new Map<PublicKey, Link>();
  readonly #opening = new Set<PublicKey>();
  readonly #identifying = new Set<PublicKey>();
  readonly #latencies = new Map<PublicKey, number>();
  readonly #standing = new PeerStanding();
  readonly #desk = new RequestDesk();
  readonly #timers = new Set<NodeJS.Timeout>();
  #publishingBytes = 0;
  #stopping = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#logger = options.logger;
  }

  /** Binds the listening address. Throws TransportError. Before `start` nobody is let in. */
  async open(): Promise<void> {
    const { seed, listen } = this.#options;
    const gate = (peer: PeerId): boolean => !this.#mayConnect(nodeKeyOf(peer));
    try {
      this.#libp2p = (await createLibp2p({
        privateKey: await privateKeyOf(seed),
        addresses: { listen: [...listen] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamuxWithLazyWindows()],
        connectionManager: {
          inboundConnectionThreshold: 1_000,
          maxConnections: 2 * LIMITS.peersMax,
          maxIncomingPendingConnections: 100,
          reconnectRetries: 0,
        },
        connectionGater: {
          denyDialMultiaddr: () => false,
          denyDialPeer: gate,
          denyInboundEncryptedConnection: gate,
          denyOutboundEncryptedConnection: gate,
        },
        services: {
          identify: identify(),
          ping: ping(),
          pubsub: gossipsub({
            globalSignaturePolicy: "StrictNoSign",
            msgIdFn: (message) => createHash("sha256").update(message.data).digest(),
            asyncValidation: true,
            canRelayMessage: false,
            floodPublish: true,
            batchPublish: true,
            emitSelf: false,
            allowPublishToZeroTopicPeers: true,
            ignoreDuplicatePublishError: true,
            idontwantMinDataSize: Number.MAX_SAFE_INTEGER,
            gossipFactor: 0,
            maxInboundDataLength: 2 * LIMITS.gossipMessageBytesMax,
            allowedTopics: [this.#topic],
          }),
        },
      })) as unknown as Libp2p<Services>;
      this.#dialler = new Libp2pDialler(this.#libp2p, this.#options.self, this.#logger);
    } catch (error) {
      throw listenError(error, listen);
    }
  }

  start(handlers: TransportHandlers): void {
    const libp2p = this.#node();
    const isStarted = this.#handlers !== null;
    this.#handlers = handlers;
    if (isStarted) {
      // A joiner has asked its peers already: who is connected is told to whoever takes over.
      for (const peer of this.#links.keys()) this.#deliver(() => this.#handlers?.onConnected(peer));
      return;
    }
    libp2p.addEventListener("peer:connect", ({ detail }) => this.#onPeer(detail));
    libp2p.addEventListener("peer:disconnect", ({ detail }) => this.#onGone(nodeKeyOf(detail)));
    void libp2p.handle(this.#protocol("consensus"), (stream, connection) => this.#onConsensusStream(stream, connection), {
      maxInboundStreams: 4 * LIMITS.peersMax,
    });
    for (const protocol of REQUESTS) {
      void libp2p.handle(this.#protocol(protocol), (stream, connection) => this.#onRequestStream(protocol, stream, connection), {
        maxInboundStreams: LIMITS.requestsPerPeerMax * LIMITS.peersMax,
        maxOutboundStreams: LIMITS.requestsPerPeerMax * LIMITS.peersMax,
      });
    }
    const { pubsub } = libp2p.services;
    pubsub.subscribe(this.#topic);
    pubsub.addEventListener("gossipsub:message", ({ detail }) => {
      const peer = nodeKeyOf(detail.propagationSource);
      if (peer !== undefined && this.#mayConnect(peer)) this.#deliver(() => this.#handlers?.onGossip(peer, detail.msg.data));
    });
    for (const connection of libp2p.getConnections()) this.#onPeer(connection.remotePeer);
    this.#every(DIAL_CHECK_MS, () => this.#dialMissing());
    this.#every(PING_INTERVAL_MS, () => this.#measureLatencies());
    this.#every(GOSSIP_CHECK_MS, () => this.#mendGossip());
    this.#dialMissing();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#handlers = null;
    await this.#libp2p?.stop();
  }

  allow(peers: ReadonlySet<PublicKey>): void {
    this.#allowed = peers;
    for (const connection of this.#libp2p?.getConnections() ?? []) {
      if (!this.#mayConnect(nodeKeyOf(connection.remotePeer))) connection.abort(new Error("no member's node"));
    }
  }

  sendConsensus(peer: PublicKey, message: Uint8Array): boolean {
    const link = this.#links.get(peer);
    if (link === undefined || link.stream.status !== "open") return false;
    const framed = frame(message);
    if (link.queuedBytes + framed.length > QUEUE_BYTES_MAX) return false;
    link.queue.push(framed);
    link.queuedBytes += framed.length;
    if (!link.scheduled) {
      link.scheduled = true;
      queueMicrotask(() => {
        link.scheduled = false;
        flush(link);
      });
    }
    return true;
  }

  /** gossipsub has no back-pressure of its own: beyond the bound a batch is shed, and announcements make up for it. */
  publish(message: Uint8Array): void {
    if (this.#stopping || this.#publishingBytes + message.length > PUBLISHING_BYTES_MAX) return;
    this.#publishingBytes += message.length;
    this.#node()
      .services.pubsub.publish(this.#topic, message)
      .catch((error: unknown) => this.#logger.debug("a gossip batch was not published", { error: String(error) }))
      .finally(() => {
        this.#publishingBytes -= message.length;
      });
  }

  request(peer: PublicKey, protocol: RequestProtocol, request: Uint8Array, done: (response: Uint8Array | null) => void): void {
    let answered = false;
    const answer = (response: Uint8Array | null): void => {
      if (answered) return;
      answered = true;
      this.#deliver(() => done(response));
    };
    const connection = this.#connection(peer);
    if (connection === undefined) {
      answer(null);
      return;
    }
    ask(connection, this.#protocol(protocol), request, answer).catch(() => answer(null));
  }

  penalise(peer: PublicKey, reason: string): void {
    this.#logger.warn("a peer sent what no correct node sends", { peer, reason });
    if (!this.#standing.penalise(peer, Date.now())) return;
    for (const connection of this.#libp2p?.getConnections(peerIdOf(peer)) ?? []) connection.abort(new Error("penalised"));
  }

  peers(): readonly PeerInfo[] {
    const peers: PeerInfo[] = [];
    for (const nodeKey of [...this.#links.keys()].sort()) {
      const connection = this.#connection(nodeKey);
      if (connection === undefined) continue;
      peers.push({
        nodeKey,
        peerId: connection.remotePeer.toString(),
        address: connection.remoteAddr.toString(),
        direction: connection.direction,
        latencyMs: this.#latencies.get(nodeKey) ?? null,
      });
    }
    return peers;
  }

  /** Addresses that are listened on, with the ports that were bound. */
  listening(): readonly string[] {
    return this.#node()
      .getMultiaddrs()
      .map((address) => address.toString());
  }

  get #topic(): string {
    return `/zhonglian/${this.#options.chain.slice(0, 16)}/transactions/1`;
  }

  #protocol(name: string): string {
    return `/zhonglian/${this.#options.chain.slice(0, 16)}/${name}/1`;
  }

  #node(): Libp2p<Services> {
    if (this.#libp2p === null) throw new Error("the transport is not open");
    return this.#libp2p;
  }

  #mayConnect(peer: PublicKey | undefined): peer is PublicKey {
    return (
      peer !== undefined &&
      this.#allowed.has(peer) &&
      this.#options.blocked?.has(peer) !== true &&
      !this.#standing.isBanned(peer, Date.now())
    );
  }

  #connection(peer: PublicKey): Connection | undefined {
    return this.#node()
      .getConnections(peerIdOf(peer))
      .find(({ status }) => status === "open");
  }

  /** Out of libp2p's call stack, so that what handlers do or throw is none of its business. */
  #deliver(task: () => void): void {
    setImmediate(task);
  }

  // — consensus streams —

  #onPeer(peerId: PeerId): void {
    const peer = nodeKeyOf(peerId);
    if (!this.#mayConnect(peer) || this.#opening.has(peer) || this.#links.has(peer)) return;
    this.#opening.add(peer);
    this.#openLink(peer)
      .catch((error: unknown) => {
        this.#logger.debug("no consensus stream", { peer, error: String(error) });
        this.#later(DIAL_CHECK_MS, () => {
          if (this.#connection(peer) !== undefined) this.#onPeer(peerId);
        });
      })
      .finally(() => this.#opening.delete(peer));
  }

  async #openLink(peer: PublicKey): Promise<void> {
    const connection = this.#connection(peer);
    if (connection === undefined) return;
    const stream = await connection.newStream(this.#protocol("consensus"), {
      signal: AbortSignal.timeout(LIMITS.requestTimeoutMs),
      maxOutboundStreams: 4,
    });
    stream.inactivityTimeout = 0x7fffffff;
    const link: Link = { stream, queue: [], queuedBytes: 0, scheduled: false };
    stream.addEventListener("drain", () => flush(link));
    stream.addEventListener("close", () => {
      if (this.#links.get(peer) === link) this.#onGone(peer);
    });
    this.#links.set(peer, link);
    this.#deliver(() => this.#handlers?.onConnected(peer));
  }

  #onGone(peer: PublicKey | undefined): void {
    if (peer === undefined || !this.#links.delete(peer)) return;
    this.#deliver(() => this.#handlers?.onDisconnected(peer));
    if (this.#stopping) return;
    // The connection may be left with the stream gone.
    this.#later(DIAL_CHECK_MS, () => {
      const connection = this.#connection(peer);
      if (connection !== undefined) this.#onPeer(connection.remotePeer);
    });
  }

  #onConsensusStream(stream: Stream, connection: Connection): void {
    const peer = nodeKeyOf(connection.remotePeer);
    if (!this.#mayConnect(peer)) {
      stream.abort(new Error("no member's node"));
      return;
    }
    stream.inactivityTimeout = 0x7fffffff;
    read(stream, LIMITS.consensusMessageBytesMax, (message) => this.#deliver(() => this.#handlers?.onConsensus(peer, message)));
  }

  // — requests —

  #onRequestStream(protocol: RequestProtocol, stream: Stream, connection: Connection): void {
    const peer = nodeKeyOf(connection.remotePeer);
    if (!this.#mayConnect(peer)) {
      stream.abort(new Error("refused"));
      return;
    }
    this.#desk.take(peer, stream, (request, respond) =>
      this.#deliver(() => this.#handlers?.onRequest(peer, protocol, request, respond)),
    );
  }

  // — keeping in touch —

  #dialMissing(): void {
    if (this.#stopping) return;
    for (const peer of this.#allowed) {
      const addresses = this.#options.addresses.get(peer);
      if (addresses === undefined || addresses.length === 0 || !this.#mayConnect(peer) || this.#connection(peer) !== undefined)
        continue;
      this.#dialler?.want(peer, addresses);
    }
  }

  /**
   * gossipsub learns of a peer when it has been identified, once, on connecting: where a stalled machine let that run out, the link would
   * carry no gossip for as long as it lives. It is asked again.
   */
  #mendGossip(): void {
    const { pubsub, identify } = this.#node().services;
    const known = new Set(pubsub.getPeers().map(String));
    for (const peer of this.#links.keys()) {
      const connection = this.#connection(peer);
      if (connection === undefined || known.has(connection.remotePeer.toString()) || this.#identifying.has(peer)) continue;
      this.#identifying.add(peer);
      identify
        .identify(connection)
        .catch((error: unknown) => this.#logger.debug("a peer was not identified", { peer, error: String(error) }))
        .finally(() => this.#identifying.delete(peer));
    }
  }

  #measureLatencies(): void {
    for (const { nodeKey } of this.peers()) {
      this.#node()
        .services.ping.ping(peerIdOf(nodeKey))
        .then((latencyMs) => this.#latencies.set(nodeKey, latencyMs))
        .catch(() => undefined);
    }
  }

  #every(intervalMs: number, duty: () => void): void {
    const timer = setInterval(duty, intervalMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #later(delayMs: number, task: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      if (!this.#stopping) task();
    }, delayMs);
    timer.unref();
    return timer;
  }
}

/** What one turn of the event loop sent goes as one: each write costs more than most messages are long. */
function flush(link: Link): void {
  const { stream, queue } = link;
  if (queue.length === 0 || stream.writableNeedsDrain || stream.status !== "open") return;
  link.queue = [];
  link.queuedBytes = 0;
  stream.send(queue.length === 1 ? (queue[0] as Uint8Array) : concatBytes(...queue));
}

function listenError(error: unknown, listen: readonly string[]): unknown {
  const text = [error, ...((error as { errors?: unknown[] }).errors ?? []), (error as { cause?: unknown }).cause]
    .map(String)
    .join(" ");
  if (/EADDRINUSE/.test(text))
    return new TransportError("ADDRESS_IN_USE", `the address ${listen.join(", ")} is in use by another program`, error);
  if (/EADDRNOTAVAIL|EACCES|no valid addresses|UnsupportedListenAddresses/i.test(text)) {
    return new TransportError("ADDRESS_UNUSABLE", `cannot listen on ${listen.join(", ")}: ${(error as Error).message}`, error);
  }
  return error;
}
