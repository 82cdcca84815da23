import { beforeAll, describe, expect, it } from "vitest";
import type { AuthorityChange } from "../../src/codec/proof.ts";
import { encode } from "../../src/codec/schema.ts";
import { changesPageSchema } from "../../src/codec/snapshot.ts";
import { ChainStore } from "../../src/node/chain-store.ts";
import { changesName } from "../../src/node/snapshot-maker.ts";
import { SnapshotReader } from "../../src/node/snapshot-reader.ts";
import { ValidatorHistory } from "../../src/node/validator-history.ts";
import { authoritiesOf } from "../../src/types/genesis.ts";
import { LIMITS } from "../../src/types/limits.ts";
import { type Hash, type Height, type MemberId, ZERO_HASH } from "../../src/types/scalars.ts";
import { type Answering, AskedPeers, honest, requestOf } from "./support/asked-peers.ts";
import { forgedChain, fourMachines } from "./support/forged.ts";
import { chainIn, joinerOf, makerOf } from "./support/joining.ts";
import { MemorySnapshots } from "./support/memory-snapshots.ts";
import { MemoryStore } from "./support/memory-store.ts";

/** `ZHONGLIAN_AUTHORITY_CHANGES=2400` is ten years of twenty members that change their keys every month; by the usual pages then. */
const CHANGES = Number(process.env.ZHONGLIAN_AUTHORITY_CHANGES ?? 7);
const PER_PAGE = CHANGES > LIMITS.snapshotChangesPerPage ? LIMITS.snapshotChangesPerPage : 3;
const world = fourMachines();
const founders = authoritiesOf(world.identity.genesis);
const files = new MemorySnapshots();
let forged: Awaited<ReturnType<typeof forgedChain>>;

beforeAll(async () => {
  forged = await forgedChain(world, 1, 1);
  const { member, key } = founders[3] as { readonly member: MemberId; readonly key: never };
  for (let change = 0; change < CHANGES; change++)
    await forged.decide(
      change % 2 === 0 ? { kind: "removeAuthority", member } : { kind: "addAuthority", member, authorityKey: key },
    );
  await forged.extend(2, 1);
  expect(await makerOf(forged, files, { changesPerPage: PER_PAGE }).make()).toBe(forged.chain.head.height);
}, 600_000);

/** One whose authorities change for ever. */
class Endless extends ChainStore {
  override async authorityChanges(_before: Height, limit: number, from: Height = 0): Promise<readonly AuthorityChange[]> {
    const [change] = (await super.authorityChanges(Number.MAX_SAFE_INTEGER, 1)) as [AuthorityChange];
    return Array.from({ length: limit }, (_, at) => ({ ...change, header: { ...change.header, height: from + at } }));
  }
}

function peers(answering: Readonly<Record<string, Answering>>): AskedPeers {
  return new AskedPeers(new SnapshotReader({ files, chain: null }), answering);
}

describe("a chain whose authorities changed more often than one answer could tell", { timeout: 600_000 }, () => {
  it("is joined by a snapshot, and the joiner knows all of them", async () => {
    const store = new MemoryStore();
    expect(await joinerOf(world, peers({ one: honest, two: honest }), store).join()).toBe(forged.chain.head.height);
    const [own, { head }] = [chainIn(store, world), forged.chain];
    const changes = await own.authorityChanges(head.height, CHANGES + 1);
    expect(changes).toHaveLength(CHANGES);
    expect(changes).toEqual(await forged.chain.authorityChanges(head.height, CHANGES + 1));
    const history = new ValidatorHistory(own.view, founders, () => own.tip.height);
    for (const [index, { header }] of changes.entries())
      expect(history.at(header.height + 1)).toEqual(index % 2 === 0 ? founders.slice(0, 3) : founders);
  });

  it("may be checked by a block of any of the changes as the checkpoint, from files alone", async () => {
    const changes = await forged.chain.authorityChanges(forged.chain.head.height, CHANGES);
    for (const at of [0, PER_PAGE - 1, PER_PAGE, CHANGES - 1]) {
      const { height } = (changes[at] as { readonly header: { readonly height: number } }).header;
      const checkpoint = { height, id: forged.chain.commit(height)?.block as Hash };
      const joined = joinerOf(world, peers({ honest }), new MemoryStore(), checkpoint).join();
      expect(await joined, `change ${at}`).toBe(forged.chain.head.height);
    }
  });

  it("is not joined by what a source tells that leaves out a page, tells it twice, or stops", async () => {
    const page = async (first: number) => (await files.read(forged.chain.head.height, changesName(first))) as Uint8Array;
    const [first, second] = [await page(0), await page(PER_PAGE)];
    const changes = await forged.chain.authorityChanges(forged.chain.head.height, CHANGES);
    const all = encode(changesPageSchema, changes.slice(0, PER_PAGE + 1));
    const liars: Readonly<Record<string, readonly [RegExp | null, (number: number) => Uint8Array | null | undefined]>> = {
      "the first page twice": [/HEIGHT_NOT_ABOVE/, (number) => (number === PER_PAGE ? first : undefined)],
      "the second page first": [/AUTHORITIES_OTHER|HEIGHT_NOT_ABOVE/, (number) => (number === 0 ? second : undefined)],
      "no changes": [/CHANGES_MALFORMED/, () => encode(changesPageSchema, [])],
      "more than it offers": [/CHANGES_MALFORMED/, () => all],
      "nothing more": [null, (number) => (number === PER_PAGE ? null : undefined)],
    };
    for (const [what, [fault, tell]] of Object.entries(liars)) {
      const liar: Answering = (request, answer) => {
        const { what: asked, number } = requestOf(request);
        const told = asked === "changes" ? tell(number) : undefined;
        return told === undefined ? answer : told;
      };
      const both = peers({ liar, honest });
      expect(await joinerOf(world, both, new MemoryStore()).join(), what).toBe(forged.chain.head.height);
      expect(both.reasons, what).toEqual(fault === null ? [] : [["liar", expect.stringMatching(fault)]]);
      await expect(joinerOf(world, peers({ liar }), new MemoryStore()).join(), what).rejects.toMatchObject({
        code: "NO_SNAPSHOT",
      });
    }
  });

  it("is made no snapshot of when nobody would follow so many, and says so", async () => {
    const { chain, genesis } = world.identity;
    const endless = new Endless(forged.store, { chain, stateRoot: ZERO_HASH, timeMs: genesis.timeMs });
    const codes: unknown[] = [];
    const note = (_: string, data?: Readonly<Record<string, unknown>>) => void codes.push(data?.code);
    const logger = { debug: note, info: note, warn: note, error: note };
    const none = new MemorySnapshots();
    expect(await makerOf({ store: forged.store, chain: endless }, none, { logger }).make()).toBeNull();
    expect(codes).toEqual(["CHANGES_TOO_MANY"]);
    expect(await none.heights()).toEqual([]);
  });

  it("asks nobody twice for what is offered again", async () => {
    let pages = 0;
    const counted: Answering = (request, answer) => {
      if (requestOf(request).what === "changes") pages += 1;
      return answer;
    };
    // Who is alone is asked for its offer several times: others may come.
    await joinerOf(world, peers({ counted }), new MemoryStore()).join();
    expect(pages).toBe(Math.ceil(CHANGES / PER_PAGE));
  });
});
