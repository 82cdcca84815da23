import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { createKeystore } from "../../adapters/keystore.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { newGuardFile } from "../../node/double-sign-guard.ts";
import { parseCheckpoint } from "../join-node.ts";
import { readAddresses, readGenesis, readJsonFile, readPassphrase } from "../node-files.ts";
import { print } from "../output.ts";

interface InitOptions {
  readonly dir: string;
  readonly member: string;
  readonly passphraseFile: string;
  readonly genesis?: string;
  readonly addresses?: string;
  readonly checkpoint?: string;
  readonly follower?: boolean;
  readonly json?: boolean;
}

/** `node init`: keys first, so that their public halves can go into the genesis; the genesis when the members have agreed on it. */
export function nodeInitCommand(): Command {
  return new Command("init")
    .description("make a node's folder: keystores, settings, double-sign guard; run again with --genesis once it is agreed on")
    .requiredOption("--dir <folder>", "the node's folder")
    .requiredOption("--member <name>", "this member's name, in the genesis or to be voted for")
    .requiredOption("--passphrase-file <file>", "file with the passphrase for the keystores, mode 0600")
    .option("--genesis <file>", "the genesis that the members agreed on")
    .option("--addresses <file>", "addresses of first contact")
    .option("--checkpoint <height:id>", "a block that other members name: no chain without it is followed")
    .option("--follower", "no consensus key: follow without voting")
    .option("--json", "print JSON")
    .action(async (options: InitOptions) => {
      print(await init(options), options.json === true);
    });
}

async function init(options: InitOptions): Promise<object> {
  const { dir, member } = options;
  const passphrase = readPassphrase(options.passphraseFile);
  mkdirSync(join(dir, "keys"), { recursive: true, mode: 0o700 });
  mkdirSync(join(dir, "data"), { recursive: true, mode: 0o700 });
  const made: Record<string, string> = {};
  if (options.checkpoint !== undefined) parseCheckpoint(options.checkpoint);
  for (const name of options.follower === true ? ["node"] : ["node", "authority"]) {
    const path = join(dir, "keys", `${name}.json`);
    if (existsSync(path)) continue;
    const publicKey = await createKeystore(path, randomBytes(32), passphrase);
    made[`${name}Key`] = publicKey;
    // The guard is born with its key: a node without this file has no memory of what it signed.
    if (name === "authority")
      writeFileSync(join(dir, "data", "guard.log"), newGuardFile(publicKey, nativeHasher.sha256), { mode: 0o600, flag: "wx" });
  }
  if (options.genesis !== undefined) {
    const identity = readGenesis(options.genesis);
    copyFileSync(options.genesis, join(dir, "genesis.json"));
    made.chain = identity.chain;
    if (!identity.genesis.members.some(({ id }) => id === member)) made.joins = "by vote: the genesis does not name it";
  }
  if (options.addresses !== undefined) {
    readAddresses(options.addresses);
    copyFileSync(options.addresses, join(dir, "addresses.json"));
  }
  const settings = {
    member,
    passphraseFile: resolve(options.passphraseFile),
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
    ...(options.follower === true ? { authorityKeystore: "" } : {}),
  };
  const settingsFile = join(dir, "settings.json");
  if (!existsSync(settingsFile)) writeSettings(settingsFile, settings);
  else if (options.checkpoint !== undefined)
    writeSettings(settingsFile, { ...(readJsonFile(settingsFile) as object), checkpoint: options.checkpoint });
  return { dir, member, ...made };
}

function writeSettings(file: string, settings: object): void {
  writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`);
}
