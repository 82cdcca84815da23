import { blockSchema, commitSchema, pairSchema } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { bytes, encode, encoded, type Infer, int, list, nullable, type Schema, struct } from "../codec/schema.ts";
import { proposalSchema, voteSchema } from "../codec/vote.ts";
import { concatBytes } from "../lib/bytes.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { LIMITS } from "../types/limits.ts";

const bitmap = bytes({ max: Math.ceil(LIMITS.authoritiesMax / 8) });
const round = int({ max: 2 ** 31 });

/**
 * Messages of the consensus stream (protocol.md §4, §6). On the wire: one byte, the position in this list, then the body's CBOR.
 * Positions are frozen; new kinds are added at the end.
 */
const BODIES = {
  /** A proposal with all of the block but the transactions' bodies. */
  proposal: struct({ proposal: proposalSchema, block: blockSchema }),
  vote: voteSchema,
  /** What the sender holds: the peer answers with what is missing there. */
  status: struct({
    height: int(),
    round,
    step: int({ max: 2 }),
    /** Whether the sender holds the proposal of its round. */
    proposal: int({ max: 1 }),
    prevotes: bitmap,
    precommits: bitmap,
    validRound: nullable(round),
    validPrevotes: bitmap,
  }),
  /** A commit the receiver may lack: shown to whoever is lower. */
  commit: commitSchema,
  /** Ids of pending transactions: who lacks one asks for it. */
  announce: list(pairSchema, { max: LIMITS.bodiesPerRequestMax }),
  /** What the sender's wall clock says: whoever is far from most says so to its operator. */
  time: struct({ wallMs: int() }),
};

type Bodies = typeof BODIES;
export type ConsensusMessage = { [K in keyof Bodies]: { readonly kind: K; readonly body: Infer<Bodies[K]> } }[keyof Bodies];
export type StatusBody = Infer<Bodies["status"]>;

const KINDS = Object.keys(BODIES) as (keyof Bodies)[];

export function encodeMessage<K extends keyof Bodies>(kind: K, body: Infer<Bodies[K]>): Uint8Array {
  return concatBytes(Uint8Array.of(KINDS.indexOf(kind)), encode(BODIES[kind] as unknown as Schema<Infer<Bodies[K]>>, body));
}

/** Refused with the decoder's code; the sender is then penalised. */
export function decodeMessage(message: Uint8Array): Result<ConsensusMessage, { readonly code: string }> {
  const kind = KINDS[message[0] ?? 255];
  if (kind === undefined) return err({ code: "MESSAGE_UNKNOWN" });
  const body = decode(BODIES[kind] as unknown as Schema<unknown>, message.subarray(1), LIMITS.consensusMessageBytesMax);
  return body.ok ? ok({ kind, body: body.value } as ConsensusMessage) : body;
}

/** One gossip message: transactions as they are on the wire. */
export const gossipSchema = list(bytes({ min: 1, max: LIMITS.txBytesMax }), { min: 1, max: LIMITS.bodiesPerRequestMax });

/** Asks for the bodies of pairs: pending ones, or those of a block at `height` that the asked node has prevoted or stored. */
export const bodiesRequestSchema = struct({
  height: int(),
  pairs: list(pairSchema, { min: 1, max: LIMITS.bodiesPerRequestMax }),
});
/** As many as fit, in the order asked; an empty byte string for one that is not held. */
export const bodiesResponseSchema = list(bytes({ max: LIMITS.txBytesMax }), { max: LIMITS.bodiesPerRequestMax });

export const blocksRequestSchema = struct({ from: int({ min: 1 }), count: int({ min: 1, max: LIMITS.syncBlocksPerRequestMax }) });
const bodies = list(bytes({ min: 1, max: LIMITS.txBytesMax }), { max: LIMITS.blockTxMax });
/** A finalised block with its commit and all bodies in order. */
export const storedBlockSchema = struct({ block: blockSchema, commit: commitSchema, bodies });
export type StoredBlock = Infer<typeof storedBlockSchema>;
/** The same, of what the store has encoded already. */
export const encodedBlockSchema = struct({ block: encoded(blockSchema), commit: encoded(commitSchema), bodies });
export type EncodedBlock = Infer<typeof encodedBlockSchema>;
/** Consecutive blocks from the first asked, each encoded; as many as fit. */
export const blocksResponseSchema = list(bytes({ max: LIMITS.responseBytesMax }), { max: LIMITS.syncBlocksPerRequestMax });
/** Instead of blocks: those asked for are no longer kept; from `base` on there are some. */
export const prunedResponseSchema = struct({ base: int({ min: 1 }) });
