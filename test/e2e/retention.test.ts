import { afterEach, describe, expect, it } from "vitest";
import { LevelStore } from "../../src/adapters/level-store.ts";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { verifyProof } from "../../src/client/verify-proof.ts";
import { memberObjectId } from "../../src/ledger/ids.ts";
import { trustGenesis } from "../../src/light/trust.ts";
import { authorityKeys, chainFolder } from "../../src/testnet/bench/forged-network.ts";
import { ChainForge } from "../../src/testnet/chain-forge.ts";
import { LIMITS } from "../../src/types/limits.ts";
import { OperatorNetwork } from "./network.ts";
import { until } from "./support.ts";

const TIMEOUT = { timeout: 240_000 };
const BLOCKS = 150;
const open: OperatorNetwork[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((network) => network.stop()));
});

describe("a node that is told to keep the last blocks", () => {
  it(
    "lets go of the others as an operator's setting says, proves what it keeps, and says what it does not",
    TIMEOUT,
    async () => {
      const operators = await OperatorNetwork.make();
      open.push(operators);
      const { network } = operators;
      const { identity } = network;
      const member = operators.member("zbank");
      const store = await LevelStore.open(chainFolder(member));
      const forge = await ChainForge.open(identity, await authorityKeys(network), { store, hasher: nativeHasher });
      const timeOf = (height: number): number => identity.genesis.timeMs + height * LIMITS.heartbeatMs;
      for (let height = 1; height <= BLOCKS; height++) await forge.append(timeOf(height), []);
      await forge.flush();
      await store.close();
      operators.clock.jumpTo(timeOf(BLOCKS));

      operators.configure("zbank", { keep: "last 100 blocks", snapshotIntervalBlocks: 0 });
      const node = operators.start("zbank");
      await operators.ready(0, ["zbank"]);
      const client = operators.client("zbank");
      const base = BLOCKS - 99;
      await until(async () => (await client.status()).base === base, "the base rises", node);
      const id = memberObjectId("zbank");
      for (const height of [base, base + 40, BLOCKS]) {
        expect(await client.ledgerGet("member", id, height)).toMatchObject({ id });
        const proof = verifyProof(await client.proof("member", id, { height }), trustGenesis(identity));
        expect(proof).toMatchObject({ ok: true, value: { height } });
      }
      const gone = { code: "HISTORY_PRUNED" };
      await expect(client.ledgerGet("member", id, base - 1)).rejects.toMatchObject(gone);
      await expect(client.proof("member", id, { height: base - 1 })).rejects.toMatchObject(gone);
      await expect(client.call("chain_getBlock", { height: base - 1 })).rejects.toMatchObject(gone);
      await expect(client.call("events_page", { from: { height: 0, index: 0 }, limit: 10 })).rejects.toMatchObject(gone);
      expect(await client.call("ledger_history", { kind: "member", id })).toMatchObject({ prunedBelow: base });

      // A setting that cannot be meant is refused at the start.
      node.child.kill("SIGTERM");
      await node.exit;
      const refused = operators.start("zbank", "--keep", "last week");
      expect(await refused.exit).not.toBe(0);
      expect(refused.err()).toMatch(/last N blocks .*SETTING_WRONG/);
    },
  );
});
