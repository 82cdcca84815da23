import { startOfDay } from "../../client/civil-day.ts";
import { isoDay, type Live, type Stage } from "./stage.ts";

const MORNING_MS = 9 * 3_600_000;
const LIVE: ReadonlySet<unknown> = new Set(["OPEN", "PLEDGED", "ASSIGNED"]);

/** The clock moves on from maturity to maturity, debtors pay, and what they pay repays the loans. */
export class Repaying {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** By the day of their maturity. Nothing is pending when the clock jumps: every step before was final. */
  byMaturity(live: readonly Live[]): readonly (readonly [day: number, live: readonly Live[]])[] {
    const days = [...new Set(live.map(({ maturityDay }) => maturityDay))].sort((left, right) => left - right);
    return days.map((day) => [day, live.filter(({ maturityDay }) => maturityDay === day)]);
  }

  mature(day: number, count: number): void {
    this.#stage.modules.clock.jumpTo(startOfDay(day) + MORNING_MS);
    this.#stage.say(
      `the clock jumps to ${isoDay(day)}: ${count === 1 ? "a receivable has" : `${count} receivables have`} matured`,
    );
  }

  /** The debtor pays at the bank, whose settlement agent finds the money in a notification and attests it. */
  async repay({ trade, receivable }: Live): Promise<void> {
    const stage = this.#stage;
    const { client, desk } = stage.modules;
    const notes = await client.ledgerAll("note", { receivable });
    const amount = notes
      .filter(({ position }) => LIVE.has(position))
      .reduce((sum, note) => sum + BigInt(note.amount as string), 0n);
    if (amount > 0n) desk.receive({ receivable, currency: trade.currency, amount });
    await stage.awaited(`${trade.name}/first/payment`, async () => {
      const { status } = await client.ledgerGet("receivable", receivable);
      return status === "SETTLED" ? receivable : undefined;
    });
    const settled = await client.ledgerGet("receivable", receivable);
    // Not what this start paid: an interrupted story may have paid before.
    stage.count(trade.currency, { repaid: BigInt(settled.redeemed as string) });
  }
}
