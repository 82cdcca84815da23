import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { verifyNative } from "../adapters/ed25519-native.ts";
import type { StoreStep } from "../adapters/failpoints.ts";
import { LevelStore } from "../adapters/level-store.ts";
import { nativeHasher } from "../adapters/native-hasher.ts";
import { storedHead } from "../node/chain-store.ts";
import { isHalfJoined, SnapshotJoiner } from "../node/snapshot-joiner.ts";
import { JoinError, onlyAsk, peersAsSources, type SnapshotSources } from "../node/snapshot-sources.ts";
import type { Logger } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import type { ChainIdentity, Checkpoint } from "../types/genesis.ts";
import type { Hash, Height, PublicKey } from "../types/scalars.ts";
import { SettingsError } from "./settings.ts";

/** `height:id`, or nothing. Throws SettingsError. */
export function parseCheckpoint(text: string): Checkpoint | null {
  if (text === "") return null;
  const [, height, id] = /^([0-9]{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (height === undefined || id === undefined)
    throw new SettingsError("CHECKPOINT_INVALID", `"checkpoint" must be height:id (64 hex digits), not "${text.slice(0, 80)}"`);
  return { height: Number(height), id: id as Hash };
}

interface Joining {
  /** Where the chain is to be; made beside it, and put there when it is whole. */
  readonly folder: string;
  readonly identity: ChainIdentity;
  readonly checkpoint: Checkpoint | null;
  readonly logger: Logger;
  /** Between two attempts; absent: as long as a peer may take to come back. */
  readonly pause?: (delayMs: number) => Promise<void>;
  /** Where drills may stop the process. */
  readonly reach?: (step: StoreStep) => void;
}

/** Where the chain of this folder is made: nothing but joining ever opens it, so that what is half there is taken for nothing. */
function makingOf(folder: string): string {
  return `${folder}.joining`;
}

/** Who has a chain, or gets one otherwise, needs nothing of what an interrupted joining left. */
export function dropJoining(folder: string): void {
  rmSync(makingOf(folder), { recursive: true, force: true });
}

/**
 * Fills the chain's folder by a snapshot of these sources. What an earlier call left, whatever ended it, counts as long as the same
 * snapshot is offered. Answers the height joined at. Throws JoinError.
 */
export async function joinBySnapshot(joining: Joining, sources: SnapshotSources): Promise<Height> {
  const { folder, logger } = joining;
  let height = await fill(joining, sources);
  for (; height === null; height = await fill(joining, sources)) {
    logger.warn("what was begun of a snapshot is given up: it is not offered any more");
    dropJoining(folder);
  }
  renameSync(makingOf(folder), folder);
  // Before the node signs anything its chain is where it will be looked for.
  const parent = openSync(dirname(folder), "r");
  fsyncSync(parent);
  closeSync(parent);
  return height;
}

/** null: what is there is in the way. */
async function fill(joining: Joining, sources: SnapshotSources): Promise<Height | null> {
  const { folder, identity, checkpoint, logger, reach, pause } = joining;
  const store = await LevelStore.open(makingOf(folder), reach === undefined ? {} : { reach });
  let isWorthKeeping = true;
  try {
    // The process ended when all was there but the name.
    const head = storedHead(store);
    if (head !== undefined) return head.height;
    const joiner = new SnapshotJoiner({
      identity,
      checkpoint,
      store,
      sources,
      hasher: nativeHasher,
      verify: verifyNative,
      logger,
      pause: pause ?? ((delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs))),
    });
    return await joiner.join();
  } catch (error) {
    if (error instanceof JoinError && error.code === "SNAPSHOT_OTHER") return null;
    isWorthKeeping = isHalfJoined(store);
    throw error;
  } finally {
    await store.close();
    if (!isWorthKeeping) dropJoining(folder);
  }
}

interface Asking {
  readonly identity: ChainIdentity;
  readonly self: PublicKey;
  /** Node keys of configured addresses, beside those of the genesis. */
  readonly contacts: ReadonlySet<PublicKey>;
}

/** All nodes that may be asked before the table of members is known. */
export function nodesToAsk({ identity, self, contacts }: Asking): ReadonlySet<PublicKey> {
  return new Set([...identity.genesis.members.map(({ nodeKey }) => nodeKey), ...contacts].filter((key) => key !== self));
}

/**
 * From the members' nodes. A chain of which nobody has a snapshot yet is fetched block by block afterwards; but once a part of one is here,
 * the peers that had it are waited for, or others with a newer one.
 */
export async function joinByPeers(
  joining: Joining & {
    readonly transport: Transport;
  } & Asking,
): Promise<void> {
  const { folder, transport, logger } = joining;
  onlyAsk(transport, nodesToAsk(joining));
  const sources = peersAsSources(transport);
  logger.info("asking the members' nodes for a snapshot to join by");
  for (;;) {
    try {
      await joinBySnapshot(joining, sources);
      return;
    } catch (error) {
      if (!(error instanceof JoinError) || error.code === "CHECKPOINT_CONTRADICTED") throw error;
      const { code, message: reason } = error;
      if (existsSync(makingOf(folder))) {
        logger.warn("joining by a snapshot is interrupted, and will go on", { code, reason });
      } else if (code === "NO_SNAPSHOT") {
        logger.warn("not joining by a snapshot, but by all blocks", { code, reason });
        return;
      } else throw error;
    }
  }
}
