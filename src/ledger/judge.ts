import { decode } from "../codec/cbor.ts";
import type { ObjectView } from "../state/view.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, TimeMs } from "../types/scalars.ts";
import type { Envelope, TxSigner } from "../types/transaction.ts";
import { keyId, partyId } from "./ids.ts";
import type { ObjectOf } from "./objects.ts";
import { isAcceptable } from "./parties/keys.ts";
import type { BodyOf } from "./transitions.ts";
import { TRANSITIONS } from "./transitions.ts";
import { paramsOf } from "./validators.ts";

/** `retriable`: another state, a block later or earlier, might accept it. */
export interface Refusal {
  readonly code:
    | "CHAIN_FOREIGN"
    | "KIND_UNKNOWN"
    | "BODY_INVALID"
    | "EXPIRED"
    | "NOT_AFTER_TOO_FAR"
    | "KEY_UNKNOWN"
    | "KEY_INVALID"
    | "KEY_UNACCEPTABLE"
    | "PARTY_INACTIVE";
  readonly detail: string;
  readonly retriable: boolean;
}

/** Each operation's decoded body, so that it is decoded once. */
const bodies = new WeakMap<Envelope, readonly unknown[]>();

/** Bodies of a judged transaction, in order. */
export function bodiesOf(envelope: Envelope): readonly unknown[] | Refusal {
  const known = bodies.get(envelope);
  if (known !== undefined) return known;
  const decoded: unknown[] = [];
  for (const [index, { kind, body }] of envelope.tx.ops.entries()) {
    const transition = TRANSITIONS.get(kind);
    if (transition === undefined) return refuse("KIND_UNKNOWN", `operation ${index}: there is no kind "${kind}"`);
    const value = decode(transition.body, body, LIMITS.txBytesMax);
    if (!value.ok) return refuse("BODY_INVALID", `operation ${index} (${kind}): ${value.error.detail}`);
    decoded.push(value.value);
  }
  bodies.set(envelope, decoded);
  return decoded;
}

/** What no state could accept: form and chain. Signatures are the verifier's business. */
export function judgeForm(envelope: Envelope, chain: Hash): Refusal | null {
  if (envelope.tx.chain !== chain) return refuse("CHAIN_FOREIGN", "the transaction is for another chain");
  const decoded = bodiesOf(envelope);
  return "code" in decoded ? decoded : null;
}

/**
 * What is judged against the parent's state (protocol.md §2): the window of validity and the keys. A block that holds a transaction
 * refused here is invalid. Key *policies* are judged in order within the block instead: they depend on amounts, and amounts on
 * objects that an earlier transaction of the same block may have made.
 */
export function judgeAgainstParent(
  view: ObjectView,
  envelope: Envelope,
  at: { readonly chain: Hash; readonly timeMs: TimeMs },
): Refusal | null {
  const form = judgeForm(envelope, at.chain);
  if (form !== null) return form;
  const { notAfter, signers } = envelope.tx;
  if (at.timeMs > notAfter) return refuse("EXPIRED", `notAfter ${notAfter} is before the block's time ${at.timeMs}`);
  const { txWindowMs } = paramsOf(view);
  if (notAfter > at.timeMs + txWindowMs) {
    return {
      ...refuse("NOT_AFTER_TOO_FAR", `notAfter ${notAfter} is more than ${txWindowMs} ms after ${at.timeMs}`),
      retriable: true,
    };
  }
  let known = 0;
  for (const signer of signers) {
    const key = view.get("key", keyId(signer.key)) as ObjectOf<"key"> | undefined;
    const refusal = key === undefined ? judgeIntroduced(envelope, signer) : judgeKey(view, key, signer, at.timeMs);
    if (refusal !== null) return refusal;
    if (key !== undefined) known += 1;
  }
  // New keys only prove their possession: whoever is unknown to the chain puts nothing on it without somebody who is known.
  if (known === 0) return { ...refuse("KEY_UNKNOWN", "no signer's key is on the chain"), retriable: true };
  return null;
}

/** A key that is not on the chain may sign where the transaction puts it there. */
function judgeIntroduced(envelope: Envelope, signer: TxSigner): Refusal | null {
  if (!introduces(envelope, signer))
    return { ...refuse("KEY_UNKNOWN", `key ${signer.key} is not on the chain`), retriable: true };
  return isAcceptable(signer.key) ? null : refuse("KEY_UNACCEPTABLE", `key ${signer.key} is no canonical point of prime order`);
}

function judgeKey(view: ObjectView, key: ObjectOf<"key">, signer: TxSigner, timeMs: TimeMs): Refusal | null {
  if (key.party !== signer.party) return refuse("KEY_INVALID", `key ${signer.key} belongs to another party`);
  if (key.revokedMs !== undefined) return refuse("KEY_INVALID", `key ${signer.key} is revoked`);
  if (key.untilMs !== undefined && timeMs > key.untilMs) return refuse("KEY_INVALID", `key ${signer.key} has run out`);
  const party = view.get("party", signer.party) as ObjectOf<"party"> | undefined;
  if (party === undefined || party.status !== "ACTIVE")
    return { ...refuse("PARTY_INACTIVE", `party ${signer.party} is not active`), retriable: true };
  return null;
}

/** A key that this very transaction registers signs to prove its possession. */
function introduces(envelope: Envelope, signer: TxSigner): boolean {
  const decoded = bodiesOf(envelope);
  if ("code" in decoded) return false;
  return envelope.tx.ops.some(({ kind }, index) => {
    if (kind === "party.register") {
      const body = decoded[index] as BodyOf<"party.register">;
      return partyId(body.legalId) === signer.party && body.keys.some(({ key }) => key === signer.key);
    }
    if (kind === "key.recover") {
      const body = decoded[index] as BodyOf<"key.recover">;
      return body.party === signer.party && body.key === signer.key;
    }
    if (kind === "key.add") {
      const body = decoded[index] as BodyOf<"key.add">;
      return body.party === signer.party && body.key === signer.key;
    }
    if (kind === "device.bind") {
      const body = decoded[index] as BodyOf<"device.bind">;
      // Whose warehouse it is the execution says.
      return body.key === signer.key;
    }
    // An authority's key is no party's key; whose it is the operation itself says.
    if (kind === "authority.ready") return (decoded[index] as BodyOf<"authority.ready">).key === signer.key;
    return false;
  });
}

function refuse(code: Refusal["code"], detail: string): Refusal {
  return { code, detail, retriable: false };
}
