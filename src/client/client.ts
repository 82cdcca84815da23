import { toHex } from "../lib/bytes.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, PublicKey, TxId } from "../types/scalars.ts";

/** What a node answered that is not a result: JSON-RPC number, stable code, whether trying again may help. */
export class RpcFailure extends Error {
  override readonly name = "RpcFailure";
  readonly code: string;
  readonly number: number;
  readonly data: Readonly<Record<string, unknown>>;
  constructor(number: number, message: string, data: Readonly<Record<string, unknown>>) {
    super(message);
    this.number = number;
    this.data = data;
    this.code = typeof data.code === "string" ? data.code : "UNKNOWN";
  }
}

/** No endpoint could be reached. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly code = "UNREACHABLE";
}

export interface ClientOptions {
  /** Nodes' RPC addresses; the first is asked first, the others when it fails. */
  readonly endpoints: readonly string[];
  /** Bearer token, where a node asks for one. */
  readonly token?: string;
  readonly fetch?: typeof globalThis.fetch;
}

export interface TxOutcome {
  readonly id: TxId;
  readonly status: "pending" | "committed" | "failed" | "expired" | "unknown";
  readonly height?: number;
  readonly index?: number;
  readonly code?: string;
  readonly message?: string;
  readonly events?: readonly { readonly kind: string; readonly [field: string]: unknown }[];
  /** Of one that failed, while the node remembers: which operation was refused, and on which facts; the last decided last. */
  readonly refusal?: {
    readonly operation: number;
    readonly kind: string;
    readonly facts: readonly {
      readonly of: string;
      readonly id: string | null;
      readonly field: string;
      readonly value: string;
    }[];
  };
}

/** What one call of a batch was answered. */
export type BatchAnswer = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: RpcFailure };

export interface NodeStatus {
  readonly member: string;
  readonly role: string;
  readonly chain: Hash;
  readonly version: string;
  readonly height: number;
  readonly blockId: Hash;
  readonly stateRoot: Hash;
  readonly blockTimeMs: number;
  /** The lowest height whose block and state this node keeps. */
  readonly base: number;
  readonly clockMs: number;
  readonly syncing: boolean;
  readonly signing: boolean;
  /** Why `/readyz` says no; empty if it does not. */
  readonly unready: readonly string[];
  /** The consensus key it runs with, whether or not the members have it among their authorities'; null if it has none. */
  readonly authorityKey: PublicKey | null;
  readonly peers: number;
  readonly round: number;
  readonly pending: number;
}

export interface ProofOptions {
  readonly height?: number;
  readonly since?: number;
}

export type LedgerJson = { readonly id: Hash; readonly version: number; readonly [field: string]: unknown };

const REQUEST_TIMEOUT_MS = 10_000;
const WAIT_SLICE_MS = 2_000;
const RETRY_MS = 100;

/** A node's JSON-RPC for programs: several endpoints, and a transaction that is sent again by the same id wherever it got lost. */
export class Client {
  readonly #endpoints: readonly string[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof globalThis.fetch;
  #preferred = 0;
  #nextId = 1;

  constructor(options: ClientOptions) {
    if (options.endpoints.length === 0) throw new Error("a client needs an endpoint");
    this.#endpoints = options.endpoints;
    this.#headers = {
      "Content-Type": "application/json",
      ...(options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }),
    };
    this.#fetch = options.fetch ?? globalThis.fetch;
  }

  /** One call to the first endpoint that answers. Throws RpcFailure or UnreachableError. */
  async call<T>(method: string, params: Readonly<Record<string, unknown>> = {}, timeoutMs = REQUEST_TIMEOUT_MS): Promise<T> {
    let last: unknown;
    const failures: string[] = [];
    for (let attempt = 0; attempt < this.#endpoints.length; attempt++) {
      const index = (this.#preferred + attempt) % this.#endpoints.length;
      try {
        const result = await this.#ask<T>(this.#endpoints[index] as string, method, params, timeoutMs);
        this.#preferred = index;
        return result;
      } catch (error) {
        if (error instanceof RpcFailure && error.code !== "NODE_STOPPING") throw error;
        last = error;
        failures.push(`${this.#endpoints[index]} (${whyOf(error)})`);
      }
    }
    throw new UnreachableError(`no endpoint answers ${method}: ${failures.join(", ")}`, { cause: last });
  }

  /** Several calls in one request to the first endpoint that answers; each has its own outcome. Throws if the request as a whole fails. */
  async batch(calls: readonly { readonly method: string; readonly params: object }[]): Promise<readonly BatchAnswer[]> {
    const requests = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
    const { json, limited } = await this.#postToAny(requests);
    if (!Array.isArray(json)) throw failureOf((json as RpcAnswer).error as RpcErrorJson, limited);
    const byId = new Map((json as RpcAnswer[]).map((answer) => [answer.id, answer]));
    return calls.map((_, id) => {
      const { error, result } = byId.get(id) ?? UNANSWERED;
      return error === undefined ? { ok: true, result } : { ok: false, error: failureOf(error, limited) };
    });
  }

  status(): Promise<NodeStatus> {
    return this.call("node_status");
  }

  /** Sends a transaction; the same bytes may be sent any number of times. */
  async submit(bytes: Uint8Array): Promise<TxId> {
    const { id } = await this.call<{ id: TxId }>("tx_submit", { tx: toHex(bytes) });
    return id;
  }

  get(id: TxId): Promise<TxOutcome> {
    return this.call("tx_get", { id });
  }

  /**
   * Submits and waits until the outcome is final, over all endpoints: what a node lost or would only take later is sent again, until
   * `timeoutMs` is over. Throws RpcFailure for a refusal that stands.
   */
  async submitAndWait(id: TxId, bytes: Uint8Array, timeoutMs = 60_000): Promise<TxOutcome> {
    const deadline = performance.now() + timeoutMs;
    let failure: unknown;
    while (performance.now() < deadline) {
      try {
        await this.submit(bytes);
        const outcome = await this.#wait(id, Math.min(WAIT_SLICE_MS, deadline - performance.now()));
        if (outcome.status !== "pending" && outcome.status !== "unknown") return outcome;
        this.#rotate();
      } catch (error) {
        failure = error;
        if (error instanceof RpcFailure && error.data.retriable !== true) {
          // A repetition may be refused although the first was taken.
          const outcome = await this.get(id).catch(() => undefined);
          if (outcome?.status === "committed" || outcome?.status === "failed") return outcome;
          throw error;
        }
        this.#rotate();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    throw new UnreachableError(`no final outcome of transaction ${id} in time`, { cause: failure });
  }

  ledgerGet(kind: string, id: Hash, height?: number): Promise<LedgerJson> {
    return this.call("ledger_get", height === undefined ? { kind, id } : { kind, id, height });
  }

  /** Where the preferred endpoint takes WebSockets; undefined if it wants a bearer token, which a browser's WebSocket cannot show. */
  webSocketAddress(): string | undefined {
    if (this.#headers.Authorization !== undefined) return undefined;
    return (this.#endpoints[this.#preferred] as string).replace(/^http/, "ws");
  }

  /**
   * A self-contained proof as JSON text, ready to be saved; check it with `verifyProof`. An event's id is transaction/number. `since`: the height
   * of a header that is trusted instead of the genesis.
   */
  async proof(kind: string, id: string, { height, since }: ProofOptions = {}): Promise<string> {
    const from = since === undefined ? {} : { since };
    return JSON.stringify(await this.call("proof_get", { kind, id, ...(height === undefined ? {} : { height }), ...from }));
  }

  /** One page. */
  ledgerList(
    kind: string,
    where: Readonly<Record<string, unknown>> = {},
    page: { readonly limit?: number; readonly cursor?: string } = {},
  ): Promise<{ readonly items: readonly LedgerJson[]; readonly cursor?: string }> {
    return this.call("ledger_list", { kind, where, ...page });
  }

  /** Every page. */
  async ledgerAll(kind: string, where: Readonly<Record<string, unknown>> = {}): Promise<readonly LedgerJson[]> {
    const items: LedgerJson[] = [];
    let cursor: string | undefined;
    do {
      const page: { readonly items: readonly LedgerJson[]; readonly cursor?: string } = await this.ledgerList(
        kind,
        where,
        cursor === undefined ? { limit: 500 } : { limit: 500, cursor },
      );
      items.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return items;
  }

  #wait(id: TxId, timeoutMs: number): Promise<TxOutcome> {
    const slice = Math.max(0, Math.floor(timeoutMs));
    return this.call("tx_wait", { id, timeoutMs: slice }, slice + REQUEST_TIMEOUT_MS);
  }

  #rotate(): void {
    this.#preferred = (this.#preferred + 1) % this.#endpoints.length;
  }

  async #postToAny(body: unknown): Promise<{ readonly json: unknown; readonly limited: boolean }> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#post(this.#endpoints[this.#preferred] as string, body, REQUEST_TIMEOUT_MS);
      } catch (error) {
        this.#rotate();
        if (attempt === this.#endpoints.length) throw error;
      }
    }
  }

  async #ask<T>(endpoint: string, method: string, params: object, timeoutMs: number): Promise<T> {
    const { json, limited } = await this.#post(endpoint, { jsonrpc: "2.0", id: this.#nextId++, method, params }, timeoutMs);
    const { error, result } = json as RpcAnswer;
    if (error !== undefined) throw failureOf(error, limited);
    return result as T;
  }

  async #post(
    endpoint: string,
    body: unknown,
    timeoutMs: number,
  ): Promise<{ readonly json: unknown; readonly limited: boolean }> {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await this.#fetch(endpoint, { method: "POST", headers: this.#headers, body: JSON.stringify(body), signal });
    return { json: JSON.parse(await boundedText(response)), limited: response.status === 429 };
  }
}

/** Of an answer's body; whoever sends one that does not end is heard no further. Throws. */
async function boundedText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > LIMITS.rpcAnswerBytesMax) {
      await reader.cancel();
      throw new Error(`the answer is larger than ${LIMITS.rpcAnswerBytesMax} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

interface RpcErrorJson {
  readonly code: number;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface RpcAnswer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: RpcErrorJson;
}

/** In a word: the system's name of the fault, if it has one. */
function whyOf(error: unknown): string {
  const { message, cause } = error as { readonly message?: string; readonly cause?: { readonly code?: string } };
  return cause?.code ?? message ?? String(error);
}

/** What an endpoint left out of a batch has failed: nothing is known of it. */
const UNANSWERED: RpcAnswer = { error: { code: -32603, message: "the endpoint left this call of a batch unanswered", data: {} } };

/** Whoever asks too fast may ask again. */
function failureOf({ code, message, data }: RpcErrorJson, limited: boolean): RpcFailure {
  return new RpcFailure(code, message, { ...(limited ? { retriable: true } : {}), ...data });
}
