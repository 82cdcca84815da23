import { cpSync, mkdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "./fault.ts";
import type { Field } from "./field.ts";
import { until } from "./until.ts";

const NO_MEMORY = "no memory of what was signed";
const SIGNS_FROM = /"height":([0-9]+),"msg":"followed long enough/;
const VICTIM_AT = 1;

export const LOST_MEMORY: readonly Fault[] = [
  {
    name: "wiped-data-folder",
    does: "the data folder of one authority is deleted while it is down",
    holds: "it fetches the chain, follows until two further blocks are decided, and only then signs",
    run: async (field) => {
      const id = victim(field);
      await field.node(id).terminate();
      const data = join(field.folder(id).folder, "data");
      rmSync(data, { recursive: true });
      await field.load.progress(10);
      await rejoinsWithoutSigning(field, id);
    },
  },
  {
    name: "restored-data-folder",
    does: "the data folder of one authority is put back as it was some blocks ago",
    holds: "it sees its own signatures in blocks that it does not remember, follows two blocks, and only then signs",
    run: async (field) => {
      const id = victim(field);
      const data = join(field.folder(id).folder, "data");
      await field.node(id).terminate();
      cpSync(data, `${data}.copy`, { recursive: true });
      await field.restart(id);
      await field.load.progress(20);
      await field.node(id).terminate();
      rmSync(data, { recursive: true });
      cpSync(`${data}.copy`, data, { recursive: true });
      await rejoinsWithoutSigning(field, id);
    },
  },
  {
    name: "guard-cut-short",
    does: "the last third of one authority's guard file is cut off while it is down",
    holds: "nothing is signed twice; it follows if others hold what it does not remember",
    run: async (field) => {
      const id = victim(field);
      await field.node(id).kill();
      const guard = join(field.folder(id).folder, "data", "guard.log");
      truncateSync(guard, Math.floor((statSync(guard).size * 2) / 3));
      await field.load.progress(10);
      await field.restart(id);
      await field.blocks(id, 5);
    },
  },
];

function victim(field: Field): string {
  return field.authorities[VICTIM_AT] as string;
}

/** Starts the node and waits until it signs; no block that was decided in between may have a signature of it. */
async function rejoinsWithoutSigning(field: Field, id: string): Promise<void> {
  const node = field.node(id);
  mkdirSync(join(field.folder(id).folder, "data"), { recursive: true, mode: 0o700 });
  const before = (await field.client(field.follower).status()).height;
  node.start();
  await until(() => node.log().includes(NO_MEMORY), `${id} says that it has no memory`);
  await field.rejoined(id);
  await until(() => SIGNS_FROM.test(node.log()), `${id} has followed long enough`);
  const from = Number(SIGNS_FROM.exec(node.log())?.[1]);
  await until(async () => (await field.status(id))?.signing === true, `${id} signs again`);
  await field.blocks(id, 3);
  for (let height = before + 2; height < from; height++) {
    const { commit } = await field
      .client(field.follower)
      .call<{ readonly commit: { readonly sigs: readonly { readonly index: number }[] } }>("chain_getBlock", { height });
    if (commit.sigs.some(({ index }) => index === VICTIM_AT)) throw new Error(`${id} signed block ${height} without memory`);
  }
}
