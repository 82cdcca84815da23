import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Hash } from "../../types/scalars.ts";
import { both, DAY_MS, type Stage, type Trade } from "./stage.ts";

/** From an application to money: decided, accepted, filed, searched, ordered, paid out. */
export class Lending {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async finance(trade: Trade, step: string, pledged: { readonly note: Hash; readonly amount: bigint }): Promise<void> {
    const stage = this.#stage;
    const { bank } = stage;
    const { steps } = stage.modules;
    const asked = (pledged.amount * 8n) / 10n;
    const application = await this.#apply(trade, step, pledged.note, asked);
    const decision = await this.#decide(step, application, asked);
    const accepted = await steps.take(`${step}/accept-terms`, both(trade.seller), op("finance.accept", { decision }));
    const loan = objectId(accepted, 0, 0);
    const search = await this.#secure(trade, step, loan);
    const instruction = stage.commit("instruction", step);
    await steps.take(`${step}/order`, [bank.maker, bank.checker], op("loan.order", { loan, search, instruction }));
    const paid = {
      loan,
      bank: bank.party,
      reference: stage.commit("disbursement", step),
      amount: asked,
      valueDay: stage.today,
      evidence: stage.commit("camt.054", step),
    };
    await steps.take(`${step}/disburse`, [bank.attester], op("loan.disbursed", paid));
    stage.count(trade.currency, { financed: asked });
  }

  async #apply({ seller }: Trade, step: string, note: Hash, amount: bigint): Promise<Hash> {
    const stage = this.#stage;
    const { steps, clock } = stage.modules;
    const body = {
      lenders: [stage.bank.party],
      notes: [note],
      amount,
      consent: stage.commit("consent", step),
      expiresMs: clock.nowMs() + DAY_MS / 2,
    };
    return objectId(await steps.take(`${step}/apply`, both(seller), op("finance.apply", body)), 0, 0);
  }

  async #decide(step: string, application: Hash, amount: bigint): Promise<Hash> {
    const stage = this.#stage;
    const { bank } = stage;
    const { steps, clock } = stage.modules;
    const decided = await steps.take(
      `${step}/decide`,
      [bank.maker, bank.checker],
      op("finance.decide", {
        application,
        lender: bank.party,
        outcome: "APPROVED",
        amount,
        ratePpm: 43_500,
        tenorDays: 90,
        advanceBp: 8_500,
        recourse: true,
        security: "PLEDGE",
        policy: stage.commit("credit policy 2026"),
        reasons: ["confirmedDebt"],
        // A first trade has no history that a score could be made of.
        override: { reason: "FIRST_TRADE", document: stage.commit("minutes", step) },
        expiresMs: clock.nowMs() + DAY_MS / 4,
      }),
    );
    return objectId(decided, 0, 0);
  }

  /** Filed, and searched after the filing, so that nobody stands before it; answers the search. */
  async #secure({ seller }: Trade, step: string, loan: Hash): Promise<Hash> {
    const stage = this.#stage;
    const { bank } = stage;
    const { steps, clock } = stage.modules;
    const filed = {
      loan,
      number: stage.commit("filing", step),
      timeMs: clock.nowMs(),
      untilDay: stage.today + 200,
      proof: stage.commit("filing proof", step),
    };
    await steps.take(`${step}/file`, [bank.engine], op("registry.file", filed));
    const searched = {
      by: bank.party,
      subject: seller.party,
      hits: 0,
      result: stage.commit("search", step),
      timeMs: clock.nowMs(),
    };
    return objectId(await steps.take(`${step}/search`, [bank.engine], op("registry.search", searched)), 0, 0);
  }
}
