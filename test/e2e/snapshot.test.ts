import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
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
      if (how === "files") {
        const exported = join(operators.network.folder, "exported");
        const giving = run([CLI, "snapshot", "export", "--dir", operators.member("zbank").folder, "--to", exported]);
        expect(await giving.exit, giving.err()).toBe(0);
        const taking = run([CLI, "snapshot", "import", "--dir", folder, "--from", exported]);
        expect(await taking.exit, taking.err()).toBe(0);
      }
      operators.start("zhuogang", "--join-by", "snapshot");
      await operators.ready(3, ["zhuogang"]);
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
    expect((await store("check")).err).toMatch(/FOLDER_LOCKED/);
    operators.runOf("zhuogang").child.kill("SIGTERM");
    await operators.runOf("zhuogang").exit;
    expect(await store("check")).toMatchObject({ status: 0, answer: { faults: [] } });
    expect((await store("restore", "--from", String(backup.answer.folder))).status).toBe(0);
    expect(await store("check")).toMatchObject({ status: 0, answer: { faults: [] } });
    operators.start("zhuogang");
    await operators.ready(3, ["zhuogang"]);
    await operators.everybodyHas(id);
  });
});
