import { describe, expect, it } from "vitest";
import { chainId, genesisFromJson, genesisToJson, paramsHash } from "../../src/codec/genesis.ts";
import { BUSINESS_DEFAULTS, type Genesis, type GenesisMember } from "../../src/types/genesis.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { MemberId, PublicKey } from "../../src/types/scalars.ts";
import vectors from "../vectors/ed25519.json" with { type: "json" };
import { GENESIS, keyOf, PARAMS } from "./support/sample.ts";

const [bank, court] = GENESIS.members;
if (bank === undefined || court === undefined) throw new Error("the sample has two members");

function faultOf(genesis: unknown): string {
  const accepted = genesisFromJson(genesisToJson(genesis as Genesis));
  return accepted.ok ? "accepted" : accepted.error.detail;
}

function withMembers(...members: readonly object[]): unknown {
  return { ...GENESIS, members };
}

describe("a genesis", () => {
  it("comes back from its JSON with its chain id", () => {
    const json: unknown = JSON.parse(JSON.stringify(genesisToJson(GENESIS)));
    expect(genesisFromJson(json)).toEqual({ ok: true, value: { chain: chainId(GENESIS), genesis: GENESIS } });
  });

  it("names another chain for any other name, time, clock, member order, key or parameter", () => {
    const others: readonly Genesis[] = [
      { ...GENESIS, network: "vectors-2" },
      { ...GENESIS, timeMs: GENESIS.timeMs + 1 },
      { ...GENESIS, clock: "wall" },
      { ...GENESIS, members: [court, bank] },
      { ...GENESIS, members: [{ ...bank, nodeKey: keyOf("another") }, court] },
      { ...GENESIS, params: { ...PARAMS, graceDays: PARAMS.graceDays + 1 } },
    ];
    expect(new Set([GENESIS, ...others].map((genesis) => chainId(genesis))).size).toBe(others.length + 1);
    expect(paramsHash({ ...PARAMS, graceDays: PARAMS.graceDays + 1 })).not.toBe(paramsHash(PARAMS));
  });

  const FAULTS: readonly (readonly [string, unknown, string])[] = [
    ["without members", withMembers(), "members"],
    ["without an authority", withMembers(court), "no member is an authority"],
    ["with a member named twice", withMembers(bank, { ...court, id: bank.id }), "named twice"],
    ["with two members of one legal id", withMembers(bank, { ...court, legalId: bank.legalId }), "legal id"],
    [
      "with a wrong check digit",
      withMembers({ ...bank, legalId: { scheme: "USCC", value: "91110000MA0B00015F" } }),
      "CHECK_DIGIT",
    ],
    ["with one key in two members' nodes", withMembers(bank, { ...court, nodeKey: bank.nodeKey }), "used twice"],
    ["with the node's key as authority key", withMembers({ ...bank, authorityKey: bank.nodeKey }, court), "used twice"],
    [
      "with the authority's key as party key",
      withMembers({ ...bank, keys: [{ key: bank.authorityKey, purpose: "MAKER" }] }),
      "used twice",
    ],
    ["with a party key twice", withMembers({ ...bank, keys: [...bank.keys, ...bank.keys] }), "used twice"],
    ["with a member without keys", withMembers({ ...bank, keys: [] }), "keys"],
    ["with a purpose there is not", withMembers({ ...bank, keys: [{ key: keyOf("z"), purpose: "OWNER" }] }), "purpose"],
    ["with roles out of order", withMembers({ ...bank, roles: ["LENDER", "BANK"] }), "roles"],
    ["with a member id in capitals", withMembers({ ...bank, id: "Bank" }), "id"],
    ["of another version", { ...GENESIS, v: 2 }, "v"],
    ["with a clock there is not", { ...GENESIS, clock: "sun" }, "clock"],
    [
      "with a block interval that outlasts a round",
      { ...GENESIS, params: { ...PARAMS, blockIntervalMs: LIMITS.proposeTimeoutMs } },
      "blockIntervalMs",
    ],
    [
      "with blocks that hold no transaction",
      { ...GENESIS, params: { ...PARAMS, blockBytesMax: LIMITS.txBytesMax - 1 } },
      "blockBytesMax",
    ],
    [
      "with blocks beyond the bound of all",
      { ...GENESIS, params: { ...PARAMS, blockTxMax: LIMITS.blockTxMax + 1 } },
      "blockTxMax",
    ],
    ["with a soft tenor above the hard one", { ...GENESIS, params: { ...PARAMS, tenorSoftMonths: 13 } }, "tenorSoftMonths"],
    [
      "with limits of loan to value that do not rise",
      { ...GENESIS, params: { ...PARAMS, business: { ...BUSINESS_DEFAULTS, ltvCapBp: 8_001 } } },
      "do not rise",
    ],
  ];
  it.each(FAULTS)("is refused %s", (_, genesis, word) => {
    expect(faultOf(GENESIS)).toBe("accepted");
    expect(faultOf(genesis)).toContain(word);
  });

  it("is refused with any key that no chain may hold, whatever the key is for", () => {
    const unacceptable = [
      ...new Set(vectors.cases.filter(({ acceptableKey }) => !acceptableKey).map(({ key }) => key as PublicKey)),
    ];
    expect(unacceptable.length).toBeGreaterThan(15);
    for (const key of unacceptable) {
      const members: readonly GenesisMember[] = [
        { ...bank, nodeKey: key },
        { ...bank, authorityKey: key },
        { ...bank, keys: [{ key, purpose: "MAKER" }] },
      ];
      for (const member of members) expect(faultOf(withMembers(member)), key).toContain("prime order");
    }
  });

  it("is refused with more than 100 authorities", () => {
    const members = Array.from({ length: LIMITS.authoritiesMax + 1 }, (_, index) => ({
      ...bank,
      id: `m${index}` as MemberId,
      legalId: { scheme: "X", value: `${index}` },
      nodeKey: keyOf(`node ${index}`),
      authorityKey: keyOf(`authority ${index}`),
      keys: [{ key: keyOf(`party ${index}`), purpose: "MAKER" }],
    }));
    expect(faultOf(withMembers(...members))).toContain("more than 100 authorities");
    expect(faultOf(withMembers(...members.slice(0, 100)))).toBe("accepted");
  });

  it("is refused, and no more, when the file holds something else", () => {
    for (const json of [null, 1, "x", [], {}, { v: 1 }, { ...(genesisToJson(GENESIS) as object), extra: 1 }])
      expect(genesisFromJson(json)).toMatchObject({ ok: false, error: { code: "GENESIS_INVALID" } });
  });
});
