import { blockId, pairLeaf } from "../codec/block.ts";
import {
  type AuthorityChange,
  type EventProof,
  eventProofSchema,
  type ObjectProof,
  objectProofSchema,
  proofDigest,
  type ReceiptProof,
  receiptProofSchema,
  type TransactionProof,
  transactionProofSchema,
  unpackHashes,
} from "../codec/proof.ts";
import { encode, type Json, type Schema, SchemaError, type StructSchema } from "../codec/schema.ts";
import { decodeTransaction, encodeReceipt } from "../codec/transaction.ts";
import { verify } from "../crypto/ed25519.ts";
import { sha256, sha256Pairs } from "../crypto/hash.ts";
import { verifyInclusion } from "../crypto/merkle.ts";
import { type Kind, SCHEMAS } from "../ledger/objects.ts";
import { differencesOf, type ObjectJson, parentFrom, parentOf } from "../ledger/title.ts";
import { fromHex } from "../lib/bytes.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { type Engine, finalityFault, followChanges, type Trusted, type TrustFault } from "../light/trust.ts";
import { verifyAll } from "../state/multi-proof.ts";
import { verifyProof as verifyAbsence } from "../state/proof.ts";
import { stateKey } from "../state/view.ts";
import type { Commit, Header } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height, MemberId, TimeMs } from "../types/scalars.ts";
import type { LedgerEvent, Transaction, TxPair } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";

/** What a sound proof says, and who stands for it. */
export interface Proved {
  readonly kind: string;
  readonly id: string;
  readonly chain: Hash;
  /** The block after which, or in which, it is so. */
  readonly height: Height;
  readonly timeMs: TimeMs;
  readonly block: BlockId;
  /** Of so many authorities, those whose signatures the proof shows. */
  readonly authorities: number;
  readonly signedBy: readonly MemberId[];
  /** How often the authorities changed since what was trusted. */
  readonly changes: number;
  readonly digest: Hash;
  readonly fact: Fact;
  /** The block's header, what made it final, and under which authorities. */
  readonly final: { readonly header: Header; readonly commit: Commit; readonly set: ValidatorSet };
}

export type Fact =
  | {
      readonly kind: "object";
      readonly object: ObjectJson;
      /** The objects it came from, nearest first; whether the last of them is the first of the line. */
      readonly title: readonly ObjectJson[];
      readonly isWhole: boolean;
    }
  | { readonly kind: "absence" }
  | { readonly kind: "transaction"; readonly index: number; readonly tx: Transaction; readonly bytes: Uint8Array }
  | { readonly kind: "receipt"; readonly index: number; readonly code: number; readonly events: readonly LedgerEvent[] }
  | { readonly kind: "event"; readonly index: number; readonly event: LedgerEvent };

export type ProofFaultCode =
  | TrustFault
  | "PROOF_TOO_LARGE"
  | "PROOF_NOT_JSON"
  | "PROOF_KIND_UNKNOWN"
  | "PROOF_MALFORMED"
  | "PROOF_NOT_CANONICAL"
  | "PROOF_OTHER_ID"
  | "PROOF_STATE"
  | "PROOF_TITLE"
  | "PROOF_TRANSACTION"
  | "PROOF_RECEIPT"
  | "PROOF_DIGEST";

export interface ProofFault {
  readonly code: ProofFaultCode;
  readonly detail: string;
}

type AnyProof = ObjectProof | TransactionProof | ReceiptProof | EventProof;
type Checked<T> = Result<T, ProofFault>;

/** Why a block is not final under the authorities that are trusted. */
const WORDS: Readonly<Record<TrustFault, string>> = {
  CHAIN_OTHER: "its header is of another chain",
  HEIGHT_NOT_ABOVE: "it is not above what is trusted",
  AUTHORITIES_OTHER: "its header names other authorities than those that lead to it",
  CHANGE_WITHOUT_CHANGE: "it changes nothing",
  COMMIT_OTHER_BLOCK: "the signatures are for another block than this header's",
  COMMIT_NO_QUORUM: "fewer than a quorum signed",
  COMMIT_UNKNOWN_SIGNER: "somebody signed who is no authority",
  COMMIT_ORDER: "signatures are out of order or twice",
  COMMIT_BAD_SIGNATURE: "a signature does not verify",
};

const HASHER = { sha256, sha256Pairs };
const PORTABLE: Engine = { verify };

/**
 * Checks a proof as `proof_get` answers it, offline, with the portable cryptography only: the authorities from the trusted ones to
 * the block's, the block's commit, and the way from the block to what is shown. Space between the JSON's tokens does not matter;
 * any other change of the text is refused.
 */
export function verifyProof(text: string, trusted: Trusted, engine: Engine = PORTABLE): Checked<Proved> {
  const read = readProof(text);
  if (!read.ok) return read;
  const { proof, json } = read.value;
  const finality = finalityOf(proof, trusted, engine);
  if (!finality.ok) return finality;
  const fact = factOf(proof);
  if (!fact.ok) return fact;
  if (proofDigest(json) !== proof.digest) return fault("PROOF_DIGEST", "the digest is not that of the proof");
  const { kind, id, header, digest } = proof;
  const { chain, height, timeMs } = header;
  return ok({ kind, id, chain, height, timeMs, block: blockId(header), ...finality.value, digest, fact: fact.value });
}

type JsonObject = { readonly [field: string]: Json };

function readProof(text: string): Checked<{ readonly proof: AnyProof; readonly json: JsonObject }> {
  if (text.length > LIMITS.proofBytesMax) return fault("PROOF_TOO_LARGE", `more than ${LIMITS.proofBytesMax} characters`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return fault("PROOF_NOT_JSON", "the proof is not JSON");
  }
  const kind = typeof parsed === "object" && parsed !== null && "kind" in parsed ? parsed.kind : undefined;
  const schema = schemaOf(kind);
  if (schema === undefined) return fault("PROOF_KIND_UNKNOWN", "the proof is of nothing that this program knows");
  try {
    const proof = schema.fromJson(parsed, "proof");
    const json = schema.toJson(proof) as JsonObject;
    if (withoutLayout(text) !== JSON.stringify(json))
      return fault("PROOF_NOT_CANONICAL", "the JSON is not written as a proof is written");
    return ok({ proof, json });
  } catch (error) {
    if (error instanceof SchemaError) return fault("PROOF_MALFORMED", error.message);
    throw error;
  }
}

const OBJECT_SCHEMAS = new Map(
  Object.entries(SCHEMAS).map(([kind, schema]) => [kind, objectProofSchema(schema as unknown as StructSchema<unknown>)]),
);

function schemaOf(kind: unknown): Schema<AnyProof> | undefined {
  switch (kind) {
    case "transaction":
      return transactionProofSchema as Schema<AnyProof>;
    case "txReceipt":
      return receiptProofSchema as Schema<AnyProof>;
    case "event":
      return eventProofSchema as Schema<AnyProof>;
    default:
      return OBJECT_SCHEMAS.get(String(kind)) as Schema<AnyProof> | undefined;
  }
}

/** Without the space between tokens. */
function withoutLayout(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|[\t\n\r ]+/g, (match) => (match.startsWith('"') ? match : ""));
}

function finalityOf(
  proof: { readonly changes: readonly AuthorityChange[]; readonly header: Header; readonly commit: Commit },
  trusted: Trusted,
  engine: Engine,
): Checked<Pick<Proved, "authorities" | "signedBy" | "changes" | "final">> {
  const { header, commit } = proof;
  // Who trusts a later block than the genesis has no use for what led there.
  const changes = proof.changes.filter((change) => trusted.height === 0 || change.header.height > trusted.height);
  if (header.chain !== trusted.chain)
    return fault("CHAIN_OTHER", `the proof is of chain ${header.chain}, but what is trusted is of chain ${trusted.chain}`);
  const now = followChanges(trusted, changes, engine);
  if (!now.ok)
    return fault(now.error.fault, `change ${now.error.change + 1} of the authorities does not hold: ${WORDS[now.error.fault]}`);
  const code = finalityFault(now.value, header, commit, engine);
  if (code !== null) return fault(code, `block ${header.height} is not made final by its authorities: ${WORDS[code]}`);
  const { set } = now.value;
  const signedBy = commit.sigs.flatMap(({ index }) => set[index]?.member ?? []);
  return ok({ authorities: set.length, signedBy, changes: changes.length, final: { header, commit, set } });
}

function factOf(proof: AnyProof): Checked<Fact> {
  if ("transaction" in proof) return transactionFact(proof);
  if ("txReceipt" in proof) return receiptFact(proof);
  if ("event" in proof) return eventFact(proof);
  return objectFact(proof);
}

function objectFact({ kind, id, header, present, absent }: ObjectProof): Checked<Fact> {
  const { stateRoot } = header;
  const key = stateKey(kind, id);
  if (present === undefined) {
    const siblings = unpackHashes(absent?.siblings ?? new Uint8Array(1));
    if (absent === undefined || siblings === undefined) return fault("PROOF_MALFORMED", "neither presence nor absence is shown");
    const holds = verifyAbsence(stateRoot, key, null, { leaf: absent.leaf, siblings }, HASHER);
    return holds ? ok({ kind: "absence" }) : fault("PROOF_STATE", "the state does not show that there is no such object");
  }
  if (absent !== undefined) return fault("PROOF_MALFORMED", "both presence and absence are shown");
  const line = lineOf(kind as Kind, id, present);
  if (!line.ok) return line;
  const schema = SCHEMAS[kind as Kind] as unknown as Schema<unknown>;
  const entries = line.value.map((each) => ({
    key: stateKey(kind, each.id as Hash),
    value: encode(schema, schema.fromJson(each, "object")),
  }));
  const siblings = unpackHashes(present.siblings);
  if (siblings === undefined || !verifyAll(stateRoot, entries, { depths: present.depths, siblings }, HASHER))
    return fault("PROOF_STATE", "the state does not hold what is shown");
  const [object, ...title] = line.value as [ObjectJson, ...ObjectJson[]];
  return ok({ kind: "object", object, title, isWhole: parentOf(kind as Kind, line.value.at(-1) as object) === null });
}

/** The object and those it came from, each put together from how it differs from the one before. */
function lineOf(kind: Kind, id: Hash, present: NonNullable<ObjectProof["present"]>): Checked<readonly ObjectJson[]> {
  const schema = SCHEMAS[kind] as unknown as StructSchema<unknown> & Schema<unknown>;
  const value = schema.toJson(present.value) as ObjectJson;
  if (value.id !== id) return fault("PROOF_OTHER_ID", "the object has another id");
  const line = [value];
  for (const entry of present.title ?? []) {
    const child = line.at(-1) as ObjectJson;
    const parentId = parentOf(kind, child);
    if (parentId === null) return fault("PROOF_TITLE", "the line goes on beyond its first object");
    const differences = differencesJson(schema, entry);
    const parent = parentFrom(child, parentId, differences, schema);
    if (JSON.stringify(differencesOf(child, parent, schema)) !== JSON.stringify(differences))
      return fault("PROOF_NOT_CANONICAL", "a parent names a field in which it does not differ");
    line.push(parent);
  }
  return ok(line);
}

function differencesJson(schema: StructSchema<unknown>, entry: Readonly<Record<string, unknown>>): ObjectJson {
  const json: Record<string, Json> = {};
  for (const [name, field] of Object.entries(schema.fields as Readonly<Record<string, Schema<unknown>>>)) {
    if (!Object.hasOwn(entry, name)) continue;
    const each = "optional" in field ? (field as unknown as { readonly optional: Schema<unknown> }).optional : field;
    json[name] = entry[name] === null ? null : each.toJson(entry[name]);
  }
  return json;
}

function transactionFact({ id, header, transaction }: TransactionProof): Checked<Fact> {
  const { index, tx: bytes, path } = transaction;
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return fault("PROOF_TRANSACTION", `the transaction does not decode: ${decoded.error.code}`);
  const { pair, tx } = decoded.value;
  if (pair.id !== id) return fault("PROOF_OTHER_ID", "the transaction has another id");
  if (!isPairAt(header, index, pair, path)) return fault("PROOF_TRANSACTION", "the block does not hold the transaction there");
  return ok({ kind: "transaction", index, tx, bytes });
}

function receiptFact({ id, header, txReceipt }: ReceiptProof): Checked<Fact> {
  const { code, events } = txReceipt;
  const wrong = receiptFault(header, id, txReceipt, { code, events });
  return wrong === null ? ok({ kind: "receipt", index: txReceipt.index, code, events }) : wrong;
}

function eventFact({ id, header, event: shown }: EventProof): Checked<Fact> {
  const { index, code, before, event, after } = shown;
  const [tx, number] = id.split("/");
  if (before.length !== Number(number)) return fault("PROOF_OTHER_ID", "the event stands elsewhere in its receipt");
  const wrong = receiptFault(header, tx as Hash, shown, { code, events: [...before, event, ...after] });
  return wrong === null ? ok({ kind: "event", index, event }) : wrong;
}

interface ReceiptPlace {
  readonly index: number;
  readonly sigs: Hash;
  readonly txPath: Uint8Array;
  readonly receiptPath: Uint8Array;
}

function receiptFault(
  header: Header,
  id: Hash,
  { index, sigs, txPath, receiptPath }: ReceiptPlace,
  receipt: { readonly code: number; readonly events: readonly LedgerEvent[] },
): Checked<never> | null {
  if (!isPairAt(header, index, { id, sigs }, txPath))
    return fault("PROOF_TRANSACTION", "the block does not hold the transaction there");
  return isIncluded(header.receiptRoot, header.count, index, encodeReceipt(receipt), receiptPath)
    ? null
    : fault("PROOF_RECEIPT", "the block does not hold the receipt there");
}

function isPairAt(header: Header, index: number, pair: TxPair, path: Uint8Array): boolean {
  return isIncluded(header.txRoot, header.count, index, pairLeaf(pair), path);
}

function isIncluded(root: Hash, size: number, index: number, leaf: Uint8Array, packed: Uint8Array): boolean {
  const path = unpackHashes(packed);
  return path !== undefined && verifyInclusion({ root: fromHex(root) as Uint8Array, size, index, leaf }, path);
}

function fault(code: ProofFaultCode, detail: string): { readonly ok: false; readonly error: ProofFault } {
  return err({ code, detail });
}
