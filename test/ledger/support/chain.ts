import { chainId } from "../../../src/codec/genesis.ts";
import { encode, type Schema } from "../../../src/codec/schema.ts";
import { encodeTransaction, sigsHash, transactionId } from "../../../src/codec/transaction.ts";
import { verify } from "../../../src/crypto/ed25519.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import type { HistoryEntry, ObjectChange } from "../../../src/ledger/book.ts";
import { type Code, codeName, type Fact } from "../../../src/ledger/codes.ts";
import { type BlockOutcome, executeBlock } from "../../../src/ledger/execute.ts";
import { genesisObjects } from "../../../src/ledger/genesis-objects.ts";
import type { ParentTurn } from "../../../src/ledger/governance/turns.ts";
import { objectId } from "../../../src/ledger/ids.ts";
import { judgeAgainstParent, type Refusal } from "../../../src/ledger/judge.ts";
import { KINDS, type Kind, type LedgerObject, type ObjectOf } from "../../../src/ledger/kinds.ts";
import type { LedgerRefusal } from "../../../src/ledger/refusal.ts";
import { type BodyOf, type OperationKind, TRANSITIONS } from "../../../src/ledger/transitions.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import type { ObjectView } from "../../../src/state/view.ts";
import type { Evidence } from "../../../src/types/block.ts";
import type { ChainIdentity } from "../../../src/types/genesis.ts";
import type { Hash, TimeMs, TxId } from "../../../src/types/scalars.ts";
import type { Envelope, Expectation, Operation, TxReceipt } from "../../../src/types/transaction.ts";
import type { Firm, TestKey } from "./firm.ts";

export interface Signature {
  readonly party: Hash;
  readonly key: TestKey;
}

/** A firm signs by its maker unless it says by which key. */
export type Signing = Firm | Signature;

export function by(party: Firm, key: TestKey): Signature {
  return { party: party.id, key };
}

export function op<K extends OperationKind>(kind: K, body: BodyOf<K>): Operation {
  const transition = TRANSITIONS.get(kind);
  if (transition === undefined) throw new Error(`no transition ${kind}`);
  return { kind, body: encode(transition.body as unknown as Schema<unknown>, body) };
}

export interface Sent {
  readonly id: TxId;
  readonly receipt: TxReceipt;
  readonly code: Code;
  /** The id of an object that the transaction's operation creates as its child-th. */
  created(operation?: number, child?: number): Hash;
}

/** What came of a transaction that was tried: a ledger's code or the door's. */
export interface Attempted {
  readonly code: string;
  readonly facts: readonly Fact[];
  readonly detail: string;
}

interface TransactionOptions {
  readonly expect?: readonly Expectation[];
  readonly notAfter?: TimeMs;
  readonly salt?: string;
}

const CLOCK_STEP_MS = 1_000;

/** A chain of blocks on nothing but the ledger: a state in memory, a clock that the test moves. */
export class TestChain implements ObjectView {
  readonly identity: ChainIdentity;
  readonly objects = new Map<string, LedgerObject>();
  readonly history: HistoryEntry[] = [];
  height = 0;
  timeMs: TimeMs;
  parent: ParentTurn = { round: 0, proposer: null, block: null, signers: [], isChange: false };
  lastChanges: readonly ObjectChange[] = [];
  /** Why the last transaction that failed did. */
  lastRefusal: LedgerRefusal | null = null;
  #salts = 0;

  readonly #signatures: "real" | "none";

  /** Without signatures a chain runs many times faster: for tests of everything that is not about them. */
  constructor(identity: ChainIdentity, signatures: "real" | "none" = "real") {
    this.identity = identity;
    this.#signatures = signatures;
    this.timeMs = identity.genesis.timeMs;
    this.#adopt(genesisObjects(identity));
  }

  get(kind: string, id: Hash): LedgerObject | undefined {
    return this.objects.get(kind + id);
  }

  find<K extends Kind>(kind: K, id: Hash): ObjectOf<K> | undefined {
    return this.objects.get(kind + id) as ObjectOf<K> | undefined;
  }

  read<K extends Kind>(kind: K, id: Hash): ObjectOf<K> {
    const object = this.find(kind, id);
    if (object === undefined) throw new Error(`no ${kind} ${id}`);
    return object;
  }

  all<K extends Kind>(kind: K): readonly ObjectOf<K>[] {
    const found: ObjectOf<K>[] = [];
    for (const [key, object] of this.objects) if (key === kind + object.id) found.push(object as ObjectOf<K>);
    return found;
  }

  /** A signed envelope; every signature is made and checked for real. */
  sign(operations: Operation | readonly Operation[], signings: readonly Signing[], options: TransactionOptions = {}): Envelope {
    const ops = "kind" in operations ? [operations] : operations;
    const given = signings.map((signing) => ("legalId" in signing ? { party: signing.id, key: signing.maker } : signing));
    const sorted = [...given].sort((a, b) => (a.party + a.key.key < b.party + b.key.key ? -1 : 1));
    const salt = sha256(new TextEncoder().encode(options.salt ?? `salt ${this.#salts++}`)).slice(0, 16);
    const unsigned = {
      v: 1 as const,
      chain: this.identity.chain,
      ops,
      notAfter: options.notAfter ?? this.timeMs + 60_000,
      salt,
      signers: sorted.map(({ party, key }) => ({ party, key: key.key })),
      ...(options.expect === undefined ? {} : { expect: options.expect }),
    };
    const id = transactionId(unsigned);
    const message = fromHex(id) as Uint8Array;
    const sigs = sorted.map(({ key }) => (this.#signatures === "real" ? key.sign(message) : new Uint8Array(64)));
    const tx = { ...unsigned, sigs };
    return { pair: { id, sigs: sigsHash(sigs) }, tx, bytes: encodeTransaction(tx) };
  }

  judge(envelope: Envelope, timeMs: TimeMs = this.timeMs + CLOCK_STEP_MS): Refusal | null {
    const { tx, pair } = envelope;
    for (const [index, { key }] of this.#signatures === "real" ? tx.signers.entries() : []) {
      if (!verify(key, fromHex(pair.id) as Uint8Array, tx.sigs[index] as Uint8Array))
        throw new Error("a signature does not verify");
    }
    return judgeAgainstParent(this, envelope, { chain: this.identity.chain, timeMs });
  }

  /** Executes the next block without adopting it. */
  execute(
    transactions: readonly Envelope[],
    timeMs: TimeMs,
    evidence: readonly Evidence[] = [],
    view: ObjectView = this,
  ): BlockOutcome {
    return executeBlock({
      view,
      chain: this.identity.chain,
      height: this.height + 1,
      timeMs,
      parent: this.parent,
      evidence,
      transactions,
    });
  }

  /** One block; throws if a transaction in it makes it invalid. */
  block(
    transactions: readonly Envelope[],
    options: { readonly evidence?: readonly Evidence[]; readonly round?: number } = {},
  ): BlockOutcome {
    const timeMs = this.timeMs + CLOCK_STEP_MS;
    for (const envelope of transactions) {
      const refusal = this.judge(envelope, timeMs);
      if (refusal !== null) throw new Error(`refused: ${refusal.code} ${refusal.detail}`);
    }
    const outcome = this.execute(transactions, timeMs, options.evidence);
    this.height += 1;
    this.timeMs = timeMs;
    const proposer = this.identity.genesis.members[0]?.id ?? null;
    this.parent = { round: options.round ?? 0, proposer, block: null, signers: [], isChange: false };
    this.#adopt(outcome.changes);
    this.history.push(...outcome.history);
    return outcome;
  }

  /** One transaction in a block of its own. */
  send(operations: Operation | readonly Operation[], signings: readonly Signing[], options: TransactionOptions = {}): Sent {
    const envelope = this.sign(operations, signings, options);
    const outcome = this.block([envelope]);
    this.lastRefusal = outcome.refusals.get(envelope.pair.id) ?? this.lastRefusal;
    return sent(envelope, outcome.receipts[0] as TxReceipt);
  }

  /** As `send`, but it must take effect. */
  act(operations: Operation | readonly Operation[], ...signings: readonly Signing[]): Sent {
    const result = this.send(operations, signings);
    if (result.code !== "OK") throw new Error(`expected OK, got ${result.code}`);
    return result;
  }

  /** The code with which the transaction fails, changing nothing. */
  refusal(operations: Operation | readonly Operation[], ...signings: readonly Signing[]): Code {
    const envelope = this.sign(operations, signings);
    const without = this.execute([], this.timeMs + CLOCK_STEP_MS);
    const outcome = this.block([envelope]);
    const { code } = sent(envelope, outcome.receipts[0] as TxReceipt);
    this.lastRefusal = outcome.refusals.get(envelope.pair.id) ?? this.lastRefusal;
    if (code !== "OK") sameChanges(without, outcome);
    return code;
  }

  /**
   * What would come of the transaction in the next block, or in one at `atMs`; nothing is kept. Refused at the door or in the block, it
   * leaves what an empty block leaves, or this throws.
   */
  attempt(
    operations: Operation | readonly Operation[],
    signings: readonly Signing[],
    options: TransactionOptions & { readonly atMs?: TimeMs } = {},
  ): Attempted {
    const timeMs = options.atMs ?? this.timeMs + CLOCK_STEP_MS;
    const envelope = this.sign(operations, signings, { notAfter: timeMs + 1_000, ...options });
    const door = this.judge(envelope, timeMs);
    if (door !== null) return { code: door.code, facts: [], detail: door.detail };
    const outcome = this.execute([envelope], timeMs);
    const { code } = sent(envelope, outcome.receipts[0] as TxReceipt);
    if (code !== "OK") sameChanges(this.execute([], timeMs), outcome);
    return { code, facts: outcome.refusals.get(envelope.pair.id)?.facts ?? [], detail: "" };
  }

  /** Moves the clock to a moment and makes an empty block there, so that what is due happens. */
  passTo(timeMs: TimeMs): void {
    this.timeMs = timeMs - CLOCK_STEP_MS;
    this.block([]);
  }

  pass(durationMs: number): void {
    this.passTo(this.timeMs + durationMs);
  }

  #adopt(changes: readonly ObjectChange[]): void {
    this.lastChanges = changes;
    for (const { kind, id, before, after } of changes) {
      if (this.objects.get(kind + id) !== before) throw new Error(`${kind} ${id}: a change does not start from what is there`);
      if (after === undefined) this.objects.delete(kind + id);
      else this.objects.set(kind + id, after);
    }
  }
}

function sameChanges(one: BlockOutcome, other: BlockOutcome): void {
  const text = ({ changes }: BlockOutcome): string =>
    changes
      .map(({ kind, id, after }) => {
        const encoded = after === undefined ? null : encode(KINDS[kind].schema, after);
        return `${kind} ${id} ${encoded === null ? "removed" : toHex(encoded)}`;
      })
      .join("\n");
  if (text(one) !== text(other)) throw new Error("a failed transaction changed state");
}

export function sent(envelope: Envelope, receipt: TxReceipt): Sent {
  const code = codeName(receipt.code);
  if (code === undefined) throw new Error(`unknown code ${receipt.code}`);
  const { id } = envelope.pair;
  return { id, receipt, code, created: (operation = 0, child = 0) => objectId(id, operation, child) };
}

export function identityOf(genesis: ChainIdentity["genesis"]): ChainIdentity {
  return { chain: chainId(genesis), genesis };
}
