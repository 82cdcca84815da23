import { LIMITS } from "../types/limits.ts";
import { blockSchema, commitSchema, headerSchema, pairSchema } from "./block.ts";
import { authorityChangeSchema } from "./proof.ts";
import { bytes, bytesInPlace, type Infer, int, list, optional, struct, text } from "./schema.ts";

/**
 * What a snapshot is of, and how long the way from the genesis to it is: who has only the genesis finds the authorities of that height by the
 * changes, and believes the block by its commit.
 */
export const snapshotOfferSchema = struct({
  block: blockSchema,
  commit: commitSchema,
  /** So many changes of authorities lead from the genesis to the block; they are asked for page by page. */
  changes: int({ max: LIMITS.snapshotChangesMax }),
  /** There is a chunk for each prefix of so many nibbles. */
  nibbles: int({ max: LIMITS.snapshotNibblesMax }),
  /** Objects in the state: for telling how far a joiner is. */
  objects: int(),
});
export type SnapshotOffer = Infer<typeof snapshotOfferSchema>;

/** Changes of authorities, oldest first. */
export const changesPageSchema = list(authorityChangeSchema, { min: 1, max: LIMITS.snapshotChangesPerPage });

/** From a height downwards. */
export const headersPageSchema = list(headerSchema, { min: 1, max: LIMITS.snapshotHeadersPerPage });

const digest = bytes({ min: 32, max: 32 });

/** All leaves of the state under one prefix, in the order of the tree, with the hashes beside the way from the root down to it. */
export const snapshotChunkSchema = struct({
  siblings: list(digest, { max: 4 * LIMITS.snapshotNibblesMax }),
  leaves: list(
    struct({
      kind: text({ min: 1, max: LIMITS.kindCharsMax, pattern: /^[a-zA-Z]+$/ }),
      id: bytesInPlace({ min: 32, max: 32 }),
      value: bytesInPlace({ max: LIMITS.responseBytesMax }),
    }),
    { max: LIMITS.snapshotLeavesMax },
  ),
});
export type SnapshotChunk = Infer<typeof snapshotChunkSchema>;

/** Headers with the pairs of their blocks, from a height downwards. */
export const pairListsSchema = list(struct({ header: headerSchema, pairs: list(pairSchema, { max: LIMITS.blockTxMax }) }), {
  max: LIMITS.snapshotPairListsMax,
});
export type PairLists = Infer<typeof pairListsSchema>;

/**
 * What a joiner asks of a snapshot: the offer, a page of changes, one chunk, or pair lists; a header for its checkpoint, and those below
 * it. Who mends a store asks for a row of it, as it was when the chain had this height.
 */
export const snapshotsRequestSchema = struct({
  what: text({ max: 8, pattern: /^(offer|changes|chunk|pairs|header|headers|row)$/ }),
  /** Of offers 0: the newest. */
  height: int(),
  /** Of chunks: which; of pair lists and headers: from which height downwards; of changes: from the how manyth on, which is a page's first. */
  number: int(),
  /** Of rows: which. */
  key: optional(bytes({ min: 1, max: 256 })),
});
export type SnapshotsRequest = Infer<typeof snapshotsRequestSchema>;
