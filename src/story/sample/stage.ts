import { createHash } from "node:crypto";
import { dayOf } from "../../client/civil-day.ts";
import type { Client } from "../../client/client.ts";
import type { SigningKey } from "../../client/transaction-builder.ts";
import type { InvoiceFile } from "../../gateways/read-invoice.ts";
import type { Hash } from "../../types/scalars.ts";
import { type BankDesk, commitment, type Firm, type MemberActor, type Wallets } from "../cast.ts";
import type { Steps, StoryClock } from "../steps.ts";

export interface SampleModules {
  readonly client: Pick<Client, "ledgerAll" | "ledgerGet">;
  readonly steps: Steps;
  readonly clock: StoryClock;
  readonly wallets: Wallets;
  readonly invoices: readonly InvoiceFile[];
  readonly epochKey: Uint8Array;
  /** The bank's risk agent and its settlement agent. */
  readonly desk: BankDesk;
  readonly progress: (line: string) => void;
}

export interface CurrencyTotals {
  readonly receivables: number;
  readonly face: bigint;
  readonly financed: bigint;
  readonly repaid: bigint;
}

/** What was tried, and refused as it should be. */
export interface Attempt {
  readonly what: string;
  readonly code: string;
  readonly reason: string;
}

/** The bank's engine alone, officers after the engine's referral, or nobody lends. */
export type Decider = "engine" | "officers" | "declined";

/** An invoice, its two firms, and the platform that both are members of. */
export interface Trade {
  readonly file: string;
  /** What its steps are named by. */
  readonly name: string;
  readonly seller: Firm;
  readonly buyer: Firm;
  readonly currency: string;
  readonly total: bigint;
  readonly invoice: InvoiceFile["invoice"];
  readonly sponsor: MemberActor;
}

/** A trade whose receivable lives. */
export interface Live {
  readonly trade: Trade;
  readonly receivable: Hash;
  readonly maturityDay: number;
  /** The note that secures the loan, unless the bank declined, and one that moved to another firm. */
  readonly pledged: Hash | null;
  readonly moved: { readonly note: Hash; readonly holder: Firm } | null;
  /** What the seller kept. */
  readonly rest: Hash | null;
}

export const DAY_MS = 86_400_000;
const PARALLEL = 8;

/** Whom and what all chapters share: the actors, the clock, what was counted and what was refused so far. */
export class Stage {
  readonly modules: SampleModules;
  readonly bank: MemberActor;
  /** Of the ledger's parameters. */
  readonly noteMin: bigint;
  /** A little less than the longest tenor, which is counted in months. */
  readonly tenorMaxDays: number;
  /** What the story's own steps are named by. */
  readonly name: string;
  readonly attempts: Attempt[] = [];
  /** Who answered how many applications. */
  readonly decisions: Record<Decider, number> = { engine: 0, officers: 0, declined: 0 };
  readonly totals = new Map<string, CurrencyTotals>();
  /** By legal id: whoever is registered, or about to be. */
  readonly firms = new Map<string, Promise<Firm>>();

  private constructor(modules: SampleModules, bank: MemberActor, params: { noteMin: bigint; tenorMaxDays: number }) {
    this.modules = modules;
    this.bank = bank;
    this.noteMin = params.noteMin;
    this.tenorMaxDays = params.tenorMaxDays;
    this.name = storyName(modules.invoices);
  }

  static async open(modules: SampleModules, lender: string): Promise<Stage> {
    const bank = await modules.wallets.member(lender);
    const [param] = await modules.client.ledgerAll("param");
    if (param === undefined) throw new Error("the ledger has no parameters");
    const { noteMinorUnitsMin, tenorHardMonths } = param.values as { noteMinorUnitsMin: number; tenorHardMonths: number };
    return new Stage(modules, bank, { noteMin: BigInt(noteMinorUnitsMin), tenorMaxDays: 30 * tenorHardMonths });
  }

  get today(): number {
    return dayOf(this.modules.clock.nowMs());
  }

  say(line: string): void {
    this.modules.progress(line);
  }

  commit(...parts: readonly string[]): Hash {
    return commitment(this.modules.epochKey, ...parts);
  }

  /** What the bank's programs do by themselves. */
  awaited(step: string, look: () => Promise<Hash | undefined>): Promise<Hash> {
    const { steps, desk } = this.modules;
    return steps.awaited(step, look, () => desk.moment());
  }

  refuse(what: string, code: string, reason: string): void {
    this.attempts.push({ what, code, reason });
    this.say(`refused, as it should be: ${what} — ${reason || code} [${code}]`);
  }

  decided(by: Decider): void {
    this.decisions[by] += 1;
  }

  count(currency: string, add: Partial<CurrencyTotals>): void {
    const so = this.totals.get(currency) ?? { receivables: 0, face: 0n, financed: 0n, repaid: 0n };
    this.totals.set(currency, {
      receivables: so.receivables + (add.receivables ?? 0),
      face: so.face + (add.face ?? 0n),
      financed: so.financed + (add.financed ?? 0n),
      repaid: so.repaid + (add.repaid ?? 0n),
    });
  }
}

/** A story is what its invoices are: with the same ones it goes on or was played, with others it is another on the same network. */
export function storyName(invoices: readonly InvoiceFile[]): string {
  const files = invoices.map(({ file, invoice }) => [file, invoice.documentHash]);
  return createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 12);
}

export function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Maker and checker. */
export function both(firm: Firm): readonly SigningKey[] {
  return [firm.maker, firm.checker];
}

/** All of them, a few at a time; answers in the order of the items. */
export async function each<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const run = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, run));
  return results;
}
