import { Client } from "../../client/client.ts";
import type { TxId } from "../../types/scalars.ts";
import type { Signed } from "./population.ts";

export interface LoadResult {
  readonly committed: number;
  readonly refused: number;
  readonly failed: number;
  readonly seconds: number;
  /** Submission to finality as a reader of blocks sees it, milliseconds, sorted. */
  readonly latenciesMs: readonly number[];
}

interface Lane {
  readonly client: Client;
  queue: { readonly signed: Signed; readonly chain: number }[];
  busy: number;
}

const BATCH = 50;
const POSTS_AT_ONCE = 4;
const POLL_MS = 10;
/** Blocks asked for at once: at less than saturation they are small and many, and a reader of single ones would measure its own delay. */
const BLOCKS_AT_ONCE = 16;
const STALL_MS = 60_000;

/**
 * Keeps `concurrency` chains going over all nodes: each chain sends its next transaction when a block holds the one before. Finality is
 * learned from blocks, one call for each, so that measuring costs little. `perSecond` limits what is sent.
 */
export async function runLoad(
  endpoints: readonly string[],
  chains: readonly (readonly Signed[])[],
  options: { readonly concurrency: number; readonly perSecond?: number },
): Promise<LoadResult> {
  const lanes: Lane[] = endpoints.map((endpoint) => ({ client: new Client({ endpoints: [endpoint] }), queue: [], busy: 0 }));
  const pending = new Map<TxId, { readonly chain: number; readonly sentMs: number }>();
  const position = chains.map(() => 0);
  const latenciesMs: number[] = [];
  let refused = 0;
  let failed = 0;
  let committed = 0;
  let started = 0;
  let lastProgressMs = performance.now();
  const startedMs = performance.now();
  const total = chains.reduce((sum, chain) => sum + chain.length, 0);

  const pump = (lane: Lane): void => {
    while (lane.busy < POSTS_AT_ONCE && lane.queue.length > 0) {
      const batch = lane.queue.splice(0, BATCH);
      lane.busy += 1;
      const sentMs = performance.now();
      for (const { signed, chain } of batch) pending.set(signed.id, { chain, sentMs });
      lane.client
        .batch(batch.map(({ signed }) => ({ method: "tx_submit", params: { tx: signed.hex } })))
        .then((answers) => {
          for (const [index, answer] of answers.entries()) {
            if (answer.ok) continue;
            refused += 1;
            pending.delete((batch[index] as { signed: Signed }).signed.id);
          }
        })
        .catch(() => {
          refused += batch.length;
        })
        .finally(() => {
          lane.busy -= 1;
          pump(lane);
        });
    }
  };
  const send = (chain: number): void => {
    const signed = chains[chain]?.[position[chain] as number];
    if (signed === undefined) {
      // This chain is done; another takes its place.
      if (started < chains.length) send(started++);
      return;
    }
    position[chain] = (position[chain] as number) + 1;
    const lane = lanes[chain % lanes.length] as Lane;
    lane.queue.push({ signed, chain });
    if (lane.queue.length >= BATCH) pump(lane);
  };

  let credit = 0;
  let creditMs = startedMs;
  const waiting: number[] = [];
  const next = (chain: number): void => {
    if (options.perSecond === undefined) send(chain);
    else waiting.push(chain);
  };
  const drain = (): void => {
    if (options.perSecond === undefined) return;
    const nowMs = performance.now();
    credit = Math.min(options.perSecond / 10, credit + ((nowMs - creditMs) / 1000) * options.perSecond);
    creditMs = nowMs;
    while (credit >= 1 && waiting.length > 0) {
      credit -= 1;
      send(waiting.shift() as number);
    }
  };
  while (started < Math.min(options.concurrency, chains.length)) next(started++);

  const reader = new Client({ endpoints: [endpoints[0] as string] });
  let { height } = await reader.status();
  let asked = 1;
  while (committed + refused + failed < total && performance.now() - lastProgressMs < STALL_MS) {
    drain();
    for (const lane of lanes) pump(lane);
    const blocks = await newBlocks(reader, height, asked);
    asked = Math.min(2 * blocks.length + 1, BLOCKS_AT_ONCE);
    if (blocks.length === 0) await new Promise((done) => setTimeout(done, POLL_MS));
    height += blocks.length;
    const nowMs = performance.now();
    for (const id of blocks.flat()) {
      const entry = pending.get(id);
      if (entry === undefined) continue;
      pending.delete(id);
      committed += 1;
      latenciesMs.push(nowMs - entry.sentMs);
      lastProgressMs = nowMs;
      next(entry.chain);
    }
  }
  const seconds = (lastProgressMs - startedMs) / 1000;
  failed = total - committed - refused;
  return { committed, refused, failed, seconds, latenciesMs: latenciesMs.sort((left, right) => left - right) };
}

/** The transactions of each of the next `count` blocks above `height`, as far as there are any. */
async function newBlocks(reader: Client, height: number, count: number): Promise<readonly (readonly TxId[])[]> {
  const wanted = Array.from({ length: count }, (_, index) => ({
    method: "chain_getBlock",
    params: { height: height + 1 + index },
  }));
  const blocks: (readonly TxId[])[] = [];
  for (const answer of await reader.batch(wanted).catch(() => [])) {
    if (!answer.ok) break;
    blocks.push((answer.result as { readonly transactions: readonly TxId[] }).transactions);
  }
  return blocks;
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
