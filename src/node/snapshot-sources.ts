import { encode } from "../codec/schema.ts";
import { snapshotsRequestSchema } from "../codec/snapshot.ts";
import type { Transport } from "../ports/transport.ts";
import type { Height, PublicKey } from "../types/scalars.ts";

/** Whom a joiner asks, none of whom it believes: peers, or a folder with an exported snapshot. */
export interface SnapshotSources {
  /** Those that may be asked now. */
  names(): readonly string[];
  /** null: refused, or no answer in time. */
  ask(source: string, request: Uint8Array): Promise<Uint8Array | null>;
  /** It sent what no correct node sends. */
  penalise(source: string, reason: string): void;
}

/** Connects to these nodes as one that asks and has nothing to give: before its own store is whole. */
export function onlyAsk(transport: Transport, nodes: ReadonlySet<PublicKey>): void {
  transport.allow(nodes);
  transport.start({
    onConnected: () => undefined,
    onDisconnected: () => undefined,
    onConsensus: () => undefined,
    onGossip: () => undefined,
    onRequest: (_peer, _protocol, _request, respond) => respond(null),
  });
}

/** The nodes that are connected. */
export function peersAsSources(transport: Transport): SnapshotSources {
  return {
    names: () => transport.peers().map(({ nodeKey }) => nodeKey),
    ask: (source, request) => new Promise((resolve) => transport.request(source as PublicKey, "snapshots", request, resolve)),
    penalise: (source, reason) => transport.penalise(source as PublicKey, reason),
  };
}

export function askForSnapshot(
  sources: SnapshotSources,
  source: string,
  what: "offer" | "changes" | "chunk" | "pairs" | "header" | "headers",
  height: Height,
  number: number,
): Promise<Uint8Array | null> {
  return sources.ask(source, encode(snapshotsRequestSchema, { what, height, number }));
}

export const JOIN_RETRY_MS = 500;
export const JOIN_RETRIES_MAX = 20;

/**
 * `NO_SNAPSHOT`: nobody offers one that checks. `SNAPSHOT_GONE`: not all of it is to be had at present. `SNAPSHOT_OTHER`: what was begun
 * is of a snapshot that nobody offers any more, and in the way of another. The rest means that sources show another chain's past.
 */
export type JoinFault =
  | "NO_SNAPSHOT"
  | "SNAPSHOT_GONE"
  | "SNAPSHOT_OTHER"
  | "CHECKPOINT_UNPROVEN"
  | "CHECKPOINT_CONTRADICTED"
  | "CHANGES_UNPROVEN";

/** Why there is nothing to join by. */
export class JoinError extends Error {
  override readonly name = "JoinError";
  readonly code: JoinFault;
  constructor(code: JoinFault, detail: string) {
    super(detail);
    this.code = code;
  }
}
