import { headerSchema } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { encode } from "../codec/schema.ts";
import { snapshotsRequestSchema } from "../codec/snapshot.ts";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import { LIMITS } from "../types/limits.ts";
import type { ChainStore } from "./chain-store.ts";
import type { RowReader } from "./row-reader.ts";
import { chunkName, OFFER, pairsName } from "./snapshot-maker.ts";

/** Who asks an exported snapshot gets no headers beside it. */
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
        const newest = (await this.#files.heights()).at(-1);
        return newest === undefined ? null : ((await this.#files.read(newest, OFFER)) ?? null);
      }
      case "chunk": {
        const chunk = await this.#files.read(height, chunkName(number));
        return chunk === undefined || chunk.length > LIMITS.responseBytesMax ? null : chunk;
      }
      case "pairs":
        return (await this.#files.read(height, pairsName(number))) ?? null;
      case "header": {
        const chain = this.#chain;
        const header = chain === null || height > chain.head.height ? undefined : chain.block(height)?.header;
        return header === undefined ? null : encode(headerSchema, header);
      }
      case "row": {
        const row = key === undefined ? undefined : await this.#rows?.row(height, key);
        return row === undefined || row.length > LIMITS.responseBytesMax ? null : row;
      }
      default:
        return null;
    }
  }
}
