import { encode, type Schema } from "../../../src/codec/schema.ts";
import { type SnapshotChunk, snapshotChunkSchema } from "../../../src/codec/snapshot.ts";
import { sha256, sha256Pairs } from "../../../src/crypto/hash.ts";
import { KINDS, type Kind } from "../../../src/ledger/kinds.ts";
import { compareBytes, concatBytes, toHex } from "../../../src/lib/bytes.ts";
import { Prng } from "../../../src/lib/prng.ts";
import { placeOf, readStoredObject, storedObject } from "../../../src/node/object-store.ts";
import { checkChunk } from "../../../src/node/snapshot-chunk.ts";
import { objectKeyOf, stateKeyOf } from "../../../src/node/store-keys.ts";
import { StoreCorruptError } from "../../../src/node/stored-record.ts";
import { bodyOf, heightOf, readStoredTransaction, storedTransaction } from "../../../src/node/stored-transaction.ts";
import type { Hasher } from "../../../src/ports/crypto.ts";
import { keyHashOf, valueHashOf } from "../../../src/state/node-hash.ts";
import { Page, StateCorruptError } from "../../../src/state/page.ts";
import { PageBefore, pageUndo } from "../../../src/state/page-undo.ts";
import { subtreeOf } from "../../../src/state/subtree.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { randomEncoding } from "../random-value.ts";
import { Finding, type Target } from "../target.ts";

const hasher: Hasher = { sha256, sha256Pairs };
const KIND_NAMES = Object.keys(KINDS) as Kind[];
const HEIGHT = 5;
const LEAVES = 40;
const PAGE = Uint8Array.of(0, 1, 0, 2, ...new Uint8Array(64).fill(7), ...new Uint8Array(32).fill(9));

/** Rows of a store, as a disk or a peer may give them back, and what a joiner is given of a state: refused by their own errors, or read. */
export function storedTargets(): readonly Target[] {
  const random = new Prng(3);
  const receipt = { code: 0, events: [] };
  const body = Uint8Array.from({ length: 50 }, () => random.below(256));
  const party = encodingOf("party", random);
  return [
    {
      name: "row of a transaction",
      form: "cbor",
      corpus: [storedTransaction({ height: HEIGHT, index: 1, receipt, body })],
      check: refusing(StoreCorruptError, (input) => {
        const { height, body: whole } = readStoredTransaction(input);
        if (heightOf(input) !== height || toHex(bodyOf(input)) !== toHex(whole)) throw new Finding("a row is read in two ways");
      }),
    },
    {
      name: "row of an object",
      form: "cbor",
      corpus: KIND_NAMES.map((kind, index) => {
        const row = storedObject({ height: HEIGHT, sequence: 2, tx: null }, encodingOf(kind, random));
        return concatBytes(Uint8Array.of(index), row);
      }),
      check: refusing(StoreCorruptError, (input) => {
        const row = input.subarray(1);
        const kind = KIND_NAMES[(input[0] ?? 0) % KIND_NAMES.length] as Kind;
        const { height, sequence } = readStoredObject(kind, row);
        const place = placeOf(row);
        if (place.height !== height || place.sequence !== sequence) throw new Finding("a row is read in two ways");
      }),
    },
    {
      name: "undo of a page",
      form: "cbor",
      corpus: [pageUndo(Page.decode(PAGE, hasher), 3, HEIGHT), pageUndo(null, 3, HEIGHT)],
      check: refusing(StateCorruptError, (input) => {
        const before = new PageBefore();
        before.add(input, hasher);
        before.over(Page.decode(PAGE, hasher), hasher)?.encode();
      }),
    },
    chunkTarget(party, random),
  ];
}

function encodingOf(kind: Kind, random: Prng): Uint8Array {
  return randomEncoding(KINDS[kind].schema as Schema<unknown>, random) ?? new Uint8Array(0);
}

/** True if it was read; an error of this kind is a refusal. */
function refusing(
  refusal: abstract new (...args: never[]) => Error,
  read: (input: Uint8Array) => void,
): (input: Uint8Array) => boolean {
  return (input) => {
    try {
      read(input);
      return true;
    } catch (error) {
      if (error instanceof refusal) return false;
      throw error;
    }
  };
}

/** A chunk of a state whose root is known: none but the true one leads there. */
function chunkTarget(value: Uint8Array, random: Prng): Target {
  const leaves = Array.from({ length: LEAVES }, () => {
    const id = Uint8Array.from({ length: 32 }, () => random.below(256));
    const keyHash = keyHashOf(stateKeyOf(objectKeyOf("party", id)), hasher);
    return { leaf: { kind: "party", id, value }, hashed: { keyHash, valueHash: valueHashOf(value, hasher) } };
  }).sort((left, right) => compareBytes(left.hashed.keyHash, right.hashed.keyHash));
  const whole = subtreeOf(
    "",
    leaves.map(({ hashed }) => hashed),
    hasher,
  );
  const root = toHex(whole?.top?.hash ?? new Uint8Array(0)) as Hash;
  const chunk: SnapshotChunk = { siblings: [], leaves: leaves.map(({ leaf }) => leaf) };
  const genuine = encode(snapshotChunkSchema, chunk);
  if (checkChunk(genuine, "", root, HEIGHT, hasher) === undefined) throw new Error("the chunk is no chunk");
  return {
    name: "chunk of a snapshot under its root",
    form: "cbor",
    corpus: [genuine],
    check: (input) => {
      const checked = checkChunk(input, "", root, HEIGHT, hasher);
      if (checked !== undefined && toHex(input) !== toHex(genuine)) throw new Finding("another chunk was taken");
      return checked !== undefined;
    },
  };
}
