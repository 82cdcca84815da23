import { cpSync, existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { verifyNative } from "../../adapters/ed25519-native.ts";
import { LevelStore, StoreOpenError } from "../../adapters/level-store.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import type { Check } from "../../light/commit.ts";
import { ChainStore } from "../../node/chain-store.ts";
import { IndexRebuild } from "../../node/index-rebuild.ts";
import { StoreAudit } from "../../node/store-audit.ts";
import { StoreCheck, type StoreReport } from "../../node/store-check.ts";
import { ValidatorHistory } from "../../node/validator-history.ts";
import { authoritiesOf, type ChainIdentity } from "../../types/genesis.ts";
import { ZERO_HASH } from "../../types/scalars.ts";
import { backupOf, requestBackup } from "../node-backups.ts";
import { readGenesis } from "../node-files.ts";
import { integer } from "../options.ts";
import { print } from "../output.ts";
import { loadSettings, SettingsError } from "../settings.ts";

interface StoreOptions {
  readonly dir: string;
  readonly from?: string;
  readonly json?: boolean;
  readonly seconds?: number;
}

const DAMAGED = "chain.damaged";
const BACKUP_LIMIT_S = 3_600;

/** What an operator does to a node's store: back it up, put it back, look whether it is sound, mend it. */
export function storeCommand(done: (status: number) => void): Command {
  const store = new Command("store").description("back up, restore, check and repair a node's chain store");
  const sub = (name: string, description: string): Command =>
    store
      .command(name)
      .description(description)
      .requiredOption("--dir <folder>", "the node's folder")
      .option("--json", "print JSON");
  sub("backup", "copy the store into data/backups, also while the node runs; guard and log are never part of it")
    .option("--seconds <limit>", "how long to wait for a running node", integer(1, 86_400), BACKUP_LIMIT_S)
    .action(async ({ dir, json, seconds }: StoreOptions) => {
      print({ folder: await backup(dir, seconds ?? BACKUP_LIMIT_S) }, json === true);
    });
  sub("restore", "put a backup in the place of the store of a node that does not run")
    .requiredOption("--from <folder>", "the backup")
    .action(({ dir, from, json }: StoreOptions) => {
      print(restore(dir, String(from)), json === true);
    });
  sub(
    "check",
    "look at every block, page, object, index and total of a node that does not run; status 1 if anything is wrong",
  ).action(async ({ dir, json }: StoreOptions) => {
    const report = await check(dir);
    print(report, json === true);
    done(report.faults.length === 0 ? 0 : 1);
  });
  sub("repair", "make indices anew if only they are wrong; else set the store aside, for the next start to fetch it from peers")
    .option("--from <folder>", "or take this backup")
    .action(async ({ dir, from, json }: StoreOptions) => {
      print(await repair(dir, from), json === true);
    });
  return store;
}

interface Opened {
  readonly store: LevelStore;
  readonly chain: ChainStore;
  readonly identity: ChainIdentity;
}

async function open(dir: string): Promise<Opened> {
  const { dataFolder, genesisFile } = loadSettings(dir, process.env, {});
  const identity = readGenesis(genesisFile);
  const folder = join(dataFolder, "chain");
  if (!existsSync(folder)) throw new SettingsError("CHAIN_MISSING", `the node in ${dir} has no chain yet`);
  const store = await LevelStore.open(folder);
  try {
    const chain = new ChainStore(store, { chain: identity.chain, stateRoot: ZERO_HASH, timeMs: identity.genesis.timeMs });
    return { store, chain, identity };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function backup(dir: string, seconds: number): Promise<string> {
  const { dataFolder } = loadSettings(dir, process.env, {});
  try {
    const { store } = await open(dir);
    try {
      return await backupOf(dataFolder, store);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreOpenError) || error.code !== "FOLDER_LOCKED") throw error;
  }
  const { folder, error } = await requestBackup(dataFolder, seconds * 1_000);
  if (folder === undefined) throw new SettingsError("BACKUP_FAILED", `the running node in ${dir} made no backup: ${error}`);
  return folder;
}

function restore(dir: string, from: string): object {
  const { dataFolder } = loadSettings(dir, process.env, {});
  if (!existsSync(join(from, "CURRENT"))) throw new SettingsError("BACKUP_INVALID", `${from} is no backup of a store`);
  const aside = setAside(dataFolder);
  cpSync(from, join(dataFolder, "chain"), { recursive: true });
  return { dir, from, ...(aside === null ? {} : { aside }) };
}

/** Nothing is deleted that an operator might want to look at. */
function setAside(dataFolder: string): string | null {
  const chain = join(dataFolder, "chain");
  if (!existsSync(chain)) return null;
  let aside = join(dataFolder, DAMAGED);
  for (let number = 2; existsSync(aside); number++) aside = join(dataFolder, `${DAMAGED}-${number}`);
  renameSync(chain, aside);
  return aside;
}

async function check(dir: string): Promise<StoreReport & { readonly height: number; readonly base: number }> {
  const { store, chain, identity } = await open(dir);
  const state = store.snapshot();
  try {
    const validators = new ValidatorHistory(chain.view, authoritiesOf(identity.genesis), () => chain.head.height);
    const audit = new StoreAudit({
      chain,
      hasher: nativeHasher,
      chainId: identity.chain,
      setAt: (height) => validators.at(height),
    });
    const verify = ({ key, message, signature }: Check): boolean => verifyNative(key, message, signature);
    const report = await new StoreCheck({ chain, audit, state, verify }).run();
    return { height: chain.head.height, base: chain.base, ...report };
  } finally {
    await state.close();
    await store.close();
  }
}

async function repair(dir: string, from: string | undefined): Promise<object> {
  const { dataFolder } = loadSettings(dir, process.env, {});
  if (from !== undefined) return { how: "backup", ...restore(dir, from) };
  const report = await check(dir).catch((error: unknown) => {
    // What cannot even be opened is damaged, too; what is in use by a running node is not.
    if (error instanceof StoreOpenError && error.code === "STORE_CORRUPT") return null;
    throw error;
  });
  if (report !== null && report.faults.length === 0) return { how: "nothing was wrong", height: report.height };
  if (report?.isDerivedOnly === true) {
    const { store } = await open(dir);
    try {
      const objects = await new IndexRebuild({ store, pause: () => Promise.resolve() }).run();
      return { how: "indices made anew", objects };
    } finally {
      await store.close();
    }
  }
  return { how: "set aside: the next start fetches the chain from peers", aside: setAside(dataFolder) };
}
