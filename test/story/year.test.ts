import { appendFileSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LedgerJson } from "../../src/client/client.ts";
import { balances, isBalanced } from "../../src/story/year/books.ts";
import type { Rows } from "../../src/story/year/ledger-rows.ts";
import type { Prepared } from "../../src/story/year/player.ts";
import { reportText } from "../../src/story/year/report-text.ts";
import { yearSize } from "../../src/story/year/size.ts";
import { YearJournalFile } from "../../src/testnet/year-journal.ts";
import { YearLedger } from "./year-ledger.ts";
import { json, type Play, YearTheatre } from "./year-theatre.ts";

const FRACTION = 200;

let theatre: YearTheatre;
beforeAll(async () => {
  theatre = await YearTheatre.open();
});
afterAll(() => theatre.close());

function play(options: Partial<Play>) {
  return theatre.play({ seed: "one", fraction: FRACTION, ...options });
}

describe("the alliance's year", { timeout: 300_000 }, () => {
  it("has loans and defaults, disputes, court orders, alarms and frauds, and books that balance to the fen", async () => {
    const fraction = 100;
    const { report } = await play({ seed: "six", fraction });
    expect(report.books.filter(({ difference }) => difference !== 0n)).toEqual([]);
    expect(report.books.filter(({ left }) => left === 0n)).toEqual([]);
    expect(report.receivables.DEFAULTED).toBeGreaterThan(0);
    expect(report.receivables.SETTLED).toBeGreaterThan(30);
    expect(report.disputes.SETTLED).toBeGreaterThan(0);
    expect(report.freezes.LIFTED).toBeGreaterThan(0);
    expect(report.freezes.TRANSFERRED).toBeGreaterThan(0);
    expect(report.alarms).toMatchObject({
      "INVOICE_VOIDED behind a receivable": expect.any(Number),
      "TAG_MISSING CRITICAL CLEARED": expect.any(Number),
    });
    expect(report.attestations).toBe(yearSize(fraction).warehouses * yearSize(fraction).daysWatched);
    expect(report.stockLoans.loans).toBeGreaterThan(0);
    expect(report.payments).toMatchObject({ "DEBT ATTESTED": expect.any(Number), "BUYBACK ATTESTED": expect.any(Number) });
    for (const { lent, repaid, outstanding, interest } of report.platforms) {
      expect(lent).toBe(repaid + outstanding);
      expect(interest).toBeGreaterThan(0n);
    }
    expect(report.refused).toBe(report.frauds.length);
    expect(new Set(report.frauds.map(({ code }) => code)).size).toBeGreaterThanOrEqual(8);
    expect(report.frauds.map(({ code }) => code)).toEqual(
      expect.arrayContaining(["FINGERPRINT_USED", "NOTE_NOT_OPEN", "GOODS_RECEIPTED", "RELEASE_NOT_APPROVED"]),
    );
    const text = reportText(report);
    expect(text).toContain("the books balance to the fen");
    expect(text).toContain(`${report.transactions} transactions took effect, ${report.refused} attempts were refused`);
  });

  it("has goods that secure loans: prices fall, zones freeze, the bank looks too, and what is repaid leaves by the gate", async () => {
    const size = { calendar: "FULL", daysWatched: 364, warehouses: 8, stocks: 8 } as const;
    const { report, ledger } = await play({ size });
    const all = ledger.ledger;
    expect(report.stockLoans.loans).toBe(8);
    expect(report.receipts.GONE).toBeGreaterThan(3);
    expect(report.books.filter(({ difference }) => difference !== 0n)).toEqual([]);
    const pledgedZones = new Set(all.all("warehouseReceipt").map(({ zone }) => zone));
    const alarmed = all.all("alarm").filter(({ rule, zone }) => rule === "TAG_MISSING" && pledgedZones.has(zone));
    expect(alarmed.length).toBeGreaterThan(0);
    expect(alarmed.map(({ status }) => status)).toEqual(alarmed.map(() => "CLEARED"));
    // One lot's price fell twice, by 18 in a hundred each time.
    expect(all.all("price").filter(({ price }) => [580_000n, 360_000n, 750_000n].every((first) => price !== first))).toHaveLength(
      1,
    );
    expect(
      all.all("loan").filter(({ kind, status }) => kind === "RECEIPT" && status !== "REPAID" && status !== "ACTIVE"),
    ).toEqual([]);
  });

  it("is the same for the same seed, whatever keys sign and whichever block holds what, and another for another seed", async () => {
    const first = await play({ seed: "two" });
    const other = await play({ seed: "two", secret: 2, ledger: new YearLedger(theatre.network.identity, 7, true) });
    expect(other.ledger.ledger.height).toBeGreaterThan(first.ledger.ledger.height);
    expect(json(other.report)).toBe(json(first.report));
    expect(json((await play({ seed: "three" })).report)).not.toBe(json(first.report).replaceAll("two", "three"));
  });

  it("goes on in the middle of the hour in which it was interrupted, with nothing sent twice and the same report", async () => {
    const whole = await play({ seed: "four" });
    const ledger = new KilledLedger(400);
    const journal = theatre.newJournal();
    await expect(play({ seed: "four", ledger, journal })).rejects.toThrow("killed");
    // The line under way is torn.
    appendFileSync(journal, '{"kind":"day","day":20');
    expect(ledger.ledger.height).toBeGreaterThan(10);
    const { report } = await play({ seed: "four", ledger, journal });
    expect(json(report)).toBe(json(whole.report));
    expect(ledger.took).toBe(whole.ledger.took);
    // And a third start on the finished year sends nothing.
    const before = readFileSync(journal, "utf8");
    const again = await play({ seed: "four", ledger, journal });
    expect(json(again.report)).toBe(json(whole.report));
    expect([ledger.took, readFileSync(journal, "utf8")]).toEqual([whole.ledger.took, before]);
  });

  it("signs anew what ran out before a block held it", async () => {
    const whole = await play({ seed: "five" });
    const ledger = new SlowLedger(theatre.network.identity);
    const { report } = await play({ seed: "five", ledger });
    expect(ledger.expired).toBe(1);
    expect(json(report)).toBe(json(whole.report));
  });

  it("stops when the ledger answers otherwise than the year tells", async () => {
    const ledger = new YearLedger(theatre.network.identity);
    const { send } = ledger;
    ledger.send = async (transactions) => (await send.call(ledger, transactions)).map(() => "NOTE_NOT_OPEN");
    await expect(play({ ledger })).rejects.toMatchObject({ code: "NOTE_NOT_OPEN" });
  });

  it("does not go on with another seed in a folder that holds a year", () => {
    const path = theatre.newJournal();
    new YearJournalFile(path, { seed: "one", fraction: 1 });
    expect(() => new YearJournalFile(path, { seed: "two", fraction: 1 })).toThrow(/choose another --dir/);
  });
});

describe("the books of the year", { timeout: 300_000 }, () => {
  it("show a fen that is missing, wherever it is", async () => {
    const { rows } = await play({ seed: "six" });
    expect(isBalanced(balances(rows))).toBe(true);
    const changes: readonly (readonly [keyof Rows, string, (row: LedgerJson) => boolean])[] = [
      ["receivable", "live", ({ status }) => status === "EFFECTIVE"],
      ["receivable", "redeemed", ({ status }) => status === "SETTLED"],
      ["note", "amount", ({ position }) => position === "OPEN"],
      ["loan", "outstanding", ({ status }) => status === "ACTIVE"],
      ["loan", "interestPaid", ({ status }) => status === "REPAID"],
      ["invoice", "used", () => true],
      ["line", "used", () => true],
      ["programme", "used", () => true],
      ["lot", "receipted", () => true],
      ["creditFacts", "borrowed", () => true],
    ];
    for (const [kind, field, isMeant] of changes) {
      const at = rows[kind].findIndex(isMeant);
      const changed = rows[kind].map((row, index) =>
        index === at ? { ...row, [field]: (BigInt(row[field] as string) + 1n).toString() } : row,
      );
      expect(isBalanced(balances({ ...rows, [kind]: changed })), `${kind}.${field}`).toBe(false);
    }
  });
});

/** A network whose launcher is killed while the n-th transaction is under way; what the chain took it keeps. */
class KilledLedger extends YearLedger {
  #left: number;

  constructor(killedAt: number) {
    super(theatre.network.identity, 40);
    this.#left = killedAt;
  }

  override async send(transactions: readonly Prepared[]): Promise<readonly string[]> {
    if (transactions.length < this.#left) {
      this.#left -= transactions.length;
      return super.send(transactions);
    }
    const taken = transactions.slice(0, this.#left);
    this.#left = Number.POSITIVE_INFINITY;
    await super.send(taken);
    throw new Error("killed");
  }
}

/** A network that loses one transaction for so long that it runs out. */
class SlowLedger extends YearLedger {
  expired = 0;

  override async send(transactions: readonly Prepared[]): Promise<readonly string[]> {
    if (this.expired > 0 || this.took < 300) return super.send(transactions);
    this.expired += 1;
    return ["EXPIRED", ...(await super.send(transactions.slice(1)))];
  }
}
