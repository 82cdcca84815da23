import { createHash } from "node:crypto";
import { dayOf, startOfDay } from "../client/civil-day.ts";
import type { Client, LedgerJson } from "../client/client.ts";
import { objectId } from "../client/object-id.ts";
import { op, type SigningKey } from "../client/transaction-builder.ts";
import type { InvoiceFile } from "../gateways/read-invoice.ts";
import type { Hash } from "../types/scalars.ts";
import { commitment, type Firm, fingerprint, type MemberActor, type Wallets } from "./cast.ts";
import { GoodsChapter, type GoodsResult } from "./goods.ts";
import { StepFailure, type Steps, type StoryClock } from "./steps.ts";

export interface SampleModules {
  readonly client: Pick<Client, "ledgerAll" | "ledgerGet">;
  readonly steps: Steps;
  readonly clock: StoryClock;
  readonly wallets: Wallets;
  readonly invoices: readonly InvoiceFile[];
  readonly epochKey: Uint8Array;
  readonly progress: (line: string) => void;
}

export interface CurrencyTotals {
  readonly receivables: number;
  readonly face: bigint;
  readonly financed: bigint;
  readonly repaid: bigint;
}

export interface SampleResult {
  readonly parties: number;
  readonly receivables: number;
  readonly byCurrency: ReadonlyMap<string, CurrencyTotals>;
  readonly refusals: readonly { readonly what: string; readonly code: string; readonly reason: string }[];
  readonly openNotes: number;
  readonly pledgedNotes: number;
  readonly goods: GoodsResult;
}

interface Trade {
  readonly file: string;
  /** What its steps are named by. */
  readonly name: string;
  readonly seller: Firm;
  readonly buyer: Firm;
  readonly currency: string;
  readonly total: bigint;
  readonly invoice: InvoiceFile["invoice"];
  readonly sponsor: MemberActor;
}

interface Live {
  readonly trade: Trade;
  readonly receivable: Hash;
  readonly maturityDay: number;
  /** The note that secures the loan, and one that moved to another firm. */
  readonly pledged: Hash;
  readonly moved: { readonly note: Hash; readonly holder: Firm } | null;
  /** What the seller kept. */
  readonly rest: Hash | null;
}

const DAY_MS = 86_400_000;
const PARALLEL = 8;
const LENDER = "zbank";
const PLATFORMS = ["zhongnong", "zhuogang", "huasu"] as const;

/** A story is what its invoices are: with the same ones it goes on or was played, with others it is another on the same network. */
export function storyName(invoices: readonly InvoiceFile[]): string {
  const files = invoices.map(({ file, invoice }) => [file, invoice.documentHash]);
  return createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 12);
}

/** The sample alliance story: from e-invoices to repayment, with the refusals that a user would try on the way. */
export class SampleStory {
  readonly #m: SampleModules;
  readonly #name: string;
  readonly #refusals: { what: string; code: string; reason: string }[] = [];
  readonly #totals = new Map<string, { receivables: number; face: bigint; financed: bigint; repaid: bigint }>();
  readonly #contracts = new Map<string, Promise<Hash>>();
  readonly #firms = new Map<string, Promise<Firm>>();
  #bank!: MemberActor;
  #kept: Trade | null = null;
  #noteMin = 0n;
  /** A little less than the longest tenor, which is counted in months. */
  #tenorMaxDays = 0;

  constructor(modules: SampleModules) {
    this.#m = modules;
    this.#name = storyName(modules.invoices);
  }

  async play(): Promise<SampleResult> {
    const { progress, invoices } = this.#m;
    this.#bank = await this.#m.wallets.member(LENDER);
    const [param] = await this.#m.client.ledgerAll("param");
    if (param === undefined) throw new Error("the ledger has no parameters");
    const { noteMinorUnitsMin, tenorHardMonths } = param.values as { noteMinorUnitsMin: number; tenorHardMonths: number };
    this.#noteMin = BigInt(noteMinorUnitsMin);
    this.#tenorMaxDays = 30 * tenorHardMonths;
    progress(`${invoices.length} e-invoices read; the story begins on ${isoDay(this.#today())}`);
    const trades = await this.#prepare();
    // Of the largest invoice a part is kept back for a receivable that is still alive at the end.
    const kept = trades.reduce((largest, trade) => (trade.total > largest.total ? trade : largest));
    this.#kept = kept;
    const [live, goods] = await Promise.all([
      each(trades, (trade, index) =>
        this.#bringToLife(trade, index, "first", trade === kept ? trade.total - trade.total / 4n : trade.total),
      ),
      this.#goods((trades[0] as Trade).seller),
    ]);
    progress(`${live.length} receivables issued, confirmed, split, transferred and financed`);
    await this.#tryPledgingTwice(live[0] as Live);
    await this.#mature(live);
    await this.#tryPastMaturity(live);
    await each(live, (entry) => this.#repay(entry));
    progress(`${live.length} receivables paid by their debtors and settled, their loans repaid`);
    if (kept.total / 4n >= this.#noteMin) await this.#bringToLife(kept, trades.indexOf(kept), "second", kept.total / 4n);
    progress("one more receivable of the largest invoice stays open, financed and pledged");
    return this.#result(goods);
  }

  /** Beside the receivables, on the same day. */
  async #goods(owner: Firm): Promise<GoodsResult> {
    const { client, steps, clock, wallets, epochKey, progress } = this.#m;
    const [sponsor, ...sources] = await Promise.all(PLATFORMS.map((name) => wallets.member(name)));
    const refuse = this.#refuse.bind(this);
    const told = { client, steps, clock, wallets, epochKey, progress, refuse, name: this.#name, owner };
    return new GoodsChapter({ ...told, bank: this.#bank, sponsor: sponsor as MemberActor, sources }).play();
  }

  // — before the first receivable —

  async #prepare(): Promise<readonly Trade[]> {
    const { invoices, wallets, epochKey } = this.#m;
    const sponsors = await Promise.all(PLATFORMS.map((name) => wallets.member(name)));
    const seen = new Map<string, Trade>();
    const twins = new Map<Trade, Trade>();
    const all = await each(invoices, async ({ file, invoice }, index): Promise<Trade> => {
      const sponsor = sponsors[index % sponsors.length] as MemberActor;
      const [seller, buyer] = await Promise.all([
        this.#firm(invoice.seller, sponsor, "SME"),
        this.#firm(invoice.buyer, sponsor, "LARGE"),
      ]);
      const { currency, total } = invoice;
      const name = `${this.#name}/${file}`;
      return { file, name, seller, buyer, currency, total, invoice, sponsor };
    });
    const unique = all.filter((trade) => {
      if (trade.total < this.#noteMin) return false;
      const print = fingerprint(epochKey, trade.invoice);
      const first = seen.get(print);
      if (first === undefined) seen.set(print, trade);
      else twins.set(trade, first);
      return first === undefined;
    });
    for (const { file, total, currency } of all)
      if (total < this.#noteMin)
        this.#m.progress(`no receivable: ${file} — ${total} minor units of ${currency} are less than a note may have`);
    this.#m.progress(`${this.#firms.size} firms registered with maker and checker keys of their own`);
    const registered = await each(unique, (trade) =>
      this.#registerInvoice(trade).catch((error: unknown) => {
        // An invoice that the ledger does not take is no reason to stop for the others.
        if (!(error instanceof StepFailure)) throw error;
        this.#m.progress(`no receivable: ${trade.file} — ${error.reason} [${error.code}]`);
        return false;
      }),
    );
    const trades = unique.filter((_, index) => registered[index]);
    const [first] = trades;
    if (first === undefined) throw new Error("no invoice could become a receivable");
    this.#m.progress(`${trades.length} invoices registered against accepted deliveries`);
    for (const [twin, other] of twins)
      if (trades.includes(other))
        await this.#tryTwice(twin, other, `${twin.name}/twin`, `${twin.file}, the same invoice as ${other.file}`);
    await this.#tryTwice(first, first, `${first.name}/again`, "the same invoice registered twice");
    return trades;
  }

  #firm(party: InvoiceFile["invoice"]["seller"], sponsor: MemberActor, size: "SME" | "LARGE"): Promise<Firm> {
    const name = `${party.legalId.scheme}/${party.legalId.value}`;
    const known = this.#firms.get(name);
    if (known !== undefined) return known;
    const registered = (async () => {
      const firm = await this.#m.wallets.firm(party);
      const keys = [
        { key: firm.maker.publicKey, purpose: "MAKER" as const },
        { key: firm.checker.publicKey, purpose: "CHECKER" as const },
      ];
      const fourEyes = ["receivable.*", "finance.*", "contract.*", "note.*"].map((action) => ({
        action,
        amountMin: 0n,
        makers: 1,
        checkers: 1,
      }));
      const body = {
        legalId: firm.legalId,
        roles: ["DEBTOR", "SELLER"],
        size,
        sponsor: sponsor.member as never,
        keys,
        policy: fourEyes,
      };
      await this.#m.steps.take(`party/${name}`, [sponsor.maker, firm.maker, firm.checker], op("party.register", body));
      return firm;
    })();
    this.#firms.set(name, registered);
    return registered;
  }

  /** The order behind an invoice. */
  #contract(trade: Trade): Promise<Hash> {
    const { name, seller, buyer, currency, total } = trade;
    const known = this.#contracts.get(name);
    if (known !== undefined) return known;
    const registered = (async () => {
      const body = {
        number: commitment(this.#m.epochKey, "contract", name),
        seller: seller.party,
        buyer: buyer.party,
        currency,
        total,
        toleranceBp: 0,
        payTermDays: 365,
        inspectionDays: 7,
        document: commitment(this.#m.epochKey, "contract document", name),
      };
      const keys = [seller.maker, seller.checker, buyer.maker, buyer.checker];
      return objectId(await this.#m.steps.take(`${name}/contract`, keys, op("contract.register", body)), 0, 0);
    })();
    this.#contracts.set(name, registered);
    return registered;
  }

  /** Answers whether the invoice is free: it is not if another story on this network brought it. */
  async #registerInvoice(trade: Trade): Promise<boolean> {
    const { steps, epochKey } = this.#m;
    const { name, file, seller, buyer, total, sponsor } = trade;
    const contract = await this.#contract(trade);
    const evidence = commitment(epochKey, "delivery", name);
    const recorded = await steps.take(
      `${name}/delivery`,
      [seller.maker],
      op("delivery.record", { contract, amount: total, day: this.#today(), evidence }),
    );
    await steps.take(
      `${name}/acceptance`,
      [buyer.maker],
      op("delivery.accept", { delivery: objectId(recorded, 0, 0), amount: total }),
    );
    const keys = [seller.maker, sponsor.attester];
    const reason = await steps.takeUnless("FINGERPRINT_USED", `${name}/invoice`, keys, await this.#invoiceOp(trade, trade));
    if (reason !== null) this.#refuse(`${file}, which was registered on this network before`, "FINGERPRINT_USED", reason);
    return reason === null;
  }

  /** `order`: the trade under whose contract it is to be registered. */
  async #invoiceOp({ invoice, sponsor }: Trade, order: Trade) {
    const { total, tax, issueDay, documentHash } = invoice;
    const document = documentHash as Hash;
    const print = fingerprint(this.#m.epochKey, invoice);
    return op("invoice.register", {
      contract: await this.#contract(order),
      total,
      tax,
      issueDay,
      fingerprint: print,
      document,
      verifier: sponsor.party,
    });
  }

  // — a receivable's life —

  async #bringToLife(trade: Trade, index: number, round: "first" | "second", face: bigint): Promise<Live> {
    const { steps } = this.#m;
    const { name, seller, buyer } = trade;
    const step = `${name}/${round}`;
    const contract = await this.#contract(trade);
    const invoice = objectId(
      await steps.take(`${name}/invoice`, [seller.maker, trade.sponsor.attester], await this.#invoiceOp(trade, trade)),
      0,
      0,
    );
    const maturityDay = this.#maturityOf(trade);
    const document = commitment(this.#m.epochKey, "promise", step);
    const terms = op(index % 2 === 0 ? "receivable.issueByDebtor" : "receivable.issueBySeller", {
      contract,
      face,
      maturityDay,
      document,
      tenorReason: commitment(this.#m.epochKey, "tenor reason", step),
      allocation: [{ invoice, amount: face }],
    });
    let effective: Hash;
    let receivable: Hash;
    if (index % 2 === 0) {
      receivable = objectId(await steps.take(`${step}/issue`, both(buyer), terms), 0, 0);
      effective = await steps.take(`${step}/accept`, both(seller), op("receivable.acceptIssue", { receivable }));
    } else {
      receivable = objectId(await steps.take(`${step}/issue`, both(seller), terms), 0, 0);
      const mode = index % 4 === 1 ? ("EXISTENCE" as const) : ("UNCONDITIONAL" as const);
      effective = await steps.take(`${step}/confirm`, both(buyer), op("receivable.confirm", { receivable, mode, amount: face }));
    }
    this.#total(trade.currency, { receivables: 1, face });
    const root = objectId(effective as never, 0, 0);
    if (round === "first" && trade === this.#kept) await this.#tryBadSplits(trade, root, face);
    const { pledged, moved, rest } = await this.#divide(trade, step, root, face);
    await this.#finance(trade, step, pledged);
    this.#m.progress(
      `${trade.file}: ${trade.currency} receivable ${receivable.slice(0, 8)}… issued, confirmed, ${moved === null ? "" : "split, transferred, "}financed and pledged`,
    );
    // As it stands on the ledger: a story that goes on after an interruption may be past the day on which this was computed.
    const issued = await this.#m.client.ledgerGet("receivable", receivable);
    return { trade, receivable, maturityDay: issued.maturityDay as number, pledged: pledged.note, moved, rest };
  }

  /** The due date or 60 days after acceptance, whichever is later; but nothing runs for longer than the alliance allows. */
  #maturityOf({ file, invoice }: Trade): number {
    const day = Math.max(invoice.dueDay ?? 0, this.#today() + 60);
    const latest = this.#today() + this.#tenorMaxDays;
    if (day > latest)
      this.#m.progress(`${file} is due on ${isoDay(day)}, beyond the longest tenor: its receivable matures earlier`);
    return Math.min(day, latest);
  }

  /** Half to secure a loan, a part to a supplier, the rest stays: where the amount is too small for that it is pledged whole. */
  async #divide(trade: Trade, step: string, root: Hash, face: bigint) {
    const { steps, clock } = this.#m;
    const { seller } = trade;
    const parts = [face / 2n, face / 4n, face - face / 2n - face / 4n];
    if (parts.some((part) => part < this.#noteMin)) return { pledged: { note: root, amount: face }, moved: null, rest: null };
    const split = await steps.take(`${step}/split`, both(seller), op("note.split", { note: root, parts }));
    const pledged = { note: objectId(split, 0, 0), amount: parts[0] as bigint };
    const rest = objectId(split, 0, 2);
    const supplier = await this.#supplierOf(trade);
    if (supplier === null) return { pledged, moved: null, rest };
    const note = objectId(split, 0, 1);
    const offered = await steps.take(
      `${step}/offer`,
      both(seller),
      op("note.offer", { note, to: supplier.party, expiresMs: clock.nowMs() + DAY_MS }),
    );
    const accepted = await steps.take(`${step}/take`, both(supplier), op("note.acceptOffer", { offer: objectId(offered, 0, 0) }));
    return { pledged, moved: { note: objectId(accepted, 0, 0), holder: supplier }, rest };
  }

  /** Another firm of the story that does not owe the receivable. */
  async #supplierOf(trade: Trade): Promise<Firm | null> {
    const firms = await Promise.all(this.#firms.values());
    const others = firms.filter(({ party }) => party !== trade.seller.party && party !== trade.buyer.party);
    return others[Number.parseInt(trade.seller.party.slice(0, 4), 16) % Math.max(1, others.length)] ?? null;
  }

  async #finance(trade: Trade, step: string, pledged: { readonly note: Hash; readonly amount: bigint }): Promise<void> {
    const { steps, clock, epochKey } = this.#m;
    const { seller } = trade;
    const bank = this.#bank;
    const asked = (pledged.amount * 8n) / 10n;
    const consent = commitment(epochKey, "consent", step);
    const applied = await steps.take(
      `${step}/apply`,
      both(seller),
      op("finance.apply", {
        lenders: [bank.party],
        notes: [pledged.note],
        amount: asked,
        consent,
        expiresMs: clock.nowMs() + DAY_MS / 2,
      }),
    );
    const application = objectId(applied, 0, 0);
    const decided = await steps.take(
      `${step}/decide`,
      [bank.maker, bank.checker],
      op("finance.decide", {
        application,
        lender: bank.party,
        outcome: "APPROVED",
        amount: asked,
        ratePpm: 43_500,
        tenorDays: 90,
        advanceBp: 8_500,
        recourse: true,
        security: "PLEDGE",
        policy: commitment(epochKey, "credit policy 2026"),
        reasons: ["confirmedDebt"],
        // A first trade has no history that a score could be made of.
        override: { reason: "FIRST_TRADE", document: commitment(epochKey, "minutes", step) },
        expiresMs: clock.nowMs() + DAY_MS / 4,
      }),
    );
    const loan = objectId(
      await steps.take(`${step}/accept-terms`, both(seller), op("finance.accept", { decision: objectId(decided, 0, 0) })),
      0,
      0,
    );
    const filed = {
      loan,
      number: commitment(epochKey, "filing", step),
      timeMs: clock.nowMs(),
      untilDay: this.#today() + 200,
      proof: commitment(epochKey, "filing proof", step),
    };
    await steps.take(`${step}/file`, [bank.engine], op("registry.file", filed));
    // Searched after the filing, so that nobody stands before it.
    const searched = {
      by: bank.party,
      subject: seller.party,
      hits: 0,
      result: commitment(epochKey, "search", step),
      timeMs: clock.nowMs(),
    };
    const search = objectId(await steps.take(`${step}/search`, [bank.engine], op("registry.search", searched)), 0, 0);
    const instruction = commitment(epochKey, "instruction", step);
    await steps.take(`${step}/order`, [bank.maker, bank.checker], op("loan.order", { loan, search, instruction }));
    const paid = {
      loan,
      bank: bank.party,
      reference: commitment(epochKey, "disbursement", step),
      amount: asked,
      valueDay: this.#today(),
      evidence: commitment(epochKey, "camt.054", step),
    };
    await steps.take(`${step}/disburse`, [bank.attester], op("loan.disbursed", paid));
    this.#total(trade.currency, { financed: asked });
  }

  async #repay({ trade, receivable }: Live): Promise<void> {
    const { client, steps, epochKey } = this.#m;
    const step = `${trade.name}/first`;
    const bank = this.#bank;
    const notes = await client.ledgerAll("note", { receivable });
    const lines = notes
      .filter(({ position }) => position === "OPEN" || position === "PLEDGED" || position === "ASSIGNED")
      .map((note) => ({ note: note.id, amount: BigInt(note.amount as string) }))
      .sort((left, right) => (left.note < right.note ? -1 : 1));
    const amount = lines.reduce((sum, line) => sum + line.amount, 0n);
    const body = {
      bank: bank.party,
      reference: commitment(epochKey, "payment", step),
      payer: trade.buyer.party,
      currency: trade.currency,
      amount,
      valueDay: this.#today(),
      lines,
      evidence: commitment(epochKey, "camt.054", step, "payment"),
    };
    await steps.take(`${step}/payment`, [bank.attester], op("payment.attest", body));
    const settled = await client.ledgerGet("receivable", receivable);
    // Not what this start paid: an interrupted story may have paid before.
    this.#total(trade.currency, { repaid: BigInt(settled.redeemed as string) });
    if (settled.status !== "SETTLED") throw new Error(`${step}: expected SETTLED, the receivable is ${String(settled.status)}`);
  }

  // — time and refusals —

  /** Nothing is pending here: every step before was final. */
  async #mature(live: readonly Live[]): Promise<void> {
    const day = Math.max(...live.map(({ maturityDay }) => maturityDay));
    this.#m.clock.jumpTo(startOfDay(day) + 9 * 3_600_000);
    this.#m.progress(`the clock jumps to ${isoDay(day)}: every receivable has matured`);
  }

  async #tryTwice(trade: Trade, order: Trade, step: string, what: string): Promise<void> {
    const keys = [trade.seller.maker, trade.seller.checker, trade.sponsor.attester];
    const reason = await this.#m.steps.refused(step, "FINGERPRINT_USED", keys, await this.#invoiceOp(trade, order));
    this.#refuse(what, "FINGERPRINT_USED", reason);
  }

  async #tryBadSplits(trade: Trade, note: Hash, face: bigint): Promise<void> {
    const { steps } = this.#m;
    const bad = op("note.split", { note, parts: [face / 2n, face / 2n + 1n + (face % 2n)] });
    this.#refuse(
      "a split that does not add up",
      "PARTS_DO_NOT_ADD_UP",
      await steps.refused(`${trade.name}/bad-split`, "PARTS_DO_NOT_ADD_UP", both(trade.seller), bad),
    );
    const theirs = op("note.split", { note, parts: [face / 2n, face - face / 2n] });
    this.#refuse(
      "somebody else's note",
      "SIGNER_MISSING",
      await steps.refused(`${trade.name}/stranger`, "SIGNER_MISSING", both(trade.buyer), theirs),
    );
  }

  async #tryPledgingTwice({ trade, pledged }: Live): Promise<void> {
    const { steps, clock, epochKey } = this.#m;
    const again = {
      lenders: [this.#bank.party],
      notes: [pledged],
      amount: 100n,
      consent: commitment(epochKey, "consent", trade.name, "again"),
      expiresMs: clock.nowMs() + DAY_MS / 2,
    };
    const reason = await steps.refused(
      `${trade.name}/pledge-again`,
      "NOTE_NOT_OPEN",
      both(trade.seller),
      op("finance.apply", again),
    );
    this.#refuse("a pledge of what is pledged", "NOTE_NOT_OPEN", reason);
  }

  /** Whoever holds a note that is open offers it too late: its supplier back to the seller, or the seller to the bank. */
  async #tryPastMaturity(live: readonly Live[]): Promise<void> {
    for (const { trade, moved, rest } of live) {
      const note = moved?.note ?? rest;
      if (note === null) continue;
      const holder = moved?.holder ?? trade.seller;
      const taker = moved === null ? this.#bank : trade.seller;
      const late = op("note.transfer", { note, to: taker.party });
      const keys = [holder.maker, holder.checker, taker.maker, taker.checker];
      const reason = await this.#m.steps.refused(`${trade.name}/late-transfer`, "PAST_CUTOFF", keys, late);
      this.#refuse("a transfer past maturity", "PAST_CUTOFF", reason);
      return;
    }
  }

  #refuse(what: string, code: string, reason: string): void {
    this.#refusals.push({ what, code, reason });
    this.#m.progress(`refused, as it should be: ${what} — ${reason || code} [${code}]`);
  }

  #today(): number {
    return dayOf(this.#m.clock.nowMs());
  }

  #total(currency: string, add: Partial<CurrencyTotals>): void {
    const totals = this.#totals.get(currency) ?? { receivables: 0, face: 0n, financed: 0n, repaid: 0n };
    totals.receivables += add.receivables ?? 0;
    totals.face += add.face ?? 0n;
    totals.financed += add.financed ?? 0n;
    totals.repaid += add.repaid ?? 0n;
    this.#totals.set(currency, totals);
  }

  async #result(goods: GoodsResult): Promise<SampleResult> {
    const { client } = this.#m;
    const count = async (position: string): Promise<number> => (await client.ledgerAll("note", { position })).length;
    const receivables: readonly LedgerJson[] = await client.ledgerAll("receivable");
    const [openNotes, pledgedNotes] = [await count("OPEN"), await count("PLEDGED")];
    return {
      // And the keeper of the goods.
      parties: this.#firms.size + 1,
      receivables: receivables.length,
      byCurrency: this.#totals,
      refusals: this.#refusals,
      openNotes,
      pledgedNotes,
      goods,
    };
  }
}

function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Maker and checker. */
function both(firm: Firm): readonly SigningKey[] {
  return [firm.maker, firm.checker];
}

/** All of them, a few at a time; answers in the order of the items. */
async function each<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const run = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, run));
  return results;
}
