import { cpSync, existsSync, realpathSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { LevelStore, type LevelStoreOptions, StoreDamageError, StoreOpenError } from "../../adapters/level-store.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { ChainStore } from "../../node/chain-store.ts";
import { RowReader } from "../../node/row-reader.ts";
import { StoreAudit } from "../../node/store-audit.ts";
import { StoreCheck, type StoreReport } from "../../node/store-check.ts";
import { type RepairReport, type RowSource, StoreRepair } from "../../node/store-repair.ts";
import { ValidatorHistory } from "../../node/validator-history.ts";
import { authoritiesOf, type ChainIdentity } from "../../types/genesis.ts";
import { type Height, ZERO_HASH } from "../../types/scalars.ts";
import { backupOf, requestBackup } from "../node-backups.ts";
import { readGenesis } from "../node-files.ts";
import { countOrAll, integer } from "../options.ts";
import { print } from "../output.ts";
import { makeRewoundNode, verifyCheck } from "../rewound-node.ts";
import { loadSettings, SettingsError } from "../settings.ts";
import { requireRoomToCopy } from "../space-watch.ts";
import { withPeers } from "../store-peers.ts";

interface StoreOptions {
  readonly dir: string;
  readonly from?: string;
  readonly json?: boolean;
  readonly seconds?: number;
  readonly height?: number;
  readonly to?: string;
  readonly past?: number | "all";
}

const DAMAGED = "chain.damaged";
/** A backup on its way into a node's folder: until it is whole nothing is where it is to be. */
const RESTORING = "chain.restoring";
const BACKUP_LIMIT_S = 3_600;
const PEERS_LIMIT_S = 20;
/** Past states that a check looks at if it is told nothing: their number grows for ever, and each takes as long as its block. */
const PAST_STATES = 1_000;

/** What an operator does to a node's store: back it up, put it back, look whether it is sound, mend it, go back in a copy of it. */
export function storeCommand(done: (status: number) => void): Command {
  const store = new Command("store").description("back up, restore, check, repair and go back in a node's chain store");
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
    .action(async ({ dir, from, json }: StoreOptions) => {
      print(await restore(dir, String(from)), json === true);
    });
  sub("check", "look at every block, page, object, index and total of a node that does not run; status 1 if anything is wrong")
    .option("--past <count>", "how many of the newest past states to look at, or all", countOrAll, PAST_STATES)
    .action(async ({ dir, json, past }: StoreOptions) => {
      const report = await check(dir, past);
      print(report, json === true);
      done(report.faults.length === 0 ? 0 : 1);
    });
  sub(
    "repair",
    "mend the store of a node that does not run: fetch what is bad from the other members, make anew what objects tell",
  )
    .option("--from <folder>", "or fetch it from this backup")
    .option("--seconds <limit>", "how long to wait for the other members' nodes", integer(1, 3_600), PEERS_LIMIT_S)
    .action(async ({ dir, from, json, seconds }: StoreOptions) => {
      const repaired = await repair(dir, from, seconds ?? PEERS_LIMIT_S);
      print(repaired, json === true);
      done("aside" in repaired ? 1 : 0);
    });
  sub(
    "rewind",
    "make a new folder with the chain as it stood at a height, by executing its blocks again; no authority key, guard or log is in it: it cannot sign",
  )
    .requiredOption("--height <number>", "the height of the last block in the copy", integer(0, Number.MAX_SAFE_INTEGER))
    .requiredOption("--to <folder>", "where the copy goes: a node's folder that does not exist yet")
    .option("--from <folder>", "go back in this backup, also while the node runs")
    .action(async ({ dir, height, to, from, json }: StoreOptions) => {
      print(await rewind(dir, Number(height), String(to), from), json === true);
    });
  return store;
}

interface Opened {
  readonly store: LevelStore;
  readonly chain: ChainStore;
  readonly identity: ChainIdentity;
}

async function open(dir: string, from?: string, options: LevelStoreOptions = {}): Promise<Opened> {
  const { dataFolder, genesisFile } = loadSettings(dir, process.env, {});
  const identity = readGenesis(genesisFile);
  const folder = join(dataFolder, "chain");
  if (from === undefined && !existsSync(folder)) throw new SettingsError("CHAIN_MISSING", `the node in ${dir} has no chain yet`);
  const store = await (from === undefined ? LevelStore.open(folder, options) : openBackup(from));
  try {
    const chain = new ChainStore(store, { chain: identity.chain, stateRoot: ZERO_HASH, timeMs: identity.genesis.timeMs });
    return { store, chain, identity };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function backup(dir: string, seconds: number): Promise<string> {
  const settings = loadSettings(dir, process.env, {});
  try {
    const { store } = await open(dir);
    try {
      return await backupOf(settings, store);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreOpenError) || error.code !== "FOLDER_LOCKED") throw error;
  }
  const { folder, error } = await requestBackup(settings.dataFolder, seconds * 1_000);
  if (folder === undefined) throw new SettingsError("BACKUP_FAILED", `the running node in ${dir} made no backup: ${error}`);
  return folder;
}

async function restore(dir: string, from: string): Promise<object> {
  const { dataFolder, freeBytesMin } = loadSettings(dir, process.env, {});
  const folder = join(dataFolder, "chain");
  await requireStopped(folder);
  if (existsSync(folder) && existsSync(from) && realpathSync(from) === realpathSync(folder))
    throw new SettingsError("BACKUP_INVALID", `${from} is the store of this node itself`);
  const height = await heightOfBackup(dir, from);
  const copying = join(dataFolder, RESTORING);
  rmSync(copying, { recursive: true, force: true });
  // What was there is set aside, and takes its place of the disk, too.
  await requireRoomToCopy(from, dataFolder, freeBytesMin);
  try {
    cpSync(from, copying, { recursive: true });
  } catch (error) {
    rmSync(copying, { recursive: true, force: true });
    throw error;
  }
  const aside = setAside(dataFolder);
  renameSync(copying, folder);
  return { dir, from, height, ...(aside === null ? {} : { aside }) };
}

/** Of a backup of this chain, all of whose records are what was written. */
async function heightOfBackup(dir: string, from: string): Promise<Height> {
  const { chain, store } = await open(dir, from);
  try {
    const { keys, hasUnreadable } = await store.damage();
    if (hasUnreadable) throw new SettingsError("BACKUP_INVALID", `some of the files of ${from} cannot be read`);
    if (keys.length > 0) throw new SettingsError("BACKUP_INVALID", `${keys.length} records of ${from} are damaged`);
    return chain.head.height;
  } finally {
    await store.close();
  }
}

/** Under a running node nothing is put away: it would go on writing there. Throws StoreOpenError. */
async function requireStopped(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  try {
    await (await LevelStore.open(folder)).close();
  } catch (error) {
    // What cannot be opened is why there are backups.
    if (!(error instanceof StoreOpenError) || error.code === "FOLDER_LOCKED") throw error;
  }
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

async function check(dir: string, past: number | "all" = PAST_STATES) {
  // All that is left is looked at, whatever is damaged.
  const opened = await open(dir, undefined, { skipsDamage: true });
  try {
    const { keys: damaged, hasUnreadable } = await opened.store.damage();
    const { bad: _, faults, ...report } = await checkOf(opened, past === "all" ? { damaged } : { damaged, past });
    const { head, base } = opened.chain;
    return { height: head.height, base, ...report, faults: hasUnreadable ? [UNREADABLE, ...faults] : faults };
  } finally {
    await opened.store.close();
  }
}

const UNREADABLE = "LevelDB cannot read some blocks of its files: of what lay in them, what can be missed is named below";

async function checkOf(
  { store, chain, identity }: Opened,
  looking: { readonly damaged?: readonly Uint8Array[]; readonly past?: number } = {},
): Promise<StoreReport> {
  const state = store.snapshot();
  try {
    const validators = new ValidatorHistory(chain.view, authoritiesOf(identity.genesis), () => chain.head.height);
    const audit = new StoreAudit({
      chain,
      store,
      hasher: nativeHasher,
      chainId: identity.chain,
      setAt: (height) => validators.at(height),
    });
    return await new StoreCheck({ chain, audit, state, hasher: nativeHasher, verify: verifyCheck, ...looking }).run();
  } finally {
    await state.close();
  }
}

async function repair(dir: string, from: string | undefined, seconds: number): Promise<object> {
  const settings = loadSettings(dir, process.env, {});
  let report: RepairReport | null = null;
  try {
    const opened = await open(dir);
    try {
      const { keys: damaged, hasUnreadable } = await opened.store.damage();
      // Of rows in blocks of LevelDB that cannot be read nobody knows which they were.
      if (hasUnreadable) throw new StoreDamageError("STORE_CORRUPT", UNREADABLE);
      const mend = (sources: readonly RowSource[]): Promise<RepairReport> =>
        new StoreRepair({ ...opened, damaged, sources, hasher: nativeHasher, check: () => checkOf(opened) }).run();
      // Nobody is asked for what needs nobody.
      if (damaged.length === 0) {
        report = await mend([]);
        const { height, faults } = report;
        if (faults.length === 0) return { how: report.indicesMade ? "indices made anew" : "nothing was wrong", height };
      }
      report = from === undefined ? await withPeers(settings, opened.identity, seconds, mend) : await fromBackup(from, mend);
    } finally {
      await opened.store.close();
    }
  } catch (error) {
    // What cannot even be opened is damaged, too; what is in use by a running node is not.
    if ((error as { readonly code?: string }).code !== "STORE_CORRUPT") throw error;
  }
  if (report?.faults.length === 0) return { how: "mended", ...report };
  const aside = setAside(settings.dataFolder);
  const faults = report?.faults ?? ["the store cannot be read"];
  return { how: "set aside: the next start fetches the chain from peers; or restore a backup", faults, aside };
}

async function fromBackup(folder: string, mend: (sources: readonly RowSource[]) => Promise<RepairReport>): Promise<RepairReport> {
  const backup = await openBackup(folder);
  try {
    const rows = new RowReader(backup);
    return await mend([{ name: "backup", row: (height, key) => rows.row(height, key) }]);
  } finally {
    await backup.close();
  }
}

async function rewind(dir: string, height: Height, to: string, from: string | undefined): Promise<object> {
  const settings = loadSettings(dir, process.env, {});
  const { store, chain, identity } = await open(dir, from);
  try {
    return await makeRewoundNode(
      settings,
      identity,
      { chain, store, from: from ?? join(settings.dataFolder, "chain") },
      height,
      to,
    );
  } finally {
    await store.close();
  }
}

/** A damaged backup is not taken for damage of the node's own store. */
async function openBackup(folder: string): Promise<LevelStore> {
  if (!existsSync(join(folder, "CURRENT"))) throw new SettingsError("BACKUP_INVALID", `${folder} is no backup of a store`);
  try {
    return await LevelStore.open(folder);
  } catch (error) {
    if (!(error instanceof StoreOpenError) || error.code !== "STORE_CORRUPT") throw error;
    throw new SettingsError("BACKUP_INVALID", `${folder} is damaged: ${error.message}`);
  }
}
