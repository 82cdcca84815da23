import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Logger } from "../../src/ports/observe.ts";
import type { LocalNode } from "../../src/rpc/local-node.ts";
import { type RpcOptions, RpcServer } from "../../src/rpc/server.ts";
import { LIMITS } from "../../src/types/limits.ts";
import { until } from "../e2e/support.ts";

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const STATUS = '{"jsonrpc":"2.0","id":1,"method":"node_status","params":{}}';
const TOKEN = "a token that nobody guesses";

let reasons: readonly string[] = [];
/** As much of a node as the server itself asks for. */
const node = {
  at: () => ({ height: 3, blockTimeMs: 5, syncing: false }),
  status: () => ({ member: "zbank" }),
  unreadyReasons: () => reasons,
  submit: () => Promise.resolve({ ok: false, error: { code: "MEMPOOL_FULL", detail: "full", retriable: true } }),
} as unknown as LocalNode;

const servers: RpcServer[] = [];
let folder: string;
let tls: { readonly cert: string; readonly key: string };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "zhonglian-rpc-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-days", "2", "-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", ...subject], {
    stdio: "ignore",
  });
  tls = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

afterEach(async () => {
  reasons = [];
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function make(options: Partial<RpcOptions> = {}): RpcServer {
  const server = new RpcServer(
    { host: "127.0.0.1", port: 0, requestsPerSecond: 1_000, version: "0", network: "test", directory: new Map(), ...options },
    { node, metricsText: () => Promise.resolve("zhonglian_height 3\n"), logger: SILENT },
  );
  servers.push(server);
  return server;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly code: string | undefined;
}

/** One request with full say over its headers. */
function ask(
  port: number,
  {
    method = "POST",
    path = "/",
    headers = {},
    body = STATUS,
    secure = false,
  }: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | null;
    readonly secure?: boolean;
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path, headers, agent: false, rejectUnauthorized: false };
    const request = (secure ? httpsRequest : httpRequest)(options, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => {
        const json = text.startsWith("{") ? (JSON.parse(text) as { error?: { data: { code: string } } }) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, code: json.error?.data.code });
      });
    });
    request.on("error", reject);
    request.end(method === "GET" || body === null ? undefined : body);
  });
}

describe("the RPC server", () => {
  it("refuses to be open to others without TLS and a token", () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
      for (const options of [{}, { token: TOKEN }, { tls }]) {
        expect(() => make({ host, ...options })).toThrowError(expect.objectContaining({ code: "RPC_INSECURE_BIND" }));
      }
    }
    expect(() => make({ host: "0.0.0.0", tls, token: TOKEN })).not.toThrow();
  });

  it("answers over TLS whoever shows the token, and nobody else", async () => {
    const port = await make({ tls, token: TOKEN }).listen();
    const secure = true;
    const shown = (token: string) => ({ secure, headers: { Authorization: token } });
    expect((await ask(port, shown(`Bearer ${TOKEN}`))).status).toBe(200);
    for (const token of ["", TOKEN.slice(1), `Bearer ${TOKEN}x`, `Bearer ${TOKEN.replace("a", "b")}`]) {
      const answer = await ask(port, shown(token));
      expect([answer.status, answer.code, answer.headers["www-authenticate"]]).toEqual([401, "UNAUTHORISED", "Bearer"]);
    }
    expect((await ask(port, { method: "GET", path: "/metrics", secure })).status).toBe(401);
    expect((await ask(port, { method: "GET", path: "/livez", secure })).status).toBe(200);
    await expect(ask(port, shown(`Bearer ${TOKEN}`))).resolves.toMatchObject({ status: 200 });
    await expect(ask(port, { headers: { Authorization: `Bearer ${TOKEN}` } })).rejects.toThrow();
  });

  it("limits each client by a bucket in which every item of a batch counts, and says when to come again", async () => {
    const port = await make({ requestsPerSecond: 10 }).listen();
    const batch = (items: number): string => `[${new Array(items).fill(STATUS).join(",")}]`;
    expect((await ask(port, { body: batch(20) })).status).toBe(200);
    // More than a bucket ever holds, so that no stall of the machine lets it pass.
    const limited = await ask(port, { body: batch(21) });
    expect([limited.status, limited.code]).toEqual([429, "RATE_LIMITED"]);
    expect(Number(limited.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(JSON.parse(limited.body)).toMatchObject({ error: { code: -32005 } });
  });

  it("answers 429 when the node itself is full, but not for one call of a batch", async () => {
    const port = await make().listen();
    const submit = '{"jsonrpc":"2.0","id":1,"method":"tx_submit","params":{"tx":"00"}}';
    const full = await ask(port, { body: submit });
    expect([full.status, full.code, full.headers["retry-after"]]).toEqual([429, "MEMPOOL_FULL", "1"]);
    expect((await ask(port, { body: `[${submit},${STATUS}]` })).status).toBe(200);
  });

  it("takes no body above its bound, announced or not", async () => {
    const port = await make().listen();
    const large = " ".repeat(LIMITS.rpcBodyBytesMax + 1);
    expect(await ask(port, { body: large })).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
    const chunked = await ask(port, { body: large, headers: { "Transfer-Encoding": "chunked" } }).catch(() => null);
    // The connection may be gone before all of it was sent.
    expect(chunked === null || chunked.status === 413).toBe(true);
    expect((await ask(port)).status).toBe(200);
  });

  it("does not answer a page of the web that reaches it by another name or from another origin", async () => {
    const port = await make().listen();
    for (const host of ["evil.example", `evil.example:${port}`]) {
      expect(await ask(port, { headers: { Host: host } })).toMatchObject({ status: 403, code: "HOST_UNKNOWN" });
    }
    for (const Origin of ["https://evil.example", "null", "no url", "http://127.0.0.1.evil.example"]) {
      expect(await ask(port, { headers: { Origin } })).toMatchObject({ status: 403, code: "HOST_UNKNOWN" });
    }
    for (const headers of [{ Host: `localhost:${port}` }, { Host: `[::1]:${port}` }, { Origin: `http://127.0.0.1:${port}` }]) {
      expect((await ask(port, { headers })).status).toBe(200);
    }
  });

  it("tells by /livez that it runs, by /readyz whether it should get traffic, and by /metrics the rest", async () => {
    const port = await make().listen();
    const get = (path: string) => ask(port, { method: "GET", path });
    expect(await get("/livez")).toMatchObject({ status: 200, body: "ok\n" });
    expect(await get("/readyz")).toMatchObject({ status: 200, body: "ok\n" });
    reasons = ["the node is catching up", "no peer is connected"];
    expect(await get("/readyz")).toMatchObject({ status: 503, body: "the node is catching up\nno peer is connected\n" });
    expect(await get("/metrics")).toMatchObject({ status: 200, body: "zhonglian_height 3\n" });
    expect(await get("/nothing")).toMatchObject({ status: 404, code: "HTTP_NOT_FOUND" });
    expect(await get("/")).toMatchObject({ status: 405, code: "HTTP_NOT_FOUND" });
  });

  it("answers a batch in one body, notifications with silence, and a fault of its own without its inside", async () => {
    const port = await make().listen();
    const broken = '{"jsonrpc":"2.0","id":"x","method":"node_peers"}';
    const quiet = '{"jsonrpc":"2.0","method":"node_status"}';
    const answer = JSON.parse((await ask(port, { body: `[${STATUS},${quiet},${broken}]` })).body) as object[];
    expect(answer).toEqual([
      { jsonrpc: "2.0", id: 1, result: { member: "zbank", version: "0", at: node.at() } },
      { jsonrpc: "2.0", id: "x", error: expect.objectContaining({ code: -32603, data: { code: "INTERNAL" } }) },
    ]);
    expect(JSON.stringify(answer)).not.toMatch(/TypeError|\.ts/);
    expect(await ask(port, { body: quiet })).toMatchObject({ status: 204, body: "" });
  });

  it("answers over WebSocket as over HTTP: calls, batches, errors and limits", async () => {
    const port = await make({ requestsPerSecond: 10 }).listen();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    const answers: unknown[] = [];
    socket.on("message", (data) => answers.push(JSON.parse(String(data))));
    await new Promise<void>((done) => socket.once("open", done));
    const say = async (message: string | Uint8Array): Promise<unknown> => {
      const before = answers.length;
      socket.send(message);
      await until(() => answers.length > before, "an answer");
      return answers.at(-1);
    };
    const result = { member: "zbank", version: "0", at: node.at() };
    expect(await say(STATUS)).toEqual({ jsonrpc: "2.0", id: 1, result });
    expect(await say(`[${STATUS},${STATUS}]`)).toHaveLength(2);
    expect(await say("{")).toMatchObject({ error: { code: -32700, data: { code: "JSON_INVALID" } } });
    expect(await say(Uint8Array.of(1))).toMatchObject({ error: { data: { code: "JSON_INVALID" } } });
    expect(await say(`[${new Array(50).fill(STATUS).join(",")}]`)).toMatchObject({ error: { data: { code: "RATE_LIMITED" } } });
    const closed = new Promise<number>((done) => socket.once("close", done));
    socket.send(" ".repeat(LIMITS.rpcBodyBytesMax + 1));
    expect(await closed).toBe(1009);
  });

  it("opens no WebSocket for a foreign page, nor without the token", async () => {
    const refused = (url: string, options: object): Promise<string> =>
      new Promise((done) => new WebSocket(url, options).once("error", (error) => done(error.message)));
    const url = `ws://127.0.0.1:${await make().listen()}`;
    expect(await refused(url, { origin: "https://evil.example" })).toMatch(/403/);
    expect(await refused(`${url}/elsewhere`, {})).toMatch(/403/);
    const secure = `wss://127.0.0.1:${await make({ tls, token: TOKEN }).listen()}`;
    expect(await refused(secure, { rejectUnauthorized: false })).toMatch(/403/);
    const open = new WebSocket(secure, { rejectUnauthorized: false, headers: { Authorization: `Bearer ${TOKEN}` } });
    await new Promise<void>((done) => open.once("open", done));
    open.terminate();
  });

  it("says that a port is in use", async () => {
    const port = await make().listen();
    await expect(make({ port }).listen()).rejects.toMatchObject({ code: "RPC_PORT_IN_USE" });
  });
});
