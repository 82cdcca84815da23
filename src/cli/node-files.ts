import { readFileSync, statSync } from "node:fs";
import { genesisFromJson } from "../codec/genesis.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import { SettingsError } from "./settings.ts";

const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** The genesis, checked. Throws SettingsError. */
export function readGenesis(path: string): ChainIdentity {
  const result = genesisFromJson(readJson(path, "GENESIS_MISSING", "GENESIS_INVALID"));
  if (!result.ok) throw new SettingsError(result.error.code, `${path}: ${result.error.detail}`);
  return result.value;
}

/** Member name → multiaddrs. Throws SettingsError. */
export function readAddresses(path: string): Readonly<Record<string, readonly string[]>> {
  const json = readJson(path, "ADDRESSES_MISSING", "ADDRESSES_INVALID");
  const sound = typeof json === "object" && json !== null && !Array.isArray(json);
  if (
    !sound ||
    !Object.values(json).every(
      (list) => Array.isArray(list) && list.every((address) => typeof address === "string" && address.startsWith("/")),
    )
  ) {
    throw new SettingsError("ADDRESSES_INVALID", `${path}: expected {"member": ["/ip4/…/tcp/…"]}`);
  }
  return json as Record<string, string[]>;
}

/** Party id → name, which only this machine knows. Throws SettingsError. */
export function readDirectory(path: string): ReadonlyMap<string, string> {
  const json = readJson(path, "DIRECTORY_MISSING", "DIRECTORY_INVALID");
  const isSound =
    typeof json === "object" &&
    json !== null &&
    !Array.isArray(json) &&
    Object.entries(json).every(([id, name]) => /^[0-9a-f]{64}$/.test(id) && typeof name === "string" && name.length <= 256);
  if (!isSound) throw new SettingsError("DIRECTORY_INVALID", `${path}: expected {"party id": "name"}`);
  return new Map(Object.entries(json as Record<string, string>));
}

/** The passphrase of the keystores. Throws SettingsError. */
export function readPassphrase(path: string): string {
  return readSecretFile(path, "passphraseFile");
}

/** A secret of one line that only its owner may read. */
export function readSecretFile(path: string, setting: string): string {
  let mode: number;
  let text: string;
  try {
    mode = statSync(path).mode;
    text = readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new SettingsError("SECRET_UNREADABLE", `cannot read ${setting} ${path}: ${(error as Error).message}`);
  }
  if ((mode & 0o077) !== 0) throw new SettingsError("SECRET_PERMISSIONS", `${path} can be read by others: chmod 600 it`);
  if (text === "") throw new SettingsError("SECRET_UNREADABLE", `${path} is empty`);
  return text;
}

/** Any JSON file that a command is given. Throws SettingsError. */
export function readJsonFile(path: string): unknown {
  return readJson(path, "FILE_UNREADABLE", "FILE_UNREADABLE");
}

function readJson(path: string, missing: string, invalid: string): unknown {
  let text: string;
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new SettingsError(invalid, `${path} is too large`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError(missing, `cannot read ${path}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SettingsError(invalid, `${path}: ${(error as Error).message}`);
  }
}
