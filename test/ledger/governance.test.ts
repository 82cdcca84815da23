import { describe, expect, it } from "vitest";
import { decode } from "../../src/codec/cbor.ts";
import { genesisObjects } from "../../src/ledger/genesis-objects.ts";
import { featuresOf, unknownFeature } from "../../src/ledger/governance/features.ts";
import { FEATURES_ID, memberObjectId, TURNS_ID } from "../../src/ledger/ids.ts";
import { EVENTS } from "../../src/ledger/transition.ts";
import { activePositions, paramsOf, validatorsOf } from "../../src/ledger/validators.ts";
import type { Evidence } from "../../src/types/block.ts";
import { BUSINESS_DEFAULTS } from "../../src/types/genesis.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { MemberId, PublicKey } from "../../src/types/scalars.ts";
import type { TxReceipt } from "../../src/types/transaction.ts";
import { quorum } from "../../src/types/validator-set.ts";
import { type Alliance, alliance, DAY_MS, receivable, testGenesis } from "./support/alliance.ts";
import { by, identityOf, op, TestChain } from "./support/chain.ts";
import { testKey } from "./support/firm.ts";
import {
  admit,
  authorityNames,
  decide,
  joining,
  NAMES,
  newcomer,
  precommits,
  proposeBody,
  proposed,
  showReady,
  voteOf,
} from "./support/governance.ts";
import { encodes, holds } from "./support/invariants.ts";

const member = (name: string) => ({ member: name as MemberId });
const grace = { kind: "setParams", params: [{ name: "graceDays", value: 9 }] } as const;
const vote = { block: null, validRound: null, sig: new Uint8Array(64) };
const doubleVote = (authority: string, height: number): Evidence => ({
  authority: authority as MemberId,
  height,
  round: 0,
  kind: "prevote",
  first: vote,
  second: vote,
});

function prospectOf(receipt: TxReceipt) {
  const found = receipt.events.find(({ kind }) => kind === "prospect");
  const decoded = found === undefined ? undefined : decode(EVENTS.prospect, found.data, LIMITS.txBytesMax);
  if (!decoded?.ok) throw new Error("no prospect among the events");
  return decoded.value;
}

/** The world with the votes of `NAMES` down to those in `left`. */
function shrinkTo(world: Alliance, left: readonly string[]): void {
  for (const name of [...NAMES].reverse()) {
    if (left.includes(name)) continue;
    precommits(world);
    decide(world, { kind: "removeAuthority", ...member(name) }, authorityNames(world));
  }
}

describe("votes", () => {
  it("make a change once a quorum of all authorities has said yes, and not before", () => {
    const world = alliance();
    const proposal = proposed(world, grace);
    for (const name of ["zbank", "zhongnong"]) {
      expect(voteOf(world, proposal, name).code).toBe("OK");
      expect(world.chain.read("proposal", proposal)).toMatchObject({ status: "OPEN", decided: 0 });
      expect(paramsOf(world.chain).graceDays).toBe(3);
    }
    voteOf(world, proposal, "huasu");
    const { status, decided, votes } = world.chain.read("proposal", proposal);
    expect([status, decided, votes.length]).toEqual(["PASSED", world.chain.height, 3]);
    expect(paramsOf(world.chain).graceDays).toBe(9);
    encodes(world.chain);
  });

  it("may be changed while the proposal is open: the newest counts", () => {
    const world = alliance();
    const proposal = proposed(world, grace);
    voteOf(world, proposal, "zbank");
    voteOf(world, proposal, "zbank", false);
    voteOf(world, proposal, "zhongnong");
    voteOf(world, proposal, "zhuogang");
    expect(world.chain.read("proposal", proposal).status).toBe("OPEN");
    voteOf(world, proposal, "zbank");
    expect(world.chain.read("proposal", proposal).status).toBe("PASSED");
  });

  it("reject a proposal as soon as no quorum can be reached any more", () => {
    const world = alliance();
    const proposal = proposed(world, grace);
    voteOf(world, proposal, "zbank", false);
    expect(world.chain.read("proposal", proposal).status).toBe("OPEN");
    voteOf(world, proposal, "huasu", false);
    expect(world.chain.read("proposal", proposal).status).toBe("REJECTED");
    expect(paramsOf(world.chain).graceDays).toBe(3);
  });

  it("are cast by the member's own keys under its policy", () => {
    const world = alliance();
    const { chain, bank } = world;
    const policy = [{ action: "governance.*", amountMin: 0n, makers: 1, checkers: 1 }];
    chain.act(op("party.policy", { party: bank.id, policy }), bank);
    const proposal = proposed(world, grace, "huasu");
    const body = op("governance.vote", { proposal, ...member("zbank"), approve: true });
    expect(chain.refusal(body, bank)).toBe("POLICY_NOT_MET");
    chain.act(body, bank, by(bank, bank.checker));
  });

  it("are in time or not at all: an undecided proposal expires by itself", () => {
    const world = alliance();
    const proposal = proposed(world, grace);
    voteOf(world, proposal, "zbank");
    world.chain.pass(11 * DAY_MS);
    expect(world.chain.read("proposal", proposal).status).toBe("EXPIRED");
    expect(voteOf(world, proposal, "huasu").code).toBe("PROPOSAL_CLOSED");
  });

  it("of authorities alone decide, though any member may propose", () => {
    const world = alliance();
    decide(world, joining("newbank"));
    const proposal = proposed(world, grace, "newbank");
    for (const name of ["zbank", "zhuogang", "huasu"]) voteOf(world, proposal, name);
    expect(world.chain.read("proposal", proposal)).toMatchObject({ status: "PASSED", by: "newbank" });
  });
});

describe("members", () => {
  it("join with a party, a node key and first keys, and act at once as others do", () => {
    const world = alliance();
    decide(world, joining("newbank"));
    const { chain } = world;
    const own = newcomer("newbank");
    expect(chain.read("member", memberObjectId("newbank"))).toMatchObject({ party: own.id, order: 4 });
    expect(chain.read("party", own.id)).toMatchObject({ roles: ["PLATFORM"], sponsor: "newbank", status: "ACTIVE" });
    chain.act(op("party.policy", { party: own.id, policy: [] }), own);
    expect(authorityNames(world)).toEqual(NAMES);
    holds(chain);
    encodes(chain);
  });

  it("may have been a party before, and keep its keys", () => {
    const world = alliance();
    const change = { ...joining("newbank"), legalId: world.supplier.legalId, keys: [] };
    decide(world, change);
    const party = world.chain.read("party", world.supplier.id);
    expect(party).toMatchObject({ roles: ["PLATFORM", "SELLER"], sponsor: "newbank" });
    expect(party.keys).toContain(world.supplier.maker.key);
  });

  it("leave: the party stays with what it owes, without the powers of membership", () => {
    const world = alliance();
    precommits(world);
    decide(world, { kind: "removeMember", ...member("huasu") });
    const { chain, lender } = world;
    chain.block([]);
    expect(chain.find("member", memberObjectId("huasu"))).toBeUndefined();
    expect(chain.read("party", lender.id)).toMatchObject({ roles: [], status: "ACTIVE" });
    expect(authorityNames(world)).toEqual(["zbank", "zhongnong", "zhuogang"]);
    expect(chain.refusal(op("governance.propose", proposeBody(world, grace, "huasu")), lender)).toBe("NOT_FOUND");
    encodes(chain);
  });

  it("change the key of their node by vote", () => {
    const world = alliance();
    const nodeKey = testKey("huasu second node").key;
    decide(world, { kind: "setNodeKey", ...member("huasu"), nodeKey });
    expect(world.chain.read("member", memberObjectId("huasu")).nodeKey).toBe(nodeKey);
  });

  it("are at most as many as the limit says", () => {
    const world = alliance();
    const { chain } = world;
    const members = chain.read("members", chain.all("members")[0]?.id as never);
    const names = Array.from({ length: LIMITS.membersMax }, (_, index) => NAMES[index] ?? "zbank");
    chain.objects.set(`members${members.id}`, { ...members, names } as never);
    expect(chain.refusal(op("governance.propose", proposeBody(world, joining("newbank"))), world.bank)).toBe("MEMBERS_EXCEEDED");
  });
});

describe("authorities", () => {
  it("grow from one to seven and back, the set in member order and the quorum kept live at each step", () => {
    const world = alliance();
    shrinkTo(world, ["zbank"]);
    expect(authorityNames(world)).toEqual(["zbank"]);
    const joined = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];
    for (const name of joined) {
      admit(world, name, authorityNames(world));
      precommits(world);
      expect(activePositions(world.chain, world.chain.height + 1)).toHaveLength(authorityNames(world).length);
    }
    expect(authorityNames(world)).toEqual(["zbank", ...joined]);
    for (const name of [...joined].reverse()) {
      precommits(world);
      decide(world, { kind: "removeAuthority", ...member(name) }, authorityNames(world));
    }
    expect(authorityNames(world)).toEqual(["zbank"]);
    encodes(world.chain);
  });

  it("count as live for a hundred blocks after a recorded precommit, and not longer", () => {
    const world = alliance();
    const { chain } = world;
    precommits(world);
    const proposal = proposed(world, { kind: "removeAuthority", ...member("huasu") });
    voteOf(world, proposal, "zbank");
    voteOf(world, proposal, "zhongnong");
    const seen = chain.read("turns", TURNS_ID).entries[0]?.seen as number;
    while (chain.height < seen + LIMITS.livenessBlocks - 1) chain.block([]);
    expect(voteOf(world, proposal, "zhuogang").code).toBe("AUTHORITIES_NOT_LIVE");
    precommits(world, ["zbank", "zhongnong", "zhuogang"]);
    expect(voteOf(world, proposal, "zhuogang").code).toBe("OK");
  });

  it("are noted in steps, so that the turn table does not change with every block", () => {
    const world = alliance();
    precommits(world);
    const { version } = world.chain.read("turns", TURNS_ID);
    for (let count = 1; count < LIMITS.livenessStepBlocks - 1; count++) precommits(world);
    expect(world.chain.read("turns", TURNS_ID).version).toBeLessThanOrEqual(version + 1);
  });

  it("show themselves ready before their first precommit", () => {
    const world = alliance();
    decide(world, joining("newbank"));
    precommits(world, ["zbank", "zhongnong", "zhuogang"]);
    const authorityKey = testKey("newbank authority").key;
    const change = { kind: "addAuthority", ...member("newbank"), authorityKey } as const;
    expect(() => decide(world, change)).toThrow("AUTHORITIES_NOT_LIVE");
    showReady(world, "newbank");
    precommits(world, ["zbank", "zhongnong", "zhuogang"]);
    decide(world, change);
    expect(validatorsOf(world.chain).at(-1)).toEqual({ member: "newbank", key: authorityKey });
  });

  it("rotate their key: precommits of the old one do not show that the new one runs", () => {
    const world = alliance();
    shrinkTo(world, ["zbank", "zhongnong", "zhuogang"]);
    precommits(world);
    const authorityKey = testKey("zbank second authority").key;
    const change = { kind: "setAuthorityKey", ...member("zbank"), authorityKey } as const;
    expect(() => decide(world, change)).toThrow("AUTHORITIES_NOT_LIVE");
    showReady(world, "zbank", "zbank second authority");
    precommits(world);
    decide(world, change);
    expect(validatorsOf(world.chain)[0]).toEqual({ member: "zbank", key: authorityKey });
    // The commit of the height that decided is still signed with the old key.
    precommits(world);
    expect(world.chain.read("turns", TURNS_ID).entries[0]).toMatchObject({ seen: 0, since: world.chain.height });
    precommits(world);
    expect(world.chain.read("turns", TURNS_ID).entries[0]?.seen).toBe(world.chain.height - 1);
  });

  it("are at most as many as the limit says", () => {
    const { genesis, firms } = testGenesis();
    const [first] = genesis.members;
    const crowd = Array.from({ length: LIMITS.authoritiesMax - 4 }, (_, index) => ({
      ...(first as (typeof genesis.members)[number]),
      id: `crowd-${index}` as MemberId,
      legalId: { scheme: "TEST", value: `crowd-${index}` },
      nodeKey: index.toString(16).padStart(64, "a") as PublicKey,
      authorityKey: index.toString(16).padStart(64, "b") as PublicKey,
      keys: [{ key: index.toString(16).padStart(64, "c") as PublicKey, purpose: "MAKER" as const }],
    }));
    const chain = new TestChain(identityOf({ ...genesis, members: [...genesis.members, ...crowd] }), "none");
    const world = { ...alliance({}, "none"), chain, bank: firms[0] as never };
    const { entries } = chain.read("turns", TURNS_ID);
    // As though nobody but the four had a vote, so that four votes need not be a hundred.
    expect(entries).toHaveLength(LIMITS.authoritiesMax);
    const proposal = proposed(world, joining("newbank"));
    const votes = crowd.slice(0, quorum(LIMITS.authoritiesMax)).map(({ id }) => ({ member: id, approve: true }));
    const prepare = (id: typeof proposal) => {
      const open = chain.read("proposal", id);
      const sorted = [...votes].sort((left, right) => (left.member < right.member ? -1 : 1));
      chain.objects.set(`proposal${id}`, { ...open, votes: sorted } as never);
    };
    prepare(proposal);
    expect(voteOf(world, proposal, "zbank").code).toBe("OK");
    const authorityKey = testKey("newbank authority").key;
    const next = proposed(world, { kind: "addAuthority", ...member("newbank"), authorityKey });
    prepare(next);
    expect(voteOf(world, next, "zbank").code).toBe("AUTHORITIES_EXCEEDED");
  });
});

describe("the prospect of a proposal", () => {
  it("tells before any vote what the change would make of the authorities, and what stands against it", () => {
    const world = alliance();
    precommits(world, ["zbank", "zhongnong", "zhuogang"]);
    decide(world, joining("newbank"));
    const authorityKey = testKey("newbank authority").key;
    const change = { kind: "addAuthority", ...member("newbank"), authorityKey } as const;
    const { receipt } = world.chain.send(op("governance.propose", proposeBody(world, change)), [world.bank]);
    expect(prospectOf(receipt)).toMatchObject({
      status: "OPEN",
      approvals: 0,
      needed: 3,
      authorities: 5,
      quorum: 4,
      faultsTolerated: 1,
      live: 3,
      voters: 5,
      obstacle: "AUTHORITIES_NOT_LIVE",
    });
  });

  it("comes with every vote, as the authorities were when it was cast", () => {
    const world = alliance();
    precommits(world);
    const proposal = proposed(world, { kind: "removeAuthority", ...member("huasu") });
    expect(prospectOf(voteOf(world, proposal, "zbank").receipt)).toMatchObject({ status: "OPEN", approvals: 1, needed: 3 });
    voteOf(world, proposal, "zhongnong");
    expect(prospectOf(voteOf(world, proposal, "huasu").receipt)).toMatchObject({
      status: "PASSED",
      approvals: 3,
      needed: 3,
      authorities: 3,
      quorum: 3,
      faultsTolerated: 0,
      live: 3,
      obstacle: "",
    });
  });

  it("does not keep anybody from voting against what cannot be done", () => {
    const world = alliance();
    shrinkTo(world, ["zbank"]);
    const proposal = proposed(world, { kind: "removeAuthority", ...member("zbank") });
    expect(voteOf(world, proposal, "zbank", false).code).toBe("OK");
    expect(world.chain.read("proposal", proposal).status).toBe("REJECTED");
  });
});

describe("evidence and the vote", () => {
  it("ends the governance vote; the three that are left decide", () => {
    const world = alliance();
    precommits(world);
    world.chain.block([], { evidence: [doubleVote("huasu", 3)] });
    const proposal = proposed(world, { kind: "removeAuthority", ...member("huasu") });
    expect(voteOf(world, proposal, "huasu").code).toBe("VOTE_ENDED");
    for (const name of ["zbank", "zhongnong", "zhuogang"]) voteOf(world, proposal, name);
    expect(authorityNames(world)).toEqual(["zbank", "zhongnong", "zhuogang"]);
  });

  it("takes away a vote that was cast before", () => {
    const world = alliance();
    const proposal = proposed(world, grace);
    voteOf(world, proposal, "huasu");
    voteOf(world, proposal, "zbank");
    world.chain.block([], { evidence: [doubleVote("huasu", 3)] });
    voteOf(world, proposal, "zhongnong");
    expect(world.chain.read("proposal", proposal).status).toBe("OPEN");
  });

  it("of what was before is recorded after a reinstatement, but ends nothing again", () => {
    const world = alliance();
    const { chain } = world;
    chain.block([], { evidence: [doubleVote("huasu", 3)] });
    decide(world, { kind: "reinstate", ...member("huasu") });
    expect(activePositions(chain, chain.height + 1)).toEqual([0, 1, 2, 3]);
    chain.block([], { evidence: [doubleVote("huasu", 2)] });
    expect(chain.all("evidence")).toHaveLength(2);
    expect(activePositions(chain, chain.height + 1)).toEqual([0, 1, 2, 3]);
    chain.block([], { evidence: [doubleVote("huasu", chain.height)] });
    expect(activePositions(chain, chain.height + 1)).toEqual([0, 1, 2]);
  });

  it("is not needed where the members vote to end somebody's turns", () => {
    const world = alliance();
    decide(world, { kind: "endTurns", ...member("zhuogang") });
    expect(activePositions(world.chain, world.chain.height + 1)).toEqual([0, 1, 3]);
    expect(authorityNames(world)).toEqual(NAMES);
  });
});

describe("the turn table under changing authorities", () => {
  it("judges a commit by the authorities of its own height", () => {
    const world = alliance();
    const { chain } = world;
    precommits(world);
    decide(world, { kind: "removeAuthority", ...member("zbank") });
    // The block that follows carries the commit of the height that removed zbank: missed rounds are counted by its four authorities.
    const { order, active } = chain.read("turns", TURNS_ID);
    expect([order.length, active.length]).toEqual([4, 4]);
    const height = chain.height;
    const missed = order[height % 4] as string;
    chain.parent = { round: 1, proposer: order[(height + 1) % 4] as MemberId, block: null, signers: [], isChange: false };
    chain.block([]);
    const after = chain.read("turns", TURNS_ID);
    expect(after.order).toEqual(["zhongnong", "zhuogang", "huasu"]);
    expect(after.entries.filter(({ misses }) => misses > 0).map((entry) => entry.member)).toEqual(
      [missed].filter((name) => name !== "zbank"),
    );
  });

  it("keeps what is known of those who stay", () => {
    const world = alliance();
    const { chain } = world;
    const { order } = chain.read("turns", TURNS_ID);
    const missed = order[chain.height % 4] as string;
    const others = NAMES.filter((name) => name !== missed);
    chain.parent = { round: 1, proposer: others[0] as MemberId, block: null, signers: [], isChange: false };
    chain.block([]);
    precommits(world);
    const before = chain.read("turns", TURNS_ID).entries;
    expect(before.find((entry) => entry.member === missed)).toMatchObject({ misses: 1 });
    decide(world, { kind: "removeAuthority", ...member(others[2] as string) });
    const after = chain.read("turns", TURNS_ID).entries;
    expect(after).toEqual(before.filter((entry) => entry.member !== others[2]));
  });
});

describe("parameters", () => {
  it("change two at a time where one alone would exclude the other", () => {
    const world = alliance();
    const params = [
      { name: "tenorHardMonths", value: 24 },
      { name: "tenorSoftMonths", value: 18 },
    ];
    decide(world, { kind: "setParams", params });
    expect(paramsOf(world.chain)).toMatchObject({ tenorHardMonths: 24, tenorSoftMonths: 18 });
  });

  it("of the business change one by one, from their defaults", () => {
    const world = alliance();
    decide(world, { kind: "setParams", params: [{ name: "business.defaultDays", value: 120 }] });
    expect(paramsOf(world.chain).business).toEqual({ ...BUSINESS_DEFAULTS, defaultDays: 120 });
    const params = [{ name: "business.ltvCapBp", value: 9_500 }];
    const refused = world.chain.refusal(op("governance.propose", proposeBody(world, { kind: "setParams", params })), world.bank);
    expect(refused).toBe("PARAM_OUT_OF_RANGE");
    encodes(world.chain);
  });

  it("do not touch the terms of receivables that were there before", () => {
    const world = alliance();
    const { chain, supplier, seller } = world;
    const old = receivable(world, 5_000n);
    const params = [
      { name: "cutoffDays", value: 30 },
      { name: "graceDays", value: 0 },
    ];
    decide(world, { kind: "setParams", params });
    const { maturityDay } = chain.read("receivable", old.root);
    chain.passTo((maturityDay - 10) * DAY_MS);
    chain.act(op("note.transfer", { note: old.note, to: supplier.id }), seller, supplier);
    chain.passTo((maturityDay + 2) * DAY_MS);
    expect(chain.read("receivable", old.root).status).toBe("MATURED");
    chain.passTo((maturityDay + 5) * DAY_MS);
    expect(chain.read("receivable", old.root).status).toBe("OVERDUE");
  });

  it("apply to receivables that come after", () => {
    const world = alliance();
    const { chain, supplier, seller } = world;
    decide(world, { kind: "setParams", params: [{ name: "cutoffDays", value: 30 }] });
    const { root, note } = receivable(world, 5_000n);
    chain.passTo((chain.read("receivable", root).maturityDay - 10) * DAY_MS);
    expect(chain.refusal(op("note.transfer", { note, to: supplier.id }), seller, supplier)).toBe("PAST_CUTOFF");
  });
});

describe("features", () => {
  it("are switched on at a height to come; a version that does not know one can see it", () => {
    const world = alliance();
    expect(unknownFeature(world.chain, new Set())).toBeNull();
    decide(world, { kind: "switchFeature", feature: "x-later", height: 200 });
    decide(world, { kind: "switchFeature", feature: "x-sooner", height: 100 });
    expect(featuresOf(world.chain)).toMatchObject([
      { name: "x-later", height: 200 },
      { name: "x-sooner", height: 100 },
    ]);
    expect(unknownFeature(world.chain, new Set())).toMatchObject({ name: "x-sooner", height: 100 });
    expect(unknownFeature(world.chain, new Set(["x-sooner"]))).toMatchObject({ name: "x-later" });
    expect(unknownFeature(world.chain, new Set(["x-sooner", "x-later"]))).toBeNull();
  });

  it("may be put off as long as they are not active", () => {
    const world = alliance();
    decide(world, { kind: "switchFeature", feature: "x-later", height: 100 });
    decide(world, { kind: "switchFeature", feature: "x-later", height: 300 });
    expect(featuresOf(world.chain)).toMatchObject([{ name: "x-later", height: 300 }]);
  });

  it("are at most as many as the limit says", () => {
    const world = alliance();
    const { chain } = world;
    const names = Array.from({ length: LIMITS.featuresMax }, (_, index) => `x-${String(index).padStart(4, "0")}`);
    chain.objects.set(`features${FEATURES_ID}`, { id: FEATURES_ID, version: 1, names } as never);
    const change = { kind: "switchFeature", feature: "x-later", height: 300 } as const;
    expect(chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank)).toBe("FEATURES_EXCEEDED");
  });

  it("are none at genesis", () => {
    const objects = genesisObjects(identityOf(testGenesis().genesis));
    expect(objects.filter(({ kind }) => kind === "features" || kind === "feature")).toHaveLength(1);
  });
});
