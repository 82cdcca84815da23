import type { Logger } from "../ports/observe.ts";
import { LIMITS } from "../types/limits.ts";
import type { Method } from "./method.ts";
import { RPC_NUMBERS, RpcError } from "./rpc-error.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Nesting of a request's JSON; parsing more would cost stack for nothing. */
const NESTING_MAX = 64;

export interface RpcAnswer {
  readonly body: string;
  /** The one call asked for more than this node does now: the carrier says so in its own way. */
  readonly isLimited: boolean;
}

/** JSON-RPC 2.0 over any carrier: one body in, one out. Never throws. */
export class JsonRpc {
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #logger: Logger;

  constructor(methods: ReadonlyMap<string, Method>, logger: Logger) {
    this.#methods = methods;
    this.#logger = logger;
  }

  /** How many calls a body holds, or the error that all of it gets. */
  parse(body: string): { readonly calls: readonly unknown[]; readonly batch: boolean } | RpcError {
    if (isTooDeep(body)) return new RpcError("parse", "JSON_TOO_DEEP", `JSON nested deeper than ${NESTING_MAX}`);
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch {
      return new RpcError("parse", "JSON_INVALID", "the body is not JSON");
    }
    if (!Array.isArray(parsed)) return { calls: [parsed], batch: false };
    if (parsed.length === 0) return new RpcError("request", "BATCH_EMPTY", "the batch is empty");
    if (parsed.length > LIMITS.rpcBatchMax)
      return new RpcError("limit", "BATCH_TOO_LARGE", `a batch holds at most ${LIMITS.rpcBatchMax} calls`);
    return { calls: parsed, batch: true };
  }

  /** null: nothing to say (notifications only). */
  async answer(calls: readonly unknown[], batch: boolean, subscriptions?: Subscriptions): Promise<RpcAnswer | null> {
    const answers = (await Promise.all(calls.map((call) => this.#call(call, subscriptions)))).filter((answer) => answer !== null);
    const [first] = answers;
    if (first === undefined) return null;
    return batch ? { body: `[${answers.map(({ body }) => body).join(",")}]`, isLimited: false } : first;
  }

  async #call(request: unknown, subscriptions: Subscriptions | undefined): Promise<RpcAnswer | null> {
    const { id, method, params, jsonrpc } =
      typeof request === "object" && request !== null ? (request as Record<string, unknown>) : {};
    const validId = id === undefined || id === null || typeof id === "number" || (typeof id === "string" && id.length <= 256);
    if (jsonrpc !== "2.0" || typeof method !== "string" || !validId) {
      return refusal(validId ? (id ?? null) : null, new RpcError("request", "REQUEST_INVALID", "not a JSON-RPC 2.0 request"));
    }
    try {
      const known = this.#methods.get(method);
      if (known === undefined) throw new RpcError("method", "METHOD_UNKNOWN", `there is no method "${method.slice(0, 64)}"`);
      if (params !== undefined && (typeof params !== "object" || params === null || Array.isArray(params))) {
        throw new RpcError("params", "PARAMS_BY_NAME", "params: expected an object");
      }
      const result = await known.call(params, subscriptions);
      return id === undefined ? null : { body: JSON.stringify({ jsonrpc: "2.0", id, result }), isLimited: false };
    } catch (error) {
      if (id === undefined) return null;
      if (error instanceof RpcError) return refusal(id, error);
      this.#logger.error("an RPC method failed", { method, error: String(error), stack: (error as Error).stack });
      return refusal(id, new RpcError("internal", "INTERNAL", "the node could not answer this"));
    }
  }
}

function refusal(id: unknown, error: RpcError): RpcAnswer {
  return { body: errorAnswer(id, error), isLimited: error.number === RPC_NUMBERS.limit };
}

export function errorAnswer(id: unknown, error: RpcError): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error: error.toJson() });
}

/** Brackets outside strings nested beyond the bound, found without recursion. */
function isTooDeep(body: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < body.length; index++) {
    const code = body.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > NESTING_MAX) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}
