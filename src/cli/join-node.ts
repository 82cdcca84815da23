import { renameSync, rmSync } from "node:fs";
import { verifyNative } from "../adapters/ed25519-native.ts";
import { LevelStore } from "../adapters/level-store.ts";
import { nativeHasher } from "../adapters/native-hasher.ts";
import { JoinError, SnapshotJoiner, type SnapshotSources } from "../node/snapshot-joiner.ts";
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
}

/** Fills the chain's folder by a snapshot of these sources. Throws JoinError. */
export async function joinBySnapshot(joining: Joining, sources: SnapshotSources): Promise<Height> {
  const { folder, identity, checkpoint, logger } = joining;
  const making = `${folder}.joining`;
  rmSync(making, { recursive: true, force: true });
  const store = await LevelStore.open(making);
  try {
    const joiner = new SnapshotJoiner({
      identity,
      checkpoint,
      store,
      sources,
      hasher: nativeHasher,
      verify: verifyNative,
      logger,
      pause: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
    });
    const height = await joiner.join();
    await store.close();
    renameSync(making, folder);
    return height;
  } catch (error) {
    await store.close();
    rmSync(making, { recursive: true, force: true });
    throw error;
  }
}

interface Asking {
  readonly transport: Transport;
  readonly identity: ChainIdentity;
  readonly self: PublicKey;
  /** Node keys of configured addresses, beside those of the genesis. */
  readonly contacts: ReadonlySet<PublicKey>;
}

/** Connects to members' nodes as one that has nothing to give: before its own store is whole. */
export function onlyAsk({ transport, identity, self, contacts }: Asking): void {
  const keys = [...identity.genesis.members.map(({ nodeKey }) => nodeKey), ...contacts].filter((key) => key !== self);
  transport.allow(new Set(keys));
  transport.start({
    onConnected: () => undefined,
    onDisconnected: () => undefined,
    onConsensus: () => undefined,
    onGossip: () => undefined,
    onRequest: (_peer, _protocol, _request, respond) => respond(null),
  });
}

/** From the members' nodes. A chain of which nobody has a snapshot yet is fetched block by block afterwards. */
export async function joinByPeers(
  joining: Joining & {
    readonly transport: Transport;
  } & Asking,
): Promise<void> {
  const { transport, logger } = joining;
  onlyAsk(joining);
  const sources: SnapshotSources = {
    names: () => transport.peers().map(({ nodeKey }) => nodeKey),
    ask: (source, request) => new Promise((resolve) => transport.request(source as PublicKey, "snapshots", request, resolve)),
    penalise: (source, reason) => transport.penalise(source as PublicKey, reason),
  };
  try {
    await joinBySnapshot(joining, sources);
  } catch (error) {
    if (!(error instanceof JoinError) || error.code === "CHECKPOINT_UNPROVEN") throw error;
    logger.warn("not joining by a snapshot, but by all blocks", { code: error.code, reason: error.message });
  }
}
