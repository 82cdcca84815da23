import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { Command } from "commander";
import { privateKeyObject, signNative } from "../../adapters/ed25519-native.ts";
import { openKeystore } from "../../adapters/keystore.ts";
import { CursorFile } from "../../agents/cursor-file.ts";
import { Directory } from "../../agents/directory.ts";
import { FingerprintKeys } from "../../agents/fingerprint-keys.ts";
import { ModelDesk } from "../../agents/model/model-desk.ts";
import { RiskAgent } from "../../agents/risk-agent.ts";
import { SettlementAgent } from "../../agents/settlement-agent.ts";
import { VerifierAgent } from "../../agents/verifier-agent.ts";
import { Client } from "../../client/client.ts";
import { amount, bool, choice, hash, int, list, optional, type Schema, SchemaError, struct, text } from "../../codec/schema.ts";
import { keyCommitment } from "../../gateways/fingerprints.ts";
import { readPassphrase, readSecretFile } from "../node-files.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";
import { agentTrainCommand } from "./agent-train.ts";

const path = text({ min: 1, max: 1_024 });
const ratePpm = int({ max: 1_000_000 });
const account = struct({
  name: text({ min: 1, max: 140 }),
  account: text({ min: 1, max: 64 }),
  bic: optional(text({ min: 8, max: 11 })),
});

/** What both agents need: whom to ask, and which key signs. Paths are meant from the agent's folder. */
const shared = {
  rpc: list(text({ min: 1, max: 256 }), { min: 1, max: 16 }),
  tokenFile: optional(path),
  party: hash,
  keystore: path,
  passphraseFile: path,
} as const;

const riskSchema = struct({
  ...shared,
  limit: amount(),
  ratePpm: struct({ A: ratePpm, B: ratePpm, C: ratePpm, D: ratePpm }),
  security: choice("PLEDGE", "ASSIGNMENT"),
  recourse: bool,
  tenorExtraDays: int({ max: 366 }),
  decisionMinutes: int({ min: 1, max: 10_080 }),
  /** Where the files of registered models lie; the agent's own folder unless said otherwise. */
  modelFolder: optional(path),
});

const settleSchema = struct({ ...shared, own: account, directoryFile: path, secretFile: path });

const verifySchema = struct({ ...shared, keysFile: path });

/** The bank's agents, each a process with a folder of its own: settings, keystore, files. */
export function agentCommand(): Command {
  const agent = new Command("agent").description(
    "the members' own programs: decide on applications, settle payments, verify invoices",
  );
  agent
    .command("risk <folder>")
    .description(
      "answer applications for finance by the scorecard and the model registered, if one is (risk.json in the folder); runs until SIGTERM",
    )
    .option("--json", "log lines of JSON")
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const report = reporter(json === true);
      const settings = read(join(folder, "risk.json"), riskSchema);
      const { limit, ratePpm: rates, security, recourse, tenorExtraDays, decisionMinutes, party } = settings;
      const terms = { limit, ratePpm: rates, security, recourse, tenorExtraDays, decisionTtlMs: decisionMinutes * 60_000 };
      const { client, key, cursor } = await common(folder, settings);
      const models = new ModelDesk({ client, lender: party, folder: within(folder, settings.modelFolder ?? ".") });
      await untilSignal((signal) =>
        new RiskAgent({ client, lender: party, engine: key, terms, models, cursor, report }).run(signal),
      );
    });
  agent.addCommand(agentTrainCommand());
  agent
    .command("verify <folder>")
    .description(
      "check e-invoices in the folder's inbox and hold their keyed fingerprints on the chain (verify.json in the folder); runs until SIGTERM",
    )
    .option("--json", "log lines of JSON")
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const report = reporter(json === true);
      const settings = read(join(folder, "verify.json"), verifySchema);
      const { client, key } = await common(folder, settings);
      const keys = (): FingerprintKeys => FingerprintKeys.fromText(readSecretFile(within(folder, settings.keysFile), "keysFile"));
      keys();
      await untilSignal((signal) =>
        new VerifierAgent({ client, verifier: settings.party, attester: key, keys, folder, report }).run(signal),
      );
    });
  agent
    .command("epoch <folder>")
    .description("make the alliance's next fingerprint key in the folder's key file, and print the change to be voted on")
    .option("--json", "print JSON")
    .action((folder: string, { json }: { json?: boolean }) => {
      const { keysFile } = read(join(folder, "verify.json"), verifySchema);
      print(nextEpoch(within(folder, keysFile)), json === true);
    });
  agent
    .command("settle <folder>")
    .description(
      "write payment files for ordered loans, attest what the bank's files say (settle.json in the folder); runs until SIGTERM",
    )
    .option("--json", "log lines of JSON")
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const report = reporter(json === true);
      const settings = read(join(folder, "settle.json"), settleSchema);
      const { client, key, cursor } = await common(folder, settings);
      const directory = Directory.fromFile(within(folder, settings.directoryFile));
      const secret = new TextEncoder().encode(readSecretFile(within(folder, settings.secretFile), "secretFile"));
      const { own, party: bank } = settings;
      await untilSignal((signal) =>
        new SettlementAgent({ client, bank, attester: key, own: own as never, directory, secret, folder, cursor, report }).run(
          signal,
        ),
      );
    });
  return agent;
}

/** Adds a key and says what the chain may know of it. The file goes to the other verifiers by a way of their own. */
function nextEpoch(file: string): { readonly kind: string; readonly epoch: number; readonly key: string } {
  const known = existsSync(file) ? FingerprintKeys.fromText(readSecretFile(file, "keysFile")).epochs : [];
  const epoch = (known.at(-1) ?? 0) + 1;
  const earlier = known.length === 0 ? {} : (JSON.parse(readFileSync(file, "utf8")) as object);
  const key = randomBytes(32);
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...earlier, [epoch]: key.toString("hex") })}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return { kind: "rotateFingerprintKey", epoch, key: keyCommitment(key) };
}

async function common(
  folder: string,
  settings: {
    readonly rpc: readonly string[];
    readonly tokenFile?: string;
    readonly party: never | string;
    readonly keystore: string;
    readonly passphraseFile: string;
  },
) {
  const { rpc: endpoints, tokenFile, party, keystore, passphraseFile } = settings;
  const token = tokenFile === undefined ? {} : { token: readSecretFile(within(folder, tokenFile), "tokenFile") };
  const { publicKey, seed } = await openKeystore(within(folder, keystore), readPassphrase(within(folder, passphraseFile)));
  const privateKey = privateKeyObject(seed);
  return {
    client: new Client({ endpoints, ...token }),
    key: { party: party as never, publicKey, sign: (message: Uint8Array) => signNative(privateKey, message) },
    cursor: new CursorFile(join(folder, "cursor.json")),
  };
}

function read<T>(file: string, schema: Schema<T>): T {
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

function within(folder: string, file: string): string {
  return isAbsolute(file) ? file : join(folder, file);
}

/** An agent's log: one line for each thing done. */
function reporter(json: boolean) {
  return (event: string, data: Readonly<Record<string, unknown>>): void =>
    console.log(
      json
        ? JSON.stringify({ event, ...data })
        : [event, ...Object.entries(data).map(([name, value]) => `${name} ${String(value)}`)].join(", "),
    );
}

async function untilSignal(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort());
  await work(controller.signal);
}
