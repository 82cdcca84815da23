import { afterAll, beforeAll, expect, it } from "vitest";
import { verifyProof } from "../../src/client/verify-proof.ts";
import type { JsonSchema } from "../../src/codec/schema.ts";
import type { Label } from "../../src/ledger/labels/label.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { trustGenesis } from "../../src/light/trust.ts";
import { faults } from "../rpc/json-schema.ts";
import { firmKey, OperatorNetwork } from "./network.ts";

const HEX = expect.stringMatching(/^[0-9a-f]{64}$/);
const INTEGER = expect.any(Number);
const AT = { height: INTEGER, blockTimeMs: INTEGER, syncing: false };

let operators: OperatorNetwork;
let id: string;
let bytes: Uint8Array;

beforeAll(async () => {
  operators = await OperatorNetwork.make();
  operators.startAll();
  await operators.ready(3);
  const sent = await operators.registration("shapes");
  ({ id, bytes } = sent);
  expect((await operators.client("zbank").submitAndWait(sent.id, bytes)).status).toBe("committed");
  await operators.everybodyHas(sent.id);
}, 600_000);

afterAll(() => operators.stop());

interface OpenRpc {
  readonly openrpc: string;
  readonly methods: readonly {
    readonly name: string;
    readonly params: readonly { readonly name: string; readonly required: boolean; readonly schema: JsonSchema }[];
    readonly result: { readonly schema: JsonSchema };
  }[];
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
  readonly "x-labels": Readonly<Record<string, Readonly<Record<string, Label>>>>;
}

type Result = Readonly<Record<string, unknown>>;

/** A call whose params and result are held against the node's own description of the method. */
async function call(method: string, params: Result = {}): Promise<Result> {
  const client = operators.client("zbank");
  const result = await client.call<Result>(method, params);
  described ??= client.call<OpenRpc>("rpc.discover");
  const { methods, components } = await described;
  const found = methods.find(({ name }) => name === method);
  if (found === undefined) throw new Error(`${method} is not described`);
  expect(faults(result, found.result.schema, components.schemas)).toEqual([]);
  for (const { name, required, schema } of found.params)
    expect(Object.hasOwn(params, name) ? faults(params[name], schema, components.schemas) : required ? [name] : []).toEqual([]);
  checked.add(method);
  return result;
}
let described: Promise<OpenRpc> | undefined;
const checked = new Set<string>();

it("node_status, node_peers, chain_getBlock and chain_getValidators have the shapes of the interface", async () => {
  expect(await call("node_status")).toMatchObject({
    member: "zbank",
    role: "authority",
    chain: operators.network.identity.chain,
    version: expect.any(String),
    height: INTEGER,
    blockId: HEX,
    stateRoot: HEX,
    blockTimeMs: INTEGER,
    clockMs: INTEGER,
    syncing: false,
    peers: 3,
    round: INTEGER,
    pending: 0,
    at: AT,
  });
  const peers = (await call("node_peers")) as unknown as readonly Record<string, unknown>[];
  expect(peers.map(({ member }) => member).sort()).toEqual(["huasu", "zhongnong", "zhuogang"]);
  expect(peers[0]).toEqual({
    member: expect.any(String),
    peerId: expect.stringMatching(/^12D3Koo/),
    address: expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\//),
    direction: expect.stringMatching(/^(inbound|outbound)$/),
    height: expect.toSatisfy((height: unknown) => height === null || typeof height === "number"),
    latencyMs: expect.toSatisfy((latency: unknown) => latency === null || typeof latency === "number"),
  });
  const block = await call("chain_getBlock", { height: 1 });
  expect(block).toMatchObject({
    id: HEX,
    header: { v: 1, height: 1, chain: operators.network.identity.chain, parent: operators.network.identity.chain },
    transactions: expect.any(Array),
    commit: { height: 1, round: INTEGER, block: block.id, sigs: expect.any(Array) },
    at: AT,
  });
  expect(await call("chain_getBlock", { id: block.id })).toMatchObject({ header: { height: 1 } });
  const validators = (await call("chain_getValidators")) as unknown as readonly unknown[];
  expect(validators).toHaveLength(4);
  expect(validators[0]).toEqual({ member: "zbank", key: HEX, power: 1 });
});

it("tx_submit, tx_get, tx_wait and tx_simulate do", async () => {
  const committed = {
    id,
    status: "committed",
    height: INTEGER,
    index: 0,
    code: "OK",
    events: [{ kind: "happened", what: "party.register", objects: [HEX] }],
    tx: { hex: toHex(bytes), ops: [{ kind: "party.register", body: { sponsor: "zhongnong" } }] },
    at: AT,
  };
  expect(await call("tx_get", { id })).toMatchObject(committed);
  expect(await call("tx_wait", { id, timeoutMs: 10 })).toMatchObject(committed);
  const next = await operators.registration("simulated");
  const before = await operators.client("zbank").status();
  const simulated = await call("tx_simulate", { tx: toHex(next.bytes) });
  expect(simulated).toMatchObject({ status: "committed", code: "OK", events: expect.any(Array), at: AT });
  expect((await operators.client("zbank").status()).height).toBe(before.height);
  expect(await call("tx_get", { id: next.id })).toMatchObject({ id: next.id, status: "unknown" });
  expect(await call("tx_submit", { tx: toHex(next.bytes) })).toEqual({ id: next.id });
  expect(await call("tx_wait", { id: next.id, timeoutMs: 60_000 })).toMatchObject({ status: "committed" });
  const again = await operators.registration("simulated");
  const party = { of: "party", id: HEX, field: expect.any(String), value: expect.any(String) };
  const refused = { operation: 0, kind: "party.register", facts: expect.arrayContaining([party]) };
  const failed = { status: "failed", code: "LEGAL_ID_TAKEN", events: [], refusal: refused };
  expect(await call("tx_simulate", { tx: toHex(again.bytes) })).toMatchObject(failed);
  await call("tx_submit", { tx: toHex(again.bytes) });
  expect(await call("tx_wait", { id: again.id, timeoutMs: 60_000 })).toMatchObject(failed);
});

it("ledger_get, ledger_list, ledger_history, ledger_tree and ledger_summary do", async () => {
  const { party } = firmKey("shapes");
  const object = { id: party, version: 1, sponsor: "zhongnong", status: "ACTIVE", legalId: { scheme: "TEST", value: "shapes" } };
  const now = await call("ledger_get", { kind: "party", id: party });
  expect(now).toMatchObject({ ...object, changedAt: INTEGER, at: AT });
  const { changedAt } = now as { changedAt: number };
  expect(await call("ledger_get", { kind: "party", id: party, height: changedAt })).toMatchObject(object);
  await expect(call("ledger_get", { kind: "party", id: party, height: changedAt - 1 })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  const listed = await call("ledger_list", { kind: "party", where: { scheme: "TEST" }, limit: 1 });
  expect(listed).toMatchObject({ items: [expect.objectContaining({ legalId: expect.any(Object) })], at: AT });
  const members = await call("ledger_list", { kind: "member", limit: 3 });
  expect(members).toMatchObject({ items: { length: 3 }, cursor: expect.stringMatching(/^[0-9a-f]+$/) });
  expect(await call("ledger_list", { kind: "member", limit: 3, cursor: members.cursor })).toMatchObject({ items: { length: 1 } });
  expect(await call("ledger_history", { kind: "party", id: party })).toMatchObject({
    items: [{ height: changedAt, tx: id, object }],
    at: AT,
  });
  await expect(call("ledger_tree", { id: party })).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await call("ledger_summary")).toEqual({ lines: [], at: expect.objectContaining(AT) });
  expect(await call("ledger_summary", { member: "zhongnong" })).toEqual({ lines: [], at: expect.objectContaining(AT) });
});

it("proof_get answers proofs that hold under the genesis alone, with nothing beside them", async () => {
  const { party } = firmKey("shapes");
  const trusted = trustGenesis(operators.network.identity);
  const kinds = [
    ["party", party],
    ["party", "ab".repeat(32)],
    ["transaction", id],
    ["txReceipt", id],
    ["event", `${id}/0`],
  ] as const;
  for (const [kind, of] of kinds) {
    const proof = await call("proof_get", { kind, id: of });
    expect(proof).not.toHaveProperty("at");
    expect(verifyProof(JSON.stringify(proof), trusted)).toMatchObject({ ok: true, value: { kind, id: of, authorities: 4 } });
  }
  const refusals = [
    [{ kind: "gold", id: party }, "KIND_UNKNOWN"],
    [{ kind: "turns", id: party }, "KIND_UNKNOWN"],
    [{ kind: "party", id: `${id}/0` }, "ID_INVALID"],
    [{ kind: "party", id: party, height: 1_000_000 }, "BLOCK_NOT_FOUND"],
    [{ kind: "transaction", id: party }, "NOT_FOUND"],
  ] as const;
  for (const [params, code] of refusals) await expect(call("proof_get", params)).rejects.toMatchObject({ code });
});

it("events_page does", async () => {
  const page = await call("events_page", { from: { height: 1, index: 0 }, limit: 1, filter: { what: "party.*" } });
  const happened = { kind: "happened", what: "party.register" };
  expect(page).toMatchObject({ events: [{ tx: id, id: `${id}/0`, event: happened }], cursor: { index: INTEGER }, at: AT });
});

it("events_page answers events in order, from a cursor to the next", async () => {
  const page = await call("events_page", { from: { height: 0, index: 0 }, limit: 1, filter: { what: "party.*" } });
  const { party } = firmKey("shapes");
  expect(page).toEqual({
    events: [
      {
        height: INTEGER,
        index: INTEGER,
        blockTimeMs: INTEGER,
        what: "party.register",
        tx: id,
        id: `${id}/0`,
        event: { kind: "happened", what: "party.register", objects: [party] },
        cursor: { height: INTEGER, index: INTEGER },
      },
    ],
    cursor: { height: INTEGER, index: INTEGER },
    at: expect.objectContaining(AT),
  });
  const signer = await call("events_page", { from: page.cursor, limit: 100, filter: { party } });
  expect(signer.events).not.toContainEqual(expect.objectContaining({ tx: id }));
});

it("rpc.discover describes every method, its params and its result, and the kinds with their indexed fields", async () => {
  const { openrpc, methods, components, "x-labels": labels } = (await call("rpc.discover")) as unknown as OpenRpc;
  expect(openrpc).toMatch(/^1\./);
  const wait = methods.find(({ name }) => name === "tx_wait");
  expect(wait?.params).toContainEqual({
    name: "id",
    required: true,
    schema: { type: "string", pattern: "^[0-9a-f]{64}$", description: "hash or id" },
  });
  expect(components.schemas["object.note"]?.["x-indexed"]).toEqual(["holder", "receivable", "position"]);
  expect(components.schemas["operation.note.split"]).toMatchObject({ properties: { parts: { minItems: 2 } } });
  expect(labels.operations?.["note.split"]).toEqual({ zh: "拆分凭证", en: "split a note" });
  expect(labels.words?.OVERDUE).toEqual({ zh: "逾期", en: "overdue" });
  // Every method was called above and its answer held against its description, but for what is over WebSocket or needs a receivable.
  const others = ["credit_score", "events_subscribe", "events_unsubscribe", "ledger_owed", "ledger_priority", "ledger_tree"];
  expect(
    methods
      .map(({ name }) => name)
      .filter((name) => !checked.has(name))
      .sort(),
  ).toEqual(others);
});

it("metrics count what the node did", async () => {
  const text = await (await fetch(`${operators.member("zbank").rpc}metrics`)).text();
  expect(text).toMatch(/^zhonglian_height [1-9]/m);
  expect(text).toMatch(/^zhonglian_peers 3$/m);
  expect(text).toMatch(/^zhonglian_admissions_total\{source="rpc",outcome="OK"\} [1-9]/m);
});
