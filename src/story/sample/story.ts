import type { Hash } from "../../types/scalars.ts";
import type { Firm, MemberActor } from "../cast.ts";
import { Attempts } from "./attempts.ts";
import { openCredit } from "./credit.ts";
import { GoodsChapter, type GoodsResult } from "./goods.ts";
import { Lending } from "./lending.ts";
import { Receivables } from "./receivables.ts";
import { Registration } from "./registration.ts";
import { Repaying } from "./repaying.ts";
import { type Attempt, type CurrencyTotals, type Decider, each, isoDay, type SampleModules, Stage, type Trade } from "./stage.ts";

export interface SampleResult {
  readonly parties: number;
  readonly receivables: number;
  readonly byCurrency: ReadonlyMap<string, CurrencyTotals>;
  readonly refusals: readonly Attempt[];
  readonly decisions: Readonly<Record<Decider, number>>;
  readonly openNotes: number;
  readonly pledgedNotes: number;
  readonly goods: GoodsResult;
}

export const LENDER = "zbank";
/** Of so many invoices a second receivable is made, once their sellers were paid. */
const KEPT = 4;
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
    const [validator] = platforms;
    if (validator === undefined) throw new Error("an alliance has platforms");
    const registration = new Registration(stage, platforms);
    const receivables = new Receivables({ stage, registration, lending: new Lending(stage) });
    const [attempts, repaying] = [new Attempts(stage), new Repaying(stage)];
    const trades = await registration.play();
    const [first] = trades;
    if (first === undefined) throw new Error("a story has trades");
    await openCredit(stage, validator, trades);
    // Of the largest invoices a part is kept back for receivables that are still alive at the end.
    const kept = largest(trades).filter(({ total }) => total / 4n >= stage.noteMin);
    const [live, goods] = await Promise.all([
      each(trades, (trade, index) => {
        const face = kept.includes(trade) ? trade.total - trade.total / 4n : trade.total;
        const tried = async (root: Hash): Promise<void> => {
          if (trade === largest(trades)[0]) await attempts.badSplits(trade, root, face);
        };
        return receivables.bringToLife(trade, index, "first", face, tried);
      }),
      goodsOf(stage, platforms, first.seller),
    ]);
    stage.say(`${live.length} receivables issued, confirmed, split, transferred and financed`);
    await attempts.pledgingTwice(live);
    let isTried = false;
    for (const [day, matured] of repaying.byMaturity(live)) {
      repaying.mature(day, matured.length);
      if (!isTried) isTried = await attempts.pastMaturity(matured);
      await each(matured, (entry) => repaying.repay(entry));
      stage.say(`${matured.length} paid by their debtors and settled, their loans repaid`);
      // Who was paid has a line: now the engine may lend by itself.
      const again = matured.map(({ trade }) => trade).filter((trade) => kept.includes(trade));
      await each(again, (trade) => receivables.bringToLife(trade, trades.indexOf(trade), "second", trade.total / 4n));
    }
    stage.say(`second receivables of the ${kept.length} largest invoices stay open`);
    return resultOf(stage, goods);
  }
}

/** The largest first; of equal ones, the first. */
function largest(trades: readonly Trade[]): readonly Trade[] {
  const falling = [...trades].sort((left, right) => (left.total === right.total ? 0 : left.total > right.total ? -1 : 1));
  return falling.slice(0, KEPT);
}

/** Beside the receivables, on the same day. */
function goodsOf(stage: Stage, platforms: readonly MemberActor[], owner: Firm): Promise<GoodsResult> {
  const [sponsor, ...sources] = platforms;
  if (sponsor === undefined) throw new Error("an alliance has platforms");
  const { modules, bank, name } = stage;
  const [refuse, awaited] = [stage.refuse.bind(stage), stage.awaited.bind(stage)];
  return new GoodsChapter({ ...modules, refuse, awaited, name, owner, bank, sponsor, sources }).play();
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
    decisions: stage.decisions,
    openNotes,
    pledgedNotes,
    goods,
  };
}
