import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Level } from "level";
import type { Fault } from "./fault.ts";
import type { Field } from "./field.ts";
import { until } from "./until.ts";

/** Codes with which a node ends for a damaged store; README "When something breaks" says what to do. */
const DAMAGE_CODES = ["STORE_CORRUPT", "STATE_CORRUPT", "STORE_UNUSABLE"];
const READS_AT_ONCE = 50;
const HOLDS =
  "the node refuses to start, or ends as soon as it reads it, or has repaired it from its peers; it never answers other than the others";

/** Kinds of records by the first byte of their key (node/chain-keys.ts, node/store-keys.ts). */
const RECORDS = [
  { name: "block", prefix: 0x62, what: "a stored block" },
  { name: "commit", prefix: 0x63, what: "a stored commit" },
  { name: "transaction", prefix: 0x78, what: "a stored transaction" },
  { name: "state-page", prefix: 0x70, what: "a page of the state tree" },
  { name: "object", prefix: 0x6f, what: "a ledger object" },
  { name: "index", prefix: 0x69, what: "an index entry" },
] as const;

export const DAMAGE: readonly Fault[] = [
  ...RECORDS.map(
    ({ name, prefix, what }): Fault => ({
      name: `flipped-bit-${name}`,
      does: `one bit of every third record that is ${what} is flipped while the node is down`,
      holds: HOLDS,
      run: (field) => damaged(field, (chain) => flipRecords(chain, prefix)),
    }),
  ),
  {
    name: "flipped-bit-table",
    does: "one bit in the middle of each table file of the database is flipped while the node is down",
    holds: HOLDS,
    run: (field) => damaged(field, (chain) => flipFiles(chain, /\.ldb$/)),
  },
  {
    name: "flipped-bit-journal",
    does: "one bit in the middle of the database's journal is flipped while the node is down",
    holds: HOLDS,
    run: (field) => damaged(field, (chain) => flipFiles(chain, /^[0-9]+\.log$/)),
  },
  {
    name: "flipped-bit-consensus-log",
    does: "one bit in the middle of the consensus log is flipped while the node is down",
    holds: "the node says that it has no memory, and follows first",
    run: async (field) => {
      const id = victim(field);
      await field.node(id).kill();
      flipFiles(join(field.folder(id).folder, "data"), /^consensus\.log$/);
      await field.restart(id);
      if (!field.node(id).log().includes("no memory of what was signed")) throw new Error("the damage was not noticed");
      await field.blocks(id, 5);
    },
  },
  {
    name: "truncated-journal",
    does: "the last third of the database's journal is cut off while the node is down",
    holds: HOLDS,
    run: (field) =>
      damaged(field, (chain) => {
        for (const file of filesOf(chain, /^[0-9]+\.log$/)) truncateSync(file, Math.floor((statSync(file).size * 2) / 3));
      }),
  },
  {
    name: "truncated-consensus-log",
    does: "the last third of the consensus log is cut off while the node is down",
    holds: "the node goes on from what is left, and signs nothing twice",
    run: async (field) => {
      const id = victim(field);
      await field.node(id).kill();
      const file = join(field.folder(id).folder, "data", "consensus.log");
      truncateSync(file, Math.floor((statSync(file).size * 2) / 3));
      await field.restart(id);
      await field.blocks(id, 5);
    },
  },
  ...(["CURRENT", "MANIFEST", "table", "journal"] as const).map(
    (what): Fault => ({
      name: `deleted-${what.toLowerCase()}`,
      does: `the database's ${what === "table" || what === "journal" ? `${what} files are` : `file ${what} is`} deleted while the node is down`,
      holds: HOLDS,
      run: (field) =>
        damaged(field, (chain) => {
          const pattern = { CURRENT: /^CURRENT$/, MANIFEST: /^MANIFEST-/, table: /\.ldb$/, journal: /^[0-9]+\.log$/ }[what];
          const files = filesOf(chain, pattern);
          if (files.length === 0) throw new Error(`there is no ${what} to delete`);
          for (const file of files) rmSync(file);
        }),
    }),
  ),
];

function victim(field: Field): string {
  return field.authorities[3] as string;
}

/**
 * Ends a node, damages its database, starts it and reads everything that there is. It may refuse or end with a code for damage; then
 * the operator does what the README says. Or it may run on; then every answer has to be that of the others.
 */
async function damaged(field: Field, harm: (chain: string) => Promise<void> | void): Promise<void> {
  const id = victim(field);
  const node = field.node(id);
  // Twice, so that the database has tables as well as a journal.
  await node.terminate();
  await field.restart(id);
  await field.load.progress(10);
  await node.terminate();
  const chain = join(field.folder(id).folder, "data", "chain");
  await harm(chain);
  node.start();
  await until(async () => !node.isRunning || (await field.status(id)) !== undefined, `${id} ends or answers`);
  if (node.isRunning) await readAll(field, id);
  if (node.isRunning) {
    await field.rejoined(id).catch((error: unknown) => {
      if (node.isRunning) throw error;
    });
  }
  if (node.isRunning) {
    field.notes.push("the node ran on; every answer was right");
    return;
  }
  const log = node.log();
  const code = DAMAGE_CODES.find((each) => log.includes(`[${each}]`));
  field.notes.push(`the node ended with status ${node.exitCode} [${code}]`);
  if (code === undefined)
    throw new Error(`${id} ended with status ${node.exitCode} and no code for damage: ${log.trim().split("\n").at(-1)}`);
  rmSync(chain, { recursive: true });
  await field.restart(id);
}

/** Every block, every transaction and every party, from the damaged node and another one; throws if an answer differs. */
async function readAll(field: Field, id: string): Promise<void> {
  const { height } = await field.client(field.follower).status();
  const calls: { readonly method: string; readonly params: Readonly<Record<string, unknown>> }[] = [];
  for (let at = 1; at <= height; at++) calls.push({ method: "chain_getBlock", params: { height: at } });
  for (const tx of field.load.reported.keys()) calls.push({ method: "tx_get", params: { id: tx } });
  const parties = await field.client(field.follower).ledgerAll("party");
  for (const party of parties) calls.push({ method: "ledger_get", params: { kind: "party", id: party.id } });
  for (const status of new Set(parties.map((party) => party.status)))
    if (status !== undefined) calls.push({ method: "ledger_list", params: { kind: "party", where: { status } } });
  const [own, other] = [field.client(id), field.client(field.follower)];
  for (let from = 0; from < calls.length && field.node(id).isRunning; from += READS_AT_ONCE) {
    await Promise.all(
      calls.slice(from, from + READS_AT_ONCE).map(async ({ method, params }) => {
        // A refusal is no answer; a node that has just come back may lack what the other has.
        const answer = await own.call<object>(method, params).catch(() => undefined);
        if (answer === undefined) return;
        const expected = await other.call<object>(method, params);
        const wanting = (answer as { status?: string }).status;
        if (wanting === "unknown" || wanting === "pending" || method === "ledger_list") return;
        if (content(answer) !== content(expected))
          throw new Error(`${id} answers ${method} wrongly: ${content(answer).slice(0, 200)}`);
      }),
    );
  }
}

/** An answer without where the node stands, and without which of the commit's signatures it happens to hold. */
function content(answer: object): string {
  const { at: _, commit: __, ...rest } = answer as Record<string, unknown>;
  return JSON.stringify(rest);
}

/** Flips a bit of every third record's value, through the database itself, so that its own checksums are in order. */
async function flipRecords(chain: string, prefix: number): Promise<void> {
  const db = new Level<Uint8Array, Uint8Array>(chain, { keyEncoding: "view", valueEncoding: "view" });
  await db.open();
  const entries = await db.iterator({ gte: Uint8Array.of(prefix), lt: Uint8Array.of(prefix + 1) }).all();
  if (entries.length === 0) throw new Error("there is no such record to damage");
  for (const [index, [key, value]] of entries.entries()) {
    if (index % 3 !== 0) continue;
    const flipped = Uint8Array.from(value);
    const at = flipped.length >> 1;
    flipped[at] = (flipped[at] as number) ^ 0x10;
    await db.put(key, flipped);
  }
  await db.close();
}

function flipFiles(folder: string, pattern: RegExp): void {
  const files = filesOf(folder, pattern).filter((file) => statSync(file).size > 0);
  if (files.length === 0) throw new Error(`no file to damage in ${folder}`);
  for (const file of files) {
    const bytes = readFileSync(file);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] as number) ^ 0x10;
    writeFileSync(file, bytes);
  }
}

function filesOf(folder: string, pattern: RegExp): readonly string[] {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));
}
