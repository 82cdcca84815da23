import { describe, expect, it } from "vitest";
import { Client, RpcFailure, UnreachableError } from "../../src/client/client.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { TxId } from "../../src/types/scalars.ts";

const ID = "ab".repeat(32) as TxId;
const BYTES = Uint8Array.of(1, 2, 3);

interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}
type Reply =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data: object } };
/** A node as a function; throwing is being unreachable. */
type FakeNode = (request: Request) => Reply;

function clientOf(nodes: Readonly<Record<string, FakeNode>>, limited: ReadonlySet<string> = new Set()) {
  const asked: string[] = [];
  const fetch = (url: string, init: { body: string }): Promise<Response> => {
    const request = JSON.parse(init.body) as Request;
    const reply = (one: Request): object => {
      asked.push(`${url} ${one.method}`);
      return { jsonrpc: "2.0", id: one.id, ...(nodes[url] as FakeNode)(one) };
    };
    try {
      const body = Array.isArray(request) ? (request as Request[]).map(reply) : reply(request);
      return Promise.resolve(new Response(JSON.stringify(body), { status: limited.has(url) ? 429 : 200 }));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  };
  return { client: new Client({ endpoints: Object.keys(nodes), fetch: fetch as never }), asked };
}

const down: FakeNode = () => {
  throw new Error("connection refused");
};
const refusal = (code: string, retriable: boolean): Reply => ({
  error: { code: -32003, message: code.toLowerCase(), data: { code, retriable } },
});
const committed = { result: { id: ID, status: "committed", height: 7, index: 0, code: "OK" } };

/** Takes transactions, and has them in a block when asked. */
const healthy: FakeNode = ({ method }) => (method === "tx_submit" ? { result: { id: ID } } : committed);

describe("the client", () => {
  it("asks the next endpoint when one does not answer, and stays with it", async () => {
    const { client, asked } = clientOf({ a: down, b: () => ({ result: { member: "b" } }) });
    expect(await client.status()).toEqual({ member: "b" });
    expect(await client.status()).toEqual({ member: "b" });
    expect(asked).toEqual(["a node_status", "b node_status", "b node_status"]);
  });

  it("says that nobody answers when nobody does", async () => {
    await expect(clientOf({ a: down, b: down }).client.status()).rejects.toBeInstanceOf(UnreachableError);
  });

  it("hears an answer without end no further, and asks the next", async () => {
    const mebibyte = new Uint8Array(1 << 20).fill(0x20);
    let [sent, isCancelled] = [0, false];
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(mebibyte);
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    const fetch = (url: string) =>
      Promise.resolve(new Response(url === "endless" ? endless : JSON.stringify({ id: 1, result: { member: "b" } })));
    const client = new Client({ endpoints: ["endless", "b"], fetch: fetch as never });
    expect(await client.status()).toEqual({ member: "b" });
    expect(isCancelled).toBe(true);
    expect(sent * mebibyte.length).toBeLessThan(2 * LIMITS.rpcAnswerBytesMax);
  });

  it("sends a transaction again elsewhere, by the same id, when the node that took it is gone", async () => {
    let taken = false;
    const dying: FakeNode = ({ method }) => {
      if (taken || method !== "tx_submit") throw new Error("gone");
      taken = true;
      return { result: { id: ID } };
    };
    const { client, asked } = clientOf({ a: dying, b: healthy });
    expect(await client.submitAndWait(ID, BYTES)).toMatchObject({ status: "committed", height: 7 });
    expect(asked.filter((line) => line.endsWith("tx_submit"))).toEqual(["a tx_submit"]);
    expect(asked.at(-1)).toBe("b tx_wait");
  });

  it("sends again what a node lost", async () => {
    let waits = 0;
    const forgetful: FakeNode = ({ method }) => {
      if (method === "tx_submit") return { result: { id: ID } };
      waits += 1;
      return waits === 1 ? { result: { id: ID, status: "unknown" } } : committed;
    };
    const { client, asked } = clientOf({ a: forgetful });
    expect((await client.submitAndWait(ID, BYTES)).status).toBe("committed");
    expect(asked.filter((line) => line === "a tx_submit")).toHaveLength(2);
  });

  it("tries elsewhere, and later, what is refused for now", async () => {
    let patience = 3;
    const busy: FakeNode = ({ method }) => {
      if (method !== "tx_submit") return committed;
      patience -= 1;
      return patience > 0 ? refusal("MEMPOOL_FULL", true) : { result: { id: ID } };
    };
    expect((await clientOf({ a: busy, b: busy }).client.submitAndWait(ID, BYTES)).status).toBe("committed");
  });

  it("does not repeat what is refused for good, and gives the reason", async () => {
    const strict: FakeNode = ({ method }) =>
      method === "tx_submit" ? refusal("SIGNATURE_INVALID", false) : { result: { id: ID, status: "unknown" } };
    const { client, asked } = clientOf({ a: strict });
    const failure = await client.submitAndWait(ID, BYTES).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RpcFailure);
    expect(failure).toMatchObject({ code: "SIGNATURE_INVALID", number: -32003 });
    expect(asked.filter((line) => line === "a tx_submit")).toHaveLength(1);
  });

  it("takes a repetition that is refused as final for the success that it tells of", async () => {
    const final: FakeNode = ({ method }) => (method === "tx_submit" ? refusal("ALREADY_FINAL", false) : committed);
    expect(await clientOf({ a: final }).client.submitAndWait(ID, BYTES)).toMatchObject({ status: "committed" });
  });

  it("gives up in time, without an outcome of its own making", async () => {
    const never: FakeNode = ({ method }) =>
      method === "tx_submit" ? { result: { id: ID } } : { result: { id: ID, status: "pending" } };
    await expect(clientOf({ a: never }).client.submitAndWait(ID, BYTES, 50)).rejects.toBeInstanceOf(UnreachableError);
  });

  it("tells each call of a batch apart, whatever the order of the answers", async () => {
    const node: FakeNode = ({ params }) => (params.tx === "00" ? refusal("TRUNCATED", false) : { result: { id: ID } });
    const { client } = clientOf({ a: node });
    const outcomes = await client.batch(["01", "00", "02"].map((tx) => ({ method: "tx_submit", params: { tx } })));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(outcomes[1]).toMatchObject({ error: { code: "TRUNCATED" } });
  });

  it("takes a call of a batch that got no answer for failed", async () => {
    const mute: FakeNode = ({ params }) => ({ result: { id: ID }, ...(params.tx === "01" ? { id: 99 } : {}) }) as Reply;
    const outcomes = await clientOf({ a: mute }).client.batch(
      ["00", "01"].map((tx) => ({ method: "tx_submit", params: { tx } })),
    );
    expect(outcomes).toMatchObject([{ ok: true, result: { id: ID } }, { ok: false }]);
  });

  it("takes a limit for a matter of patience", async () => {
    const limited: FakeNode = () => ({ error: { code: -32005, message: "too many", data: { code: "RATE_LIMITED" } } });
    const failure = await clientOf({ a: limited }, new Set(["a"]))
      .client.status()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "RATE_LIMITED", data: { retriable: true } });
  });
});
