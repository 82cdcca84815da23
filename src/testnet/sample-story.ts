import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startOfDay } from "../client/civil-day.ts";
import { partyId } from "../client/object-id.ts";
import type { InvoiceParty } from "../gateways/invoice.ts";
import type { BankAccount } from "../gateways/pain001.ts";
import { readInvoiceFolder } from "../gateways/read-invoice.ts";
import { storyName } from "../story/sample/stage.ts";
import { LENDER, SampleStory } from "../story/sample/story.ts";
import { Steps } from "../story/steps.ts";
import type { Hash } from "../types/scalars.ts";
import { BankPrograms } from "./bank-programs.ts";
import { FileJournal, PlayedStories } from "./journal.ts";
import type { Story } from "./story.ts";
import { summaryJson, summaryText } from "./summary.ts";
import { FolderWallets } from "./wallets.ts";

const MORNING_MS = 9 * 3_600_000;

/** From the e-invoices of a folder. Throws if none of them can be read. */
export function sampleStory(folder: string, invoiceFolder: string): Story {
  const { invoices, refused } = readInvoiceFolder(resolve(invoiceFolder));
  if (invoices.length === 0) throw new Error(`no e-invoice could be read in ${invoiceFolder}`);
  const newest = Math.max(...invoices.map(({ invoice }) => invoice.issueDay));
  const journal = new FileJournal(join(folder, "story.jsonl"));
  const played = new PlayedStories(join(folder, "stories-played"));
  const name = storyName(invoices);
  return {
    firstMs: startOfDay(newest + 1) + MORNING_MS,
    // It goes on at the hour at which it was left: what it offered and applied for has not run out over night.
    resumeMs: played.has(name) ? undefined : journal.lastMs,
    async play({ launcher, client, clock, say }) {
      const { network } = launcher;
      for (const { file, refusal } of refused) say(`not taken: ${file} — ${refusal.message} [${refusal.code}]`);
      if (played.has(name)) say("the story was played on this network already; this is what it left");
      const wallets = new FolderWallets(network);
      const bank = await wallets.member(LENDER);
      const customers = new Map(invoices.map(({ invoice }) => accountOf(invoice.seller)));
      const desk = BankPrograms.start({ launcher, bank, customers, nowMs: () => clock.nowMs(), say });
      const steps = new Steps({ client, chain: network.identity.chain, clock, journal });
      const story = new SampleStory({
        client,
        steps,
        clock,
        wallets,
        invoices,
        epochKey: epochKey(network.folder),
        desk,
        progress: say,
      });
      const result = await story.play();
      played.add(name);
      const told = { result, transactions: steps.committed, rejected: steps.rejected };
      return {
        text: (after) => summaryText({ ...told, ...after }),
        json: (after) => summaryJson({ ...told, ...after }),
      };
    },
  };
}

/** A seller's account at the bank, made up from its identifier: what the bank's directory would have. */
export function accountOf({ legalId, name }: InvoiceParty): readonly [Hash, BankAccount] {
  const digits = BigInt(`0x${partyId(legalId).slice(0, 12)}`)
    .toString()
    .padStart(15, "0");
  return [partyId(legalId), { name, account: `6222${digits.slice(0, 15)}` }];
}

/** The verifiers' shared key for fingerprints; in a real network it is theirs alone. */
export function epochKey(folder: string): Uint8Array {
  const path = join(folder, "fingerprint-key");
  if (!existsSync(path)) writeFileSync(path, globalThis.crypto.getRandomValues(new Uint8Array(32)), { mode: 0o600 });
  return new Uint8Array(readFileSync(path));
}
