import { decode } from "../codec/cbor.ts";
import type { Schema } from "../codec/schema.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { KINDS, type Kind, type LedgerObject } from "../ledger/kinds.ts";
import { EVENTS, type EventKind } from "../ledger/transition.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height, TimeMs, TxId } from "../types/scalars.ts";
import type { LedgerEvent } from "../types/transaction.ts";
import type { ChainStore } from "./chain-store.ts";
import type { DueChange } from "./due-changes.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import type { StoredTransaction } from "./stored-transaction.ts";

/** A place between events: everything before it was read. Index 0 is the beginning of a block. */
export interface EventCursor {
  readonly height: Height;
  readonly index: number;
}

/** What happened in a block, in its order: first what was due, then what its transactions reported. */
export interface ChainEvent extends EventCursor {
  readonly timeMs: TimeMs;
  /** null: it was due. */
  readonly tx: TxId | null;
  /** Its number in the transaction's receipt. */
  readonly number: number;
  /** The operation that reported it; "due" for what was due. */
  readonly what: string;
  readonly event: LedgerEvent | DueChange;
}

/** What of all events one wants; each condition that is there must hold. */
export interface EventFilter {
  readonly kind?: string;
  /** An operation, or all of a group: `note.*`. */
  readonly what?: string;
  /** An object that the event names. */
  readonly object?: Hash;
  /** A party that signed the transaction, that the event names, or that an object which the event names names now. */
  readonly party?: Hash;
}

export interface EventPage {
  readonly events: readonly ChainEvent[];
  readonly cursor: EventCursor;
  /** Nothing more is to be read now. */
  readonly isEnd: boolean;
}

/** Events of one transaction, or of what was due, are numbered within a span of this length: where one stands is known without counting. */
const SPAN = 2 ** 20;
/** One page looks at no more transactions, and at no more blocks; the cursor goes on from there. */
const SCANNED_MAX = 1_000;
/** Of an event's objects, as many are looked up for a party's sake. */
const LOOKED_UP_MAX = 32;
const PUBLIC_KINDS = (Object.keys(KINDS) as Kind[]).filter((kind) => KINDS[kind].public);

/** Reads finalised events in order, from any place, by what blocks and receipts hold. */
export class EventReader {
  readonly #chain: ChainStore;
  readonly #ledger: LedgerReader;

  constructor(modules: { readonly chain: ChainStore; readonly ledger: LedgerReader }) {
    this.#chain = modules.chain;
    this.#ledger = modules.ledger;
  }

  page(from: EventCursor, limit: number, filter: EventFilter): Result<EventPage, "HISTORY_PRUNED"> {
    const events: ChainEvent[] = [];
    let { height, index } = from.height === 0 ? { height: 1, index: 0 } : from;
    const head = this.#chain.head.height;
    for (let scanned = 0; height <= head; height++, index = 0) {
      const block = this.#chain.block(height);
      if (block === undefined) return err("HISTORY_PRUNED");
      for (let span = Math.floor(index / SPAN); span <= block.pairs.length; span++, index = span * SPAN) {
        if (scanned++ >= SCANNED_MAX) return ok({ events, cursor: { height, index }, isEnd: false });
        const stored = span === 0 ? undefined : this.#chain.transaction(block.pairs[span - 1]?.id as TxId);
        if (span > 0 && stored === undefined) return err("HISTORY_PRUNED");
        const shared = { height, timeMs: block.header.timeMs, tx: block.pairs[span - 1]?.id ?? null };
        const all = stored === undefined ? this.#due(height) : reported(stored);
        for (let number = index - span * SPAN; number < all.length; number++) {
          const each = all[number] as (typeof all)[number];
          const event = { ...shared, index: span * SPAN + number, number, ...each };
          if (!this.#matches(event, filter, stored)) continue;
          if (events.length === limit) return ok({ events, cursor: { height, index: event.index }, isEnd: false });
          events.push(event);
        }
      }
    }
    return ok({ events, cursor: { height, index }, isEnd: true });
  }

  #due(height: Height): readonly Pick<ChainEvent, "what" | "event">[] {
    return this.#chain.dueChanges(height).map((event) => ({ what: "due", event }));
  }

  #matches({ event, what }: ChainEvent, filter: EventFilter, stored: StoredTransaction | undefined): boolean {
    const kind = "data" in event ? event.kind : "changed";
    if (filter.kind !== undefined && filter.kind !== kind) return false;
    if (filter.what !== undefined && !isOfGroup(what, filter.what)) return false;
    if (filter.object === undefined && filter.party === undefined) return true;
    const named = namesOf(event);
    if (filter.object !== undefined && !named.has(filter.object)) return false;
    return filter.party === undefined || this.#concerns(filter.party, named, stored);
  }

  #concerns(party: Hash, named: ReadonlySet<string>, stored: StoredTransaction | undefined): boolean {
    if (named.has(party) || (stored !== undefined && hasSigner(stored, party))) return true;
    for (const id of [...named].slice(0, LOOKED_UP_MAX)) {
      const object = this.#find(id as Hash);
      if (object !== undefined && hashesIn(object).has(party)) return true;
    }
    return false;
  }

  #find(id: Hash): LedgerObject | undefined {
    for (const kind of PUBLIC_KINDS) {
      const found = this.#ledger.get(kind, id);
      if (found !== undefined) return found.object;
    }
    return undefined;
  }
}

/** The events of a receipt, each with the operation it belongs to: an operation's own closing event comes after what it reported. */
function reported({ receipt }: StoredTransaction): readonly Pick<ChainEvent, "what" | "event">[] {
  let what = "";
  return receipt.events
    .toReversed()
    .map((event) => {
      const value = event.kind === "happened" ? dataOf(event) : undefined;
      if (value !== undefined) what = String(value.what);
      return { what, event };
    })
    .toReversed();
}

function isOfGroup(what: string, wanted: string): boolean {
  return wanted.endsWith(".*") ? what.startsWith(wanted.slice(0, -1)) : what === wanted;
}

function dataOf({ kind, data }: LedgerEvent): Readonly<Record<string, unknown>> | undefined {
  const schema = EVENTS[kind as EventKind] as unknown as Schema<Readonly<Record<string, unknown>>> | undefined;
  const decoded = schema === undefined ? undefined : decode(schema, data, LIMITS.txBytesMax);
  return decoded?.ok ? decoded.value : undefined;
}

/** Every id that the event names. */
function namesOf(event: LedgerEvent | DueChange): ReadonlySet<string> {
  return "data" in event ? hashesIn(dataOf(event) ?? {}) : new Set([event.id]);
}

/** The hashes among an object's own fields and in its lists. */
function hashesIn(object: object): ReadonlySet<string> {
  const found = new Set<string>();
  const put = (value: unknown): void => {
    if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) found.add(value);
  };
  for (const value of Object.values(object)) {
    if (Array.isArray(value)) value.forEach(put);
    else put(value);
  }
  return found;
}

function hasSigner({ body }: StoredTransaction, party: Hash): boolean {
  const decoded = decodeTransaction(body);
  return decoded.ok && decoded.value.tx.signers.some((signer) => signer.party === party);
}
