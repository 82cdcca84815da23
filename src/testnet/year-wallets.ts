import { createHmac, createPublicKey, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { privateKeyObject, signNative } from "../adapters/ed25519-native.ts";
import { createKeystore, openKeystore } from "../adapters/keystore.ts";
import type { SigningKey } from "../client/transaction-builder.ts";
import type { Company } from "../story/year/people.ts";
import type { FirmKeys } from "../story/year/setting.ts";
import type { Hash, PublicKey } from "../types/scalars.ts";

const LOCAL_COST_LOG2 = 12;
/** DER of RFC 8410 before the 32 bytes of a public key. */
const SPKI_PREFIX_BYTES = 12;

/**
 * Keys of the year's firms: each has its own, and no two have anything in common on the chain. Here they are all derived from one secret in
 * one encrypted keystore: three thousand keystores would take minutes to open and show nothing more.
 */
export async function openYearKeys(folder: string): Promise<YearKeys> {
  mkdirSync(join(folder, "parties"), { recursive: true, mode: 0o700 });
  const path = join(folder, "parties", "year.json");
  const passphraseFile = join(folder, "parties", "year-passphrase");
  if (!existsSync(passphraseFile)) writeFileSync(passphraseFile, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  const passphrase = readFileSync(passphraseFile, "utf8").trim();
  if (!existsSync(path)) await createKeystore(path, randomBytes(32), passphrase, { costLog2: LOCAL_COST_LOG2 });
  return derivedKeys((await openKeystore(path, passphrase)).seed);
}

export interface YearKeys {
  readonly keysOf: (company: Company) => FirmKeys;
  /** Of a device that belongs to the company. */
  readonly deviceOf: (company: Company, name: string) => SigningKey;
}

/** Made when they are first asked for. */
export function derivedKeys(secret: Uint8Array): YearKeys {
  const known = new Map<string, SigningKey>();
  const key = (party: Hash, role: string): SigningKey => {
    const found = known.get(role + party) ?? keyOf(secret, party, role);
    known.set(role + party, found);
    return found;
  };
  return {
    keysOf: ({ party }) => ({ maker: key(party, "maker"), checker: key(party, "checker") }),
    deviceOf: ({ party }, name) => key(party, `device ${name}`),
  };
}

function keyOf(secret: Uint8Array, party: Hash, role: string): SigningKey {
  const seed = createHmac("sha256", secret).update(`${role} of ${party}`).digest();
  const privateKey = privateKeyObject(new Uint8Array(seed));
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const publicKey = spki.subarray(SPKI_PREFIX_BYTES).toString("hex") as PublicKey;
  return { party, publicKey, sign: (message) => signNative(privateKey, message) };
}
