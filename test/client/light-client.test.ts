import { beforeAll, describe, expect, it } from "vitest";
import { verifyNative } from "../../src/adapters/ed25519-native.ts";
import { ConflictError, LightClient } from "../../src/client/light-client.ts";
import { VerifiedClient } from "../../src/client/verified-client.ts";
import { type Trusted, trustGenesis } from "../../src/light/trust.ts";
import type { Logger } from "../../src/ports/observe.ts";
import { JsonRpc } from "../../src/rpc/json-rpc.ts";
import { methods } from "../../src/rpc/methods.ts";
import type { Hash, MemberId } from "../../src/types/scalars.ts";
import { type Alliance, allianceOn, commitment, receivable } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { testKey } from "../ledger/support/firm.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
type World = Alliance & { readonly chain: ProvingChain; readonly note: Hash };
type Lie = (method: string, result: unknown, params: Readonly<Record<string, unknown>>) => unknown;
const HONEST: Lie = (_, result) => result;

let world: World;
let note: Hash;

/** A chain whose authorities are replaced one by one, until none of the first is left. */
function makeWorld(): World {
  const made = allianceOn((identity) => new ProvingChain(identity));
  const { chain } = made;
  const { note: open } = receivable(made, 1_000_000n);
  let { set } = trustGenesis(chain.identity);
  for (let round = 0; round < 4; round++) {
    const member = `new-${round}` as MemberId;
    set = [...set.slice(1), { member, key: testKey(`${member} authority`).key }];
    for (let empty = 0; empty < 5; empty++) chain.block([]);
    chain.announce(set);
    chain.block([]);
  }
  for (let empty = 0; empty < 5; empty++) chain.block([]);
  return { ...made, note: open };
}

/** Another history of the same chain, as high as the first, made with the same keys. */
function fork(): World {
  const other = makeWorld();
  while (other.chain.height < world.chain.height - 1) other.chain.block([]);
  other.chain.act(op("note.split", { note: other.note, parts: [300_000n, 700_000n] }), other.seller);
  return other;
}

beforeAll(() => {
  world = makeWorld();
  ({ note } = world);
});

/** Endpoints by name, each a chain and what it lies; every call is counted. */
function network(endpoints: Readonly<Record<string, { readonly chain?: ProvingChain; readonly lie?: Lie } | null>>) {
  const calls: { readonly endpoint: string; readonly method: string }[] = [];
  const fetch = async (address: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const endpoint = new URL(String(address)).hostname;
    const served = endpoints[endpoint];
    if (served === null || served === undefined) throw new TypeError("connection refused");
    const request = JSON.parse(String(init?.body)) as { readonly method: string; readonly params: Record<string, unknown> };
    calls.push({ endpoint, method: request.method });
    const rpc = new JsonRpc(methods((served.chain ?? world.chain).node, "0"), SILENT);
    const answer = JSON.parse((await rpc.answer([request], false))?.body ?? "null");
    if (answer.result !== undefined) answer.result = (served.lie ?? HONEST)(request.method, answer.result, request.params);
    return new Response(JSON.stringify(answer));
  };
  const light = (trusted: Trusted = trustGenesis(world.chain.identity)): LightClient =>
    new LightClient({
      endpoints: Object.keys(endpoints).map((name) => `http://${name}/`),
      trusted,
      fetch: fetch as typeof globalThis.fetch,
      engine: { verify: verifyNative },
    });
  return { calls, light };
}

/** The result with something else in the place of a field. */
function altered(result: unknown, path: string, change: (old: never) => unknown): unknown {
  const copy = structuredClone(result) as Record<string, unknown>;
  const names = path.split(".");
  let at = copy;
  for (const name of names.slice(0, -1)) at = at[name] as Record<string, unknown>;
  const last = names.at(-1) as string;
  at[last] = change(at[last] as never);
  return copy;
}

const otherHex = (old: string): string => (old.startsWith("0") ? "1" : "0") + old.slice(1);

describe("a light client", () => {
  it("follows the chain from the genesis to its end although none of the first authorities is left, and skips most heights", async () => {
    const { light, calls } = network({ honest: {} });
    const client = light();
    expect(await client.advance()).toEqual([]);
    expect(client.height).toBe(world.chain.height);
    expect(client.newest?.set.map(({ member }) => member)).toEqual(["new-0", "new-1", "new-2", "new-3"]);
    const asked = calls.filter(({ method }) => method === "chain_getBlock").length;
    expect(asked).toBeGreaterThan(2);
    expect(asked).toBeLessThan(world.chain.height / 3);
  });

  it("follows from a trusted header, and from where it stands when it asks again", async () => {
    const { light, calls } = network({ honest: {} });
    const { height } = world.chain;
    const set = world.chain.authoritiesAt(height - 2) ?? [];
    const client = light({ chain: world.chain.identity.chain, height: height - 3, set });
    await client.advance();
    expect(client.height).toBe(height);
    const before = calls.length;
    world.chain.block([]);
    await client.advance();
    expect(client.height).toBe(height + 1);
    expect(calls.slice(before).filter(({ method }) => method === "chain_getBlock").length).toBeLessThan(3);
  });

  it.each<readonly [string, Lie, string]>([
    [
      "a header",
      (method, result) => (method === "chain_getBlock" ? altered(result, "header.stateRoot", otherHex) : result),
      "COMMIT_OTHER_BLOCK",
    ],
    [
      "a signature",
      (method, result) => (method === "chain_getBlock" ? altered(result, "commit.sigs.1.sig", otherHex) : result),
      "COMMIT_BAD_SIGNATURE",
    ],
    [
      "too few signatures",
      (method, result) =>
        method === "chain_getBlock" ? altered(result, "commit.sigs", (sigs: unknown[]) => sigs.slice(1)) : result,
      "COMMIT_NO_QUORUM",
    ],
    [
      "the authorities",
      (method, result) => (method === "chain_getValidators" ? altered(result, "0.key", otherHex) : result),
      "AUTHORITIES_OTHER",
    ],
    [
      "a chain that goes on",
      (method, result) => (method === "node_status" ? altered(result, "height", (height: number) => height + 100) : result),
      "BLOCK_NOT_FOUND",
    ],
    [
      "another block's",
      (method, result) => (method === "chain_getBlock" ? altered(result, "header.height", () => 3) : result),
      "HEIGHT_OTHER",
    ],
    [
      "a height that is none",
      (method, result) => (method === "node_status" ? altered(result, "height", String) : result),
      "ANSWER_MALFORMED",
    ],
    ["nonsense", (method, result) => (method === "chain_getBlock" ? { header: 7, commit: null } : result), "ANSWER_MALFORMED"],
  ])("does not believe an endpoint that shows %s, says which, and goes on with another", async (_, lie, code) => {
    const { light } = network({ liar: { lie }, honest: {} });
    const client = light();
    const doubts = await client.advance();
    expect(doubts).toContainEqual({ endpoint: "http://liar/", code });
    expect(client.height).toBe(world.chain.height);
    const alone = network({ liar: { lie } }).light();
    await expect(alone.advance()).rejects.toMatchObject({
      code: "NO_SOUND_ENDPOINT",
      doubts: [{ code }],
      // What it did, in words, and not its code alone.
      message: expect.stringMatching(new RegExp(`http://liar/ (?!is refused).{10,} \\(${code}\\)$`)),
    });
    expect(alone.height).toBe(0);
  });

  it("is not held back by an endpoint that withholds the newest blocks, nor by one that is away", async () => {
    const lie: Lie = (method, result) => (method === "node_status" ? altered(result, "height", () => 5) : result);
    const { light } = network({ away: null, withholding: { lie }, honest: {} });
    const client = light();
    expect(await client.advance()).toEqual([{ endpoint: "http://away/", code: "UNREACHABLE" }]);
    expect(client.height).toBe(world.chain.height);
  });

  it("reports two final blocks of one height with both commits and who signed both", async () => {
    const other = fork();
    const { light } = network({ one: {}, other: { chain: other.chain } });
    const failure = await light()
      .advance()
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    if (!(failure instanceof ConflictError)) throw new Error(`a conflict is reported, not ${String(failure)}`);
    const { one, other: second } = failure.conflict;
    expect(one.header.height).toBe(second.header.height);
    expect(one.header.stateRoot).not.toBe(second.header.stateRoot);
    expect(failure.signedBoth.length).toBeGreaterThanOrEqual(2);
    expect(failure.signedBoth.every((member) => member.startsWith("new-"))).toBe(true);
  });
});

describe("an endpoint made a verified one", () => {
  it("answers an object, and that there is none, with who stands for it", async () => {
    const { light } = network({ honest: {} });
    const verified = new VerifiedClient(light());
    const found = await verified.ledgerGet("note", note);
    expect(found).toMatchObject({ object: { id: note, amount: "1000000" }, height: world.chain.height, doubts: [] });
    expect(found.signedBy).toHaveLength(3);
    expect((await verified.ledgerGet("note", commitment("none"))).object).toBeNull();
  });

  it.each<readonly [string, Lie, string]>([
    [
      "another amount",
      (method, result) => (method === "proof_get" ? altered(result, "present.value.amount", () => "9000000") : result),
      "PROOF_STATE",
    ],
    [
      "another note",
      (method, result, { id }) =>
        method === "proof_get" && id === note ? { ...(result as object), id: commitment("none") } : result,
      "PROOF_OTHER_ID",
    ],
    ["nothing", () => null, "PROOF_KIND_UNKNOWN"],
  ])("does not pass on %s", async (_, lie, code) => {
    const { light } = network({ liar: { lie }, honest: {} });
    const found = await new VerifiedClient(light()).ledgerGet("note", note);
    expect(found.object?.amount).toBe("1000000");
    expect(found.doubts).toEqual([{ endpoint: "http://liar/", code }]);
    await expect(new VerifiedClient(network({ liar: { lie } }).light()).ledgerGet("note", note)).rejects.toMatchObject({
      code: "NO_SOUND_ENDPOINT",
    });
  });

  it("does not pass on what was true once: a proof older than the newest block that it followed", async () => {
    const old = await world.chain.proofs.prove("note", note);
    if (!old.ok) throw new Error(old.error.detail);
    world.chain.block([]);
    const lie: Lie = (method, result) => (method === "proof_get" ? old.value : result);
    const light = network({ liar: { lie }, honest: {} }).light();
    await light.advance();
    const found = await new VerifiedClient(light).ledgerGet("note", note);
    expect(found).toMatchObject({ height: world.chain.height, doubts: [{ endpoint: "http://liar/", code: "PROOF_STALE" }] });
  });

  it("notices in a proof that the chain was forked", async () => {
    const other = fork();
    const light = network({ one: {} }).light();
    await light.advance();
    const { light: forked } = network({ one: { chain: other.chain } });
    const later = forked();
    later.adopt(light.newest as never);
    await expect(new VerifiedClient(later).ledgerGet("note", note)).rejects.toMatchObject({ code: "CONFLICTING_COMMITS" });
  });
});
