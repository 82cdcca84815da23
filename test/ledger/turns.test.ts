import { describe, expect, it } from "vitest";
import { taggedHash } from "../../src/crypto/hash.ts";
import { TURNS_ID } from "../../src/ledger/ids.ts";
import { activePositions, membersOf, paramsOf, validatorsOf } from "../../src/ledger/validators.ts";
import { fromHex } from "../../src/lib/bytes.ts";
import type { Evidence } from "../../src/types/block.ts";
import type { BlockId, Hash, MemberId } from "../../src/types/scalars.ts";
import { proposerIndex } from "../../src/types/validator-set.ts";
import { alliance, TEST_PARAMS, testGenesis } from "./support/alliance.ts";
import { identityOf, TestChain } from "./support/chain.ts";

const NAMES = ["zbank", "zhongnong", "zhuogang", "huasu"];

/** A chain whose blocks are proposed as the turns say, `down` never answering. */
class Turns {
  readonly chain = new TestChain(identityOf(testGenesis().genesis));
  readonly rounds: number[] = [];

  run(blocks: number, down: readonly number[]): void {
    for (let count = 0; count < blocks; count++) {
      const height = this.chain.height + 1;
      const active = activePositions(this.chain, height);
      let round = 0;
      while (down.includes(proposerIndex(height, round, 4, active))) round += 1;
      const proposer = NAMES[proposerIndex(height, round, 4, active)] as string as MemberId;
      this.chain.block([]);
      this.chain.parent = { ...this.chain.parent, round, proposer };
      this.rounds.push(round);
    }
  }
}

const vote = { block: null, validRound: null, sig: new Uint8Array(64) };
const doubleVote = (authority: string, height: number): Evidence => ({
  authority: authority as MemberId,
  height,
  round: 0,
  kind: "prevote",
  first: vote,
  second: vote,
});

describe("the turn table", () => {
  it("at genesis lets all authorities take turns in member order", () => {
    const { chain } = alliance();
    expect(activePositions(chain, 1)).toEqual([0, 1, 2, 3]);
    expect(validatorsOf(chain).map(({ member }) => member)).toEqual(NAMES);
    expect(membersOf(chain).map(({ name }) => name)).toEqual(NAMES);
    expect(paramsOf(chain)).toEqual(TEST_PARAMS);
  });

  it("does not change while every proposer answers in round 0", () => {
    const turns = new Turns();
    turns.run(20, []);
    expect(turns.chain.read("turns", TURNS_ID).version).toBe(1);
    expect(turns.rounds.every((round) => round === 0)).toBe(true);
  });

  it("commits to every block after which others sign, and to nothing else", () => {
    const { chain } = new Turns();
    const changes = () => chain.read("turns", TURNS_ID).changes;
    const id = (height: number) => taggedHash("block", Uint8Array.of(height)) as BlockId;
    let expected: Hash | undefined;
    for (const isChange of [false, true, false, false, true]) {
      chain.block([]);
      chain.parent = { ...chain.parent, block: id(chain.height), isChange };
      if (isChange) expected = taggedHash("changes", fromHex((expected ?? "") + id(chain.height)) as Uint8Array);
      chain.block([]);
      expect(changes()).toBe(expected);
    }
    expect(expected).toBeDefined();
  });

  it("sends a proposer that missed its round to rest for n·2 heights from the block that carries the commit", () => {
    const turns = new Turns();
    turns.run(1, [1]);
    expect(turns.rounds).toEqual([1]);
    turns.chain.block([]);
    const carried = turns.chain.height;
    expect(turns.chain.read("turns", TURNS_ID).entries[1]).toMatchObject({ misses: 1, restUntil: carried + 8 });
    expect(activePositions(turns.chain, carried + 1)).toEqual([0, 2, 3]);
    expect(activePositions(turns.chain, carried + 8)).toEqual([0, 2, 3]);
    expect(activePositions(turns.chain, carried + 9)).toEqual([0, 1, 2, 3]);
  });

  it("costs a timeout now and then, not one in every cycle, and less and less often", () => {
    const turns = new Turns();
    turns.run(1_000, [2]);
    const missed = turns.rounds.flatMap((round, index) => (round > 0 ? [index] : []));
    const gaps = missed.slice(1).map((at, index) => at - (missed[index] as number));
    expect(missed.length).toBeLessThan(12);
    expect(gaps.slice(0, 6).every((gap, index) => gap >= 8 * 2 ** index)).toBe(true);
    expect(Math.max(...gaps)).toBeLessThan(4 * 64 + 16);
  });

  it("counts consecutive misses only: an own committed block clears them", () => {
    const turns = new Turns();
    turns.run(60, [1]);
    expect(turns.chain.read("turns", TURNS_ID).entries[1]?.misses).toBeGreaterThan(1);
    turns.run(300, []);
    expect(turns.chain.read("turns", TURNS_ID).entries[1]?.misses).toBe(0);
    expect(activePositions(turns.chain, turns.chain.height + 1)).toEqual([0, 1, 2, 3]);
  });

  it("does not send the header's own proposer to rest when its block was decided in a later round", () => {
    const { chain } = alliance();
    const before = chain.read("turns", TURNS_ID);
    const proposer = NAMES[proposerIndex(chain.height, 0, 4, before.active)] as string as MemberId;
    chain.parent = { ...chain.parent, round: 4, proposer };
    chain.block([]);
    const rested = chain.read("turns", TURNS_ID).entries.filter(({ misses }) => misses > 0);
    expect(rested.map(({ member }) => member)).not.toContain(proposer);
    expect(rested).toHaveLength(3);
  });

  it("lets all take turns when all rest", () => {
    const { chain } = alliance();
    chain.parent = { ...chain.parent, round: 8, proposer: "nobody" as MemberId };
    chain.block([]);
    expect(activePositions(chain, chain.height + 1)).toEqual([]);
    expect(proposerIndex(5, 0, 4, [])).toBe(1);
  });
});

describe("evidence", () => {
  it("is recorded once and ends the authority's turns at the next height, but not its vote", () => {
    const { chain } = alliance();
    const evidence = [doubleVote("zhuogang", 3)];
    chain.block([], { evidence });
    chain.block([], { evidence });
    expect(chain.all("evidence")).toMatchObject([{ authority: "zhuogang", height: 3, offence: "prevote", version: 1 }]);
    expect(activePositions(chain, chain.height + 1)).toEqual([0, 1, 3]);
    expect(activePositions(chain, chain.height + 1_000_000)).toEqual([0, 1, 3]);
    expect(validatorsOf(chain)).toHaveLength(4);
  });

  it("two offences are two records", () => {
    const { chain } = alliance();
    chain.block([], { evidence: [doubleVote("zhuogang", 3), doubleVote("zhuogang", 4)] });
    expect(chain.all("evidence")).toHaveLength(2);
  });
});
