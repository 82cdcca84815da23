import { blockSchema } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { bool, bytes, choice, encode, hash, type Infer, int, list, nullable, type Schema, struct } from "../codec/schema.ts";
import { blockIdSchema, proposalSchema, roundSchema, voteSchema } from "../codec/vote.ts";
import type { Input } from "../consensus/messages.ts";
import { concatBytes } from "../lib/bytes.ts";
import type { Block } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";

/** One byte, the position in this list, then CBOR. The start of a height is not logged: it follows from the store. */
const RECORDS = {
  wake: struct({ height: int() }),
  proposal: struct({ proposal: proposalSchema, block: struct({ timeMs: int(), empty: bool }), stampMs: int() }),
  vote: struct({ vote: voteSchema }),
  timeout: struct({ height: int(), round: roundSchema, step: choice("propose", "prevote", "precommit") }),
  built: struct({ height: int(), round: roundSchema, block: nullable(blockIdSchema) }),
  validated: struct({ height: int(), block: blockIdSchema, valid: bool }),
  /** A block the inputs speak of, with its bodies once they are there: in the log before a precommit for it is signed. */
  block: struct({
    id: hash,
    block: blockSchema,
    bodies: nullable(list(bytes({ max: LIMITS.txBytesMax }), { max: LIMITS.blockTxMax })),
  }),
} as const;

type Records = typeof RECORDS;
type RecordKind = keyof Records;
export type LogEntry = { [K in RecordKind]: { readonly kind: K; readonly body: Infer<Records[K]> } }[RecordKind];

const KINDS = Object.keys(RECORDS) as RecordKind[];

function encodeRecord<K extends RecordKind>(kind: K, body: Infer<Records[K]>): Uint8Array {
  return concatBytes(Uint8Array.of(KINDS.indexOf(kind)), encode(RECORDS[kind] as unknown as Schema<Infer<Records[K]>>, body));
}

/** The record of a consumed input. */
export function inputRecord(input: Exclude<Input, { kind: "start" }>): Uint8Array {
  const { kind, ...body } = input;
  return encodeRecord(kind, body as never);
}

export function blockRecord(id: Infer<typeof hash>, block: Block, bodies: readonly Uint8Array[] | null): Uint8Array {
  return encodeRecord("block", { id, block, bodies });
}

/** undefined for what does not decode: a log of another version. */
export function decodeRecord(payload: Uint8Array): LogEntry | undefined {
  const kind = KINDS[payload[0] ?? 255];
  if (kind === undefined) return undefined;
  const body = decode(RECORDS[kind] as unknown as Schema<unknown>, payload.subarray(1), Number.MAX_SAFE_INTEGER);
  return body.ok ? ({ kind, body: body.value } as LogEntry) : undefined;
}

export function heightOf(entry: LogEntry): Height {
  switch (entry.kind) {
    case "proposal":
      return entry.body.proposal.height;
    case "vote":
      return entry.body.vote.height;
    case "block":
      return entry.body.block.header.height;
    case "wake":
    case "timeout":
    case "built":
    case "validated":
      return entry.body.height;
  }
}
