import { generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signNative } from "../../adapters/ed25519-native.ts";
import { LevelStore } from "../../adapters/level-store.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { NativeVerifier } from "../../adapters/native-verifier.ts";
import { assert } from "../../lib/assert.ts";
import { toHex } from "../../lib/bytes.ts";
import { pageKey, pageUndoKey } from "../../node/chain-keys.ts";
import type { VerifyItem } from "../../ports/crypto.ts";
import type { Store, StoreWrite } from "../../ports/store.ts";
import { KEY_BYTES, keyHashesOf, type Leaf, valueHashOf } from "../../state/node-hash.ts";
import { pageWrites, StateTree } from "../../state/tree.ts";
import { TreeBuild } from "../../state/tree-build.ts";
import type { PublicKey } from "../../types/scalars.ts";

/** CPU µs of one raw node:crypto verification here: machines differ by more than programs do, so figures are given beside it. */
export function verificationMicros(count = 500): number {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const message = new Uint8Array(32).fill(7);
  const signature = sign(null, message, privateKey);
  const run = (): void => {
    for (let index = 0; index < count; index++) verify(null, message, publicKey, signature);
  };
  run();
  return cpuMicros(run) / count;
}

const SIGNATURES_PER_BATCH = 256;
const SIGNATURE_BATCHES = 8;

/** CPU µs of a signature by what the nodes verify with, of its thread and of the one that asks. */
async function verifierMicros(): Promise<number> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const message = new Uint8Array(32).fill(7);
  const key = toHex(publicKey.export({ format: "der", type: "spki" }).subarray(-32)) as PublicKey;
  const item = { key, message, signature: signNative(privateKey, message) };
  const items = new Array<VerifyItem>(SIGNATURES_PER_BATCH).fill(item);
  const verifier = new NativeVerifier((fault) => {
    throw fault;
  });
  const run = async (): Promise<void> => {
    for (let batch = 0; batch < SIGNATURE_BATCHES; batch++) {
      const valid = await new Promise<readonly boolean[]>((resolve) => verifier.verify(items, "transactions", resolve));
      assert(valid.every(Boolean), "the signature is valid");
    }
  };
  try {
    await run();
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (SIGNATURES_PER_BATCH * SIGNATURE_BATCHES);
  } finally {
    await verifier.close();
  }
}

/** The load's mix: three transfers (two signatures, three objects) to a split in two (one signature, four objects). */
const KEYS_PER_TX = 3.25;
const SIGNATURES_PER_TX = 1.75;

/** A block of the load changes so many keys: 300 transactions of which each changes between three and four. */
const KEYS_PER_BLOCK = 1_000;
const BLOCKS = 20;
const WARM_BLOCKS = 5;
/** Candidates that come to nothing, until the engine has compiled what a node runs all day; so the state does not grow by them. */
const REHEARSALS = 60;
const COLD_BLOCKS = 5;
const VALUE_BYTES = 200;
const ROWS_PER_BATCH = 10_000;

/** Per changed key: µs of CPU and bytes. */
export interface StateCost {
  /** Hashes of key and value, the next root, the rows of the pages and of what they were; in the executing thread, without the disk. */
  readonly micros: number;
  /** The same by a tree that has to read and hash every page first. */
  readonly coldMicros: number;
  readonly pageBytes: number;
  readonly undoBytes: number;
  /** What writing these rows costs all threads of the process, LevelDB's among them. */
  readonly storePagesMicros: number;
  readonly storeUndosMicros: number;
}

/** `npm run bench -- --state`: aims at less than a fifth of what the same transactions' signatures cost to verify. */
export async function benchState(options: { readonly keys: readonly number[]; readonly json: boolean }): Promise<number> {
  const verifyMicros = verificationMicros();
  const nodeMicros = await verifierMicros();
  console.error(
    `one Ed25519 verification takes ${verifyMicros.toFixed(0)} µs of CPU here by node:crypto, ${nodeMicros.toFixed(0)} by what the nodes use`,
  );
  console.error(
    "per changed key: µs of the state tree and their share of what the signatures cost by node:crypto, and to the nodes;",
  );
  console.error(
    "µs with nothing in the cache; bytes of pages and of what they were before; µs of writing these rows, all threads together",
  );
  console.error("keys       µs     share  nodes' µs cold  page B  undo B  write pages µs  write undos µs");
  const state: Record<string, StateCost & { readonly shareOfSignatures: number; readonly shareOfNodesSignatures: number }> = {};
  for (const keys of options.keys) {
    const cost = await stateCost(keys);
    const shareOf = (micros: number): number => round((KEYS_PER_TX * cost.micros) / (SIGNATURES_PER_TX * micros));
    const shareOfSignatures = shareOf(verifyMicros);
    const shareOfNodesSignatures = shareOf(nodeMicros);
    const columns: readonly (readonly [number, number, number])[] = [
      [keys, 0, 10],
      [cost.micros, 1, 6],
      [shareOfSignatures, 2, 6],
      [shareOfNodesSignatures, 2, 6],
      [cost.coldMicros, 1, 8],
      [cost.pageBytes, 0, 7],
      [cost.undoBytes, 0, 7],
      [cost.storePagesMicros, 1, 15],
      [cost.storeUndosMicros, 1, 15],
    ];
    console.error(columns.map(([value, digits, width]) => value.toFixed(digits).padEnd(width)).join(" "));
    state[keys] = { ...cost, shareOfSignatures, shareOfNodesSignatures };
  }
  if (options.json) {
    console.log(JSON.stringify({ verificationMicros: round(verifyMicros), nodesVerificationMicros: round(nodeMicros), state }));
  }
  return 0;
}

/** What the state tree costs per changed key at a size. */
export async function stateCost(keys: number): Promise<StateCost> {
  const folder = mkdtempSync(join(tmpdir(), "zhonglian-state-"));
  const store = await LevelStore.open(join(folder, "store"));
  try {
    const costs = new StateCosts(store, keys);
    await costs.fill();
    const tree = costs.newTree();
    costs.warm(tree);
    for (let block = 0; block < REHEARSALS; block++) costs.rehearse(tree);
    for (let block = 0; block < WARM_BLOCKS; block++) await costs.block(tree);
    costs.taken();
    for (let block = 0; block < BLOCKS; block++) await costs.block(tree);
    const warm = costs.taken();
    for (let block = 0; block < COLD_BLOCKS; block++) await costs.block(costs.newTree());
    return { ...warm, coldMicros: costs.taken().micros };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A state in a store, and what its blocks have cost since that was last taken. */
class StateCosts {
  readonly #store: Store;
  readonly #keys: number;
  #next: number;
  #at = 1;
  #height = 0;
  #version = 0;
  #blocks = 0;
  #sums = { micros: 0, pageBytes: 0, undoBytes: 0, storePagesMicros: 0, storeUndosMicros: 0 };

  constructor(store: Store, keys: number) {
    this.#store = store;
    this.#keys = keys;
    this.#next = keys;
  }

  newTree(): StateTree {
    return new StateTree({ page: (path) => this.#store.get(pageKey(path)) }, nativeHasher);
  }

  async fill(): Promise<void> {
    const build = new TreeBuild(nativeHasher);
    for (let index = 0; index < this.#keys; index++) for (const leaf of hashed([this.#change(index)])) build.set(leaf);
    let batch: StoreWrite[] = [];
    for (const { pages } of build.parts()) {
      for (const [path, page] of pages) {
        batch.push({ key: pageKey(path), value: page.encode() });
        if (batch.length < ROWS_PER_BATCH) continue;
        await this.#write(batch);
        batch = [];
      }
    }
    await this.#write(batch);
  }

  /** Every page is read once. */
  warm(tree: StateTree): void {
    const paths = [""];
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const branches = tree.page(path)?.branches ?? 0;
      for (let nibble = 0; nibble < 16; nibble++) if ((branches >> nibble) & 1) paths.push(path + nibble.toString(16));
    }
  }

  rehearse(tree: StateTree): void {
    pageWrites(tree.update(hashed(this.#changes()), this.#height));
  }

  async block(tree: StateTree): Promise<void> {
    const objects = this.#changes();
    this.#height += 1;
    const height = this.#height;
    const before = process.threadCpuUsage();
    const update = tree.update(hashed(objects), height);
    const pages = pageWrites(update).map(({ path, bytes }) => ({ key: pageKey(path), value: bytes }));
    const undos = update.pages.map(({ path, undo }) => ({ key: pageUndoKey(path, height), value: undo }));
    tree.adopt(update);
    const { user, system } = process.threadCpuUsage(before);
    this.#blocks += 1;
    this.#sums.micros += user + system;
    this.#sums.pageBytes += bytesOf(pages);
    this.#sums.undoBytes += bytesOf(undos);
    this.#sums.storePagesMicros += await this.#write(pages);
    this.#sums.storeUndosMicros += await this.#write(undos);
  }

  /** Per changed key, since the last time. */
  taken(): Omit<StateCost, "coldMicros"> {
    const changes = this.#blocks * KEYS_PER_BLOCK;
    const { micros, pageBytes, undoBytes, storePagesMicros, storeUndosMicros } = this.#sums;
    this.#blocks = 0;
    this.#sums = { micros: 0, pageBytes: 0, undoBytes: 0, storePagesMicros: 0, storeUndosMicros: 0 };
    return {
      micros: round(micros / changes),
      pageBytes: round(pageBytes / changes),
      undoBytes: round(undoBytes / changes),
      storePagesMicros: round(storePagesMicros / changes),
      storeUndosMicros: round(storeUndosMicros / changes),
    };
  }

  /** Two of three keys lie anywhere, the others are new, as what a transaction makes. */
  #changes(): readonly KeyAndValue[] {
    const changed = new Set<number>();
    while (changed.size < KEYS_PER_BLOCK) {
      this.#at = (this.#at * 48_271) % 2_147_483_647;
      changed.add(changed.size % 3 === 0 ? this.#next++ : this.#at % this.#keys);
    }
    return [...changed].map((index) => this.#change(index));
  }

  #change(index: number): KeyAndValue {
    const key = new Uint8Array(KEY_BYTES);
    new DataView(key.buffer).setUint32(0, index);
    const value = new Uint8Array(VALUE_BYTES);
    new DataView(value.buffer).setUint32(0, this.#version++);
    return { key, value };
  }

  /** Answers the µs of CPU that it took all threads. */
  async #write(batch: readonly StoreWrite[]): Promise<number> {
    const before = process.cpuUsage();
    await new Promise<void>((resolve, reject) => {
      this.#store.write(batch, (fault) => (fault === null ? resolve() : reject(fault)));
    });
    const { user, system } = process.cpuUsage(before);
    return user + system;
  }
}

interface KeyAndValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

function hashed(objects: readonly KeyAndValue[]): readonly Leaf[] {
  const keyHashes = keyHashesOf(
    objects.map(({ key }) => key),
    nativeHasher,
  );
  return objects.map(({ value }, index) => ({
    keyHash: keyHashes[index] as Uint8Array,
    valueHash: valueHashOf(value, nativeHasher),
  }));
}

function bytesOf(writes: readonly StoreWrite[]): number {
  let bytes = 0;
  for (const { value } of writes) bytes += value?.length ?? 0;
  return bytes;
}

function cpuMicros(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
