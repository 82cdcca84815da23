import { afterEach, describe, expect, it } from "vitest";
import { Libp2pTransport } from "../../src/adapters/libp2p-transport.ts";
import { GovernanceClient } from "../../src/client/governance.ts";
import { voteSignBytes } from "../../src/codec/vote.ts";
import { sign } from "../../src/crypto/ed25519.ts";
import { encodeMessage } from "../../src/node/messages.ts";
import { onlyAsk } from "../../src/node/snapshot-sources.ts";
import type { BlockId, MemberId } from "../../src/types/scalars.ts";
import { GrowingNetwork, type MemberNode } from "./growing-network.ts";
import { until } from "./support.ts";

const TIMEOUT = { timeout: 600_000 };
const NAMES = ["m0", "m1", "m2", "m3", "m4", "m5", "m6"] as const;
const member = (name: string) => ({ member: name as MemberId });
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const networks: GrowingNetwork[] = [];

afterEach(async () => {
  await Promise.all(networks.splice(0).map((network) => network.stop()));
});

/** Signs two prevotes for every height with another's key, as that member's node, until one of these accuses it. */
async function doubleVote(network: GrowingNetwork, guilty: MemberNode, honest: readonly MemberNode[]): Promise<void> {
  const { chain } = network.identity;
  const transport = new Libp2pTransport({
    chain,
    seed: guilty.nodeSeed,
    self: guilty.nodeKey,
    listen: [guilty.libp2p],
    addresses: new Map(honest.map(({ nodeKey, libp2p }) => [nodeKey, [libp2p]])),
    logger: SILENT,
  });
  const client = network.client(honest[0]?.name ?? "");
  await transport.open();
  onlyAsk(transport, new Set(honest.map(({ nodeKey }) => nodeKey)));
  const index = (await network.authorities(honest[0]?.name ?? "")).indexOf(guilty.name);
  try {
    await until(async () => {
      const { height } = await client.status();
      for (const block of [null, "ab".repeat(32) as BlockId]) {
        const said = { height: height + 1, round: 0, kind: "prevote", block } as const;
        const sig = sign(guilty.authoritySeed, voteSignBytes(chain, said));
        for (const { nodeKey } of honest) transport.sendConsensus(nodeKey, encodeMessage("vote", { ...said, index, sig }));
      }
      return (await client.ledgerAll("evidence", { authority: guilty.name })).length > 0;
    }, "the evidence is on the chain");
  } finally {
    await transport.stop();
  }
}

describe("a network of processes that governs itself", () => {
  it("grows from one authority to four to seven and back while transactions flow", TIMEOUT, async () => {
    const network = await GrowingNetwork.make(NAMES);
    networks.push(network);
    network.start("m0");
    await network.answers("m0");
    const joining = NAMES.slice(1);
    for (const name of joining) await network.admit(name, ["m0"]);
    for (const name of joining) network.start(name);
    for (const name of joining) await network.answers(name);
    network.beginLoad("m0", ["m0", "m1", "m2"]);
    const pids = NAMES.map((name) => network.pid(name));
    const voters: string[] = ["m0"];

    // What a change would do is known before anybody votes: the newcomer has not shown itself yet.
    const own = new GovernanceClient(network.client("m0"), "m0" as MemberId);
    const change = { kind: "addAuthority", ...member("m1"), authorityKey: network.member("m1").authorityKey } as const;
    const { prospect } = await own.dryRun(own.proposal(change, Date.now() + 60_000));
    expect(prospect).toMatchObject({ authorities: 2, quorum: 2, faultsTolerated: 0, live: 1, obstacle: "AUTHORITIES_NOT_LIVE" });

    for (const name of joining) {
      await network.role(name, "follower");
      await network.promote(name, voters);
      voters.push(name);
      await network.role(name, "authority");
    }
    expect(await network.authorities("m0")).toEqual(NAMES);
    expect(await network.authorities("m6", 1)).toEqual(["m0"]);

    // A member leaves by vote of the others: its node is cut off at once, live, and would not see what became of a vote of its own.
    voters.pop();
    await network.decide({ kind: "removeMember", ...member("m6") }, voters);
    await until(async () => (await network.peersOf("m6")).length === 0, "m6 is cut off");
    expect(await network.peersOf("m0")).toEqual(["m1", "m2", "m3", "m4", "m5"]);
    await network.kill("m6");

    for (const name of ["m5", "m4"]) {
      await network.decide({ kind: "removeAuthority", ...member(name) }, voters);
      voters.pop();
      await network.role(name, "follower");
    }
    expect(await network.authorities("m5")).toEqual(["m0", "m1", "m2", "m3"]);

    // Keys are replaced, of an authority and of a node: neither needs anybody else to stop.
    await network.rotateAuthorityKey("m2", ["m0", "m1", "m3"]);
    await network.role("m2", "authority");
    await network.rotateNodeKey("m4", ["m0", "m1", "m2", "m3"]);
    await until(async () => (await network.peersOf("m4")).join() === "m0,m1,m2,m3,m5", "all let m4 in under its new key");

    // One of four signs two things: three carry on, one of them by its new key, decide, and are three.
    await network.kill("m3");
    const three = ["m0", "m1", "m2"];
    await doubleVote(
      network,
      network.member("m3"),
      three.map((name) => network.member(name)),
    );
    const guilty = new GovernanceClient(network.client("m0"), "m3" as MemberId);
    const withdrawn = await own.send(
      [own.proposal({ kind: "endTurns", ...member("m2") }, Date.now() + 60_000)],
      [network.member("m0").maker],
    );
    expect(withdrawn.status).toBe("committed");
    const open = await network.client("m0").ledgerAll("proposal", { status: "OPEN" });
    const refused = await guilty.send([guilty.vote(open[0]?.id as never, true)], [network.member("m3").maker]);
    expect(refused).toMatchObject({ status: "failed", code: "VOTE_ENDED" });
    await network.decide({ kind: "removeAuthority", ...member("m3") }, three);

    // And back to one.
    await network.decide({ kind: "removeAuthority", ...member("m2") }, three);
    await network.decide({ kind: "removeAuthority", ...member("m1") }, ["m0", "m1"]);
    await network.role("m1", "follower");
    expect(await network.authorities("m1")).toEqual(["m0"]);

    const loads = await network.endLoad();
    expect(loads.length).toBeGreaterThan(10);
    const left = ["m0", "m1", "m2", "m4", "m5"];
    await until(async () => {
      const all = await Promise.all(left.map((name) => network.client(name).status()));
      return new Set(all.map(({ stateRoot }) => stateRoot)).size === 1;
    }, "all have one state");
    for (const id of loads) expect((await network.client("m5").get(id)).status).toBe("committed");
    for (const name of ["m0", "m1", "m5"] as const) expect(network.pid(name)).toBe(pids[NAMES.indexOf(name)]);
  });
});
