import type { EventCursor, EventFilter } from "../node/event-reader.ts";
import { LIMITS } from "../types/limits.ts";
import type { LocalNode } from "./local-node.ts";
import { chainEventJson } from "./presentation.ts";
import { RpcError } from "./rpc-error.ts";

/** The connection that notifications go to. */
export interface Carrier {
  send(message: string): void;
  /** Bytes that were sent and have not left yet. */
  buffered(): number;
}

const EVENTS_PER_NOTIFICATION = 100;
/** Beyond this nothing more is read for the connection until it has taken what it was sent. */
const BUFFERED_BYTES_MAX = 1024 * 1024;
const DRAIN_CHECK_MS = 50;
/** A filter that lets nothing pass still moves the cursor: the client is told after so many blocks. */
const SILENT_BLOCKS_MAX = 1_000;

interface Subscription {
  readonly id: string;
  readonly filter: EventFilter;
  cursor: EventCursor;
  told: EventCursor;
  running: boolean;
  ended: boolean;
}

/**
 * Events for one connection. Nothing is queued: each subscription reads on from its cursor as fast as the connection takes what it
 * is sent, so that a slow client costs no memory; one that takes nothing for too long is dropped with a code and its cursor.
 */
export class Subscriptions {
  readonly #node: LocalNode;
  readonly #carrier: Carrier;
  readonly #slowMs: number;
  readonly #open = new Map<string, Subscription>();
  #stopListening: (() => void) | null = null;
  #nextId = 1;

  constructor(node: LocalNode, carrier: Carrier, slowMs: number = LIMITS.rpcSlowMs) {
    this.#node = node;
    this.#carrier = carrier;
    this.#slowMs = slowMs;
  }

  open(from: EventCursor | undefined, filter: EventFilter): { readonly subscription: string; readonly cursor: EventCursor } {
    if (this.#open.size >= LIMITS.rpcSubscriptionsMax)
      throw new RpcError("limit", "TOO_MANY_SUBSCRIPTIONS", `a connection has at most ${LIMITS.rpcSubscriptionsMax}`);
    this.#stopListening ??= this.#node.onBlock(() => {
      for (const subscription of this.#open.values()) this.#run(subscription);
    });
    const id = String(this.#nextId++);
    const cursor = from ?? { height: this.#node.at().height + 1, index: 0 };
    const subscription: Subscription = { id, filter, cursor, told: cursor, running: false, ended: false };
    this.#open.set(id, subscription);
    // After the answer, so that the client knows the subscription when its first event arrives.
    setTimeout(() => this.#run(subscription), 0);
    return { subscription: id, cursor };
  }

  /** Whether there was one. */
  end(id: string): boolean {
    const subscription = this.#open.get(id);
    if (subscription !== undefined) subscription.ended = true;
    return this.#open.delete(id);
  }

  close(): void {
    this.#stopListening?.();
    for (const id of [...this.#open.keys()]) this.end(id);
  }

  #run(subscription: Subscription): void {
    if (subscription.running || subscription.ended) return;
    subscription.running = true;
    this.#send(subscription)
      .catch((error: unknown) => {
        this.end(subscription.id);
        const { code, message } =
          error instanceof RpcError ? error : new RpcError("internal", "INTERNAL", "the node could not go on");
        this.#notify({ subscription: subscription.id, error: { code, message }, cursor: subscription.told });
      })
      .finally(() => {
        subscription.running = false;
        // A block that came meanwhile.
        if (!subscription.ended && subscription.cursor.height <= this.#node.at().height) this.#run(subscription);
      });
  }

  /** Everything up to the newest block. */
  async #send(subscription: Subscription): Promise<void> {
    const { id, filter } = subscription;
    for (let isEnd = false; !isEnd && !subscription.ended; ) {
      await this.#drained();
      const page = this.#node.events.page(subscription.cursor, EVENTS_PER_NOTIFICATION, filter);
      if (!page.ok) throw new RpcError("notFound", page.error, "this node no longer keeps the events at this cursor");
      const { events, cursor } = page.value;
      subscription.cursor = cursor;
      isEnd = page.value.isEnd;
      if (events.length === 0 && cursor.height - subscription.told.height < SILENT_BLOCKS_MAX) continue;
      subscription.told = cursor;
      this.#notify({ subscription: id, events: events.map(chainEventJson), cursor });
    }
  }

  /** Until the connection has room; throws if it takes nothing for too long. Lets others run in any case. */
  async #drained(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    let least = this.#carrier.buffered();
    for (let waitedMs = 0; this.#carrier.buffered() > BUFFERED_BYTES_MAX; waitedMs += DRAIN_CHECK_MS) {
      if (waitedMs >= this.#slowMs)
        throw new RpcError("limit", "SUBSCRIBER_TOO_SLOW", "nothing was taken for too long: subscribe again from the cursor");
      await new Promise((resolve) => setTimeout(resolve, DRAIN_CHECK_MS));
      if (this.#carrier.buffered() < least) [least, waitedMs] = [this.#carrier.buffered(), 0];
    }
  }

  #notify(params: object): void {
    this.#carrier.send(JSON.stringify({ jsonrpc: "2.0", method: "events", params }));
  }
}
