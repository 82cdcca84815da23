import { headerSchema } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { encode } from "../codec/schema.ts";
import {
  changesPageSchema,
  headersPageSchema,
  pairListsSchema,
  snapshotOfferSchema,
  snapshotsRequestSchema,
} from "../codec/snapshot.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Header } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";
import type { ChainStore } from "./chain-store.ts";
import type { RowReader } from "./row-reader.ts";
import { changesName, chunkName, OFFER, pairsName } from "./snapshot-maker.ts";

/** Who asks an exported snapshot gets no headers but those in it. */
export type Headers = Pick<ChainStore, "head" | "block">;

/** Answers joiners: the newest snapshot's offer, its chunks, and the blocks before it as far as a joiner must know them; and who mends a store. */
export class SnapshotReader {
  readonly #files: Pick<SnapshotFiles, "heights" | "read">;
  readonly #chain: Headers | null;
  readonly #rows: RowReader | null;

  constructor(modules: {
    readonly files: Pick<SnapshotFiles, "heights" | "read">;
    readonly chain: Headers | null;
    readonly rows?: RowReader;
  }) {
    this.#files = modules.files;
    this.#chain = modules.chain;
    this.#rows = modules.rows ?? null;
  }

  /** null refuses: the request is malformed or asks for what is not there. */
  async answer(request: Uint8Array): Promise<Uint8Array | null> {
    const decoded = decode(snapshotsRequestSchema, request, LIMITS.requestBytesMax);
    if (!decoded.ok) return null;
    const { what, height, number, key } = decoded.value;
    switch (what) {
      case "offer": {
        // 0: the newest. Who was interrupted asks for the one it has begun with.
        const asked = height > 0 ? height : (await this.#files.heights()).at(-1);
        return asked === undefined ? null : ((await this.#files.read(asked, OFFER)) ?? null);
      }
      case "changes":
        return (await this.#files.read(height, changesName(number))) ?? null;
      case "chunk": {
        const chunk = await this.#files.read(height, chunkName(number));
        return chunk === undefined || chunk.length > LIMITS.responseBytesMax ? null : chunk;
      }
      case "pairs":
        return (await this.#files.read(height, pairsName(number))) ?? null;
      case "header": {
        const chain = this.#chain;
        const kept = chain === null || height > chain.head.height ? undefined : chain.block(height)?.header;
        const header = kept ?? (await this.#headerOfSnapshot(height));
        return header === undefined ? null : encode(headerSchema, header);
      }
      case "headers": {
        const headers = this.#headersFrom(number);
        return headers.length === 0 ? null : encode(headersPageSchema, headers);
      }
      case "row": {
        const row = key === undefined ? undefined : await this.#rows?.row(height, key);
        return row === undefined || row.length > LIMITS.responseBytesMax ? null : row;
      }
      default:
        return null;
    }
  }

  #headersFrom(highest: Height): readonly Header[] {
    const chain = this.#chain;
    const headers: Header[] = [];
    if (chain === null || highest > chain.head.height) return headers;
    for (let height = highest; height > 0 && headers.length < LIMITS.snapshotHeadersPerPage; height--) {
      const block = chain.block(height);
      if (block === undefined) break;
      headers.push(block.header);
    }
    return headers;
  }

  /** The newest snapshot knows some headers, too: its own, those of changes of authorities, and those of the window of used ids. */
  async #headerOfSnapshot(height: Height): Promise<Header | undefined> {
    const newest = (await this.#files.heights()).at(-1);
    const offer = newest === undefined ? undefined : await this.#files.read(newest, OFFER);
    const decoded = offer === undefined ? undefined : decode(snapshotOfferSchema, offer, LIMITS.responseBytesMax);
    if (newest === undefined || !decoded?.ok) return undefined;
    const change = await this.#changeOfSnapshot(newest, decoded.value.changes, height);
    if (change !== undefined) return change;
    for (let from = newest; from >= height; ) {
      const lists = await this.#files.read(newest, pairsName(from));
      const piece = lists === undefined ? undefined : decode(pairListsSchema, lists, LIMITS.responseBytesMax);
      const found = piece?.ok ? piece.value.find(({ header }) => header.height === height) : undefined;
      if (found !== undefined) return found.header as Header;
      const lowest = piece?.ok ? piece.value.at(-1)?.header.height : undefined;
      if (lowest === undefined) return undefined;
      from = lowest - 1;
    }
    return undefined;
  }

  async #changeOfSnapshot(snapshot: Height, count: number, height: Height): Promise<Header | undefined> {
    for (let first = 0; first < count; ) {
      const bytes = await this.#files.read(snapshot, changesName(first));
      const page = bytes === undefined ? undefined : decode(changesPageSchema, bytes, LIMITS.responseBytesMax);
      if (!page?.ok) return undefined;
      const found = page.value.find(({ header }) => header.height >= height);
      if (found !== undefined) return found.header.height === height ? (found.header as Header) : undefined;
      first += page.value.length;
    }
    return undefined;
  }
}
