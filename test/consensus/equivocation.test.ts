import { describe, expect, it } from "vitest";
import { ConsensusMachine } from "../../src/consensus/machine.ts";
import type { Effect } from "../../src/consensus/messages.ts";
import type { BlockId } from "../../src/types/scalars.ts";
import type { Proposal, Vote, VoteKind } from "../../src/types/vote.ts";

const SIG = new Uint8Array(64);
const BLOCK = "b1".repeat(32) as BlockId;
const vote = (index: number, round: number, block: BlockId | null, kind: VoteKind = "prevote"): Vote => ({
  height: 1,
  round,
  kind,
  block,
  index,
  sig: SIG,
});

/** Authority 2 of four, at height 1, where the proposers are 1, 2, 3, 0 in turn. */
function machine(): { readonly machine: ConsensusMachine; readonly hear: (vote: Vote) => readonly Effect[] } {
  const own = new ConsensusMachine();
  own.step({ kind: "start", height: 1, n: 4, self: 2, active: [0, 1, 2, 3], parentTimeMs: 0, heartbeatMs: 600_000 });
  return { machine: own, hear: (said) => own.step({ kind: "vote", vote: said }) };
}

function propose(own: ConsensusMachine, proposal: Omit<Proposal, "height" | "sig" | "block">): readonly Effect[] {
  const block = { timeMs: 1_000, empty: false };
  return own.step({ kind: "proposal", proposal: { ...proposal, block: BLOCK, height: 1, sig: SIG }, block, stampMs: 1_000 });
}

/** Round 0 as it looks to a node that authority 0 told nil while it told another the block. */
function lockedElsewhere(): ReturnType<typeof machine> {
  const node = machine();
  propose(node.machine, { round: 0, validRound: -1, index: 1 });
  node.machine.step({ kind: "validated", height: 1, block: BLOCK, valid: true });
  node.hear(vote(2, 0, BLOCK));
  node.hear(vote(0, 0, null));
  node.hear(vote(1, 0, BLOCK));
  node.hear(vote(3, 0, null));
  node.machine.step({ kind: "timeout", height: 1, round: 0, step: "prevote" });
  for (const index of [0, 2, 3]) node.hear(vote(index, 0, null, "precommit"));
  node.machine.step({ kind: "timeout", height: 1, round: 0, step: "precommit" });
  return node;
}

describe("an authority that voted twice", () => {
  it("counts for a block that another node proposes again with its other vote in the proof", () => {
    const { machine: own, hear } = lockedElsewhere();
    expect(own.round).toBe(1);
    // Round 1: authority 2 is this node; round 2: authority 3 has seen the quorum of round 0 and proposes its block again.
    own.step({ kind: "timeout", height: 1, round: 1, step: "propose" });
    for (const index of [0, 3]) hear(vote(index, 2, null));
    expect(own.round).toBe(2);
    expect(propose(own, { round: 2, validRound: 0, index: 3 }).filter(({ kind }) => kind === "signVote")).toEqual([]);
    expect(own.holdings()?.validPrevotes).toEqual(Uint8Array.of(0b0110));

    const effects = hear(vote(0, 0, BLOCK));
    expect(effects).toContainEqual({ kind: "signVote", height: 1, round: 2, vote: "prevote", block: BLOCK });
  });

  it("is accused once, whatever else it signs for the slot", () => {
    const { hear } = lockedElsewhere();
    const accusations = [vote(0, 0, BLOCK), vote(0, 0, BLOCK), vote(0, 0, "c2".repeat(32) as BlockId)].map(hear);
    expect(accusations.flat().filter(({ kind }) => kind === "evidence")).toHaveLength(1);
  });

  it("is not kept for blocks that nobody proposed", () => {
    const { machine: own, hear } = lockedElsewhere();
    for (let byte = 0; byte < 64; byte++) hear(vote(0, 0, byte.toString(16).padStart(64, "0") as BlockId));
    const status = { height: 1, round: 0, step: "propose" as const, proposal: false };
    const nothing = new Uint8Array(0);
    const { votes } = own.missingAt({
      ...status,
      prevotes: nothing,
      precommits: nothing,
      validRound: 0,
      validPrevotes: nothing,
    });
    expect(votes.length).toBeLessThan(16);
  });

  it("has both of its votes passed on to who needs the proof", () => {
    const { machine: own, hear } = lockedElsewhere();
    hear(vote(0, 0, BLOCK));
    propose(own, { round: 2, validRound: 0, index: 3 });
    const { votes } = own.missingAt({
      height: 1,
      round: 2,
      step: "propose",
      proposal: true,
      prevotes: new Uint8Array(1),
      precommits: new Uint8Array(1),
      validRound: 0,
      validPrevotes: Uint8Array.of(0b0110),
    });
    expect(votes).toContainEqual(vote(0, 0, BLOCK));
  });
});

describe("a proposer that proposes without end", () => {
  const block = (number: number): BlockId => number.toString(16).padStart(64, "0") as BlockId;
  const facts = { timeMs: 1_000, empty: false };
  const proposal = (round: number, index: number, number: number): Proposal => ({
    height: 1,
    round,
    block: block(number),
    validRound: -1,
    index,
    sig: SIG,
  });

  it("is heard once for its round and once to accuse it, not out of turn, and not far ahead", () => {
    const { machine: own } = machine();
    expect(own.wants(proposal(0, 1, 1))).toBe(true);
    expect(own.wants(proposal(0, 2, 1))).toBe(false);
    expect(own.wants(proposal(4, 1, 1))).toBe(true);
    expect(own.wants(proposal(8, 1, 1))).toBe(false);
    expect(own.wants({ ...proposal(0, 1, 1), height: 2 })).toBe(false);
    own.step({ kind: "proposal", proposal: proposal(0, 1, 1), block: facts, stampMs: 1_000 });
    expect(own.wants(proposal(0, 1, 1))).toBe(false);
    expect(own.wants(proposal(0, 1, 2))).toBe(true);
    own.step({ kind: "proposal", proposal: proposal(0, 1, 2), block: facts, stampMs: 1_000 });
    expect(own.wants(proposal(0, 1, 3))).toBe(false);
    expect([own.knows(block(1)), own.knows(block(2))]).toEqual([true, false]);
  });

  it("is not remembered round after round", () => {
    const { machine: own, hear } = machine();
    for (let round = 0; round < 200; round++) {
      const index = (1 + round) % 4;
      own.step({ kind: "proposal", proposal: proposal(round, index, round), block: facts, stampMs: 1_000 });
      own.step({ kind: "validated", height: 1, block: block(round), valid: false });
      for (const voter of [0, 1]) hear(vote(voter, round + 1, null));
    }
    expect(own.round).toBe(200);
    const known = Array.from({ length: 200 }, (_, number) => own.knows(block(number))).filter((each) => each).length;
    expect(known).toBeLessThan(8);
  });
});
