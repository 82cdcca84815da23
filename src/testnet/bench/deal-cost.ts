import { signTransaction } from "../../client/transaction-builder.ts";
import { dayOf } from "../../ledger/calendar.ts";
import type { MemberId } from "../../types/scalars.ts";
import type { Envelope } from "../../types/transaction.ts";
import type { NetworkFolder } from "../network-folder.ts";
import { FolderWallets } from "../wallets.ts";
import { type Cast, crowd, crowdNote, crowdParty, type Dimension } from "./crowd.ts";
import { type Bank, type Deal, isMeasured, type Step, stepsOf } from "./deal.ts";
import { envelopeOf, type Forging, forge } from "./forged-network.ts";
import { registerFirm } from "./population.ts";
import { median } from "./session.ts";

/** Where deals are measured: in a state of so many objects of one kind, and with so many leaves of each receivable. */
export interface Surroundings {
  readonly dimension: Dimension;
  readonly objects: number;
  readonly leaves: number;
}

export interface DealCost {
  /** CPU µs of the main thread per transaction of each step: execution, tree, encodings, indices; the median of blocks. */
  readonly microsByStep: ReadonlyMap<string, number>;
  readonly microsPerTx: number;
  /** The mean over all threads of the process: with garbage collection, and with what the store does beside. */
  readonly microsPerTxAllThreads: number;
  /** What does not depend on the machine, per transaction. */
  readonly work: Work;
}

/** Means per transaction: objects that change, pages of the state tree that are made anew, and rows that no cache held. */
export interface Work {
  readonly objects: number;
  readonly pages: number;
  readonly reads: number;
}

const FIRMS = 48;
const DEALS_AT_ONCE = 64;
/** Deals whose receivables are split far are fewer, so that splitting them does not take long. */
const WIDE_DEALS_AT_ONCE = 16;
const WIDE_FROM_LEAVES = 512;
const ROUNDS = 7;
const WARM_ROUNDS = 2;
const VALID_MS = 5 * 60_000;

/**
 * Whole deals, from the contract to the repayment, many side by side, in a state that is crowded otherwise: one process that executes and
 * stores, without network and signatures, which do not depend on the state. Each block holds the same step of all deals.
 */
export async function dealCost(network: NetworkFolder, where: Surroundings): Promise<DealCost> {
  const meter = new Meter();
  await forge(network, async (forging) => {
    const cast = await castOf(forging);
    if (where.objects > 0) {
      await forging.import((put) =>
        crowd(where.dimension, where.objects, cast, { view: forging.objects, timeMs: forging.nowMs(), put }),
      );
    }
    const bank = await new FolderWallets(network).member("zbank");
    const atOnce = where.leaves >= WIDE_FROM_LEAVES ? WIDE_DEALS_AT_ONCE : DEALS_AT_ONCE;
    for (let round = 0; round < ROUNDS; round++) {
      const deals = Array.from({ length: atOnce }, (_, index) => dealOf(round * atOnce + index, { where, cast, bank }));
      for (const step of stepsOf(deals[0] as Deal)) await take(forging, step, deals, round < WARM_ROUNDS ? null : meter);
    }
  });
  return meter.cost();
}

/** One block: the same step of all deals. */
async function take(forging: Forging, step: Step, deals: readonly Deal[], meter: Meter | null): Promise<void> {
  const envelopes: Envelope[] = [];
  for (const deal of deals) {
    const timeMs = forging.nowMs();
    const { operation, keys } = step.make(deal, { timeMs, day: dayOf(timeMs) });
    const { id, bytes } = await signTransaction({ chain: forging.chain, ops: [operation], notAfter: timeMs + VALID_MS }, keys);
    deal.done.set(step.name, id);
    envelopes.push(envelopeOf(bytes));
  }
  meter?.begin();
  const readsBefore = forging.store.reads;
  const { receipts, changes, tree } = await forging.append(envelopes);
  const failed = receipts.find(({ code }) => code !== 0);
  if (failed !== undefined) throw new Error(`${step.name} was refused with code ${failed.code}`);
  if (!isMeasured(step)) return;
  meter?.end(step.name, deals.length);
  meter?.count({ objects: changes.length, pages: tree.pages.length, reads: forging.store.reads - readsBefore });
}

async function castOf(forging: Forging): Promise<Cast & { readonly holders: Cast["sellers"] }> {
  const firms = [];
  for (let index = 0; index < FIRMS; index++) firms.push(await registerFirm(forging, `deals/${index}`));
  const third = FIRMS / 3;
  const [sellers, debtors, holders] = [firms.slice(0, third), firms.slice(third, 2 * third), firms.slice(2 * third)];
  return { sponsor: forging.sponsor.member as MemberId, sellers, debtors, holders };
}

function dealOf(
  number: number,
  { where, cast, bank }: { readonly where: Surroundings; readonly cast: Awaited<ReturnType<typeof castOf>>; readonly bank: Bank },
): Deal {
  const pick = <T>(items: readonly T[]): T => items[number % items.length] as T;
  const { dimension, objects, leaves } = where;
  const deal = {
    name: `deal ${number}`,
    seller: pick(cast.sellers),
    debtor: pick(cast.debtors),
    holder: pick(cast.holders),
    bank,
    leaves,
    done: new Map(),
  };
  if (objects === 0) return deal;
  return dimension === "parties"
    ? { ...deal, crowdParty: crowdParty(number, objects) }
    : { ...deal, crowdNote: crowdNote(number, objects, cast) };
}

/** CPU time by step: the median of its blocks, since a collection of garbage falls upon one block or another. */
class Meter {
  readonly #blocks = new Map<string, number[]>();
  #allMicros = 0;
  #transactions = 0;
  #work: Work = { objects: 0, pages: 0, reads: 0 };
  #atBegin = { thread: process.threadCpuUsage(), all: process.cpuUsage() };

  begin(): void {
    this.#atBegin = { thread: process.threadCpuUsage(), all: process.cpuUsage() };
  }

  end(step: string, transactions: number): void {
    const thread = process.threadCpuUsage(this.#atBegin.thread);
    const all = process.cpuUsage(this.#atBegin.all);
    this.#allMicros += all.user + all.system;
    this.#transactions += transactions;
    const blocks = this.#blocks.get(step) ?? [];
    blocks.push((thread.user + thread.system) / transactions);
    this.#blocks.set(step, blocks);
  }

  /** Of the block whose time was taken last. */
  count({ objects, pages, reads }: Work): void {
    const sum = this.#work;
    this.#work = { objects: sum.objects + objects, pages: sum.pages + pages, reads: sum.reads + reads };
  }

  cost(): DealCost {
    const microsByStep = new Map([...this.#blocks].map(([step, blocks]) => [step, median(blocks)]));
    const sum = [...microsByStep.values()].reduce((all, micros) => all + micros, 0);
    return {
      microsByStep,
      microsPerTx: sum / microsByStep.size,
      microsPerTxAllThreads: this.#allMicros / this.#transactions,
      work: {
        objects: this.#work.objects / this.#transactions,
        pages: this.#work.pages / this.#transactions,
        reads: this.#work.reads / this.#transactions,
      },
    };
  }
}
