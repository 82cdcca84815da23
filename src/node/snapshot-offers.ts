import { blockId, commitHash, evidenceRoot, headerSchema, txRoot, validatorsHash } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import type { AuthorityChange } from "../codec/proof.ts";
import { type SnapshotOffer, snapshotOfferSchema } from "../codec/snapshot.ts";
import { toHex } from "../lib/bytes.ts";
import { finalityFault, followChanges, type Trusted, type TrustFault, trustGenesis } from "../light/trust.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Block, Commit, Header } from "../types/block.ts";
import type { ChainIdentity, Checkpoint } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Height, PublicKey, Signature } from "../types/scalars.ts";
import { CheckpointAncestors } from "./checkpoint-ancestors.ts";
import { type Told, tellChanges } from "./snapshot-changes.ts";
import { askForSnapshot, JOIN_RETRIES_MAX, JOIN_RETRY_MS, JoinError, type SnapshotSources } from "./snapshot-sources.ts";

interface OffersModules {
  readonly identity: ChainIdentity;
  readonly checkpoint: Checkpoint | null;
  readonly sources: SnapshotSources;
  readonly hasher: Hasher;
  readonly verify: (key: PublicKey, message: Uint8Array, signature: Signature) => boolean;
  readonly pause: (delayMs: number) => Promise<void>;
}

/** A snapshot, and the way to its authorities as each of its sources tells it. */
export interface Offered {
  readonly block: Block;
  readonly id: BlockId;
  readonly commit: Commit;
  readonly nibbles: number;
  readonly objects: number;
  readonly ways: readonly { readonly source: string; readonly changes: readonly AuthorityChange[] }[];
}

/** The snapshot of which an interrupted joining left something. */
export interface Begun {
  readonly height: Height;
  readonly block: BlockId;
  readonly nibbles: number;
}

/** An offer that checks, and who makes it. */
interface Taken {
  readonly source: string;
  readonly offer: SnapshotOffer;
  readonly changes: readonly AuthorityChange[];
}

/** Not what a correct node has. */
type OfferFault = TrustFault | "CHECKPOINT_CONTRADICTED" | "TX_ROOT" | "LAST_COMMIT" | "EVIDENCE_ROOT";

/** Who is connected first is not to be the only one: others get a moment. */
const SETTLE_RETRIES = 2;
/** And those that have what is here in part a longer one. */
const BEGUN_RETRIES = 6;

/** Finds the snapshot to join by among those that are offered. Nothing is believed but what the genesis, and the checkpoint if there is one, lead to. */
export class SnapshotOffers {
  readonly #m: OffersModules;
  readonly #refused = new Map<string, string>();
  /** By their sources and bytes: who is asked again mostly offers the same. */
  readonly #taken = new Map<string, Taken>();
  /** By the block and the changes told: what many tell alike is verified once. */
  readonly #judged = new Map<string, Trusted | OfferFault>();
  readonly #ancestors: CheckpointAncestors | null;
  /** Whether a snapshot was offered from which nobody showed the way to the checkpoint. */
  #isWayMissing = false;

  constructor(modules: OffersModules) {
    this.#m = modules;
    const { checkpoint } = modules;
    this.#ancestors = checkpoint === null ? null : new CheckpointAncestors({ ...modules, checkpoint });
  }

  /** The one begun, as long as somebody offers it; else the highest that checks. Throws {@link JoinError}. */
  async choose(begun: Begun | null): Promise<Offered> {
    const checkpoint = await this.#checkpointHeader();
    for (let retry = 0; retry < JOIN_RETRIES_MAX; retry++) {
      const found = await this.#offers(begun, checkpoint);
      const same = begun === null ? undefined : found.get(begun.block);
      if (same !== undefined && same.nibbles === begun?.nibbles && (await this.#leadsToCheckpoint(same))) return same;
      const isSettled = retry >= (begun === null ? SETTLE_RETRIES : BEGUN_RETRIES);
      for (const offered of [...found.values()].sort(higherFirst)) {
        if (!isSettled && (begun !== null || offered.ways.length < 2)) break;
        if (await this.#leadsToCheckpoint(offered)) return offered;
      }
      await this.#m.pause(JOIN_RETRY_MS);
    }
    throw this.#nothing();
  }

  #nothing(): JoinError {
    const faults = new Set(this.#refused.values());
    if (faults.has("CHECKPOINT_CONTRADICTED"))
      return new JoinError(
        "CHECKPOINT_CONTRADICTED",
        "every snapshot offered is of a chain that has not the block of the checkpoint",
      );
    if (this.#isWayMissing)
      return new JoinError(
        "NO_SNAPSHOT",
        `no snapshot is offered of height ${this.#m.checkpoint?.height} of the checkpoint or above, and nobody shows the headers between it and one below`,
      );
    return new JoinError("NO_SNAPSHOT", "no peer offers a snapshot that checks");
  }

  /** All that check, by their blocks. */
  async #offers(begun: Begun | null, checkpoint: Header | null): Promise<ReadonlyMap<BlockId, Offered>> {
    const heights = begun === null ? [0] : [0, begun.height];
    const asked = this.#m.sources.names().filter((source) => !this.#refused.has(source));
    const answers = await Promise.all(
      asked.flatMap((source) => heights.map((height) => this.#offerOf(source, height, checkpoint))),
    );
    const found = new Map<BlockId, Offered>();
    for (const answer of answers) {
      if (answer === null) continue;
      const { source, offer, changes } = answer;
      const block = offer.block as Block;
      const id = blockId(block.header, this.#m.hasher.sha256);
      const known = found.get(id);
      const way = { source, changes };
      if (known === undefined) {
        const { nibbles, objects, commit } = offer;
        found.set(id, { block, id, commit: commit as Commit, nibbles, objects, ways: [way] });
      } else if (known.nibbles === offer.nibbles && known.ways.every((each) => each.source !== source))
        found.set(id, { ...known, ways: [...known.ways, way] });
    }
    return found;
  }

  /**
   * Of a block from the checkpoint's height on, what was seen when it was offered. One below it has to be among those that the checkpoint
   * descends from: then nobody's signature is needed for that.
   */
  async #leadsToCheckpoint({ block, id, ways }: Offered): Promise<boolean> {
    const { checkpoint } = this.#m;
    const { height } = block.header;
    if (checkpoint === null || this.#ancestors === null || height >= checkpoint.height) return true;
    const ancestor = await this.#ancestors.at(height);
    if (ancestor === id) return true;
    if (ancestor === null) this.#isWayMissing = true;
    else for (const { source } of ways) this.#refuse(source, "CHECKPOINT_CONTRADICTED");
    return false;
  }

  async #offerOf(source: string, height: Height, checkpoint: Header | null): Promise<Taken | null> {
    const { sources, hasher } = this.#m;
    const response = await askForSnapshot(sources, source, "offer", height, 0);
    if (response === null) return null;
    const key = `${source} ${toHex(hasher.sha256(response))}`;
    const known = this.#taken.get(key);
    if (known !== undefined) return known;
    const decoded = decode(snapshotOfferSchema, response, LIMITS.responseBytesMax);
    if (!decoded.ok) return this.#refuse(source, decoded.error.code);
    const offer = decoded.value;
    const asked = { height: offer.block.header.height, count: offer.changes };
    const told = await tellChanges(sources, source, asked, hasher);
    if (told === null) return null;
    if (typeof told === "string") return this.#refuse(source, told);
    const fault = this.#fault(offer, told, checkpoint);
    if (fault !== null) return this.#refuse(source, fault);
    const taken = { source, offer, changes: told.changes };
    this.#taken.set(key, taken);
    return taken;
  }

  #refuse(source: string, fault: string): null {
    this.#refused.set(source, fault);
    this.#m.sources.penalise(source, `snapshot: ${fault}`);
    return null;
  }

  #fault(offer: SnapshotOffer, told: Told, checkpoint: Header | null): OfferFault | null {
    const { header, pairs, lastCommit, evidence } = offer.block as Block;
    const digest = this.#m.hasher.sha256;
    const key = `${blockId(header, digest)} ${told.digest}`;
    const trusted = this.#judged.get(key) ?? this.#trusted(header, told.changes, checkpoint);
    this.#judged.set(key, trusted);
    if (typeof trusted === "string") return trusted;
    if (header.txRoot !== txRoot(pairs, digest)) return "TX_ROOT";
    // The block is kept as it came, and a store in which it is not its header's would be found to be damaged.
    if (header.lastCommit !== commitHash(lastCommit, digest)) return "LAST_COMMIT";
    if (header.evidenceRoot !== evidenceRoot(evidence, digest)) return "EVIDENCE_ROOT";
    return finalityFault(trusted, header, offer.commit as Commit, this.#engine);
  }

  get #engine() {
    return { verify: this.#m.verify, sha256: this.#m.hasher.sha256 };
  }

  /**
   * The authorities of the snapshot's block, by every change since the genesis. These have to come to the checkpoint's authorities at its
   * height, with its block if it is itself a change: who was an authority before can sign another history up to there, and is not believed; of
   * what comes after, those of the checkpoint have to sign.
   */
  #trusted(header: Header, changes: readonly AuthorityChange[], checkpoint: Header | null): Trusted | OfferFault {
    const genesis = trustGenesis(this.#m.identity);
    if (checkpoint === null || header.height < checkpoint.height) return this.#follow(genesis, changes);
    const { height, validators, nextValidators } = checkpoint;
    const digest = this.#m.hasher.sha256;
    const id = blockId(checkpoint, digest);
    const isOther = (shown: Header): boolean => shown.height === height && blockId(shown, digest) !== id;
    if ([header, ...changes.map((change) => change.header as Header)].some(isOther)) return "CHECKPOINT_CONTRADICTED";
    const before = this.#follow(
      genesis,
      changes.filter((change) => change.header.height < height),
    );
    if (typeof before === "string") return before;
    if (validatorsHash(before.set, digest) !== validators) return "CHECKPOINT_CONTRADICTED";
    // The checkpoint is the snapshot's own block: nothing comes after it.
    if (header.height === height) return before;
    const after = this.#follow(
      before,
      changes.filter((change) => change.header.height === height),
    );
    if (typeof after === "string") return after;
    if (validatorsHash(after.set, digest) !== nextValidators) return "CHECKPOINT_CONTRADICTED";
    return this.#follow(
      after,
      changes.filter((change) => change.header.height > height),
    );
  }

  #follow(trusted: Trusted, changes: readonly AuthorityChange[]): Trusted | OfferFault {
    const followed = followChanges(trusted, changes, this.#engine);
    return followed.ok ? followed.value : followed.error.fault;
  }

  /** Known by its id, whoever shows it; null if there is no checkpoint. */
  async #checkpointHeader(): Promise<Header | null> {
    const { checkpoint, sources, hasher, pause } = this.#m;
    if (checkpoint === null) return null;
    for (let retry = 0; retry < JOIN_RETRIES_MAX; retry++) {
      for (const source of sources.names()) {
        const response = await askForSnapshot(sources, source, "header", checkpoint.height, 0);
        const decoded = response === null ? null : decode(headerSchema, response, LIMITS.requestBytesMax);
        if (decoded?.ok && blockId(decoded.value as Header, hasher.sha256) === checkpoint.id) return decoded.value as Header;
      }
      await pause(JOIN_RETRY_MS);
    }
    throw new JoinError(
      "CHECKPOINT_UNPROVEN",
      `nobody shows the block of the checkpoint, height ${checkpoint.height}: it is not on their chain, or no longer kept by any of them`,
    );
  }
}

function higherFirst(left: Offered, right: Offered): number {
  return right.block.header.height - left.block.header.height;
}
