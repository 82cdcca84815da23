import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../client/client.ts";
import { bankCard } from "../story/year/bank-card.ts";
import { FIRST_DAY, isoDay, LAST_DAY } from "../story/year/calendar.ts";
import { beginOf } from "../story/year/diary.ts";
import { fen, type Rows, readRows, total } from "../story/year/ledger-rows.ts";
import { LiveNetwork } from "../story/year/live-network.ts";
import { PLATFORMS } from "../story/year/people.ts";
import { YearPlayer } from "../story/year/player.ts";
import { yearReport } from "../story/year/report.ts";
import { reportJson, reportText } from "../story/year/report-text.ts";
import { yearSize } from "../story/year/size.ts";
import { Year } from "../story/year/year.ts";
import { epochKey } from "./sample-story.ts";
import type { Story } from "./story.ts";
import { nodesText } from "./summary.ts";
import { FolderWallets } from "./wallets.ts";
import { YearJournalFile } from "./year-journal.ts";
import { openYearKeys } from "./year-wallets.ts";

const LENDER = "zbank";
/** Grades are noted when the first, and when the last quarter ends: those with nothing to judge by have had time to be judged. */
const SURVEY_DAYS: ReadonlySet<number> = new Set([FIRST_DAY + 119, LAST_DAY]);
const TOLD_EVERY_DAYS = 10;

/** The alliance's year. Throws if the folder holds the year of another seed or scale. */
export function yearStory(folder: string, seed: string, fraction: number): Story {
  const journal = new YearJournalFile(join(folder, "year.jsonl"), { seed, fraction });
  const { lastDay } = journal;
  return {
    firstMs: beginOf(FIRST_DAY, "first"),
    resumeMs: lastDay === undefined || lastDay === LAST_DAY ? undefined : beginOf(lastDay + 1, "first"),
    async play({ launcher, client, clock, say }) {
      const { network } = launcher;
      const wallets = new FolderWallets(network);
      const size = yearSize(fraction);
      const bank = await wallets.member(LENDER);
      const year = new Year({
        seed,
        size,
        bank,
        platforms: await Promise.all(PLATFORMS.map(({ member }) => wallets.member(member))),
        ...(await openYearKeys(folder)),
        card: bankCard(await client.ledgerAll("riskPolicy")),
        epochKey: epochKey(folder),
      });
      const { suppliers, debtors, trades } = size;
      say(`the year begins: ${suppliers} small firms, ${debtors} debtors, ${trades} deliveries planned`);
      if (lastDay === LAST_DAY) say("the year was played on this network already; this is what it left");
      else if (lastDay !== undefined) say(`the year was played to ${isoDay(lastDay)}; it goes on from there`);
      const nodes = network.members.map(({ rpc }) => new Client({ endpoints: [rpc] }));
      const player = new YearPlayer({
        year,
        journal,
        network: new LiveNetwork({ chain: network.identity.chain, nodes, client, clock, lender: bank.party }),
        surveyDays: SURVEY_DAYS,
        progress: (day, sent) => {
          if (day % TOLD_EVERY_DAYS === 0 || day === FIRST_DAY) say(`${isoDay(day)}: ${sent} transactions`);
        },
      });
      const played = await player.play();
      say("the year is over; the books are made from the ledger");
      const rows = await readRows(client);
      const report = yearReport({ seed, people: year.people, rows, played, refusals: year.refusals });
      writeFileSync(join(folder, "year-report.txt"), `${reportText(report)}\n`);
      writeFileSync(join(folder, "year-report.json"), `${JSON.stringify(reportJson(report))}\n`);
      return {
        text: (after) => `${reportText(report)}\n${nodesText(after)}`,
        json: ({ nodes: left, seconds }) => ({
          height: left[0]?.height ?? 0,
          stateRoot: left[0]?.stateRoot ?? null,
          transactions: played.committed,
          rejected: played.refused,
          ...totals(rows),
          seconds: Math.round(seconds * 10) / 10,
          nodes: left.map(({ member, rpc, height, stateRoot }) => ({ member, rpc, height, stateRoot })),
          report: reportJson(report),
        }),
      };
    },
  };
}

function totals(rows: Rows) {
  const confirmed = rows.receivable.filter((row) => fen(row, "confirmed") > 0n);
  const lent = rows.loan.filter(({ status }) => status === "ACTIVE" || status === "REPAID");
  return {
    parties: rows.party.length,
    receivables: confirmed.length,
    faceFen: total(confirmed, "confirmed").toString(),
    financedFen: total(lent, "principal").toString(),
    repaidFen: total(confirmed, "redeemed").toString(),
  };
}
