import type { Hash, Height, TimeMs, TxId } from "../types/scalars.ts";
import { type Client, RpcFailure, UnreachableError } from "./client.ts";

/** A place between events; everything before it was read. */
export interface EventCursor {
  readonly height: Height;
  readonly index: number;
}

/** Each condition that is there must hold. */
export interface EventFilter {
  readonly kind?: string;
  /** An operation, or a group of them: `note.*`; "due" for what fell due. */
  readonly what?: string;
  readonly object?: Hash;
  readonly party?: Hash;
}

export interface StreamedEvent extends EventCursor {
  readonly blockTimeMs: TimeMs;
  readonly what: string;
  /** null: it was due. */
  readonly tx: TxId | null;
  /** What a proof of it is asked for by. */
  readonly id?: string;
  readonly event: { readonly kind: string; readonly [field: string]: unknown };
  /** Where to go on once this event was dealt with. */
  readonly cursor: EventCursor;
}

interface Batch {
  readonly events: readonly StreamedEvent[];
  readonly cursor: EventCursor;
}

interface Page extends Batch {
  readonly at: { readonly height: Height };
}

const PAGE_EVENTS = 500;
/** Batches that wait for the reader; beyond this the connection is given up, and what was missed is read by pages. */
const WAITING_MAX = 256;
const QUIET_MS = 30_000;
const RETRY_MS = 250;
/** Without a WebSocket, and as long as none can be opened, the node is asked so often. */
const POLL_MS = 1_000;

/**
 * Every event that passes the filter, in order and once, from a cursor on and without end: by pages up to the newest block, then as they
 * come over a WebSocket. Wherever that breaks off, pages go on from the last event that the reader took. Throws RpcFailure for what trying again does not
 * help, such as events that no node keeps any more.
 */
export async function* events(
  client: Client,
  from: EventCursor,
  filter: EventFilter = {},
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<StreamedEvent, void, undefined> {
  let cursor = from;
  while (!signal.aborted) {
    for (;;) {
      const page = await pageOf(client, cursor, filter, signal);
      if (page === undefined) return;
      for (const event of page.events) {
        yield event;
        if (signal.aborted) return;
      }
      cursor = page.cursor;
      if (cursor.height > page.at.height) break;
    }
    const live = await LiveEvents.open(client, cursor, filter, signal);
    if (live === undefined) {
      await pause(POLL_MS, signal);
      continue;
    }
    try {
      for (let batch = await live.next(); batch !== undefined; batch = await live.next()) {
        for (const event of batch.events) {
          yield event;
          if (signal.aborted) return;
        }
        cursor = batch.cursor;
      }
    } finally {
      live.close();
    }
  }
}

/** A page from whichever endpoint answers, sooner or later; undefined once aborted. */
async function pageOf(client: Client, from: EventCursor, filter: EventFilter, signal: AbortSignal): Promise<Page | undefined> {
  while (!signal.aborted) {
    try {
      return await client.call<Page>("events_page", { from, limit: PAGE_EVENTS, filter });
    } catch (error) {
      const passes = error instanceof UnreachableError || (error instanceof RpcFailure && error.data.retriable === true);
      if (!passes) throw error;
      await pause(RETRY_MS, signal);
    }
  }
  return undefined;
}

/** One subscription over one connection; it ends where the connection does, or where the reader is too slow for it. */
class LiveEvents {
  readonly #socket: WebSocket;
  readonly #signal: AbortSignal;
  readonly #abort = (): void => this.#end();
  #batches: Batch[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort);
  }

  /** undefined if no connection could be opened, or none can be with what this client has to show (a bearer token). */
  static async open(
    client: Client,
    from: EventCursor,
    filter: EventFilter,
    signal: AbortSignal,
  ): Promise<LiveEvents | undefined> {
    const address = client.webSocketAddress();
    if (address === undefined) return undefined;
    const socket = new WebSocket(address);
    const live = new LiveEvents(socket, signal);
    socket.addEventListener("close", () => live.#end());
    socket.addEventListener("error", () => live.#end());
    socket.addEventListener("message", ({ data }) => live.#onMessage(String(data)));
    await new Promise<void>((resolve) => {
      live.#wake = resolve;
      socket.addEventListener("open", () => {
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "events_subscribe", params: { from, filter } }));
        resolve();
      });
    });
    return live.#ended ? undefined : live;
  }

  /** undefined: it is over, or so quiet that the connection may be dead without either end knowing. */
  async next(): Promise<Batch | undefined> {
    if (this.#batches.length === 0 && !this.#ended)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, QUIET_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    return this.#batches.shift();
  }

  close(): void {
    this.#end();
  }

  #onMessage(text: string): void {
    const message = JSON.parse(text) as { readonly params?: Partial<Batch>; readonly error?: unknown };
    const { events, cursor } = message.params ?? {};
    if (events !== undefined && cursor !== undefined) this.#batches.push({ events, cursor });
    // A refusal, or the end that the node sets to a slow reader.
    else if (message.error !== undefined || message.params !== undefined) this.#end();
    if (this.#batches.length > WAITING_MAX) this.#end();
    this.#wake();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal.removeEventListener("abort", this.#abort);
    this.#socket.close();
    this.#wake();
  }
}

/** Until the time is over, or at once when aborted. */
function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, delayMs);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
