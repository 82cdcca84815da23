import { mkdirSync, readFileSync } from "node:fs";
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
import { METRICS } from "../node/metrics.ts";
import { Node } from "../node/node.ts";
import { LocalNode } from "../rpc/local-node.ts";
import { RpcServer } from "../rpc/server.ts";
import type { PublicKey } from "../types/scalars.ts";
import { readAddresses, readGenesis, readPassphrase, readSecretFile } from "./node-files.ts";
import { type Settings, SettingsError } from "./settings.ts";
import { waitForSpace, watchSpace } from "./space-watch.ts";
import { VERSION } from "./version.ts";

export interface RunningNode {
  readonly rpcPort: number;
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
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  await waitForSpace(settings.dataFolder, settings.freeBytesMin, logger);
  const failpoints = new Failpoints(process.env.ZHONGLIAN_FAILPOINT);
  const pointsOf = (file: string) => ({
    isNext: (step: FileStep) => failpoints.isNext(`${file}.${step}`),
    reach: (step: FileStep) => failpoints.reach(`${file}.${step}`),
  });
  const store = await LevelStore.open(join(settings.dataFolder, "chain"), {
    onDamage: onFatal,
    reach: (step) => failpoints.reach(`store.${step}`),
  });
  const closers: (() => Promise<void> | void)[] = [() => store.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const consensusLog = new FileAppender(join(settings.dataFolder, "consensus.log"), pointsOf("log"));
    const guardLog = new FileAppender(join(settings.dataFolder, "guard.log"), pointsOf("guard"));
    closers.push(
      () => consensusLog.close(),
      () => guardLog.close(),
    );
    const blocked = new Set(settings.blockedPeers.split(",").filter((name) => name !== ""));
    const addresses = readAddresses(settings.addressesFile);
    const keyOf = (name: string): PublicKey | undefined => identity.genesis.members.find(({ id }) => id === name)?.nodeKey;
    const transport = new Libp2pTransport({
      chain: identity.chain,
      seed: nodeKey.seed,
      self: nodeKey.publicKey,
      listen: [settings.listenAddress],
      addresses: new Map(
        Object.entries(addresses).flatMap(([name, list]) => {
          const key = keyOf(name);
          return key === undefined || name === self.id ? [] : [[key, list] as const];
        }),
      ),
      blocked: new Set([...blocked].flatMap((name) => keyOf(name) ?? [])),
      logger,
    });
    await transport.open();
    closers.push(() => transport.stop());
    const verifier = new NativeVerifier(onFatal);
    closers.push(() => verifier.close());
    const metrics = new PrometheusMetrics(METRICS);
    const wall = settings.drivenClockFile === "" ? systemWallClock : new DrivenClock(settings.drivenClockFile);
    const options = { identity, member: self.id, signWithoutMemory: settings.signWithoutMemory };
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
      fatal: onFatal,
    });
    closers.push(() => node.stop());
    const local = new LocalNode({ node, wall, transport, store, hasher: nativeHasher, identity, member: self.id });
    const rpc = new RpcServer(rpcOptions(settings), { node: local, metricsText: () => metrics.text(), logger });
    const rpcPort = await rpc.listen();
    closers.push(() => rpc.close());
    closers.push(watchSpace(settings.dataFolder, settings.freeBytesMin, node));
    node.start();
    logger.info("node started", { chain: identity.chain, height: node.head.height, rpcPort, listen: transport.listening() });
    return { rpcPort, stop: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function rpcOptions(settings: Settings) {
  const { rpcHost: host, rpcPort: port, rpcTlsCertFile, rpcTlsKeyFile, rpcTokenFile, rpcRequestsPerSecond } = settings;
  const tls =
    rpcTlsCertFile === "" || rpcTlsKeyFile === ""
      ? {}
      : { tls: { cert: readFileSync(rpcTlsCertFile, "utf8"), key: readFileSync(rpcTlsKeyFile, "utf8") } };
  const token = rpcTokenFile === "" ? {} : { token: readSecretFile(rpcTokenFile, "rpcTokenFile") };
  return { host, port, requestsPerSecond: rpcRequestsPerSecond, version: VERSION, ...tls, ...token };
}
