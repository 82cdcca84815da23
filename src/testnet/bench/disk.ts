import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemMonotonicClock } from "../../adapters/clocks.ts";
import { folderBytes } from "../../adapters/folder-bytes.ts";
import { LevelStore } from "../../adapters/level-store.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { ChainStore } from "../../node/chain-store.ts";
import { EventLoop } from "../../node/event-loop.ts";
import { Pruner } from "../../node/pruner.ts";
import { type Hash, ZERO_HASH } from "../../types/scalars.ts";
import { ChainForge } from "../chain-forge.ts";
import { type MemberFolder, type NetworkFolder, openNetworkFolder } from "../network-folder.ts";
import { authorityKeys, chainFolder, forgeChain } from "./forged-network.ts";

interface DiskOptions {
  readonly transactions: number;
  readonly json: boolean;
  readonly basePort: number;
}

const PER_BLOCK = 100;
const DAY_MS = 24 * 60 * 60_000;
/** What is kept in the second look. */
const KEPT_BLOCKS = 10;
const LOOK_MS = 50;
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const EVERYTHING = { from: new Uint8Array(0), to: Uint8Array.of(0xff) };

/** Kinds of rows by the first byte of their key (node/chain-keys.ts, node/store-keys.ts). */
const KINDS: Readonly<Record<number, string>> = {
  98: "blocks",
  99: "commits",
  104: "older versions of objects",
  105: "indices",
  107: "block ids",
  111: "objects",
  112: "pages of the state tree",
  113: "lists of what blocks put aside",
  117: "what pages were",
  120: "transactions and receipts",
};

/**
 * `npm run bench -- --disk`: what the store of a node takes for each transfer or split and for an idle day of heartbeats, after compaction,
 * when it keeps all; and what is left when it keeps a few blocks.
 */
export async function benchDisk(options: DiskOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "zhonglian-disk-"));
  try {
    const network = await openNetworkFolder(join(folder, "busy"), options.basePort, Date.now() - 10 * DAY_MS);
    const blocks = Math.ceil(options.transactions / PER_BLOCK);
    console.error(`making ${blocks} blocks of ${PER_BLOCK} transactions`);
    const chain = chainFolder(network.members[0] as MemberFolder);
    await forgeChain(network, { blocks, transactions: PER_BLOCK });
    const count = blocks * PER_BLOCK;
    const all = await looked(network, chain, false);
    console.error("bytes per transaction, by kind of row");
    for (const [kind, bytes] of [...all.rows].sort((left, right) => right[1] - left[1]))
      console.error(`  ${kind.padEnd(32)} ${(bytes / count).toFixed(0)}`);
    const few = await looked(network, chain, true);
    const idleBytes = await idleDay(join(folder, "idle"), options.basePort);
    const bytesPerTransaction = Math.round(all.diskBytes / count);
    const keptBytesPerTransaction = Math.round(few.diskBytes / count);
    console.error(
      `on the disk ${bytesPerTransaction} bytes per transaction; ${keptBytesPerTransaction} of ${KEPT_BLOCKS} blocks kept`,
    );
    console.error(`an idle day takes ${idleBytes} bytes`);
    if (options.json) console.log(JSON.stringify({ bytesPerTransaction, keptBytesPerTransaction, bytesPerIdleDay: idleBytes }));
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Look {
  readonly diskBytes: number;
  readonly rows: ReadonlyMap<string, number>;
}

/** What the compacted store holds; with `prune` after it has let go of all but a few blocks. */
async function looked({ identity }: NetworkFolder, folder: string, prune: boolean): Promise<Look> {
  const store = await LevelStore.open(folder);
  const rows = new Map<string, number>();
  try {
    if (prune) await pruned(store, identity.chain);
    await store.compact(EVERYTHING);
    for (let { from } = EVERYTHING; ; ) {
      const entries = await store.range({ from, to: EVERYTHING.to, limit: 1_000 });
      for (const { key, value } of entries) {
        const kind = KINDS[key[0] ?? 0] ?? "others";
        rows.set(kind, (rows.get(kind) ?? 0) + key.length + value.length);
      }
      const last = entries.at(-1);
      if (last === undefined) break;
      from = Uint8Array.of(...last.key, 0);
    }
  } finally {
    await store.close();
  }
  return { diskBytes: await folderBytes(folder), rows };
}

async function pruned(store: LevelStore, chainId: Hash): Promise<void> {
  const chain = new ChainStore(store, { chain: chainId, stateRoot: ZERO_HASH, timeMs: 0 });
  const fatal = (error: Error): never => {
    throw error;
  };
  const pruner = new Pruner({
    keep: { kind: "blocks", count: KEPT_BLOCKS },
    chain,
    store,
    usedIdsSinceMs: (nowMs) => nowMs,
    snapshots: null,
    clock: systemMonotonicClock,
    loop: new EventLoop(fatal),
    metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
    logger: SILENT,
    fatal,
  });
  pruner.onBlock();
  const base = chain.head.height - KEPT_BLOCKS + 1;
  while (chain.base < base || chain.swept < base) await new Promise((done) => setTimeout(done, LOOK_MS));
}

/** A day on which nothing happens but heartbeats. */
async function idleDay(folder: string, basePort: number): Promise<number> {
  const network = await openNetworkFolder(folder, basePort, Date.now() - 10 * DAY_MS);
  const { genesis } = network.identity;
  const chain = join(folder, "chain");
  const store = await LevelStore.open(chain);
  const forge = await ChainForge.open(network.identity, await authorityKeys(network), { store, hasher: nativeHasher });
  await forge.flush();
  await store.compact(EVERYTHING);
  const before = await folderBytes(chain);
  const beats = Math.floor(DAY_MS / genesis.params.heartbeatMs);
  for (let beat = 1; beat <= beats; beat++) await forge.append(genesis.timeMs + beat * genesis.params.heartbeatMs, []);
  await forge.flush();
  await store.compact(EVERYTHING);
  const after = await folderBytes(chain);
  await store.close();
  return after - before;
}
