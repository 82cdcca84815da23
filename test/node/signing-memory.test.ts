import { describe, expect, it } from "vitest";
import { Bearings } from "../../src/node/bearings.ts";
import { EventLoop } from "../../src/node/event-loop.ts";
import { SigningMemory } from "../../src/node/signing-memory.ts";
import type { Height, MemberId, PublicKey } from "../../src/types/scalars.ts";
import type { ValidatorSet } from "../../src/types/validator-set.ts";

const KEY = "aa".repeat(32) as PublicKey;
const NAMES = ["m0", "m1", "m2", "m3"] as MemberId[];
const [SELF] = NAMES as [MemberId];
const FOUR: ValidatorSet = NAMES.map((member, index) => ({ member, key: (index === 0 ? KEY : `0${index}`) as PublicKey }));
const STARTED_MS = 1_000_000;

interface Situation {
  readonly guard?: { readonly hasMemory?: boolean; readonly lastHeight?: Height; readonly isConfirmed?: boolean };
  /** The first height whose authorities hold the key. */
  readonly first?: Height;
  readonly isOrdered?: boolean;
}

/** The memory of one of four authorities, with bearings of its own and a guard that is told what it is. */
function memoryOf({ guard = {}, first = 1, isOrdered = false }: Situation) {
  const loop = new EventLoop((error) => {
    throw error;
  });
  const bearings = new Bearings();
  const begun: (() => void)[] = [];
  const held = { hasMemory: true, lastHeight: 0, isConfirmed: false, ...guard };
  let resumed = 0;
  const memory = new SigningMemory({
    guard: {
      ...held,
      get hasMemory() {
        return held.hasMemory;
      },
      get isConfirmed() {
        return held.isConfirmed;
      },
      begin: (done) => {
        begun.push(() => {
          held.hasMemory = true;
          done(null);
        });
      },
      confirm: (_from, done) => {
        held.isConfirmed = true;
        done(null);
      },
    },
    key: KEY,
    validators: { at: (height) => (height >= first ? FOUR : []), firstHeightOf: () => first },
    bearings,
    loop,
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    isOrdered,
    resume: () => {
      resumed += 1;
    },
    fatal: (error) => {
      throw error;
    },
  });
  /** A quorum is heard and is level at this height. */
  const orient = (height: Height): void => {
    bearings.hears("m1" as MemberId, height, "standing");
    bearings.hears("m2" as MemberId, height, "standing");
    expect(bearings.take(height, FOUR, SELF)).toBe(true);
    memory.believe(height);
  };
  const settle = (from: Height, to: Height): void => {
    for (let height = from; height <= to; height++) memory.settled(height);
  };
  return { memory, bearings, begun, held, orient, settle, resumed: () => resumed };
}

describe("a key whose guard is lost", () => {
  it("signs behind two blocks more than the others had decided, whatever was decided before its eyes until then", () => {
    const { memory, begun, orient, settle, resumed } = memoryOf({ guard: { hasMemory: false } });
    memory.recall(3, true, false);
    // Beside one peer that lags, blocks that are old are decided here like new ones.
    settle(4, 9);
    expect(memory.isMuted).toBe(true);
    orient(9);
    settle(10, 10);
    expect(begun).toHaveLength(0);
    settle(11, 11);
    expect(begun).toHaveLength(1);
    // Not before the new guard is durable, however many blocks pass meanwhile.
    settle(12, 13);
    expect(memory.isMuted).toBe(true);
    expect(begun).toHaveLength(1);
    begun[0]?.();
    expect(memory.isMuted).toBe(false);
    expect(resumed()).toBe(1);
  });

  it("signs at once if the operator says so, on a new guard", () => {
    const { memory, begun } = memoryOf({ guard: { hasMemory: false }, isOrdered: true });
    memory.recall(3, true, false);
    begun[0]?.();
    expect(memory.isMuted).toBe(false);
  });
});

describe("a guard that has signed", () => {
  it("is a memory as far as it goes, but not in front of a store or a log of an earlier time", () => {
    for (const [head, isMuted] of [
      [8, false],
      [7, false],
      [6, true],
      [0, true],
    ] as const) {
      const { memory } = memoryOf({ guard: { lastHeight: 8 } });
      memory.recall(head, true, false);
      expect(memory.isMuted, `head ${head}`).toBe(isMuted);
    }
  });
});

describe("an empty guard", () => {
  it("is believed of heights that nobody had decided, also when blocks of them have to be fetched", () => {
    const { memory, held, orient, settle } = memoryOf({ first: 21 });
    memory.recall(20, true, false);
    orient(20);
    expect(held.isConfirmed).toBe(true);
    settle(21, 25);
    expect(memory.isMuted).toBe(false);
    // Started again it has still signed nothing, and that is known.
    const again = memoryOf({ first: 21, guard: held });
    again.memory.recall(25, true, false);
    expect(again.memory.isMuted).toBe(false);
  });

  it("is not believed once blocks of the key's heights turn up that were decided before the start", () => {
    const { memory, held, orient, settle } = memoryOf({ first: 1 });
    memory.recall(0, true, false);
    expect(memory.isMuted).toBe(false);
    settle(1, 1);
    expect(memory.isMuted).toBe(true);
    settle(2, 30);
    orient(30);
    settle(31, 31);
    expect(memory.isMuted).toBe(true);
    expect(held.isConfirmed).toBe(false);
    settle(32, 32);
    expect(memory.isMuted).toBe(false);
  });

  it("is not believed at a start on top of such blocks", () => {
    const { memory } = memoryOf({ first: 1 });
    memory.recall(5, true, false);
    expect(memory.isMuted).toBe(true);
  });
});

describe("bearings", () => {
  it("are of a quorum, this node included, that is level", () => {
    const bearings = new Bearings();
    bearings.hears("m1" as MemberId, 9, "standing");
    expect(bearings.take(9, FOUR, SELF)).toBe(false);
    bearings.hears("m2" as MemberId, 10, "standing");
    expect(bearings.take(9, FOUR, SELF)).toBe(false);
    // What a peer shows of old heights does not take it back.
    bearings.hears("m2" as MemberId, 9, "commit");
    expect(bearings.take(9, FOUR, SELF)).toBe(false);
    // A commit says nothing of where its sender stands.
    bearings.hears("m3" as MemberId, 3, "commit");
    expect(bearings.take(9, FOUR, SELF)).toBe(false);
    expect(bearings.take(10, FOUR, SELF)).toBe(true);
    expect([bearings.reach(12), bearings.reach(13)]).toEqual([true, false]);
    bearings.passes(11, 0, STARTED_MS);
    expect(bearings.height).toBe(10);
  });

  it("by fewer move on with every block that is older than the start", () => {
    const bearings = new Bearings();
    bearings.goBy(4);
    expect(bearings.isTaken).toBe(false);
    bearings.hears("m1" as MemberId, 4, "standing");
    bearings.goBy(4);
    expect(bearings.height).toBe(4);
    bearings.passes(5, STARTED_MS - 60_000, STARTED_MS);
    bearings.passes(6, STARTED_MS - 1, STARTED_MS);
    bearings.passes(7, STARTED_MS + 1, STARTED_MS);
    expect(bearings.height).toBe(6);
  });
});
