import { beforeEach, describe, expect, it } from "vitest";
import { verifyNative } from "../../src/adapters/ed25519-native.ts";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { Auditor } from "../../src/node/auditor.ts";
import { blockKey, commitKey, pageKey, pageUndoKey, transactionKey } from "../../src/node/chain-keys.ts";
import { StoreAudit } from "../../src/node/store-audit.ts";
import { allHistory, allObjectsOfAllKinds, objectKey } from "../../src/node/store-keys.ts";
import type { Verifier } from "../../src/ports/crypto.ts";
import type { Logger } from "../../src/ports/observe.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, allianceOn, receivable, registerFirm } from "../ledger/support/alliance.ts";
import { firm, testUscc } from "../ledger/support/firm.ts";
import { ProvingChain } from "./support/proving-chain.ts";

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const VERIFIER: Verifier = {
  verify: (items, _, done) =>
    queueMicrotask(() => done(items.map(({ key, message, signature }) => verifyNative(key, message, signature)))),
};

let world: Alliance & { readonly chain: ProvingChain };
let note: Hash;

beforeEach(() => {
  world = allianceOn((identity) => new ProvingChain(identity));
  ({ note } = receivable(world, 1_000_000n));
});

function audit(): StoreAudit {
  const { chain } = world;
  return new StoreAudit({
    chain: chain.blocks,
    store: chain.store,
    hasher: nativeHasher,
    chainId: chain.identity.chain,
    setAt: (height) => chain.authoritiesAt(height),
  });
}

/** An auditor whose ticks the test makes. */
function auditor() {
  const { chain } = world;
  let tick: (() => void) | null = null;
  const counts = new Map<string, number>();
  let fatal: Error | undefined;
  const made = new Auditor({
    audit: audit(),
    store: chain.store,
    head: () => chain.blocks.head,
    clock: {
      nowMs: () => 0,
      after: (_, fire) => {
        tick = fire;
      },
    },
    verifier: VERIFIER,
    metrics: {
      add: (name, by = 1, labels) => counts.set(name + (labels?.what ?? ""), (counts.get(name + (labels?.what ?? "")) ?? 0) + by),
      set: () => undefined,
      observe: () => undefined,
    },
    logger: SILENT,
    fatal: (error) => {
      fatal = error;
    },
  });
  made.start();
  const passes = (): number => counts.get("zhonglian_audit_passes_total") ?? 0;
  /** One tick, with whatever it set going. */
  const step = async (): Promise<void> => {
    const fire = tick;
    tick = null;
    fire?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    counts,
    passes,
    step,
    stop: () => made.stop(),
    isWaiting: () => tick !== null,
    /** Until it has gone through everything once more, or has stopped the node; what it stopped it for. */
    async pass(): Promise<string | null> {
      const before = passes();
      for (let steps = 0; passes() === before && fatal === undefined; steps++) {
        if (steps > 500) throw new Error("the auditor comes to no end");
        await step();
      }
      return fatal === undefined ? null : fatal.message;
    },
  };
}

/** Changes a byte of what is stored under a key. */
function damage(key: Uint8Array, at: (length: number) => number): void {
  const { store } = world.chain;
  const value = store.get(key)?.slice();
  if (value === undefined) throw new Error("there is nothing to damage");
  const index = at(value.length);
  value[index] = (value[index] as number) ^ 1;
  store.put([{ key, value }]);
}

const last = (length: number): number => length - 1;

describe("the auditor", () => {
  it("finds nothing in a sound store, counts what it looked at, and begins again", async () => {
    const { pass, counts } = auditor();
    expect(await pass()).toBeNull();
    const { chain } = world;
    expect(counts.get("zhonglian_audit_checked_totalblock")).toBe(chain.height);
    expect(counts.get("zhonglian_audit_checked_totalobject")).toBe(chain.objects.size);
    expect(counts.get("zhonglian_audit_checked_totalpage")).toBeGreaterThan(10);
    expect(await pass()).toBeNull();
    expect(counts.get("zhonglian_audit_checked_totalblock")).toBe(2 * chain.height);
  });

  it.each<readonly [string, () => void | Promise<void>, RegExp]>([
    [
      "a page of the state",
      () => damage(pageKey(somePage()), last),
      /page .*: (page .* has not the hash|the tree has not the root)/,
    ],
    ["the root page", () => damage(pageKey(""), last), /page : /],
    ["a page that is gone", () => world.chain.store.put([{ key: pageKey(somePage()), value: null }]), /page .* is missing/],
    ["an object", () => damage(objectKey("note", note), last), /object note .*: the state holds another version/],
    [
      "an older version of an object",
      async () => damage(await olderVersion(), last),
      /history .*: the state of its height held another/,
    ],
    [
      "what a page was",
      () => damage(pageUndoKey("", 5), last),
      /(history|past) .*: (the state of its height has not the root|the tree had not|a page)/,
    ],
    ["a header", () => damage(blockKey(3), (length) => length - 40), /block [34]: /],
    [
      "a block that is gone",
      () => world.chain.store.put([{ key: blockKey(3), value: null }]),
      /block 3: block or commit is missing/,
    ],
    ["a commit", () => damage(commitKey(4), (length) => Math.floor(length / 2)), /block 4: a signature of its commit is wrong/],
    [
      "a transaction",
      () => damage(transactionKey(firstTransaction()), () => 30),
      /block 1: transaction .* (is another|is missing|does not decode)/,
    ],
    [
      "a receipt",
      () => damage(transactionKey(firstTransaction()), last),
      /block 1: (the receipts are not the header's|a stored record)/,
    ],
  ])("stops the node for %s that was changed on the disk", async (_, harm, reason) => {
    expect(await auditor().pass()).toBeNull();
    await harm();
    expect(await auditor().pass()).toMatch(reason);
  });

  it("comes in some pass to whatever a page deep in the tree was", async () => {
    const { pass } = auditor();
    expect(await pass()).toBeNull();
    const undos = await world.chain.store.range({ from: pageUndoKey("0", 0), to: pageUndoKey("g", 0), limit: 1_000 });
    const deep = undos.filter(({ value }) => value.length > 64);
    // Under many a page there is no older version whose place in the tree would be looked at.
    let isHidden = false;
    for (const { key, value } of deep) {
      damage(key, last);
      isHidden = (await audit().history(await versions())) === null;
      if (isHidden) break;
      world.chain.store.put([{ key, value }]);
    }
    expect(isHidden).toBe(true);
    let reason: string | null = null;
    for (let passes = 0; reason === null && passes < 64; passes++) reason = await pass();
    expect(reason).toMatch(/past [0-9]+ [0-9a-f]*: page [0-9a-f]+ had not the hash that stood above it/);
  });

  it("does not believe a finding that is gone at the next look", async () => {
    const { step, pass, isWaiting } = auditor();
    const key = pageKey(somePage());
    const sound = world.chain.store.get(key)?.slice() ?? null;
    damage(key, last);
    await step();
    expect(isWaiting()).toBe(true);
    world.chain.store.put([{ key, value: sound }]);
    expect(await pass()).toBeNull();
  });

  it("takes little memory for a look at a few objects, many times a minute as it is", async () => {
    const all = allObjectsOfAllKinds();
    const [entry] = await world.chain.store.range({ ...all, limit: 1 });
    if (entry === undefined) throw new Error("there are no objects");
    // What the collector frees meanwhile is less, so of several looks the dearest counts.
    const taken = Array.from({ length: 8 }, () => {
      const before = process.memoryUsage().arrayBuffers;
      expect(audit().objects([entry])).toBeNull();
      return process.memoryUsage().arrayBuffers - before;
    });
    expect(Math.max(...taken)).toBeLessThan(1024 * 1024);
  });

  it("goes on while blocks are made, and ends when it is told to", async () => {
    const { step, passes, stop, isWaiting } = auditor();
    for (let serial = 700; passes() < 1; serial++) {
      if (serial % 3 === 0) registerFirm(world, firm(`new ${serial}`, testUscc(serial)), ["SELLER"]);
      await step();
    }
    stop();
    await step();
    expect(isWaiting()).toBe(false);
  });
});

/** A page that is not the root's. */
function somePage(): string {
  for (const nibble of "0123456789abcdef") if (world.chain.store.get(pageKey(nibble)) !== undefined) return nibble;
  throw new Error("the tree has one page only");
}

function versions() {
  return world.chain.store.range({ ...allHistory(), limit: 10_000 });
}

/** The key of an entry of the history that tells of an object and not of its removal. */
async function olderVersion(): Promise<Uint8Array> {
  const entry = (await versions()).find(({ value }) => value.length > 32);
  if (entry === undefined) throw new Error("nothing was ever changed");
  return entry.key;
}

function firstTransaction(): Hash {
  const [pair] = world.chain.blocks.block(1)?.pairs ?? [];
  if (pair === undefined) throw new Error("block 1 holds a transaction");
  return pair.id;
}
