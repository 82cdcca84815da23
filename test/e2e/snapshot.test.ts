import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Level } from "level";
import { afterEach, describe, expect, it } from "vitest";
import { FAILPOINT_WORDS } from "../../src/adapters/failpoints.ts";
import type { TxId } from "../../src/types/scalars.ts";
import { OperatorNetwork } from "./network.ts";
import { ROOT, run, until } from "./support.ts";

const TIMEOUT = { timeout: 600_000 };
const CLI = join(ROOT, "src/cli/zhonglian.js");
const open: OperatorNetwork[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((network) => network.stop()));
});

describe("a node whose chain is gone", () => {
  it("joins by the others' snapshot, or by an exported one, and has the same state and lists", TIMEOUT, async () => {
    const operators = await OperatorNetwork.make();
    open.push(operators);
    for (const { id } of operators.members) operators.configure(id, { snapshotIntervalBlocks: 3 });
    operators.startAll();
    await operators.ready(3);
    const ids: TxId[] = [];
    for (let firm = 0; firm < 4; firm++) {
      const { id, bytes } = await operators.registration(`firm-${firm}`);
      ids.push(id);
      expect((await operators.client("zbank").submitAndWait(id, bytes)).status).toBe("committed");
      await operators.everybodyHas(id);
    }
    const snapshots = (member: string): readonly string[] =>
      readdirSync(join(operators.member(member).folder, "data", "snapshots")).filter((name) => name !== "making");
    await until(() => ["zbank", "zhongnong"].every((member) => snapshots(member).length > 0), "snapshots are made");
    const partiesAt = async (member: string): Promise<readonly string[]> => {
      const { items } = await operators
        .client(member)
        .call<{ items: readonly { id: string }[] }>("ledger_list", { kind: "party" });
      return items.map(({ id }) => id);
    };

    for (const how of ["peers", "files"]) {
      const { folder } = operators.member("zhuogang");
      operators.runOf("zhuogang").child.kill("SIGTERM");
      await operators.runOf("zhuogang").exit;
      rmSync(join(folder, "data", "chain"), { recursive: true });
      // As another member's node says it now: above every snapshot.
      const { height, blockId } = await operators.client("zbank").status();
      operators.configure("zhuogang", { checkpoint: `${height}:${blockId}` });
      if (how === "files") {
        const exported = join(operators.network.folder, "exported");
        const giving = run([CLI, "snapshot", "export", "--dir", operators.member("zbank").folder, "--to", exported]);
        expect(await giving.exit, giving.err()).toBe(0);
        const untold = run([CLI, "snapshot", "import", "--dir", folder, "--from", exported]);
        expect(await untold.exit).not.toBe(0);
        const [, snapshot] = /lead no further than their own height, ([0-9]+),.*\[CHECKPOINT_UNPROVEN\]/.exec(untold.err()) ?? [];
        const block = await operators.client("zbank").call<{ id: string }>("chain_getBlock", { height: Number(snapshot) });
        operators.configure("zhuogang", { checkpoint: `${snapshot}:${block.id}` });
        const taking = run([CLI, "snapshot", "import", "--dir", folder, "--from", exported]);
        expect(await taking.exit, taking.err()).toBe(0);
      }
      if (how === "peers") {
        // The power goes when the first chunk is on the disk: nothing is there that a node would start with, and the next one goes on.
        const cut = operators.startWith("zhuogang", { ZHONGLIAN_FAILPOINT: "store.written:2" }, "--join-by", "snapshot");
        await until(() => cut.err().includes(FAILPOINT_WORDS), "a chunk is written", cut);
        cut.child.kill("SIGKILL");
        await cut.exit;
        expect(readdirSync(join(folder, "data")).filter((name) => name.startsWith("chain"))).toEqual(["chain.joining"]);
      }
      const joining = operators.start("zhuogang", "--join-by", "snapshot");
      await operators.ready(3, ["zhuogang"]);
      if (how === "peers") expect(joining.err()).toMatch(/"here":1,.*joining by a snapshot goes on/);
      const client = operators.client("zhuogang");
      await until(async () => {
        const [own, others] = await Promise.all([client.status(), operators.client("zbank").status()]);
        return own.stateRoot === others.stateRoot && own.height === others.height && !own.syncing;
      }, "zhuogang has the same state root");
      expect(await partiesAt("zhuogang")).toEqual(await partiesAt("zbank"));
      await expect(client.call("chain_getBlock", { height: 1 })).rejects.toMatchObject({ code: "HISTORY_PRUNED" });
      // Nobody can tell of a block's transaction who does not have the block.
      await expect(client.get(ids[0] as TxId)).rejects.toMatchObject({ code: "HISTORY_PRUNED" });
      expect((await client.status()).base).toBeGreaterThan(1);
      // And takes part again.
      const { id, bytes } = await operators.registration(`firm-after-${how}`);
      expect((await client.submitAndWait(id, bytes)).status).toBe("committed");
      await operators.everybodyHas(id);
    }

    // An operator's day: a backup of the running node, a check of the stopped one, and the backup put back.
    const { folder } = operators.member("zhuogang");
    const store = async (...args: readonly string[]) => {
      const command = run([CLI, "store", ...args, "--dir", folder, "--json"]);
      const status = await command.exit;
      return { status, answer: JSON.parse(command.out() || "{}") as Record<string, unknown>, err: command.err() };
    };
    const backup = await store("backup");
    expect(backup.status, backup.err).toBe(0);
    const { id, bytes } = await operators.registration("firm-after-backup");
    await operators.client("zbank").submitAndWait(id, bytes);
    await operators.everybodyHas(id);
    // Under a running node neither is done, and nothing of it moves.
    const held = String(backup.answer.folder);
    for (const args of [["check"], ["repair"], ["restore", "--from", held]])
      expect(await store(...args)).toMatchObject({ status: 1, err: expect.stringContaining("[FOLDER_LOCKED]") });
    expect(existsSync(join(folder, "data", "chain.damaged"))).toBe(false);
    operators.runOf("zhuogang").child.kill("SIGTERM");
    await operators.runOf("zhuogang").exit;
    const sound = await store("check");
    expect(sound).toMatchObject({ status: 0, answer: { faults: [], indexDigest: expect.stringMatching(/^[0-9a-f]{64}$/) } });

    // Something rots: repair fetches just that from the others, or from the backup where that has it.
    const chain = join(folder, "data", "chain");
    await rot(chain, BLOCK);
    await rot(chain, OBJECT);
    expect(await store("check")).toMatchObject({ status: 1 });
    expect(await store("repair")).toMatchObject({ status: 0, answer: { how: "mended", faults: [] } });
    expect(await store("check")).toEqual(sound);
    await rot(chain, BLOCK);
    expect(await store("repair", "--from", held)).toMatchObject({
      status: 0,
      answer: { how: "mended", fetched: { backup: 1 } },
    });
    expect(await store("check")).toEqual(sound);
    expect(await store("repair")).toMatchObject({ answer: { how: "nothing was wrong" } });
    for (const from of [chain, join(folder, "keys"), await rottenCopy(held, join(folder, "rotten"))])
      expect(await store("restore", "--from", from)).toMatchObject({
        status: 1,
        err: expect.stringContaining("[BACKUP_INVALID]"),
      });
    expect(await store("check")).toEqual(sound);
    expect(await store("restore", "--from", held)).toMatchObject({ status: 0, answer: { aside: `${chain}.damaged` } });
    expect(await store("check")).toMatchObject({ status: 0, answer: { faults: [] } });
    operators.start("zhuogang");
    await operators.ready(3, ["zhuogang"]);
    await operators.everybodyHas(id);
  });
});

/** The first bytes of the keys of rows (node/chain-keys.ts, node/store-keys.ts). */
const BLOCK = 0x62;
const OBJECT = 0x6f;

async function rottenCopy(backup: string, to: string): Promise<string> {
  cpSync(backup, to, { recursive: true });
  await rot(to, BLOCK);
  return to;
}

/** A bit of the first row of a kind is another from now on. */
async function rot(chain: string, prefix: number): Promise<void> {
  const db = new Level<Uint8Array, Uint8Array>(chain, { keyEncoding: "view", valueEncoding: "view" });
  const [entry] = await db.iterator({ gte: Uint8Array.of(prefix), lt: Uint8Array.of(prefix + 1), limit: 1 }).all();
  if (entry === undefined) throw new Error("there is no such row");
  const [key, value] = entry;
  value[9] = (value[9] as number) ^ 4;
  await db.put(key, value);
  await db.close();
}
