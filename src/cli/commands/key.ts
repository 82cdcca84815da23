import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander";
import { createKeystore, openKeystore, publicKeyOfKeystore } from "../../adapters/keystore.ts";
import { readPassphrase } from "../node-files.ts";
import { print } from "../output.ts";

export function keyCommand(): Command {
  const key = new Command("key").description("make and show encrypted keystores");
  key
    .command("new")
    .description("make a keystore with a new Ed25519 key")
    .requiredOption("--out <file>", "where to write it; never overwritten")
    .requiredOption("--passphrase-file <file>", "file with the passphrase, mode 0600")
    .option("--json", "print JSON")
    .action(async ({ out, passphraseFile, json }: { out: string; passphraseFile: string; json?: boolean }) => {
      mkdirSync(dirname(out), { recursive: true, mode: 0o700 });
      print({ file: out, publicKey: await createKeystore(out, randomBytes(32), readPassphrase(passphraseFile)) }, json === true);
    });
  key
    .command("show <file>")
    .description("print a keystore's public key; with a passphrase also check that it opens")
    .option("--passphrase-file <file>", "file with the passphrase")
    .option("--json", "print JSON")
    .action(async (file: string, { passphraseFile, json }: { passphraseFile?: string; json?: boolean }) => {
      const publicKey = publicKeyOfKeystore(file);
      if (passphraseFile === undefined) return print({ file, publicKey }, json === true);
      await openKeystore(file, readPassphrase(passphraseFile));
      return print({ file, publicKey, opens: true }, json === true);
    });
  return key;
}
