import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { verifyNative } from "../adapters/ed25519-native.ts";
import { createKeystore } from "../adapters/keystore.ts";
import { LevelStore } from "../adapters/level-store.ts";
import { jsonLogger } from "../adapters/logger.ts";
import { nativeHasher } from "../adapters/native-hasher.ts";
import { SnapshotFolder } from "../adapters/snapshot-folder.ts";
import type { Check } from "../light/commit.ts";
import type { ChainStore } from "../node/chain-store.ts";
import { StoreRewind } from "../node/store-rewind.ts";
import type { Store } from "../ports/store.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import type { Height } from "../types/scalars.ts";
import { type Settings, SettingsError } from "./settings.ts";
import { requireRoomToCopy } from "./space-watch.ts";

/** Nobody's name in a genesis: whoever starts the copy is no member. */
const MEMBER = "rewound";

export const verifyCheck = ({ key, message, signature }: Check): boolean => verifyNative(key, message, signature);

/**
 * A node's folder, whole or not at all, whose chain ends at `height`. It can be started to read there, and stays there: it
 * has an empty address book, a transport key that no member knows, and neither an authority key nor guard or log to sign with.
 */
export async function makeRewoundNode(
  settings: Settings,
  identity: ChainIdentity,
  source: { readonly chain: ChainStore; readonly store: Store; readonly from: string },
  height: Height,
  to: string,
): Promise<object> {
  const { from, ...kept } = source;
  if (existsSync(to)) throw new SettingsError("FOLDER_EXISTS", `${to} is there already: nothing is written over`);
  const making = `${resolve(to)}.making`;
  rmSync(making, { recursive: true, force: true });
  try {
    mkdirSync(join(making, "data"), { recursive: true, mode: 0o700 });
    await requireRoomToCopy(from, making, settings.freeBytesMin);
    const target = await LevelStore.open(join(making, "data", "chain"));
    const snapshots = new SnapshotFolder(join(settings.dataFolder, "snapshots"));
    const logger = jsonLogger("warn", { member: settings.member });
    const modules = { identity, source: kept, snapshots, target, hasher: nativeHasher, verify: verifyCheck, logger };
    const report = await new StoreRewind(modules).to(height).finally(() => target.close());
    await makeReader(making, settings);
    renameSync(making, resolve(to));
    return { to, ...report, canSign: false };
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    throw error;
  }
}

async function makeReader(folder: string, { genesisFile, drivenClockFile }: Settings): Promise<void> {
  const passphrase = randomBytes(16).toString("hex");
  mkdirSync(join(folder, "keys"), { mode: 0o700 });
  writeFileSync(join(folder, "passphrase"), `${passphrase}\n`, { mode: 0o600 });
  await createKeystore(join(folder, "keys", "node.json"), randomBytes(32), passphrase);
  copyFileSync(genesisFile, join(folder, "genesis.json"));
  writeFileSync(join(folder, "addresses.json"), "{}\n");
  const settings = {
    member: MEMBER,
    authorityKeystore: "",
    // Any port: nobody is to find it.
    listenAddress: "/ip4/127.0.0.1/tcp/0",
    ...(drivenClockFile === "" ? {} : { drivenClockFile: resolve(drivenClockFile) }),
  };
  writeFileSync(join(folder, "settings.json"), `${JSON.stringify(settings, null, 2)}\n`);
}
