import { blockSchema, commitSchema, evidenceSchema, headerSchema, validatorsSchema } from "../../../src/codec/block.ts";
import { decode } from "../../../src/codec/cbor.ts";
import { genesisSchema } from "../../../src/codec/genesis.ts";
import { authorityChangeSchema } from "../../../src/codec/proof.ts";
import { encode, type Schema } from "../../../src/codec/schema.ts";
import {
  changesPageSchema,
  headersPageSchema,
  pairListsSchema,
  snapshotChunkSchema,
  snapshotOfferSchema,
  snapshotsRequestSchema,
} from "../../../src/codec/snapshot.ts";
import {
  decodeTransaction,
  receiptSchema,
  transactionSchema,
  unsignedTransactionSchema,
} from "../../../src/codec/transaction.ts";
import { proposalSchema, voteSchema } from "../../../src/codec/vote.ts";
import { SCHEMAS } from "../../../src/ledger/objects.ts";
import { EVENTS } from "../../../src/ledger/transition.ts";
import { TRANSITIONS } from "../../../src/ledger/transitions.ts";
import { equalBytes } from "../../../src/lib/bytes.ts";
import { Prng } from "../../../src/lib/prng.ts";
import { dueChangesSchema } from "../../../src/node/due-changes.ts";
import { leftIdsSchema } from "../../../src/node/left-ids.ts";
import {
  blocksRequestSchema,
  blocksResponseSchema,
  bodiesRequestSchema,
  bodiesResponseSchema,
  gossipSchema,
  prunedResponseSchema,
  storedBlockSchema,
} from "../../../src/node/messages.ts";
import { replacedSchema } from "../../../src/node/replaced.ts";
import { begunSchema } from "../../../src/node/snapshot-joiner.ts";
import { stateProofSchema } from "../../../src/state/proof.ts";
import { LIMITS } from "../../../src/types/limits.ts";
import { anyValue } from "../../codec/support/any-value.ts";
import { randomEncoding } from "../random-value.ts";
import { Finding, type Target } from "../target.ts";

const BYTES_MAX = LIMITS.responseBytesMax;

export const WIRE: Readonly<Record<string, Schema<never>>> = {
  transaction: transactionSchema,
  receipt: receiptSchema,
  header: headerSchema,
  block: blockSchema,
  commit: commitSchema,
  evidence: evidenceSchema,
  vote: voteSchema,
  proposal: proposalSchema,
  genesis: genesisSchema,
  gossip: gossipSchema,
  bodiesRequest: bodiesRequestSchema,
  bodiesResponse: bodiesResponseSchema,
  blocksRequest: blocksRequestSchema,
  blocksResponse: blocksResponseSchema,
  storedBlock: storedBlockSchema,
  stateProof: stateProofSchema,
  validators: validatorsSchema,
  authorityChange: authorityChangeSchema,
  snapshotOffer: snapshotOfferSchema,
  changesPage: changesPageSchema,
  headersPage: headersPageSchema,
  snapshotChunk: snapshotChunkSchema,
  pairLists: pairListsSchema,
  snapshotsRequest: snapshotsRequestSchema,
  dueChanges: dueChangesSchema,
  prunedResponse: prunedResponseSchema,
  replaced: replacedSchema,
  leftIds: leftIdsSchema,
  begun: begunSchema,
  unsignedTransaction: unsignedTransactionSchema,
} as unknown as Readonly<Record<string, Schema<never>>>;

/** One target for each structure that has bytes: those of the wire, every kind of object, every operation's body, every event. */
export function structureTargets(): readonly Target[] {
  const named = (prefix: string, schemas: Readonly<Record<string, unknown>>): readonly (readonly [string, Schema<unknown>])[] =>
    Object.entries(schemas).map(([name, schema]) => [`${prefix} ${name}`, schema as Schema<unknown>]);
  const bodies = Object.fromEntries([...TRANSITIONS].map(([kind, { body }]) => [kind, body]));
  return [
    ...[...named("wire", WIRE), ...named("object", SCHEMAS), ...named("body", bodies), ...named("event", EVENTS)].map(
      ([name, schema]) => target(name, schema),
    ),
    {
      name: "any CBOR",
      form: "cbor",
      corpus: [],
      fresh: anyBytes,
      check: (input) => accepts(anyValue as Schema<unknown>, input),
    },
    envelopeTarget(),
  ];
}

function target(name: string, schema: Schema<unknown>): Target {
  const random = new Prng(1);
  const corpus = Array.from({ length: 8 }, () => randomEncoding(schema, random)).filter((bytes) => bytes !== undefined);
  if (corpus.length === 0) throw new Error(`the grammar makes no ${name}`);
  return {
    name,
    form: "cbor",
    corpus,
    fresh: (drawn) => randomEncoding(schema, drawn) ?? new Uint8Array(0),
    check: (input) => accepts(schema, input),
  };
}

/** What is taken is the one encoding of what it means, and means the same when it went through JSON. */
function accepts(schema: Schema<unknown>, input: Uint8Array): boolean {
  const decoded = decode(schema, input, BYTES_MAX);
  if (!decoded.ok) return false;
  if (!equalBytes(encode(schema, decoded.value), input))
    throw new Finding("bytes were taken that are not the encoding of their value");
  if (schema !== anyValue) {
    const again = encode(schema, schema.fromJson(schema.toJson(decoded.value), ""));
    if (!equalBytes(again, input)) throw new Finding("a value is another one after its presentation as JSON");
  }
  return true;
}

function envelopeTarget(): Target {
  const random = new Prng(2);
  const make = (drawn: Prng): Uint8Array => randomEncoding(transactionSchema as Schema<unknown>, drawn) ?? new Uint8Array(0);
  return {
    name: "transaction with its rules",
    form: "cbor",
    corpus: Array.from({ length: 8 }, () => make(random)),
    fresh: make,
    check: (input) => {
      const decoded = decodeTransaction(input);
      if (decoded.ok && !equalBytes(decoded.value.bytes, input)) throw new Finding("an envelope does not keep its bytes");
      return decoded.ok;
    },
  };
}

function anyBytes(random: Prng): Uint8Array {
  return Uint8Array.from({ length: random.below(40) }, () => random.below(256));
}
