import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CursorFile } from "../../src/agents/cursor-file.ts";
import { Directory } from "../../src/agents/directory.ts";
import { RiskAgent } from "../../src/agents/risk-agent.ts";
import { SettlementAgent } from "../../src/agents/settlement-agent.ts";
import type { Client } from "../../src/client/client.ts";
import type { BankAccount } from "../../src/gateways/pain001.ts";
import type { BankDesk, MemberActor, PaidIn } from "../../src/story/cast.ts";
import { PaymentSystem } from "../../src/testnet/payment-system.ts";
import type { Hash } from "../../src/types/scalars.ts";
import type { LedgerNetwork } from "./ledger-client.ts";

const LIMIT = 500_000_000n;

/** The bank's programs without processes: the same agents, which work whenever the story waits for them. */
export class DeskInProcess implements BankDesk {
  readonly reports: { readonly line: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  readonly #risk: RiskAgent;
  readonly #settlement: SettlementAgent;
  readonly #payments: PaymentSystem;
  #working: Promise<void> | null = null;

  constructor(options: { ledger: LedgerNetwork; bank: MemberActor; customers: ReadonlyMap<Hash, BankAccount>; folder: string }) {
    const { ledger, bank, customers, folder } = options;
    const client = ledger.agentClient() as unknown as Client;
    const report = (line: string, data: Readonly<Record<string, unknown>>): void => void this.reports.push({ line, data });
    mkdirSync(folder, { recursive: true });
    const shared = { client, cursor: new CursorFile(join(folder, "cursor.json")), report };
    this.#risk = new RiskAgent({
      ...shared,
      lender: bank.party,
      engine: bank.engine,
      terms: {
        limit: LIMIT,
        ratePpm: { A: 38_000, B: 43_500, C: 52_000, D: 65_000 },
        security: "PLEDGE",
        recourse: true,
        tenorExtraDays: 5,
        decisionTtlMs: 3_600_000,
      },
      models: { ask: async () => null, prepare: async () => undefined },
    });
    const account = "6222000000000000001";
    this.#settlement = new SettlementAgent({
      ...shared,
      bank: bank.party,
      attester: bank.attester,
      own: { name: "Bank", account },
      directory: new Directory(customers),
      secret: new Uint8Array(32).fill(7),
      folder,
    });
    this.#payments = new PaymentSystem({ folder, account, nowMs: () => ledger.clock.nowMs() });
  }

  receive(paid: PaidIn): void {
    this.#payments.receive(paid);
  }

  /** All who wait share one moment. */
  moment(): Promise<void> {
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
    });
    return this.#working;
  }

  async #work(): Promise<void> {
    await this.#risk.sweep();
    await this.#settlement.sweep();
    this.#payments.book();
    await this.#settlement.collect();
  }
}
