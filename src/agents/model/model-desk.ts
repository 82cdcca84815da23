import type { Client, LedgerJson } from "../../client/client.ts";
import type { Hash } from "../../types/scalars.ts";
import { FEATURE_PROGRAM, INPUT_SCHEMA, rowOf } from "./input.ts";
import { loadModel, type Model, ModelError } from "./runtime.ts";

/** What a model says of a firm, in the form in which a decision attests it. */
export interface ModelWord {
  readonly card: Hash;
  readonly outQ: number;
  readonly runtime: Hash;
  readonly grade: string;
  /** So near a cut-off that a second run might fall on the other side. */
  readonly isNear: boolean;
}

interface Card {
  readonly id: Hash;
  readonly onnx: Hash;
  readonly calibration: readonly { readonly fromQ: number; readonly grade: string }[];
  readonly guardBandQ: number;
}

/** Where a lender's models are asked: the one that its active model card names by hash, and no other file. */
export class ModelDesk {
  readonly #client: Pick<Client, "ledgerAll" | "status">;
  readonly #lender: Hash;
  readonly #folder: string;
  #loaded: Model | null = null;

  constructor(modules: {
    readonly client: Pick<Client, "ledgerAll" | "status">;
    readonly lender: Hash;
    readonly folder: string;
  }) {
    this.#client = modules.client;
    this.#lender = modules.lender;
    this.#folder = modules.folder;
  }

  /** null: no model is in force. Throws ModelError if there is one that cannot be asked. */
  async ask(points: readonly { readonly feature: string; readonly value: number | null }[]): Promise<ModelWord | null> {
    const card = await this.#cardInForce();
    if (card === null) return null;
    const row = rowOf(points);
    if (row === undefined) throw new ModelError("MODEL_INPUT_UNKNOWN", "the ledger's features are not those that models know");
    const model = await this.#model(card.onnx);
    const outQ = await model.outputQ(row);
    const grade = card.calibration.find(({ fromQ }) => outQ >= fromQ)?.grade ?? "E";
    const isNear = card.calibration.some(({ fromQ }) => fromQ > 0 && Math.abs(outQ - fromQ) <= card.guardBandQ);
    return { card: card.id, outQ, runtime: model.runtime, grade, isNear };
  }

  /** Loads what is in force, so that the first applicant does not wait for it. Throws ModelError. */
  async prepare(): Promise<void> {
    const card = await this.#cardInForce();
    if (card !== null) await this.#model(card.onnx);
  }

  /** The newest of several. */
  async #cardInForce(): Promise<Card | null> {
    const { clockMs } = await this.#client.status();
    const [card] = (await this.#client.ledgerAll("modelCard", { lender: this.#lender }))
      .filter(({ status, untilMs }) => status === "ACTIVE" && (untilMs === null || clockMs < (untilMs as number)))
      .sort((left, right) => (right.fromMs as number) - (left.fromMs as number) || (left.id < right.id ? -1 : 1));
    if (card === undefined) return null;
    checkInput(card);
    return card as unknown as Card;
  }

  async #model(hash: Hash): Promise<Model> {
    if (this.#loaded?.hash === hash) return this.#loaded;
    const model = await loadModel(this.#folder, hash);
    await this.#loaded?.release();
    this.#loaded = model;
    return model;
  }
}

function checkInput({ featureProgram, inputSchema }: LedgerJson): void {
  if (featureProgram !== FEATURE_PROGRAM || inputSchema !== INPUT_SCHEMA)
    throw new ModelError("MODEL_INPUT_UNKNOWN", "the model registered was made for other features than this agent knows");
}
