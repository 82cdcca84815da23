import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assemble, buildTransaction, op, signedMessage } from "../../src/client/transaction-builder.ts";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash, PublicKey, TxId } from "../../src/types/scalars.ts";
import { firmKey, OperatorNetwork } from "./network.ts";

interface Answer {
  readonly http: number;
  readonly number: number | undefined;
  readonly code: string | undefined;
  readonly result: unknown;
}

const MINUTE_MS = 60_000;
let operators: OperatorNetwork;

beforeAll(async () => {
  operators = await OperatorNetwork.make();
  operators.startAll();
  await operators.ready(3);
}, 600_000);

afterAll(() => operators.stop());

/** The body as it is, to one node. */
async function post(body: string | Uint8Array, member = "zbank"): Promise<Answer> {
  const response = await fetch(operators.member(member).rpc, { method: "POST", body: body as never });
  const text = await response.text();
  const json = (text === "" ? {} : JSON.parse(text)) as { error?: { code: number; data: { code: string } }; result?: unknown };
  return { http: response.status, number: json.error?.code, code: json.error?.data.code, result: json.result };
}

function call(method: string, params: object, member?: string): Promise<Answer> {
  return post(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }), member);
}

const submit = (bytes: Uint8Array, member?: string): Promise<Answer> => call("tx_submit", { tx: toHex(bytes) }, member);

/** A member's commit height and everybody's memory, to see that bad input moves nothing. */
async function heights(): Promise<readonly number[]> {
  return Promise.all(operators.members.map(async ({ id }) => (await operators.client(id).status()).height));
}

async function commits(name: string): Promise<TxId> {
  const { id, bytes } = await operators.registration(name);
  expect((await operators.client("huasu").submitAndWait(id, bytes)).status).toBe("committed");
  await operators.everybodyHas(id);
  return id;
}

describe("a transaction that must not pass", { timeout: 600_000 }, () => {
  const refused = (answer: Answer, code: string): void => {
    expect([answer.number, answer.code]).toEqual([-32003, code]);
    expect(answer.http).toBe(200);
  };

  it("is refused when it is garbage, cut short, or has something behind it", async () => {
    const { bytes } = await operators.registration("shape");
    refused(await submit(Uint8Array.of(0)), "WRONG_TYPE");
    refused(await submit(new Uint8Array(300).fill(0xff)), "FLOAT_OR_SIMPLE");
    refused(await submit(bytes.subarray(0, bytes.length - 1)), "TRUNCATED");
    refused(await submit(concatBytes(bytes, Uint8Array.of(0))), "TRAILING_BYTES");
    // A bignum of 60 kB, on which a plain CBOR decoder would hang.
    refused(await submit(concatBytes(Uint8Array.of(0xc2, 0x59, 0xea, 0x60), new Uint8Array(60_000).fill(0xff))), "TAG");
  });

  it("is refused when it is too large", async () => {
    refused(await submit(new Uint8Array(LIMITS.txBytesMax + 1)), "TOO_LARGE");
    const body = await post(new Uint8Array(LIMITS.rpcBodyBytesMax + 1).fill(0x20));
    expect([body.http, body.number, body.code]).toEqual([413, -32005, "BODY_TOO_LARGE"]);
  });

  it("is refused when its encoding is not the one encoding", async () => {
    const { bytes } = await operators.registration("canonical");
    // The version 1 in two bytes instead of one: the same value, another encoding.
    const at = bytes.findIndex((byte, index) => byte === 0x61 && bytes[index + 1] === 0x76 && bytes[index + 2] === 0x01);
    const longer = concatBytes(bytes.subarray(0, at + 2), Uint8Array.of(0x18, 0x01), bytes.subarray(at + 3));
    refused(await submit(longer), "NOT_SHORTEST");
    // A key that belongs behind the next one.
    const unsorted = bytes.slice();
    unsorted.set(new TextEncoder().encode("zzzz"), Buffer.from(bytes).indexOf("salt"));
    refused(await submit(unsorted), "KEY_ORDER");
  });

  it("is refused when a signature is wrong, missing, or another's", async () => {
    const { bytes } = await operators.registration("signature");
    const forged = bytes.slice();
    const last = bytes.length - 1;
    // The map's last entry is notAfter; a changed byte there makes another id under the same signatures.
    forged[last] = (forged[last] as number) ^ 1;
    refused(await submit(forged), "SIGNATURE_INVALID");

    const firm = firmKey("stranger");
    const { unsigned, id } = buildTransaction({
      chain: operators.network.identity.chain,
      ops: [op("party.policy", { party: firm.party, policy: [] })],
      notAfter: operators.clock.nowMs() + MINUTE_MS,
      signers: [{ party: firm.party, key: firm.publicKey }],
    });
    const own = await firm.sign(signedMessage(id));
    refused(await submit(assemble(unsigned, new Map([[firm.publicKey as PublicKey, own]]))), "KEY_UNKNOWN");
  });

  it("is refused when it was committed before", async () => {
    const { id, bytes } = await operators.registration("replayed");
    expect((await operators.client("zbank").submitAndWait(id, bytes)).status).toBe("committed");
    await operators.everybodyHas(id);
    for (const member of ["zbank", "huasu"]) refused(await submit(bytes, member), "ALREADY_FINAL");
    // A client that does not know whether it got through learns that it did.
    expect((await operators.client("zhuogang").submitAndWait(id, bytes)).status).toBe("committed");
  });

  it("is refused when it has run out, or claims to be valid for longer than is allowed", async () => {
    const nowMs = operators.clock.nowMs();
    refused(await submit((await operators.registration("late", { notAfter: nowMs - MINUTE_MS })).bytes), "EXPIRED");
    const far = await operators.registration("far", { notAfter: nowMs + 11 * MINUTE_MS });
    refused(await submit(far.bytes), "NOT_AFTER_TOO_FAR");
  });

  it("is refused when it is for another chain", async () => {
    const { bytes } = await operators.registration("foreign", { chain: "ab".repeat(32) as Hash });
    refused(await submit(bytes), "CHAIN_FOREIGN");
  });

  it("is refused when an operation's body or kind is none", async () => {
    const firm = firmKey("kind");
    const build = (operation: { readonly kind: string; readonly body: Uint8Array }): Uint8Array => {
      const { unsigned } = buildTransaction({
        chain: operators.network.identity.chain,
        ops: [operation],
        notAfter: operators.clock.nowMs() + MINUTE_MS,
        signers: [{ party: firm.party, key: firm.publicKey }],
      });
      return assemble(unsigned, new Map([[firm.publicKey, new Uint8Array(64)]]));
    };
    refused(await submit(build({ kind: "note.steal", body: Uint8Array.of(0xa0) })), "KIND_UNKNOWN");
    refused(await submit(build({ kind: "note.split", body: Uint8Array.of(0xa0) })), "BODY_INVALID");
  });
});

describe("a request that must not pass", { timeout: 600_000 }, () => {
  const cases: readonly (readonly [what: string, body: string, number: number, code: string])[] = [
    ["no JSON", "{", -32700, "JSON_INVALID"],
    ["nothing", "", -32700, "JSON_INVALID"],
    ["JSON nested without end", "[".repeat(100_000), -32700, "JSON_TOO_DEEP"],
    ["no request", "42", -32600, "REQUEST_INVALID"],
    ["an empty batch", "[]", -32600, "BATCH_EMPTY"],
    ["another version", '{"jsonrpc":"1.0","id":1,"method":"node_status"}', -32600, "REQUEST_INVALID"],
    ["an unknown method", '{"jsonrpc":"2.0","id":1,"method":"node_stop"}', -32601, "METHOD_UNKNOWN"],
    ["a method of every object", '{"jsonrpc":"2.0","id":1,"method":"constructor"}', -32601, "METHOD_UNKNOWN"],
    ["params by position", '{"jsonrpc":"2.0","id":1,"method":"tx_get","params":["00"]}', -32602, "PARAMS_BY_NAME"],
    ["an unknown param", '{"jsonrpc":"2.0","id":1,"method":"node_status","params":{"a":1}}', -32602, "UNKNOWN_FIELD"],
    ["a missing param", '{"jsonrpc":"2.0","id":1,"method":"tx_get","params":{}}', -32602, "MISSING_FIELD"],
    ["a wrong type", '{"jsonrpc":"2.0","id":1,"method":"tx_get","params":{"id":7}}', -32602, "WRONG_TYPE"],
    ["an unknown kind", '{"jsonrpc":"2.0","id":1,"method":"ledger_list","params":{"kind":"gold"}}', -32602, "KIND_UNKNOWN"],
    [
      "a field without index",
      '{"jsonrpc":"2.0","id":1,"method":"ledger_list","params":{"kind":"note","where":{"amount":"1"}}}',
      -32602,
      "FIELD_NOT_INDEXED",
    ],
    [
      "a height to come",
      '{"jsonrpc":"2.0","id":1,"method":"chain_getBlock","params":{"height":9999999}}',
      -32004,
      "BLOCK_NOT_FOUND",
    ],
  ];
  for (const [what, body, number, code] of cases) {
    it(`is answered with ${code} for ${what}`, async () => {
      const answer = await post(body);
      expect([answer.number, answer.code]).toEqual([number, code]);
    });
  }

  it("is answered with BATCH_TOO_LARGE for more calls than a batch holds", async () => {
    const one = '{"jsonrpc":"2.0","id":1,"method":"node_status"}';
    const answer = await post(`[${new Array(LIMITS.rpcBatchMax + 1).fill(one).join(",")}]`);
    expect([answer.http, answer.number, answer.code]).toEqual([413, -32005, "BATCH_TOO_LARGE"]);
  });
});

describe("after a flood of bad input", { timeout: 600_000 }, () => {
  it("no block was made, no memory is kept, and a valid transaction is committed on every node", async () => {
    await commits("before-the-flood");
    const before = await heights();
    const rss = (id: string): number =>
      Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${operators.runOf(id).child.pid}/status`, "utf8"))?.[1]);
    const { bytes } = await operators.registration("flood");
    const flood = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round++) {
        const salted = bytes.slice();
        // Another salt, so another id, under signatures that fit neither.
        salted.set(fromHex(round.toString(16).padStart(8, "0")) as Uint8Array, bytes.length - 40);
        const large = new Uint8Array(60_000).fill(round);
        await Promise.all([submit(salted), submit(large), post(`{"a":"${"x".repeat(200_000)}"`), post("[".repeat(1_000))]);
      }
    };
    await flood(100);
    const warm = rss("zbank");
    await flood(300);
    expect(rss("zbank") - warm).toBeLessThan(150 * 1024);
    expect((await operators.client("zbank").call<{ pending: number }>("node_status")).pending).toBe(0);
    expect(await heights()).toEqual(before);
    await commits("after-the-flood");
  });
});
