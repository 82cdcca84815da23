import { commitSchema, headerSchema } from "../codec/block.ts";
import { eventProofSchema, objectProofSchema, receiptProofSchema, transactionProofSchema } from "../codec/proof.ts";
import { hash, type JsonSchema, memberId, publicKey, struct } from "../codec/schema.ts";
import { currencySchema } from "../ledger/fields.ts";
import { KINDS, type Kind } from "../ledger/kinds.ts";
import { EVENTS } from "../ledger/transition.ts";
import { TRANSITIONS } from "../ledger/transitions.ts";

/** What methods answer, as JSON Schema, made of the declarations that the answers themselves are made of. */

const PUBLIC_KINDS = (Object.keys(KINDS) as Kind[]).filter((kind) => KINDS[kind].public);
export const PUBLIC_KIND: JsonSchema = { type: "string", enum: PUBLIC_KINDS };

const INTEGER: JsonSchema = { type: "integer" };
const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const TEXT: JsonSchema = { type: "string" };
const OBJECT: JsonSchema = { type: "object" };
const BOOLEAN: JsonSchema = { type: "boolean" };
const HEX: JsonSchema = { type: "string", pattern: "^([0-9a-f]{2})*$" };
const AMOUNT: JsonSchema = { type: "string", pattern: "^(0|-?[1-9][0-9]*)$", description: "minor units" };
const HASH = hash.jsonSchema;

const shape = (required: Readonly<Record<string, JsonSchema>>, may: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => ({
  type: "object",
  properties: { ...required, ...may },
  required: Object.keys(required),
  additionalProperties: false,
});
const array = (items: JsonSchema): JsonSchema => ({ type: "array", items });
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });
const ref = (component: string): JsonSchema => ({ $ref: `#/components/schemas/${component}` });
const read = (required: Readonly<Record<string, JsonSchema>>, may: Readonly<Record<string, JsonSchema>> = {}): JsonSchema =>
  shape({ ...required, at: ref("at") }, may);

const CURSOR = shape({ height: COUNT, index: COUNT });
const RECEIPT = { code: TEXT, message: TEXT, events: array(ref("event")) };
/** Which operation had no effect, and what was looked at when that was decided: the last fact decided last. */
const REFUSAL = {
  refusal: shape({
    operation: COUNT,
    kind: TEXT,
    facts: array(shape({ of: TEXT, id: orNull(TEXT), field: TEXT, value: TEXT })),
  }),
};
const AN_OBJECT: JsonSchema = { anyOf: PUBLIC_KINDS.map((kind) => ref(`object.${kind}`)) };

/** An object of the ledger, open to fields beside its own: where it was read, and when it changed last. */
function objectOf(kind: Kind): JsonSchema {
  const { properties, required } = KINDS[kind].schema.jsonSchema as { properties: JsonSchema; required: readonly string[] };
  return {
    type: "object",
    properties: { ...properties, changedAt: COUNT },
    required: [...required],
    "x-indexed": Object.keys(KINDS[kind].indices),
  };
}

function tagged(kind: string, data: JsonSchema): JsonSchema {
  const { properties, required } = data as { properties: JsonSchema; required: readonly string[] };
  return {
    type: "object",
    properties: { kind: { const: kind }, ...properties },
    required: ["kind", ...required],
    additionalProperties: false,
  };
}

/** An object's proof, of whatever kind: `value` and `title` are as the kind says. */
function objectProof(): JsonSchema {
  const schema = objectProofSchema(struct({})).jsonSchema as { readonly properties: Readonly<Record<string, JsonSchema>> };
  const present = schema.properties.present as { readonly properties: Readonly<Record<string, JsonSchema>> };
  const title = { ...(present.properties.title as JsonSchema), items: OBJECT };
  const shown = { ...present, properties: { ...present.properties, value: OBJECT, title } };
  return { ...schema, properties: { ...schema.properties, present: shown } };
}

/** The shapes that results share, by name. */
export const COMPONENTS: Readonly<Record<string, JsonSchema>> = {
  at: shape({ height: COUNT, blockTimeMs: INTEGER, syncing: BOOLEAN }),
  header: headerSchema.jsonSchema,
  commit: commitSchema.jsonSchema,
  ...Object.fromEntries(PUBLIC_KINDS.map((kind) => [`object.${kind}`, objectOf(kind)])),
  ...Object.fromEntries([...TRANSITIONS.values()].map(({ kind, body }) => [`operation.${kind}`, body.jsonSchema])),
  event: { oneOf: Object.entries(EVENTS).map(([kind, { jsonSchema }]) => tagged(kind, jsonSchema)) },
  chainEvent: shape(
    {
      height: COUNT,
      index: COUNT,
      blockTimeMs: INTEGER,
      what: TEXT,
      tx: orNull(HASH),
      event: {
        anyOf: [ref("event"), shape({ kind: { const: "changed" }, object: shape({ kind: PUBLIC_KIND, id: HASH }) })],
      },
      cursor: CURSOR,
    },
    { id: TEXT },
  ),
  transaction: shape(
    { hex: HEX },
    {
      notAfter: INTEGER,
      signers: array(shape({ party: HASH, key: publicKey.jsonSchema })),
      ops: array(shape({ kind: TEXT, body: { anyOf: [OBJECT, HEX], description: "operation.<kind>" } })),
    },
  ),
  outcome: read(
    { id: HASH, status: { type: "string", enum: ["pending", "committed", "failed", "expired", "unknown"] } },
    { height: COUNT, index: COUNT, ...RECEIPT, ...REFUSAL, tx: ref("transaction") },
  ),
  noteTree: {
    allOf: [ref("object.note"), { type: "object", properties: { children: array(ref("noteTree")) }, required: ["children"] }],
  },
};

export const RESULTS = {
  node_status: read({
    member: memberId.jsonSchema,
    role: { type: "string", enum: ["authority", "follower"] },
    chain: HASH,
    version: TEXT,
    height: COUNT,
    blockId: HASH,
    stateRoot: HASH,
    blockTimeMs: INTEGER,
    base: COUNT,
    clockMs: INTEGER,
    syncing: BOOLEAN,
    signing: BOOLEAN,
    /** Why `/readyz` says no; empty if it does not. */
    unready: array(TEXT),
    authorityKey: orNull(publicKey.jsonSchema),
    peers: COUNT,
    round: COUNT,
    pending: COUNT,
  }),
  node_peers: array(
    shape({
      member: orNull(memberId.jsonSchema),
      peerId: TEXT,
      address: TEXT,
      direction: { type: "string", enum: ["inbound", "outbound"] },
      height: orNull(COUNT),
      latencyMs: orNull({ type: "number" }),
    }),
  ),
  chain_getBlock: read({ id: HASH, header: ref("header"), transactions: array(HASH), commit: ref("commit") }),
  chain_getValidators: array(shape({ member: memberId.jsonSchema, key: publicKey.jsonSchema, power: { const: 1 } })),
  tx_submit: shape({ id: HASH }),
  tx_get: ref("outcome"),
  tx_wait: ref("outcome"),
  tx_simulate: read({ status: { type: "string", enum: ["committed", "failed"] }, ...RECEIPT }, REFUSAL),
  ledger_get: {
    allOf: [AN_OBJECT, { type: "object", properties: { changedAt: COUNT, at: ref("at") }, required: ["changedAt", "at"] }],
  },
  proof_get: {
    anyOf: [objectProof(), transactionProofSchema.jsonSchema, receiptProofSchema.jsonSchema, eventProofSchema.jsonSchema],
  },
  ledger_list: read({ items: array(AN_OBJECT) }, { cursor: TEXT }),
  ledger_history: read(
    { items: array(shape({ height: COUNT, tx: orNull(HASH), object: orNull(AN_OBJECT) })) },
    { cursor: TEXT, prunedBelow: COUNT },
  ),
  ledger_tree: read({ receivable: ref("object.receivable"), roots: array(ref("noteTree")) }),
  ledger_summary: read({
    lines: array(shape({ kind: PUBLIC_KIND, status: TEXT, currency: TEXT, count: COUNT, amount: AMOUNT })),
  }),
  ledger_priority: read({
    rules: { type: "string", enum: ["CN768", "MLF2023"] },
    claims: array(
      shape({
        id: HASH,
        amount: AMOUNT,
        filing: orNull(shape({ timeMs: INTEGER, number: HASH })),
        notice: orNull(shape({ height: COUNT, index: COUNT })),
        rank: COUNT,
      }),
    ),
  }),
  ledger_owed: read({
    kind: { type: "string", enum: ["receivable", "loan"] },
    id: HASH,
    day: INTEGER,
    height: COUNT,
    currency: currencySchema.jsonSchema,
    principal: AMOUNT,
    interest: AMOUNT,
    disputed: AMOUNT,
  }),
  credit_score: read({
    party: HASH,
    currency: currencySchema.jsonSchema,
    policy: HASH,
    facts: COUNT,
    day: INTEGER,
    height: COUNT,
    score: INTEGER,
    grade: TEXT,
    pdBp: COUNT,
    points: array(shape({ feature: TEXT, value: orNull(INTEGER), points: INTEGER })),
    reasons: array(TEXT),
    gates: array(TEXT),
    terms: shape({
      tenorFreeDays: COUNT,
      tenorCutBpPerDay: COUNT,
      borrowed: AMOUNT,
      grades: array(shape({ grade: TEXT, advanceBp: COUNT, line: AMOUNT })),
    }),
  }),
  events_page: read({ events: array(ref("chainEvent")), cursor: CURSOR }),
  events_subscribe: shape({ subscription: TEXT, cursor: CURSOR }),
  events_unsubscribe: shape({ subscription: TEXT }),
  "rpc.discover": OBJECT,
} as const satisfies Readonly<Record<string, JsonSchema>>;
