import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { LIMITS } from "../types/limits.ts";
import { errorAnswer, type JsonRpc } from "./json-rpc.ts";
import type { LocalNode } from "./local-node.ts";
import type { RateLimit } from "./rate-limit.ts";
import { RpcError } from "./rpc-error.ts";
import { Subscriptions } from "./subscriptions.ts";

/** Requests of one connection that are being answered; who sends more before reading waits for them. */
const ANSWERING_MAX = 64;
const PING_MS = 30_000;

/** JSON-RPC over WebSocket: the same bodies as over HTTP, one message each, answered on the same connection. */
export class WebSockets {
  readonly #rpc: JsonRpc;
  readonly #rate: RateLimit;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: LIMITS.rpcBodyBytesMax, perMessageDeflate: false });
  readonly #silent = new WeakSet<WebSocket>();
  readonly #pings: NodeJS.Timeout;

  readonly #node: LocalNode;

  constructor(modules: { readonly rpc: JsonRpc; readonly rate: RateLimit; readonly node: LocalNode }) {
    this.#rpc = modules.rpc;
    this.#node = modules.node;
    this.#rate = modules.rate;
    this.#pings = setInterval(() => this.#ping(), PING_MS);
    this.#pings.unref();
  }

  /** Host, origin and token were checked, as for any request. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (connection) => {
      const client = request.socket.remoteAddress ?? "";
      let answering = 0;
      const subscriptions = new Subscriptions(this.#node, {
        send: (message) => connection.send(message),
        buffered: () => connection.bufferedAmount,
      });
      connection.on("close", () => subscriptions.close());
      connection.on("error", () => connection.terminate());
      connection.on("pong", () => this.#silent.delete(connection));
      connection.on("message", (data, isBinary) => {
        answering += 1;
        if (answering >= ANSWERING_MAX) connection.pause();
        this.#answer(client, data, isBinary, subscriptions)
          .then((answer) => {
            if (answer !== null && connection.readyState === connection.OPEN) connection.send(answer);
          })
          .catch(() => connection.terminate())
          .finally(() => {
            answering -= 1;
            if (answering < ANSWERING_MAX) connection.resume();
          });
      });
    });
  }

  close(): void {
    clearInterval(this.#pings);
    for (const connection of this.#server.clients) connection.terminate();
  }

  async #answer(client: string, data: RawData, isBinary: boolean, subscriptions: Subscriptions): Promise<string | null> {
    if (isBinary) return errorAnswer(null, new RpcError("parse", "JSON_INVALID", "a message is text"));
    const parsed = this.#rpc.parse(data.toString());
    const wait = this.#rate.take(client, parsed instanceof RpcError ? 1 : parsed.calls.length, performance.now());
    if (wait > 0)
      return errorAnswer(null, new RpcError("limit", "RATE_LIMITED", "too many requests", { retryAfterSeconds: wait }));
    if (parsed instanceof RpcError) return errorAnswer(null, parsed);
    return (await this.#rpc.answer(parsed.calls, parsed.batch, subscriptions))?.body ?? null;
  }

  /** Who has not answered the last ping is gone. */
  #ping(): void {
    for (const connection of this.#server.clients) {
      if (this.#silent.has(connection)) connection.terminate();
      else {
        this.#silent.add(connection);
        connection.ping();
      }
    }
  }
}
