import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DrivenClockSource } from "../../adapters/driven-clock.ts";
import { LevelStore } from "../../adapters/level-store.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { SnapshotFolder } from "../../adapters/snapshot-folder.ts";
import { Client } from "../../client/client.ts";
import { verifyProof } from "../../client/verify-proof.ts";
import type { ObjectChange } from "../../ledger/book.ts";
import type { ObjectOf } from "../../ledger/objects.ts";
import { trustGenesis } from "../../light/trust.ts";
import { SnapshotMaker } from "../../node/snapshot-maker.ts";
import type { Hash } from "../../types/scalars.ts";
import { ChainForge } from "../chain-forge.ts";
import { Launcher } from "../launcher.ts";
import { type MemberFolder, type NetworkFolder, openNetworkFolder } from "../network-folder.ts";
import { cpuByRole, cpuTable } from "./cpu.ts";
import { authorityKeys, BLOCK_INTERVAL_MS, chainFolder, copyChain } from "./forged-network.ts";

interface JoinOptions {
  readonly objects: number;
  readonly json: boolean;
  readonly basePort: number;
}

const OBJECTS_AT_ONCE = 20_000;
/** As many as a busy network finalises; those within the window of validity are the used ids that a joiner must know. */
const TRANSACTIONS_PER_SECOND = 500;
const SECOND_MS = 1_000;
const HOLDERS = 1_000;
const LIMIT_MS = 30 * 60_000;

/**
 * `npm run bench -- --join`: three nodes have a state of so many notes, as many transactions since, and a snapshot; the fourth, with an
 * empty folder, joins by it from all three. Measured are the first read that it answers, and can prove, and the first list.
 */
export async function benchJoin(options: JoinOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "zhonglian-join-"));
  const network = await openNetworkFolder(folder, options.basePort, Date.now() - 10 * 86_400_000);
  const launcher = new Launcher(network);
  const stop = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => reject(new Error("interrupted")));
  });
  const say = (line: string): void => console.error(line);
  try {
    const { timeMs, height, makeSeconds } = await forgeState(network, options.objects, say);
    new DrivenClockSource(network.clockFile, timeMs + 1_000);
    const [first, ...others] = network.members as [MemberFolder, ...MemberFolder[]];
    const late = others.pop() as MemberFolder;
    for (const other of others) {
      copyChain(first, other);
      cpSync(snapshotFolder(first), snapshotFolder(other), { recursive: true });
    }
    configure(late, { joinBy: "snapshot" });
    for (const member of [first, ...others]) launcher.start(member);
    await Promise.race([answered(first, async (client) => (await client.status()).peers >= 2), stop]);
    const startedMs = performance.now();
    launcher.start(late);
    const read = { kind: "note", id: noteId(0) };
    await Promise.race([answered(late, async (client) => (await client.call("ledger_get", read)) !== null), stop]);
    const readSeconds = (performance.now() - startedMs) / 1000;
    const trusted = trustGenesis(network.identity);
    await Promise.race([answered(late, async (client) => verifyProof(await client.proof(read.kind, read.id), trusted).ok), stop]);
    const proofSeconds = (performance.now() - startedMs) / 1000;
    await Promise.race([
      answered(late, async (client) => (await client.call("ledger_list", { kind: "note", limit: 1 })) !== null),
      stop,
    ]);
    const listSeconds = (performance.now() - startedMs) / 1000;
    await Promise.race([answered(late, async (client) => isCurrent(await client.status(), height)), stop]);
    say(
      `${options.objects} objects, as many transactions: a snapshot of them made in ${makeSeconds.toFixed(1)} s; an empty node answers reads after ${readSeconds.toFixed(1)} s, proves them after ${proofSeconds.toFixed(1)} s, lists after ${listSeconds.toFixed(1)} s (start of the process included)`,
    );
    say("CPU of the joiner, µs per object: user, kernel");
    for (const line of cpuTable(new Map(), cpuByRole([launcher.pids()[late.id] as number]), options.objects)) say(line);
    if (options.json)
      console.log(JSON.stringify({ objects: options.objects, makeSeconds, readSeconds, proofSeconds, listSeconds }));
    return 0;
  } finally {
    await launcher.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function forgeState(network: NetworkFolder, objects: number, say: (line: string) => void) {
  const [first] = network.members as [MemberFolder];
  const store = await LevelStore.open(chainFolder(first));
  try {
    const forge = await ChainForge.open(network.identity, await authorityKeys(network), { store, hasher: nativeHasher });
    let timeMs = network.identity.genesis.timeMs + BLOCK_INTERVAL_MS;
    say(`making a state of ${objects} objects`);
    await forge.import(timeMs, async (put) => {
      for (let from = 0; from < objects; from += OBJECTS_AT_ONCE) {
        const count = Math.min(OBJECTS_AT_ONCE, objects - from);
        await put(Array.from({ length: count }, (_, index) => noteChange(from + index)));
      }
    });
    for (let from = 0; from < objects; from += TRANSACTIONS_PER_SECOND) {
      timeMs += SECOND_MS;
      const count = Math.min(TRANSACTIONS_PER_SECOND, objects - from);
      const pairs = Array.from({ length: count }, (_, index) => ({ id: digest(`id ${from + index}`), sigs: digest("sigs") }));
      await forge.preload(timeMs, [], pairs);
    }
    await forge.flush();
    say("making the snapshot");
    const startedMs = performance.now();
    const maker = new SnapshotMaker({
      store,
      chain: forge.store,
      files: new SnapshotFolder(snapshotFolder(first)),
      hasher: nativeHasher,
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      usedIdsSinceMs: (nowMs) => nowMs - network.identity.genesis.params.txWindowMs,
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    });
    await maker.make();
    return { timeMs, height: forge.store.head.height, makeSeconds: (performance.now() - startedMs) / 1000 };
  } finally {
    await store.close();
  }
}

function noteChange(number: number): ObjectChange {
  const id = noteId(number);
  const after: ObjectOf<"note"> = {
    id,
    version: 1,
    receivable: digest(`receivable ${Math.floor(number / 100)}`),
    parent: null,
    depth: 0,
    currency: "CNY",
    amount: BigInt(number + 1),
    holder: digest(`holder ${number % HOLDERS}`),
    position: "OPEN",
    ref: null,
    hold: null,
    dispute: null,
  };
  return { kind: "note", id, before: undefined, after };
}

function noteId(number: number): Hash {
  return digest(`note ${number}`);
}

function digest(text: string): Hash {
  return createHash("sha256").update(text).digest("hex") as Hash;
}

function snapshotFolder(member: MemberFolder): string {
  return join(member.folder, "data", "snapshots");
}

function configure(member: MemberFolder, change: Readonly<Record<string, string>>): void {
  const file = join(member.folder, "settings.json");
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), ...change }));
}

function isCurrent(status: { readonly height: number; readonly syncing: boolean }, height: number): boolean {
  return status.height >= height && !status.syncing;
}

async function answered(member: MemberFolder, holds: (client: Client) => Promise<boolean>): Promise<void> {
  const client = new Client({ endpoints: [member.rpc] });
  const deadline = performance.now() + LIMIT_MS;
  while (!(await holds(client).catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`the node ${member.id} does not answer: see its node.log`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
