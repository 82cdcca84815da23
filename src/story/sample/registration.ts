import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { InvoiceFile } from "../../gateways/read-invoice.ts";
import type { Hash } from "../../types/scalars.ts";
import { type Firm, fingerprint, type MemberActor } from "../cast.ts";
import { StepFailure } from "../steps.ts";
import { each, type Stage, type Trade } from "./stage.ts";

/** Firms join by their platforms, orders are agreed and delivered, and invoices registered; some are tried twice. */
export class Registration {
  readonly #stage: Stage;
  readonly #sponsors: readonly MemberActor[];
  readonly #contracts = new Map<string, Promise<Hash>>();

  constructor(stage: Stage, sponsors: readonly MemberActor[]) {
    this.#stage = stage;
    this.#sponsors = sponsors;
  }

  /** Every invoice that the ledger takes, as a trade. */
  async play(): Promise<readonly Trade[]> {
    const stage = this.#stage;
    const all = await this.#join();
    const seen = new Map<string, Trade>();
    const twins = new Map<Trade, Trade>();
    const unique = all.filter((trade) => {
      if (trade.total < stage.noteMin) return false;
      const print = fingerprint(stage.modules.epochKey, trade.invoice);
      const first = seen.get(print);
      if (first === undefined) seen.set(print, trade);
      else twins.set(trade, first);
      return first === undefined;
    });
    for (const { file, total, currency } of all)
      if (total < stage.noteMin)
        stage.say(`no receivable: ${file} — ${total} minor units of ${currency} are less than a note may have`);
    stage.say(`${stage.firms.size} firms registered with maker and checker keys of their own`);
    const registered = await each(unique, (trade) =>
      this.#registerInvoice(trade).catch((error: unknown) => {
        // An invoice that the ledger does not take is no reason to stop for the others.
        if (!(error instanceof StepFailure)) throw error;
        stage.say(`no receivable: ${trade.file} — ${error.reason} [${error.code}]`);
        return false;
      }),
    );
    const trades = unique.filter((_, index) => registered[index]);
    const [first] = trades;
    if (first === undefined) throw new Error("no invoice could become a receivable");
    stage.say(`${trades.length} invoices registered against accepted deliveries`);
    for (const [twin, other] of twins)
      if (trades.includes(other))
        await this.#tryTwice(twin, other, `${twin.name}/twin`, `${twin.file}, the same invoice as ${other.file}`);
    await this.#tryTwice(first, first, `${first.name}/again`, "the same invoice registered twice");
    return trades;
  }

  /** The invoice that was registered, or a step that registers it. */
  async invoiceOf(trade: Trade): Promise<Hash> {
    const keys = [trade.seller.maker, trade.sponsor.attester];
    return objectId(
      await this.#stage.modules.steps.take(`${trade.name}/invoice`, keys, await this.#invoiceOp(trade, trade)),
      0,
      0,
    );
  }

  /** The platform asks the tax authority again: the bank's engine takes no answer that is older than a day. */
  async checkInvoice(trade: Trade, step: string): Promise<void> {
    const { steps, clock } = this.#stage.modules;
    const { sponsor } = trade;
    const invoice = await this.invoiceOf(trade);
    const body = { invoice, verifier: sponsor.party, status: "NORMAL" as const, checkedMs: clock.nowMs() };
    await steps.take(`${step}/check`, [sponsor.attester], op("invoice.attest", body));
  }

  /** The order behind an invoice. */
  contractOf(trade: Trade): Promise<Hash> {
    const { name } = trade;
    const known = this.#contracts.get(name);
    if (known !== undefined) return known;
    const registered = this.#registerContract(trade);
    this.#contracts.set(name, registered);
    return registered;
  }

  /** The firms of all invoices, each once. */
  #join(): Promise<readonly Trade[]> {
    const { modules, name } = this.#stage;
    return each(modules.invoices, async ({ file, invoice }, index): Promise<Trade> => {
      const sponsor = this.#sponsors[index % this.#sponsors.length] as MemberActor;
      const [seller, buyer] = await Promise.all([
        this.#firm(invoice.seller, sponsor, "SME"),
        this.#firm(invoice.buyer, sponsor, "LARGE"),
      ]);
      const { currency, total } = invoice;
      return { file, name: `${name}/${file}`, seller, buyer, currency, total, invoice, sponsor };
    });
  }

  #firm(party: InvoiceFile["invoice"]["seller"], sponsor: MemberActor, size: "SME" | "LARGE"): Promise<Firm> {
    const { firms } = this.#stage;
    const name = `${party.legalId.scheme}/${party.legalId.value}`;
    const known = firms.get(name);
    if (known !== undefined) return known;
    const registered = this.#registerFirm(name, party, sponsor, size);
    firms.set(name, registered);
    return registered;
  }

  async #registerFirm(
    name: string,
    party: InvoiceFile["invoice"]["seller"],
    sponsor: MemberActor,
    size: "SME" | "LARGE",
  ): Promise<Firm> {
    const { steps, wallets } = this.#stage.modules;
    const firm = await wallets.firm(party);
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
    await steps.take(`party/${name}`, [sponsor.maker, firm.maker, firm.checker], op("party.register", body));
    return firm;
  }

  async #registerContract({ name, seller, buyer, currency, total }: Trade): Promise<Hash> {
    const stage = this.#stage;
    const body = {
      number: stage.commit("contract", name),
      seller: seller.party,
      buyer: buyer.party,
      currency,
      total,
      toleranceBp: 0,
      payTermDays: 365,
      inspectionDays: 7,
      document: stage.commit("contract document", name),
    };
    const keys = [seller.maker, seller.checker, buyer.maker, buyer.checker];
    return objectId(await stage.modules.steps.take(`${name}/contract`, keys, op("contract.register", body)), 0, 0);
  }

  /** Answers whether the invoice is free: it is not if another story on this network brought it. */
  async #registerInvoice(trade: Trade): Promise<boolean> {
    const stage = this.#stage;
    const { steps } = stage.modules;
    const { name, file, seller, buyer, total, sponsor } = trade;
    const contract = await this.contractOf(trade);
    const evidence = stage.commit("delivery", name);
    const recorded = op("delivery.record", { contract, amount: total, day: stage.today, evidence });
    const delivery = objectId(await steps.take(`${name}/delivery`, [seller.maker], recorded), 0, 0);
    await steps.take(`${name}/acceptance`, [buyer.maker], op("delivery.accept", { delivery, amount: total }));
    const keys = [seller.maker, sponsor.attester];
    const reason = await steps.takeUnless("FINGERPRINT_USED", `${name}/invoice`, keys, await this.#invoiceOp(trade, trade));
    if (reason !== null) stage.refuse(`${file}, which was registered on this network before`, "FINGERPRINT_USED", reason);
    return reason === null;
  }

  /** `order`: the trade under whose contract it is to be registered. */
  async #invoiceOp({ invoice, sponsor }: Trade, order: Trade) {
    const { total, tax, issueDay, documentHash } = invoice;
    return op("invoice.register", {
      contract: await this.contractOf(order),
      total,
      tax,
      issueDay,
      fingerprint: fingerprint(this.#stage.modules.epochKey, invoice),
      document: documentHash as Hash,
      verifier: sponsor.party,
    });
  }

  async #tryTwice(trade: Trade, order: Trade, step: string, what: string): Promise<void> {
    const keys = [trade.seller.maker, trade.seller.checker, trade.sponsor.attester];
    const operation = await this.#invoiceOp(trade, order);
    const reason = await this.#stage.modules.steps.refused(step, "FINGERPRINT_USED", keys, operation);
    this.#stage.refuse(what, "FINGERPRINT_USED", reason);
  }
}
