import type { LedgerJson } from "../../client/client.ts";
import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import { formatMinorUnits } from "../../types/currency.ts";
import type { Hash } from "../../types/scalars.ts";
import { both, DAY_MS, type Stage, type Trade } from "./stage.ts";

export interface Pledge {
  readonly note: Hash;
  readonly amount: bigint;
}

/** From an application to money: the risk agent answers, officers where it refers, and the settlement agent has it paid out. */
export class Lending {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Answers whether there is a loan now. */
  async finance(trade: Trade, step: string, { note, amount }: Pledge): Promise<boolean> {
    const stage = this.#stage;
    const { bank } = stage;
    const { steps, client } = stage.modules;
    const asked = (amount * 8n) / 10n;
    const application = await this.#apply(trade, step, note, asked);
    const decision = await this.#decide(trade, step, application, asked);
    if (decision === null) return false;
    const accepted = await steps.take(`${step}/accept-terms`, both(trade.seller), op("finance.accept", { decision }));
    const loan = objectId(accepted, 0, 0);
    const search = await this.#secure(trade, step, loan);
    const instruction = stage.commit("instruction", step);
    await steps.take(`${step}/order`, [bank.maker, bank.checker], op("loan.order", { loan, search, instruction }));
    await stage.awaited(`${step}/disbursed`, async () => {
      const { status } = await client.ledgerGet("loan", loan);
      return status === "ORDERED" ? undefined : loan;
    });
    const { principal } = await client.ledgerGet("loan", loan);
    stage.count(trade.currency, { financed: BigInt(principal as string) });
    return true;
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

  /** The terms that the borrower may accept; null if the bank declines. */
  async #decide(trade: Trade, step: string, application: Hash, asked: bigint): Promise<Hash | null> {
    const stage = this.#stage;
    const { client, steps } = stage.modules;
    const answer = await stage.awaited(`${step}/answer`, () => this.#answerTo(application));
    const decision = await client.ledgerGet("decision", answer);
    const { outcome, score, grade } = decision;
    const by = score === null ? "" : ` by score ${score as number} (${grade as string})`;
    const reasons = (decision.reasons as readonly string[]).join(", ");
    if (outcome === "APPROVED") {
      const lent = formatMinorUnits(BigInt(decision.amount as string), trade.currency);
      stage.say(
        `${trade.file}: the risk agent lends ${lent} ${trade.currency} at ${percent(decision.ratePpm as number)} a year${by}`,
      );
      stage.decided("engine");
      return answer;
    }
    stage.say(`${trade.file}: the risk agent ${outcome === "REFER" ? "leaves it to officers" : "declines"}${by}: ${reasons}`);
    if (outcome === "REFER") return this.#officers(step, application, asked, decision);
    stage.decided("declined");
    await steps.take(`${step}/withdraw`, both(trade.seller), op("finance.withdraw", { application }));
    return null;
  }

  async #answerTo(application: Hash): Promise<Hash | undefined> {
    const { modules, bank } = this.#stage;
    const { decisions } = await modules.client.ledgerGet("application", application);
    for (const id of decisions as readonly Hash[])
      if ((await modules.client.ledgerGet("decision", id)).lender === bank.party) return id;
    return undefined;
  }

  /** A maker and a checker approve although, and the ledger keeps why the engine did not. */
  async #officers(step: string, application: Hash, amount: bigint, { reasons }: LedgerJson): Promise<Hash> {
    const stage = this.#stage;
    const { bank } = stage;
    const { steps, clock } = stage.modules;
    const [reason = "REFERRED"] = reasons as readonly string[];
    const body = {
      application,
      lender: bank.party,
      outcome: "APPROVED" as const,
      amount,
      ratePpm: 43_500,
      tenorDays: 90,
      advanceBp: 8_500,
      recourse: true,
      security: "PLEDGE" as const,
      policy: stage.commit("credit policy 2026"),
      reasons: ["confirmedDebt"],
      override: { reason, document: stage.commit("minutes", step) },
      expiresMs: clock.nowMs() + DAY_MS / 4,
    };
    const decided = await steps.take(`${step}/decide`, [bank.maker, bank.checker], op("finance.decide", body));
    stage.decided("officers");
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

function percent(ratePpm: number): string {
  return `${(ratePpm / 10_000).toFixed(2)} %`;
}
