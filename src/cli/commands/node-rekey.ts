import { randomBytes } from "node:crypto";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { createKeystore } from "../../adapters/keystore.ts";
import { LevelStore } from "../../adapters/level-store.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { newGuardFile } from "../../node/double-sign-guard.ts";
import { readJsonFile, readPassphrase } from "../node-files.ts";
import { print } from "../output.ts";
import { loadSettings } from "../settings.ts";

/** `node rekey`: a new consensus key with a guard of its own. It signs once the members have voted for it; until then the node follows. */
export function nodeRekeyCommand(): Command {
  return new Command("rekey")
    .description("give a stopped node a new consensus key; the old keystore and its double-sign guard are put aside")
    .requiredOption("--dir <folder>", "the node's folder")
    .option("--json", "print JSON")
    .action(async ({ dir, json }: { dir: string; json?: boolean }) => {
      print(await rekey(dir), json === true);
    });
}

async function rekey(dir: string): Promise<object> {
  const settings = loadSettings(dir, {}, {});
  // A node that runs holds the lock of its store: its guard must not be taken from under it.
  await (await LevelStore.open(join(settings.dataFolder, "chain"))).close();
  const number = firstFree(dir);
  const file = `keys/authority-${number}.json`;
  const authorityKey = await createKeystore(join(dir, file), randomBytes(32), readPassphrase(settings.passphraseFile));
  const guard = join(settings.dataFolder, "guard.log");
  if (existsSync(guard)) renameSync(guard, join(settings.dataFolder, `guard-before-${number}.log`));
  writeFileSync(guard, newGuardFile(authorityKey, nativeHasher.sha256), { mode: 0o600, flag: "wx" });
  const settingsFile = join(dir, "settings.json");
  const stored = readJsonFile(settingsFile) as object;
  writeFileSync(settingsFile, `${JSON.stringify({ ...stored, authorityKeystore: file }, null, 2)}\n`);
  return { dir, authorityKey, authorityKeystore: file };
}

function firstFree(dir: string): number {
  for (let number = 2; ; number++) if (!existsSync(join(dir, "keys", `authority-${number}.json`))) return number;
}
