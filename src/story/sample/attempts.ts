import { op } from "../../client/transaction-builder.ts";
import type { Hash } from "../../types/scalars.ts";
import { both, DAY_MS, type Live, type Stage, type Trade } from "./stage.ts";

/** What a user would try on the way, and the ledger refuses. */
export class Attempts {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async badSplits(trade: Trade, note: Hash, face: bigint): Promise<void> {
    const stage = this.#stage;
    const { steps } = stage.modules;
    const bad = op("note.split", { note, parts: [face / 2n, face / 2n + 1n + (face % 2n)] });
    stage.refuse(
      "a split that does not add up",
      "PARTS_DO_NOT_ADD_UP",
      await steps.refused(`${trade.name}/bad-split`, "PARTS_DO_NOT_ADD_UP", both(trade.seller), bad),
    );
    const theirs = op("note.split", { note, parts: [face / 2n, face - face / 2n] });
    stage.refuse(
      "somebody else's note",
      "SIGNER_MISSING",
      await steps.refused(`${trade.name}/stranger`, "SIGNER_MISSING", both(trade.buyer), theirs),
    );
  }

  async pledgingTwice(live: readonly Live[]): Promise<void> {
    const stage = this.#stage;
    const found = live.find(({ pledged }) => pledged !== null);
    if (found === undefined || found.pledged === null) return;
    const { trade, pledged } = found;
    const { steps, clock } = stage.modules;
    const again = op("finance.apply", {
      lenders: [stage.bank.party],
      notes: [pledged],
      amount: 100n,
      consent: stage.commit("consent", trade.name, "again"),
      expiresMs: clock.nowMs() + DAY_MS / 2,
    });
    const reason = await steps.refused(`${trade.name}/pledge-again`, "NOTE_NOT_OPEN", both(trade.seller), again);
    stage.refuse("a pledge of what is pledged", "NOTE_NOT_OPEN", reason);
  }

  /** Whoever holds a note that is open offers it too late: its supplier back to the seller, or the seller to the bank. Answers whether there was one. */
  async pastMaturity(live: readonly Live[]): Promise<boolean> {
    const stage = this.#stage;
    for (const { trade, moved, rest } of live) {
      const note = moved?.note ?? rest;
      if (note === null) continue;
      const holder = moved?.holder ?? trade.seller;
      const taker = moved === null ? stage.bank : trade.seller;
      const late = op("note.transfer", { note, to: taker.party });
      const keys = [holder.maker, holder.checker, taker.maker, taker.checker];
      const reason = await stage.modules.steps.refused(`${trade.name}/late-transfer`, "PAST_CUTOFF", keys, late);
      stage.refuse("a transfer past maturity", "PAST_CUTOFF", reason);
      return true;
    }
    return false;
  }
}
