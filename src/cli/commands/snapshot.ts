import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { jsonLogger } from "../../adapters/logger.ts";
import { SnapshotFolder } from "../../adapters/snapshot-folder.ts";
import { SnapshotReader } from "../../node/snapshot-reader.ts";
import { JoinError } from "../../node/snapshot-sources.ts";
import { joinBySnapshot, parseCheckpoint } from "../join-node.ts";
import { readGenesis } from "../node-files.ts";
import { print } from "../output.ts";
import { loadSettings, SettingsError } from "../settings.ts";
import { requireRoomToCopy } from "../space-watch.ts";

/** `snapshot export` copies a node's newest snapshot, also while the node runs; `snapshot import` begins a node's chain by one, and believes none of it. */
export function snapshotCommand(): Command {
  const snapshot = new Command("snapshot").description("carry a state from one node to another by files");
  snapshot
    .command("export")
    .description("copy the newest snapshot of a node, which may be running, into an empty folder")
    .requiredOption("--dir <folder>", "the node's folder")
    .requiredOption("--to <folder>", "where the snapshot goes")
    .option("--json", "print JSON")
    .action(async ({ dir, to, json }: { dir: string; to: string; json?: boolean }) => {
      print(await exportSnapshot(dir, to), json === true);
    });
  snapshot
    .command("import")
    .description("begin the chain of a node that has none by an exported snapshot; everything in it is checked")
    .requiredOption("--dir <folder>", "the node's folder")
    .requiredOption("--from <folder>", "the exported snapshot")
    .option("--json", "print JSON")
    .action(async ({ dir, from, json }: { dir: string; from: string; json?: boolean }) => {
      print(await importSnapshot(dir, from), json === true);
    });
  return snapshot;
}

async function exportSnapshot(dir: string, to: string): Promise<object> {
  const { dataFolder, freeBytesMin } = loadSettings(dir, process.env, {});
  const own = join(dataFolder, "snapshots");
  const height = (await new SnapshotFolder(own).heights()).at(-1);
  if (height === undefined) throw new SettingsError("NO_SNAPSHOT", `the node in ${dir} has made no snapshot yet`);
  mkdirSync(to, { recursive: true });
  if (existsSync(join(to, String(height)))) throw new SettingsError("FOLDER_NOT_EMPTY", `${to} has this snapshot already`);
  const copying = join(to, "copying");
  rmSync(copying, { recursive: true, force: true });
  await requireRoomToCopy(join(own, String(height)), to, freeBytesMin);
  try {
    cpSync(join(own, String(height)), copying, { recursive: true });
    renameSync(copying, join(to, String(height)));
  } catch (error) {
    rmSync(copying, { recursive: true, force: true });
    throw error;
  }
  return { height, to };
}

async function importSnapshot(dir: string, from: string): Promise<object> {
  const settings = loadSettings(dir, process.env, {});
  const folder = join(settings.dataFolder, "chain");
  if (existsSync(folder)) throw new SettingsError("CHAIN_EXISTS", `the node in ${dir} has a chain already`);
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  const files = new SnapshotFolder(from);
  const newest = (await files.heights()).at(-1);
  if (newest === undefined) throw new SettingsError("NO_SNAPSHOT", `there is no exported snapshot in ${from}`);
  await requireRoomToCopy(join(from, String(newest)), settings.dataFolder, settings.freeBytesMin);
  const reader = new SnapshotReader({ files, chain: null });
  const height = await joinBySnapshot(
    {
      folder,
      identity: readGenesis(settings.genesisFile),
      checkpoint: parseCheckpoint(settings.checkpoint),
      logger: jsonLogger("warn", { member: settings.member }),
      // Files do not change by being waited for.
      pause: () => Promise.resolve(),
    },
    {
      names: () => [from],
      ask: (_, request) => reader.answer(request),
      penalise: (_, reason) => {
        throw new SettingsError("SNAPSHOT_INVALID", `${from}: ${reason}`);
      },
    },
  ).catch((error: unknown) => {
    if (!(error instanceof JoinError)) throw error;
    if (error.code === "CHECKPOINT_UNPROVEN")
      throw new SettingsError(
        error.code,
        `files lead no further than their own height, ${newest}, and the checkpoint in settings is above or not on their chain: export a newer snapshot, or set a checkpoint up to ${newest}`,
      );
    if (error.code !== "SNAPSHOT_GONE") throw error;
    throw new SettingsError("SNAPSHOT_INVALID", `${from}: a part of the snapshot is missing (${error.message})`);
  });
  return { height, dir };
}
