import { setTimeout as sleep } from "node:timers/promises";
import type { BankAccount } from "../gateways/pain001.ts";
import type { BankDesk, MemberActor, PaidIn } from "../story/cast.ts";
import type { Hash } from "../types/scalars.ts";
import { BANK_ACCOUNT, riskAgentFolder, settlementAgentFolder } from "./agent-folders.ts";
import type { Launcher } from "./launcher.ts";
import { PaymentSystem } from "./payment-system.ts";

export interface BankProgramsModules {
  readonly launcher: Launcher;
  readonly bank: MemberActor;
  /** Whom the bank may have to pay. */
  readonly customers: ReadonlyMap<Hash, BankAccount>;
  readonly nowMs: () => number;
  readonly say: (line: string) => void;
}

/** What the bank's engine approves alone, in minor units: above it officers decide. */
const LIMIT = 500_000_000n;
const MOMENT_MS = 40;

/** The bank's own programs on a local network, as processes beside its node: risk agent and settlement agent, and a payment system for them. */
export class BankPrograms implements BankDesk {
  readonly #launcher: Launcher;
  readonly #payments: PaymentSystem;

  private constructor(launcher: Launcher, payments: PaymentSystem) {
    this.#launcher = launcher;
    this.#payments = payments;
  }

  static start({ launcher, bank, customers, nowMs, say }: BankProgramsModules): BankPrograms {
    const { network } = launcher;
    const deciding = launcher.startAgent("risk", riskAgentFolder(network, bank, LIMIT));
    say(`${bank.member}: its risk agent answers applications (pid ${deciding})`);
    const folder = settlementAgentFolder(network, bank, customers);
    const settling = launcher.startAgent("settle", folder);
    say(`${bank.member}: its settlement agent writes pain.001 and reads camt.054 in ${folder} (pid ${settling})`);
    return new BankPrograms(launcher, new PaymentSystem({ folder, account: BANK_ACCOUNT.account, nowMs }));
  }

  receive(paid: PaidIn): void {
    this.#payments.receive(paid);
  }

  async moment(): Promise<void> {
    this.#launcher.requireAgents();
    this.#payments.book();
    await sleep(MOMENT_MS);
  }
}
