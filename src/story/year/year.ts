import { createHash, createHmac } from "node:crypto";
import type { SigningKey } from "../../client/transaction-builder.ts";
import { Prng } from "../../lib/prng.ts";
import type { Hash } from "../../types/scalars.ts";
import type { MemberActor } from "../cast.ts";
import { planRedInvoices } from "./alarms.ts";
import type { bankCard } from "./bank-card.ts";
import { BusinessCalendar } from "./calendar.ts";
import { type Act, Diary, type Hour, type Scores } from "./diary.ts";
import { planFrauds } from "./frauds.ts";
import { planFreezes } from "./freezes.ts";
import { planOpening } from "./opening.ts";
import { type Company, type Debtor, type People, peopleOf, type Supplier } from "./people.ts";
import type { FirmKeys, Refusal, Setting, Trade } from "./setting.ts";
import type { YearSize } from "./size.ts";
import { planStocks } from "./stocks.ts";
import { tradesOf } from "./trades.ts";
import { planTrade } from "./trading.ts";
import { planWarehouses } from "./warehouses.ts";

export interface YearModules {
  readonly seed: string;
  readonly size: YearSize;
  readonly bank: MemberActor;
  readonly platforms: readonly MemberActor[];
  readonly keysOf: (company: Company) => FirmKeys;
  readonly deviceOf: (company: Company, name: string) => SigningKey;
  /** The scorecard that the bank puts in force at the opening. */
  readonly card: ReturnType<typeof bankCard>;
  /** The verifiers' shared key: nobody guesses from a fingerprint or commitment what it is made from. */
  readonly epochKey: Uint8Array;
}

/**
 * The alliance's year as a plan that unfolds: who does what on which day follows from the seed, and from what the ledger and its scores
 * answered on the days before. It sends nothing and reads nothing; the same answers, the same year.
 */
export class Year {
  readonly people: People;
  readonly refusals: Refusal[] = [];
  readonly #setting: Setting;
  readonly #diary = new Diary();

  constructor({ seed, size, bank, platforms, keysOf, deviceOf, card, epochKey }: YearModules) {
    const prng = new Prng(createHash("sha256").update(`alliance year ${seed}`).digest().readInt32BE(0));
    const [forPeople, forTrades, forTroubles] = [prng.fork(), prng.fork(), prng.fork()];
    const calendar = new BusinessCalendar(size.calendar);
    this.people = peopleOf(forPeople, size);
    const trades = tradesOf(forTrades, this.people, size, calendar).map(
      (plan): Trade => ({
        plan,
        supplier: this.people.suppliers[plan.supplier] as Supplier,
        debtor: this.people.debtors[plan.debtor] as Debtor,
        contract: "" as Hash,
        phase: "PLANNED",
        delivery: null,
        invoice: null,
        receivable: null,
        maturityDay: 0,
        leaves: [],
        loan: null,
        isVoided: false,
        paidReference: null,
      }),
    );
    this.#setting = {
      people: this.people,
      calendar,
      diary: this.#diary,
      bank,
      platforms: new Map(platforms.map((platform) => [platform.member, platform])),
      keysOf,
      deviceOf,
      commit: (...parts) =>
        createHmac("sha256", epochKey)
          .update(JSON.stringify([seed, ...parts]))
          .digest("hex") as Hash,
      owedBy: this.people.debtors.map(() => []),
      trades,
      refuse: (refusal) => this.refusals.push(refusal),
      prng: forTroubles,
      forgeries: 0,
      ordered: new Set(),
      paid: new Set(),
      committed: new Set(),
      checks: new Map(),
      applicants: new Set(),
    };
    planOpening(this.#setting, card);
    const warehouses = planWarehouses(this.#setting, size.daysWatched);
    planStocks(this.#setting, warehouses, size.stocks, size.calendar === "SPARSE");
    for (const trade of trades) planTrade(this.#setting, trade);
    planFreezes(this.#setting, size.freezes);
    planRedInvoices(this.#setting, size.redInvoices);
    planFrauds(this.#setting, size.frauds);
  }

  has(day: number, hour: Hour): boolean {
    return this.#diary.has(day, hour);
  }

  /** Whose scores the bank's engine wants before the third hour. */
  applicants(): readonly Hash[] {
    return [...this.#setting.applicants];
  }

  /** What is sent in this hour. Each act's `done` is to be called, in order, before the next hour is drawn up. */
  draw(day: number, hour: Hour, scores: Scores): readonly Act[] {
    const acts = this.#diary.draw(day, hour, scores);
    if (hour === "third") this.#setting.applicants.clear();
    return acts;
  }
}
