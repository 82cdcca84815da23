import { decode } from "../codec/cbor.ts";
import { encode } from "../codec/schema.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { RequestProtocol } from "../ports/transport.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { ChainStore } from "./chain-store.ts";
import {
  blocksRequestSchema,
  blocksResponseSchema,
  bodiesRequestSchema,
  bodiesResponseSchema,
  encodedBlockSchema,
  prunedResponseSchema,
} from "./messages.ts";

/** Room that the outer list and its heads take of an answer. */
const MARGIN_BYTES = 4_096;

/** Answers what peers ask for: finalised blocks, and bodies that are pending, proposed or stored. Bounded by what an answer may be. */
export class PeerRequests {
  readonly #store: ChainStore;
  readonly #mempool: Mempool;
  readonly #proposed: (id: Hash) => Envelope | undefined;

  constructor(modules: {
    readonly store: ChainStore;
    readonly mempool: Mempool;
    readonly proposed: (id: Hash) => Envelope | undefined;
  }) {
    this.#store = modules.store;
    this.#mempool = modules.mempool;
    this.#proposed = modules.proposed;
  }

  /** null refuses: the request is malformed or asks for what is not there. */
  answer(protocol: RequestProtocol, request: Uint8Array): Uint8Array | null {
    switch (protocol) {
      case "blocks":
        return this.#blocks(request);
      case "bodies":
        return this.#bodies(request);
      case "snapshots":
        // Answered beside the event loop, by whoever keeps snapshots.
        return null;
    }
  }

  #blocks(request: Uint8Array): Uint8Array | null {
    const decoded = decode(blocksRequestSchema, request, LIMITS.requestBytesMax);
    if (!decoded.ok) return null;
    const { from, count } = decoded.value;
    const blocks: Uint8Array[] = [];
    let left: number = LIMITS.responseBytesMax - MARGIN_BYTES;
    for (let height = from; height < from + count && height <= this.#store.head.height; height++) {
      const stored = this.#store.encodedBlock(height);
      if (stored === undefined) break;
      const encoded = encode(encodedBlockSchema, stored);
      left -= encoded.length + 9;
      if (left < 0) break;
      blocks.push(encoded);
    }
    if (blocks.length > 0) return encode(blocksResponseSchema, blocks);
    const { base, head } = this.#store;
    // Of the block at which a node joined it has no bodies.
    return from <= base && base < head.height ? encode(prunedResponseSchema, { base: base + 1 }) : null;
  }

  #bodies(request: Uint8Array): Uint8Array | null {
    const decoded = decode(bodiesRequestSchema, request, LIMITS.requestBytesMax);
    if (!decoded.ok) return null;
    const bodies: Uint8Array[] = [];
    let left: number = LIMITS.responseBytesMax - MARGIN_BYTES;
    for (const { id, sigs } of decoded.value.pairs) {
      const envelope = [this.#mempool.get(id), this.#proposed(id)].find((found) => found?.pair.sigs === sigs);
      const body = envelope?.bytes ?? this.#store.body(id) ?? EMPTY;
      left -= body.length + 9;
      if (left < 0) break;
      bodies.push(body);
    }
    return encode(bodiesResponseSchema, bodies);
  }
}

const EMPTY = new Uint8Array(0);
