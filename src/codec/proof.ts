import { type Sha256, sha256, taggedHash } from "../crypto/hash.ts";
import { concatBytes } from "../lib/bytes.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash } from "../types/scalars.ts";
import { commitSchema, headerSchema, validatorsSchema } from "./block.ts";
import {
  bytes,
  choice,
  hash,
  type Infer,
  int,
  type Json,
  list,
  nullable,
  type OptionalField,
  optional,
  type Schema,
  type StructSchema,
  struct,
  text,
} from "./schema.ts";
import { eventSchema } from "./transaction.ts";

/** A block with whose height a set of authorities ended: its header announces the next, `set`. */
export const authorityChangeSchema = struct({ header: headerSchema, commit: commitSchema, set: validatorsSchema });
export type AuthorityChange = Infer<typeof authorityChangeSchema>;

const HASH_BYTES = 32;
/** Hashes one behind the other; {@link unpackHashes} gives them back. */
const path = bytes({ max: HASH_BYTES * LIMITS.proofHashesMax });
const version = int({ min: 1, max: 1 }) as Schema<1>;
const index = int({ max: LIMITS.blockTxMax - 1 });

/** What every proof ends in: the way from the genesis to the authorities, the block they made final, and a check of the whole. */
const FINALITY = {
  changes: list(authorityChangeSchema, { max: LIMITS.proofChangesMax }),
  header: headerSchema,
  commit: commitSchema,
  /** {@link proofDigest}. */
  digest: hash,
} as const;

/** Transaction and event number within its receipt. */
export const eventIdSchema = text({ min: 66, max: 69, pattern: /^[0-9a-f]{64}\/(0|[1-9][0-9]{0,3})$/ });

export const transactionProofSchema = struct({
  v: version,
  kind: choice("transaction"),
  id: hash,
  transaction: struct({ index, tx: bytes({ min: 1, max: LIMITS.txBytesMax }), path }),
  ...FINALITY,
});
export type TransactionProof = Infer<typeof transactionProofSchema>;

/** Both paths lead from the same index, so that the receipt is that transaction's. */
const RECEIPT_PLACE = { index, sigs: hash, txPath: path } as const;
const events = list(eventSchema, { max: LIMITS.receiptEventsMax });

export const receiptProofSchema = struct({
  v: version,
  kind: choice("txReceipt"),
  id: hash,
  txReceipt: struct({ ...RECEIPT_PLACE, code: int({ max: 65_535 }), events, receiptPath: path }),
  ...FINALITY,
});
export type ReceiptProof = Infer<typeof receiptProofSchema>;

/** The receipt with the event in its place; as many events stand `before` it as its id says. */
export const eventProofSchema = struct({
  v: version,
  kind: choice("event"),
  id: eventIdSchema,
  event: struct({
    ...RECEIPT_PLACE,
    code: int({ max: 65_535 }),
    before: events,
    event: eventSchema,
    after: events,
    receiptPath: path,
  }),
  ...FINALITY,
});
export type EventProof = Infer<typeof eventProofSchema>;

const leafSchema = struct({ keyHash: bytes({ min: 32, max: 32 }), valueHash: bytes({ min: 32, max: 32 }) });

/** An object of a kind with this structure, or its absence: exactly one of `present` and `absent` is there. */
export function objectProofSchema(object: StructSchema<unknown>) {
  return struct({
    v: version,
    kind: text({ min: 1, max: 32, pattern: /^[a-z][A-Za-z]*$/ }),
    id: hash,
    present: optional(
      struct({
        value: object as unknown as Schema<Readonly<Record<string, unknown>>>,
        /** The objects it came from, nearest first, each as {@link differences} from the one before. */
        title: optional(list(differences(object), { min: 1, max: LIMITS.proofTitleMax })),
        depths: list(int({ max: 8 * HASH_BYTES }), { min: 1, max: 1 + LIMITS.proofTitleMax }),
        siblings: path,
      }),
    ),
    absent: optional(struct({ leaf: nullable(leafSchema), siblings: path })),
    ...FINALITY,
  });
}
export type ObjectProof = Infer<ReturnType<typeof objectProofSchema>>;

type Fields = Readonly<Record<string, Schema<unknown> | OptionalField<unknown>>>;

/** The fields in which one object differs from another of its kind; null for an optional field that it has not. Without `id`. */
function differences(object: StructSchema<unknown>): Schema<Readonly<Record<string, unknown>>> {
  const fields = Object.entries(object.fields as Fields).filter(([name]) => name !== "id");
  const eachOptional = fields.map(([name, field]) => [name, optional("optional" in field ? nullable(field.optional) : field)]);
  return (struct as (fields: unknown) => unknown)(Object.fromEntries(eachOptional)) as Schema<Readonly<Record<string, unknown>>>;
}

/** `H("proof", the JSON without the digest)`, in UTF-8: what a certificate prints, and what notices a slip in copying. */
export function proofDigest(json: { readonly [key: string]: Json }, digest: Sha256 = sha256): Hash {
  const { digest: _, ...rest } = json;
  return taggedHash("proof", new TextEncoder().encode(JSON.stringify(rest)), digest);
}

export function packHashes(hashes: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...hashes);
}

/** undefined if the bytes are no whole number of hashes. */
export function unpackHashes(packed: Uint8Array): readonly Uint8Array[] | undefined {
  if (packed.length % HASH_BYTES !== 0) return undefined;
  return Array.from({ length: packed.length / HASH_BYTES }, (_, at) => packed.subarray(HASH_BYTES * at, HASH_BYTES * (at + 1)));
}
