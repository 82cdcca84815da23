import { decode } from "../../../src/codec/cbor.ts";
import { type SnapshotsRequest, snapshotsRequestSchema } from "../../../src/codec/snapshot.ts";
import type { SnapshotReader } from "../../../src/node/snapshot-reader.ts";
import type { SnapshotSources } from "../../../src/node/snapshot-sources.ts";

/** What a peer answers, who knows what an honest one would. */
export type Answering = (request: Uint8Array, honest: Uint8Array | null) => Uint8Array | null;

export const honest: Answering = (_, answer) => answer;

/** Peers that hold a snapshot; each may change what it answers. */
export class AskedPeers implements SnapshotSources {
  /** With the reason, in the order of being penalised. */
  readonly reasons: (readonly [peer: string, reason: string])[] = [];
  readonly asked = new Map<string, number>();
  /** Of all peers: which chunks were asked for. */
  readonly chunks: number[] = [];
  readonly #peers: Readonly<Record<string, Answering>>;
  readonly #reader: Pick<SnapshotReader, "answer">;

  constructor(reader: Pick<SnapshotReader, "answer">, peers: Readonly<Record<string, Answering>>) {
    this.#reader = reader;
    this.#peers = peers;
  }

  get penalised(): readonly string[] {
    return this.reasons.map(([peer]) => peer);
  }

  names() {
    return Object.keys(this.#peers);
  }

  async ask(source: string, request: Uint8Array) {
    this.asked.set(source, (this.asked.get(source) ?? 0) + 1);
    const { what, number } = requestOf(request);
    if (what === "chunk") this.chunks.push(number);
    return (this.#peers[source] as Answering)(request, await this.#reader.answer(request));
  }

  penalise(source: string, reason: string) {
    this.reasons.push([source, reason]);
  }
}

export function requestOf(request: Uint8Array): SnapshotsRequest {
  const decoded = decode(snapshotsRequestSchema, request, 1_000);
  if (!decoded.ok) throw new Error(decoded.error.detail);
  return decoded.value;
}
