import { type LedgerJson, RpcFailure, type TxOutcome } from "../../src/client/client.ts";
import { decodeTransaction } from "../../src/codec/transaction.ts";
import { codeMessage, codeName } from "../../src/ledger/codes.ts";
import { KINDS, type Kind } from "../../src/ledger/kinds.ts";
import type { ChainIdentity } from "../../src/types/genesis.ts";
import type { Hash, TxId } from "../../src/types/scalars.ts";
import type { TxReceipt } from "../../src/types/transaction.ts";
import { TestChain } from "../ledger/support/chain.ts";
import { creditScoreOf, type ScoreParams } from "./credit-score.ts";

const DAY_MS = 86_400_000;

/** A network that is nothing but the ledger: every transaction is a block at once, and the client's answers are those of a node. */
export class LedgerNetwork {
  readonly chain: TestChain;
  readonly #receipts = new Map<TxId, TxReceipt>();
  #nowMs: number;

  constructor(identity: ChainIdentity) {
    this.chain = new TestChain(identity, "none");
    this.#nowMs = identity.genesis.timeMs + DAY_MS;
  }

  readonly clock = {
    nowMs: (): number => this.#nowMs,
    jumpTo: (timeMs: number): void => {
      this.#nowMs = Math.max(this.#nowMs, timeMs);
    },
  };

  /** A client whose process is killed as it sends for the n-th time: before the transaction arrives, or before the answer does. */
  client(killedAt = Number.POSITIVE_INFINITY, isTaken = false) {
    let sent = 0;
    const alive = (): void => {
      if (sent >= killedAt) throw new Error("killed");
    };
    return {
      /** How often so far. */
      get sent(): number {
        return sent;
      },
      submitAndWait: async (id: TxId, bytes: Uint8Array): Promise<TxOutcome> => {
        alive();
        sent += 1;
        if (isTaken || sent < killedAt) {
          const outcome = this.#take(id, bytes);
          alive();
          return outcome;
        }
        throw new Error("killed");
      },
      ledgerGet: async (kind: string, id: Hash): Promise<LedgerJson> => {
        alive();
        return this.#json(kind as Kind, this.chain.read(kind as Kind, id));
      },
      ledgerAll: async (kind: string, where: Readonly<Record<string, unknown>> = {}): Promise<readonly LedgerJson[]> => {
        alive();
        return this.chain
          .all(kind as Kind)
          .map((object) => this.#json(kind as Kind, object))
          .filter((object) => Object.entries(where).every(([field, value]) => object[field] === value));
      },
    };
  }

  /** What the bank's agents ask; nobody kills them. */
  agentClient() {
    return {
      ...this.client(),
      status: async () => ({ chain: this.chain.identity.chain, height: this.chain.height, clockMs: this.#nowMs }),
      call: async (_method: "credit_score", params: ScoreParams) => creditScoreOf(this.chain, params),
    };
  }

  #json(kind: Kind, object: object): LedgerJson {
    return KINDS[kind].schema.toJson(object as never) as unknown as LedgerJson;
  }

  #take(id: TxId, bytes: Uint8Array): TxOutcome {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) throw new Error(decoded.error.detail);
    const known = this.#receipts.get(id);
    if (known === undefined) {
      this.#nowMs += 100;
      this.chain.timeMs = Math.max(this.chain.timeMs, this.#nowMs - 1_000);
      const refusal = this.chain.judge(decoded.value);
      if (refusal !== null) throw new RpcFailure(-32003, refusal.detail, { code: refusal.code, retriable: false });
    }
    const receipt = known ?? (this.chain.block([decoded.value]).receipts[0] as TxReceipt);
    this.#receipts.set(id, receipt);
    const code = codeName(receipt.code);
    if (code === undefined) throw new Error(`no code ${receipt.code}`);
    return { id, status: receipt.code === 0 ? "committed" : "failed", code, message: codeMessage(code) };
  }
}
