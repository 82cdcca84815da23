import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { isIP, type Socket } from "node:net";
import { CodedError } from "../lib/coded-error.ts";
import type { Logger } from "../ports/observe.ts";
import { LIMITS } from "../types/limits.ts";
import { certificate } from "./certificate/certificate.ts";
import { CERTIFICATE_POLICY } from "./certificate/page.ts";
import { errorAnswer, JsonRpc } from "./json-rpc.ts";
import type { LocalNode } from "./local-node.ts";
import { methods } from "./methods.ts";
import { RateLimit } from "./rate-limit.ts";
import { RPC_NUMBERS, RpcError } from "./rpc-error.ts";
import { WebSockets } from "./web-socket.ts";

export interface RpcOptions {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Clients must show it as a bearer token. */
  readonly token?: string;
  readonly requestsPerSecond: number;
  readonly version: string;
  /** The network's name, and names of parties by id, for certificates. */
  readonly network: string;
  readonly directory: ReadonlyMap<string, string>;
}

export class RpcStartError extends CodedError<"RPC_INSECURE_BIND" | "RPC_PORT_IN_USE" | "RPC_UNUSABLE"> {
  override readonly name = "RpcStartError";
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

/** JSON-RPC and the health endpoints over HTTP(S). Loopback is open to this machine; any other address takes TLS and a token. */
export class RpcServer {
  readonly #options: RpcOptions;
  readonly #node: LocalNode;
  readonly #rpc: JsonRpc;
  readonly #rate: RateLimit;
  readonly #metricsText: () => Promise<string>;
  readonly #logger: Logger;
  readonly #server: Server;
  readonly #webSockets: WebSockets;
  readonly #sockets = new Set<Socket>();

  /** Throws RpcStartError for an address that would be open to others. */
  constructor(
    options: RpcOptions,
    modules: { readonly node: LocalNode; readonly metricsText: () => Promise<string>; readonly logger: Logger },
  ) {
    if (!LOOPBACK.has(options.host) && (options.tls === undefined || options.token === undefined)) {
      throw new RpcStartError(
        "RPC_INSECURE_BIND",
        `RPC on ${options.host} needs TLS (rpcTlsCertFile, rpcTlsKeyFile) and a bearer token (rpcTokenFile)`,
      );
    }
    this.#options = options;
    this.#node = modules.node;
    this.#metricsText = modules.metricsText;
    this.#logger = modules.logger;
    this.#rpc = new JsonRpc(methods(modules.node, options.version), modules.logger);
    this.#rate = new RateLimit(options.requestsPerSecond);
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      this.#handle(request, response).catch((error: unknown) => {
        this.#logger.error("an HTTP request failed", { error: String(error) });
        response.destroy();
      });
    };
    const http = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: 16 * 1024,
      keepAliveTimeout: 60_000,
    };
    this.#server = options.tls === undefined ? createServer(http, handle) : createTlsServer({ ...http, ...options.tls }, handle);
    this.#webSockets = new WebSockets({ rpc: this.#rpc, rate: this.#rate, node: modules.node });
    this.#server.on("upgrade", (request, socket, head) => {
      if (this.#isHostKnown(request) && this.#isAuthorised(request) && pathOf(request) === "/") {
        this.#webSockets.accept(request, socket, head);
      } else {
        socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      }
    });
    this.#server.maxConnections = LIMITS.rpcConnectionsMax;
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** The port that was bound. Throws RpcStartError. */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE")
          reject(new RpcStartError("RPC_PORT_IN_USE", `the RPC port ${port} is in use by another program`, error));
        else reject(new RpcStartError("RPC_UNUSABLE", `cannot listen on ${host}:${port}: ${error.message}`, error));
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    this.#webSockets.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#isHostKnown(request)) {
      send(response, 403, errorAnswer(null, new RpcError("request", "HOST_UNKNOWN", "this name is not this node's")));
      return;
    }
    const path = pathOf(request);
    if (request.method === "GET" && path === "/livez") {
      send(response, 200, "ok\n", "text/plain");
      return;
    }
    if (!this.#isAuthorised(request)) {
      response.setHeader("WWW-Authenticate", "Bearer");
      send(response, 401, errorAnswer(null, new RpcError("request", "UNAUTHORISED", "a bearer token is needed")));
      return;
    }
    if (request.method === "GET" && path === "/readyz") {
      const reasons = this.#node.unreadyReasons();
      send(response, reasons.length === 0 ? 200 : 503, `${reasons.length === 0 ? "ok" : reasons.join("\n")}\n`, "text/plain");
      return;
    }
    if (request.method === "GET" && path === "/metrics") {
      send(response, 200, await this.#metricsText(), "text/plain; version=0.0.4");
      return;
    }
    if (request.method === "GET" && path === "/certificate") {
      await this.#certificate(request, response);
      return;
    }
    if (path !== "/" || request.method !== "POST") {
      send(
        response,
        path === "/" ? 405 : 404,
        errorAnswer(
          null,
          new RpcError("request", "HTTP_NOT_FOUND", "POST / takes JSON-RPC; GET /livez, /readyz, /metrics, /certificate"),
        ),
      );
      return;
    }
    await this.#post(request, response);
  }

  /** `GET /certificate?kind=…&id=…[&height=…]`: a proof as a page to be printed. */
  async #certificate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#isRateLimited(request, response, 1)) return;
    const query = new URLSearchParams((request.url ?? "").split("?")[1] ?? "");
    const height = query.get("height");
    const asked = { kind: query.get("kind") ?? "", id: query.get("id") ?? "" };
    const { network, directory } = this.#options;
    try {
      if (height !== null && !/^[1-9][0-9]{0,14}$/.test(height))
        throw new RpcError("params", "WRONG_TYPE", "height: a whole number");
      const page = await certificate(this.#node, height === null ? asked : { ...asked, height: Number(height) }, {
        network,
        directory,
      });
      response.setHeader("Content-Security-Policy", CERTIFICATE_POLICY);
      response.setHeader("Cache-Control", "no-store");
      send(response, 200, page, "text/html; charset=utf-8");
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      send(
        response,
        error.number === RPC_NUMBERS.notFound ? 404 : error.number === RPC_NUMBERS.limit ? 429 : 400,
        errorAnswer(null, error),
      );
    }
  }

  /** Whether the client asks too fast; it is told so. */
  #isRateLimited(request: IncomingMessage, response: ServerResponse, calls: number): boolean {
    const retrySeconds = this.#rate.take(request.socket.remoteAddress ?? "", calls, performance.now());
    if (retrySeconds === 0) return false;
    response.setHeader("Retry-After", String(retrySeconds));
    const limited = new RpcError("limit", "RATE_LIMITED", "too many requests", { retryAfterSeconds: retrySeconds });
    send(response, 429, errorAnswer(null, limited));
    return true;
  }

  async #post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === null) {
      response.setHeader("Connection", "close");
      send(
        response,
        413,
        errorAnswer(null, new RpcError("limit", "BODY_TOO_LARGE", `a body holds at most ${LIMITS.rpcBodyBytesMax} bytes`)),
      );
      return;
    }
    const parsed = this.#rpc.parse(body);
    const count = parsed instanceof RpcError ? 1 : parsed.calls.length;
    if (this.#isRateLimited(request, response, count)) return;
    if (parsed instanceof RpcError) {
      send(response, parsed.code === "BATCH_TOO_LARGE" ? 413 : 200, errorAnswer(null, parsed));
      return;
    }
    const answer = await this.#rpc.answer(parsed.calls, parsed.batch);
    if (answer === null) {
      response.writeHead(204).end();
      return;
    }
    if (answer.isLimited) response.setHeader("Retry-After", "1");
    send(response, answer.isLimited ? 429 : 200, answer.body);
  }

  /** On loopback a page of the web could reach the node by a name of its own that resolves here (DNS rebinding): only own names pass. */
  #isHostKnown(request: IncomingMessage): boolean {
    if (!LOOPBACK.has(this.#options.host)) return true;
    const host = (request.headers.host ?? "").replace(/:[0-9]+$/, "").replace(/^\[|\]$/g, "");
    if (!LOOPBACK.has(host) && isIP(host) === 0) return false;
    const { origin } = request.headers;
    return origin === undefined || (URL.canParse(origin) && LOOPBACK.has(new URL(origin).hostname.replace(/^\[|\]$/g, "")));
  }

  #isAuthorised(request: IncomingMessage): boolean {
    const { token } = this.#options;
    if (token === undefined) return true;
    const shown = Buffer.from((request.headers.authorization ?? "").replace(/^Bearer /, ""));
    const expected = Buffer.from(token);
    return shown.length === expected.length && timingSafeEqual(shown, expected);
  }
}

function pathOf({ url }: IncomingMessage): string {
  return (url ?? "/").split("?")[0] ?? "/";
}

/** null if the body is larger than allowed; nothing of it is kept. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers["content-length"] ?? 0) > LIMITS.rpcBodyBytesMax) return null;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LIMITS.rpcBodyBytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, body: string, type = "application/json"): void {
  response
    .writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body), "X-Content-Type-Options": "nosniff" })
    .end(body);
}
