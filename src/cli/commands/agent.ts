import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { Directory } from "../../agents/directory.ts";
import { FingerprintKeys } from "../../agents/fingerprint-keys.ts";
import { ModelDesk } from "../../agents/model/model-desk.ts";
import { RiskAgent } from "../../agents/risk-agent.ts";
import { SettlementAgent } from "../../agents/settlement-agent.ts";
import { VerifierAgent } from "../../agents/verifier-agent.ts";
import { amount, bool, choice, int, optional, struct, text } from "../../codec/schema.ts";
import { keyCommitment } from "../../gateways/fingerprints.ts";
import { openAgent, pathSchema, type RunOptions, readAgentFile, reporter, signer, untilSignal, within } from "../agent-folder.ts";
import { readSecretFile } from "../node-files.ts";
import { print } from "../output.ts";
import { agentDevicesCommand } from "./agent-devices.ts";
import { agentTrainCommand } from "./agent-train.ts";

const ratePpm = int({ max: 1_000_000 });
const account = struct({
  name: text({ min: 1, max: 140 }),
  account: text({ min: 1, max: 64 }),
  bic: optional(text({ min: 8, max: 11 })),
});

const riskSchema = struct({
  ...signer,
  limit: amount(),
  ratePpm: struct({ A: ratePpm, B: ratePpm, C: ratePpm, D: ratePpm }),
  security: choice("PLEDGE", "ASSIGNMENT"),
  recourse: bool,
  tenorExtraDays: int({ max: 366 }),
  decisionMinutes: int({ min: 1, max: 10_080 }),
  /** Where the files of registered models lie; the agent's own folder unless said otherwise. */
  modelFolder: optional(pathSchema),
});

const settleSchema = struct({ ...signer, own: account, directoryFile: pathSchema, secretFile: pathSchema });

const verifySchema = struct({ ...signer, keysFile: pathSchema });

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
    .option("--with-parent", "end when standard input closes")
    .action(async (folder: string, { json, withParent }: RunOptions) => {
      const report = reporter(json === true);
      const settings = readAgentFile(join(folder, "risk.json"), riskSchema);
      const { limit, ratePpm: rates, security, recourse, tenorExtraDays, decisionMinutes, party } = settings;
      const terms = { limit, ratePpm: rates, security, recourse, tenorExtraDays, decisionTtlMs: decisionMinutes * 60_000 };
      const { client, key, cursor } = await openAgent(folder, settings);
      const models = new ModelDesk({ client, lender: party, folder: within(folder, settings.modelFolder ?? ".") });
      await untilSignal(withParent === true, (signal) =>
        new RiskAgent({ client, lender: party, engine: key, terms, models, cursor, report }).run(signal),
      );
    });
  agent.addCommand(agentTrainCommand());
  agent.addCommand(agentDevicesCommand());
  agent
    .command("verify <folder>")
    .description(
      "check e-invoices in the folder's inbox and hold their keyed fingerprints on the chain (verify.json in the folder); runs until SIGTERM",
    )
    .option("--json", "log lines of JSON")
    .option("--with-parent", "end when standard input closes")
    .action(async (folder: string, { json, withParent }: RunOptions) => {
      const report = reporter(json === true);
      const settings = readAgentFile(join(folder, "verify.json"), verifySchema);
      const { client, key } = await openAgent(folder, settings);
      const keys = (): FingerprintKeys => FingerprintKeys.fromText(readSecretFile(within(folder, settings.keysFile), "keysFile"));
      keys();
      await untilSignal(withParent === true, (signal) =>
        new VerifierAgent({ client, verifier: settings.party, attester: key, keys, folder, report }).run(signal),
      );
    });
  agent
    .command("epoch <folder>")
    .description("make the alliance's next fingerprint key in the folder's key file, and print the change to be voted on")
    .option("--json", "print JSON")
    .action((folder: string, { json }: { json?: boolean }) => {
      const { keysFile } = readAgentFile(join(folder, "verify.json"), verifySchema);
      print(nextEpoch(within(folder, keysFile)), json === true);
    });
  agent
    .command("settle <folder>")
    .description(
      "write payment files for ordered loans, attest what the bank's files say (settle.json in the folder); runs until SIGTERM",
    )
    .option("--json", "log lines of JSON")
    .option("--with-parent", "end when standard input closes")
    .action(async (folder: string, { json, withParent }: RunOptions) => {
      const report = reporter(json === true);
      const settings = readAgentFile(join(folder, "settle.json"), settleSchema);
      const { client, key, cursor } = await openAgent(folder, settings);
      const directory = Directory.fromFile(within(folder, settings.directoryFile));
      const secret = new TextEncoder().encode(readSecretFile(within(folder, settings.secretFile), "secretFile"));
      const { own, party: bank } = settings;
      await untilSignal(withParent === true, (signal) =>
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
