import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { createKeystore } from "../../adapters/keystore.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { newGuardFile } from "../../node/double-sign-guard.ts";
import { readAddresses, readGenesis, readPassphrase } from "../node-files.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";

interface InitOptions {
  readonly dir: string;
  readonly member: string;
  readonly passphraseFile: string;
  readonly genesis?: string;
  readonly addresses?: string;
  readonly follower?: boolean;
  readonly json?: boolean;
}

/** `node init`: keys first, so that their public halves can go into the genesis; the genesis when the members have agreed on it. */
export function nodeInitCommand(): Command {
  return new Command("init")
    .description("make a node's folder: keystores, settings, double-sign guard; run again with --genesis once it is agreed on")
    .requiredOption("--dir <folder>", "the node's folder")
    .requiredOption("--member <name>", "this member's name in the genesis")
    .requiredOption("--passphrase-file <file>", "file with the passphrase for the keystores, mode 0600")
    .option("--genesis <file>", "the genesis that the members agreed on")
    .option("--addresses <file>", "addresses of first contact")
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
    if (!identity.genesis.members.some(({ id }) => id === member))
      throw new SettingsError("MEMBER_UNKNOWN", `the genesis has no member "${member}"`);
    copyFileSync(options.genesis, join(dir, "genesis.json"));
    made.chain = identity.chain;
  }
  if (options.addresses !== undefined) {
    readAddresses(options.addresses);
    copyFileSync(options.addresses, join(dir, "addresses.json"));
  }
  const settings = {
    member,
    passphraseFile: options.passphraseFile,
    ...(options.follower === true ? { authorityKeystore: "" } : {}),
  };
  const settingsFile = join(dir, "settings.json");
  if (!existsSync(settingsFile)) writeFileSync(settingsFile, `${JSON.stringify(settings, null, 2)}\n`);
  return { dir, member, ...made };
}
