import { describe, expect, it } from "vitest";
import { voteSignBytes } from "../../src/codec/vote.ts";
import { codeNumber } from "../../src/ledger/codes.ts";
import { encodeMessage } from "../../src/node/messages.ts";
import { onlyAsk } from "../../src/node/snapshot-sources.ts";
import { cheapScheme } from "../../src/simulator/virtual-crypto.ts";
import type { BlockId, MemberId } from "../../src/types/scalars.ts";
import { VirtualMembers } from "./support/virtual-members.ts";

const TIMEOUT = { timeout: 300_000 };
const FOUR = ["m0", "m1", "m2", "m3"] as const;
const member = (name: string) => ({ member: name as MemberId });

function four(): VirtualMembers {
  const members = new VirtualMembers(FOUR);
  for (const name of FOUR) members.start(name);
  return members;
}

/** Each of these has what the farthest has. */
function meet(members: VirtualMembers, names: readonly string[]): void {
  const top = members.height;
  members.until(() => names.every((name) => members.node(name).head.height >= top), `${names} are at height ${top}`);
}

describe("a network whose members change", () => {
  it("grows from one authority to four to seven and back while transactions flow", TIMEOUT, () => {
    const members = new VirtualMembers(["m0"]);
    members.start("m0");
    members.load("m0");
    const joined = ["m1", "m2", "m3", "m4", "m5", "m6"];
    for (const name of joined) {
      members.admit(name);
      members.start(name);
      members.until(() => members.node(name).head.height > 0, `${name} is let in`);
      expect(members.node(name).role).toBe("follower");
      members.promote(name);
      members.until(() => members.node(name).isSigning, `${name} signs`);
    }
    expect(members.authorities).toEqual(["m0", ...joined]);
    // Seven stand two that are down.
    members.stop("m5");
    members.stop("m6");
    const before = members.height;
    members.until(() => members.height > before + 5, "five of seven go on");
    for (const name of ["m5", "m6"]) {
      members.start(name);
      members.until(() => members.node(name).isSigning, `${name} signs again`);
    }
    for (const name of [...joined].reverse()) {
      meet(members, members.authorities);
      members.run(1_000);
      members.decide({ kind: "removeAuthority", ...member(name) }, members.authorities);
      members.until(() => members.node(name).role === "follower", `${name} knows that it is a follower`);
      expect(members.node(name).isSigning).toBe(false);
    }
    expect(members.authorities).toEqual(["m0"]);
    const top = members.height;
    members.until(() => members.node("m3").head.height > top + 5, "followers follow");
    const early = members.loads.slice(0, -10);
    members.until(() => early.every((id) => members.isFinal(id)), "what was asked for is final");
    expect(members.loads.length).toBeGreaterThan(30);
  });

  it("lets a node that was away through many changes catch up", TIMEOUT, () => {
    const members = new VirtualMembers(["m0"]);
    members.start("m0");
    members.admit("late");
    for (const name of ["m1", "m2", "m3", "m4"]) {
      members.admit(name);
      members.start(name);
      members.promote(name);
    }
    members.run(1_000);
    members.decide({ kind: "removeAuthority", ...member("m0") }, members.authorities);
    // Whoever signed the first blocks is no authority any more; of the present ones the genesis knows nothing.
    expect(members.authorities).toEqual(["m1", "m2", "m3", "m4"]);
    members.start("late");
    meet(members, ["late"]);
    members.run(1_000);
    expect(members.node("late").isSyncing).toBe(false);
    expect(
      members
        .node("late")
        .validatorsAt(1)
        ?.map((authority) => authority.member),
    ).toEqual(["m0"]);
    members.promote("late");
    members.until(() => members.node("late").isSigning, "the late one signs");
  });

  it("acts on votes at once although the chain is idle", TIMEOUT, () => {
    const members = four();
    members.run(5_000);
    const before = members.scheduler.nowMs;
    members.decide({ kind: "setParams", params: [{ name: "graceDays", value: 7 }] }, FOUR);
    expect(members.scheduler.nowMs - before).toBeLessThan(4_000);
  });

  it("goes on although an authority crashes at every stage of its promotion", TIMEOUT, () => {
    const members = four();
    members.load("m0");
    members.admit("m4");
    members.start("m4");
    members.promote("m4");
    for (let count = 0; count < 3; count++) {
      members.stop("m4");
      members.run(700);
      members.start("m4");
      members.run(700);
    }
    members.until(() => members.node("m4").isSigning, "m4 signs");
  });

  it("cuts the connections of a member that it removes, in the same block, and lets nobody in before", TIMEOUT, () => {
    const members = four();
    members.start("m4");
    members.run(2_000);
    expect(members.peersOf("m4")).toEqual([]);
    members.admit("m4");
    members.until(() => members.peersOf("m4").length === 4, "m4 is let in");
    members.decide({ kind: "removeMember", ...member("m4") }, FOUR);
    members.run(50);
    expect(members.peersOf("m4")).toEqual([]);
    expect(members.peersOf("m0")).toEqual(["m1", "m2", "m3"]);
    const { height } = members.node("m4").head;
    members.load("m0");
    members.run(3_000);
    expect(members.node("m4").head.height).toBe(height);
  });

  it("takes the new key of a node by vote, and no longer the old one", TIMEOUT, () => {
    const members = four();
    const other = members.machine("other node of m3");
    members.decide({ kind: "setNodeKey", ...member("m3"), nodeKey: other.node.key }, FOUR);
    members.run(50);
    expect(members.peersOf("m0")).toEqual(["m1", "m2"]);
  });
});

describe("a promoted member", () => {
  it("signs at once: a key that was nobody's has nothing to remember", TIMEOUT, () => {
    const members = new VirtualMembers(["m0"]);
    members.start("m0");
    members.admit("m1");
    members.start("m1");
    members.promote("m1");
    // Of two authorities both must sign: the chain would stand still if the new one followed first.
    const before = members.height;
    members.decide({ kind: "setParams", params: [{ name: "graceDays", value: 7 }] }, ["m0", "m1"]);
    expect(members.height).toBeGreaterThan(before);
    expect(members.node("m1").mutedBecause).toBeNull();
  });

  it("with a lost guard follows two blocks first, as a follower or not, though its key is new to the chain", TIMEOUT, () => {
    const members = four();
    members.admit("m4");
    members.machine("m4").disk.put("guard", new Uint8Array(0));
    members.start("m4");
    members.promote("m4");
    members.until(() => members.node("m4").role === "authority", "m4 is an authority");
    // Started anew with nothing it has followed nobody, and cannot tell what its key did before.
    members.stop("m4");
    members.machine("m4").disk.put("guard", new Uint8Array(0));
    members.start("m4");
    expect(members.node("m4").mutedBecause).toMatch(/no memory/);
    members.load("m0");
    members.until(() => members.node("m4").isSigning, "m4 signs");
  });
});

describe("evidence against one of four", () => {
  it("takes its turns and its vote, and leaves three that carry on and remove it", TIMEOUT, () => {
    const members = four();
    members.load("m0");
    members.until(() => members.height > 3, "blocks are made");
    members.stop("m3");
    const { authority, node } = members.machine("m3");
    const transport = members.network.transport(node.key);
    const keys = FOUR.map((name) => members.machine(name).node.key);
    onlyAsk(transport, new Set(keys));
    members.run(100);
    const { chain } = members.identity;
    const say = (block: BlockId | null): void => {
      const height = members.node("m0").head.height + 1;
      const said = { height, round: 0, kind: "prevote", block } as const;
      const sig = cheapScheme.sign(authority.seed, voteSignBytes(chain, said));
      for (const key of keys.slice(0, 3)) transport.sendConsensus(key, encodeMessage("vote", { ...said, index: 3, sig }));
    };
    const isAccused = (): boolean => members.seatOf("m3")?.ended === true;
    for (let count = 0; count < 50 && !isAccused(); count++) {
      say(null);
      say("ab".repeat(32) as BlockId);
      members.run(40);
    }
    members.until(isAccused, "the evidence is recorded");
    const before = members.height;
    members.until(() => members.height > before + 5, "three go on");
    const change = { kind: "removeAuthority", ...member("m3") } as const;
    expect(() => members.decide(change, ["m0", "m3"])).toThrow(String(codeNumber("VOTE_ENDED")));
    members.decide(change, ["m0", "m1", "m2"]);
    expect(members.authorities).toEqual(["m0", "m1", "m2"]);
    const after = members.height;
    members.until(() => members.height > after + 5, "and are three");
  });
});

describe("a feature that a version does not know", () => {
  it("ends its node before the height from which it is active, and no other", TIMEOUT, () => {
    const members = new VirtualMembers(FOUR);
    const knownFeatures = new Set(["x-later"]);
    for (const name of FOUR) members.start(name, name === "m3" ? {} : { knownFeatures });
    const height = 12;
    members.decide({ kind: "switchFeature", feature: "x-later", height }, FOUR);
    members.load("m0");
    members.until(() => members.machine("m3").ended !== null, "the old version ends");
    expect(members.machine("m3").ended).toMatchObject({ code: "FEATURE_UNKNOWN", message: expect.stringMatching(/x-later.*12/) });
    members.until(() => members.height > height + 3, "the others go on");
    // Started again it ends again, and has nothing of the new rules.
    members.start("m3");
    members.until(() => members.machine("m3").running === null, "it ends again");
    members.start("m3", { knownFeatures });
    expect(members.node("m3").head.height).toBe(height - 1);
    meet(members, ["m3"]);
  });
});
