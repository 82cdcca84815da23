import { randomBytes } from "node:crypto";
import { privateKeyObject, signNative } from "../../adapters/ed25519-native.ts";
import { Client, RpcFailure, type TxOutcome } from "../../client/client.ts";
import { partyId } from "../../client/object-id.ts";
import { op, type SigningKey, signTransaction } from "../../client/transaction-builder.ts";
import { publicKeyOf } from "../../crypto/ed25519.ts";
import type { Hash, TxId } from "../../types/scalars.ts";
import { sleep, until } from "./until.ts";

export interface SignedTransaction {
  readonly id: TxId;
  readonly bytes: Uint8Array;
}

export interface Endpoint {
  readonly member: string;
  readonly rpc: string;
}

/** What a node told a client, which must stay true. */
export interface Report {
  readonly height: number;
  readonly by: string;
}

const LANES = 4;
const PAUSE_MS = 60;
const CALL_TIMEOUT_MS = 4_000;
const WAIT_MS = 1_500;
const NOT_AFTER_MS = 9 * 60_000;

/**
 * A trickle of transactions, so that whatever happens to the nodes happens while something is in flight. Each lane finishes one
 * transaction before the next, over whichever node answers; what a node reports as committed is kept, to be held against all of them.
 */
export class SteadyLoad {
  readonly #chain: Hash;
  readonly #sponsor: SigningKey;
  readonly #endpoints: readonly Endpoint[];
  readonly #clients: ReadonlyMap<string, Client>;
  readonly #name = randomBytes(6).toString("hex");
  readonly reported = new Map<TxId, Report>();
  /** Outcomes that no correct network gives these transactions. */
  readonly wrong: string[] = [];
  #made = 0;
  #stopping = false;
  #abandoned = false;
  #lanes: Promise<void>[] = [];

  constructor(modules: { readonly chain: Hash; readonly sponsor: SigningKey; readonly endpoints: readonly Endpoint[] }) {
    this.#chain = modules.chain;
    this.#sponsor = modules.sponsor;
    this.#endpoints = modules.endpoints;
    this.#clients = new Map(modules.endpoints.map(({ member, rpc }) => [member, new Client({ endpoints: [rpc] })]));
  }

  /** May be called again after `stop`. */
  start(): void {
    this.#stopping = false;
    this.#lanes = Array.from({ length: LANES }, (_, lane) => this.#run(lane));
  }

  /** No new transactions; those in flight are finished first. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  /** The nodes are about to go: whatever is in flight is given up. */
  abandon(): void {
    this.#stopping = true;
    this.#abandoned = true;
  }

  /** Until so many more were reported committed. */
  async progress(count = 20): Promise<void> {
    const goal = this.reported.size + count;
    await until(() => this.reported.size >= goal, `${count} more transactions are committed`);
  }

  /** A transaction of the kind that the load is made of: registers a firm that nobody knows yet. */
  async transaction(): Promise<SignedTransaction> {
    const legalId = { scheme: "DRILL", value: `${this.#name}-${this.#made++}` };
    const seed = new Uint8Array(randomBytes(32));
    const privateKey = privateKeyObject(seed);
    const firm: SigningKey = {
      party: partyId(legalId),
      publicKey: publicKeyOf(seed),
      sign: (message) => signNative(privateKey, message),
    };
    const body = {
      legalId,
      roles: ["SELLER"],
      size: "SME" as const,
      sponsor: "zhongnong" as never,
      keys: [{ key: firm.publicKey, purpose: "MAKER" as const }],
      policy: [],
    };
    const draft = { chain: this.#chain, ops: [op("party.register", body)], notAfter: Date.now() + NOT_AFTER_MS };
    return signTransaction(draft, [this.#sponsor, firm]);
  }

  /** Submits over all nodes in turn, from the given one on, until one says what became of it. */
  async finalise({ id, bytes }: SignedTransaction, first = 0): Promise<TxOutcome & { readonly by: string }> {
    const tx = Buffer.from(bytes).toString("hex");
    for (let attempt = first; !this.#abandoned; attempt++) {
      const { member } = this.#endpoints[attempt % this.#endpoints.length] as Endpoint;
      const client = this.#clients.get(member) as Client;
      try {
        await client.call("tx_submit", { tx }, CALL_TIMEOUT_MS);
        const outcome = await client.call<TxOutcome>("tx_wait", { id, timeoutMs: WAIT_MS }, WAIT_MS + CALL_TIMEOUT_MS);
        if (isFinal(outcome)) return { ...outcome, by: member };
      } catch (error) {
        const outcome = error instanceof RpcFailure ? await client.get(id).catch(() => undefined) : undefined;
        if (outcome !== undefined && isFinal(outcome)) return { ...outcome, by: member };
        await sleep(PAUSE_MS);
      }
    }
    return { id, status: "pending", by: "nobody" };
  }

  async #run(lane: number): Promise<void> {
    for (let turn = lane; !this.#stopping; turn++) {
      const { id, status, height = 0, code = "", by } = await this.finalise(await this.transaction(), turn);
      if (status === "committed") this.reported.set(id, { height, by });
      else if (!this.#abandoned) this.wrong.push(`${by} reports ${id} ${status} ${code}`);
      await sleep(PAUSE_MS);
    }
  }
}

function isFinal({ status }: TxOutcome): boolean {
  return status !== "pending" && status !== "unknown";
}
