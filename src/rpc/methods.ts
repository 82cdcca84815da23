import { bytes, hash, int, optional, type Schema, text } from "../codec/schema.ts";
import { memberObjectId } from "../ledger/ids.ts";
import { KINDS, type Kind, sortable } from "../ledger/kinds.ts";
import type { FieldCondition } from "../node/ledger-reader.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, TxId } from "../types/scalars.ts";
import { creditMethods } from "./credit-methods.ts";
import { eventMethods } from "./event-methods.ts";
import type { LocalNode, TxStatus } from "./local-node.ts";
import { type Method, method } from "./method.ts";
import { openRpc } from "./open-rpc.ts";
import { owedMethods } from "./owed-methods.ts";
import { blockJson, objectJson, receiptJson, statusJson } from "./presentation.ts";
import { priorityMethods } from "./priority-methods.ts";
import { proofOf } from "./proofs.ts";
import { PUBLIC_KIND } from "./results.ts";
import { RpcError } from "./rpc-error.ts";

const limit = optional(int({ min: 1, max: LIMITS.rpcListMax }));
const cursor = optional(text({ min: 2, max: 2_048, pattern: /^([0-9a-f]{2})+$/ }));
/** Any text is taken here, so that an unknown kind gets its own code. */
const kind: Schema<string> = { ...text({ min: 1, max: 32 }), jsonSchema: PUBLIC_KIND };
const txBytes = bytes({ min: 1, max: LIMITS.txBytesMax });
/** What is too long for any transaction is refused as one, not as a wrong type. */
const transaction: Schema<Uint8Array> = {
  ...txBytes,
  fromJson: (json, path) => {
    if (typeof json === "string" && json.length > 2 * LIMITS.txBytesMax)
      throw new RpcError("refused", "TOO_LARGE", `a transaction holds at most ${LIMITS.txBytesMax} bytes`, { retriable: false });
    return txBytes.fromJson(json, path);
  },
};
/** The tree is nested as the notes are; a note that changed hands more often than this is read by `ledger_list`. */
const TREE_NESTING_MAX = 512;

const proofKind: Schema<string> = {
  ...kind,
  jsonSchema: { anyOf: [PUBLIC_KIND, { type: "string", enum: ["transaction", "txReceipt", "event"] }] },
};

/** `where`: any of the kind's indexed fields; which those are depends on the kind, so the handler checks them. */
const where: Schema<Readonly<Record<string, unknown>>> = {
  write: () => undefined,
  read: () => ({}),
  toJson: () => null,
  fromJson: (json) => {
    if (typeof json !== "object" || json === null || Array.isArray(json) || Object.keys(json).length > 8) {
      throw new RpcError("params", "WRONG_TYPE", "params.where: expected an object of at most 8 fields");
    }
    return json as Record<string, unknown>;
  },
  jsonSchema: {
    type: "object",
    maxProperties: 8,
    description:
      "indexed fields of the kind (x-indexed of its schema), each a value, or {from, to} with to left out of the range",
  },
};

/** Every method of this node, from one declaration each. */
export function methods(node: LocalNode, version: string): ReadonlyMap<string, Method> {
  const reads = <T extends object>(value: T) => ({ ...value, at: node.at() });
  const status = (id: TxId, known: TxStatus) => {
    if (known.status !== "pruned") return reads(statusJson(id, known) as object);
    const detail = `no block from ${node.base} on has this transaction, nor is it pending; the blocks below are not kept here`;
    throw new RpcError("notFound", "HISTORY_PRUNED", detail, { retriable: true });
  };
  const publicKind = (name: string): Kind => {
    if (!node.isKind(name)) throw new RpcError("params", "KIND_UNKNOWN", `there is no kind "${name}"`);
    return name;
  };
  const all: readonly Method[] = [
    ...eventMethods(node),
    ...creditMethods(node),
    ...priorityMethods(node),
    ...owedMethods(node),
    method({
      name: "node_status",
      summary: "This node and where it stands",
      params: {},
      handle: () => reads({ ...node.status(), version }),
    }),
    method({ name: "node_peers", summary: "Connected peers", params: {}, handle: () => node.peers() }),
    method({
      name: "chain_getBlock",
      summary: "A finalised block with its commit, by height or id",
      params: { height: optional(int({ min: 1 })), id: optional(hash) },
      handle: ({ height, id }) => {
        if (height !== undefined && id !== undefined) throw exclusive("height", "id");
        if (height === undefined && id === undefined)
          throw new RpcError("params", "MISSING_FIELD", "params: expected either height or id");
        if (height !== undefined) node.requireKept(height);
        const found = node.block(height ?? (id as BlockId));
        if (found === undefined) throw new RpcError("notFound", "BLOCK_NOT_FOUND", "this node has no such block");
        return reads(blockJson(found));
      },
    }),
    method({
      name: "chain_getValidators",
      summary: "The authorities of a height, by default of the next, in turn order",
      params: { height: optional(int({ min: 1 })) },
      handle: ({ height }) => {
        const set = node.validators(height);
        if (set === undefined) throw new RpcError("notFound", "BLOCK_NOT_FOUND", "this height is not decided");
        return set.map(({ member, key }) => ({ member, key, power: 1 }));
      },
    }),
    method({
      name: "tx_submit",
      summary: "Takes a signed transaction; refused at once if it can be known to fail",
      params: { tx: transaction },
      handle: async ({ tx }) => {
        const result = await node.submit(tx);
        if (result.ok) return { id: result.value };
        const { code, detail, retriable } = result.error;
        if (code === "MEMPOOL_FULL" || code === "NODE_BUSY") throw new RpcError("limit", code, detail, { retriable });
        throw new RpcError("refused", code, detail, { retriable });
      },
    }),
    method({
      name: "tx_get",
      summary: "Where a transaction is and what came of it",
      params: { id: hash },
      handle: ({ id }) => status(id as TxId, node.transaction(id as TxId)),
    }),
    method({
      name: "tx_wait",
      summary: "As tx_get, once the outcome is final, or as it stands when the time is over",
      params: { id: hash, timeoutMs: int({ max: LIMITS.rpcWaitMaxMs }) },
      handle: async ({ id, timeoutMs }) => status(id as TxId, await node.wait(id as TxId, timeoutMs)),
    }),
    method({
      name: "tx_simulate",
      summary: "What a transaction would do now; changes nothing",
      params: { tx: transaction },
      handle: ({ tx }) => {
        const outcome = node.simulate(tx);
        if (!outcome.ok) throw new RpcError("refused", outcome.error.code, outcome.error.detail, retriability(outcome.error));
        return reads({ status: outcome.value.receipt.code === 0 ? "committed" : "failed", ...receiptJson(outcome.value) });
      },
    }),
    method({
      name: "ledger_get",
      summary: "An object, now or as it was at a height",
      params: { kind, id: hash, height: optional(int()) },
      handle: async ({ kind: name, id, height }) => {
        const known = publicKind(name);
        if (height !== undefined && height > node.at().height)
          throw new RpcError("notFound", "BLOCK_NOT_FOUND", "this height is not decided");
        if (height !== undefined) node.requireKept(height);
        const stored = height === undefined ? node.ledger.get(known, id) : await node.ledger.getAt(known, id, height);
        // Once more: what was let go of while it was read may have been missed.
        if (height !== undefined) node.requireKept(height);
        if (stored === undefined) throw new RpcError("notFound", "NOT_FOUND", `there is no ${known} with this id`);
        return reads(objectJson(known, stored) as object);
      },
    }),
    method({
      name: "proof_get",
      summary:
        "A self-contained proof of an object or its absence after a block, or of a transaction, txReceipt or event (id: transaction/number); `since`: the height of a header that is trusted",
      params: {
        kind: proofKind,
        id: text({ min: 1, max: 69 }),
        height: optional(int({ min: 1 })),
        since: optional(int({ min: 0 })),
      },
      handle: ({ kind: name, id, height, since }) => proofOf(node, name, id, height, since),
    }),
    method({
      name: "ledger_list",
      summary: "Objects of a kind by their indexed fields",
      params: { kind, where: optional(where), limit, cursor },
      handle: async ({ kind: name, where: conditions, limit: most, cursor: from }) => {
        const known = publicKind(name);
        node.requireIndices();
        const query = { kind: known, where: fieldConditions(known, conditions ?? {}), limit: most ?? LIMITS.rpcListDefault };
        const page = await node.ledger.list(from === undefined ? query : { ...query, cursor: from });
        if (!page.ok) throw new RpcError("params", page.error, "this list cannot be made: see the indexed fields of the kind");
        const items = page.value.items.map((stored) => objectJson(known, stored));
        return reads(page.value.cursor === undefined ? { items } : { items, cursor: page.value.cursor });
      },
    }),
    method({
      name: "ledger_history",
      summary: "Each change of an object: height, transaction, what it became",
      params: { kind, id: hash, limit, cursor },
      handle: async ({ kind: name, id, limit: most, cursor: from }) => {
        const known = publicKind(name);
        const page = await node.ledger.history(known, id, most ?? LIMITS.rpcListDefault, from);
        if (!page.ok) throw new RpcError("params", page.error, "params.cursor: not a cursor of this list");
        const items = page.value.items.map(({ height, tx, object }) => ({
          height,
          tx,
          object: object === null ? null : KINDS[known].schema.toJson(object),
        }));
        // Of what was let go of the oldest item at most is here, which was still in force at the base.
        const history = node.base === 0 ? { items } : { items, prunedBelow: node.base };
        return reads(page.value.cursor === undefined ? history : { ...history, cursor: page.value.cursor });
      },
    }),
    method({
      name: "ledger_tree",
      summary: "The notes of a receivable as a tree",
      params: { id: hash },
      handle: async ({ id }) => {
        const receivable = node.ledger.get("receivable", id);
        if (receivable === undefined) throw new RpcError("notFound", "NOT_FOUND", "there is no receivable with this id");
        node.requireIndices();
        const notes = await node.ledger.notesOf(id);
        return reads({
          receivable: objectJson("receivable", receivable),
          roots: noteTree(notes.map((note) => objectJson("note", note) as unknown as NoteJson)),
        });
      },
    }),
    method({
      name: "ledger_summary",
      summary: "Counts and totals by status: of a party, of a member's own party, or of all",
      params: { member: optional(text({ min: 1, max: 32 })), party: optional(hash) },
      handle: async ({ member, party }) => {
        if (member !== undefined && party !== undefined) throw exclusive("member", "party");
        let scope: string = party ?? "all";
        if (member !== undefined) {
          const found = node.ledger.get("member", memberObjectId(member)) as
            | { readonly object: { readonly party?: Hash } }
            | undefined;
          if (found?.object.party === undefined) throw new RpcError("notFound", "NOT_FOUND", `there is no member "${member}"`);
          scope = found.object.party;
        }
        node.requireIndices();
        const lines = await node.ledger.summary(scope);
        return reads({ lines: lines.map((line) => ({ ...line, amount: line.amount.toString() })) });
      },
    }),
  ];
  const discover: Method = method({
    name: "rpc.discover",
    summary: "This document",
    params: {},
    handle: () => openRpc([...all, discover], version),
  });
  return new Map([...all, discover].map((each) => [each.name, each]));
}

interface NoteJson {
  readonly id: string;
  readonly parent: string | null;
  readonly holder: string;
  readonly amount: string;
  readonly position: string;
  readonly currency: string;
}

interface TreeJson extends NoteJson {
  readonly children: readonly TreeJson[];
}

/** Roots first, without recursion: transfers lengthen a branch without bound. */
function noteTree(notes: readonly NoteJson[]): readonly TreeJson[] {
  const nodes = new Map(notes.map((note) => [note.id, { ...note, children: [] as TreeJson[] }]));
  const roots: TreeJson[] = [];
  for (const tree of nodes.values()) (tree.parent === null ? roots : (nodes.get(tree.parent)?.children ?? roots)).push(tree);
  let level: readonly TreeJson[] = roots;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= TREE_NESTING_MAX) {
      const detail = `the notes are nested deeper than ${TREE_NESTING_MAX}: use ledger_list {kind: "note", where: {receivable}}`;
      throw new RpcError("limit", "TREE_TOO_DEEP", detail, { retriable: false });
    }
    level = level.flatMap(({ children }) => children);
  }
  return roots;
}

function exclusive(one: string, other: string): RpcError {
  return new RpcError("params", "FIELDS_EXCLUSIVE", `params: expected ${one} or ${other}, not both`);
}

function retriability(refusal: object): { readonly retriable: boolean } {
  return { retriable: "retriable" in refusal && refusal.retriable === true };
}

function fieldConditions(known: Kind, given: Readonly<Record<string, unknown>>): Readonly<Record<string, FieldCondition>> {
  const conditions: Record<string, FieldCondition> = {};
  for (const [field, value] of Object.entries(given)) {
    if (!Object.hasOwn(KINDS[known].indices, field)) {
      const indexed = Object.keys(KINDS[known].indices).join(", ");
      throw new RpcError(
        "params",
        "FIELD_NOT_INDEXED",
        `params.where.${field.slice(0, 32)}: a ${known} is indexed by ${indexed}`,
      );
    }
    conditions[field] = condition(field, value);
  }
  return conditions;
}

function condition(field: string, value: unknown): FieldCondition {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return keyText(field, value);
  const { from, to, ...rest } = value as Record<string, unknown>;
  if (Object.keys(rest).length > 0)
    throw new RpcError("params", "UNKNOWN_FIELD", `params.where.${field}: expected only from and to`);
  return {
    ...(from === undefined ? {} : { from: keyText(field, from) }),
    ...(to === undefined ? {} : { to: keyText(field, to) }),
  };
}

function keyText(field: string, value: unknown): string {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return sortable(value);
  if (typeof value === "string" && value.length <= 128 && /^[\x20-\x7e]*$/.test(value)) return value;
  throw new RpcError("params", "WRONG_TYPE", `params.where.${field}: expected text, a whole number, or {from, to}`);
}
