import { startOfDay } from "../../client/civil-day.ts";
import { op } from "../../client/transaction-builder.ts";
import { isoDay, type Live, type Stage } from "./stage.ts";

const MORNING_MS = 9 * 3_600_000;

/** The clock moves on to the maturity, debtors pay, and what they pay repays the loans. */
export class Repaying {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Nothing is pending here: every step before was final. */
  mature(live: readonly Live[]): void {
    const day = Math.max(...live.map(({ maturityDay }) => maturityDay));
    this.#stage.modules.clock.jumpTo(startOfDay(day) + MORNING_MS);
    this.#stage.say(`the clock jumps to ${isoDay(day)}: every receivable has matured`);
  }

  async repay({ trade, receivable }: Live): Promise<void> {
    const stage = this.#stage;
    const { bank } = stage;
    const { client, steps } = stage.modules;
    const step = `${trade.name}/first`;
    const notes = await client.ledgerAll("note", { receivable });
    const lines = notes
      .filter(({ position }) => position === "OPEN" || position === "PLEDGED" || position === "ASSIGNED")
      .map((note) => ({ note: note.id, amount: BigInt(note.amount as string) }))
      .sort((left, right) => (left.note < right.note ? -1 : 1));
    const amount = lines.reduce((sum, line) => sum + line.amount, 0n);
    const body = {
      bank: bank.party,
      reference: stage.commit("payment", step),
      payer: trade.buyer.party,
      currency: trade.currency,
      amount,
      valueDay: stage.today,
      lines,
      evidence: stage.commit("camt.054", step, "payment"),
    };
    await steps.take(`${step}/payment`, [bank.attester], op("payment.attest", body));
    const settled = await client.ledgerGet("receivable", receivable);
    // Not what this start paid: an interrupted story may have paid before.
    stage.count(trade.currency, { repaid: BigInt(settled.redeemed as string) });
    if (settled.status !== "SETTLED") throw new Error(`${step}: expected SETTLED, the receivable is ${String(settled.status)}`);
  }
}
