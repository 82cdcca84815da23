import type { Firm, MemberActor } from "../cast.ts";
import { Attempts } from "./attempts.ts";
import { GoodsChapter, type GoodsResult } from "./goods.ts";
import { Lending } from "./lending.ts";
import { Receivables } from "./receivables.ts";
import { Registration } from "./registration.ts";
import { Repaying } from "./repaying.ts";
import { type Attempt, type CurrencyTotals, each, isoDay, type SampleModules, Stage } from "./stage.ts";

export interface SampleResult {
  readonly parties: number;
  readonly receivables: number;
  readonly byCurrency: ReadonlyMap<string, CurrencyTotals>;
  readonly refusals: readonly Attempt[];
  readonly openNotes: number;
  readonly pledgedNotes: number;
  readonly goods: GoodsResult;
}

const LENDER = "zbank";
const PLATFORMS = ["zhongnong", "zhuogang", "huasu"] as const;

/** The sample alliance story: from e-invoices to repayment, with the refusals that a user would try on the way. */
export class SampleStory {
  readonly #modules: SampleModules;

  constructor(modules: SampleModules) {
    this.#modules = modules;
  }

  async play(): Promise<SampleResult> {
    const { wallets, invoices } = this.#modules;
    const stage = await Stage.open(this.#modules, LENDER);
    stage.say(`${invoices.length} e-invoices read; the story begins on ${isoDay(stage.today)}`);
    const platforms = await Promise.all(PLATFORMS.map((name) => wallets.member(name)));
    const registration = new Registration(stage, platforms);
    const receivables = new Receivables({ stage, registration, lending: new Lending(stage) });
    const [attempts, repaying] = [new Attempts(stage), new Repaying(stage)];
    const trades = await registration.play();
    // Of the largest invoice a part is kept back for a receivable that is still alive at the end.
    const kept = trades.reduce((largest, trade) => (trade.total > largest.total ? trade : largest));
    const [first] = trades;
    if (first === undefined) throw new Error("a story has trades");
    const [live, goods] = await Promise.all([
      each(trades, (trade, index) => {
        if (trade !== kept) return receivables.bringToLife(trade, index, "first", trade.total);
        const face = trade.total - trade.total / 4n;
        return receivables.bringToLife(trade, index, "first", face, (root) => attempts.badSplits(trade, root, face));
      }),
      goodsOf(stage, platforms, first.seller),
    ]);
    stage.say(`${live.length} receivables issued, confirmed, split, transferred and financed`);
    const [pledged] = live;
    if (pledged !== undefined) await attempts.pledgingTwice(pledged);
    repaying.mature(live);
    await attempts.pastMaturity(live);
    await each(live, (entry) => repaying.repay(entry));
    stage.say(`${live.length} receivables paid by their debtors and settled, their loans repaid`);
    if (kept.total / 4n >= stage.noteMin) await receivables.bringToLife(kept, trades.indexOf(kept), "second", kept.total / 4n);
    stage.say("one more receivable of the largest invoice stays open, financed and pledged");
    return resultOf(stage, goods);
  }
}

/** Beside the receivables, on the same day. */
function goodsOf(stage: Stage, platforms: readonly MemberActor[], owner: Firm): Promise<GoodsResult> {
  const [sponsor, ...sources] = platforms;
  if (sponsor === undefined) throw new Error("an alliance has platforms");
  const { modules, bank, name } = stage;
  const refuse = stage.refuse.bind(stage);
  return new GoodsChapter({ ...modules, refuse, name, owner, bank, sponsor, sources }).play();
}

async function resultOf(stage: Stage, goods: GoodsResult): Promise<SampleResult> {
  const { client } = stage.modules;
  const count = async (position: string): Promise<number> => (await client.ledgerAll("note", { position })).length;
  const [openNotes, pledgedNotes] = [await count("OPEN"), await count("PLEDGED")];
  return {
    // And the keeper of the goods.
    parties: stage.firms.size + 1,
    receivables: (await client.ledgerAll("receivable")).length,
    byCurrency: stage.totals,
    refusals: stage.attempts,
    openNotes,
    pledgedNotes,
    goods,
  };
}
