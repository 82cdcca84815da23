import { generateKeyPairSync, sign, verify } from "node:crypto";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { keyHashOf, valueHashOf } from "../../state/node-hash.ts";
import { type PageWrite, pageWrites, StateTree, type TreeChange } from "../../state/tree.ts";

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

/** The load's mix: three transfers (two signatures, three objects) to a split in two (one signature, four objects). */
const KEYS_PER_TX = 3.25;
const SIGNATURES_PER_TX = 1.75;

/** `npm run bench -- --state`: aims at less than a fifth of what the same transactions' signatures cost to verify. */
export function benchState(options: { readonly keys: readonly number[]; readonly json: boolean }): number {
  const verifyMicros = verificationMicros();
  const signatures = SIGNATURES_PER_TX * verifyMicros;
  console.error(`one Ed25519 verification by node:crypto takes ${verifyMicros.toFixed(0)} µs of CPU here`);
  console.error("keys       µs per changed key  page bytes per changed key  share of the signatures' cost");
  const state: Record<string, { readonly microsPerChangedKey: number; readonly shareOfSignatures: number }> = {};
  for (const keys of options.keys) {
    const { microsPerChangedKey, pageBytesPerChangedKey } = stateCost(keys);
    const shareOfSignatures = (KEYS_PER_TX * microsPerChangedKey) / signatures;
    console.error(
      `${String(keys).padEnd(10)} ${microsPerChangedKey.toFixed(1).padEnd(19)} ${pageBytesPerChangedKey.toFixed(0).padEnd(27)} ${shareOfSignatures.toFixed(2)}`,
    );
    state[keys] = { microsPerChangedKey: round(microsPerChangedKey), shareOfSignatures: round(shareOfSignatures) };
  }
  if (options.json) console.log(JSON.stringify({ verificationMicros: round(verifyMicros), state }));
  return 0;
}

/** A block of the load changes so many keys: 300 transactions of which each changes between three and four. */
const KEYS_PER_BLOCK = 1_000;
const BLOCKS = 20;
const WARM_BLOCKS = 5;

export interface StateCost {
  readonly keys: number;
  readonly microsPerChangedKey: number;
  readonly pageBytesPerChangedKey: number;
}

/** What the state tree costs per changed key at a size: hashing of key and value, update, stored form of the pages; without the disk. */
export function stateCost(keys: number): StateCost {
  const pages = new Map<string, Uint8Array>();
  const tree = new StateTree({ page: (path) => pages.get(path) }, nativeHasher);
  let pageBytes = 0;
  let micros = 0;
  const apply = (changesOf: () => readonly TreeChange[]): void => {
    let writes: readonly PageWrite[] = [];
    micros += cpuMicros(() => {
      const update = tree.update(changesOf());
      writes = pageWrites(update);
      tree.adopt(update);
    });
    // A disk in memory is no part of the tree, and keeps nothing of the tree's own memory.
    for (const { path, bytes } of writes) {
      pageBytes += bytes?.length ?? 0;
      if (bytes === null) pages.delete(path);
      else pages.set(path, bytes.slice());
    }
  };
  let version = 0;
  const change = (index: number): TreeChange => {
    const key = new Uint8Array(40);
    new DataView(key.buffer).setUint32(0, index);
    const value = new Uint8Array(200);
    new DataView(value.buffer).setUint32(0, version++);
    return { keyHash: keyHashOf(key, nativeHasher), valueHash: valueHashOf(value, nativeHasher) };
  };
  for (let from = 0; from < keys; from += 10_000)
    apply(() => Array.from({ length: Math.min(10_000, keys - from) }, (_, index) => change(from + index)));
  // Two of three are new, as a transfer consumes one note and makes another; the others lie anywhere.
  let next = keys;
  let at = 1;
  const block = (): void => {
    const changed = new Set<number>();
    while (changed.size < KEYS_PER_BLOCK) {
      at = (at * 48_271) % 2_147_483_647;
      changed.add(changed.size % 3 === 0 ? next++ : at % keys);
    }
    apply(() => [...changed].map(change));
  };
  for (let index = 0; index < WARM_BLOCKS; index++) block();
  pageBytes = 0;
  micros = 0;
  for (let index = 0; index < BLOCKS; index++) block();
  const changes = BLOCKS * KEYS_PER_BLOCK;
  return { keys, microsPerChangedKey: micros / changes, pageBytesPerChangedKey: pageBytes / changes };
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
