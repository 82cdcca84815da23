import {
  amount,
  encode,
  hash,
  int,
  list,
  type Schema,
  type StructSchema,
  type StructValue,
  struct,
  text,
} from "../codec/schema.ts";
import type { Sha256 } from "../crypto/hash.ts";
import type { BusinessParams, ChainParams } from "../types/genesis.ts";
import type { Amount, Day, Hash, Height, TimeMs, TxId } from "../types/scalars.ts";
import type { LedgerEvent, TxSigner } from "../types/transaction.ts";
import type { Book } from "./book.ts";
import { freshObjectId, objectId } from "./ids.ts";
import type { Label } from "./labels/label.ts";

/** Where and when a transition happens. */
export interface Situation {
  readonly book: Book;
  readonly chain: Hash;
  readonly height: Height;
  readonly timeMs: TimeMs;
  /** Civil day of the block in UTC+8. */
  readonly day: Day;
  readonly params: ChainParams;
  readonly business: Required<BusinessParams>;
  /** SHA-256 for the ids of new objects; a native one where speed matters. */
  readonly digest: Sha256;
}

/** A transition under execution. */
export interface Call<B> extends Situation {
  readonly body: B;
  readonly tx: TxId;
  readonly signers: readonly TxSigner[];
  /** The id of this operation's `child`-th new object. */
  newId(child?: number): Hash;
  /** An id for objects whose number depends on the state, so nobody signs ahead for them. */
  freshId(): Hash;
  emit(kind: EventKind, data: unknown): void;
}

/** What transitions report beside the change of objects. */
export const EVENTS = {
  /** What an operation or something falling due was about. */
  happened: struct({ what: text({ max: 48 }), objects: list(hash, { max: 256 }) }),
  /** Double entry per receivable: deltas over {debtorLiability, live, redeemed, diluted, cancelled} that sum to zero. */
  posting: struct({
    receivable: hash,
    currency: text({ max: 3 }),
    entries: list(struct({ account: text({ max: 32 }), delta: amount({ min: -(2n ** 63n) }) }), { min: 2, max: 8 }),
  }),
  /** Where money attested by a bank goes: to a loan's interest and principal, and what is over to its owner. */
  allocation: struct({ object: hash, interest: amount(), principal: amount(), rest: amount(), to: hash }),
  /**
   * Where a proposal's votes stand, and what its change would make of the authorities: how many, their quorum, how many may fail, how many
   * are live, how many have a governance vote. `obstacle`: the code that would refuse it now, empty if none.
   */
  prospect: struct({
    proposal: hash,
    status: text({ max: 16 }),
    approvals: int(),
    needed: int(),
    authorities: int(),
    quorum: int(),
    faultsTolerated: int(),
    live: int(),
    voters: int(),
    obstacle: text({ max: 48 }),
  }),
} as const;
export type EventKind = keyof typeof EVENTS;

export function ledgerEvent(kind: EventKind, data: unknown): LedgerEvent {
  return { kind, data: encode(EVENTS[kind] as unknown as Schema<unknown>, data) };
}

/** What a row of the transition table says: the law, the shape, the signers, the conditions, the effect. */
export interface TransitionDeclaration<F, B = StructValue<F>> {
  readonly kind: string;
  /** What people read, on pages and in lists. */
  readonly label: Label;
  /** Where the rule comes from. */
  readonly ground: string;
  /** Who must sign, in words, for the reference table; `signers` says it in code. */
  readonly signedBy: string;
  readonly body: F;
  /** Parties that must be among the signers. May refuse with a code, e.g. if an object does not exist. */
  readonly signers: (body: B, situation: Situation) => readonly Hash[];
  /** The money at stake, for key policies; in minor units. */
  readonly stake?: (body: B, situation: Situation) => Amount;
  /** Purposes beside MAKER whose keys count as makers for this kind. */
  readonly makers?: readonly ("ENGINE" | "ATTEST" | "DEVICE")[];
  readonly requires: readonly ((call: Call<B>) => void)[];
  /** Changes the book; the ids it names go into the operation's event. */
  readonly effect: (call: Call<B>) => readonly Hash[];
}

export interface Transition {
  readonly kind: string;
  readonly label: Label;
  readonly ground: string;
  readonly signedBy: string;
  readonly body: StructSchema<unknown> & Schema<unknown>;
  readonly signers: (body: unknown, situation: Situation) => readonly Hash[];
  readonly stake: (body: unknown, situation: Situation) => Amount;
  readonly makers: readonly string[];
  readonly requires: readonly ((call: Call<unknown>) => void)[];
  readonly effect: (call: Call<unknown>) => readonly Hash[];
}

export interface TypedTransition<K extends string, B> extends Transition {
  readonly kind: K;
  /** Carries the body's type to builders; never read. */
  readonly bodyType?: B;
}

export function transition<const K extends string, const F extends Record<string, unknown>>(
  declaration: TransitionDeclaration<F> & { readonly kind: K },
): TypedTransition<K, StructValue<F>> {
  const { kind, label, ground, signedBy, signers, stake, makers, requires, effect } = declaration;
  return {
    kind,
    label,
    ground,
    signedBy,
    body: (struct as unknown as (fields: unknown) => Transition["body"])(declaration.body),
    signers: signers as Transition["signers"],
    stake: (stake ?? (() => 0n)) as Transition["stake"],
    makers: makers ?? [],
    requires: requires as Transition["requires"],
    effect: effect as Transition["effect"],
  };
}

export function call<B>(
  situation: Situation,
  body: B,
  tx: TxId,
  op: number,
  signers: readonly TxSigner[],
  events: LedgerEvent[],
): Call<B> {
  let fresh = 0;
  return {
    ...situation,
    body,
    tx,
    signers,
    newId: (child = 0) => objectId(tx, op, child, situation.digest),
    freshId: () => freshObjectId(tx, op, fresh++, situation.digest),
    emit: (kind, data) => events.push(ledgerEvent(kind, data)),
  };
}
