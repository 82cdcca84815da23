import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { CodedError } from "../lib/coded-error.ts";

/** A fault of the operator's making, with a stable code; printed as one line, never as a stack. */
export class SettingsError extends CodedError<string> {
  override readonly name = "SettingsError";
}

interface Setting {
  readonly type: "text" | "integer" | "path" | "flag";
  readonly fallback: string;
  readonly help: string;
  /** Of a text: what it may be. */
  readonly choices?: readonly string[];
  /** Of a text: its form, and how a person is told of it. */
  readonly form?: { readonly pattern: RegExp; readonly wanted: string };
  /** Of an integer. */
  readonly max?: number;
}

const MULTIADDR = {
  pattern: /^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/[0-9]{1,5}(\/|$)/,
  wanted: "a multiaddr such as /ip4/0.0.0.0/tcp/7600",
} as const;

/**
 * A node's own settings: one file (`settings.json` in its folder), every key with a default, an environment variable
 * (ZHONGLIAN_ + the key in capitals and underscores) and a flag (the key with dashes). Flag beats environment beats file beats default.
 * Nothing here is secret: keys lie in encrypted keystores, the passphrase and the RPC token in files of their own.
 */
export const SETTINGS = {
  member: { type: "text", fallback: "", help: "this node's member name in the genesis" },
  genesisFile: { type: "path", fallback: "genesis.json", help: "what all members agreed on" },
  addressesFile: { type: "path", fallback: "addresses.json", help: "addresses of first contact: member → multiaddr" },
  authorityKeystore: {
    type: "path",
    fallback: "keys/authority.json",
    help: "consensus key, signing whenever the members have it among their authorities; empty for none",
  },
  nodeKeystore: { type: "path", fallback: "keys/node.json", help: "libp2p key" },
  nodeKeyChanged: {
    type: "flag",
    fallback: "false",
    help: "the node key is another than the genesis has: the members voted for it",
  },
  passphraseFile: { type: "path", fallback: "passphrase", help: "file with the passphrase of both keystores, mode 0600" },
  dataFolder: { type: "path", fallback: "data", help: "chain store, consensus log and double-sign guard" },
  listenAddress: { type: "text", fallback: "/ip4/127.0.0.1/tcp/7600", help: "libp2p multiaddr to listen on", form: MULTIADDR },
  rpcHost: { type: "text", fallback: "127.0.0.1", help: "JSON-RPC address; beyond loopback only with TLS and a token" },
  rpcPort: { type: "integer", fallback: "7700", help: "JSON-RPC port", max: 65_535 },
  rpcTlsCertFile: { type: "path", fallback: "", help: "certificate chain, PEM" },
  rpcTlsKeyFile: { type: "path", fallback: "", help: "private key of the certificate, PEM" },
  rpcTokenFile: { type: "path", fallback: "", help: "file with the bearer token that RPC clients must show" },
  rpcRequestsPerSecond: { type: "integer", fallback: "2000", help: "token bucket per client address" },
  directoryFile: {
    type: "path",
    fallback: "",
    help: "names of parties for certificates: party id → name; stays on this machine",
  },
  drivenClockFile: { type: "path", fallback: "", help: "clock file of the launcher; only under a genesis with a driven clock" },
  logLevel: { type: "text", fallback: "info", help: "debug, info, warn or error", choices: ["debug", "info", "warn", "error"] },
  freeBytesMin: { type: "integer", fallback: "268435456", help: "below this much free disk the node stops signing" },
  signWithoutMemory: {
    type: "flag",
    fallback: "false",
    help: "sign at once although guard or log are missing: only if no other machine has this key",
  },
  joinBy: {
    type: "text",
    fallback: "blocks",
    help: "how an empty node gets the state: blocks, or a peers' snapshot",
    choices: ["blocks", "snapshot"],
  },
  checkpoint: { type: "text", fallback: "", help: "height:id of a block known to be final, from a source beside the network" },
  keep: {
    type: "text",
    fallback: "all",
    help: "of blocks, receipts, histories and past states: all, last N blocks, or last D days",
  },
  snapshotIntervalBlocks: {
    type: "integer",
    fallback: "10000",
    help: "a snapshot for joiners is made every so many blocks; 0: never",
  },
  blockedPeers: { type: "text", fallback: "", help: "members whose link is refused, separated by commas (for drills)" },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof SETTINGS;
export type Settings = {
  readonly [K in SettingKey]: (typeof SETTINGS)[K]["type"] extends "integer"
    ? number
    : (typeof SETTINGS)[K]["type"] extends "flag"
      ? boolean
      : string;
};

const KEYS = Object.keys(SETTINGS) as SettingKey[];
const FILE_BYTES_MAX = 64 * 1024;

export function environmentName(key: SettingKey): string {
  return `ZHONGLIAN_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

export function flagName(key: SettingKey): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Settings of the node in `folder`; relative paths are meant from there. Throws {@link SettingsError}. */
export function loadSettings(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, string>>,
): Settings {
  const file = readSettingsFile(join(folder, "settings.json"));
  for (const name of Object.keys(environment)) {
    if (name.startsWith("ZHONGLIAN_NODE_") || !name.startsWith("ZHONGLIAN_") || OTHER_VARIABLES.has(name)) continue;
    if (!KEYS.some((key) => environmentName(key) === name)) {
      throw new SettingsError(
        "SETTING_UNKNOWN",
        `unknown environment variable ${name}; did you mean ${nearest(name, KEYS.map(environmentName))}?`,
      );
    }
  }
  const settings: Record<string, string | number | boolean> = {};
  for (const key of KEYS) {
    const raw = flags[key] ?? environment[environmentName(key)] ?? file[key] ?? SETTINGS[key].fallback;
    settings[key] = parse(key, raw, folder);
  }
  const { rpcTlsCertFile, rpcTlsKeyFile } = settings;
  if ((rpcTlsCertFile === "") !== (rpcTlsKeyFile === ""))
    throw new SettingsError("SETTING_WRONG", `"rpcTlsCertFile" and "rpcTlsKeyFile" are set together or not at all`);
  return settings as unknown as Settings;
}

/** Variables of the test run and of drills, not of a node. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set([
  "ZHONGLIAN_AUTHORITY_CHANGES",
  "ZHONGLIAN_FAILPOINT",
  "ZHONGLIAN_MAKE_PROOF_VECTORS",
  "ZHONGLIAN_MODEL_RUNTIME",
  "ZHONGLIAN_PROOF_FLIPS",
  "ZHONGLIAN_SAMPLES",
  "ZHONGLIAN_SEEDED_FAULTS",
  "ZHONGLIAN_TEST_REPORT",
  "ZHONGLIAN_YEAR",
]);

function readSettingsFile(path: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new SettingsError(
        "SETTINGS_MISSING",
        `no settings.json in this folder (${path}); make a node folder with "zhonglian node init"`,
      );
    }
    throw new SettingsError("SETTINGS_UNREADABLE", `cannot read ${path}: ${(error as Error).message}`);
  }
  if (text.length > FILE_BYTES_MAX)
    throw new SettingsError("SETTINGS_TOO_LARGE", `${path} is larger than ${FILE_BYTES_MAX} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new SettingsError("SETTINGS_NOT_JSON", `${path}: ${(error as Error).message}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new SettingsError("SETTINGS_NOT_JSON", `${path}: expected one JSON object`);
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(parsed)) {
    if (!Object.hasOwn(SETTINGS, key))
      throw new SettingsError(
        "SETTING_UNKNOWN",
        `${path}: unknown key "${key.slice(0, 64)}"; did you mean "${nearest(key, KEYS)}"?`,
      );
    if (!["string", "number", "boolean"].includes(typeof value))
      throw new SettingsError("SETTING_WRONG", `${path}: "${key}" must be text, a number or true/false`);
    values[key] = String(value);
  }
  return values;
}

function parse(key: SettingKey, raw: string, folder: string): string | number | boolean {
  const { type, choices, form, max = Number.MAX_SAFE_INTEGER }: Setting = SETTINGS[key];
  const wrong = (wanted: string): SettingsError =>
    new SettingsError("SETTING_WRONG", `"${key}" must be ${wanted}, not "${raw.slice(0, 32)}"`);
  switch (type) {
    case "text":
      if (choices?.includes(raw) === false) throw wrong(choices.join(", ").replace(/, ([^,]*)$/, " or $1"));
      if (form?.pattern.test(raw) === false) throw wrong(form.wanted);
      return raw;
    case "path":
      return raw === "" || isAbsolute(raw) ? raw : join(folder, raw);
    case "integer":
      if (!/^[0-9]{1,15}$/.test(raw)) throw wrong("a whole number");
      if (Number(raw) > max) throw wrong(`at most ${max}`);
      return Number(raw);
    case "flag":
      if (raw !== "true" && raw !== "false") throw wrong("true or false");
      return raw === "true";
  }
}

/** The known name with the fewest edits (Levenshtein). */
export function nearest(name: string, known: readonly string[]): string {
  let best = known[0] ?? "";
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = edits(name.toLowerCase(), candidate.toLowerCase());
    if (distance < fewest) {
      fewest = distance;
      best = candidate;
    }
  }
  return best;
}

function edits(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const swap = (previous[column - 1] as number) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[right.length] as number;
}
