import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { privateKeyObject, signNative } from "../adapters/ed25519-native.ts";
import { openKeystore } from "../adapters/keystore.ts";
import { CursorFile } from "../agents/cursor-file.ts";
import { Client } from "../client/client.ts";
import { hash, list, optional, type Schema, SchemaError, text } from "../codec/schema.ts";
import { readPassphrase, readSecretFile } from "./node-files.ts";
import { SettingsError } from "./settings.ts";

export const pathSchema = text({ min: 1, max: 1_024 });

/** Whom an agent asks. Paths are meant from the agent's folder. */
export const endpoints = {
  rpc: list(text({ min: 1, max: 256 }), { min: 1, max: 16 }),
  tokenFile: optional(pathSchema),
} as const;

/** What every agent with one key needs: whom to ask, and which key signs. */
export const signer = {
  ...endpoints,
  party: hash,
  keystore: pathSchema,
  passphraseFile: pathSchema,
} as const;

export interface RunOptions {
  readonly json?: boolean;
  readonly withParent?: boolean;
}

/** The agent's client, its key, and where it is among the events. Throws SettingsError. */
export async function openAgent(
  folder: string,
  settings: {
    readonly rpc: readonly string[];
    readonly tokenFile?: string;
    readonly party: string;
    readonly keystore: string;
    readonly passphraseFile: string;
  },
) {
  const { rpc, tokenFile, party, keystore, passphraseFile } = settings;
  const token = tokenFile === undefined ? {} : { token: readSecretFile(within(folder, tokenFile), "tokenFile") };
  const { publicKey, seed } = await openKeystore(within(folder, keystore), readPassphrase(within(folder, passphraseFile)));
  const privateKey = privateKeyObject(seed);
  return {
    client: new Client({ endpoints: rpc, ...token }),
    key: { party: party as never, publicKey, sign: (message: Uint8Array) => signNative(privateKey, message) },
    cursor: new CursorFile(join(folder, "cursor.json")),
  };
}

/** Throws SettingsError. */
export function readAgentFile<T>(file: string, schema: Schema<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new SettingsError("SETTINGS_UNREADABLE", `cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return schema.fromJson(json, file);
  } catch (error) {
    if (error instanceof SchemaError) throw new SettingsError("SETTING_WRONG", error.message);
    throw error;
  }
}

export function within(folder: string, file: string): string {
  return isAbsolute(file) ? file : join(folder, file);
}

/** An agent's log: one line for each thing done. */
export function reporter(json: boolean) {
  return (event: string, data: Readonly<Record<string, unknown>>): void =>
    console.log(
      json
        ? JSON.stringify({ event, ...data })
        : [event, ...Object.entries(data).map(([name, value]) => `${name} ${String(value)}`)].join(", "),
    );
}

/** Until a signal; `withParent`: or until standard input closes, so that whoever started it leaves nobody behind. */
export async function untilSignal(withParent: boolean, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort());
  if (withParent) {
    process.stdin.on("end", () => controller.abort()).on("error", () => controller.abort());
    process.stdin.resume();
  }
  await work(controller.signal);
  if (withParent) process.stdin.destroy();
}
