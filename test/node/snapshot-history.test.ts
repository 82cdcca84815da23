import { beforeAll, describe, expect, it } from "vitest";
import { blockId, validatorsHash } from "../../src/codec/block.ts";
import { decode } from "../../src/codec/cbor.ts";
import type { AuthorityChange } from "../../src/codec/proof.ts";
import { encode } from "../../src/codec/schema.ts";
import { changesPageSchema, headersPageSchema, type SnapshotOffer, snapshotOfferSchema } from "../../src/codec/snapshot.ts";
import { voteSignBytes } from "../../src/codec/vote.ts";
import { publicKeyOf } from "../../src/crypto/ed25519.ts";
import type { ChainStore } from "../../src/node/chain-store.ts";
import { IndexRebuild } from "../../src/node/index-rebuild.ts";
import { type Headers, SnapshotReader } from "../../src/node/snapshot-reader.ts";
import type { SnapshotSources } from "../../src/node/snapshot-sources.ts";
import { ValidatorHistory } from "../../src/node/validator-history.ts";
import { cheapScheme, simulatedHasher } from "../../src/simulator/virtual-crypto.ts";
import { seedOf, type World } from "../../src/simulator/world.ts";
import type { Commit, Header } from "../../src/types/block.ts";
import { authoritiesOf, type Checkpoint } from "../../src/types/genesis.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash, Height, MemberId, PublicKey } from "../../src/types/scalars.ts";
import type { ValidatorSet } from "../../src/types/validator-set.ts";
import { until } from "../e2e/support.ts";
import { type Answering, AskedPeers, honest, requestOf } from "./support/asked-peers.ts";
import { follower, forgedChain, fourMachines } from "./support/forged.ts";
import { chainIn, joinerOf, makerOf } from "./support/joining.ts";
import { MemorySnapshots } from "./support/memory-snapshots.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { honestly, PeersInProcess } from "./support/peers.ts";

const now = () => Promise.resolve();
const digest = simulatedHasher.sha256;
/** With the block of this height the members have removed one of four authorities. */
const CHANGE = 5;
const CHECKPOINT = 8;
const SNAPSHOT = 10;
const files = new MemorySnapshots();
/** Made of the very block with which the authorities change. */
const filesOfChange = new MemorySnapshots();
let world: World;
let chain: ChainStore;
let founders: ValidatorSet;
let secrets: ReadonlyMap<PublicKey, Uint8Array>;
let checkpoint: Checkpoint;
/** A snapshot as a source tells of it. */
interface History {
  readonly offer: SnapshotOffer;
  readonly changes: readonly AuthorityChange[];
}
let truth: History;

beforeAll(async () => {
  world = fourMachines();
  founders = authoritiesOf(world.identity.genesis);
  secrets = new Map(world.machines.map(({ authorityKey, authoritySeed }) => [authorityKey, authoritySeed]));
  const forged = await forgedChain(world, CHANGE - 2, 2);
  ({ chain } = forged);
  const make = (into: MemorySnapshots) => makerOf(forged, into).make();
  await forged.decide({ kind: "removeAuthority", member: (founders[3] as { member: MemberId }).member });
  expect(await make(filesOfChange)).toBe(CHANGE);
  await forged.extend(SNAPSHOT - CHANGE, 2);
  expect(await make(files)).toBe(SNAPSHOT);
  await forged.extend(3, 2);
  checkpoint = { height: CHECKPOINT, id: chain.commit(CHECKPOINT)?.block as Hash };
  const decoded = decode(snapshotOfferSchema, (await files.read(SNAPSHOT, "offer")) as Uint8Array, LIMITS.responseBytesMax);
  if (!decoded.ok) throw new Error(decoded.error.detail);
  truth = { offer: decoded.value, changes: await chain.authorityChanges(SNAPSHOT, 10) };
  expect(decoded.value.changes).toBe(1);
  expect(truth.changes.map(({ header }) => header.height)).toEqual([CHANGE]);
});

function joining(sources: SnapshotSources, against: Checkpoint | null, store = new MemoryStore()) {
  return { store, joined: joinerOf(world, sources, store, against).join() };
}

function peers(answering: Readonly<Record<string, Answering>>, headers: Headers | null = chain, of = files): AskedPeers {
  return new AskedPeers(new SnapshotReader({ files: of, chain: headers }), answering);
}

function offering({ offer, changes }: History): Answering {
  const bytes = encode(snapshotOfferSchema, { ...offer, changes: changes.length });
  return (request, answer) => {
    const { what, number } = requestOf(request);
    if (what === "offer") return bytes;
    return what === "changes" ? encode(changesPageSchema, changes.slice(number)) : answer;
  };
}

/** A set of keys that the founders never voted for. */
function usurpers(count: number): ValidatorSet {
  const seeds = Array.from({ length: count }, (_, index) => seedOf(`usurper ${index}`));
  const keys = seeds.map((seed) => [publicKeyOf(seed), seed] as const);
  secrets = new Map([...secrets, ...keys]);
  return keys.map(([key], index) => ({ member: `usurper-${index}` as MemberId, key }));
}

/** The header of a true block, altered, with the commit of all of a set. */
function signed(
  height: Height,
  altered: Partial<Header>,
  set: ValidatorSet,
): { readonly header: Header; readonly commit: Commit } {
  const header = { ...(chain.block(Math.min(height, chain.head.height))?.header as Header), height, ...altered };
  const block = blockId(header, digest);
  const message = voteSignBytes(world.identity.chain, { height, round: 0, kind: "precommit", block }, digest);
  const sigs = set.map(({ key }, index) => ({ index, sig: cheapScheme.sign(secrets.get(key) as Uint8Array, message) }));
  return { header, commit: { height, round: 0, block, sigs } };
}

/** As those who sign it would have it: with this block others follow them. */
function handedOn(height: Height, from: ValidatorSet, to: ValidatorSet): AuthorityChange {
  const altered = { validators: validatorsHash(from, digest), nextValidators: validatorsHash(to, digest) };
  return { ...signed(height, altered, from), set: to };
}

/** A snapshot that looks newer than the true one, of a chain on which these are the authorities. */
function snapshotOf(set: ValidatorSet, changes: readonly AuthorityChange[]): History {
  const validators = validatorsHash(set, digest);
  const height = SNAPSHOT + 20;
  const { offer } = truth;
  const altered = { ...(offer.block.header as Header), height, validators, nextValidators: validators };
  const { header, commit } = signed(height, altered, set);
  return { offer: { ...offer, block: { ...offer.block, header }, commit }, changes };
}

describe("keys of removed authorities", () => {
  it("sign a second history for nobody who knows a checkpoint, and the honest peer is joined by", async () => {
    const others = usurpers(4);
    const histories: Readonly<Record<string, History>> = {
      "other authorities than those of the checkpoint": snapshotOf(others, [handedOn(3, founders, others)]),
      "no change at all": snapshotOf(founders, []),
      "another block at the checkpoint's height": snapshotOf(others, [
        ...truth.changes,
        handedOn(CHECKPOINT, (truth.changes[0] as AuthorityChange).set, others),
      ]),
    };
    for (const [what, history] of Object.entries(histories)) {
      const both = peers({ forger: offering(history), honest });
      const { store, joined } = joining(both, checkpoint);
      expect(await joined, what).toBe(SNAPSHOT);
      expect(both.reasons, what).toContainEqual(["forger", "snapshot: CHECKPOINT_CONTRADICTED"]);
      expect(both.penalised, what).not.toContain("honest");
      expect(await opened(store).authorityChanges(SNAPSHOT, 10), what).toEqual(truth.changes);
      await expect(joining(peers({ forger: offering(history) }), checkpoint).joined, what).rejects.toMatchObject({
        code: "CHECKPOINT_CONTRADICTED",
      });
      // It has everything that the genesis alone asks for: without the checkpoint it is taken for the higher of two.
      const deceived = peers({ forger: offering(history), honest });
      await expect(joining(deceived, null).joined, what).rejects.toMatchObject({ code: "SNAPSHOT_GONE" });
      expect(deceived.reasons, what).toEqual([]);
    }
  });

  it("put no change below a checkpoint into the list of one who joins by the true state", async () => {
    const others = usurpers(4);
    const remaining = (truth.changes[0] as AuthorityChange).set;
    // Each is signed by those before it, and at the checkpoint they are the true ones.
    const detour = [handedOn(3, founders, others), handedOn(6, others, remaining)];
    for (const against of [checkpoint, null]) {
      const forger = offering({ ...truth, changes: detour });
      const both = peers({ forger, honest });
      const { store, joined } = joining(both, against);
      expect(await joined).toBe(SNAPSHOT);
      expect(both.reasons).toEqual([["forger", "snapshot: CHANGES_UNPROVEN"]]);
      expect(await opened(store).authorityChanges(SNAPSHOT, 10)).toEqual(truth.changes);
      await expect(joining(peers({ forger }), against).joined).rejects.toMatchObject({ code: "CHANGES_UNPROVEN" });
      await expect(joining(peers({ forger: offering({ ...truth, changes: [] }) }), against).joined).rejects.toMatchObject({
        code: against === null ? "NO_SNAPSHOT" : "CHECKPOINT_CONTRADICTED",
      });
    }
  });
});

describe("a checkpoint", () => {
  const at = (height: Height): Checkpoint => ({ height, id: chain.commit(height)?.block as Hash });

  it("may be any block up to the snapshot's, as far as its header is shown", async () => {
    for (const height of [1, CHANGE - 1, CHANGE, CHANGE + 1, SNAPSHOT - 1, SNAPSHOT])
      expect(await joining(peers({ honest }), at(height)).joined, `height ${height}`).toBe(SNAPSHOT);
    // An exported snapshot holds the headers of the window, and those of all changes.
    for (const height of [CHANGE, CHANGE + 1, SNAPSHOT])
      expect(await joining(peers({ honest }, null), at(height)).joined, `height ${height} by files`).toBe(SNAPSHOT);
  });

  it("may be above every snapshot, if its parents lead to the snapshot's block", async () => {
    for (const height of [SNAPSHOT + 1, SNAPSHOT + 3]) {
      const later = peers({ honest });
      expect(await joining(later, at(height)).joined, `height ${height}`).toBe(SNAPSHOT);
      expect(later.penalised, `height ${height}`).toEqual([]);
    }
  });

  it("above every snapshot is joined by whatever peers show of the way down, one of whom is enough", async () => {
    const wrong: Readonly<Record<string, Answering>> = {
      nothing: () => null,
      noise: () => Uint8Array.of(1, 2, 3),
      none: () => Uint8Array.of(0x80),
      others: () => encode(headersPageSchema, [chain.block(2)?.header as Header]),
      half: (_, answer) => answer?.slice(0, answer.length / 2) ?? null,
    };
    for (const [what, answering] of Object.entries(wrong)) {
      const liar: Answering = (request, answer) => (requestOf(request).what === "headers" ? answering(request, answer) : answer);
      const both = peers({ liar, honest });
      expect(await joining(both, at(SNAPSHOT + 2)).joined, what).toBe(SNAPSHOT);
      expect(both.penalised, what).toEqual(what === "nothing" ? [] : ["liar"]);
      const alone = joining(peers({ liar }), at(SNAPSHOT + 2)).joined;
      await expect(alone, what).rejects.toMatchObject({ code: "NO_SNAPSHOT", message: expect.stringMatching(/headers/) });
    }
  });

  it("above every snapshot is no ancestor's of a second history, by whomever it is signed", async () => {
    const others = usurpers(4);
    const changes = [handedOn(3, founders, others)];
    const { offer } = snapshotOf(others, changes);
    const forged = { ...(offer.block.header as Header), height: SNAPSHOT };
    const { header, commit } = signed(SNAPSHOT, forged, others);
    const forger = offering({ offer: { ...offer, block: { ...offer.block, header }, commit }, changes });
    const both = peers({ forger, honest });
    expect(await joining(both, at(SNAPSHOT + 2)).joined).toBe(SNAPSHOT);
    expect(both.reasons).toEqual([["forger", "snapshot: CHECKPOINT_CONTRADICTED"]]);
    await expect(joining(peers({ forger }), at(SNAPSHOT + 2)).joined).rejects.toMatchObject({ code: "CHECKPOINT_CONTRADICTED" });
  });

  it("of another chain is shown by nobody", async () => {
    const foreign = { height: CHECKPOINT, id: "ab".repeat(32) as Hash };
    await expect(joining(peers({ honest }), foreign).joined).rejects.toMatchObject({ code: "CHECKPOINT_UNPROVEN" });
  });
});

describe("a snapshot of the block with which the authorities change", () => {
  it("leads to those that the state names, who sign the next block", async () => {
    const { store, joined } = joining(peers({ honest }, chain, filesOfChange), null);
    expect(await joined).toBe(CHANGE);
    const own = opened(store);
    const history = new ValidatorHistory(own.view, founders, () => own.tip.height);
    expect(history.at(CHANGE)).toEqual(founders);
    expect(history.at(CHANGE + 1)).toEqual(founders.slice(0, 3));
    await new IndexRebuild({ store, pause: now }).run();
    const node = follower(
      world,
      store,
      new PeersInProcess(chain, new Map([[world.machines[1]?.nodeKey as PublicKey, honestly]])),
    );
    node.start();
    await until(() => node.head.height === chain.head.height && !node.isSyncing, "the joiner has caught up");
    node.stop();
  });
});

function opened(store: MemoryStore): ChainStore {
  return chainIn(store, world);
}
