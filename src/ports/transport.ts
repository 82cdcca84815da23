import type { PublicKey } from "../types/scalars.ts";

/** Peers are known by their node key (the Ed25519 key of their libp2p peer id). */
export interface PeerInfo {
  readonly nodeKey: PublicKey;
  readonly peerId: string;
  readonly address: string;
  readonly direction: "inbound" | "outbound";
  readonly latencyMs: number | null;
}

/** Request–response protocols; the bytes are node/'s business. */
export type RequestProtocol = "blocks" | "bodies" | "snapshots";

/** What the network brings in. All calls come from a macrotask of their own and never during a call into the transport. */
export interface TransportHandlers {
  onConnected(peer: PublicKey): void;
  onDisconnected(peer: PublicKey): void;
  /** One whole message of the ordered consensus stream with an authority or follower. */
  onConsensus(peer: PublicKey, message: Uint8Array): void;
  /** One gossip batch as the peer published it. */
  onGossip(peer: PublicKey, message: Uint8Array): void;
  /** `respond` at most once; null refuses. Not responding in time counts as a refusal. */
  onRequest(
    peer: PublicKey,
    protocol: RequestProtocol,
    request: Uint8Array,
    respond: (response: Uint8Array | null) => void,
  ): void;
}

export interface Transport {
  /** Begins to listen and dial. Called again, others handle what comes from then on, and are told who is connected. */
  start(handlers: TransportHandlers): void;
  /** The only node keys that may be connected; others are cut off at once, and refused at dial and at accept. */
  allow(peers: ReadonlySet<PublicKey>): void;
  /** Ordered, at most once; false if there is no connection or its buffer is full (the state exchange replaces what was lost). */
  sendConsensus(peer: PublicKey, message: Uint8Array): boolean;
  /** To every connected peer, once per link; bounded by the caller. */
  publish(message: Uint8Array): void;
  /** `done(null)` on refusal, time-out or disconnection. Never synchronous. */
  request(peer: PublicKey, protocol: RequestProtocol, request: Uint8Array, done: (response: Uint8Array | null) => void): void;
  /** Lowers a peer's standing after it sent what no correct node sends; enough of it disconnects for a while. */
  penalise(peer: PublicKey, reason: string): void;
  peers(): readonly PeerInfo[];
}
