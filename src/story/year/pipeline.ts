import { type Client, RpcFailure, type TxOutcome, UnreachableError } from "../../client/client.ts";
import { toHex } from "../../lib/bytes.ts";
import type { TxId } from "../../types/scalars.ts";
import type { Prepared } from "./player.ts";

const BATCH = 50;
const POSTS_AT_ONCE = 2;
const POLL_MS = 10;
/** With nothing final for so long what is left is sent again, through other nodes; for much longer, and it is given up. */
const AGAIN_MS = 8_000;
const STALL_MS = 600_000;
const REST_MS = 500;
const EVENTS_PER_PAGE = 1_000;

/** A node through which transactions go. */
interface Lane {
  readonly client: Client;
  busy: number;
  restsUntil: number;
}

interface Waiting {
  readonly prepared: Prepared;
  sentMs: number;
}

/**
 * Many transactions under way at once, over all nodes, in batches; their outcomes are learned from blocks and events, a call for each
 * block instead of one for each transaction. What a node lost, or would take only later, is sent again by the same bytes.
 */
export class Pipeline {
  readonly #lanes: readonly Lane[];
  readonly #reader: Client;
  readonly #againMs: number;
  #turn = 0;

  /** `lanes`: one client for each node; `reader` is over all of them. */
  constructor(lanes: readonly Client[], reader: Client, againMs = AGAIN_MS) {
    this.#againMs = againMs;
    this.#lanes = lanes.map((client) => ({ client, busy: 0, restsUntil: 0 }));
    this.#reader = reader;
  }

  /** The final code of each, in order. Throws UnreachableError if the network stands still. */
  async send(transactions: readonly Prepared[]): Promise<readonly string[]> {
    const { height } = await this.#reader.status();
    const codes = new Map<TxId, string>();
    const flight = new Flight(transactions, codes, () => this.#lane());
    try {
      await this.#follow(flight, height);
    } finally {
      flight.end();
    }
    return transactions.map(({ id }) => codes.get(id) as string);
  }

  /** Reads the blocks that follow until each transaction is in one, or was refused for good. */
  async #follow(flight: Flight, from: number): Promise<void> {
    let height = from;
    let movedMs = performance.now();
    const included: TxId[] = [];
    while (flight.isUnderWay) {
      flight.pump();
      const block = await this.#block(height + 1);
      if (block === undefined) {
        const quietMs = performance.now() - movedMs;
        if (quietMs > STALL_MS) throw new UnreachableError("nothing has become final for minutes");
        if (quietMs > this.#againMs) flight.sendAgain(this.#againMs);
        await new Promise((done) => setTimeout(done, POLL_MS));
        continue;
      }
      height += 1;
      const own = block.filter((id) => flight.include(id));
      included.push(...own);
      if (own.length > 0) movedMs = performance.now();
    }
    const effective = await this.#effective(from + 1, height);
    const lookedUp = [...included.filter((id) => !effective.has(id)), ...flight.toLookUp];
    for (const id of included) if (effective.has(id)) flight.codes.set(id, "OK");
    for (const id of lookedUp) flight.codes.set(id, codeOf(await this.#reader.get(id)));
  }

  async #block(height: number): Promise<readonly TxId[] | undefined> {
    try {
      const { transactions } = await this.#reader.call<{ readonly transactions: readonly TxId[] }>("chain_getBlock", { height });
      return transactions;
    } catch (error) {
      if (error instanceof RpcFailure) return undefined;
      throw error;
    }
  }

  /** Transactions of these blocks that took effect: each tells so by an event. */
  async #effective(from: number, to: number): Promise<ReadonlySet<TxId>> {
    const effective = new Set<TxId>();
    let cursor = { height: from, index: 0 };
    while (cursor.height <= to) {
      const params = { from: cursor, limit: EVENTS_PER_PAGE, filter: { kind: "happened" } };
      const page = await this.#reader.call<EventPage>("events_page", params);
      for (const { tx } of page.events) if (tx !== null) effective.add(tx);
      if (page.events.length === 0 && page.cursor.height === cursor.height && page.cursor.index === cursor.index) break;
      cursor = page.cursor;
    }
    return effective;
  }

  #lane(): Lane | undefined {
    const nowMs = performance.now();
    for (let tried = 0; tried < this.#lanes.length; tried++) {
      const lane = this.#lanes[this.#turn++ % this.#lanes.length] as Lane;
      if (lane.busy < POSTS_AT_ONCE && lane.restsUntil <= nowMs) return lane;
    }
    return undefined;
  }
}

interface EventPage {
  readonly events: readonly { readonly tx: TxId | null }[];
  readonly cursor: { readonly height: number; readonly index: number };
}

function codeOf({ status, code }: TxOutcome): string {
  return status === "committed" ? "OK" : (code ?? status.toUpperCase());
}

/** The transactions of one hour: what is still to be sent, what is under way, what was refused at the door. */
class Flight {
  readonly codes: Map<TxId, string>;
  /** In a block already when they were sent again. */
  readonly toLookUp: TxId[] = [];
  readonly #lane: () => Lane | undefined;
  readonly #queue: Waiting[];
  readonly #waiting = new Map<TxId, Waiting>();
  #isEnded = false;
  #posts = 0;
  #fault: unknown;

  constructor(transactions: readonly Prepared[], codes: Map<TxId, string>, lane: () => Lane | undefined) {
    this.codes = codes;
    this.#lane = lane;
    this.#queue = transactions.map((prepared) => ({ prepared, sentMs: 0 }));
    for (const waiting of this.#queue) this.#waiting.set(waiting.prepared.id, waiting);
  }

  get isUnderWay(): boolean {
    if (this.#fault !== undefined) throw this.#fault;
    return this.#waiting.size > 0;
  }

  end(): void {
    this.#isEnded = true;
  }

  /** Answers whether it is one of these. */
  include(id: TxId): boolean {
    return this.#waiting.delete(id);
  }

  /** All that was sent so long ago. */
  sendAgain(afterMs: number): void {
    const dueMs = performance.now() - afterMs;
    for (const waiting of this.#waiting.values()) {
      if (waiting.sentMs === 0 || waiting.sentMs > dueMs) continue;
      waiting.sentMs = 0;
      this.#queue.push(waiting);
    }
  }

  /** As many batches as the nodes take at once. */
  pump(): void {
    while (!this.#isEnded && this.#queue.length > 0) {
      const lane = this.#lane();
      if (lane === undefined) return;
      const batch = this.#queue.splice(0, BATCH).filter(({ prepared }) => this.#waiting.has(prepared.id));
      const nowMs = performance.now();
      for (const waiting of batch) waiting.sentMs = nowMs;
      lane.busy += 1;
      this.#posts += 1;
      this.#post(lane, batch)
        .catch((error: unknown) => {
          this.#fault = error;
        })
        .finally(() => {
          lane.busy -= 1;
          this.#posts -= 1;
          this.pump();
        });
    }
  }

  async #post(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    const signed = await Promise.all(batch.map(({ prepared }) => prepared.sign()));
    let answers: Awaited<ReturnType<Client["batch"]>>;
    try {
      answers = await lane.client.batch(signed.map((bytes) => ({ method: "tx_submit", params: { tx: toHex(bytes) } })));
    } catch {
      // The node is away, or wants a rest: the others take it.
      lane.restsUntil = performance.now() + REST_MS;
      this.#retry(batch);
      return;
    }
    const retried: Waiting[] = [];
    for (const [index, answer] of answers.entries()) {
      if (answer.ok) continue;
      const waiting = batch[index] as Waiting;
      const { id } = waiting.prepared;
      const { code, data } = answer.error;
      if (!this.#waiting.has(id)) continue;
      if (data.retriable === true) {
        retried.push(waiting);
        continue;
      }
      this.#waiting.delete(id);
      if (code === "ALREADY_FINAL") this.toLookUp.push(id);
      else this.codes.set(id, code);
    }
    if (retried.length === 0) return;
    lane.restsUntil = performance.now() + REST_MS;
    this.#retry(retried);
  }

  #retry(batch: readonly Waiting[]): void {
    for (const waiting of batch) {
      waiting.sentMs = 0;
      this.#queue.push(waiting);
    }
  }
}
