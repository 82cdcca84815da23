import { encodeTransaction } from "../codec/transaction.ts";
import type { Change } from "../ledger/governance/change.ts";
import { memberObjectId } from "../ledger/ids.ts";
import { toHex } from "../lib/bytes.ts";
import { CodedError } from "../lib/coded-error.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height, MemberId, PublicKey, TimeMs } from "../types/scalars.ts";
import type { Operation, TxSigner } from "../types/transaction.ts";
import { type Client, RpcFailure, type TxOutcome } from "./client.ts";
import { buildTransaction, op, type SigningKey, signTransaction } from "./transaction-builder.ts";

/** What a proposal would make of the authorities, and where its votes stand: the event `prospect` of the ledger. */
export interface Prospect {
  readonly proposal: Hash;
  readonly status: string;
  readonly approvals: number;
  readonly needed: number;
  readonly authorities: number;
  readonly quorum: number;
  readonly faultsTolerated: number;
  readonly live: number;
  readonly voters: number;
  /** The code that would refuse the change now; empty if none. */
  readonly obstacle: string;
}

/** What an operation would come to now, in code and words, and what it would make of the authorities. */
export interface DryRun {
  readonly code: string;
  readonly message: string;
  readonly prospect: Prospect | null;
}

const VALID_FOR_MS = 300_000;

/** Nobody shows ready what does not run: the members would count on a key that is silent. */
export class NotReadyError extends CodedError<"KEY_NOT_RUNNING" | "NODE_SYNCING"> {
  override readonly name = "NotReadyError";
}

/** Nobody of this name is, or is still, a member. */
export class MemberUnknownError extends CodedError<"MEMBER_UNKNOWN"> {
  override readonly name = "MemberUnknownError";
}

/** A member's part in governance: proposes, votes, shows that its authority runs, and asks beforehand what would come of it. */
export class GovernanceClient {
  readonly #client: Client;
  readonly #member: MemberId;

  constructor(client: Client, member: MemberId) {
    this.#client = client;
    this.#member = member;
  }

  /** The operation that proposes a change, open to votes until `expiresMs`. */
  proposal(change: Change, expiresMs: TimeMs, document?: Hash): Operation {
    const body = { member: this.#member, change, expiresMs };
    return op("governance.propose", document === undefined ? body : { ...body, document });
  }

  vote(proposal: Hash, approve: boolean): Operation {
    return op("governance.vote", { proposal, member: this.#member, approve });
  }

  withdrawal(proposal: Hash): Operation {
    return op("governance.withdraw", { proposal });
  }

  /**
   * Names the newest block that readiness may name, as the node that is asked has it: the member's own, which must run with this key and have
   * caught up. Throws NotReadyError if it does not, RpcFailure before there is a block.
   */
  async readiness(key: PublicKey): Promise<Operation> {
    const { member, height: head, syncing, authorityKey } = await this.#client.status();
    if (authorityKey !== key) {
      const instead = authorityKey === null ? "without a consensus key" : `with ${authorityKey}`;
      throw new NotReadyError("KEY_NOT_RUNNING", `the node asked, ${member}'s, does not run with the key ${key} but ${instead}`);
    }
    if (syncing) throw new NotReadyError("NODE_SYNCING", `the node asked is catching up: it stands at height ${head}`);
    const height = waymarkUpTo(Math.max(head, 1));
    const { id: block } = await this.#client.call<{ id: Hash }>("chain_getBlock", { height });
    return op("authority.ready", { member: this.#member, key, height, block });
  }

  /** The id of this member's party. Throws MemberUnknownError if there is no such member. */
  async party(): Promise<Hash> {
    try {
      return (await this.#client.ledgerGet("member", memberObjectId(this.#member))).party as Hash;
    } catch (error) {
      if (!(error instanceof RpcFailure) || error.code !== "NOT_FOUND") throw error;
      throw new MemberUnknownError("MEMBER_UNKNOWN", `the chain has no member "${this.#member}"`);
    }
  }

  /** Signs with these keys, sends, and waits for the outcome. */
  async send(ops: readonly Operation[], keys: readonly SigningKey[]): Promise<TxOutcome> {
    const { chain, clockMs } = await this.#client.status();
    const { id, bytes } = await signTransaction({ chain, ops, notAfter: clockMs + VALID_FOR_MS }, keys);
    return this.#client.submitAndWait(id, bytes);
  }

  /** What an operation of this member's would do now; nothing is signed and nothing changes. */
  async dryRun(operation: Operation): Promise<DryRun> {
    const { chain, clockMs } = await this.#client.status();
    const { unsigned } = buildTransaction({
      chain,
      ops: [operation],
      notAfter: clockMs + VALID_FOR_MS,
      signers: await this.#makers(),
    });
    const sigs = unsigned.signers.map(() => new Uint8Array(64));
    const tx = toHex(encodeTransaction({ ...unsigned, sigs }));
    const { code, message, events } = await this.#client.call<Pick<TxOutcome, "events"> & Omit<DryRun, "prospect">>(
      "tx_simulate",
      { tx },
    );
    const prospect = events?.find(({ kind }) => kind === "prospect");
    return { code, message, prospect: (prospect as unknown as Prospect | undefined) ?? null };
  }

  /** Keys that could sign for the member, whatever its policy asks for. */
  async #makers(): Promise<readonly TxSigner[]> {
    const party = await this.party();
    const keys = await this.#client.ledgerAll("key", { party });
    const live = keys.filter(
      ({ revokedMs, purpose }) => revokedMs === undefined && (purpose === "MAKER" || purpose === "CHECKER"),
    );
    return live.slice(0, LIMITS.signersMax).map(({ id }) => ({ party, key: id as unknown as PublicKey }));
  }
}

/** Blocks that readiness may name are the first and every tenth after it. */
function waymarkUpTo(height: Height): Height {
  return height - ((height - 1) % LIMITS.livenessStepBlocks);
}
