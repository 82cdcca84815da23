import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileAppender } from "../adapters/append-file.ts";
import { systemMonotonicClock, systemWallClock } from "../adapters/clocks.ts";
import { DrivenClock } from "../adapters/driven-clock.ts";
import { Failpoints, type FileStep, type StoreStep } from "../adapters/failpoints.ts";
import { openKeystore } from "../adapters/keystore.ts";
import { keystoreSigner } from "../adapters/keystore-signer.ts";
import { LevelStore } from "../adapters/level-store.ts";
import { Libp2pTransport } from "../adapters/libp2p-transport.ts";
import { jsonLogger, type LogLevel } from "../adapters/logger.ts";
import { PrometheusMetrics } from "../adapters/metrics.ts";
import { nativeHasher } from "../adapters/native-hasher.ts";
import { checkSignatureEngine, NativeVerifier } from "../adapters/native-verifier.ts";
import { SnapshotFolder } from "../adapters/snapshot-folder.ts";
import { Auditor } from "../node/auditor.ts";
import { METRICS } from "../node/metrics.ts";
import { Node } from "../node/node.ts";
import { makeSnapshots } from "../node/snapshot-making.ts";
import { StoreAudit } from "../node/store-audit.ts";
import { LocalNode } from "../rpc/local-node.ts";
import { RpcServer } from "../rpc/server.ts";
import type { Genesis } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import { parseKeep } from "../types/retention.ts";
import type { Hash, Height, MemberId, PublicKey } from "../types/scalars.ts";
import { AddressBook } from "./address-book.ts";
import { dropJoining, joinByPeers, parseCheckpoint } from "./join-node.ts";
import { watchBackups } from "./node-backups.ts";
import { readAddresses, readDirectory, readGenesis, readPassphrase, readSecretFile } from "./node-files.ts";
import { rebuildIndices } from "./node-snapshots.ts";
import { type Settings, SettingsError } from "./settings.ts";
import { waitForSpace, watchDisk, watchSpace } from "./space-watch.ts";
import { VERSION } from "./version.ts";

const SNAPSHOT_REST_MS = 10;

export interface RunningNode {
  readonly rpcPort: number;
  readonly chain: Hash;
  readonly height: Height;
  readonly stop: () => Promise<void>;
}

/** Composes and starts the node of a folder, in the order in which things can be wrong. Throws errors with a stable `code`. */
export async function runNode(settings: Settings, onFatal: (error: Error) => void): Promise<RunningNode> {
  checkSignatureEngine();
  const identity = readGenesis(settings.genesisFile);
  const member = settings.member as MemberId;
  if ((settings.drivenClockFile === "") !== (identity.genesis.clock === "wall")) {
    throw new SettingsError(
      "CLOCK_MISMATCH",
      `the genesis has a ${identity.genesis.clock} clock, so drivenClockFile ${identity.genesis.clock === "wall" ? "must be empty" : "must be set"}`,
    );
  }
  const passphrase = readPassphrase(settings.passphraseFile);
  const nodeKey = await openKeystore(settings.nodeKeystore, passphrase);
  checkNodeKey(identity.genesis, settings, nodeKey.publicKey);
  const authority = settings.authorityKeystore === "" ? null : await openKeystore(settings.authorityKeystore, passphrase);
  const logger = jsonLogger(settings.logLevel as LogLevel, { member });
  const checkpoint = parseCheckpoint(settings.checkpoint);
  const keep = parseKeep(settings.keep);
  if (keep === undefined)
    throw new SettingsError(
      "SETTING_WRONG",
      `"keep" must be all, last N blocks (N at least ${LIMITS.keepBlocksMin}) or last D days, not "${settings.keep.slice(0, 32)}"`,
    );
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  await waitForSpace(settings.dataFolder, settings.freeBytesMin, logger);
  const failpoints = new Failpoints(process.env.ZHONGLIAN_FAILPOINT);
  const pointsOf = (file: string) => ({
    isNext: (step: FileStep) => failpoints.isNext(`${file}.${step}`),
    reach: (step: FileStep) => failpoints.reach(`${file}.${step}`),
  });
  const closers: (() => Promise<void> | void)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const blocked = new Set<string | undefined>(settings.blockedPeers.split(",").filter((name) => name !== ""));
    const book = new AddressBook(readAddresses(settings.addressesFile));
    // Members come, go and change their keys: whose key it is the node says, once there is one.
    let memberOf = (peer: PublicKey): MemberId | undefined => identity.genesis.members.find((each) => each.nodeKey === peer)?.id;
    const transport = new Libp2pTransport({
      chain: identity.chain,
      seed: nodeKey.seed,
      self: nodeKey.publicKey,
      listen: [settings.listenAddress],
      addresses: { get: (peer) => book.of(peer, memberOf(peer)) },
      blocked: { has: (peer) => blocked.has(memberOf(peer)) },
      logger,
    });
    const chainFolder = join(settings.dataFolder, "chain");
    const isJoining = settings.joinBy === "snapshot" && !existsSync(chainFolder);
    if (isJoining) {
      await transport.open();
      closers.push(() => transport.stop());
      const { contacts } = book;
      const reach = (step: StoreStep): void => failpoints.reach(`store.${step}`);
      const joining = { folder: chainFolder, identity, checkpoint, logger, reach };
      await joinByPeers({ ...joining, transport, contacts, self: nodeKey.publicKey });
    }
    dropJoining(chainFolder);
    const store = await LevelStore.open(chainFolder, {
      onDamage: onFatal,
      reach: (step) => failpoints.reach(`store.${step}`),
    });
    closers.push(() => store.close());
    const consensusLog = new FileAppender(join(settings.dataFolder, "consensus.log"), pointsOf("log"));
    const guardLog = new FileAppender(join(settings.dataFolder, "guard.log"), pointsOf("guard"));
    closers.push(
      () => consensusLog.close(),
      () => guardLog.close(),
    );
    if (!isJoining) {
      await transport.open();
      closers.push(() => transport.stop());
    }
    const verifier = new NativeVerifier(onFatal);
    closers.push(() => verifier.close());
    const metrics = new PrometheusMetrics(METRICS);
    const wall = settings.drivenClockFile === "" ? systemWallClock : new DrivenClock(settings.drivenClockFile);
    const options = {
      identity,
      member,
      signWithoutMemory: settings.signWithoutMemory,
      contacts: book.contacts,
      keep,
      makesSnapshots: settings.snapshotIntervalBlocks > 0,
      ...(checkpoint === null ? {} : { checkpoint }),
    };
    const snapshots = new SnapshotFolder(join(settings.dataFolder, "snapshots"));
    const node = new Node(options, {
      wall,
      clock: systemMonotonicClock,
      store,
      consensusLog,
      guardLog,
      transport,
      signer: authority === null ? null : keystoreSigner(authority, () => failpoints.reach("signer.signed")),
      verifier,
      hasher: nativeHasher,
      logger,
      metrics,
      snapshots,
      fatal: onFatal,
    });
    memberOf = (peer) => node.memberOf(peer);
    closers.push(() => node.stop());
    const local = new LocalNode({ node, wall, transport, store, hasher: nativeHasher, identity, member });
    const rpc = new RpcServer(rpcOptions(settings, identity.genesis.network), {
      node: local,
      metricsText: () => metrics.text(),
      logger,
    });
    const rpcPort = await rpc.listen();
    closers.push(() => rpc.close());
    closers.push(watchSpace(settings.dataFolder, settings.freeBytesMin, node), watchDisk(chainFolder, metrics));
    await rebuildIndices(node, store, logger);
    closers.push(watchBackups(settings, { store, logger }));
    makeSnapshots(node, settings.snapshotIntervalBlocks, {
      store,
      files: snapshots,
      hasher: nativeHasher,
      logger,
      // Longer than a slice of the work between two of these takes: the node has most of its time for everything else.
      pause: () => new Promise((resolve) => setTimeout(resolve, SNAPSHOT_REST_MS)),
    });
    node.start();
    const audit = new StoreAudit({
      chain: node.chainStore,
      store,
      hasher: nativeHasher,
      chainId: identity.chain,
      setAt: (height) => node.validatorsAt(height),
    });
    const head = () => node.head;
    const auditor = new Auditor({
      audit,
      store,
      head,
      clock: systemMonotonicClock,
      verifier,
      metrics,
      logger,
      fatal: onFatal,
    });
    auditor.start();
    closers.push(() => auditor.stop());
    logger.info("node started", { chain: identity.chain, height: node.head.height, rpcPort, listen: transport.listening() });
    return { rpcPort, chain: identity.chain, height: node.head.height, stop: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/**
 * The keystore is this member's: its node key is the genesis's, unless the members voted for another. Who is not in the genesis joined
 * later, or is to join; whoever has another member's key has another member's folder.
 */
function checkNodeKey({ members }: Genesis, settings: Settings, nodeKey: PublicKey): void {
  const own = members.find(({ id }) => id === settings.member);
  const owner = members.find((member) => member.nodeKey === nodeKey);
  if (own === undefined && owner !== undefined) {
    throw new SettingsError(
      "MEMBER_UNKNOWN",
      `the genesis has no member "${settings.member}"; the node key of ${settings.nodeKeystore} is that of ${owner.id}`,
    );
  }
  if (own === undefined || own.nodeKey === nodeKey || (settings.nodeKeyChanged && owner === undefined)) return;
  throw new SettingsError(
    "NODE_KEY_MISMATCH",
    `the node key of ${settings.nodeKeystore} is not the one the genesis has for ${own.id}: if the members voted for it, set nodeKeyChanged`,
  );
}

function rpcOptions(settings: Settings, network: string) {
  const { rpcHost: host, rpcPort: port, rpcTlsCertFile, rpcTlsKeyFile, rpcTokenFile, rpcRequestsPerSecond } = settings;
  const tls =
    rpcTlsCertFile === "" || rpcTlsKeyFile === ""
      ? {}
      : { tls: { cert: readPem(rpcTlsCertFile, "rpcTlsCertFile"), key: readPem(rpcTlsKeyFile, "rpcTlsKeyFile") } };
  const directory = settings.directoryFile === "" ? new Map<string, string>() : readDirectory(settings.directoryFile);
  const token = rpcTokenFile === "" ? {} : { token: readSecretFile(rpcTokenFile, "rpcTokenFile") };
  return { host, port, requestsPerSecond: rpcRequestsPerSecond, version: VERSION, network, directory, ...tls, ...token };
}

function readPem(path: string, setting: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new SettingsError("TLS_FILE_UNREADABLE", `cannot read ${setting} ${path}: ${(error as Error).message}`);
  }
}
