import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LevelStore } from "../adapters/level-store.ts";
import { copyStore } from "../node/backup.ts";
import type { Logger } from "../ports/observe.ts";
import type { Store } from "../ports/store.ts";
import { requireRoomToCopy } from "./space-watch.ts";

/**
 * Who may write into a node's data folder may order a backup of the running node by this file; nobody on the network can. The node answers by
 * the other. A backup is the chain store alone: guard and log stay where they are, since an older copy of them would sign twice.
 */
const REQUEST = "backup.request";
const ANSWER = "backup.answer";
const LOOK_MS = 500;
const REST_MS = 5;

/** Whose store is backed up, and how much of the disk is to be left free. */
export interface BackupPlace {
  readonly dataFolder: string;
  readonly freeBytesMin: number;
}

export interface BackupAnswer {
  readonly folder?: string;
  readonly error?: string;
}

/** Looks for requests until the answer is called. */
export function watchBackups(
  { dataFolder, freeBytesMin }: BackupPlace,
  modules: { readonly store: Store; readonly logger: Logger },
): () => void {
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy || !existsSync(join(dataFolder, REQUEST))) return;
    busy = true;
    rmSync(join(dataFolder, REQUEST), { force: true });
    const answer: BackupAnswer = await backupOf({ dataFolder, freeBytesMin }, modules.store).then(
      (folder) => ({ folder }),
      (error: Error) => ({ error: error.message }),
    );
    writeFileSync(join(dataFolder, `${ANSWER}.new`), JSON.stringify(answer), { mode: 0o600 });
    renameSync(join(dataFolder, `${ANSWER}.new`), join(dataFolder, ANSWER));
    modules.logger.info("a backup was asked for", { ...answer });
    busy = false;
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Copies the store, whole or not at all, to `backups/<time>` in the data folder; answers where. Throws DISK_FULL. */
export async function backupOf({ dataFolder, freeBytesMin }: BackupPlace, store: Store): Promise<string> {
  const backups = join(dataFolder, "backups");
  const making = join(backups, "making");
  rmSync(making, { recursive: true, force: true });
  mkdirSync(backups, { recursive: true, mode: 0o700 });
  await requireRoomToCopy(join(dataFolder, "chain"), backups, freeBytesMin);
  const target = await LevelStore.open(making);
  const state = store.snapshot();
  try {
    await copyStore(state, target, () => new Promise((resolve) => setTimeout(resolve, REST_MS)));
    await target.close();
  } catch (error) {
    await target.close();
    rmSync(making, { recursive: true, force: true });
    throw error;
  } finally {
    await state.close();
  }
  const folder = join(backups, new Date().toISOString().replaceAll(":", "").slice(0, 17));
  rmSync(folder, { recursive: true, force: true });
  renameSync(making, folder);
  return folder;
}

/** Asks the running node of this data folder, and waits for its answer. */
export async function requestBackup(dataFolder: string, limitMs: number): Promise<BackupAnswer> {
  rmSync(join(dataFolder, ANSWER), { force: true });
  writeFileSync(join(dataFolder, REQUEST), "", { mode: 0o600 });
  const deadline = performance.now() + limitMs;
  while (!existsSync(join(dataFolder, ANSWER))) {
    if (performance.now() > deadline) return { error: "the node did not answer in time" };
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return JSON.parse(readFileSync(join(dataFolder, ANSWER), "utf8")) as BackupAnswer;
}
