import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256 } from "../../src/crypto/hash.ts";
import type { Invoice } from "../../src/gateways/invoice.ts";
import { type InvoiceFile, readInvoiceFolder } from "../../src/gateways/read-invoice.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Firm, MemberActor, Wallets } from "../../src/story/cast.ts";
import { LENDER, type SampleResult, SampleStory } from "../../src/story/sample/story.ts";
import { Steps } from "../../src/story/steps.ts";
import { FileJournal } from "../../src/testnet/journal.ts";
import { type NetworkFolder, openNetworkFolder } from "../../src/testnet/network-folder.ts";
import { accountOf } from "../../src/testnet/sample-story.ts";
import { FolderWallets } from "../../src/testnet/wallets.ts";
import { scratch } from "../e2e/support.ts";
import { DeskInProcess } from "./bank-desk.ts";
import { LedgerNetwork } from "./ledger-client.ts";

const { invoices: SAMPLES } = readInvoiceFolder(resolve(import.meta.dirname, "../../network-configs/local/invoices"));
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 9, 16);

let folder: ReturnType<typeof scratch>;
let network: NetworkFolder;
let wallets: Wallets;
beforeAll(async () => {
  folder = scratch();
  network = await openNetworkFolder(folder.path, 7_700, START_MS - DAY_MS);
  // Keystores take their time to open: once for all stories.
  const own = new FolderWallets(network);
  const firms = new Map<string, Promise<Firm>>();
  const members = new Map<string, Promise<MemberActor>>();
  wallets = {
    firm: (party) => remembered(firms, JSON.stringify(party.legalId), () => own.firm(party)),
    member: (name) => remembered(members, name, () => own.member(name)),
  };
});

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

afterAll(() => folder.remove());

interface Play {
  readonly ledger: LedgerNetwork;
  readonly journal: string;
  readonly invoices?: readonly InvoiceFile[];
  readonly client?: ReturnType<LedgerNetwork["client"]>;
  /** The settlement agent's; what is there already it goes on with. */
  readonly desk?: string;
}

/** The story as `npm start` plays it, on nothing but the ledger. */
async function play({ ledger, journal, invoices = SAMPLES, client = ledger.client(), desk = `${journal}.desk` }: Play) {
  const bank = await wallets.member(LENDER);
  const customers = new Map(invoices.map(({ invoice }) => accountOf(invoice.seller)));
  const programs = new DeskInProcess({ ledger, bank, customers, folder: desk });
  const said: string[] = [];
  const { clock } = ledger;
  const steps = new Steps({ client, chain: network.identity.chain, clock, journal: new FileJournal(journal) });
  const story = new SampleStory({
    client,
    steps,
    clock,
    wallets,
    invoices,
    epochKey: new Uint8Array(32).fill(3),
    desk: programs,
    progress: (line) => said.push(line),
  });
  const result = await story.play();
  return { result, steps, said, programs };
}

let journals = 0;
function newJournal(): string {
  return join(folder.path, `story-${journals++}.jsonl`);
}

/** What people read at the end, without what differs from run to run. */
function ending({ parties, receivables, byCurrency, decisions, refusals, openNotes, pledgedNotes }: SampleResult) {
  return {
    parties,
    receivables,
    byCurrency,
    decisions,
    openNotes,
    pledgedNotes,
    refusals: refusals.map(({ what }) => what).sort(),
  };
}

describe("the sample story", () => {
  it("ends with every receivable settled but four, which have open and pledged notes", async () => {
    const { result, steps, said } = await play({ ledger: new LedgerNetwork(network.identity), journal: newJournal() });
    expect(result).toMatchObject({ parties: 13, receivables: 13, openNotes: 8, pledgedNotes: 4 });
    expect(result.refusals.map(({ code }) => code).sort()).toEqual([
      "FINGERPRINT_USED",
      "GOODS_FROZEN",
      "GOODS_RECEIPTED",
      "NOTE_NOT_OPEN",
      "PARTS_DO_NOT_ADD_UP",
      "PAST_CUTOFF",
      "RECEIPT_NOT_OPEN",
      "SIGNER_MISSING",
    ]);
    expect(result.refusals.every(({ reason }) => reason.endsWith("."))).toBe(true);
    expect(steps.rejected).toBe(8);
    expect([...result.byCurrency.keys()].sort()).toEqual(["CNY", "EUR", "JPY"]);
    const invoiced = SAMPLES.filter(({ invoice }) => invoice.currency === "EUR").reduce(
      (sum, { invoice }) => sum + invoice.total,
      0n,
    );
    expect(result.byCurrency.get("EUR")).toMatchObject({ receivables: 1, face: invoiced, repaid: invoiced });
    expect(said.some((line) => line.startsWith("no receivable"))).toBe(false);
  });

  it("has the bank's agents decide and pay: a new firm is left to officers, one that was paid gets its loan from the engine", async () => {
    const ledger = new LedgerNetwork(network.identity);
    const { result, said, programs } = await play({ ledger, journal: newJournal() });
    expect(result.decisions).toEqual({ engine: 3, officers: 10, declined: 0 });
    const alone = ledger.chain.all("decision").filter(({ outcome, override }) => outcome === "APPROVED" && override === null);
    expect(alone.filter(({ score, grade }) => score !== null && grade !== null && "ABC".includes(grade))).toHaveLength(3);
    expect(said).toContainEqual(
      expect.stringMatching(/^04-steel.xml: the risk agent leaves it to officers by score 668 \(B\): ABOVE_LIMIT/),
    );
    const of = (line: string): number => programs.reports.filter((each) => each.line === line).length;
    expect([of("decided"), of("payment ordered"), of("file taken")]).toEqual([13, 14, 14 + 9]);
    // Nothing that the agents met was amiss.
    expect(programs.reports.filter(({ line }) => !["decided", "payment ordered", "file taken"].includes(line))).toEqual([]);
    for (const { status } of ledger.chain.all("loan")) expect(status).toMatch(/^(ACTIVE|REPAID)$/);
  });

  it("comes to the same end wherever it is interrupted, before or after what was under way took effect", async () => {
    const unkilled = new LedgerNetwork(network.identity);
    const own = unkilled.client();
    const whole = await play({ ledger: unkilled, journal: newJournal(), client: own });
    const expected = ending(whole.result);
    const all = whole.steps.committed + whole.steps.rejected;
    for (let killedAt = 1, turn = 0; killedAt <= own.sent; killedAt += 17, turn++) {
      const ledger = new LedgerNetwork(network.identity);
      const journal = newJournal();
      const client = ledger.client(killedAt, turn % 2 === 0);
      await expect(play({ ledger, journal, client })).rejects.toThrow("killed");
      const { result, steps } = await play({ ledger, journal });
      expect(ending(result)).toEqual(expected);
      expect(steps.committed + steps.rejected).toBe(all);
      // Nothing took effect twice.
      expect(ledger.chain.all("loan")).toHaveLength(14);
      expect(ledger.chain.all("payment")).toHaveLength(10);
      rmSync(journal);
    }
  }, 120_000);

  it("has each refusal and something alive at the end with a single invoice, too", async () => {
    const invoices = SAMPLES.slice(0, 1);
    const { result } = await play({ ledger: new LedgerNetwork(network.identity), journal: newJournal(), invoices });
    expect(result).toMatchObject({ parties: 3, receivables: 2 });
    expect(result.openNotes).toBeGreaterThanOrEqual(1);
    expect(result.pledgedNotes).toBe(1);
    expect(result.refusals).toHaveLength(8);
  });

  it("makes a receivable of every invoice that the ledger takes, whatever the others are", async () => {
    const [{ invoice: base }] = SAMPLES as [InvoiceFile];
    const odd = (file: string, change: Partial<Invoice>): InvoiceFile => {
      const number = (change.number ?? `${base.number}${file}`).slice(0, 40);
      return { file, invoice: { ...base, documentHash: toHex(sha256(new TextEncoder().encode(file))), ...change, number } };
    };
    const day = Math.floor(START_MS / DAY_MS);
    const invoices = [
      odd("a/plain.xml", {}),
      odd("a-plain.xml", {}),
      odd("huge.xml", { total: 2n ** 62n, tax: 0n }),
      odd("tiny.xml", { total: 99n, tax: 0n }),
      odd("least.xml", { total: 100n, tax: 0n }),
      odd("late.xml", { dueDay: day + 5_000 }),
      odd("past.xml", { dueDay: base.issueDay }),
      odd("yen.xml", { currency: "JPY", total: 50_000n, tax: 0n }),
      odd("twin.xml", { number: `${base.number}a/plain.xml` }),
      odd("back.xml", { seller: base.buyer, buyer: base.seller }),
    ];
    const { result, said } = await play({ ledger: new LedgerNetwork(network.identity), journal: newJournal(), invoices });
    expect(result.receivables).toBe(invoices.length - 3 + 4);
    expect(said.filter((line) => line.startsWith("no receivable")).map((line) => line.split(" ")[2])).toEqual([
      "tiny.xml",
      "huge.xml",
    ]);
    expect(said).toContainEqual(expect.stringMatching(/^late\.xml is due on .*, beyond the longest tenor/));
    expect(result.refusals.map(({ what }) => what)).toContain("twin.xml, the same invoice as a/plain.xml");
  });

  it("is another story with other invoices on the same network, where nothing is financed twice", async () => {
    const ledger = new LedgerNetwork(network.identity);
    const journal = newJournal();
    await play({ ledger, journal, invoices: SAMPLES.slice(0, 3) });
    const { result, steps } = await play({ ledger, journal, invoices: SAMPLES.slice(1, 5) });
    expect(result.refusals.filter(({ what }) => what.endsWith("registered on this network before"))).toHaveLength(2);
    expect(steps.rejected).toBe(10);
    expect(result.receivables).toBe(3 + 3 + 2 + 2);
    await expect(play({ ledger, journal, invoices: SAMPLES.slice(0, 2) })).rejects.toThrow(
      "no invoice could become a receivable",
    );
  });
});
