import { commitSchema, headerSchema } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import type { Json, Schema } from "../codec/schema.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { codeMessage, codeName } from "../ledger/codes.ts";
import type { Trial } from "../ledger/execute.ts";
import { KINDS, type Kind } from "../ledger/kinds.ts";
import { EVENTS, type EventKind } from "../ledger/transition.ts";
import { TRANSITIONS } from "../ledger/transitions.ts";
import { toHex } from "../lib/bytes.ts";
import type { ChainEvent } from "../node/event-reader.ts";
import type { StoredObject } from "../node/ledger-reader.ts";
import type { Block, Commit } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, TxId } from "../types/scalars.ts";
import type { LedgerEvent } from "../types/transaction.ts";
import type { TxStatus } from "./local-node.ts";

/** Ledger values as the JSON that interfaces.md fixes: ids and bytes in hex, money as decimal strings. */

export function objectJson(kind: Kind, { object, height }: StoredObject): Json {
  return { ...(KINDS[kind].schema.toJson(object) as Record<string, Json>), changedAt: height };
}

/** `refusal`: which operation was refused, and the facts that decided, if this node knows them. */
export function receiptJson({ receipt: { code, events }, refusal }: Trial): { readonly [key: string]: Json } {
  const name = codeName(code);
  const known = {
    code: name ?? `CODE_${code}`,
    message: name === undefined ? "" : codeMessage(name),
    events: events.map(eventJson),
  };
  if (refusal === null) return known;
  const { operation, kind, facts } = refusal;
  return { ...known, refusal: { operation, kind, facts: facts.map(({ of, id, field, value }) => ({ of, id, field, value })) } };
}

export function eventJson({ kind, data }: LedgerEvent): { readonly [key: string]: Json } {
  return { kind, ...eventData(kind, data) };
}

/** `id` is what `proof_get` takes for the event; what was due has none, and is proved by the object it changed. */
export function chainEventJson({ height, index, timeMs, tx, number, what, event }: ChainEvent): Json {
  return {
    height,
    index,
    blockTimeMs: timeMs,
    what,
    tx,
    ...(tx === null ? {} : { id: `${tx}/${number}` }),
    event: "data" in event ? eventJson(event) : { kind: "changed", object: { kind: event.kind, id: event.id } },
    cursor: { height, index: index + 1 },
  };
}

function eventData(kind: string, data: Uint8Array): Record<string, Json> {
  const schema = EVENTS[kind as EventKind] as unknown as Schema<unknown> | undefined;
  const decoded = schema === undefined ? undefined : decode(schema, data, LIMITS.txBytesMax);
  return decoded?.ok ? ((schema as Schema<unknown>).toJson(decoded.value) as Record<string, Json>) : { data: toHex(data) };
}

export function statusJson(id: TxId, status: TxStatus): Json {
  if (!("receipt" in status)) return { id, status: status.status };
  const { height, index, receipt, refusal, body } = status;
  return { id, status: status.status, height, index, ...receiptJson({ receipt, refusal }), tx: transactionJson(body) };
}

export function transactionJson(bytes: Uint8Array): Json {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return { hex: toHex(bytes) };
  const { tx } = decoded.value;
  return {
    hex: toHex(bytes),
    notAfter: tx.notAfter,
    signers: tx.signers.map(({ party, key }) => ({ party, key })),
    ops: tx.ops.map(({ kind, body }) => {
      const transition = TRANSITIONS.get(kind);
      const value = transition === undefined ? undefined : decode(transition.body, body, LIMITS.txBytesMax);
      return { kind, body: value?.ok && transition !== undefined ? transition.body.toJson(value.value) : toHex(body) };
    }),
  };
}

export function blockJson({ block, id, commit }: { readonly block: Block; readonly id: BlockId; readonly commit: Commit }): {
  readonly [key: string]: Json;
} {
  return {
    id,
    header: headerSchema.toJson(block.header),
    transactions: block.pairs.map((pair) => pair.id),
    commit: commitSchema.toJson(commit),
  };
}
