import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { simulatedHistory } from "../../agents/model/simulated-history.ts";
import type { LabelledRow } from "../../agents/model/stumps.ts";
import { TrainingError, train } from "../../agents/model/train.ts";
import { bool, int, list, nullable, SchemaError, struct } from "../../codec/schema.ts";
import { FEATURES } from "../../types/score-features.ts";
import { integer } from "../options.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";

const FIRMS_MAX = 100_000;
const HISTORY_BYTES_MAX = 64 * 1024 * 1024;

const historySchema = list(
  struct({
    features: list(nullable(int({ min: -1_000_000, max: 1_000_000 })), {
      min: FEATURES.length,
      max: FEATURES.length,
    }),
    bad: bool,
  }),
  { max: FIRMS_MAX },
);

interface Options {
  readonly seed: number;
  readonly firms: number;
  readonly history?: string;
  readonly lender?: string;
  readonly validator?: string;
  readonly json?: boolean;
}

/** Fits the example model, or one of the lender's own history, and writes what registering it takes. */
export function agentTrainCommand(): Command {
  return new Command("train")
    .argument("<folder>")
    .description("fit a model of trade credit and write model.onnx, metrics.json and card.json, the body of model.register")
    .option("--seed <number>", "of the simulated history", integer(0, 2 ** 31 - 1), 1)
    .option("--firms <number>", "in the simulated history", integer(1_000, FIRMS_MAX), 6_000)
    .addOption(
      new Option(
        "--history <file>",
        `a history of your own: JSON, [{"features": [${FEATURES.length} whole numbers or null], "bad": true or false}, …]`,
      ),
    )
    .option("--lender <party>", "who will register it: completes card.json")
    .option("--validator <party>", "who validated it: completes card.json")
    .option("--json", "print JSON")
    .action((folder: string, { seed, firms, history, lender, validator, json }: Options) => {
      const rows = history === undefined ? simulatedHistory(firms, seed) : readHistory(history);
      const { file, metrics, card } = trained(rows);
      mkdirSync(folder, { recursive: true });
      const write = (name: string, content: string | Uint8Array): string => {
        const path = join(folder, name);
        writeFileSync(path, content);
        return path;
      };
      const parties = { ...(lender === undefined ? {} : { lender }), ...(validator === undefined ? {} : { validator }) };
      const files = {
        model: write("model.onnx", file),
        metrics: write("metrics.json", JSON.stringify(metrics)),
        card: write("card.json", `${JSON.stringify({ ...parties, ...card }, null, 2)}\n`),
      };
      print({ onnx: card.onnx, bytes: file.length, ...metrics, files }, json === true);
    });
}

function trained(rows: readonly LabelledRow[]): ReturnType<typeof train> {
  try {
    return train(rows);
  } catch (error) {
    if (error instanceof TrainingError) throw new SettingsError("SETTING_WRONG", error.message);
    throw error;
  }
}

function readHistory(path: string): readonly LabelledRow[] {
  let parsed: unknown;
  try {
    if (statSync(path).size > HISTORY_BYTES_MAX) throw new Error(`more than ${HISTORY_BYTES_MAX} bytes`);
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new SettingsError("FILE_UNREADABLE", `cannot read ${path}: ${(error as Error).message}`);
  }
  try {
    return historySchema.fromJson(parsed, path);
  } catch (error) {
    if (error instanceof SchemaError) throw new SettingsError("SETTING_WRONG", error.message);
    throw error;
  }
}
