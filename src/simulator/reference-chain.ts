import { commitHash, evidenceRoot, receiptRoot, txRoot, validatorsHash } from "../codec/block.ts";
import { paramsHash } from "../codec/genesis.ts";
import { encode } from "../codec/schema.ts";
import { voteSignBytes } from "../codec/vote.ts";
import type { ObjectChange } from "../ledger/book.ts";
import { executeBlock } from "../ledger/execute.ts";
import { genesisObjects } from "../ledger/genesis-objects.ts";
import { parentTurn } from "../ledger/governance/turns.ts";
import { judgeAgainstParent } from "../ledger/judge.ts";
import { KINDS } from "../ledger/kinds.ts";
import { membersOf, paramsOf, validatorsOf } from "../ledger/validators.ts";
import { fromHex, toHex } from "../lib/bytes.ts";
import { acceptsNext, evidenceChecks } from "../light/commit.ts";
import { keyHashOf, valueHashOf } from "../state/node-hash.ts";
import { type ObjectView, stateKey } from "../state/view.ts";
import type { Block, Commit, Header } from "../types/block.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import type { BlockId, Hash, Height, MemberId, TxId } from "../types/scalars.ts";
import type { Envelope, TxReceipt } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { ledgerFault } from "./ledger-checks.ts";
import { naiveRoot } from "./naive-root.ts";
import { type Scheme, simulatedHasher } from "./virtual-crypto.ts";

interface Held {
  readonly object: unknown;
  readonly leaf: { readonly keyHash: Uint8Array; readonly valueHash: Uint8Array };
}

/** What a block makes of the state before it. */
interface Outcome {
  readonly receipts: readonly TxReceipt[];
  readonly changes: readonly ObjectChange[];
  readonly header: Pick<Header, "stateRoot" | "receiptRoot" | "nextValidators">;
}

const digest = simulatedHasher.sha256;

/**
 * The chain once more, apart from every node: objects in a plain map, the state root from all leaves by the definition of protocol.md §1,
 * every rule of a block and of its transactions judged again. What nodes finalise must be what this makes of it.
 */
export class ReferenceChain {
  readonly #identity: ChainIdentity;
  readonly #scheme: Scheme;
  readonly #objects = new Map<string, Held>();
  readonly #used = new Set<TxId>();
  readonly #sets: ValidatorSet[] = [];
  readonly #ids: BlockId[] = [];
  readonly #finalised: Envelope[] = [];
  #head: { readonly header: Header; readonly id: BlockId } | null = null;

  constructor(identity: ChainIdentity, scheme: Scheme) {
    this.#identity = identity;
    this.#scheme = scheme;
    this.#adopt(genesisObjects(identity));
    this.#sets[1] = validatorsOf(this.#view);
  }

  get height(): Height {
    return this.#head?.header.height ?? 0;
  }

  get timeMs(): number {
    return this.#head?.header.timeMs ?? this.#identity.genesis.timeMs;
  }

  /** Of the newest blocks last. */
  get finalised(): readonly Envelope[] {
    return this.#finalised;
  }

  /** The id of a block that is final. */
  idAt(height: Height): BlockId | undefined {
    return this.#ids[height];
  }

  /** Who signs a height: known up to one beyond the newest. */
  setAt(height: Height): ValidatorSet | undefined {
    return this.#sets[height];
  }

  /** Whether the members have this one in their table. */
  isMember(name: MemberId): boolean {
    return membersOf(this.#view).some((member) => member.name === name);
  }

  /** Takes the block after the newest; the reason if it may not stand. */
  take(block: Block, id: BlockId, commit: Commit, envelopes: readonly Envelope[]): string | null {
    const fault = this.#headerFault(block) ?? this.#contentFault(block, envelopes) ?? this.commitFault(commit, id);
    if (fault !== null) return fault;
    const outcome = this.#execute(block, envelopes);
    for (const root of ["stateRoot", "receiptRoot", "nextValidators"] as const)
      if (outcome.header[root] !== block.header[root]) return `its ${root} is not what its transactions make`;
    const broken = ledgerFault(outcome.changes);
    if (broken !== null) return broken;
    this.#adopt(outcome.changes);
    for (const { pair } of envelopes) this.#used.add(pair.id);
    this.#finalised.push(...envelopes);
    this.#head = { header: block.header, id };
    this.#ids[block.header.height] = id;
    this.#sets[block.header.height + 1] = validatorsOf(this.#view);
    return null;
  }

  /** Why a commit does not finalise this block: counted here by itself, as light clients count it, and not by their code. */
  commitFault({ height, round, block, sigs }: Commit, id: BlockId): string | null {
    const set = this.#sets[height];
    if (set === undefined || block !== id) return "is not for it";
    const message = voteSignBytes(this.#identity.chain, { height, round, kind: "precommit", block }, digest);
    const signers = new Set<number>();
    for (const { index, sig } of sigs) {
      const authority = set[index];
      if (authority === undefined || !this.#scheme.verify(authority.key, message, sig)) return "has a signature of nobody";
      signers.add(index);
    }
    return 3 * signers.size > 2 * set.length ? null : "has too few signatures";
  }

  /** The header told true of any content, for whoever wants to propose what may not stand; null if it does not follow the newest. */
  reseal(block: Block, envelopes: readonly Envelope[]): Block | null {
    if (block.header.height !== this.height + 1) return null;
    try {
      return { ...block, header: { ...block.header, ...this.#execute(block, envelopes).header } };
    } catch {
      return null;
    }
  }

  #headerFault({ header, pairs, lastCommit, evidence }: Block): string | null {
    const set = this.#sets[header.height];
    if (header.height !== this.height + 1 || set === undefined) return "it does not follow the newest block";
    if (header.chain !== this.#identity.chain || header.timeMs <= this.timeMs) return "it is of another chain or time";
    if (this.#head === null) {
      if (header.parent !== this.#identity.chain || lastCommit.sigs.length !== 0) return "its parent is not the genesis";
    } else {
      if (!acceptsNext(this.#head.header, this.#head.id, header)) return "a light client would not accept it";
      const fault = this.commitFault(lastCommit, this.#head.id);
      if (fault !== null) return `its parent's commit ${fault}`;
    }
    if (header.validators !== validatorsHash(set, digest)) return "its authorities are not those of the state";
    if (!set.some(({ member }) => member === header.proposer)) return "its proposer is no authority";
    if (header.params !== paramsHash(paramsOf(this.#view), digest)) return "its parameters are not those of the state";
    if (header.count !== pairs.length || header.txRoot !== txRoot(pairs, digest))
      return "its transactions are not those it names";
    if (header.lastCommit !== commitHash(lastCommit, digest) || header.evidenceRoot !== evidenceRoot(evidence, digest))
      return "its commit or evidence is not what it names";
    return null;
  }

  #contentFault({ header, pairs, evidence }: Block, envelopes: readonly Envelope[]): string | null {
    const { chain } = this.#identity;
    if (envelopes.length !== pairs.length || new Set(pairs.map(({ id }) => id)).size !== pairs.length) return "it repeats itself";
    for (const [index, envelope] of envelopes.entries()) {
      const { pair, tx } = envelope;
      if (pair.id !== pairs[index]?.id || pair.sigs !== pairs[index]?.sigs) return "its bodies are not those it names";
      if (this.#used.has(pair.id)) return `it holds transaction ${pair.id} once more`;
      const refusal = judgeAgainstParent(this.#view, envelope, { chain, timeMs: header.timeMs });
      if (refusal !== null) return `transaction ${pair.id} may not stand in it: ${refusal.code}`;
      const message = fromHex(pair.id) as Uint8Array;
      if (!tx.signers.every(({ key }, at) => this.#scheme.verify(key, message, tx.sigs[at] as Uint8Array as never)))
        return `a signature of transaction ${pair.id} is wrong`;
    }
    for (const entry of evidence) {
      const checks = evidenceChecks(chain, entry, this.#sets[entry.height] ?? [], digest);
      if (checks === null || !checks.every(({ key, message, signature }) => this.#scheme.verify(key, message, signature)))
        return `its evidence against ${entry.authority} shows nothing`;
    }
    return null;
  }

  #execute({ header, lastCommit, evidence }: Block, transactions: readonly Envelope[]): Outcome {
    const { receipts, changes } = executeBlock({
      view: this.#view,
      chain: this.#identity.chain,
      height: header.height,
      timeMs: header.timeMs,
      parent: parentTurn(lastCommit, this.#head?.header ?? null),
      evidence,
      transactions,
      digest,
    });
    const next = new Map(this.#objects);
    applyTo(next, changes);
    return {
      receipts,
      changes,
      header: {
        stateRoot: toHex(naiveRoot([...next.values()].map(({ leaf }) => leaf))) as Hash,
        receiptRoot: receiptRoot(receipts, digest),
        nextValidators: validatorsHash(validatorsOf(viewOf(next)), digest),
      },
    };
  }

  #adopt(changes: readonly ObjectChange[]): void {
    applyTo(this.#objects, changes);
  }

  get #view(): ObjectView {
    return viewOf(this.#objects);
  }
}

function viewOf(objects: ReadonlyMap<string, Held>): ObjectView {
  return { get: (kind, id) => objects.get(kind + id)?.object };
}

function applyTo(objects: Map<string, Held>, changes: readonly ObjectChange[]): void {
  for (const { kind, id, after } of changes) {
    if (after === undefined) {
      objects.delete(kind + id);
      continue;
    }
    const leaf = {
      keyHash: keyHashOf(stateKey(kind, id), simulatedHasher),
      valueHash: valueHashOf(encode(KINDS[kind].schema, after), simulatedHasher),
    };
    objects.set(kind + id, { object: after, leaf });
  }
}
