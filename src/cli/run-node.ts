import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileAppender } from "../adapters/append-file.ts";
import { systemMonotonicClock, systemWallClock } from "../adapters/clocks.ts";
import { DrivenClock } from "../adapters/driven-clock.ts";
import { Failpoints, type FileStep } from "../adapters/failpoints.ts";
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
import { StoreAudit } from "../node/store-audit.ts";
import type { Logger } from "../ports/observe.ts";
import { LocalNode } from "../rpc/local-node.ts";
import { RpcServer } from "../rpc/server.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import type { Hash, Height, PublicKey } from "../types/scalars.ts";
import { joinByPeers, parseCheckpoint } from "./join-node.ts";
import { readAddresses, readDirectory, readGenesis, readPassphrase, readSecretFile } from "./node-files.ts";
import { makeSnapshots, rebuildIndices } from "./node-snapshots.ts";
import { type Settings, SettingsError } from "./settings.ts";
import { waitForSpace, watchSpace } from "./space-watch.ts";
import { VERSION } from "./version.ts";

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
  const self = identity.genesis.members.find(({ id }) => id === settings.member);
  if (self === undefined) {
    throw new SettingsError(
      "MEMBER_UNKNOWN",
      `the genesis has no member "${settings.member}"; it has ${identity.genesis.members.map(({ id }) => id).join(", ")}`,
    );
  }
  if ((settings.drivenClockFile === "") !== (identity.genesis.clock === "wall")) {
    throw new SettingsError(
      "CLOCK_MISMATCH",
      `the genesis has a ${identity.genesis.clock} clock, so drivenClockFile ${identity.genesis.clock === "wall" ? "must be empty" : "must be set"}`,
    );
  }
  const passphrase = readPassphrase(settings.passphraseFile);
  const nodeKey = await openKeystore(settings.nodeKeystore, passphrase);
  if (nodeKey.publicKey !== self.nodeKey)
    throw new SettingsError(
      "NODE_KEY_MISMATCH",
      `the node key of ${settings.nodeKeystore} is not the one the genesis has for ${self.id}`,
    );
  const authority = settings.authorityKeystore === "" ? null : await openKeystore(settings.authorityKeystore, passphrase);
  if (authority !== null && authority.publicKey !== self.authorityKey) {
    throw new SettingsError(
      "AUTHORITY_KEY_MISMATCH",
      `the authority key of ${settings.authorityKeystore} is not the one the genesis has for ${self.id}`,
    );
  }
  const logger = jsonLogger(settings.logLevel as LogLevel, { member: self.id });
  const checkpoint = parseCheckpoint(settings.checkpoint);
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
    const transport = newTransport(settings, identity, nodeKey, logger);
    const chainFolder = join(settings.dataFolder, "chain");
    const isJoining = settings.joinBy === "snapshot" && !existsSync(chainFolder);
    if (isJoining) {
      await transport.open();
      await joinByPeers({ folder: chainFolder, identity, checkpoint, transport, self: nodeKey.publicKey, logger });
    }
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
    if (!isJoining) await transport.open();
    closers.push(() => transport.stop());
    const verifier = new NativeVerifier(onFatal);
    closers.push(() => verifier.close());
    const metrics = new PrometheusMetrics(METRICS);
    const wall = settings.drivenClockFile === "" ? systemWallClock : new DrivenClock(settings.drivenClockFile);
    const options = { identity, member: self.id, signWithoutMemory: settings.signWithoutMemory };
    const snapshots = new SnapshotFolder(join(settings.dataFolder, "snapshots"));
    const node = new Node(checkpoint === null ? options : { ...options, checkpoint }, {
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
    closers.push(() => node.stop());
    const local = new LocalNode({ node, wall, transport, store, hasher: nativeHasher, identity, member: self.id });
    const rpc = new RpcServer(rpcOptions(settings, identity.genesis.network), {
      node: local,
      metricsText: () => metrics.text(),
      logger,
    });
    const rpcPort = await rpc.listen();
    closers.push(() => rpc.close());
    closers.push(watchSpace(settings.dataFolder, settings.freeBytesMin, node));
    await rebuildIndices(node, store, logger);
    makeSnapshots(node, settings.snapshotIntervalBlocks, { store, files: snapshots, logger });
    node.start();
    const audit = new StoreAudit({
      chain: node.chainStore,
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

function newTransport(
  settings: Settings,
  { chain, genesis }: ChainIdentity,
  key: { readonly seed: Uint8Array; readonly publicKey: PublicKey },
  logger: Logger,
): Libp2pTransport {
  const blocked = new Set(settings.blockedPeers.split(",").filter((name) => name !== ""));
  const keyOf = (name: string): PublicKey | undefined => genesis.members.find(({ id }) => id === name)?.nodeKey;
  return new Libp2pTransport({
    chain,
    seed: key.seed,
    self: key.publicKey,
    listen: [settings.listenAddress],
    addresses: new Map(
      Object.entries(readAddresses(settings.addressesFile)).flatMap(([name, list]) => {
        const peer = keyOf(name);
        return peer === undefined || name === settings.member ? [] : [[peer, list] as const];
      }),
    ),
    blocked: new Set([...blocked].flatMap((name) => keyOf(name) ?? [])),
    logger,
  });
}

function rpcOptions(settings: Settings, network: string) {
  const { rpcHost: host, rpcPort: port, rpcTlsCertFile, rpcTlsKeyFile, rpcTokenFile, rpcRequestsPerSecond } = settings;
  const tls =
    rpcTlsCertFile === "" || rpcTlsKeyFile === ""
      ? {}
      : { tls: { cert: readFileSync(rpcTlsCertFile, "utf8"), key: readFileSync(rpcTlsKeyFile, "utf8") } };
  const directory = settings.directoryFile === "" ? new Map<string, string>() : readDirectory(settings.directoryFile);
  const token = rpcTokenFile === "" ? {} : { token: readSecretFile(rpcTokenFile, "rpcTokenFile") };
  return { host, port, requestsPerSecond: rpcRequestsPerSecond, version: VERSION, network, directory, ...tls, ...token };
}
