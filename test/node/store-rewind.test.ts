import { beforeAll, describe, expect, it } from "vitest";
import { ALLIANCE_POLICY_ID } from "../../src/ledger/credit/cards.ts";
import type { LedgerObject } from "../../src/ledger/kinds.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Check } from "../../src/light/commit.ts";
import { blockKey, commitKey, isPageKey, transactionKey } from "../../src/node/chain-keys.ts";
import { ChainStore, rowsOfHeight } from "../../src/node/chain-store.ts";
import { encodingOf } from "../../src/node/object-store.ts";
import { StoreAudit } from "../../src/node/store-audit.ts";
import { StoreCheck } from "../../src/node/store-check.ts";
import { isDerivedKey, isObjectKey } from "../../src/node/store-keys.ts";
import { StoreRewind } from "../../src/node/store-rewind.ts";
import { ValidatorHistory } from "../../src/node/validator-history.ts";
import type { StoreEntry, StoreWrite } from "../../src/ports/store.ts";
import { cheapScheme, simulatedHasher } from "../../src/simulator/virtual-crypto.ts";
import { ChainForge } from "../../src/testnet/chain-forge.ts";
import { authoritiesOf, type ChainIdentity } from "../../src/types/genesis.ts";
import { type Height, type MemberId, ZERO_HASH } from "../../src/types/scalars.ts";
import { fourMachines } from "./support/forged.ts";
import { makerOf } from "./support/joining.ts";
import { MemorySnapshots } from "./support/memory-snapshots.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { VirtualMembers } from "./support/virtual-members.ts";

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const FOUNDERS = ["m0", "m1", "m2", "m3"];
const HEIGHT_MIN = 30;
/** Not a divisor of the heights: the last group is a smaller one. */
const GROUP_BLOCKS = 7;
const everything = { from: new Uint8Array(0), to: Uint8Array.of(0xff), limit: 1_000_000 };
const verify = ({ key, message, signature }: Check) => cheapScheme.verify(key, message, signature);

let identity: ChainIdentity;
/** What the store of a node that was there all the time held after each block. */
const stores = new Map<Height, MemoryStore>();
/** Heights with which the authorities became others. */
const changes: Height[] = [];
let top: Height;

/** Real nodes: parties register, proposers are late, a member joins, becomes an authority, and another one goes. */
beforeAll(() => {
  const members = new VirtualMembers(FOUNDERS);
  ({ identity } = members);
  const [first] = FOUNDERS.map((name) => members.start(name));
  first?.onBlock(({ block: { header } }) => {
    const store = new MemoryStore();
    const { stored } = members.machine("m0").disk.image();
    store.put([...stored].map(([key, value]) => ({ key: Uint8Array.from(Buffer.from(key, "latin1")), value })));
    stores.set(header.height, store);
    if (header.validators !== header.nextValidators) changes.push(header.height);
  });
  members.load("m0");
  members.stop("m3");
  members.until(() => members.height >= 6, "three go on without the fourth");
  members.start("m3");
  members.admit("m4");
  members.start("m4");
  members.promote("m4");
  members.decide({ kind: "removeAuthority", member: "m1" as MemberId }, members.authorities);
  members.until(() => members.height >= HEIGHT_MIN, "the chain is long enough");
  top = Math.max(...stores.keys());
}, 120_000);

function storeAt(height: Height): MemoryStore {
  const store = stores.get(height);
  if (store === undefined) throw new Error(`there is no store of height ${height}`);
  return store;
}

function copyOf(store: MemoryStore, writes: readonly StoreWrite[] = []): Promise<MemoryStore> {
  const copy = new MemoryStore();
  return store.range(everything).then((entries) => {
    copy.put([...entries, ...writes]);
    return copy;
  });
}

function chainOf(store: MemoryStore, of: ChainIdentity = identity): ChainStore {
  return new ChainStore(store, { chain: of.chain, stateRoot: ZERO_HASH, timeMs: of.genesis.timeMs });
}

async function rewound(from: MemoryStore, height: Height, snapshots = new MemorySnapshots(), of: ChainIdentity = identity) {
  const target = new MemoryStore();
  const source = { chain: chainOf(from, of), store: from };
  const modules = { identity: of, source, snapshots, target, hasher: simulatedHasher, verify, logger: SILENT };
  const report = await new StoreRewind(modules, GROUP_BLOCKS).to(height);
  return { target, report };
}

async function rows(
  store: MemoryStore,
  isOf: (key: Uint8Array) => boolean = () => true,
  partOf = ({ value }: StoreEntry) => value,
): Promise<ReadonlyMap<string, string>> {
  const entries = await store.range(everything);
  return new Map(entries.filter(({ key }) => isOf(key)).map((entry) => [toHex(entry.key), toHex(partOf(entry))]));
}

async function faults(store: MemoryStore): Promise<readonly string[]> {
  const chain = chainOf(store);
  const validators = new ValidatorHistory(chain.view, authoritiesOf(identity.genesis), () => chain.head.height);
  const setAt = (height: Height) => validators.at(height);
  const audit = new StoreAudit({ chain, store, hasher: simulatedHasher, chainId: identity.chain, setAt });
  return (await new StoreCheck({ chain, audit, state: store.snapshot(), hasher: simulatedHasher, verify }).run()).faults;
}

async function snapshotAt(height: Height, files: MemorySnapshots): Promise<void> {
  const store = storeAt(height);
  expect(await makerOf({ store, chain: chainOf(store) }, files).make()).toBe(height);
}

/** The newest store as a node has it that keeps nothing below `base`. */
async function prunedTo(base: Height): Promise<MemoryStore> {
  const store = await copyOf(storeAt(top));
  const chain = chainOf(store);
  store.put(chain.baseWrites(base));
  for (let height = 0; height < base; height++) {
    const { transactions, others } = rowsOfHeight(chain, height);
    store.put([...transactions.map(transactionKey), ...others].map((key) => ({ key, value: null })));
    store.put([chain.sweptWrite(height + 1)]);
  }
  return store;
}

describe("going back in a chain that is whole", () => {
  it("comes to every row as it was at that height, and to no other", async () => {
    expect(changes.length).toBeGreaterThanOrEqual(2);
    const source = storeAt(top);
    const before = await rows(source);
    // Before, with and after changes of the authorities; the first block; one that ends a group; the newest.
    const heights = new Set([1, GROUP_BLOCKS * 2, ...changes.flatMap((height) => [height - 1, height, height + 1]), top]);
    for (const height of heights) {
      const { target, report } = await rewound(source, height);
      const { block, stateRoot } = chainOf(storeAt(height)).head;
      expect(report).toEqual({ height, block, stateRoot, base: 0, executed: height });
      const [made, was] = [await rows(target), await rows(storeAt(height))];
      expect([...made.keys()]).toEqual([...was.keys()]);
      for (const [key, value] of was) expect([key, made.get(key)]).toEqual([key, value]);
    }
    expect(await rows(source)).toEqual(before);
  });

  it("leaves a store in which nothing is wrong, also at the genesis", async () => {
    for (const height of [0, 1, changes[0] as Height, top - 1]) {
      const { target } = await rewound(storeAt(top), height);
      expect(chainOf(target).head.height).toBe(height);
      expect(await faults(target)).toEqual([]);
    }
  });

  it("does not need what the source has beside blocks and transactions", async () => {
    const entries = await storeAt(top).range(everything);
    const spoilt = entries.filter(({ key }) => isObjectKey(key) || isDerivedKey(key) || isPageKey(key));
    const source = await copyOf(
      storeAt(top),
      spoilt.map(({ key }) => ({ key, value: null })),
    );
    const height = changes[1] as Height;
    expect(await rows((await rewound(source, height)).target)).toEqual(await rows(storeAt(height)));
  });

  it("says that the chain does not go as far", async () => {
    await expect(rewound(storeAt(top), top + 1)).rejects.toMatchObject({
      code: "HEIGHT_UNKNOWN",
      message: `the chain here ends at height ${top}, below ${top + 1}`,
    });
  });
});

describe("going back in a chain whose first blocks are not kept", () => {
  const BASE = 9;
  const LOWER = 12;
  const HIGHER = 20;

  it("begins with the lowest snapshot after which all blocks are kept", async () => {
    const files = new MemorySnapshots();
    for (const height of [BASE - 2, LOWER, HIGHER]) await snapshotAt(height, files);
    const source = await prunedTo(BASE);
    const before = await rows(source);
    for (const height of [LOWER, HIGHER + 3, top]) {
      const { target, report } = await rewound(source, height, files);
      expect(report).toMatchObject({ height, base: LOWER, executed: height - LOWER });
      expect(await faults(target)).toEqual([]);
      const was = storeAt(height);
      // Of the state, all is as it was; of an object that no block after the snapshot changed, the state does not tell since when it is.
      for (const isOf of [isPageKey, isDerivedKey]) expect(await rows(target, isOf)).toEqual(await rows(was, isOf));
      const encodings = (store: MemoryStore) => rows(store, isObjectKey, ({ value }) => encodingOf(value));
      expect(await encodings(target)).toEqual(await encodings(was));
      // And all that the blocks after it added.
      for (let at = LOWER + 1; at <= height; at++) {
        const ids =
          chainOf(was)
            .block(at)
            ?.pairs.map(({ id }) => transactionKey(id)) ?? [];
        for (const key of [blockKey(at), commitKey(at), ...ids])
          expect(toHex(target.get(key) as Uint8Array)).toBe(toHex(was.get(key) as Uint8Array));
      }
    }
    expect(await rows(source)).toEqual(before);
  });

  it("says that there is no way to what lies below", async () => {
    const source = await prunedTo(BASE);
    const files = new MemorySnapshots();
    await expect(rewound(source, HIGHER, files)).rejects.toMatchObject({ code: "HISTORY_PRUNED" });
    await snapshotAt(BASE - 2, files);
    await expect(rewound(source, HIGHER, files)).rejects.toMatchObject({ code: "HISTORY_PRUNED" });
    await snapshotAt(LOWER, files);
    await expect(rewound(source, LOWER - 1, files)).rejects.toMatchObject({
      code: "HISTORY_PRUNED",
      message: `no way to height ${LOWER - 1}: blocks are kept from ${BASE} on, and the lowest snapshot is of height ${LOWER}`,
    });
  });

  it("takes no snapshot that does not check", async () => {
    const files = new MemorySnapshots();
    await snapshotAt(LOWER, files);
    const pieces = files.whole.get(LOWER) as Map<string, Uint8Array>;
    for (const [name, bytes] of pieces) {
      const wrong = bytes.slice();
      const middle = wrong.length >> 1;
      wrong[middle] = (wrong[middle] as number) ^ 1;
      pieces.set(name, wrong);
      await expect(rewound(await prunedTo(BASE), HIGHER, files), name).rejects.toMatchObject({ code: "SNAPSHOT_INVALID" });
      pieces.set(name, bytes);
    }
  });
});

describe("a block that is not what it was", () => {
  const AT = 17;
  const refusal = (detail: string) => ({
    code: "BLOCK_NOT_REPRODUCED",
    message: expect.stringMatching(new RegExp(`^block ${AT} cannot be executed again: .*(${detail})`)),
  });

  async function without(...keys: readonly Uint8Array[]): Promise<MemoryStore> {
    return copyOf(
      storeAt(top),
      keys.map((key) => ({ key, value: null })),
    );
  }

  function harmed(key: Uint8Array, at: number): Promise<MemoryStore> {
    const value = storeAt(top).get(key)?.slice();
    if (value === undefined) throw new Error("there is nothing to harm");
    value.set([(value.at(at) as number) ^ 1], at < 0 ? value.length + at : at);
    return copyOf(storeAt(top), [{ key, value }]);
  }

  it("ends it there, with its height and what is wrong", async () => {
    const [pair] = chainOf(storeAt(top)).block(AT)?.pairs ?? [];
    if (pair === undefined) throw new Error("the block is empty");
    const tx = transactionKey(pair.id);
    const wrong: readonly (readonly [MemoryStore, string])[] = [
      [await without(blockKey(AT), commitKey(AT)), "it is missing"],
      [await without(commitKey(AT)), "block or commit is missing"],
      [await without(tx), "is missing or does not decode"],
      [await harmed(tx, 100), "is another|does not decode"],
      [await harmed(tx, -1), "the receipts are not the header's"],
      [await harmed(commitKey(AT), -20), "wrong signature|COMMIT_"],
      [await copyOf(storeAt(top), [{ key: blockKey(AT), value: Uint8Array.of(1) }]), "does not decode"],
    ];
    for (const [store, detail] of wrong) await expect(rewound(store, top)).rejects.toMatchObject(refusal(detail));
    // Below it nothing is the matter.
    for (const [store] of wrong) expect(await rows((await rewound(store, AT - 1)).target)).toEqual(await rows(storeAt(AT - 1)));
  });

  it("is refused even if a quorum signed it, when it does not come to its roots", async () => {
    const world = fourMachines();
    const store = new MemoryStore();
    const keys = world.machines.map(({ name, authoritySeed }) => ({
      member: name,
      sign: (message: Uint8Array) => cheapScheme.sign(authoritySeed, message),
    }));
    const forge = await ChainForge.open(world.identity, keys, { store, hasher: simulatedHasher });
    const { timeMs } = world.identity.genesis;
    for (let height = 1; height < AT; height++) await forge.append(timeMs + 50 * height, []);
    const policy = { kind: "riskPolicy", id: ALLIANCE_POLICY_ID } as const;
    const before = forge.objects.get(policy.kind, policy.id) as LedgerObject;
    await forge.preload(timeMs + 50 * AT, [{ ...policy, before, after: undefined }], []);
    await forge.append(timeMs + 50 * (AT + 1), []);
    await forge.flush();
    const files = new MemorySnapshots();
    await expect(rewound(store, AT + 1, files, world.identity)).rejects.toMatchObject(refusal("another state root"));
    expect((await rewound(store, AT - 1, files, world.identity)).report.executed).toBe(AT - 1);
  });
});
