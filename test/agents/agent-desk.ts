import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { CursorFile } from "../../src/agents/cursor-file.ts";
import { ModelDesk } from "../../src/agents/model/model-desk.ts";
import { RiskAgent } from "../../src/agents/risk-agent.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, allianceOn, receivable } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { applyBody } from "../ledger/support/finance.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";
import { serve, signingKey } from "./serving-chain.ts";

export interface Said {
  readonly line: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a bank's agents work with in a test: a chain that is served, a folder of their own, and what they said. */
export interface AgentDesk {
  readonly world: Alliance & { readonly chain: ProvingChain };
  readonly server: Awaited<ReturnType<typeof serve>>;
  readonly folder: string;
  readonly said: Said[];
  readonly report: (line: string, data: Said["data"]) => void;
}

/** Another desk for each test of the file that asks; `now` is the present test's. */
export function agentDesks(): { readonly now: () => AgentDesk } {
  let desk: AgentDesk | undefined;
  const now = (): AgentDesk => {
    if (desk === undefined) throw new Error("only within a test");
    return desk;
  };
  beforeEach(async () => {
    const world = allianceOn((identity) => new ProvingChain(identity, "real"));
    const said: Said[] = [];
    desk = {
      world,
      server: await serve(world.chain),
      folder: mkdtempSync(join(tmpdir(), "zhonglian-agent-")),
      said,
      report: (line, data) => void said.push({ line, data }),
    };
  });
  afterEach(async () => {
    const { server, folder } = now();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
    desk = undefined;
  });
  return { now };
}

export function riskAgent({ world, server, folder, report }: AgentDesk, limit = 1_000_000n): RiskAgent {
  const { bank } = world;
  return new RiskAgent({
    client: server.client,
    lender: bank.id,
    engine: signingKey(bank, bank.engine),
    terms: {
      limit,
      ratePpm: { A: 38_000, B: 43_500, C: 52_000, D: 65_000 },
      security: "PLEDGE",
      recourse: true,
      tenorExtraDays: 5,
      decisionTtlMs: 3_600_000,
    },
    models: new ModelDesk({ client: server.client, lender: bank.id, folder }),
    cursor: new CursorFile(join(folder, "cursor.json")),
    report,
  });
}

/** The seller asks for finance on a receivable of 1,000.00. */
export function applied({ world }: AgentDesk, amount: bigint): Hash {
  const { note } = receivable(world, 100_000n);
  return world.chain.act(op("finance.apply", applyBody(world, [note], amount)), world.seller).created();
}
