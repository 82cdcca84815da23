import { join } from "node:path";
import type { MemberActor } from "../../src/story/cast.ts";
import { bankCard } from "../../src/story/year/bank-card.ts";
import { FIRST_DAY, LAST_DAY } from "../../src/story/year/calendar.ts";
import { beginOf } from "../../src/story/year/diary.ts";
import { readRows } from "../../src/story/year/ledger-rows.ts";
import { PLATFORMS } from "../../src/story/year/people.ts";
import { YearPlayer } from "../../src/story/year/player.ts";
import { type YearReport, yearReport } from "../../src/story/year/report.ts";
import { reportJson } from "../../src/story/year/report-text.ts";
import { type YearSize, yearSize } from "../../src/story/year/size.ts";
import { Year } from "../../src/story/year/year.ts";
import { type NetworkFolder, openNetworkFolder } from "../../src/testnet/network-folder.ts";
import { FolderWallets } from "../../src/testnet/wallets.ts";
import { YearJournalFile } from "../../src/testnet/year-journal.ts";
import { derivedKeys } from "../../src/testnet/year-wallets.ts";
import { scratch } from "../e2e/support.ts";
import { YearLedger } from "./year-ledger.ts";

/** When grades are noted: as `npm start` has it. */
const SURVEYS: ReadonlySet<number> = new Set([FIRST_DAY + 119, LAST_DAY]);

export interface Play {
  readonly seed: string;
  readonly fraction: number;
  /** Of that fraction, but for this. */
  readonly size?: Partial<YearSize>;
  readonly ledger?: YearLedger;
  readonly journal?: string;
  /** What the firms' keys and commitments are made from. */
  readonly secret?: number;
}

/** Plays years on nothing but the ledger. */
export class YearTheatre {
  readonly network: NetworkFolder;
  readonly #members: readonly MemberActor[];
  readonly #folder: ReturnType<typeof scratch>;
  #journals = 0;

  private constructor(network: NetworkFolder, members: readonly MemberActor[], folder: ReturnType<typeof scratch>) {
    this.network = network;
    this.#members = members;
    this.#folder = folder;
  }

  static async open(): Promise<YearTheatre> {
    const folder = scratch();
    const network = await openNetworkFolder(folder.path, 7_700, beginOf(FIRST_DAY, "first") - 86_400_000);
    const wallets = new FolderWallets(network);
    const names = ["zbank", ...PLATFORMS.map(({ member }) => member)];
    return new YearTheatre(network, await Promise.all(names.map((name) => wallets.member(name))), folder);
  }

  close(): void {
    this.#folder.remove();
  }

  newJournal(): string {
    return join(this.#folder.path, `year-${this.#journals++}.jsonl`);
  }

  async play({
    seed,
    fraction,
    size,
    ledger = new YearLedger(this.network.identity),
    journal = this.newJournal(),
    secret = 1,
  }: Play) {
    const [bank, ...platforms] = this.#members as readonly [MemberActor, ...MemberActor[]];
    const keys = derivedKeys(new Uint8Array(32).fill(secret));
    const year = new Year({
      seed,
      size: { ...yearSize(fraction), ...size },
      bank,
      platforms,
      keysOf: (company) => ({ maker: unsigned(keys.keysOf(company).maker), checker: unsigned(keys.keysOf(company).checker) }),
      deviceOf: (company, name) => unsigned(keys.deviceOf(company, name)),
      card: bankCard(await ledger.ledgerAll("riskPolicy")),
      epochKey: new Uint8Array(32).fill(secret),
    });
    const player = new YearPlayer({
      year,
      network: ledger,
      journal: new YearJournalFile(journal, { seed, fraction }),
      surveyDays: SURVEYS,
      progress: () => undefined,
    });
    const played = await player.play();
    const rows = await readRows(ledger);
    return { report: yearReport({ seed, people: year.people, rows, played, refusals: year.refusals }), rows, ledger };
  }
}

/** Nobody looks at signatures here: they are most of what a year costs. */
function unsigned<K extends { readonly sign: unknown }>(key: K): K {
  return { ...key, sign: () => new Uint8Array(64) };
}

/** As it is written to `year-report.json`. */
export function json(report: YearReport): string {
  return JSON.stringify(reportJson(report));
}
