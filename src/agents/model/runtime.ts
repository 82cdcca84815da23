import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CodedError } from "../../lib/coded-error.ts";
import type { Hash } from "../../types/scalars.ts";
import { FEATURES } from "../../types/score-features.ts";
import { type FeatureRow, inputOf, sha256Hex } from "./input.ts";
import { INPUT_NAME, OUTPUT_NAME } from "./onnx-file.ts";

export class ModelError extends CodedError<
  "MODEL_RUNTIME_MISSING" | "MODEL_INPUT_UNKNOWN" | "MODEL_FILE_MISSING" | "MODEL_FILE_BROKEN" | "MODEL_OUTPUT_WRONG"
> {
  override readonly name = "ModelError";
}

/** The part of onnxruntime-node that is used, declared here because the package need not be there. */
interface Onnxruntime {
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: Record<string, unknown>): Promise<Record<string, { readonly data: ArrayLike<number>; dispose?(): void }>>;
      release(): Promise<void>;
    }>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => unknown;
  readonly env: { readonly versions: { readonly node?: string; readonly common: string } };
}

const PACKAGE = "onnxruntime-node";
export const RUNTIME_VERSION = "1.30.0";

const FILE_BYTES_MAX = 4 * 1024 * 1024;
const FILES_MAX = 64;

/** Whether models can be run here. */
export function hasRuntime(): boolean {
  return loaded(PACKAGE) !== undefined;
}

function loaded(name: string): Onnxruntime | undefined {
  try {
    // The package is CommonJS; and a bundler that knows it as an optional peer would put something else in an import's place.
    return createRequire(import.meta.url)(name) as Onnxruntime;
  } catch (error) {
    if ((error as { code?: string }).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** A model that is loaded: bounded in, a probability out. */
export class Model {
  readonly hash: Hash;
  /** Hash of what ran it, for an auditor's second run. */
  readonly runtime: Hash;
  readonly #onnx: Onnxruntime;
  readonly #session: Awaited<ReturnType<Onnxruntime["InferenceSession"]["create"]>>;

  constructor(hash: Hash, onnx: Onnxruntime, session: Awaited<ReturnType<Onnxruntime["InferenceSession"]["create"]>>) {
    this.hash = hash;
    this.#onnx = onnx;
    this.#session = session;
    const version = onnx.env.versions.node ?? onnx.env.versions.common;
    this.runtime = sha256Hex(JSON.stringify({ name: PACKAGE, version, provider: "cpu", arch: process.arch }));
  }

  /** The probability that the firm pays, in ten-thousandths. Throws ModelError. */
  async outputQ(row: FeatureRow): Promise<number> {
    const input = new this.#onnx.Tensor("float32", inputOf(row), [1, FEATURES.length]);
    const { [OUTPUT_NAME]: output } = await this.#session.run({ [INPUT_NAME]: input });
    const value = output?.data.length === 1 ? (output.data[0] as number) : Number.NaN;
    if (!(value >= 0 && value <= 1)) throw new ModelError("MODEL_OUTPUT_WRONG", `model ${this.hash} gave no probability`);
    return Math.round(value * 10_000);
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/**
 * The model whose file has this hash, from a folder; no other file is ever loaded. One thread, no graph optimisation: as near to the same
 * numbers everywhere as it goes. Throws ModelError.
 */
export async function loadModel(folder: string, hash: Hash, runtime: string = PACKAGE): Promise<Model> {
  const onnx = loaded(runtime);
  if (onnx === undefined)
    throw new ModelError(
      "MODEL_RUNTIME_MISSING",
      `deciding by a model takes ${PACKAGE}: npm install --no-save --save-dev --ignore-scripts ${PACKAGE}@${RUNTIME_VERSION}`,
    );
  const bytes = fileOf(folder, hash);
  try {
    const session = await onnx.InferenceSession.create(bytes, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "disabled",
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
    return new Model(hash, onnx, session);
  } catch (error) {
    throw new ModelError("MODEL_FILE_BROKEN", `model ${hash}: ${(error as Error).message.slice(0, 200)}`);
  }
}

function fileOf(folder: string, hash: Hash): Uint8Array {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".onnx"))
    .sort()
    .slice(0, FILES_MAX);
  for (const name of names) {
    const path = join(folder, name);
    if (statSync(path).size > FILE_BYTES_MAX) continue;
    const bytes = readFileSync(path);
    if (sha256Hex(bytes) === hash) return bytes;
  }
  throw new ModelError("MODEL_FILE_MISSING", `no file in ${folder} has the hash ${hash} of the model registered`);
}
