import { describe, expect, it } from "vitest";
import type { ObjectChange } from "../../src/ledger/book.ts";
import type { ObjectOf } from "../../src/ledger/objects.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { pageKey } from "../../src/node/chain-keys.ts";
import { allDerived, allObjectsOfAllKinds } from "../../src/node/store-keys.ts";
import type { StoreRange } from "../../src/ports/store.ts";
import { cheapScheme, simulatedHasher } from "../../src/simulator/virtual-crypto.ts";
import { ChainForge } from "../../src/testnet/chain-forge.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { checkerOf } from "./support/checking-store.ts";
import { fourMachines } from "./support/forged.ts";
import { MemoryStore } from "./support/memory-store.ts";

const NOTES = 700;
const world = fourMachines();
const { timeMs } = world.identity.genesis;

async function forgeIn(store: MemoryStore): Promise<ChainForge> {
  const keys = world.machines.map(({ name, authoritySeed }) => ({
    member: name,
    sign: (message: Uint8Array) => cheapScheme.sign(authoritySeed, message),
  }));
  const forge = await ChainForge.open(world.identity, keys, { store, hasher: simulatedHasher });
  await forge.append(timeMs + 50, []);
  return forge;
}

function noteOf(number: number, version = 1): ObjectOf<"note"> {
  const named = (what: string): Hash => toHex(simulatedHasher.sha256(new TextEncoder().encode(`${what} ${number}`))) as Hash;
  return {
    id: named("note"),
    version,
    receivable: named("receivable"),
    parent: null,
    depth: 0,
    currency: "CNY",
    amount: BigInt(number * version + 1),
    holder: named("holder"),
    position: "OPEN",
    ref: null,
    hold: null,
    dispute: null,
  };
}

function change(before: ObjectOf<"note"> | undefined, after: ObjectOf<"note">): ObjectChange {
  return { kind: "note", id: after.id, before, after };
}

async function rows(store: MemoryStore, range: Pick<StoreRange, "from" | "to">) {
  return (await store.range({ ...range, limit: 1_000_000 })).map(({ key, value }) => [toHex(key), toHex(value)]);
}

const all = { from: pageKey(""), to: pageKey("g") };

describe("a chain that imports a state", () => {
  const fresh = Array.from({ length: NOTES }, (_, number) => change(undefined, noteOf(number)));
  const again = fresh.slice(0, 9).map(({ after }, number) => change(after as ObjectOf<"note">, noteOf(number, 2)));

  it("has the state that changes of the parent's state make: objects, indices, totals, pages and root", async () => {
    const [imported, changed] = [new MemoryStore(), new MemoryStore()];
    const [importing, changing] = [await forgeIn(imported), await forgeIn(changed)];
    await importing.import(timeMs + 100, async (put) => {
      await put(fresh);
      await put(again);
    });
    const last = [...again.map(({ id, after }) => ({ kind: "note" as const, id, before: undefined, after })), ...fresh.slice(9)];
    await changing.preload(timeMs + 100, last, []);
    await changing.flush();
    expect(importing.store.head.stateRoot).toBe(changing.store.head.stateRoot);
    for (const range of [allDerived("index"), allDerived("total"), all])
      expect(await rows(imported, range)).toEqual(await rows(changed, range));
    expect(await imported.range({ ...allObjectsOfAllKinds(), limit: 10_000 })).toHaveLength(
      (await changed.range({ ...allObjectsOfAllKinds(), limit: 10_000 })).length,
    );
  });

  it("goes on with what it imported, and a look at all of its store finds nothing", async () => {
    const store = new MemoryStore();
    const forge = await forgeIn(store);
    await forge.import(timeMs + 100, (put) => put(fresh));
    expect(forge.objects.get("note", noteOf(3).id)).toEqual(noteOf(3));
    await forge.append(timeMs + 150, []);
    await forge.flush();
    expect(forge.store.base).toBe(2);
    expect(forge.store.head.height).toBe(3);
    expect((await checkerOf(world.identity, forge.store, store)()).faults).toEqual([]);
  });
});
