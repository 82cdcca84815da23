import { describe, expect, it } from "vitest";
import { BlockWriter } from "../../src/node/block-writer.ts";
import type { Decided } from "../../src/node/decided.ts";
import { EventLoop } from "../../src/node/event-loop.ts";
import { LIMITS } from "../../src/types/limits.ts";

const BLOCK_BYTES = 1_000;

function blockOf(height: number): Decided {
  const block = { header: { height, count: 1 } };
  return { block, id: "", commit: {}, envelopes: [], execution: { receipts: [], nextSet: [] } } as unknown as Decided;
}

/** A writer on a store whose writes end, and whose time passes, when the test says so. */
function writing() {
  const timers: (() => void)[] = [];
  const written: number[][] = [];
  const faults: Error[] = [];
  let staged = 0;
  let release: (fault: Error | null) => void = () => undefined;
  const store = {
    tip: { height: 0 },
    stagedBytes: 0,
    stage: () => {
      store.tip = { height: store.tip.height + 1 };
      staged += 1;
      store.stagedBytes = staged * BLOCK_BYTES;
      return 0;
    },
    flush: (done: (fault: Error | null) => void) => {
      staged = 0;
      store.stagedBytes = 0;
      release = done;
    },
    write: (_: unknown, done: (fault: Error | null) => void) => {
      release = (fault) => {
        store.tip = { height: store.tip.height + 1 };
        done(fault);
      };
      return 0;
    },
  };
  const writer = new BlockWriter({
    loop: new EventLoop((error) => faults.push(error)),
    store: store as never,
    executor: { writes: () => [], adopt: () => undefined } as never,
    clock: { nowMs: () => 0, after: (_, fire) => timers.push(fire) },
    metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
    onAdopted: () => undefined,
    onDurable: (group) => written.push(group.map(({ block }) => block.header.height)),
    fatal: (error) => faults.push(error),
  });
  const stage = (from: number, to: number): void => {
    for (let height = from; height <= to; height++) writer.stage(blockOf(height));
  };
  const finish = (fault: Error | null = null): void => {
    const done = release;
    release = () => undefined;
    done(fault);
  };
  const passTime = (): void => {
    for (const fire of timers.splice(0)) fire();
  };
  return { writer, written, faults, stage, finish, passTime };
}

describe("blocks that others decided", () => {
  const MIN = LIMITS.syncGroupBlocksMin;

  it("wait for their neighbours, and go to the disk together when they are enough", () => {
    const { written, stage, finish } = writing();
    stage(1, MIN - 1);
    finish();
    expect(written).toEqual([]);
    stage(MIN, MIN);
    finish();
    expect(written).toEqual([Array.from({ length: MIN }, (_, index) => index + 1)]);
  });

  it("wait no longer than a while", () => {
    const { written, stage, finish, passTime } = writing();
    stage(1, 2);
    passTime();
    finish();
    expect(written).toEqual([[1, 2]]);
    stage(3, 3);
    finish();
    expect(written).toEqual([[1, 2]]);
    passTime();
    finish();
    expect(written).toEqual([[1, 2], [3]]);
  });

  it("wait not at all when no more will come", () => {
    const { writer, written, stage, finish } = writing();
    stage(1, 1);
    writer.flush();
    finish();
    expect(written).toEqual([[1]]);
  });

  it("are written one group after the other: what is due meanwhile goes when the write under way has ended", () => {
    const { writer, written, stage, finish } = writing();
    stage(1, MIN);
    stage(MIN + 1, MIN + 2);
    writer.flush();
    finish();
    expect(written.map((group) => group.length)).toEqual([MIN]);
    finish();
    expect(written.map((group) => group.length)).toEqual([MIN, 2]);
  });

  it("are executed no further ahead than a group may be large", () => {
    const { writer, stage } = writing();
    stage(1, MIN);
    stage(MIN + 1, MIN + LIMITS.syncGroupBlocksMax - 1);
    expect(writer.stage(blockOf(MIN + LIMITS.syncGroupBlocksMax))).toBe(false);
  });

  it("end the node when their write is doubtful, and are told to nobody", () => {
    const { written, faults, stage, finish } = writing();
    stage(1, MIN);
    finish(new Error("no space"));
    expect(written).toEqual([]);
    expect(faults).toHaveLength(1);
  });
});

describe("a block that was decided here", () => {
  it("is written at once, alone, and counts as being decided until it is durable", () => {
    const { writer, written, finish } = writing();
    writer.finalise(blockOf(1));
    expect(writer.isDeciding(1)).toBe(true);
    expect(writer.isNext(1)).toBe(false);
    finish();
    expect(writer.isDeciding(1)).toBe(false);
    expect(written).toEqual([[1]]);
  });
});
