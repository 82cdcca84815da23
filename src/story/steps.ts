import type { Client, TxOutcome } from "../client/client.ts";
import { type SigningKey, signTransaction } from "../client/transaction-builder.ts";
import type { Hash, TxId } from "../types/scalars.ts";
import type { Operation } from "../types/transaction.ts";

/** What became of a step, so that an interrupted story goes on where it was. `tx` in hex, kept before it is sent. */
export interface StepRecord {
  readonly id: TxId;
  readonly tx: string;
  /** By the story's clock. */
  readonly timeMs: number;
  readonly outcome?: "committed" | "failed";
  readonly code?: string;
  /** For people. */
  readonly message?: string;
}

/** Where steps are remembered; a file beside the network, or nothing in tests. */
export interface Journal {
  get(step: string): StepRecord | undefined;
  put(step: string, record: StepRecord): void;
}

export interface StoryClock {
  nowMs(): number;
  jumpTo(timeMs: number): void;
}

/** A step that should have taken effect did not. */
export class StepFailure extends Error {
  override readonly name = "StepFailure";
  readonly code: string;
  /** The ledger's sentence. */
  readonly reason: string;
  constructor(step: string, code: string, reason: string) {
    super(`${step}: ${reason}`);
    this.code = code;
    this.reason = reason;
  }
}

interface Ended {
  readonly id: TxId;
  readonly code: string;
  readonly message: string;
}

const NOT_AFTER_MS = 5 * 60_000;
const WAIT_MS = 120_000;
const ATTEMPTS_MAX = 3;
/** Longer than a network with a node down takes for several blocks. */
const AWAITED_MS = 180_000;

/** Carries out the story's steps one by one on the network, each once, through the client alone. */
export class Steps {
  readonly #client: Pick<Client, "submitAndWait">;
  readonly #chain: Hash;
  readonly #clock: StoryClock;
  readonly #journal: Journal;
  /** By name: a step that the story comes back to is still one. */
  readonly #committed = new Set<string>();
  readonly #rejected = new Set<string>();

  constructor(modules: {
    readonly client: Pick<Client, "submitAndWait">;
    readonly chain: Hash;
    readonly clock: StoryClock;
    readonly journal: Journal;
  }) {
    this.#client = modules.client;
    this.#chain = modules.chain;
    this.#clock = modules.clock;
    this.#journal = modules.journal;
  }

  get committed(): number {
    return this.#committed.size;
  }

  get rejected(): number {
    return this.#rejected.size;
  }

  /** A step that must take effect; answers its transaction's id. Throws StepFailure. */
  async take(step: string, keys: readonly SigningKey[], ...ops: readonly Operation[]): Promise<TxId> {
    const { id, code, message } = await this.#run(step, keys, ops);
    if (code !== "OK") throw new StepFailure(step, code, message);
    this.#committed.add(step);
    return id;
  }

  /** A step that takes effect, and is answered with null, or is refused with `code`, and with its reason for people. Throws StepFailure. */
  async takeUnless(
    refusal: string,
    step: string,
    keys: readonly SigningKey[],
    ...ops: readonly Operation[]
  ): Promise<string | null> {
    const { code, message } = await this.#run(step, keys, ops);
    if (code !== "OK" && code !== refusal) throw new StepFailure(step, code, message);
    (code === "OK" ? this.#committed : this.#rejected).add(step);
    return code === "OK" ? null : message;
  }

  /** A step that must be refused with `expected`; answers the reason for people. Throws StepFailure if it is not. */
  async refused(step: string, expected: string, keys: readonly SigningKey[], ...ops: readonly Operation[]): Promise<string> {
    const { code, message } = await this.#run(step, keys, ops);
    if (code !== expected) throw new StepFailure(step, code, `expected ${expected}, got ${code}`);
    this.#rejected.add(step);
    return message;
  }

  /**
   * What somebody else sends, such as the bank's own programs: looked for until it is there, a `meanwhile` between two looks. It counts and
   * is remembered as a step; answers the id that `look` found.
   */
  async awaited(step: string, look: () => Promise<Hash | undefined>, meanwhile: () => Promise<void>): Promise<Hash> {
    const deadline = performance.now() + AWAITED_MS;
    let found = this.#journal.get(step)?.id as Hash | undefined;
    while (found === undefined) {
      found = await look();
      if (found !== undefined) {
        this.#journal.put(step, { id: found as string as TxId, tx: "", timeMs: this.#clock.nowMs(), outcome: "committed" });
        break;
      }
      if (performance.now() > deadline) throw new StepFailure(step, "NOBODY_ANSWERED", "what others were to do did not come");
      await meanwhile();
    }
    this.#committed.add(step);
    return found;
  }

  async #run(step: string, keys: readonly SigningKey[], ops: readonly Operation[]): Promise<Ended> {
    let record = this.#journal.get(step);
    if (record?.outcome !== undefined) return { id: record.id, code: record.code ?? "OK", message: record.message ?? "" };
    for (let attempt = 1; ; attempt++) {
      record ??= await this.#sign(step, keys, ops);
      const { code, message } = await this.#send(record.id, Uint8Array.from(Buffer.from(record.tx, "hex")));
      if (code !== "EXPIRED" || attempt === ATTEMPTS_MAX) {
        this.#journal.put(step, { ...record, outcome: code === "OK" ? "committed" : "failed", code, message });
        return { id: record.id, code, message };
      }
      // It was under way when the story was interrupted, and ran out before any block held it: signed anew.
      record = undefined;
    }
  }

  /** Kept before it is sent: a story that is interrupted now sends the same bytes again, and nothing takes effect twice. */
  async #sign(step: string, keys: readonly SigningKey[], ops: readonly Operation[]): Promise<StepRecord> {
    const timeMs = this.#clock.nowMs();
    const { id, bytes } = await signTransaction({ chain: this.#chain, ops, notAfter: timeMs + NOT_AFTER_MS }, keys);
    const record = { id, tx: Buffer.from(bytes).toString("hex"), timeMs };
    this.#journal.put(step, record);
    return record;
  }

  async #send(id: TxId, bytes: Uint8Array): Promise<{ readonly code: string; readonly message: string }> {
    try {
      const outcome: TxOutcome = await this.#client.submitAndWait(id, bytes, WAIT_MS);
      if (outcome.status === "committed") return { code: "OK", message: "" };
      return { code: outcome.code ?? outcome.status.toUpperCase(), message: outcome.message ?? outcome.status };
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === undefined || code === "UNREACHABLE") throw error;
      return { code, message };
    }
  }
}
