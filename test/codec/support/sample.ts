import type { Infer } from "../../../src/codec/schema.ts";
import { type receiptSchema, transactionId } from "../../../src/codec/transaction.ts";
import { publicKeyOf, sign } from "../../../src/crypto/ed25519.ts";
import { taggedHash } from "../../../src/crypto/hash.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import type { ChainParams, Genesis } from "../../../src/types/genesis.ts";
import { LIMITS } from "../../../src/types/limits.ts";
import type { Hash, MemberId } from "../../../src/types/scalars.ts";
import type { Transaction, UnsignedTransaction } from "../../../src/types/transaction.ts";

/** Values of every structure that is signed or hashed, small enough to read. Nothing here depends on a clock or on chance. */

export const GENESIS_TIME_MS = 1_767_225_600_000;

/** The seed of a test key, from its name. */
export function seedOf(name: string): Uint8Array {
  return bytesOf(taggedHash("key", new TextEncoder().encode(name)));
}

export function keyOf(name: string) {
  return publicKeyOf(seedOf(name));
}

/** A hash that stands for something that the test does not make. */
export function hashOf(name: string): Hash {
  return taggedHash("val", new TextEncoder().encode(name));
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error(`not hex: ${hex}`);
  return bytes;
}

export const PARAMS: ChainParams = {
  txWindowMs: LIMITS.txWindowMs,
  blockBytesMax: LIMITS.blockBytesMax,
  blockTxMax: LIMITS.blockTxMax,
  blockIntervalMs: LIMITS.blockIntervalMs,
  heartbeatMs: LIMITS.heartbeatMs,
  confirmDays: 30,
  offerTtlMs: 7 * LIMITS.dayMs,
  reserveTtlMs: LIMITS.dayMs,
  payByTtlMs: 3 * LIMITS.dayMs,
  searchTtlMs: LIMITS.dayMs,
  cutoffDays: 3,
  graceDays: 5,
  tenorSoftMonths: 6,
  tenorHardMonths: 12,
  splitDepthMax: LIMITS.splitDepthMax,
  notesPerRootMax: LIMITS.notesPerRootMax,
  noteMinorUnitsMin: 100,
};

export const GENESIS: Genesis = {
  v: 1,
  network: "vectors",
  timeMs: GENESIS_TIME_MS,
  clock: "driven",
  members: [
    {
      id: "zbank" as MemberId,
      legalId: { scheme: "USCC", value: "91110000MA0B00015E" },
      roles: ["BANK", "LENDER"],
      nodeKey: keyOf("zbank node"),
      authorityKey: keyOf("zbank authority"),
      keys: [
        { key: keyOf("zbank maker"), purpose: "MAKER" },
        { key: keyOf("zbank checker"), purpose: "CHECKER" },
      ],
    },
    {
      id: "court" as MemberId,
      legalId: { scheme: "X-COURT", value: "no.1" },
      roles: ["OFFICIAL"],
      nodeKey: keyOf("court node"),
      keys: [{ key: keyOf("court maker"), purpose: "MAKER" }],
    },
  ],
  params: PARAMS,
};

interface TransactionOptions {
  readonly signers?: readonly string[];
  readonly expect?: readonly { readonly id: Hash; readonly version: number }[];
  readonly notAfter?: number;
  readonly salt?: string;
}

/** A transaction in form only: its operation's body is no ledger's. */
export function unsigned(chain: Hash, options: TransactionOptions = {}): UnsignedTransaction {
  const { signers = ["maker"], expect, notAfter = GENESIS_TIME_MS + 60_000, salt = "00112233445566778899aabbccddeeff" } = options;
  return {
    v: 1,
    chain,
    ops: [
      { kind: "note.transfer", body: bytesOf("a1616101") },
      { kind: "payment.confirm", body: bytesOf("a0") },
    ],
    ...(expect === undefined ? {} : { expect: [...expect].sort((left, right) => (left.id < right.id ? -1 : 1)) }),
    notAfter,
    salt: bytesOf(salt),
    signers: signers
      .map((name) => ({ party: hashOf(`party of ${name}`), key: keyOf(name) }))
      .sort((left, right) => (left.party + left.key < right.party + right.key ? -1 : 1)),
  };
}

/** The same with every signature, honestly made. */
export function signed(chain: Hash, options: TransactionOptions = {}): Transaction {
  const tx = unsigned(chain, options);
  const id = bytesOf(transactionId(tx));
  const seeds = new Map((options.signers ?? ["maker"]).map((name) => [keyOf(name), seedOf(name)]));
  return { ...tx, sigs: tx.signers.map(({ key }) => sign(seeds.get(key) ?? new Uint8Array(32), id)) };
}

export const RECEIPTS: readonly Infer<typeof receiptSchema>[] = [
  { code: 0, events: [{ kind: "note.transferred", data: bytesOf("a1616118ff") }] },
  { code: 3010, events: [] },
  { code: 65_535, events: [{ kind: "a", data: new Uint8Array(0) }] },
];
